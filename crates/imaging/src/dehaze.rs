//! Haze removal by the dark channel prior (He, Sun and Tang 2009) with a guided filter.
//!
//! Haze mixes every colour with the light of the air: `seen = clear * t + air * (1 - t)`, and the
//! transmission `t` falls with distance. Somewhere in almost every patch of a clear photo one channel
//! is near 0, so what is left there tells `t`. That fails on bright walls and on skies; three
//! heuristics of our own keep the prior from harm:
//! - the veil counts only as far as a low percentile over a wide neighbourhood shows it too,
//! - where that percentile is low nearly everywhere there is no haze, and the photo stays as it is,
//! - what is smooth and close to the air's light is sky and is amplified little.
//!
//! Estimated on a thumbnail, applied at full size; values stay where sRGB can show them, so colours
//! shift nowhere by clipping.

use image::RgbImage;
use rayon::prelude::*;

use crate::color::{Rgb, dithered, luma, noise, smoothstep, unit};
use crate::map::{Guided, Map, percentile, thumbnail};

/// Peak bytes of [`remove`], whatever the photo.
pub const BASE_BYTES: u64 = 32 * 1024 * 1024;

/// Long side of the thumbnail.
const SIDE: u32 = 640;

/// How much of the veil goes; a rest keeps the impression of depth.
const OMEGA: f32 = 0.92;

/// Smallest transmission: colours are amplified at most five times.
const THINNEST: f32 = 0.2;

/// Removes haze in place. A photo without haze stays byte for byte as it is.
pub fn remove(photo: &mut RgbImage) {
    if photo.is_empty() {
        return;
    }
    if let Some(haze) = Haze::find(&thumbnail(photo, SIDE)) {
        haze.remove(photo);
    }
}

/// The haze of a photo.
struct Haze {
    /// Colour of the air.
    air: Rgb,
    /// Transmission as a function of luma.
    transmission: Guided,
}

impl Haze {
    fn find(small: &RgbImage) -> Option<Self> {
        // A patch of 15 pixels at the thumbnail's full size, as in the paper.
        let radius = (small.width().max(small.height()) as usize / 85).max(1);
        let air = airlight(small, radius);
        let dark = Map::of(small, |pixel| veil(pixel, air)).erode(radius);
        let density = density(&dark);
        if density == 0.0 {
            return None;
        }
        let gray = Map::of(small, luma);
        let floor = percentiles(&dark, 16, 0.2);
        let thinning = |dark: f32, floor: f32| 1.0 - OMEGA * density * dark.min(2.0 * floor);
        let transmission = dark.join(&floor, thinning);
        let contrast = (1.0 - floor.percentile(0.5)).max(0.1);
        let sky = sky(small, &gray, air, radius, contrast);
        let transmission = transmission.join(&sky, f32::max);
        Some(Self { air, transmission: Guided::fit(&gray, &transmission, radius * 5, 1e-3) })
    }

    fn remove(&self, photo: &mut RgbImage) {
        let (width, height) = (photo.width() as usize, photo.height());
        let buffers = || (vec![0.0; width], vec![0.0; width]);
        let rows = photo.par_chunks_exact_mut(width * 3).enumerate().with_min_len(8);
        rows.for_each_init(buffers, |(slope, offset), (y, row)| {
            let y = y as u32;
            self.transmission.slope.stretched_row(y, height, slope);
            self.transmission.offset.stretched_row(y, height, offset);
            for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
                let (hazy, column) = (unit(*pixel), x as u32);
                let t = self.bounded(hazy, slope[x] * luma(hazy) + offset[x]);
                // The steps between the file's values grow too; noise as wide as they are hides them.
                let grain = (noise(column, y) - 0.5) * (1.0 / t - 1.0);
                *pixel = std::array::from_fn(|c| {
                    let clear = (hazy[c] - self.air[c]) / t + self.air[c];
                    dithered(clear * 255.0 + grain, column, y)
                });
            }
        });
    }

    /// The transmission, held where the colour behind the haze is one that sRGB can show.
    fn bounded(&self, hazy: Rgb, transmission: f32) -> f32 {
        // A little less than all of the veil, so that the darkest parts keep their detail.
        let mut t = transmission.max(THINNEST).max(1.0 - 0.97 * veil(hazy, self.air));
        for (value, air) in hazy.into_iter().zip(self.air) {
            // Above the air's light: no brighter than white.
            t = t.max((value - air) / (1.0 - air));
        }
        t.min(1.0)
    }
}

