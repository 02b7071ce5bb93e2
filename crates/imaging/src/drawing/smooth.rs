//! Smoothing that keeps edges: the bilateral filter (Tomasi and Manduchi 1998) along rows, then along
//! columns (Pham and van Vliet 2005), repeated. Flattens texture to areas of one colour.

use image::RgbImage;
use rayon::prelude::*;

/// How far and how strongly to smooth.
#[derive(Clone, Copy, Debug)]
pub struct Bilateral {
    /// Pixels on each side that count.
    pub radius: usize,
    /// Distance of colours, as values from 0 to 255, at which a pixel counts 0.6 of its weight.
    pub range: f32,
    /// How often.
    pub passes: usize,
}

/// Squared distances of colours are looked up in steps of this many bits.
const SHIFT: u32 = 6;

impl Bilateral {
    /// Smooths a photo in place.
    pub fn apply(&self, photo: &mut RgbImage) {
        if photo.is_empty() {
            return;
        }
        let sigma = self.radius as f32 / 2.0;
        let near: Vec<f32> =
            (0..=self.radius).map(|i| (-0.5 * (i as f32 / sigma.max(0.1)).powi(2)).exp()).collect();
        let alike: Vec<f32> = (0..=(3 * 255 * 255) >> SHIFT)
            .map(|i| (-0.5 * (i << SHIFT) as f32 / self.range.powi(2)).exp())
            .collect();
        for _ in 0..self.passes {
            let turned = turned(photo, &near, &alike);
            *photo = self::turned(&turned, &near, &alike);
        }
    }
}

/// The photo smoothed along its rows and transposed, so that a second call does its columns.
fn turned(photo: &RgbImage, near: &[f32], alike: &[f32]) -> RgbImage {
    let (width, height) = (photo.width() as usize, photo.height() as usize);
    let mut smooth = RgbImage::new(photo.width(), photo.height());
    let rows = smooth.par_chunks_exact_mut(width * 3).zip(photo.par_chunks_exact(width * 3));
    rows.with_min_len(8).for_each(|(out, row)| {
        let line = Line::of(row.as_chunks::<3>().0);
        line.smooth(near, alike, out.as_chunks_mut::<3>().0);
    });
    let mut turned = RgbImage::new(photo.height(), photo.width());
    let source = smooth.as_chunks::<3>().0;
    turned.par_chunks_exact_mut(height * 3).enumerate().for_each(|(x, column)| {
        for (y, pixel) in column.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            *pixel = source[y * width + x];
        }
    });
    turned
}

/// A row of pixels, a plane for each channel.
struct Line([Vec<i16>; 3]);

impl Line {
    fn of(row: &[[u8; 3]]) -> Self {
        Self([0, 1, 2].map(|c| row.iter().map(|pixel| pixel[c].into()).collect()))
    }

    /// Writes the mean of the pixels around each, weighed by how near and how alike they are.
    fn smooth(&self, near: &[f32], alike: &[f32], out: &mut [[u8; 3]]) {
        let mut sums = self.0.each_ref().map(|plane| plane.iter().map(|&v| v.into()).collect());
        let mut totals = vec![1.0; out.len()];
        for (step, near) in near.iter().enumerate().take(out.len()).skip(1) {
            // Two pixels count alike for each other.
            let weights: Vec<f32> = self
                .squared_distances(step)
                .into_iter()
                .map(|square| near * alike[(square >> SHIFT) as usize])
                .collect();
            for (sums, plane) in sums.iter_mut().zip(&self.0) {
                let sums: &mut Vec<f32> = sums;
                add(sums, &weights, &plane[step..]);
                add(&mut sums[step..], &weights, plane);
            }
            totals.iter_mut().zip(&weights).for_each(|(total, weight)| *total += weight);
            totals[step..].iter_mut().zip(&weights).for_each(|(total, weight)| *total += weight);
        }
        let [red, green, blue] = &sums;
        for (i, out) in out.iter_mut().enumerate() {
            *out = [red[i], green[i], blue[i]].map(|sum| (sum / totals[i] + 0.5) as u8);
        }
    }

    /// The squared distance of each colour from that `step` pixels further on.
    fn squared_distances(&self, step: usize) -> Vec<i32> {
        let mut squares = vec![0; self.0[0].len() - step];
        for plane in &self.0 {
            for ((square, one), two) in squares.iter_mut().zip(plane).zip(&plane[step..]) {
                let apart = i32::from(*one) - i32::from(*two);
                *square += apart * apart;
            }
        }
        squares
    }
}

fn add(sums: &mut [f32], weights: &[f32], values: &[i16]) {
    for ((sum, weight), value) in sums.iter_mut().zip(weights).zip(values) {
        *sum += weight * f32::from(*value);
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn texture_goes_and_edges_stay() {
        let mut photo = RgbImage::from_fn(60, 40, |x, y| {
            let grain = ((x * 7 + y * 13) % 11) as u8;
            Rgb([if x < 30 { 40 + grain } else { 200 + grain }; 3])
        });
        Bilateral { radius: 4, range: 20.0, passes: 2 }.apply(&mut photo);
        for y in 0..40 {
            let row: Vec<_> = (0..60).map(|x| photo.get_pixel(x, y).0[0]).collect();
            assert!(row[..30].iter().all(|v| v.abs_diff(45) < 4), "{row:?}");
            assert!(row[30..].iter().all(|v| v.abs_diff(205) < 4), "{row:?}");
        }
    }

    #[test]
    fn any_size_passes() {
        for (width, height) in [(0, 0), (1, 1), (2, 90), (90, 1)] {
            let mut photo = RgbImage::from_pixel(width, height, Rgb([3, 200, 90]));
            Bilateral { radius: 5, range: 30.0, passes: 1 }.apply(&mut photo);
            assert!(photo.pixels().all(|p| p.0 == [3, 200, 90]));
        }
    }
}
