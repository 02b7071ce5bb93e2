//! Contrast on luminance.
//!
//! A photo whose range is short gets the levels that it lacks, all channels by one curve. One that is
//! still flat is stretched over all of it, and a little by the levels of each neighbourhood, so that
//! haze over a part goes too. Hue stays, and skin gets less. A photo of the night is left as it is. All is
//! computed in floats and rounded once, with noise in the place of the levels that stretching leaves empty.

use std::ops::Range;

use image::RgbImage;
use rayon::prelude::*;

use crate::color;
use crate::lanes::{LANES, each};
use crate::levels::{self, Levels, Tones};
use crate::map::samples;

/// Peak bytes for each pixel, the picture itself excluded. Enhancing keeps histograms only; this is
/// for the result's file while it grows.
pub const BYTES_PER_PIXEL: u64 = 6;

/// Neighbourhoods a side.
const TILES: usize = 8;
/// Share of the darkest and of the brightest pixels that do not count.
const TAIL: f32 = 0.003;
/// Levels that the darkest and the brightest pixel that counts are brought to.
const BLACK: f32 = 6.0;
const WHITE: f32 = 249.0;
/// A photo whose levels span this much is good; one that spans less than the second is flat, and is
/// stretched all the way.
const GOOD_SPAN: f32 = 172.0;
const FLAT_SPAN: f32 = 160.0;
/// Spans up to the first are noise on a plain surface, from the second on a picture.
const NOISE_SPAN: f32 = 6.0;
const PICTURE_SPAN: f32 = 24.0;
/// No contrast is raised more than this many times.
const LARGEST_GAIN: f32 = 3.5;
/// How much the neighbourhood counts against the whole.
const LOCAL: f32 = 0.3;
/// How much less skin gets.
const SKIN: f32 = 0.35;
/// Share of the way to the end of its range that a channel may be taken.
const INSIDE: f32 = 0.97;
/// Levels at either end within which a curve bends instead of clipping.
const BEND: f32 = 14.0;

/// Raises the contrast of a flat photo in place; leaves a good one nearly alone.
pub fn enhance(photo: &mut RgbImage) {
    let (width, height) = (photo.width() as usize, photo.height() as usize);
    if width == 0 || height == 0 {
        return;
    }
    let tones = Tones::of(&samples(photo, None, levels::SIDE));
    match Levels::of(&tones) {
        Some(levels) => level_out(photo, levels),
        None if tones.is_night() => return,
        None => {}
    }
    let field = Field::of(photo.as_raw(), width, height);
    if field.is_flat() {
        return;
    }
    photo.as_mut().par_chunks_exact_mut(width * 3).enumerate().with_min_len(8).for_each(
        |(y, row)| {
            let line = field.line(y, height);
            let pixels = row.as_chunks_mut::<3>().0;
            for tile in 0..=TILES {
                // Between the centres of two neighbourhoods; before the first, after the last.
                let edge = |tile: usize| ((2 * tile).saturating_sub(1) * width).div_ceil(2 * TILES);
                let span = edge(tile)..edge(tile + 1).min(width);
                let (left, right) = (line[tile.saturating_sub(1)], line[tile.min(TILES - 1)]);
                let slope = TILES as f32 / width as f32;
                for start in span.clone().step_by(LANES) {
                    let share = (start as f32 + 0.5) * slope - (tile as f32 - 0.5);
                    let end = span.end.min(start + LANES);
                    let run = Run { left, right, share, slope, x: start as u32, y: y as u32 };
                    run.apply(&mut pixels[start..end]);
                }
            }
        },
    );
}

/// Applies levels in place, with noise in the place of those that stretching leaves empty. A value that
/// is not at an end of the range does not get there.
fn level_out(photo: &mut RgbImage, levels: Levels) {
    let table: [f32; 256] = std::array::from_fn(|value| levels.value(value as f32));
    let width = photo.width() as usize;
    photo.par_chunks_exact_mut(width * 3).enumerate().with_min_len(8).for_each(|(y, row)| {
        for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let noise = noise(x as u32, y as u32);
            *pixel = pixel.map(|value| {
                let at = usize::from(value);
                let step = table[(at + 1).min(255)] - table[at.saturating_sub(1)];
                let found = (table[at] + noise * (step / 2.0).max(1.0) + 0.5) as u8;
                found.clamp(u8::from(value != 0), if value == 255 { 255 } else { 254 })
            });
        }
    });
}

/// Some pixels of a row, between two neighbourhoods.
struct Run {
    left: Curve,
    right: Curve,
    /// Share of the right one at the first pixel, and how it grows from pixel to pixel.
    share: f32,
    slope: f32,
    x: u32,
    y: u32,
}

