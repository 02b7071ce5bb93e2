//! Enclosed ground: parts inside a subject's mask that show what lies behind it, such as the counters of
//! letters, the gap between arm and body, or a wheel.
//!
//! A pixel is taken for ground where its colour is far more frequent around the subject than on the
//! subject's rim (likelihood ratio of two CIE L*a*b* histograms) and is that of the ground nearby. Pieces
//! of such pixels count where an edge encloses them and they are large, or the ground is plain.

use image::{GrayImage, Luma};

use crate::Region;
use crate::color::lab_of;
use crate::components::{Component, components, count_from, grown};
use crate::map::{Map, percentile};
use crate::resize::{self, Filter};

/// Long side of the copy that is looked at, in pixels.
const SIDE: u32 = 512;
/// From this value on a mask is subject, and surely so.
const INSIDE: u8 = 128;
const SURE: u8 = 242;
/// How far the rim reaches into the subject, the gap around the mask's edge, and how far the ring of
/// ground reaches, in pixels.
const RIM: usize = 9;
const GAP: usize = 3;
const RING: usize = 60;
/// Bins of L*, a* and b*, and the range of the latter two.
const BINS: [usize; 3] = [14, 24, 24];
const CHROMA: f32 = 60.0;
/// Likelihood of a colour that was not seen.
const UNSEEN: f32 = 2e-5;
/// Least logarithm of the likelihood ratio.
const LEAST_RATIO: f32 = 2.2;
/// Deviation of plain ground from its local mean, L*, a* and b* added up; and how many deviations a pixel
/// may be off.
const PLAIN: f32 = 6.0;
const LEAST_DEVIATION: f32 = 1.5;
const OFF: f32 = 3.0;
/// Standard deviation in pixels of the window whose mean is the local colour of the ground.
const LOCAL: f32 = 40.0;
/// Shares of the subject that a piece, and on ground that is not plain all pieces, must have.
const LEAST_PIECE: f32 = 0.004;
const LEAST_ALL: f32 = 0.05;
/// Median of the colour's gradient along the border of a piece, per pixel.
const LEAST_EDGE: f32 = 3.0;
/// Smaller subjects, in pixels, have no room for ground.
const LEAST_SUBJECT: f32 = 400.0;

/// The mask of a subject, stretched over `region` of the photo, with its enclosed ground cleared; `None`
/// where there is none. The result has up to 512 px along its long side.
///
/// A part of the subject in the ground's own colour and shade is taken for ground where it has an edge all
/// around.
///
/// # Panics
/// Where the region is empty or leaves the photo, or the mask has no pixels.
pub fn opened(photo: &image::RgbImage, mask: &GrayImage, region: Region) -> Option<GrayImage> {
    let view = View::of(photo, mask, region);
    let subject = count_from(&view.mask, INSIDE);
    if subject < LEAST_SUBJECT {
        return None;
    }
    let (candidates, plain) = view.candidates()?;
    let slope = view.slope();
    let pieces: Vec<Component> = components(&candidates, |value| value == 255)
        .into_iter()
        .filter(|piece| piece.cells.len() as f32 >= LEAST_PIECE * subject)
        .filter(|piece| border(piece, view.mask.dimensions(), &slope) > LEAST_EDGE)
        .collect();
    let all: usize = pieces.iter().map(|piece| piece.cells.len()).sum();
    if pieces.is_empty() || !plain && (all as f32) < LEAST_ALL * subject {
        return None;
    }
    let mut ground = GrayImage::new(view.mask.width(), view.mask.height());
    pieces.iter().for_each(|piece| piece.paint(&mut ground));
    let mut opened = view.mask;
    // The blur of the ratio keeps pieces off their edges.
    for (value, ground) in opened.iter_mut().zip(grown(&ground, 1).iter()) {
        *value = (*value).min(255 - ground);
    }
    Some(opened)
}

/// A region made small, in CIE L*a*b*.
struct View {
    lab: [Map; 3],
    mask: GrayImage,
}

impl View {
    fn of(photo: &image::RgbImage, mask: &GrayImage, region: Region) -> Self {
        let Region { x, y, width, height } = region;
        let factor = (f64::from(SIDE) / f64::from(width.max(height))).min(1.0);
        let scaled = |length: u32| ((f64::from(length) * factor).round() as u32).max(1);
        let (across, down) = (scaled(width), scaled(height));
        let pixels = resize::rgb_part(photo, [x, y, width, height], across, down, Filter::Area);
        let labs: Vec<[f32; 3]> =
            pixels.as_chunks::<3>().0.iter().map(|&pixel| lab_of(pixel)).collect();
        let lab = [0, 1, 2].map(|channel| Map {
            width: across as usize,
            height: down as usize,
            values: labs.iter().map(|lab| lab[channel]).collect(),
        });
        Self { lab, mask: resize::gray(mask, across, down, Filter::Bilinear) }
    }

    fn at(&self, cell: usize) -> [f32; 3] {
        [0, 1, 2].map(|channel| self.lab[channel].values[cell])
    }

