//! Thin parts of a subject that a coarse mask misses and matting on a grid cannot find: spokes, whiskers,
//! straps, flyaway hair.
//!
//! Near the subject each pixel is taken for a mixture of the ground's colour and that of the subject's
//! rim, both smooth over the picture. Where the mixture explains the pixel, its share of the subject less
//! a morphological opening of that share is what is thin. Pieces count that hang together with the
//! subject and lead away from it, or lie in a gap of it.

use image::{GrayImage, Luma, RgbImage};

use crate::components::{components, folded, grown};
use crate::map::{Map, percentile};
use crate::noise::noise_level;
use crate::resize::{self, Filter};
use crate::{Cutout, map};

/// Pictures of fewer pixels hold no detail that the mask's grid misses.
pub const LEAST_PIXELS: u32 = 1_000_000;
/// Larger pictures are searched at this many pixels.
const MOST_PIXELS: f64 = 12e6;
/// Peak bytes for each pixel of the picture, without the picture and the cut-out: the copy that is
/// searched, and four masks of it.
pub const BYTES_PER_PIXEL: u64 = 7;

/// Long side of the copy on which smooth colours are found, in pixels.
const SMOOTH_SIDE: u32 = 512;
/// On that copy: radius of the median that takes thin things from the ground, deviation of the window of
/// the mean ground, width of the rim, deviation of the window of its colour.
const MEDIAN: usize = 3;
const GROUND: f32 = 8.0;
const RIM: usize = 6;
const RIM_SPREAD: f32 = 10.0;
/// Weight of the rim's window from which its colour is known.
const LEAST_RIM: f32 = 0.002;
/// Least distance of the two colours in deviations of the noise, and what may stay unexplained: in
/// deviations of the noise, and as a share of that distance.
const APART: f32 = 6.0;
const REST_NOISE: f32 = 2.5;
const REST: f32 = 0.35;
/// Least noise that is assumed, in steps of a byte.
const LEAST_NOISE: f32 = 1.5;
/// Shares of the long side: radius of the opening, least length of a piece, gap to what it hangs on
/// (with that many pixels more), side of the boxes in which clutter is counted.
const OPENING: f32 = 0.006;
const LENGTH: f32 = 0.008;
const REACH: (f32, usize) = (1.0 / 220.0, 5);
const BOX: f32 = 1.0 / 30.0;
/// Thin shares, of 255, that a piece is made of, and that it must reach somewhere.
const WEAK: u8 = 51;
const STRONG: u8 = 115;
/// How far a piece outside the subject must lead away, as a share of its length.
const AWAY: f32 = 0.55;
/// Times that pieces may hang on pieces.
const ROUNDS: usize = 4;

/// Adds thin parts of the subject to the cut-out of a photo; nothing where the photo has fewer than
/// [`LEAST_PIXELS`].
///
/// # Panics
/// Where photo and cut-out differ in size.
pub fn restore(photo: &RgbImage, cutout: &mut Cutout) {
    let (width, height) = photo.dimensions();
    assert_eq!((width, height), cutout.alpha.dimensions(), "photo and cut-out differ in size");
    let pixels = f64::from(width) * f64::from(height);
    if pixels < f64::from(LEAST_PIXELS) {
        return;
    }
    let factor = (MOST_PIXELS / pixels).sqrt().min(1.0);
    let scaled = |length: u32| ((f64::from(length) * factor).round() as u32).max(1);
    let smaller = (factor < 1.0).then(|| {
        let (across, down) = (scaled(width), scaled(height));
        let alpha = resize::gray(&cutout.alpha, across, down, Filter::Area);
        (resize::rgb(photo, across, down, Filter::Area), alpha)
    });
    let (searched, alpha) =
        smaller.as_ref().map_or((photo, &cutout.alpha), |(photo, alpha)| (photo, alpha));
    let layers = Layers::of(searched, alpha);
    let Some(found) = Search::new(searched, alpha, &layers).found() else { return };
    let found = match factor < 1.0 {
        true => resize::gray(&found, width, height, Filter::Bilinear),
        false => found,
    };
    layers.paint(photo, &found, cutout);
}

