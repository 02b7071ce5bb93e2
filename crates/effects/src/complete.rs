//! Completion: what is missing of a picture is filled from the rest of it.
//!
//! A hole in plain ground is filled by the surface around it, and what has less noise than its surroundings
//! gets theirs. Elsewhere patches of 7 x 7 pixels around the hole look for their likes in what is known, from coarse to fine
//! (Wexler, Shechtman and Irani 2007, with PatchMatch); at the finest size each pixel is copied from where
//! most of the patches around it point, which keeps grain. Large pictures are completed at up to one
//! megapixel, and the places that are copied from are carried to the full size. It copies, it does not
//! understand: what the hole hid is not known.

mod grain;
mod level;
mod plain;
mod search;
mod spread;
mod trial;
mod vote;

use image::{GrayImage, RgbImage};
use safelight_contract::{Code, Fault, Result};

use level::Level;
use search::{Field, Hints, Limits, Random, Search};
use spread::{Plane, spread};

/// Peak bytes of [`complete`], whatever the picture.
pub const BASE_BYTES: u64 = 96 << 20;

/// Pixels at which the work is done, at most.
const WORK_PIXELS: f32 = 1e6;
/// The short side of the coarsest level, at least.
const COARSEST_SIDE: usize = 32;
/// The level that dominant offsets are taken from is the smallest with a longer side of this.
const OFFSETS_SIDE: usize = 100;
/// Patches that there must be to copy from at the coarsest level.
const LEAST_SOURCES: usize = 60;
/// Farthest from the rim, in pixels, that differences at it are taken.
const RIM: u8 = 2;
/// Largest difference at the rim that is taken for one of light, and the largest correction by them.
const RIM_DIFFERENCE: f32 = 24.0;
const CORRECTION: f32 = 10.0;

/// How to complete.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Another number gives another result; the same one the same.
    pub seed: u32,
    /// How far up and down what is copied may lie.
    pub reach: Reach,
    /// Factor of the rounds at each size.
    pub rounds: f32,
    /// Whether patches are searched in the whole picture; else around the hole only.
    pub everywhere: bool,
    /// Whether the hole holds a guess to begin with, rather than nothing.
    pub guessed: bool,
}

/// How far up and down what is copied may lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reach {
    /// In a band of rows around the patch, as a share of the searched height (1: all). A band keeps horizontal
    /// structures: fronts of houses, horizons.
    Rows(f32),
    /// A band or everywhere, whichever does better beside the hole, where the truth is known.
    Tried,
}

impl Reach {
    /// The band that is right more often than not.
    pub const BAND: Self = Self::Rows(0.1);
    /// All rows.
    pub const EVERYWHERE: Self = Self::Rows(1.0);
}

impl Default for Options {
    fn default() -> Self {
        let (seed, rounds, everywhere, guessed) = (0, 1.0, false, false);
        Self { seed, reach: Reach::BAND, rounds, everywhere, guessed }
    }
}

/// A part of the picture, and the size at which it is worked on.
struct Part {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
    /// Pixels across and down.
    work: (usize, usize),
    /// Pixels of the picture for each of the work, across and down.
    scale: [f32; 2],
}

/// Fills the pixels of `photo` where `hole` is not 0, from those where neither `hole` nor `barred` is;
/// where too few are left, from the barred ones as well. Nothing else changes.
///
/// # Errors
/// `PROCESSING_FAILURE` where too little of the picture is known; those of `check`, which is asked between
/// rounds whether to go on.
pub fn complete(
    photo: &mut RgbImage,
    hole: &GrayImage,
    barred: Option<&GrayImage>,
    options: &Options,
    check: &dyn Fn() -> Result<()>,
) -> Result<()> {
    // Around a guess there is ground on one side alone.
    if options.guessed {
        return copy_patches(photo, hole, barred, options, check);
    }
    let left = plain::fill(photo, hole, barred);
    copy_patches(photo, &left, barred, options, check)?;
    check()?;
    grain::restore(photo, hole, barred, &mut Random::new(options.seed.wrapping_add(1)));
    Ok(())
}