impl Run {
    #[inline(always)]
    fn apply(&self, pixels: &mut [[u8; 3]]) {
        let mut bytes = [[0; 3]; LANES];
        bytes[..pixels.len()].copy_from_slice(pixels);
        let [red, green, blue] = [0, 1, 2].map(|c| each(|i| f32::from(bytes[i][c])));
        // In this form a gray pixel is its own luminance exactly.
        let before = each(|i| level(red[i], green[i], blue[i]));
        let (left, right) = (self.left, self.right);
        let share = each(|i| self.share + self.slope * i as f32);
        let low = each(|i| left.low + share[i] * (right.low - left.low));
        let base = each(|i| left.base + share[i] * (right.base - left.base));
        let raise = each(|i| left.gain + share[i] * (right.gain - left.gain) - 1.0);
        let [red, green, blue] = [red, green, blue].map(|c| each(|i| c[i] - before[i]));
        let held = each(|i| {
            let gain = 1.0 + raise[i];
            1.0 - SKIN * skin(red[i] * gain, blue[i] * gain)
        });
        let after = each(|i| {
            let stretched = base[i] + (before[i] - low[i]) * (1.0 + raise[i]);
            before[i] + held[i] * (bent(stretched, raise[i]) - before[i])
        });
        // Chroma follows the contrast as far as every channel stays in range: hue is kept.
        let scale = each(|i| {
            let highest = red[i].max(green[i]).max(blue[i]).max(1e-3);
            let lowest = (-red[i].min(green[i]).min(blue[i])).max(1e-3);
            let room = ((255.0 - after[i]) / highest).min(after[i] / lowest);
            // Short of the very end, unless the pixel was there already.
            (1.0 + held[i] * raise[i]).min((room * INSIDE).max(room.min(1.0)))
        });
        let rounded = each(|i| {
            // A hair above one half, so that what is unchanged survives rounding errors.
            after[i] + noise(self.x + i as u32, self.y) * raise[i] + 0.5001
        });
        let [red, green, blue] = [(red, 0), (green, 1), (blue, 2)].map(|(chroma, c)| {
            // The ends of the range are for what was there already: nothing is newly clipped.
            let least = each(|i| bytes[i][c].min(1).into());
            let most = each(|i| f32::from(bytes[i][c].max(254)) + 0.5);
            each(|i| (rounded[i] + scale[i] * chroma[i]).max(least[i]).min(most[i]))
        });
        for (i, pixel) in pixels.iter_mut().enumerate() {
            *pixel = [red[i] as u8, green[i] as u8, blue[i] as u8];
        }
    }
}

#[inline(always)]
fn level(red: f32, green: f32, blue: f32) -> f32 {
    green + 0.299 * (red - green) + 0.114 * (blue - green)
}

fn luminance(pixel: &[u8; 3]) -> f32 {
    let [red, green, blue] = pixel.map(f32::from);
    level(red, green, blue)
}

/// Counts of the 256 levels.
type Histogram = [u32; 256];

/// The darkest and the brightest level that counts.
fn ends(histogram: &Histogram) -> (f32, f32) {
    let total: u32 = histogram.iter().sum();
    let tail = (total as f32 * TAIL) as u32;
    let enough = |level: usize, seen: &mut u32| {
        *seen += histogram[level];
        *seen > tail
    };
    let (mut dark, mut bright) = (0, 0);
    let low = (0..256).find(|&level| enough(level, &mut dark));
    let high = (0..256).rev().find(|&level| enough(level, &mut bright));
    (low.unwrap_or(0) as f32, high.unwrap_or(0) as f32)
}

/// How levels are changed: those from `low` on by `gain`, to `base` and up.
#[derive(Clone, Copy)]
struct Curve {
    low: f32,
    base: f32,
    gain: f32,
}

impl Curve {
    const UNCHANGED: Self = Self { low: 0.0, base: 0.0, gain: 1.0 };

    /// Stretches the levels between `low` and `high` by `strength`, 0 to 1.
    fn stretching(low: f32, high: f32, strength: f32) -> Self {
        // Ends are only ever moved outwards.
        let (black, white) = (low.min(BLACK), high.max(WHITE));
        let full = ((white - black) / (high - low).max(1.0)).clamp(1.0, LARGEST_GAIN);
        // What a limited gain cannot reach is left on both sides alike.
        let middle = 0.5 * (black + white);
        let start = (middle - 0.5 * full * (high - low)).max(black);
        Self { low, base: low + strength * (start - low), gain: 1.0 + strength * (full - 1.0) }
    }

    #[inline(always)]
    fn mixed(self, other: Self, share: f32) -> Self {
        let mix = |one: f32, two: f32| one + share * (two - one);
        Self {
            low: mix(self.low, other.low),
            base: mix(self.base, other.base),
            gain: mix(self.gain, other.gain),
        }
    }
}

