//! What a look does by place: glow, vignette and grain. Sizes follow the photo's long side.

use image::RgbImage;
use rayon::prelude::*;
use safelight_imaging::color::{LINEAR, Rgb, dithered, luma, smoothstep, to_linear, to_srgb};
use safelight_imaging::map::Map;

/// Cells of the glow's map along its long side, at most.
const GLOW_SIDE: usize = 400;
/// Standard deviation of the glow, as a share of the long side.
const GLOW_REACH: f32 = 0.014;
/// Linear light from which a pixel glows, and from which it does so fully.
const GLOW_FROM: [f32; 2] = [0.45, 0.95];

/// Light of `color` spreads from the brightest parts over their surroundings.
pub fn glow(photo: &mut RgbImage, amount: f32, color: Rgb) {
    let (width, height) = (photo.width() as usize, photo.height() as usize);
    let step = width.max(height).div_ceil(GLOW_SIDE).max(1);
    let light = bright_parts(photo, step);
    let sigma = GLOW_REACH * light.width.max(light.height) as f32;
    let spread = light.gaussian(sigma.max(0.5));
    let rows = photo.par_chunks_exact_mut(width.max(1) * 3).enumerate().with_min_len(8);
    rows.for_each(|(y, row)| {
        let place = |at: usize| (at as f32 + 0.5) / step as f32 - 0.5;
        for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let glow = amount * spread.between(place(x), place(y));
            if glow < 1e-3 {
                continue;
            }
            for (value, color) in pixel.iter_mut().zip(color) {
                let light = LINEAR[usize::from(*value)];
                let lit = to_srgb(light + glow * color * (1.0 - light));
                let highest = if *value == 255 { 255 } else { 254 };
                *value = dithered(lit * 255.0, x as u32, y as u32).min(highest);
            }
        }
    });
}

/// How much light above the threshold is in each square of `step` pixels.
fn bright_parts(photo: &RgbImage, step: usize) -> Map {
    let (width, height) = (photo.width() as usize, photo.height() as usize);
    let (columns, rows) = (width.div_ceil(step), height.div_ceil(step));
    let empty = Map { width: columns, height: rows, values: vec![0.0; columns * rows] };
    empty.each(|column, row| {
        let (mut sum, mut count) = (0.0, 0.0);
        for y in (row * step..((row + 1) * step).min(height)).step_by(step.div_ceil(4)) {
            for x in (column * step..((column + 1) * step).min(width)).step_by(step.div_ceil(4)) {
                let pixel = photo.get_pixel(x as u32, y as u32).0;
                let light = luma(pixel.map(|value| LINEAR[usize::from(value)]));
                sum += light * smoothstep(GLOW_FROM[0], GLOW_FROM[1], light);
                count += 1.0;
            }
        }
        sum / count
    })
}

/// Darkens the corners by the share `vignette` of their light and adds grain of this standard
/// deviation, strongest in mid-tones.
pub fn vignette_and_grain(photo: &mut RgbImage, vignette: f32, grain: f32) {
    if vignette == 0.0 && grain == 0.0 {
        return;
    }
    let (width, height) = photo.dimensions();
    let long = width.max(height);
    // As strong at any size where the whole photo is seen.
    let grain = grain * (long as f32 / 1600.0).clamp(0.35, 1.0);
    let noise = Grain::new(long);
    let (half_x, half_y) = (width as f32 / 2.0, height as f32 / 2.0);
    let corner = half_x.hypot(half_y).max(1.0);
    let rows = photo.par_chunks_exact_mut(width.max(1) as usize * 3).enumerate().with_min_len(8);
    rows.for_each(|(y, row)| {
        for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let (dx, dy) = (x as f32 + 0.5 - half_x, y as f32 + 0.5 - half_y);
            let lost = vignette * smoothstep(0.3, 1.1, dx.hypot(dy) / corner);
            let color = pixel.map(|value| f32::from(value) / 255.0);
            let tone = luma(color);
            let grain = grain * noise.at(x, y) * (4.0 * tone * (1.0 - tone)).max(0.0).sqrt();
            for (value, color) in pixel.iter_mut().zip(color) {
                let dark =
                    if lost > 0.0 { to_srgb(to_linear(color) * (1.0 - lost)) } else { color };
                let found = dithered((dark + grain) * 255.0, x as u32, y as u32);
                let low = u8::from(*value != 0);
                *value = found.clamp(low, if *value == 255 { 255 } else { 254 });
            }
        }
    });
}

/// Noise of mean 0 and variance 1 that repeats every [`TILE`] pixels.
struct Grain(Map);

/// Side of the tile of noise.
const TILE: usize = 256;

impl Grain {
    /// Grain for a photo with this long side: one pixel wide up to 1600 pixels.
    fn new(long_side: u32) -> Self {
        let mut state = 0x9e37_79b9_u32;
        let mut next = || {
            // The generator of Marsaglia (2003).
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as f32 / u32::MAX as f32
        };
        let values = (0..TILE * TILE).map(|_| (0..4).map(|_| next()).sum::<f32>() - 2.0).collect();
        let white = Map { width: TILE, height: TILE, values };
        let sigma = 0.55 * (long_side as f32 / 1600.0).max(1.0);
        let reach = (3.0 * sigma).ceil() as usize;
        // The tile's surroundings are the tile itself.
        let around = Map {
            width: TILE + 2 * reach,
            height: TILE + 2 * reach,
            values: vec![0.0; (TILE + 2 * reach).pow(2)],
        };
        let around = around.each(|x, y| {
            let wrapped = |at: usize| (at + TILE - reach % TILE) % TILE;
            white.values[wrapped(y) * TILE + wrapped(x)]
        });
        let soft = around.gaussian(sigma);
        let tile = white.each(|x, y| soft.values[(y + reach) * soft.width + x + reach]);
        let mean = tile.values.iter().sum::<f32>() / tile.values.len() as f32;
        let variance = tile.values.iter().map(|value| (value - mean).powi(2)).sum::<f32>();
        let deviation = (variance / tile.values.len() as f32).sqrt().max(1e-6);
        Self(tile.each(|x, y| (tile.values[y * TILE + x] - mean) / deviation))
    }

    fn at(&self, x: usize, y: usize) -> f32 {
        self.0.values[y % TILE * TILE + x % TILE]
    }
}