/// Fills the hole from patches of what is known.
fn copy_patches(
    photo: &mut RgbImage,
    hole: &GrayImage,
    barred: Option<&GrayImage>,
    options: &Options,
    check: &dyn Fn() -> Result<()>,
) -> Result<()> {
    let Some(part) = Part::around(hole, options.everywhere, WORK_PIXELS) else { return Ok(()) };
    let band = match options.reach {
        Reach::Rows(band) => band,
        Reach::Tried => trial::better_band(photo, hole, barred, options, check)?,
    };
    let barred = barred.map(|barred| barred.as_raw().as_slice());
    let (levels, band) = [(barred, band), (barred, 1.0), (None, band), (None, 1.0)]
        .into_iter()
        .find_map(|(barred, band)| {
            let levels = pyramid(Level::of(photo, &part, hole, barred));
            let enough = levels.iter().all(|level| {
                let sources = level.sources.iter().filter(|source| **source).count();
                sources >= LEAST_SOURCES && level.has_sources_within(rows(level, band))
            });
            enough.then_some((levels, band))
        })
        .ok_or_else(|| {
            let message = "too little of the picture is known to fill the rest from it";
            Fault::new(Code::ProcessingFailure, message)
        })?;
    let (level, offsets) = solve(levels, band, options, check)?;
    let corrections = corrections(&level, &offsets);
    carry(photo, hole, &part, &level, &offsets, &corrections);
    Ok(())
}

/// Whether a pixel may be copied: it is neither missing nor barred.
fn is_known(hole: &GrayImage, barred: Option<&GrayImage>, at: usize) -> bool {
    hole.as_raw()[at] == 0 && barred.is_none_or(|barred| barred.as_raw()[at] == 0)
}

/// How many rows a band has at a level.
fn rows(level: &Level, band: f32) -> usize {
    ((band * level.height as f32).round() as usize).max(2)
}

impl Part {
    /// The region around the hole, scaled down to at most `most_pixels`; `None` without a hole.
    fn around(hole: &GrayImage, everywhere: bool, most_pixels: f32) -> Option<Self> {
        let (width, height) = (hole.width() as usize, hole.height() as usize);
        let rows: Vec<usize> = (0..height)
            .filter(|y| hole.as_raw()[y * width..][..width].iter().any(|&value| value > 0))
            .collect();
        let (&first, &last) = (rows.first()?, rows.last()?);
        let has = |x: &usize| (first..=last).any(|y| hole.as_raw()[y * width + x] > 0);
        let (left, right) = ((0..width).find(has)?, (0..width).rev().find(has)? + 1);
        let (top, bottom) = (first, last + 1);
        let (left, right) = grown(left, right, width, everywhere);
        let (top, bottom) = grown(top, bottom, height, everywhere);
        let (across, down) = (right - left, bottom - top);
        let shrink = (most_pixels / (across * down) as f32).sqrt().min(1.0);
        let work = |side: usize| ((side as f32 * shrink).round() as usize).clamp(1, side);
        let work = (work(across), work(down));
        let scale = [across as f32 / work.0 as f32, down as f32 / work.1 as f32];
        Some(Self { left, top, right, bottom, work, scale })
    }
}

/// A stretch with its surroundings.
fn grown(from: usize, to: usize, length: usize, everywhere: bool) -> (usize, usize) {
    let margin = (to - from).max(length * 35 / 100).max(2 * COARSEST_SIDE);
    match everywhere {
        true => (0, length),
        false => (from.saturating_sub(margin), (to + margin).min(length)),
    }
}

/// The level and its halves, the coarsest first.
fn pyramid(finest: Level) -> Vec<Level> {
    let mut levels = vec![finest];
    while let Some(last) = levels.last() {
        if last.width.min(last.height) / 2 < COARSEST_SIDE {
            break;
        }
        let half = last.half();
        levels.push(half);
    }
    levels.reverse();
    levels
}

