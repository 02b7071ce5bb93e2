//! Noise: what was filled smoothly gets that of the known places around it that are as bright.
//!
//! Patches are chosen by their likeness to a mean, so that those with the least noise win, and a surface has
//! none. Only noise is restored: places with more texture than that are left alone.

use image::{GrayImage, RgbImage};
use safelight_imaging::color::luma;

use super::is_known;
use super::search::Random;

/// Side of the blocks that are compared and copied.
const BLOCK: usize = 8;
/// Half the side of the window whose mean is subtracted from a pixel to get its noise.
const REACH: usize = 2;
/// Margin around the hole in which blocks are sampled, relative to its size, and its minimum in pixels.
const AROUND: f32 = 0.5;
const LEAST_AROUND: usize = 48;
/// Maximum number of blocks sampled, and the minimum of one brightness from which its noise is estimated.
const SAMPLES: usize = 4000;
const LEAST_BLOCKS: usize = 6;
/// Levels of luma that count as one brightness.
const STEP: f32 = 16.0;
const STEPS: usize = 16;
/// Quantile of the blocks' standard deviations that is taken for the noise: blocks above it may have texture.
const RANK: f32 = 0.25;
/// More than this standard deviation, in levels, is texture.
const MOST: f32 = 4.0;
/// Less than this share of the noise around is missing some.
const MISSING: f32 = 0.85;
/// Blocks whose noise is copied have this share of what is usual at least, and at most its inverse.
const ALIKE: f32 = 0.75;

/// The noise of a block: each pixel minus its local mean.
struct Noise {
    pixels: [[f32; 3]; BLOCK * BLOCK],
    /// Standard deviation of luma.
    deviation: f32,
    /// Mean luma.
    level: f32,
}

impl Noise {
    /// Of the block whose corner is at `x`, `y`, all of which is inside the photo.
    fn of(photo: &RgbImage, x: usize, y: usize) -> Self {
        let (width, height) = (photo.width() as usize, photo.height() as usize);
        let color = |x: usize, y: usize| photo.get_pixel(x as u32, y as u32).0.map(f32::from);
        let (mut squares, mut sum) = (0.0, 0.0);
        let pixels = std::array::from_fn(|at| {
            let (x, y) = (x + at % BLOCK, y + at / BLOCK);
            let (mut around, mut count) = ([0.0; 3], 0.0);
            for row in y.saturating_sub(REACH)..(y + REACH + 1).min(height) {
                for column in x.saturating_sub(REACH)..(x + REACH + 1).min(width) {
                    let near = color(column, row);
                    (0..3).for_each(|c| around[c] += near[c]);
                    count += 1.0;
                }
            }
            let own = color(x, y);
            let noise: [f32; 3] = std::array::from_fn(|c| own[c] - around[c] / count);
            squares += luma(noise) * luma(noise);
            sum += luma(own);
            noise
        });
        let count = (BLOCK * BLOCK) as f32;
        Self { pixels, deviation: (squares / count).sqrt(), level: sum / count }
    }

    fn step(&self) -> usize {
        ((self.level / STEP) as usize).min(STEPS - 1)
    }
}

/// Gives the filled `hole` the noise of what is known around it: of pixels where neither `hole` nor `barred` is.
pub fn restore(
    photo: &mut RgbImage,
    hole: &GrayImage,
    barred: Option<&GrayImage>,
    random: &mut Random,
) {
    let (width, height) = (photo.width() as usize, photo.height() as usize);
    let (columns, rows) = (width / BLOCK, height / BLOCK);
    let cells = |block: usize| {
        let corner = block / columns * BLOCK * width + block % columns * BLOCK;
        (0..BLOCK * BLOCK).map(move |at| corner + at / BLOCK * width + at % BLOCK)
    };
    let is_missing = |block: &usize| cells(*block).any(|at| hole.as_raw()[at] > 0);
    let missing: Vec<usize> = (0..columns * rows).filter(is_missing).collect();
    let Some(&first) = missing.first() else { return };
    let span = |along: &dyn Fn(usize) -> usize, most: usize| {
        let ends = missing.iter().fold((along(first), along(first)), |(low, high), &block| {
            (low.min(along(block)), high.max(along(block)))
        });
        let around = (AROUND * ((ends.1 - ends.0 + 1) * BLOCK) as f32) as usize;
        let around = around.max(LEAST_AROUND) / BLOCK;
        (ends.0.saturating_sub(around), (ends.1 + around + 1).min(most))
    };
    let (left, right) = span(&|block| block % columns, columns);
    let (top, bottom) = span(&|block| block / columns, rows);
    let mut by_step: [Vec<Noise>; STEPS] = std::array::from_fn(|_| Vec::new());
    for _ in 0..SAMPLES.min((right - left) * (bottom - top)) {
        let (column, row) = (left + random.below(right - left), top + random.below(bottom - top));
        if cells(row * columns + column).all(|at| is_known(hole, barred, at)) {
            let noise = Noise::of(photo, column * BLOCK, row * BLOCK);
            by_step[noise.step()].push(noise);
        }
    }
    let usual = by_step.each_ref().map(|blocks| {
        let mut deviations: Vec<f32> = blocks.iter().map(|block| block.deviation).collect();
        let rank = (RANK * deviations.len() as f32) as usize;
        let is_told = deviations.len() >= LEAST_BLOCKS;
        is_told.then(|| *deviations.select_nth_unstable_by(rank, f32::total_cmp).1)
    });
    for (blocks, usual) in by_step.iter_mut().zip(usual) {
        let usual = usual.unwrap_or_default();
        blocks.retain(|block| (usual * ALIKE..=usual / ALIKE).contains(&block.deviation));
    }
    for block in missing {
        let (x, y) = (block % columns * BLOCK, block / columns * BLOCK);
        let own = Noise::of(photo, x, y);
        let (Some(usual), alike) = (usual[own.step()], &by_step[own.step()]) else { continue };
        if usual > MOST || own.deviation > MISSING * usual || alike.is_empty() {
            continue;
        }
        let share = (1.0 - (own.deviation / usual).powi(2)).sqrt();
        let noise = &alike[random.below(alike.len())];
        for (cell, noise) in cells(block).zip(noise.pixels) {
            if hole.as_raw()[cell] > 0 {
                let pixel = photo.get_pixel_mut((cell % width) as u32, (cell / width) as u32);
                pixel.0 = std::array::from_fn(|c| {
                    (f32::from(pixel.0[c]) + share * noise[c]).round().clamp(0.0, 255.0) as u8
                });
            }
        }
    }
}
