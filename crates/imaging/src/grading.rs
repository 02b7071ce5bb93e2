//! Colour grading: white balance, levels, tone and saturation of a photo, as far as it needs them.
//!
//! Everything is measured on a sample of the photo and becomes one colour table, so that equal
//! colours stay equal and slow gradients stay slow. The measures and their limits are heuristics of
//! our own: each correction starts only outside a range in which good photos lie.

use image::{GrayImage, RgbImage};

use crate::color::{Rgb, from_oklab, lightness, luma, oklab, smoothstep, to_linear, to_srgb, unit};
use crate::lut::Lut;
use crate::map::{percentile, samples};

/// Peak bytes of [`enhance`], whatever the photo.
pub const BASE_BYTES: u64 = 16 * 1024 * 1024;

/// What the photo is and how far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Flat footage in a logarithmic curve (ARRI LogC3): developed to sRGB, then graded strongly. What
    /// has darker or brighter parts than the curve allows is taken for an ordinary photo.
    LogC,
    /// An ordinary photo, corrected carefully.
    Rec709,
    /// An ordinary photo, corrected strongly.
    Strong,
}

/// How far the corrections go.
struct Reach {
    /// Share of a colour cast that goes, and the most that a channel is multiplied with.
    balance: [f32; 2],
    /// Share of what the levels lack to the ends of the range that is stretched away, and the most
    /// that this multiplies contrast with.
    levels: [f32; 2],
    /// What levels may lack in all: up to the first nothing is done, from the second all.
    slack: [f32; 2],
    /// Range of mean lightness that is left alone.
    key: [f32; 2],
    /// Share of the way from outside that range to its border.
    lift: f32,
    /// Standard deviation of lightness below which contrast is raised.
    spread: f32,
    /// Mean Oklab chroma below which saturation is raised, and the most it is multiplied with.
    chroma: [f32; 2],
}

const CAREFUL: Reach = Reach {
    balance: [0.6, 1.035],
    levels: [0.75, 1.7],
    slack: [0.15, 0.35],
    key: [0.27, 0.7],
    lift: 0.8,
    spread: 0.14,
    chroma: [0.05, 1.2],
};

const STRONG: Reach = Reach {
    balance: [0.65, 1.3],
    levels: [0.9, 3.0],
    slack: [0.06, 0.25],
    key: [0.34, 0.64],
    lift: 0.8,
    spread: 0.21,
    chroma: [0.1, 1.4],
};

