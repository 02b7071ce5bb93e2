//! Colour grading: white balance, levels, tone and saturation of a photo, as far as it needs them.
//!
//! Everything is measured on a sample of the photo and becomes one colour table, so that equal
//! colours stay equal and slow gradients stay slow. The measures and their limits are heuristics of
//! our own: each correction starts only outside a range in which good photos lie.

use image::{GrayImage, RgbImage};

use crate::balance::{self, Skin};
use crate::color::{Rgb, from_oklab, lightness, luma, oklab, smoothstep, to_linear, to_srgb, unit};
use crate::levels::{Levels, Tones};
use crate::lut::Lut;
use crate::map::{percentile, samples, thumbnail};

/// Peak bytes of [`enhance`], whatever the photo.
pub const BASE_BYTES: u64 = 16 * 1024 * 1024;

/// Long side of the copy on which the balance of developed footage is measured.
const FOOTAGE_SIDE: u32 = 512;

/// What the photo is and how far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Flat footage in a logarithmic curve (ARRI LogC3): developed to sRGB, then graded strongly. What
    /// has darker or brighter parts than the curve allows is taken for an ordinary photo.
    LogC,
    /// An ordinary photo: its balance and its levels are corrected, and no more.
    Rec709,
    /// An ordinary photo, corrected strongly.
    Strong,
}

/// Range of mean lightness that a strong correction leaves alone.
const KEY: [f32; 2] = [0.34, 0.64];
/// Share of the way from outside that range to its border.
const LIFT: f32 = 0.8;
/// Standard deviation of lightness below which it raises contrast.
const SPREAD: f32 = 0.21;
/// Mean Oklab chroma below which it raises saturation, and the most that is multiplied with.
const CHROMA: [f32; 2] = [0.1, 1.4];

/// Grades a photo in place. Parts that `alpha` hides are not measured; `skins` are the people in it.
pub fn enhance(photo: &mut RgbImage, alpha: Option<&GrayImage>, look: Look, skins: &[Skin]) {
    if let Some(correction) = Correction::of(photo, alpha, look, skins) {
        Lut::bake(|color| correction.color(color)).apply(photo);
    }
}

/// What is done to a photo, in the order in which it applies.
struct Correction {
    development: Development,
    /// Factors on the encoded channels.
    gains: Rgb,
    levels: Option<Levels>,
    grade: Option<Grade>,
}

impl Correction {
    /// `None` where nothing is to be done.
    fn of(photo: &RgbImage, alpha: Option<&GrayImage>, look: Look, skins: &[Skin]) -> Option<Self> {
        let mut seen: Vec<Rgb> = samples(photo, alpha, 256).into_iter().map(unit).collect();
        if seen.is_empty() {
            return None;
        }
        let flatness = if look == Look::LogC { flatness(&seen) } else { 0.0 };
        let development = Development::of(&seen, flatness);
        let gains = match flatness > 0.0 {
            true => {
                let mut small = thumbnail(photo, FOOTAGE_SIDE);
                for pixel in small.pixels_mut() {
                    pixel.0 = bytes(development.color(unit(pixel.0)));
                }
                balance::gains(&small, alpha, &[])
            }
            false => balance::gains(photo, alpha, skins),
        };
        let mut correction = Self { development, gains, levels: None, grade: None };
        seen.iter_mut().for_each(|color| *color = correction.color(*color));
        let colors: Vec<[u8; 3]> = seen.iter().map(|&color| bytes(color)).collect();
        correction.levels = Levels::of(&Tones::of(&colors));
        if look != Look::Rec709 {
            seen.iter_mut().for_each(|color| *color = levelled(*color, correction.levels));
            correction.grade = Some(Grade::of(&seen)).filter(|grade| !grade.is_none());
        }
        let changes = flatness > 0.0
            || gains != [1.0; 3]
            || correction.levels.is_some()
            || correction.grade.is_some();
        changes.then_some(correction)
    }

    fn color(&self, color: Rgb) -> Rgb {
        let developed = self.development.color(color);
        let balanced = std::array::from_fn(|c| (developed[c] * self.gains[c]).min(1.0));
        let levelled = levelled(balanced, self.levels);
        self.grade.as_ref().map_or(levelled, |grade| grade.color(levelled))
    }
}

fn levelled(color: Rgb, levels: Option<Levels>) -> Rgb {
    levels.map_or(color, |levels| color.map(|value| levels.value(value * 255.0) / 255.0))
}

fn bytes(color: Rgb) -> [u8; 3] {
    color.map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8)
}

