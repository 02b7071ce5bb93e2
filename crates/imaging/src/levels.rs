//! Levels: the range of a photo that has little of it, stretched by one curve for all channels.
//!
//! Where black or white lie is told by percentiles; a photo is stretched only where both its range is
//! short and its brightest parts are dim, so that high-key photos stay. One curve for all channels
//! keeps the balance. Limits are heuristics of our own.

use crate::color::luma;

/// Long side of the sample that is measured.
pub(crate) const SIDE: u32 = 512;
/// Ranges from the first on are good; below the second all that is missing is added.
const GOOD_RANGE: f32 = 185.0;
const SHORT_RANGE: f32 = 165.0;
/// The same for the brightest level.
const GOOD_WHITE: f32 = 226.0;
const DIM_WHITE: f32 = 208.0;
/// Ranges of luma up to this are noise on a plain surface.
const PLAIN_RANGE: f32 = 6.0;
/// Levels that the darkest and the brightest parts are brought to.
const BLACK: f32 = 1.0;
const WHITE: f32 = 254.0;
/// Largest gain.
const MOST: f32 = 4.0;
/// From this level on the curve bends towards white instead of clipping.
const SHOULDER: f32 = 247.0;

/// Luma up to which a place is dark at night, and the share of such places from which on a photo with lamps
/// is one of the night.
const DARK: usize = 80;
const MOSTLY_DARK: f32 = 0.6;
/// Luma from which on a place is a lamp, and the least share of such places.
const LIT: usize = 200;
const LEAST_LIT: f32 = 0.0008;

/// Bins of the luma histogram for each level.
const STEPS: usize = 8;

/// Histograms of a photo, from a sample of its pixels.
pub struct Tones {
    /// Of luma, and of the minimum and the maximum of the channels.
    luma: Vec<u32>,
    least: Vec<u32>,
    greatest: Vec<u32>,
}

impl Tones {
    /// Counts colours.
    pub fn of(colors: &[[u8; 3]]) -> Self {
        let mut tones =
            Self { luma: vec![0; 255 * STEPS + 1], least: vec![0; 256], greatest: vec![0; 256] };
        for &[r, g, b] in colors {
            // The offset keeps rounding errors from counting a gray below its own level.
            let step = luma([r, g, b].map(f32::from)) * STEPS as f32 + 0.01;
            tones.luma[(step as i32 as usize).min(255 * STEPS)] += 1;
            tones.least[usize::from(r.min(g).min(b))] += 1;
            tones.greatest[usize::from(r.max(g).max(b))] += 1;
        }
        tones
    }

    /// Whether the photo was taken at night: dark for the most part, and with lamps, so that it is meant to be
    /// dark.
    pub fn is_night(&self) -> bool {
        let sum = |counts: &[u32]| counts.iter().sum::<u32>() as f32;
        let all = sum(&self.luma).max(1.0);
        let (dark, lit) = self.luma.split_at(DARK * STEPS);
        let lit = &lit[(LIT - DARK) * STEPS..];
        sum(dark) / all > MOSTLY_DARK && sum(lit) / all > LEAST_LIT
    }
}

/// The bin of the quantile `rank` (0 to 1) of a histogram; 0 where it is empty.
fn quantile(counts: &[u32], rank: f32) -> f32 {
    let last = counts.iter().sum::<u32>().saturating_sub(1);
    let below = (last as f32 * rank).round() as u32;
    let mut seen = 0;
    let is_reached = |count: &u32| {
        seen += count;
        seen > below
    };
    counts.iter().position(is_reached).unwrap_or(0) as f32
}

/// A curve on encoded values (0 to 255), the same for all channels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Levels {
    low: f32,
    gain: f32,
    /// Share of the way from the value as it is to the stretched one.
    strength: f32,
}

impl Levels {
    /// The curve that a photo of such tones needs; `None` where its range is good, and at night.
    pub fn of(tones: &Tones) -> Option<Self> {
        let [darkest, brightest] =
            [0.003, 0.997].map(|rank| quantile(&tones.luma, rank) / STEPS as f32);
        let low = darkest.min(quantile(&tones.least, 0.029));
        let high = quantile(&tones.greatest, 0.997);
        let range = high - low;
        if brightest - darkest < PLAIN_RANGE {
            return None;
        }
        let ramp =
            |good: f32, bad: f32, value: f32| ((good - value) / (good - bad)).clamp(0.0, 1.0);
        let strength = ramp(GOOD_RANGE, SHORT_RANGE, range) * ramp(GOOD_WHITE, DIM_WHITE, high);
        let gain = ((WHITE - BLACK) / range.max(1.0)).min(MOST);
        (strength > 0.01 && !tones.is_night()).then_some(Self { low, gain, strength })
    }

    /// The new value of an encoded one, both 0 to 255. Never falls.
    pub fn value(&self, value: f32) -> f32 {
        let stretched = ((value - self.low) * self.gain + BLACK).max(0.0);
        let room = 255.0 - SHOULDER;
        let bent = match stretched > SHOULDER {
            true => SHOULDER + room * (1.0 - (-(stretched - SHOULDER) / room).exp()),
            false => stretched,
        };
        value + self.strength * (bent - value)
    }
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;
    use crate::map::samples;
    use crate::testing::{psnr, scene};

    fn each(photo: &RgbImage, value: impl Fn(f32) -> f32) -> RgbImage {
        let mut photo = photo.clone();
        photo.iter_mut().for_each(|v| *v = value(f32::from(*v)).round().clamp(0.0, 255.0) as u8);
        photo
    }

    fn levels_of(photo: &RgbImage) -> Option<Levels> {
        Levels::of(&Tones::of(&samples(photo, None, SIDE)))
    }

    #[test]
    fn short_ranges_are_stretched_and_good_ones_stay() {
        let photo = scene(300, 220);
        assert_eq!(levels_of(&photo), None);
        let flat: &dyn Fn(f32) -> f32 = &|v| 60.0 + 0.45 * v;
        let dim: &dyn Fn(f32) -> f32 = &|v| 0.35 * v;
        for worse in [flat, dim] {
            let worse = each(&photo, worse);
            let levels = levels_of(&worse).expect("a curve");
            let found = each(&worse, |value| levels.value(value));
            let (before, after) = (psnr(&photo, &worse), psnr(&photo, &found));
            assert!(after > before + 12.0 && after > 28.0, "{before:.1} dB became {after:.1} dB");
        }
    }

    #[test]
    fn bright_photos_and_night_stay() {
        // Goods on white: a short range that reaches white.
        let bright = RgbImage::from_fn(200, 200, |x, y| {
            image::Rgb(if x.abs_diff(100) + y.abs_diff(100) < 50 { [150; 3] } else { [250; 3] })
        });
        assert_eq!(levels_of(&bright), None);
        let night = |lamp: u8| {
            RgbImage::from_fn(200, 200, |x, y| {
                image::Rgb(if x < 8 && y < 8 { [lamp; 3] } else { [(x / 2 % 30) as u8; 3] })
            })
        };
        assert_eq!(levels_of(&night(205)), None);
        assert!(levels_of(&night(90)).is_some_and(|levels| levels.strength > 0.9));
    }

    #[test]
    fn the_curve_never_falls_nor_leaves_the_range() {
        let photo = each(&scene(120, 90), |v| 40.0 + 0.4 * v);
        let levels = levels_of(&photo).expect("a curve");
        let values: Vec<f32> = (0..=255).map(|v| levels.value(v as f32)).collect();
        assert!(values.is_sorted() && values[0] >= 0.0 && values[255] <= 255.0);
    }
}