/// Grades a photo in place. Parts that `alpha` hides are not measured.
pub fn enhance(photo: &mut RgbImage, alpha: Option<&GrayImage>, look: Look) {
    let mut seen: Vec<Rgb> = samples(photo, alpha, 256).into_iter().map(unit).collect();
    if seen.is_empty() {
        return;
    }
    let flatness = if look == Look::LogC { flatness(&seen) } else { 0.0 };
    let developed = Development::of(&seen, flatness);
    seen.iter_mut().for_each(|color| *color = developed.color(*color));
    let reach = if look == Look::Rec709 { &CAREFUL } else { &STRONG };
    let grade = Grade::of(&mut seen, reach);
    if flatness > 0.0 || !grade.is_none() {
        Lut::bake(|color| grade.color(developed.color(color))).apply(photo);
    }
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
        let mut light: Vec<f32> = seen.iter().map(|&color| luma(Self::light(color))).collect();
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

/// One photo's corrections, in the order in which they apply.
struct Grade {
    /// The levels that go to (nearly) black and white.
    levels: [f32; 2],
    /// Factors on linear light.
    balance: Rgb,
    /// Exponent on lightness.
    gamma: f32,
    /// Strength of the S-curve on lightness around `pivot`.
    contrast: f32,
    pivot: f32,
    /// Factor on the chroma of pale colours.
    saturation: f32,
}

impl Grade {
    fn of(seen: &mut [Rgb], reach: &Reach) -> Self {
        let mut grade = Self {
            levels: levels(ends(seen), reach),
            balance: [1.0; 3],
            gamma: 1.0,
            contrast: 0.0,
            pivot: 0.5,
            saturation: 1.0,
        };
        let graded = |grade: &Self, seen: &[Rgb]| -> Vec<Rgb> {
            seen.iter().map(|&color| grade.color(color)).collect()
        };
        grade.balance = balance(&graded(&grade, seen), reach.balance);
        let tones: Vec<f32> = graded(&grade, seen).into_iter().map(tone).collect();
        let mean = tones.iter().sum::<f32>() / tones.len() as f32;
        let wanted = mean.clamp(reach.key[0], reach.key[1]);
        let wanted = mean + (wanted - mean) * reach.lift;
        if mean > 0.001 && mean < 0.999 {
            grade.gamma = (wanted.ln() / mean.ln()).clamp(0.45, 1.6);
        }
        let tones: Vec<f32> = tones.into_iter().map(|tone| tone.powf(grade.gamma)).collect();
        grade.pivot = (tones.iter().sum::<f32>() / tones.len() as f32).clamp(0.3, 0.7);
        let spread = deviation(&tones);
        if spread > 0.01 {
            grade.contrast = (reach.spread / spread - 1.0).clamp(0.0, 0.6);
        }
        let chroma = chroma(&graded(&grade, seen));
        if chroma > 0.006 {
            grade.saturation = (reach.chroma[0] / chroma).clamp(1.0, reach.chroma[1]);
        }
        grade
    }

    fn is_none(&self) -> bool {
        let same = |one: f32, two: f32| (one - two).abs() < 0.002;
        self.balance.iter().all(|&factor| same(factor, 1.0))
            && same(self.levels[0], 0.0)
            && self.levels[1] > 0.98
            && same(self.gamma, 1.0)
            && same(self.contrast, 0.0)
            && same(self.saturation, 1.0)
    }

    fn color(&self, color: Rgb) -> Rgb {
        let levelled = color.map(|value| to_linear(level(value, self.levels)));
        let balanced: Rgb = std::array::from_fn(|c| levelled[c] * self.balance[c]);
        let before = luma(balanced);
        if before <= 1e-6 {
            return levelled.map(to_srgb);
        }
        let tone = lightness(before).powf(self.gamma);
        let after = luminance(s_curve(tone, self.pivot, self.contrast));
        let toned = balanced.map(|value| value * after / before);
        fitted(saturated(toned, self.saturation)).map(to_srgb)
    }
}

/// Factors on linear light that make those colours gray on average that are nearly gray already. A
/// photo without any keeps its balance.
fn balance(seen: &[Rgb], [share, most]: [f32; 2]) -> Rgb {
    let (mut sum, mut weights, mut colors) = ([0.0f32; 3], 0.0f32, 0.0f32);
    for &color in seen {
        let light = color.map(to_linear);
        let [tone, a, b] = oklab(light);
        let inside = color.iter().all(|value| (0.02..0.98).contains(value));
        if tone < 0.3 || !inside {
            continue;
        }
        colors += tone.powi(4);
        // Bright and nearly gray is most likely the colour of the light itself.
        let weight = tone.powi(4) * (1.0 - smoothstep(0.04, 0.12, a.hypot(b) / tone));
        let brightness = luma(light).max(1e-3);
        sum = std::array::from_fn(|c| sum[c] + weight * light[c] / brightness);
        weights += weight;
    }
    let trust = smoothstep(0.03, 0.2, weights / colors.max(1e-3));
    if trust == 0.0 {
        return [1.0; 3];
    }
    let cast = sum.map(|sum| sum / weights);
    // What is left of a cast is not seen; correcting it would only drain warm photos.
    let strength = smoothstep(0.02, 0.06, cast.iter().map(|v| (v - 1.0).abs()).fold(0.0, f32::max));
    let factors = cast.map(|value| value.powf(-share * trust * strength).clamp(1.0 / most, most));
    let gray = luma(factors);
    factors.map(|factor| factor / gray)
}

/// A channel between the levels, stretched; what lies outside them is squeezed into the last
/// hundredths of the range and keeps its order.
fn level(value: f32, [black, white]: [f32; 2]) -> f32 {
    const ROOM: f32 = 0.012;
    let (low, high) = (black.min(ROOM), 1.0 - (1.0 - white).min(ROOM));
    if value < black {
        low * value / black
    } else if value > white {
        high + (1.0 - high) * (value - white) / (1.0 - white)
    } else {
        low + (high - low) * (value - black) / (white - black)
    }
}

/// The levels to stretch to the ends, for a photo that lies between `black` and `white`.
fn levels((black, white): (f32, f32), reach: &Reach) -> [f32; 2] {
    let [share, most] = reach.levels;
    let missing = black + (1.0 - white);
    // Good photos seldom reach the very ends.
    let share = share * smoothstep(reach.slack[0], reach.slack[1], missing);
    let share = share.min((1.0 - 1.0 / most) / missing.max(1e-3));
    [black * share, 1.0 - (1.0 - white) * share]
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
    use crate::testing::{mean_difference, mean_luminance, newly_clipped, psnr, scene};

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
        enhance(&mut photo, None, look);
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
        for bytes in [
            include_bytes!("../../../photos/astronaut.png").as_slice(),
            include_bytes!("../../../photos/chelsea.png"),
            include_bytes!("../../../photos/coffee.png"),
            include_bytes!("../../../photos/rocket.jpg"),
            include_bytes!("../../../photos/china.jpg"),
            include_bytes!("../../../photos/flower.jpg"),
        ] {
            let header = crate::probe(bytes).expect("a header");
            let photo = crate::decode(bytes, &header).expect("a photo").rgb;
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
        let change = |look| mean_difference(&flat, &graded(&flat, look));
        assert!(change(Look::Strong) > change(Look::Rec709) + 1.0);
        assert!(change(Look::Rec709) > 1.0);
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
        enhance(&mut one, Some(&alpha), Look::Strong);
        enhance(&mut two, Some(&alpha), Look::Strong);
        assert!((0..100).all(|y| (0..100).all(|x| one.get_pixel(x, y) == two.get_pixel(x, y))));
        for (width, height) in [(0, 0), (1, 1), (320, 32), (5, 1000)] {
            for color in [[0; 3], [255; 3], [128; 3], [0, 255, 0]] {
                for look in LOOKS {
                    let mut photo = RgbImage::from_pixel(width, height, Pixel(color));
                    enhance(&mut photo, None, look);
                    assert!(width == 0 || mean_luminance(&photo).is_finite());
                }
            }
        }
    }
}