/// How likely it is that the values are logarithmic, 0 to 1: LogC3 puts black at 0.093 and nothing
/// near 1.
fn flatness(seen: &[Rgb]) -> f32 {
    let (black, white) = ends(seen);
    smoothstep(0.03, 0.08, black) * (1.0 - smoothstep(0.93, 0.99, white))
}

/// The level that all channels of almost all colours lie above, and the one they lie below.
fn ends(seen: &[Rgb]) -> (f32, f32) {
    let mut low: Vec<f32> = seen.iter().map(|c| c.iter().copied().fold(1.0, f32::min)).collect();
    let mut high: Vec<f32> = seen.iter().map(|c| c.iter().copied().fold(0.0, f32::max)).collect();
    (percentile(&mut low, 0.001), percentile(&mut high, 0.999))
}

/// From LogC3 to sRGB.
struct Development {
    share: f32,
    white: f32,
}

impl Development {
    fn of(seen: &[Rgb], share: f32) -> Self {
        let mut light: Vec<f32> = match share > 0.0 {
            true => seen.iter().map(|&color| luma(Self::light(color))).collect(),
            false => Vec::new(),
        };
        Self { share, white: percentile(&mut light, 0.999).max(1.0) }
    }

    fn color(&self, coded: Rgb) -> Rgb {
        if self.share == 0.0 {
            return coded;
        }
        // Reinhard's curve of 2002 with a white point, on luminance: middle gray stays near itself.
        let light = Self::light(coded);
        let luminance = luma(light).max(1e-6);
        let curve = |l: f32| l * (1.0 + l / (self.white * self.white)) / (1.0 + l);
        let toned = curve(luminance * 1.22) / curve(self.white * 1.22);
        let shown = fitted(light.map(|value| value * toned / luminance)).map(to_srgb);
        std::array::from_fn(|c| coded[c] + (shown[c] - coded[c]) * self.share)
    }

    /// Scene light of LogC3 at exposure index 800 and from ARRI Wide Gamut 3 to Rec. 709, as ARRI
    /// published them (2017).
    fn light(coded: Rgb) -> Rgb {
        let [r, g, b] = coded.map(|value| {
            if value > 0.149_658 {
                (10f32.powf((value - 0.385_537) / 0.247_19) - 0.052_272) / 5.555_556
            } else {
                (value - 0.092_809) / 5.367_655
            }
        });
        [
            1.617_523 * r - 0.537_287 * g - 0.080_237 * b,
            -0.070_573 * r + 1.334_613 * g - 0.264_04 * b,
            -0.021_102 * r - 0.226_954 * g + 1.248_056 * b,
        ]
    }
}

/// A strong correction of tone and saturation, in the order in which it applies.
struct Grade {
    /// Exponent on lightness.
    gamma: f32,
    /// Strength of the S-curve on lightness around `pivot`.
    contrast: f32,
    pivot: f32,
    /// Factor on the chroma of pale colours.
    saturation: f32,
}

impl Grade {
    fn of(seen: &[Rgb]) -> Self {
        let mut grade = Self { gamma: 1.0, contrast: 0.0, pivot: 0.5, saturation: 1.0 };
        let tones: Vec<f32> = seen.iter().map(|&color| tone(color)).collect();
        let mean = tones.iter().sum::<f32>() / tones.len() as f32;
        let wanted = mean.clamp(KEY[0], KEY[1]);
        let wanted = mean + (wanted - mean) * LIFT;
        if mean > 0.001 && mean < 0.999 {
            grade.gamma = (wanted.ln() / mean.ln()).clamp(0.45, 1.6);
        }
        let tones: Vec<f32> = tones.into_iter().map(|tone| tone.powf(grade.gamma)).collect();
        grade.pivot = (tones.iter().sum::<f32>() / tones.len() as f32).clamp(0.3, 0.7);
        let spread = deviation(&tones);
        if spread > 0.01 {
            grade.contrast = (SPREAD / spread - 1.0).clamp(0.0, 0.6);
        }
        let graded: Vec<Rgb> = seen.iter().map(|&color| grade.color(color)).collect();
        let chroma = chroma(&graded);
        if chroma > 0.006 {
            grade.saturation = (CHROMA[0] / chroma).clamp(1.0, CHROMA[1]);
        }
        grade
    }

    fn is_none(&self) -> bool {
        let same = |one: f32, two: f32| (one - two).abs() < 0.002;
        same(self.gamma, 1.0) && same(self.contrast, 0.0) && same(self.saturation, 1.0)
    }

