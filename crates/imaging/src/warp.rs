//! Parts of a photo brought into another frame by an affine map: a face turned upright, cut out and
//! resized in one step.
//!
//! Coordinates are those of pixel centres: the centre of the top left pixel is (0, 0).

use image::RgbImage;
use rayon::prelude::*;

use crate::resize::{Filter, rgb_part};

/// An affine map of the plane: `x' = a x + b y + c`, `y' = d x + e y + f`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// `[a, b, c]` and `[d, e, f]`.
    pub rows: [[f64; 3]; 2],
}

impl Affine {
    /// The map that turns by `angle` (radians, clockwise as seen in a picture), scales by `scale`,
    /// and takes the point `from` to the point `to`.
    pub fn turning(angle: f64, scale: f64, from: [f64; 2], to: [f64; 2]) -> Self {
        let (sin, cos) = angle.sin_cos();
        let (a, b) = (scale * cos, -scale * sin);
        let shift = |row: [f64; 2], to: f64| to - row[0] * from[0] - row[1] * from[1];
        Self { rows: [[a, b, shift([a, b], to[0])], [-b, a, shift([-b, a], to[1])]] }
    }

    /// The similarity (turn, scale, shift, no reflection) that brings the points `from` closest to
    /// the points `to` in the sense of least squares (Umeyama 1991). None where the points
    /// `from` coincide, or there are not as many of both.
    pub fn similarity(from: &[[f64; 2]], to: &[[f64; 2]]) -> Option<Self> {
        if from.is_empty() || from.len() != to.len() {
            return None;
        }
        let (centre_from, centre_to) = (centre(from), centre(to));
        let (mut along, mut across, mut spread) = (0.0, 0.0, 0.0);
        for (p, q) in from.iter().zip(to) {
            let (px, py) = (p[0] - centre_from[0], p[1] - centre_from[1]);
            let (qx, qy) = (q[0] - centre_to[0], q[1] - centre_to[1]);
            along += px * qx + py * qy;
            across += px * qy - py * qx;
            spread += px * px + py * py;
        }
        let (scale, angle) = (along.hypot(across) / spread, across.atan2(along));
        let usable = scale.is_finite() && scale > 0.0;
        usable.then(|| Self::turning(angle, scale, centre_from, centre_to))
    }

    /// Where a point goes.
    pub fn apply(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        self.rows.map(|[a, b, c]| a * x + b * y + c)
    }

    /// How much lengths grow: the square root of the factor of areas.
    pub fn scale(&self) -> f64 {
        self.determinant().abs().sqrt()
    }

    /// The way back. None for a map that flattens the plane.
    pub fn inverse(&self) -> Option<Self> {
        let [[a, b, c], [d, e, f]] = self.rows;
        let det = self.determinant();
        let rows = [
            [e / det, -b / det, (b * f - c * e) / det],
            [-d / det, a / det, (c * d - a * f) / det],
        ];
        rows.as_flattened().iter().all(|v| v.is_finite()).then_some(Self { rows })
    }

    /// This map, then `next`.
    pub fn then(&self, next: &Affine) -> Self {
        let [[a, b, c], [d, e, f]] = self.rows;
        Self { rows: next.rows.map(|[p, q, r]| [p * a + q * d, p * b + q * e, p * c + q * f + r]) }
    }

    fn determinant(&self) -> f64 {
        let [[a, b, _], [d, e, _]] = self.rows;
        a * e - b * d
    }
}

fn centre(points: &[[f64; 2]]) -> [f64; 2] {
    [0, 1].map(|axis| points.iter().map(|p| p[axis]).sum::<f64>() / points.len() as f64)
}

/// What lies outside the photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Border {
    /// The nearest pixel of the photo's edge.
    Replicate,
    /// Black.
    Black,
}