/// The smooth colours of ground and rim, sRGB bytes as floats, on a small copy.
struct Layers {
    ground: [Map; 3],
    rim: [Map; 3],
    /// How surely the rim's colour is known.
    known: Map,
    /// Cells of the copy for each pixel.
    scale: (f32, f32),
}

impl Layers {
    fn of(photo: &RgbImage, alpha: &GrayImage) -> Self {
        let small = map::thumbnail(photo, SMOOTH_SIDE);
        let (width, height) = small.dimensions();
        let alpha = resize::gray(alpha, width, height, Filter::Area);
        let inside = binary(&alpha, |value| value >= 128);
        let (wide, outside) = (grown(&inside, 2), binary(&inside, |value| value == 0));
        let near_ground = grown(&outside, RIM);
        let cells = |holds: &dyn Fn(usize) -> bool| Map {
            width: width as usize,
            height: height as usize,
            values: (0..alpha.len()).map(|cell| if holds(cell) { 1.0 } else { 0.0 }).collect(),
        };
        let away = cells(&|cell| wide.as_raw()[cell] == 0);
        let rim = cells(&|cell| alpha.as_raw()[cell] > 240 && near_ground.as_raw()[cell] > 0);
        let near_subject = cells(&|cell| wide.as_raw()[cell] > 0).gaussian(GROUND);
        let (away_near, known) = (away.gaussian(GROUND), rim.gaussian(RIM_SPREAD));
        let channel = |channel: usize| Map::of(&small, |color| color[channel] * 255.0);
        let ground = [0, 1, 2].map(|c| {
            let plane = channel(c);
            let mean = plane.join(&away, |value, weight| value * weight).gaussian(GROUND);
            let median = median(&plane, MEDIAN);
            median.each(|x, y| {
                let at = y * median.width + x;
                let outside = away_near.values[at];
                // Deep inside the subject there is no ground to average.
                let share = near_subject.values[at] * (outside * 50.0).min(1.0);
                let mean = mean.values[at] / outside.max(1e-6);
                median.values[at] + share * (mean - median.values[at])
            })
        });
        let rim = [0, 1, 2].map(|c| {
            let sums = channel(c).join(&rim, |value, weight| value * weight).gaussian(RIM_SPREAD);
            sums.join(&known, |sum, weight| sum / weight.max(1e-6))
        });
        let scale = (width as f32 / photo.width() as f32, height as f32 / photo.height() as f32);
        Self { ground, rim, known, scale }
    }

    /// Colours of ground and rim at a pixel of a picture whose cells have this scale; `None` where the
    /// rim is too far.
    fn at(&self, x: u32, y: u32, scale: (f32, f32)) -> Option<([f32; 3], [f32; 3])> {
        let (x, y) = ((x as f32 + 0.5) * scale.0 - 0.5, (y as f32 + 0.5) * scale.1 - 0.5);
        let known = self.known.between(x, y) >= LEAST_RIM;
        let colors = |maps: &[Map; 3]| [0, 1, 2].map(|c| maps[c].between(x, y));
        known.then(|| (colors(&self.ground), colors(&self.rim)))
    }

    /// Adds found shares to a cut-out; colours are those of the photo without the ground's share.
    fn paint(&self, photo: &RgbImage, found: &GrayImage, cutout: &mut Cutout) {
        let size = (photo.width() as f32, photo.height() as f32);
        let scale = (self.known.width as f32 / size.0, self.known.height as f32 / size.1);
        for (x, y, &Luma([share])) in found.enumerate_pixels().filter(|(_, _, p)| p.0[0] > 0) {
            let alpha = &mut cutout.alpha.get_pixel_mut(x, y).0[0];
            if share <= *alpha {
                continue;
            }
            *alpha = share;
            let Some((ground, _)) = self.at(x, y, scale) else { continue };
            let part = f32::from(share) / 255.0;
            let seen = photo.get_pixel(x, y).0;
            let color = std::array::from_fn(|c| {
                let own = (f32::from(seen[c]) - (1.0 - part) * ground[c]) / part.max(0.3);
                own.round().clamp(0.0, 255.0) as u8
            });
            cutout.rgb.get_pixel_mut(x, y).0 = color;
        }
    }
}

