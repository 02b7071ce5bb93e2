//! Haze removal by the dark channel prior (He, Sun and Tang 2009) with a guided filter.
//!
//! Haze mixes every colour with the light of the air: `seen = clear * t + air * (1 - t)`, and the
//! transmission `t` falls with distance. Somewhere in almost every patch of a clear photo one channel
//! is near 0, so what is left there tells `t`. That fails on bright walls and on skies; heuristics of
//! our own keep the prior from harm:
//! - graphics, sheets of paper and plain surfaces are no scenes and stay as they are,
//! - the veil counts only as far as a low percentile over a wide neighbourhood shows it too,
//! - where that percentile is low nearly everywhere there is no haze, and the photo stays as it is;
//!   unless detail fades with the veil, as it does where fog begins at some distance,
//! - what is smooth and close to the air's light is sky and is amplified little,
//! - strong colours keep their hue.
//!
//! Estimated on a thumbnail, applied at full size; values stay where sRGB can show them, so colours
//! shift nowhere by clipping.

use image::RgbImage;
use rayon::prelude::*;

use crate::color::{
    LINEAR, Rgb, dithered, from_oklab, luma, noise, oklab, smoothstep, to_linear, to_srgb, unit,
};
use crate::map::{Guided, Map, percentile, samples, thumbnail};

/// Peak bytes of [`remove`], whatever the photo.
pub const BASE_BYTES: u64 = 32 * 1024 * 1024;

/// Long side of the thumbnail.
const SIDE: u32 = 640;

/// How much of the veil goes; a rest keeps the impression of depth.
const OMEGA: f32 = 0.92;

/// Smallest transmission: colours are amplified at most five times.
const THINNEST: f32 = 0.2;

/// Blocks a side in which detail is measured.
const BLOCKS: usize = 8;
/// Mean difference of neighbours' luma from which a block shows detail.
const DETAIL: f32 = 0.008;
/// Share of blocks with detail below which a photo shows a plain surface.
const LEAST_DETAIL: f32 = 0.1;
/// Correlation of veil and detail below which detail fades into fog.
const FADING: f32 = -0.78;
/// Most colours of a graphic, in a sample of 4,096 pixels.
const FEW_COLOURS: usize = 64;
/// Oklab chroma from the first on is colour that keeps its hue, from the second on all of it.
const COLOURED: [f32; 2] = [0.02, 0.05];

/// Removes haze in place. A photo without haze stays byte for byte as it is.
pub fn remove(photo: &mut RgbImage) {
    if photo.is_empty() || is_graphic(photo) {
        return;
    }
    if let Some(haze) = Haze::find(&thumbnail(photo, SIDE)) {
        haze.remove(photo);
    }
}