/// Completes all levels; the finest one and the offset that each of its missing pixels copies.
fn solve(
    mut levels: Vec<Level>,
    band: f32,
    options: &Options,
    check: &dyn Fn() -> Result<()>,
) -> Result<(Level, Vec<Option<[i32; 2]>>)> {
    let mut random = Random::new(options.seed.wrapping_add(1));
    let limits = |level: &Level| Limits { rows: rows(level, band), nearest: 0 };
    let finest = levels.len() - 1;
    let hinted = levels.iter().position(|level| level.width.max(level.height) >= OFFSETS_SIDE);
    let hinted = hinted.unwrap_or(finest);
    let offsets = search::dominant_offsets(&levels[hinted], limits(&levels[hinted]), &mut random);
    match options.guessed {
        true => levels[0].describe_hole(),
        false => fill_smoothly(&mut levels[0]),
    }
    let mut last: Option<(Level, Field)> = None;
    for (index, mut level) in levels.into_iter().enumerate() {
        let hints: Vec<[i32; 2]> =
            offsets.iter().map(|offset| offset.map(|way| scaled(way, index, hinted))).collect();
        let jitter = (1 << index.saturating_sub(hinted)) + 1;
        let hints = Hints { offsets: &hints, jitter, all: index < 3 };
        let targets = level.targets.clone();
        let limits = limits(&level);
        let mut field = {
            let search = Search { level: &level, limits, targets: &targets };
            match &last {
                Some((coarse, field)) => search.enlarged(field, coarse, &mut random),
                None => search.random(&mut random),
            }
        };
        if let Some((coarse, _)) = &last {
            take_colors(&mut level, coarse);
            let weights = vote::weights(&level, &field, false);
            vote::average(&mut level, &field, &weights);
        }
        let rounds = match index {
            _ if index == finest => 2.0,
            0 | 1 => 12.0,
            _ => 6.0,
        };
        let rounds = (rounds * options.rounds).round().max(1.0) as usize;
        for round in 0..rounds {
            check()?;
            let search = Search { level: &level, limits, targets: &targets };
            search.measure(&mut field);
            let passes = if round == 0 { 4 } else { 2 };
            search.improve(&mut field, passes, &hints, &mut random);
            let weights = vote::weights(&level, &field, true);
            if index < finest {
                vote::average(&mut level, &field, &weights);
                continue;
            }
            // A mean has less texture than what it is of, and would find its likes among the smooth.
            let offsets = vote::best_offsets(&level, &field, &weights);
            vote::copy(&mut level, &offsets);
            if round + 1 == rounds {
                return Ok((level, offsets));
            }
        }
        last = Some((level, field));
    }
    Err(Fault::new(Code::ProcessingFailure, "the picture has no size to complete it at"))
}

/// An offset of the level `from` at another level.
fn scaled(way: i32, index: usize, from: usize) -> i32 {
    if index >= from { way << (index - from) } else { way >> (from - index) }
}

/// The first guess at the coarsest level.
fn fill_smoothly(level: &mut Level) {
    let values = level.colors.iter().map(|color| color.map(f32::from)).collect();
    let weights = level.hole.iter().map(|&hole| if hole { 0.0 } else { 1.0 }).collect();
    let mut plane = Plane { width: level.width, height: level.height, values, weights };
    spread(&mut plane);
    for &pixel in &level.missing {
        level.colors[pixel as usize] = plane.values[pixel as usize].map(|value| value as u8);
    }
    level.describe_hole();
}

/// The first guess at a finer level, for pixels that no patch votes for.
fn take_colors(level: &mut Level, coarse: &Level) {
    for &pixel in &level.missing {
        let (x, y) = (pixel as usize % level.width, pixel as usize / level.width);
        let (x, y) = ((x / 2).min(coarse.width - 1), (y / 2).min(coarse.height - 1));
        level.colors[pixel as usize] = coarse.colors[y * coarse.width + x];
    }
}

/// By how much the light differs at the hole's rim between what is known and what the pixel beside it
/// copies, spread over the hole (a membrane, as Farbman, Fattal and Lischinski 2011).
fn corrections(level: &Level, offsets: &[Option<[i32; 2]>]) -> Plane {
    let (width, height) = (level.width, level.height);
    let mut plane = Plane {
        width,
        height,
        values: vec![[0.0; 3]; width * height],
        weights: vec![0.0; width * height],
    };
    for (&pixel, offset) in level.missing.iter().zip(offsets) {
        let Some([dx, dy]) = *offset else { continue };
        if level.depth[pixel as usize] > RIM {
            continue;
        }
        let (x, y) = (pixel as usize % width, pixel as usize / width);
        let reach = usize::from(RIM);
        for row in y.saturating_sub(reach)..=(y + reach).min(height - 1) {
            for column in x.saturating_sub(reach)..=(x + reach).min(width - 1) {
                let at = row * width + column;
                let from =
                    (row.checked_add_signed(dy as isize), column.checked_add_signed(dx as isize));
                let (Some(from_row), Some(from_column)) = from else { continue };
                if level.hole[at] || from_row >= height || from_column >= width {
                    continue;
                }
                let source = from_row * width + from_column;
                if level.hole[source] {
                    continue;
                }
                let difference: [f32; 3] = std::array::from_fn(|c| {
                    f32::from(level.colors[at][c]) - f32::from(level.colors[source][c])
                });
                // Another thing, not another light.
                if difference.iter().any(|difference| difference.abs() > RIM_DIFFERENCE) {
                    continue;
                }
                (0..3).for_each(|c| plane.values[at][c] += difference[c]);
                plane.weights[at] += 1.0;
            }
        }
    }
    for (value, weight) in plane.values.iter_mut().zip(&mut plane.weights) {
        if *weight > 0.0 {
            *value = value.map(|value| value / *weight);
            *weight = 1.0;
        }
    }
    if plane.weights.iter().any(|&weight| weight > 0.0) {
        spread(&mut plane);
    }
    plane
}