/// The most haze that a colour can hold: its smallest share of the air's light.
fn veil(color: Rgb, air: Rgb) -> f32 {
    let shares = color.into_iter().zip(air).map(|(value, air)| value / air);
    shares.fold(1.0, f32::min)
}

/// How sure it is that there is haze, 0 to 1: veiled must be even the darkest parts of most of the
/// photo's quarters.
fn density(dark: &Map) -> f32 {
    smoothstep(0.06, 0.18, percentiles(dark, 4, 0.05).percentile(0.5))
}

/// The colour of the air: the mean of those pixels whose neighbourhood is brightest in its darkest
/// channel, the thickest haze. Where that is dim (no sky in view) the brightest pixels pull it up.
/// Haze is pale, and bluish at most: a warm or strong tint is more likely the scene's own (skin, wood,
/// the blue of the sky) and believed the less.
fn airlight(small: &RgbImage, radius: usize) -> Rgb {
    let dark = Map::of(small, |[r, g, b]| r.min(g).min(b)).erode(radius);
    let thick = dark.percentile(0.999);
    let (mut sum, mut count) = ([0.0; 3], 0.0);
    for (&pixel, _) in
        small.as_chunks::<3>().0.iter().zip(&dark.values).filter(|(_, dark)| **dark >= thick)
    {
        let color = unit(pixel);
        sum = std::array::from_fn(|c| sum[c] + color[c]);
        count += 1.0;
    }
    let mean = sum.map(|sum: f32| sum / count);
    let top = mean.into_iter().fold(0.05, f32::max);
    let brightest = Map::of(small, luma).percentile(0.999);
    let level = top.max((top + brightest) / 2.0).max(0.5);
    let tint = 1.0 - mean.into_iter().fold(1.0, f32::min) / top;
    let cool = if mean[2] >= mean[0] { 0.95 } else { 0.5 };
    let belief = cool * (1.0 - 0.8 * smoothstep(0.12, 0.3, tint));
    mean.map(|value| (level * (1.0 - belief + belief * value / top)).clamp(0.2, 0.998))
}

/// Least transmission, near 1 in what is smooth and as bright as the air, for a photo whose contrast
/// haze has reduced to this share.
fn sky(small: &RgbImage, gray: &Map, air: Rgb, radius: usize, contrast: f32) -> Map {
    let away = |color: Rgb| {
        let away = color.into_iter().zip(air).map(|(value, air)| (value - air).abs());
        away.fold(0.0, f32::max)
    };
    let away = Map::of(small, away).mean(radius);
    let mean = gray.mean(radius);
    let squares = gray.join(gray, |a, b| a * b).mean(radius);
    let deviation = squares.join(&mean, |square, mean| (square - mean * mean).max(0.0).sqrt());
    away.join(&deviation, |away, deviation| {
        let below = |from: f32, to: f32, value: f32| 1.0 - smoothstep(from, to, value / contrast);
        let alike = below(0.07, 0.17, away).max(0.5 * below(0.17, 0.4, away));
        alike * below(0.017, 0.05, deviation)
    })
}