    /// Pixels inside the subject that look like ground, and whether the ground is plain; `None` where
    /// there is no ground, or no rim, to compare with.
    fn candidates(&self) -> Option<(GrayImage, bool)> {
        let binary = |holds: fn(u8) -> bool| {
            let (width, height) = self.mask.dimensions();
            GrayImage::from_fn(width, height, |x, y| {
                Luma([if holds(self.mask.get_pixel(x, y).0[0]) { 255 } else { 0 }])
            })
        };
        let (inside, outside) = (binary(|v| v >= INSIDE), binary(|v| v < INSIDE));
        let between = |mask: &GrayImage, near: usize, far: usize, of: &GrayImage| -> Vec<usize> {
            let (near, far) = (grown(mask, near), grown(mask, far));
            (0..of.len())
                .filter(|&i| of.as_raw()[i] > 0 && far.as_raw()[i] > 0 && near.as_raw()[i] == 0)
                .collect()
        };
        let rim = between(&outside, 1, RIM, &inside);
        let ring = between(&inside, GAP, RING, &outside);
        if rim.is_empty() || ring.is_empty() {
            return None;
        }
        let ratio = self.ratio(&rim, &ring).gaussian(1.5);
        let (off, deviation) = self.off_ground(&ring);
        let far = grown(&outside, GAP + 1);
        let limit = OFF * deviation.max(LEAST_DEVIATION);
        let mut candidates = GrayImage::new(self.mask.width(), self.mask.height());
        for (cell, value) in candidates.iter_mut().enumerate() {
            let sure = self.mask.as_raw()[cell] >= SURE && far.as_raw()[cell] == 0;
            if sure && ratio.values[cell] > LEAST_RATIO && off.values[cell] < limit {
                *value = 255;
            }
        }
        Some((candidates, deviation < PLAIN))
    }

    /// The logarithm of how much more likely each pixel's colour is in the ring than on the rim.
    fn ratio(&self, rim: &[usize], ring: &[usize]) -> Map {
        let [rim, ring] = [rim, ring].map(|cells| self.histogram(cells));
        let first = &self.lab[0];
        first.each(|x, y| {
            let bin = bin(self.at(y * first.width + x));
            (ring[bin] / rim[bin]).ln()
        })
    }

    /// The likelihood of each bin of colour among some pixels.
    fn histogram(&self, cells: &[usize]) -> Vec<f32> {
        let mut counts = vec![0.0; BINS.iter().product()];
        cells.iter().for_each(|&cell| counts[bin(self.at(cell))] += 1.0 / cells.len() as f32);
        for step in [1, BINS[2], BINS[1] * BINS[2]] {
            counts = smoothed(&counts, step);
        }
        counts.iter().map(|count| count + UNSEEN).collect()
    }

    /// How far each pixel is off the ground's colour nearby, and the median of that in the ring.
    fn off_ground(&self, ring: &[usize]) -> (Map, f32) {
        let first = &self.lab[0];
        let empty = || Map { values: vec![0.0; first.values.len()], ..first.clone() };
        let mut weight = empty();
        ring.iter().for_each(|&cell| weight.values[cell] = 1.0);
        let weights = weight.gaussian(LOCAL);
        let mut off = empty();
        for channel in &self.lab {
            let mean =
                ring.iter().map(|&cell| channel.values[cell]).sum::<f32>() / ring.len() as f32;
            let sums = weight.join(channel, |weight, value| weight * value).gaussian(LOCAL);
            for (cell, off) in off.values.iter_mut().enumerate() {
                // Far from all ground, its mean.
                let local = (sums.values[cell] + 1e-3 * mean) / (weights.values[cell] + 1e-3);
                *off += (channel.values[cell] - local).abs();
            }
        }
        let deviation =
            percentile(&mut ring.iter().map(|&i| off.values[i]).collect::<Vec<_>>(), 0.5);
        (off, deviation)
    }

    /// The norm of the colour's gradient, per pixel.
    fn slope(&self) -> Map {
        self.lab[0].each(|x, y| {
            let (x, y) = (x as isize, y as isize);
            let square = |lab: &Map| {
                let across = (lab.near(x + 1, y) - lab.near(x - 1, y)) / 2.0;
                let down = (lab.near(x, y + 1) - lab.near(x, y - 1)) / 2.0;
                across * across + down * down
            };
            self.lab.iter().map(square).sum::<f32>().sqrt()
        })
    }
}

/// The bin of a colour.
fn bin([lightness, a, b]: [f32; 3]) -> usize {
    let place = |share: f32, bins: usize| ((share * bins as f32) as usize).min(bins - 1);
    let chroma = |value: f32| ((value + CHROMA) / (2.0 * CHROMA)).clamp(0.0, 1.0);
    let [l, a, b] = [lightness / 100.0, chroma(a), chroma(b)];
    (place(l, BINS[0]) * BINS[1] + place(a, BINS[1])) * BINS[2] + place(b, BINS[2])
}