/// The search on a picture.
struct Search<'a> {
    alpha: &'a GrayImage,
    /// Share of the subject that is thin, of 255.
    thin: GrayImage,
    side: f32,
}

impl<'a> Search<'a> {
    fn new(photo: &RgbImage, alpha: &'a GrayImage, layers: &Layers) -> Self {
        let (width, height) = photo.dimensions();
        let noise = (noise_level(&map::thumbnail(photo, 1024)) * 255.0).max(LEAST_NOISE);
        let mut shares = GrayImage::new(width, height);
        for (x, y, share) in shares.enumerate_pixels_mut() {
            let Some((ground, rim)) = layers.at(x, y, layers.scale) else { continue };
            share.0[0] = mixed(photo.get_pixel(x, y).0, ground, rim, noise);
        }
        let side = width.max(height) as f32;
        let radius = (OPENING * side).round().max(1.0) as usize;
        let eroded = folded(&shares, width as usize, radius, u8::min);
        let opened = folded(&eroded, width as usize, radius, u8::max);
        let mut thin = shares;
        for (share, opened) in thin.iter_mut().zip(opened) {
            *share = share.saturating_sub(opened);
        }
        Self { alpha, thin, side }
    }

    /// What is added to alpha; `None` where nothing is thin.
    fn found(&self) -> Option<GrayImage> {
        let size @ (width, _) = self.thin.dimensions();
        let subject = binary(self.alpha, |value| value >= 128);
        let filled = filled(&subject);
        let reach = (REACH.0 * self.side) as usize + REACH.1;
        let away = distance(&filled);
        let long = |cells: &[u32]| length(cells, width);
        let mut open: Vec<_> = components(&self.thin, |value| value >= WEAK)
            .into_iter()
            .filter(|piece| piece.highest >= STRONG && long(&piece.cells) >= LENGTH * self.side)
            .filter(|piece| {
                let inside = |&&cell: &&u32| filled.as_raw()[cell as usize] > 0;
                let within = piece.cells.iter().filter(inside).count() * 2 > piece.cells.len();
                let farthest = piece.cells.iter().map(|&cell| away.values[cell as usize]);
                within || farthest.fold(0.0, f32::max) > AWAY * long(&piece.cells)
            })
            .collect();
        let mut kept = GrayImage::new(size.0, size.1);
        let mut holds = grown(&subject, 2);
        for _ in 0..ROUNDS {
            let (hanging, rest): (Vec<_>, Vec<_>) = open.into_iter().partition(|piece| {
                piece.cells.iter().any(|&cell| holds.as_raw()[cell as usize] > 0)
            });
            open = rest;
            if hanging.is_empty() {
                break;
            }
            hanging.iter().for_each(|piece| piece.paint(&mut kept));
            holds = grown(&kept, reach);
        }
        self.drop_clutter(&mut kept);
        let any = kept.iter().any(|&value| value > 0);
        any.then(|| {
            // One pixel more, for soft borders.
            let near = grown(&kept, 1);
            let mut added = self.thin.clone();
            for (share, &near) in added.iter_mut().zip(near.iter()) {
                let soft = (f32::from(*share) - 25.5) / 0.7;
                *share = if near > 0 { soft.round().clamp(0.0, 255.0) as u8 } else { 0 };
            }
            added
        })
    }

    /// Drops pieces in boxes where more is thin that hangs on nothing: textures of the ground.
    fn drop_clutter(&self, kept: &mut GrayImage) {
        let side = (BOX * self.side).max(1.0) as u32;
        let across = kept.width().div_ceil(side);
        let boxes = (across * kept.height().div_ceil(side)) as usize;
        let mut counts = vec![(0_u32, 0_u32); boxes];
        let place = |x: u32, y: u32| (y / side * across + x / side) as usize;
        for (x, y, share) in self.thin.enumerate_pixels().filter(|(_, _, p)| p.0[0] >= WEAK) {
            let count = &mut counts[place(x, y)];
            // What the subject covers anyway is no clutter.
            if kept.get_pixel(x, y).0[0] > 0 {
                count.0 += 1;
            } else if self.alpha.get_pixel(x, y).0[0] < 128 && share.0[0] >= WEAK {
                count.1 += 1;
            }
        }
        for (x, y, value) in kept.enumerate_pixels_mut() {
            let (own, other) = counts[place(x, y)];
            if other > own {
                value.0[0] = 0;
            }
        }
    }
}