    fn color(&self, color: Rgb) -> Rgb {
        let light = color.map(to_linear);
        let before = luma(light);
        if before <= 1e-6 {
            return color;
        }
        let tone = lightness(before).powf(self.gamma);
        let after = luminance(s_curve(tone, self.pivot, self.contrast));
        let toned = light.map(|value| value * after / before);
        fitted(saturated(toned, self.saturation)).map(to_srgb)
    }
}

/// Lightness of an sRGB colour, 0 to 1.
fn tone(color: Rgb) -> f32 {
    lightness(luma(color.map(to_linear)).max(0.0))
}

/// Luminance of a lightness.
fn luminance(lightness: f32) -> f32 {
    if lightness > 0.08 {
        ((lightness + 0.16) / 1.16).powi(3)
    } else {
        lightness * 2_700.0 / 24_389.0
    }
}

/// Steeper at the pivot by `strength`, flatter towards the ends, which stay.
fn s_curve(value: f32, pivot: f32, strength: f32) -> f32 {
    let half = |share: f32| share + strength * share * (1.0 - share) * (1.0 - share);
    let value = value.clamp(0.0, 1.0);
    if value < pivot {
        pivot * (1.0 - half(1.0 - value / pivot))
    } else {
        pivot + (1.0 - pivot) * half((value - pivot) / (1.0 - pivot))
    }
}

/// Pale colours get more colour, strong ones hardly, skin half as much.
fn saturated(light: Rgb, factor: f32) -> Rgb {
    if factor == 1.0 {
        return light;
    }
    let [tone, a, b] = oklab(light);
    let chroma = a.hypot(b);
    let pale = 1.0 - smoothstep(0.08, 0.25, chroma);
    let hue = b.atan2(a).to_degrees();
    let skin = 1.0 - smoothstep(15.0, 35.0, (hue - 52.0).abs());
    let gain = 1.0 + (factor - 1.0) * (0.25 + 0.75 * pale) * (1.0 - 0.5 * skin);
    from_oklab([tone, a * gain, b * gain])
}

/// A colour of the same luminance that sRGB can show: what is outside moves towards its gray, as far
/// as needed.
pub(crate) fn fitted(light: Rgb) -> Rgb {
    let gray = luma(light).clamp(0.0, 1.0);
    let share = light.into_iter().fold(1.0f32, |share, value| {
        if value > 1.0 {
            share.min((1.0 - gray) / (value - gray))
        } else if value < 0.0 {
            share.min(gray / (gray - value))
        } else {
            share
        }
    });
    light.map(|value| (gray + (value - gray) * share).clamp(0.0, 1.0))
}

fn deviation(values: &[f32]) -> f32 {
    let count = values.len() as f32;
    let mean = values.iter().sum::<f32>() / count;
    (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / count).sqrt()
}

fn chroma(colors: &[Rgb]) -> f32 {
    let all = colors.iter().map(|color| {
        let [_, a, b] = oklab(color.map(to_linear));
        a.hypot(b)
    });
    all.sum::<f32>() / colors.len() as f32
}

#[cfg(test)]
mod tests {
    use image::{Luma, Rgb as Pixel};

    use super::*;
    use crate::testing::{
        good_photos, mean_difference, mean_luminance, newly_clipped, psnr, scene,
    };

    const LOOKS: [Look; 3] = [Look::LogC, Look::Rec709, Look::Strong];

    fn each(photo: &RgbImage, color: impl Fn(Rgb) -> Rgb) -> RgbImage {
        let mut photo = photo.clone();
        for pixel in photo.pixels_mut() {
            pixel.0 = color(unit(pixel.0)).map(|v| (v.clamp(0.0, 1.0) * 255.0).round() as u8);
        }
        photo
    }

    fn graded(photo: &RgbImage, look: Look) -> RgbImage {
        let mut photo = photo.clone();
        enhance(&mut photo, None, look, &[]);
        photo
    }

    /// What a camera that records LogC3 makes of the light that the photo shows.
    fn logarithmic(photo: &RgbImage) -> RgbImage {
        each(photo, |color| {
            let [r, g, b] = color.map(to_linear);
            let wide = [
                0.6344 * r + 0.2746 * g + 0.0989 * b,
                0.0407 * r + 0.7867 * g + 0.169 * b,
                0.0181 * r + 0.1477 * g + 0.8342 * b,
            ];
            wide.map(|light| {
                if light > 0.010_591 {
                    0.247_19 * (5.555_556 * light + 0.052_272).log10() + 0.385_537
                } else {
                    5.367_655 * light + 0.092_809
                }
            })
        })
    }