/// Bins blurred with their neighbours `step` away (standard deviation 0.8 bins).
fn smoothed(counts: &[f32], step: usize) -> Vec<f32> {
    const NEIGHBOUR: f32 = 0.239;
    let at = |index: Option<usize>| index.and_then(|index| counts.get(index)).unwrap_or(&0.0);
    let blurred = |(index, count): (usize, &f32)| {
        let around = at(index.checked_sub(step)) + at(Some(index + step));
        count * (1.0 - 2.0 * NEIGHBOUR) + NEIGHBOUR * around
    };
    counts.iter().enumerate().map(blurred).collect()
}

/// The median over the border of a piece of the steepest slope within two pixels.
fn border(piece: &Component, size: (u32, u32), slope: &Map) -> f32 {
    let alone = piece.alone(size);
    let around = grown(&alone, 1);
    let width = size.0 as usize;
    let mut steepest: Vec<f32> = (0..alone.len())
        .filter(|&cell| around.as_raw()[cell] > 0 && alone.as_raw()[cell] == 0)
        .map(|cell| {
            let (x, y) = ((cell % width) as isize, (cell / width) as isize);
            let near = (-2..=2).flat_map(|dy| (-2..=2).map(move |dx| (x + dx, y + dy)));
            near.map(|(x, y)| slope.near(x, y)).fold(0.0, f32::max)
        })
        .collect();
    percentile(&mut steepest, 0.5)
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;
    use crate::{Cutout, Photo};

    const CENTRE: f32 = 200.0;

    fn radius(x: u32, y: u32) -> f32 {
        (x as f32 - CENTRE).hypot(y as f32 - CENTRE)
    }

    /// Repeatable noise of a few levels.
    fn grain(x: u32, y: u32) -> i32 {
        (x.wrapping_mul(2_654_435_761).wrapping_add(y.wrapping_mul(40_503)) >> 13) as i32 % 5 - 2
    }

    /// A dark disc of 120 px, with `middle` within `hole` px, on a ground.
    fn scene(
        hole: f32,
        middle: impl Fn(u32, u32) -> [u8; 3],
        ground: impl Fn(u32, u32) -> [u8; 3],
    ) -> RgbImage {
        RgbImage::from_fn(400, 400, |x, y| {
            let color = match radius(x, y) {
                r if r < hole => middle(x, y),
                r if r < 120.0 => [50, 60, 80],
                _ => ground(x, y),
            };
            Rgb(color.map(|value| (i32::from(value) + grain(x, y)).clamp(0, 255) as u8))
        })
    }

    fn disc() -> GrayImage {
        GrayImage::from_fn(400, 400, |x, y| Luma([if radius(x, y) < 120.0 { 255 } else { 0 }]))
    }

    fn found(photo: &RgbImage) -> Option<GrayImage> {
        opened(photo, &disc(), Region::whole(photo))
    }

    /// Paper with a slow shade.
    fn paper(x: u32, _: u32) -> [u8; 3] {
        [210 + (x / 20) as u8, 212 + (x / 20) as u8, 208 + (x / 20) as u8]
    }

    /// Leaves: patches of greens and browns.
    fn leaves(x: u32, y: u32) -> [u8; 3] {
        [[60, 110, 40], [110, 140, 70], [90, 70, 40], [150, 160, 90]]
            [((x / 7 * 31 + y / 5 * 17) % 4) as usize]
    }

    #[test]
    fn a_hole_that_shows_the_ground_is_cut_out() {
        for (hole, ground) in [(40.0, paper as fn(u32, u32) -> [u8; 3]), (90.0, leaves)] {
            let photo = scene(hole, ground, ground);
            let mask = found(&photo).expect("a hole");
            let alpha = |mask: &GrayImage| {
                let photo = Photo { rgb: photo.clone(), alpha: None };
                Cutout::refine(photo, mask, Region { x: 0, y: 0, width: 400, height: 400 }).alpha
            };
            let error = |alpha: &GrayImage| {
                let of = |(x, y, value): (u32, u32, &Luma<u8>)| {
                    let truth = if (hole..120.0).contains(&radius(x, y)) { 255 } else { 0 };
                    f64::from(value.0[0].abs_diff(truth))
                };
                alpha.enumerate_pixels().map(of).sum::<f64>() / 255.0 / 160_000.0
            };
            let (before, after) = (error(&alpha(&disc())), error(&alpha(&mask)));
            assert!(after < 0.2 * before, "{before} became {after}");
        }
    }

    #[test]
    fn what_is_no_ground_stays() {
        // A part of another colour; a label, lighter by its shade; little of an uneven ground.
        assert_eq!(found(&scene(40.0, |_, _| [190, 60, 40], paper)), None);
        assert_eq!(found(&scene(40.0, |_, y| [150 + (y / 3) as u8; 3], paper)), None);
        assert_eq!(found(&scene(15.0, leaves, leaves)), None);
        // The subject is of the ground's colour all over, and has a soft spot only.
        assert_eq!(found(&scene(0.0, paper, |_, _| [50, 60, 80])), None);
        let tiny = RgbImage::from_pixel(1, 1, Rgb([9, 9, 9]));
        assert_eq!(
            opened(&tiny, &GrayImage::from_pixel(3, 3, Luma([255])), Region::whole(&tiny)),
            None
        );
    }
}