/// The share of the subject in a pixel, of 255; 0 where the mixture does not explain it.
fn mixed(pixel: [u8; 3], ground: [f32; 3], rim: [f32; 3], noise: f32) -> u8 {
    let seen: [f32; 3] = std::array::from_fn(|c| f32::from(pixel[c]) - ground[c]);
    let whole: [f32; 3] = std::array::from_fn(|c| rim[c] - ground[c]);
    let dot = |a: [f32; 3], b: [f32; 3]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let apart = dot(whole, whole).sqrt();
    if apart <= APART * noise {
        return 0;
    }
    let share = (dot(seen, whole) / (apart * apart)).clamp(0.0, 1.0);
    let rest: [f32; 3] = std::array::from_fn(|c| seen[c] - share * whole[c]);
    let explained = dot(rest, rest).sqrt() < (REST_NOISE * noise).max(REST * apart);
    if explained { (share * 255.0).round() as u8 } else { 0 }
}

fn binary(mask: &GrayImage, holds: impl Fn(u8) -> bool) -> GrayImage {
    let mut out = mask.clone();
    out.iter_mut().for_each(|value| *value = if holds(*value) { 255 } else { 0 });
    out
}

/// A mask of 0 and 255 with its holes filled.
fn filled(mask: &GrayImage) -> GrayImage {
    let (width, height) = mask.dimensions();
    let mut filled = GrayImage::from_pixel(width, height, Luma([255]));
    for piece in components(mask, |value| value == 0) {
        let at_border = |&cell: &u32| {
            let (x, y) = (cell % width, cell / width);
            x == 0 || y == 0 || x + 1 == width || y + 1 == height
        };
        if piece.cells.iter().any(at_border) {
            piece.cells.iter().for_each(|&cell| filled.as_mut()[cell as usize] = 0);
        }
    }
    filled
}

/// The diagonal of the box around cells of rows of this width.
fn length(cells: &[u32], width: u32) -> f32 {
    let ends = |of: &dyn Fn(u32) -> u32| {
        let values = cells.iter().map(|&cell| of(cell));
        values.clone().max().unwrap_or(0) - values.min().unwrap_or(0) + 1
    };
    (ends(&|cell| cell % width) as f32).hypot(ends(&|cell| cell / width) as f32)
}

/// The distance of each cell outside a mask to it (chamfer 3-4, Borgefors 1986), in cells.
fn distance(mask: &GrayImage) -> Map {
    let (width, height) = (mask.width() as usize, mask.height() as usize);
    let start = mask.iter().map(|&value| if value > 0 { 0.0 } else { f32::MAX });
    let mut map = Map { width, height, values: start.collect() };
    let mut relax = |x: usize, y: usize, back: isize| {
        let steps = [(-1, 0, 1.0), (-1, -1, 4.0 / 3.0), (0, -1, 1.0), (1, -1, 4.0 / 3.0)];
        let least = steps.iter().fold(map.values[y * width + x], |least, &(dx, dy, step)| {
            let (x, y) = (x as isize + back * dx, y as isize + back * dy);
            let within = (0..width as isize).contains(&x) && (0..height as isize).contains(&y);
            if within { least.min(map.near(x, y) + step) } else { least }
        });
        map.values[y * width + x] = least;
    };
    (0..height).for_each(|y| (0..width).for_each(|x| relax(x, y, 1)));
    (0..height).rev().for_each(|y| (0..width).rev().for_each(|x| relax(x, y, -1)));
    map
}

/// The median over the square of `2 * radius + 1` cells.
fn median(map: &Map, radius: usize) -> Map {
    let reach = radius as isize;
    map.each(|x, y| {
        let near = (-reach..=reach).flat_map(|dy| (-reach..=reach).map(move |dx| (dx, dy)));
        let mut values: Vec<f32> =
            near.map(|(dx, dy)| map.near(x as isize + dx, y as isize + dy)).collect();
        percentile(&mut values, 0.5)
    })
}

#[cfg(test)]
mod tests;