/// A picture of `width` x `height` pixels, each taken from the photo where `into` comes from:
/// bilinear, of the photo averaged over squares of pixels where it is made to half its size or
/// smaller, so that nothing aliases. Black where the photo has no pixels or `into` flattens it.
pub fn warp(photo: &RgbImage, into: &Affine, width: u32, height: u32, border: Border) -> RgbImage {
    let mut target = RgbImage::new(width, height);
    let Some(back) = into.inverse().filter(|_| photo.width() > 0 && photo.height() > 0) else {
        return target;
    };
    let longest = photo.width().max(photo.height());
    let square = |scale: f64| ((1.0 / scale).floor() as u32).clamp(1, longest);
    // Large squares are averaged in two steps, most of it once for all pixels of the target.
    let block = square(into.scale()) / 2;
    let reduced = (block > 1).then(|| reduce(photo, &back, width, height, block));
    let (source, back, side) = match &reduced {
        Some((small, to_small)) => {
            (small, back.then(to_small), square(into.scale() * f64::from(block)))
        }
        None => (photo, back, square(into.scale())),
    };
    let row_bytes = (width as usize * 3).max(1);
    let source = Source { pixels: source.as_chunks::<3>().0, size: source.dimensions() };
    target.par_chunks_exact_mut(row_bytes).enumerate().with_min_len(16).for_each(|(y, row)| {
        let place = |x: usize| back.apply([x as f64, y as f64]);
        let pixels = row.as_chunks_mut::<3>().0;
        let walk = Walk::along(place(0), place(1), pixels.len()).filter(|_| side == 1);
        for (x, pixel) in pixels.iter_mut().enumerate() {
            let between = walk.as_ref().and_then(|walk| source.between_four(walk.at(x)));
            *pixel = between.unwrap_or_else(|| source.mean(place(x), side, border));
        }
    });
    target
}

/// The part of the photo that the target sees, each block of pixels averaged to one, and the map
/// from the photo to it.
fn reduce(
    photo: &RgbImage,
    back: &Affine,
    width: u32,
    height: u32,
    block: u32,
) -> (RgbImage, Affine) {
    let (right, bottom) = (f64::from(width), f64::from(height));
    let corners =
        [[-1.0, -1.0], [right, -1.0], [-1.0, bottom], [right, bottom]].map(|p| back.apply(p));
    let span = |axis: usize, length: u32| {
        let low = corners.iter().map(|p| p[axis]).fold(f64::INFINITY, f64::min);
        let high = corners.iter().map(|p| p[axis]).fold(f64::NEG_INFINITY, f64::max);
        let first = (low.floor() as i64 - i64::from(block)).clamp(0, i64::from(length) - 1) as u32;
        let end = (high.ceil() as i64 + 1 + i64::from(block)).clamp(0, i64::from(length)) as u32;
        // Whole blocks where there is room for them.
        let wanted = end.saturating_sub(first).max(1).div_ceil(block) * block;
        (first, wanted.min(length - first))
    };
    let ((left, across), (top, down)) = (span(0, photo.width()), span(1, photo.height()));
    let (columns, rows) = (across.div_ceil(block), down.div_ceil(block));
    let small = rgb_part(photo, [left, top, across, down], columns, rows, Filter::Area);
    let axis = |cells: u32, pixels: u32, first: u32| {
        let scale = f64::from(cells) / f64::from(pixels);
        (scale, (0.5 - f64::from(first)) * scale - 0.5)
    };
    let ((sx, cx), (sy, cy)) = (axis(columns, across, left), axis(rows, down, top));
    (small, Affine { rows: [[sx, 0.0, cx], [0.0, sy, cy]] })
}

/// What colours are taken from.
struct Source<'a> {
    pixels: &'a [[u8; 3]],
    size: (u32, u32),
}