/// A percentile of the map's values around each cell, over neighbourhoods of about twice the long
/// side's `parts`th part, at the map's own size.
fn percentiles(map: &Map, parts: usize, rank: f32) -> Map {
    let (width, height) = (map.width, map.height);
    let cell = width.max(height).div_ceil(parts).max(4);
    let (columns, rows) = (width.div_ceil(cell), height.div_ceil(cell));
    let around = |i: usize, length: usize| {
        (i * cell).saturating_sub(cell / 2)..((i + 1) * cell + cell / 2).min(length)
    };
    let cells = (0..rows * columns).into_par_iter().map(|i| {
        let (xs, ys) = (around(i % columns, width), around(i / columns, height));
        let lines = ys.map(|y| &map.values[y * width..][xs.clone()]);
        percentile(&mut lines.flatten().copied().collect::<Vec<_>>(), rank)
    });
    let coarse = Map { width: columns, height: rows, values: cells.collect() }.mean(1);
    let mut fine = Map { width, height, values: vec![0.0; width * height] };
    for (y, row) in fine.values.chunks_exact_mut(width).enumerate() {
        coarse.stretched_row(y as u32, height as u32, row);
    }
    fine
}

#[cfg(test)]
mod tests {
    use image::{Rgb as Pixel, imageops};

    use super::*;
    use crate::testing::{psnr, scene};

    /// Haze of the density `beta`, thicker to the top as with distance, in air of this colour.
    fn hazed(clear: &RgbImage, beta: f32, air: [f32; 3]) -> RgbImage {
        RgbImage::from_fn(clear.width(), clear.height(), |x, y| {
            let distance = 1.2 - y as f32 / clear.height() as f32;
            let t = (-beta * distance).exp();
            let pixel = clear.get_pixel(x, y).0;
            Pixel(std::array::from_fn(|c| {
                (f32::from(pixel[c]) * t + 255.0 * air[c] * (1.0 - t)).round() as u8
            }))
        })
    }

    #[test]
    fn haze_goes_and_colours_stay() {
        let clear = scene(480, 320);
        for (beta, air, wanted) in
            [(0.8, [0.9; 3], 20.0), (1.4, [0.9; 3], 17.5), (0.8, [0.85, 0.9, 0.95], 18.0)]
        {
            let hazy = hazed(&clear, beta, air);
            let mut found = hazy.clone();
            remove(&mut found);
            // Without the sky, which is to stay.
            let ground = |p: &RgbImage| imageops::crop_imm(p, 0, 110, 480, 210).to_image();
            let (hazy, found, clear) = (ground(&hazy), ground(&found), ground(&clear));
            let (before, after) = (psnr(&clear, &hazy), psnr(&clear, &found));
            assert!(after > wanted, "{before:.2} dB became {after:.2} dB at {beta}");
        }
    }

    #[test]
    fn more_haze_is_removed_where_there_is_more() {
        let hazy = hazed(&scene(320, 320), 1.0, [0.9; 3]);
        let mut found = hazy.clone();
        remove(&mut found);
        let change = |rows: std::ops::Range<u32>| {
            let all = rows.flat_map(|y| (0..320).map(move |x| (x, y)));
            all.map(|(x, y)| u64::from(hazy.get_pixel(x, y)[2].abs_diff(found.get_pixel(x, y)[2])))
                .sum::<u64>()
        };
        assert!(change(110..160) > change(250..300) * 5 / 4);
    }

    #[test]
    fn a_clear_photo_stays_as_it_is() {
        let clear = scene(400, 300);
        let mut found = clear.clone();
        remove(&mut found);
        assert!(clear == found);
    }

    #[test]
    fn any_size_and_any_flat_colour_passes() {
        for (width, height) in [(0, 0), (1, 1), (10, 10), (40, 10), (3, 200), (1300, 11)] {
            for color in [[0; 3], [255; 3], [200, 210, 220], [9, 250, 1]] {
                let mut photo = RgbImage::from_pixel(width, height, Pixel(color));
                remove(&mut photo);
                assert!(
                    photo.pixels().all(|p| p.0.iter().zip(color).all(|(a, b)| a.abs_diff(b) < 60))
                );
            }
        }
    }

    #[test]
    fn gray_stays_gray() {
        let mut photo = hazed(&scene(200, 200), 1.0, [0.9; 3]);
        for pixel in photo.pixels_mut() {
            pixel.0 = [pixel.0[1]; 3];
        }
        remove(&mut photo);
        assert!(photo.pixels().all(|p| p.0[0] == p.0[1] && p.0[1] == p.0[2]));
    }
}