/// Whether most neighbours are equal to the bit and there are few colours, as in drawings by a program
/// and never in photos.
fn is_graphic(photo: &RgbImage) -> bool {
    let mut colors = samples(photo, None, 64);
    colors.sort_unstable();
    colors.dedup();
    if colors.len() > FEW_COLOURS {
        return false;
    }
    let rows = photo.chunks_exact(photo.width() as usize * 3).step_by(3);
    let (equal, all) = rows.fold((0_usize, 0_usize), |(equal, all), row| {
        let pixels = row.as_chunks::<3>().0;
        let same = pixels.windows(2).filter(|pair| pair[0] == pair[1]).count();
        (equal + same, all + pixels.len() - 1)
    });
    equal * 10 > all * 7
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
        let gray = Map::of(small, luma);
        let scenery = Scenery::of(small, &gray, &dark);
        if !scenery.is_scene(small, &gray) {
            return None;
        }
        let density = density(&dark).max(scenery.fog());
        if density == 0.0 {
            return None;
        }
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
                let clear = std::array::from_fn(|c| (hazy[c] - self.air[c]) / t + self.air[c]);
                let clear = same_hue(*pixel, clear);
                *pixel = clear.map(|value| dithered(value * 255.0 + grain, column, y));
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

/// The colour with the hue that the pixel had, as far as that one is no gray.
fn same_hue(before: [u8; 3], after: Rgb) -> Rgb {
    let [_, a, b] = oklab(before.map(|value| LINEAR[usize::from(value)]));
    let share = smoothstep(COLOURED[0], COLOURED[1], a.hypot(b));
    if share == 0.0 {
        return after;
    }
    let [tone, new_a, new_b] = oklab(after.map(|value| to_linear(value.max(0.0))));
    let (chroma, scale) = (new_a.hypot(new_b), a.hypot(b).recip());
    let turned = from_oklab([tone, a * scale * chroma, b * scale * chroma]).map(to_srgb);
    std::array::from_fn(|c| after[c] + share * (turned[c] - after[c]))
}

/// Veil and detail of each block of a photo.
struct Scenery {
    /// The fifth percentile of the veil and the mean difference of neighbours' luma of those blocks
    /// that show detail.
    detailed: Vec<(f32, f32)>,
    blocks: usize,
}

impl Scenery {
    fn of(small: &RgbImage, gray: &Map, dark: &Map) -> Self {
        let (width, height) = (small.width() as usize, small.height() as usize);
        let (columns, rows) = (BLOCKS.min(width), BLOCKS.min(height));
        let block = |i: usize| {
            let (x, y) = (i % columns, i / columns);
            let (xs, ys) = (
                x * width / columns..(x + 1) * width / columns,
                y * height / rows..(y + 1) * height / rows,
            );
            let lines = |map: &Map| -> Vec<f32> {
                ys.clone().flat_map(|y| map.values[y * width..][xs.clone()].to_vec()).collect()
            };
            let steps: f32 = ys
                .clone()
                .flat_map(|y| gray.values[y * width..][xs.clone()].windows(2))
                .map(|pair| (pair[1] - pair[0]).abs())
                .sum();
            let detail = steps / (ys.len() * (xs.len() - 1)).max(1) as f32;
            (percentile(&mut lines(dark), 0.05), detail)
        };
        let all = (0..columns * rows).map(block);
        Self {
            detailed: all.filter(|(_, detail)| *detail >= DETAIL).collect(),
            blocks: columns * rows,
        }
    }

    /// Whether this is a view of things at all, and neither a plain surface nor a sheet of paper.
    fn is_scene(&self, small: &RgbImage, gray: &Map) -> bool {
        let white = gray.percentile(0.99);
        let paper = small.pixels().zip(&gray.values).filter(|(pixel, luma)| {
            let [r, g, b] = pixel.0;
            let spread = r.max(g).max(b) - r.min(g).min(b);
            **luma > white - 0.08 && spread < 26
        });
        let share = paper.count() as f32 / gray.values.len() as f32;
        let sheet = white > 0.8 && share > 0.5;
        !sheet && self.detailed.len() as f32 >= LEAST_DETAIL * self.blocks as f32
    }

    /// How sure it is that a part of the scene lies in fog, 0 to 1: the stronger the veil of a block,
    /// the less detail it shows.
    fn fog(&self) -> f32 {
        let count = self.detailed.len() as f32;
        if count < 0.25 * self.blocks as f32 {
            return 0.0;
        }
        let mean =
            |part: fn(&(f32, f32)) -> f32| self.detailed.iter().map(part).sum::<f32>() / count;
        let (veil, detail) = (mean(|block| block.0), mean(|block| block.1));
        let (products, squares, others) =
            self.detailed.iter().fold((0.0, 0.0, 0.0), |(xy, xx, yy), block| {
                let (x, y) = (block.0 - veil, block.1 - detail);
                (xy + x * y, xx + x * x, yy + y * y)
            });
        if products > FADING * (squares * others).sqrt() {
            return 0.0;
        }
        let mut veils: Vec<f32> = self.detailed.iter().map(|block| block.0).collect();
        smoothstep(0.06, 0.18, percentile(&mut veils, 0.9))
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
    fn fog_that_begins_at_a_distance_goes() {
        // Ground with detail everywhere. Nothing of the fog below, much of it above.
        let drawn = scene(480, 320);
        let clear = RgbImage::from_fn(480, 320, |x, y| *drawn.get_pixel(x, 215 + (y * 7) % 97));
        let foggy = RgbImage::from_fn(480, 320, |x, y| {
            let t = (-3.0 * (0.55 - y as f32 / 320.0).max(0.0)).exp();
            Pixel(clear.get_pixel(x, y).0.map(|v| (f32::from(v) * t + 225.0 * (1.0 - t)) as u8))
        });
        let mut found = foggy.clone();
        remove(&mut found);
        let above = |p: &RgbImage| imageops::crop_imm(p, 0, 100, 480, 70).to_image();
        let (before, after) =
            (psnr(&above(&clear), &above(&foggy)), psnr(&above(&clear), &above(&found)));
        assert!(after > before + 2.0, "{before:.2} dB became {after:.2} dB");
    }

    #[test]
    fn graphics_and_sheets_stay_as_they_are() {
        let graphic = RgbImage::from_fn(300, 200, |x, y| {
            Pixel(
                [[94, 58, 216], [240, 238, 250], [180, 160, 230]][((x / 60 + y / 50) % 3) as usize],
            )
        });
        let sheet = RgbImage::from_fn(300, 200, |x, y| {
            let ink = y % 20 > 12 && x % 7 < 3 && x > 30 && x < 220;
            let grain = (x * 7 + y * 13) % 5;
            Pixel([if ink { 140 } else { 232 + grain as u8 }; 3])
        });
        for photo in [graphic, sheet] {
            let mut found = photo.clone();
            remove(&mut found);
            assert!(found == photo);
        }
    }

    #[test]
    fn strong_colours_keep_their_hue() {
        let hazy = hazed(&scene(320, 240), 0.9, [0.98, 0.9, 0.84]);
        let mut found = hazy.clone();
        remove(&mut found);
        assert!(found != hazy);
        let hue = |pixel: [u8; 3]| {
            let [_, a, b] = oklab(pixel.map(|value| LINEAR[usize::from(value)]));
            (b.atan2(a).to_degrees(), a.hypot(b))
        };
        let turned = hazy.pixels().zip(found.pixels()).filter_map(|(before, after)| {
            let ((one, strong), (two, still)) = (hue(before.0), hue(after.0));
            let turn = (two - one + 540.0).rem_euclid(360.0) - 180.0;
            (strong > 0.06 && still > 0.06).then_some(turn.abs())
        });
        let turned: Vec<f32> = turned.collect();
        let mean = turned.iter().sum::<f32>() / turned.len() as f32;
        assert!(turned.len() > 1000 && mean < 4.0, "{mean} degrees on {} pixels", turned.len());
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