impl Source<'_> {
    /// The bilinear colour at a place in 2^-32 pixels, to 2^-12 of them; None where it is not between
    /// four pixels. Most of what a face is cut out of: the three channels are weighed at once, in lanes of
    /// 21 bits of one number.
    fn between_four(&self, [x, y]: [i64; 2]) -> Option<[u8; 3]> {
        let (width, height) = (i64::from(self.size.0), i64::from(self.size.1));
        let (left, top) = (x >> 32, y >> 32);
        if left < 0 || top < 0 || left >= width - 1 || top >= height - 1 {
            return None;
        }
        let first = (top * width + left) as usize;
        let upper = self.pixels.get(first..first + 2)?;
        let lower = self.pixels.get(first + width as usize..first + width as usize + 2)?;
        // In 4096ths; they add up to a whole.
        let [right, below] = [x, y].map(|at| (at >> 20) as u64 & 4095);
        let corner = (right * below) >> 12;
        let weights = [4096 + corner - right - below, right - corner, below - corner, corner];
        let lanes = |[r, g, b]: [u8; 3]| u64::from(r) | u64::from(g) << 21 | u64::from(b) << 42;
        const HALVES: u64 = 2048 | 2048 << 21 | 2048 << 42;
        let sum = weights[0] * lanes(upper[0])
            + weights[1] * lanes(upper[1])
            + weights[2] * lanes(lower[0])
            + weights[3] * lanes(lower[1])
            + HALVES;
        Some([(sum >> 12) as u8, (sum >> 33) as u8, (sum >> 54) as u8])
    }

    /// The mean of the bilinear colours of a square of `side` pixels around a place.
    fn mean(&self, [x, y]: [f64; 2], side: u32, border: Border) -> [u8; 3] {
        let (width, height) = (i64::from(self.size.0), i64::from(self.size.1));
        let reach = f64::from(side - 1) / 2.0;
        let ((left, across), (top, down)) = (first_and_rest(x - reach), first_and_rest(y - reach));
        let mut sum = [0.0_f32; 3];
        for row in 0..=i64::from(side) {
            let weight_down = weight(row, side, down);
            let line = (top + row).clamp(0, height - 1);
            let pixels = &self.pixels[(line * width) as usize..][..width as usize];
            for column in 0..=i64::from(side) {
                let weight = weight_down * weight(column, side, across);
                let place = (left + column).clamp(0, width - 1);
                let outside = (place, line) != (left + column, top + row);
                if weight == 0.0 || (outside && border == Border::Black) {
                    continue;
                }
                for (sum, &value) in sum.iter_mut().zip(&pixels[place as usize]) {
                    *sum += weight * f32::from(value);
                }
            }
        }
        let count = (side * side) as f32;
        sum.map(|sum| (sum / count + 0.5) as u8)
    }
}

/// Places along a row of the target, in 2^-32 pixels of the source.
struct Walk {
    start: [i64; 2],
    step: [i64; 2],
}

impl Walk {
    /// From the first place over the second, so many steps; None where that leads too far for numbers.
    fn along(first: [f64; 2], second: [f64; 2], steps: usize) -> Option<Self> {
        const ONE: f64 = 4_294_967_296.0;
        let step = [0, 1].map(|axis| second[axis] - first[axis]);
        let near = |axis: usize| first[axis].abs() + step[axis].abs() * (steps as f64) < ONE / 8.0;
        // Half of the last bit that counts, so that places are rounded to it.
        let start = first.map(|at| (at * ONE) as i64 + (1 << 19));
        (near(0) && near(1)).then(|| Self { start, step: step.map(|at| (at * ONE) as i64) })
    }

    fn at(&self, index: usize) -> [i64; 2] {
        [0, 1].map(|axis| self.start[axis] + self.step[axis] * index as i64)
    }
}

/// The whole number below, and what is left; `f64::floor` is a call into the C library on processors
/// that need not have the instruction.
fn first_and_rest(at: f64) -> (i64, f32) {
    let towards_zero = at as i64;
    let first = towards_zero - i64::from(towards_zero as f64 > at);
    (first, (at - first as f64) as f32)
}

