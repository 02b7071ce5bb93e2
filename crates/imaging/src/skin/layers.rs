//! What skin's colour is made of: lightness, melanin and haemoglobin.

use image::RgbImage;
use rayon::prelude::*;

use super::light::Light;
use super::mask::Mask;
use crate::color::{LINEAR, lightness, luma};
use crate::map::Map;

/// How strongly each pigment absorbs red, green and blue (about 610, 545 and 465 nm), as vectors of
/// length 1. Melanin falls with the 3.33rd power of the wavelength (Jacques 2013); haemoglobin
/// follows the tabulated extinction of its oxygenated form (Prahl 1998), averaged over sRGB's wide
/// channels.
pub(super) const MELANIN: [f32; 3] = [0.34, 0.48, 0.81];
pub(super) const HAEMOGLOBIN: [f32; 3] = [0.15, 0.76, 0.63];
/// Linear light below this counts as this: the logarithm of noise says nothing.
const DARKEST: f32 = 0.004;
/// How far colours of the skin reach into what is no skin, so that filters see no edge there.
const REACH: usize = 24;

/// Over how far layers are averaged before their slopes are found.
const SMOOTH: usize = 6;
/// Two places that differ by less in shade say nothing about how pigments go with it.
const LEAST_SHADE: f32 = 0.12;
/// A steeper slope is no camera's.
const STEEPEST: f32 = 1.0;

/// One value per pixel of a chip. Outside the skin they hold what the skin around would have.
#[derive(Clone, Debug)]
pub(crate) struct Layers {
    /// CIE L*, 0 to 100, of the chip as it is.
    pub lightness: Map,
    /// Density of melanin: natural absorbance over [`MELANIN`], up to a constant.
    pub melanin: Map,
    /// Density of haemoglobin, likewise.
    pub haemoglobin: Map,
    /// Absorbance that all colours share: shade, up to a constant.
    pub shade: Map,
}

impl Layers {
    pub fn of(chip: &RgbImage, mask: &Mask, light: &Light) -> Self {
        let inverse = inverse([MELANIN, HAEMOGLOBIN, [1.0; 3]]);
        let pixels = chip.as_chunks::<3>().0;
        let all: Vec<[f32; 4]> = pixels
            .par_iter()
            .map(|pixel| {
                let linear = pixel.map(|value| LINEAR[usize::from(value)]);
                let balanced: [f32; 3] = std::array::from_fn(|c| linear[c] * light.gains[c]);
                let absorbed = balanced.map(|value| -value.max(DARKEST).ln());
                let [m, h, s] =
                    inverse.map(|row| row.iter().zip(absorbed).map(|(a, b)| a * b).sum());
                [lightness(luma(linear)) * 100.0, m, h, s]
            })
            .collect();
        let weight = Map::from_mask(mask).mean(REACH).mean(REACH);
        let layer = |i: usize| {
            let values = all.iter().map(|values| values[i]).collect();
            let map = Map { width: mask.width, height: mask.height, values };
            filled(map, mask, &weight)
        };
        let [lightness, mut melanin, mut haemoglobin, shade] = [0, 1, 2, 3].map(layer);
        for pigment in [&mut melanin, &mut haemoglobin] {
            let slope = slope(pigment, &shade, mask);
            let pairs = pigment.values.iter_mut().zip(&shade.values);
            pairs.for_each(|(pigment, shade)| *pigment -= slope * shade);
        }
        Self { lightness, melanin, haemoglobin, shade }
    }
}