    #[test]
    fn a_good_photo_is_left_nearly_alone_by_the_careful_look() {
        let photo = scene(300, 220);
        let after = graded(&photo, Look::Rec709);
        assert!(mean_difference(&photo, &after) < 3.0, "{}", mean_difference(&photo, &after));
    }

    #[test]
    fn good_photos_are_left_nearly_alone() {
        for photo in good_photos() {
            let after = graded(&photo, Look::Rec709);
            let difference = mean_difference(&photo, &after);
            assert!(difference < 3.0, "{difference}");
        }
    }

    #[test]
    fn flat_dark_and_tinted_photos_get_closer_to_the_scene() {
        let photo = scene(300, 220);
        let flat = each(&photo, |color| color.map(|v| 0.25 + 0.45 * v));
        let dark = each(&photo, |color| color.map(|v| to_srgb(to_linear(v) * 0.25)));
        for (worse, gain) in [(&flat, 3.0), (&dark, 3.0)] {
            let before = psnr(&photo, worse);
            for look in [Look::Rec709, Look::Strong] {
                let after = psnr(&photo, &graded(worse, look));
                assert!(after > before + gain, "{look:?}: {before:.2} dB to {after:.2} dB");
            }
        }
    }

    #[test]
    fn logarithmic_footage_is_developed() {
        let photo = scene(300, 220);
        let footage = logarithmic(&photo);
        let after = graded(&footage, Look::LogC);
        let (before, after) = (psnr(&photo, &footage), psnr(&photo, &after));
        assert!(after > before + 4.0, "{before:.2} dB to {after:.2} dB");
    }

    #[test]
    fn every_look_differs_and_the_strong_one_goes_further() {
        let flat = each(&scene(300, 220), |color| color.map(|v| 0.3 + 0.35 * v));
        // Of full range but with dark middle tones.
        let dull = each(&scene(300, 220), |color| color.map(|v| v * v));
        let change = |photo, look| mean_difference(photo, &graded(photo, look));
        assert!(change(&dull, Look::Strong) > change(&dull, Look::Rec709) + 1.0);
        assert!(change(&flat, Look::Rec709) > 1.0);
        assert!(mean_difference(&graded(&flat, Look::LogC), &graded(&flat, Look::Strong)) > 1.0);
    }

    #[test]
    fn hardly_anything_clips() {
        let photo = scene(300, 220);
        let pale = each(&photo, |color| color.map(|v| 0.1 + 0.85 * v));
        for photo in [photo.clone(), pale, logarithmic(&photo)] {
            for look in LOOKS {
                assert!(newly_clipped(&photo, &graded(&photo, look)) < 0.005);
            }
        }
    }

    #[test]
    fn gray_stays_gray_and_order_stays() {
        let ramp = RgbImage::from_fn(256, 8, |x, _| Pixel([60 + (x / 2) as u8; 3]));
        for look in LOOKS {
            let after = graded(&ramp, look);
            assert!(after.pixels().all(|p| p.0[0] == p.0[1] && p.0[1] == p.0[2]), "{look:?}");
            let column =
                |x: u32| (0..8).map(|y| u32::from(after.get_pixel(x, y).0[0])).sum::<u32>();
            assert!(
                (2..256).all(|x| column(x) + 8 >= column(x - 2)),
                "{look:?} turns tones around"
            );
        }
    }

    #[test]
    fn hidden_parts_do_not_count_and_any_size_passes() {
        let dark = each(&scene(200, 100), |color| color.map(|v| v * 0.5));
        let alpha = GrayImage::from_fn(200, 100, |x, _| Luma([if x < 100 { 255 } else { 0 }]));
        let mut hidden = dark.clone();
        for (x, _, pixel) in hidden.enumerate_pixels_mut().filter(|(x, ..)| *x >= 100) {
            *pixel = Pixel([255, (x % 256) as u8, 0]);
        }
        let (mut one, mut two) = (dark, hidden);
        enhance(&mut one, Some(&alpha), Look::Strong, &[]);
        enhance(&mut two, Some(&alpha), Look::Strong, &[]);
        assert!((0..100).all(|y| (0..100).all(|x| one.get_pixel(x, y) == two.get_pixel(x, y))));
        for (width, height) in [(0, 0), (1, 1), (320, 32), (5, 1000)] {
            for color in [[0; 3], [255; 3], [128; 3], [0, 255, 0]] {
                for look in LOOKS {
                    let mut photo = RgbImage::from_pixel(width, height, Pixel(color));
                    enhance(&mut photo, None, look, &[]);
                    assert!(width == 0 || mean_luminance(&photo).is_finite());
                }
            }
        }
    }
}