/// How much of the pixel `index` of `side + 1` in a row counts, when the row starts `rest` after the
/// first pixel's centre.
fn weight(index: i64, side: u32, rest: f32) -> f32 {
    match index {
        0 => 1.0 - rest,
        last if last == i64::from(side) => rest,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;
    use proptest::prelude::*;

    use super::*;

    fn ramp(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, (x + y) as u8 / 2]))
    }

    #[test]
    fn nothing_moves_under_the_identity_and_pixels_move_whole() {
        let photo = ramp(9, 7);
        let still = Affine::turning(0.0, 1.0, [0.0, 0.0], [0.0, 0.0]);
        assert_eq!(warp(&photo, &still, 9, 7, Border::Black), photo);
        let quarter = Affine::turning(std::f64::consts::FRAC_PI_2, 1.0, [0.0, 0.0], [6.0, 0.0]);
        let turned = warp(&photo, &quarter, 7, 9, Border::Black);
        assert_eq!(turned, image::imageops::rotate90(&photo));
    }

    #[test]
    fn colours_between_pixels_are_bilinear() {
        let photo = RgbImage::from_fn(23, 19, |x, y| {
            let hash = (x * 7919 + y * 104_729).wrapping_mul(2_654_435_761);
            Rgb([hash as u8, (hash >> 8) as u8, (hash >> 16) as u8])
        });
        let source = Source { pixels: photo.as_chunks::<3>().0, size: photo.dimensions() };
        let steps = [0.0, 1e-7, 0.03, 0.25, 0.5, 0.77, 0.999, 0.9999, 1.0 - 1e-9];
        for (x, y) in (0..22).flat_map(|x| (0..18).map(move |y| (x, y))) {
            for (across, down) in steps.into_iter().zip(steps.into_iter().rev().cycle().skip(y)) {
                let place = [f64::from(x) + across, y as f64 + down];
                let walk = Walk::along(place, place, 0).expect("a place");
                // What is next to the last pixel is taken for it.
                let Some(fast) = source.between_four(walk.at(0)) else { continue };
                let slow = source.mean(place, 1, Border::Replicate);
                let close = fast.into_iter().zip(slow).all(|(a, b)| a.abs_diff(b) <= 1);
                assert!(close, "{fast:?} {slow:?} at {place:?}");
            }
        }
        for place in [[22.0, 3.0], [-0.1, 3.0], [3.0, 18.0]] {
            let walk = Walk::along(place, place, 0).expect("a place");
            assert_eq!(source.between_four(walk.at(0)), None, "{place:?}");
        }
        assert!(Walk::along([1e9, 0.0], [1e9, 0.0], 1).is_none());
        assert!(Walk::along([0.0, f64::NAN], [1.0, 2.0], 1).is_none());
    }

    #[test]
    fn what_is_made_smaller_is_averaged_without_a_shift() {
        let photo =
            RgbImage::from_fn(200, 120, |x, y| Rgb([((x + y) % 2) as u8 * 200, x as u8, y as u8]));
        for (scale, centre) in [(0.25, [100.0, 60.0]), (0.11, [40.0, 30.0]), (0.3, [170.0, 100.0])]
        {
            let into = Affine::turning(0.4, scale, centre, [8.0, 8.0]);
            let small = warp(&photo, &into, 17, 17, Border::Replicate);
            let Rgb([mixed, x, y]) = *small.get_pixel(8, 8);
            assert!(mixed.abs_diff(100) < 12, "{mixed} at {scale}");
            assert!((f64::from(x) - centre[0]).abs() < 1.5, "{x} at {scale}");
            assert!((f64::from(y) - centre[1]).abs() < 1.5, "{y} at {scale}");
        }
    }

    #[test]
    fn outside_is_black_or_the_edge() {
        let photo = RgbImage::from_pixel(4, 4, Rgb([80, 90, 100]));
        let away = Affine::turning(0.0, 1.0, [0.0, 0.0], [50.0, 50.0]);
        assert!(warp(&photo, &away, 8, 8, Border::Black).pixels().all(|p| *p == Rgb([0; 3])));
        assert!(
            warp(&photo, &away, 8, 8, Border::Replicate).pixels().all(|p| *p == Rgb([80, 90, 100]))
        );
        let smaller = Affine::turning(0.0, 0.01, [0.0, 0.0], [500.0, 0.0]);
        assert_eq!(warp(&photo, &smaller, 3, 3, Border::Replicate).dimensions(), (3, 3));
    }

    #[test]
    fn nothing_and_flat_maps_are_black() {
        let flat = Affine { rows: [[0.0; 3]; 2] };
        assert_eq!(warp(&ramp(3, 3), &flat, 2, 2, Border::Replicate).as_raw(), &[0; 12]);
        let still = Affine::turning(0.0, 1.0, [0.0, 0.0], [0.0, 0.0]);
        assert_eq!(warp(&RgbImage::new(0, 0), &still, 1, 1, Border::Black).as_raw(), &[0; 3]);
        assert!(Affine::similarity(&[[1.0, 1.0]; 3], &[[0.0, 0.0]; 3]).is_none());
    }

    proptest! {
        #[test]
        fn a_similarity_is_found_again(
            angle in -3.1_f64..3.1, scale in 0.01_f64..50.0, x in -500.0_f64..500.0, y in -500.0_f64..500.0,
        ) {
            let map = Affine::turning(angle, scale, [x, y], [y, -x]);
            let from = [[0.0, 0.0], [100.0, 5.0], [30.0, 70.0], [-20.0, 40.0]];
            let found = Affine::similarity(&from, &from.map(|p| map.apply(p))).expect("points apart");
            let back = found.inverse().expect("a similarity has a way back");
            for point in from {
                let there = map.apply(point);
                let (again, home) = (found.apply(point), found.then(&back).apply(point));
                let close = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]) < 1e-6 * scale.max(1.0) * 1e3;
                prop_assert!(close(there, again) && close(point, home));
            }
            prop_assert!((found.scale() / scale - 1.0).abs() < 1e-9);
        }
    }
}