/// How much a pigment seems to grow with shade: cameras make shadows more colourful than they are,
/// and skin lights skin. The median slope between places of the mask that differ in shade (after
/// Theil 1950), so that what is pigment indeed, which covers less than half, does not count.
fn slope(pigment: &Map, shade: &Map, mask: &Mask) -> f32 {
    let (pigment, shade) = (pigment.mean(SMOOTH), shade.mean(SMOOTH));
    let places: Vec<usize> = mask.indices().step_by(97).collect();
    let half = places.len() / 2;
    let pairs = (1..8).flat_map(|turn| {
        let other = (half * turn / 4 + 7 * turn) % places.len().max(1);
        let places = &places;
        places.iter().enumerate().map(move |(i, &a)| (a, places[(i + other) % places.len()]))
    });
    let mut slopes: Vec<f32> = pairs
        .filter_map(|(a, b)| {
            let shades = shade.values[a] - shade.values[b];
            let usable = shades.abs() > LEAST_SHADE;
            usable.then(|| (pigment.values[a] - pigment.values[b]) / shades)
        })
        .collect();
    if slopes.len() < places.len() / 4 {
        return 0.0;
    }
    crate::map::percentile(&mut slopes, 0.5).clamp(0.0, STEEPEST)
}

/// The map, outside the mask replaced by the mean of what lies inside nearby.
fn filled(mut map: Map, mask: &Mask, weight: &Map) -> Map {
    let mut inside: Vec<f32> = mask.indices().map(|i| map.values[i]).collect();
    let middle = crate::map::percentile(&mut inside, 0.5);
    map.values.iter_mut().for_each(|value| *value -= middle);
    let mut skin = map;
    skin.values.iter_mut().zip(&mask.bits).for_each(|(value, &bit)| {
        if !bit {
            *value = 0.0;
        }
    });
    let spread = skin.mean(REACH).mean(REACH);
    let cells = skin.values.iter_mut().zip(&mask.bits).zip(&spread.values).zip(&weight.values);
    cells.for_each(|(((value, &bit), sum), &weight)| {
        if !bit {
            *value = sum / weight.max(1e-3);
        }
        *value += middle;
    });
    skin
}

/// The inverse of the matrix with these columns, as rows.
fn inverse([a, b, c]: [[f32; 3]; 3]) -> [[f32; 3]; 3] {
    let cross = |u: [f32; 3], v: [f32; 3]| {
        [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]]
    };
    let rows = [cross(b, c), cross(c, a), cross(a, b)];
    let determinant: f32 = rows[0].iter().zip(a).map(|(x, y)| x * y).sum();
    rows.map(|row| row.map(|value| value / determinant))
}

impl Map {
    /// 1 where the mask is, else 0.
    pub(super) fn from_mask(mask: &Mask) -> Self {
        let values = mask.bits.iter().map(|&bit| f32::from(u8::from(bit))).collect();
        Self { width: mask.width, height: mask.height, values }
    }

    /// The value that the share `rank` of the mask's pixels lies below; 0 for an empty mask.
    pub(super) fn rank_in(&self, mask: &Mask, rank: f32) -> f32 {
        let mut values: Vec<f32> = mask.indices().map(|i| self.values[i]).collect();
        crate::map::percentile(&mut values, rank)
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;
    use crate::color::to_srgb;

    #[test]
    fn pigments_are_found_in_the_amounts_painted_whatever_the_shade() {
        let painted = |melanin: f32, haemoglobin: f32, shade: f32| {
            let color = std::array::from_fn(|c| {
                let absorbed = 0.5 + melanin * MELANIN[c] + haemoglobin * HAEMOGLOBIN[c] + shade;
                (to_srgb((-absorbed).exp()) * 255.0).round() as u8
            });
            let chip = RgbImage::from_pixel(4, 4, Rgb(color));
            let mask = Mask::of(4, 4, |_, _| true);
            let layers = Layers::of(&chip, &mask, &Light::white());
            [&layers.melanin, &layers.haemoglobin, &layers.shade].map(|map| map.values[5])
        };
        let base = painted(0.6, 0.5, 0.0);
        let close = |found: [f32; 3], wanted: [f32; 3]| {
            found.iter().zip(base).zip(wanted).all(|((f, b), w)| (f - b - w).abs() < 0.05)
        };
        assert!(close(painted(0.9, 0.5, 0.0), [0.3, 0.0, 0.0]));
        assert!(close(painted(0.6, 0.8, 0.0), [0.0, 0.3, 0.0]));
        assert!(close(painted(0.6, 0.5, 0.4), [0.0, 0.0, 0.4]));
    }
}