/// Bends levels that stretching would throw out of range, instead of clipping them: the more, the
/// larger the `raise` of the contrast.
#[inline(always)]
fn bent(level: f32, raise: f32) -> f32 {
    let bend = (BEND * raise.min(1.0)).max(1e-3);
    let toe = |level: f32| bend * bend / (2.0 * bend - level.min(bend)) + (level - bend).max(0.0);
    255.0 - toe(255.0 - toe(level))
}

/// How much a colour looks like skin, 0 to 1, from red and blue less luminance: the region of
/// skin in Cb and Cr (Chai and Ngan 1999), with soft borders.
#[inline(always)]
fn skin(red: f32, blue: f32) -> f32 {
    let (cb, cr) = (0.564 * blue, 0.713 * red);
    let within = |value: f32, range: Range<f32>| {
        let inside = (value - range.start).min(range.end - value);
        (0.5 + inside * (1.0 / 12.0)).clamp(0.0, 1.0)
    };
    within(cb, -51.0..-1.0) * within(cr, 7.0..45.0)
}

/// Noise from -0.5 to 0.5 for each pixel. Coordinates wrap, so that large pictures lose no digits.
#[inline(always)]
fn noise(x: u32, y: u32) -> f32 {
    color::noise(x & 1023, y & 1023) - 0.5
}

/// A curve for each neighbourhood.
struct Field {
    curves: [[Curve; TILES]; TILES],
}

impl Field {
    fn of(raw: &[u8], width: usize, height: usize) -> Self {
        let tiles = histograms(raw, width, height);
        let mut whole = [0; 256];
        for tile in tiles.iter().flatten() {
            whole.iter_mut().zip(tile).for_each(|(whole, tile)| *whole += tile);
        }
        let (low, high) = ends(&whole);
        let span = high - low;
        let ramp = |from: f32, to: f32| ((span - from) / (to - from)).clamp(0.0, 1.0);
        let strength = ramp(GOOD_SPAN, FLAT_SPAN) * ramp(NOISE_SPAN, PICTURE_SPAN);
        if strength == 0.0 {
            return Self { curves: [[Curve::UNCHANGED; TILES]; TILES] };
        }
        let global = Curve::stretching(low, high, strength);
        let local = |y: usize, x: usize| {
            let (near_low, near_high) = ends(&around(&tiles, y, x));
            // A neighbourhood may be stretched further than the whole by half at most.
            let least = span / 1.5;
            let missing = (least - (near_high - near_low)).max(0.0);
            let near_low = (near_low - 0.5 * missing).max(low);
            let near_high = (near_low + least).max(near_high).min(high);
            let own = Curve::stretching(near_low, near_high, strength);
            // Both curves from the same level on, to be mixed.
            let own = Curve { low, base: own.base - (near_low - low) * own.gain, ..own };
            global.mixed(own, LOCAL)
        };
        Self { curves: std::array::from_fn(|y| std::array::from_fn(|x| local(y, x))) }
    }

    fn is_flat(&self) -> bool {
        self.curves.iter().flatten().all(|curve| curve.gain == 1.0 && curve.base == curve.low)
    }

    /// The curves for row `y`, between those of two rows of neighbourhoods.
    fn line(&self, y: usize, height: usize) -> [Curve; TILES] {
        let (above, share) = between(y, height);
        let below = (above + 1).min(TILES - 1);
        std::array::from_fn(|x| self.curves[above][x].mixed(self.curves[below][x], share))
    }
}

/// The neighbourhood whose centre lies at or before row `at`, and the share of the next one.
fn between(at: usize, length: usize) -> (usize, f32) {
    let place = (at as f32 + 0.5) * (TILES as f32 / length as f32) - 0.5;
    let place = place.clamp(0.0, (TILES - 1) as f32);
    let low = place as usize;
    (low, place - low as f32)
}

/// Luminance of each neighbourhood.
fn histograms(raw: &[u8], width: usize, height: usize) -> [[Histogram; TILES]; TILES] {
    let mut all = [[[0; 256]; TILES]; TILES];
    all.par_iter_mut().enumerate().for_each(|(tile, row)| {
        for y in tile * height / TILES..(tile + 1) * height / TILES {
            let line = raw[y * width * 3..(y + 1) * width * 3].as_chunks::<3>().0;
            for (x, histogram) in row.iter_mut().enumerate() {
                for pixel in &line[x * width / TILES..(x + 1) * width / TILES] {
                    histogram[(luminance(pixel) + 0.5) as usize] += 1;
                }
            }
        }
    });
    all
}

/// A neighbourhood's histogram with those of the ones around it.
fn around(tiles: &[[Histogram; TILES]; TILES], y: usize, x: usize) -> Histogram {
    let near = |at: usize| at.saturating_sub(1)..(at + 2).min(TILES);
    let mut sum = [0; 256];
    for tile in near(y).flat_map(|y| near(x).map(move |x| &tiles[y][x])) {
        sum.iter_mut().zip(tile).for_each(|(sum, count)| *sum += count);
    }
    sum
}