/// Fills the photo with what the work's pixels copy, at full size: between pixels of the work, what
/// their offsets copy is mixed.
fn carry(
    photo: &mut RgbImage,
    hole: &GrayImage,
    part: &Part,
    level: &Level,
    offsets: &[Option<[i32; 2]>],
    corrections: &Plane,
) {
    let mut places = vec![None; level.width * level.height];
    for (&pixel, offset) in level.missing.iter().zip(offsets) {
        places[pixel as usize] = *offset;
    }
    for y in part.top..part.bottom {
        for x in part.left..part.right {
            if hole.get_pixel(x as u32, y as u32).0[0] == 0 {
                continue;
            }
            let place = [(x, part.left, part.scale[0]), (y, part.top, part.scale[1])]
                .map(|(at, start, scale)| ((at - start) as f32 + 0.5) / scale - 0.5);
            let copied = copied(photo, hole, part, level, &places, [x, y], place);
            let color = copied.unwrap_or_else(|| {
                let at = |at: f32, length: usize| (at.round().max(0.0) as usize).min(length - 1);
                let (column, row) = (at(place[0], level.width), at(place[1], level.height));
                level.colors[row * level.width + column].map(f32::from)
            });
            let light = corrections.between(place[0], place[1]);
            let pixel = photo.get_pixel_mut(x as u32, y as u32);
            pixel.0 = std::array::from_fn(|c| {
                (color[c] + light[c].clamp(-CORRECTION, CORRECTION)).round().clamp(0.0, 255.0) as u8
            });
        }
    }
}

/// What the four pixels of the work around a place copy to a pixel of the photo, mixed.
fn copied(
    source: &RgbImage,
    hole: &GrayImage,
    part: &Part,
    level: &Level,
    places: &[Option<[i32; 2]>],
    [x, y]: [usize; 2],
    place: [f32; 2],
) -> Option<[f32; 3]> {
    let (mut sum, mut total) = ([0.0; 3], 0.0);
    let [left, top] = place.map(|at| at.max(0.0).floor());
    for (column, row) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
        let (column, row) = (left as usize + column, top as usize + row);
        if column >= level.width || row >= level.height {
            continue;
        }
        let near = |at: f32, cell: usize| (1.0 - (at.max(0.0) - cell as f32).abs()).max(0.0);
        let weight = near(place[0], column) * near(place[1], row);
        let Some([dx, dy]) = places[row * level.width + column] else { continue };
        let moved =
            |at: usize, way: i32, scale: f32| at as i64 + (way as f32 * scale).round() as i64;
        let (from_x, from_y) = (moved(x, dx, part.scale[0]), moved(y, dy, part.scale[1]));
        let inside = |at: i64, from: usize, to: usize| (from as i64..to as i64).contains(&at);
        if !inside(from_x, part.left, part.right) || !inside(from_y, part.top, part.bottom) {
            continue;
        }
        let (from_x, from_y) = (from_x as u32, from_y as u32);
        if weight > 0.0 && hole.get_pixel(from_x, from_y).0[0] == 0 {
            let color = source.get_pixel(from_x, from_y).0;
            (0..3).for_each(|c| sum[c] += weight * f32::from(color[c]));
            total += weight;
        }
    }
    (total > 0.0).then(|| sum.map(|sum| sum / total))
}
