//! Colour spaces, and the way back to eight bits.
//!
//! sRGB transfer curve (IEC 61966-2-1) with Rec. 709 primaries, Oklab (Ottosson 2020), CIE L*.
//! Floats are 0 to 1 for the range that a byte can hold.

use std::ops::RangeInclusive;
use std::sync::LazyLock;

/// Red, green and blue.
pub type Rgb = [f32; 3];

/// Linear light of every sRGB byte.
pub static LINEAR: LazyLock<[f32; 256]> =
    LazyLock::new(|| std::array::from_fn(|byte| to_linear(byte as f32 / 255.0)));

/// sRGB to linear light; goes on as a straight line below 0.
pub fn to_linear(value: f32) -> f32 {
    if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

/// Linear light to sRGB; goes on as a straight line below 0.
pub fn to_srgb(light: f32) -> f32 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

/// Rec. 709 luminance of linear light, luma of sRGB values.
pub fn luma([r, g, b]: Rgb) -> f32 {
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// The three channels of a pixel, 0 to 1, still sRGB.
pub fn unit([r, g, b]: [u8; 3]) -> Rgb {
    [r, g, b].map(|value| f32::from(value) / 255.0)
}

/// The pixel of six hexadecimal digits, `rrggbb`; `None` for any other text.
pub fn from_hex(digits: &str) -> Option<[u8; 3]> {
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let [_, r, g, b] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
    Some([r, g, b])
}

/// The cube root, within three millionths of it. Halley's iteration twice from a third of the exponent:
/// a few times as fast as the C library's, and loops over it vectorise.
fn cube_root(value: f32) -> f32 {
    let size = value.abs();
    let mut root = f32::from_bits(size.to_bits() / 3 + 0x2a51_19f2);
    for _ in 0..2 {
        let cube = root * root * root;
        root *= (cube + 2.0 * size) / (2.0 * cube + size);
    }
    root.copysign(value)
}

/// Oklab (lightness, green to red, blue to yellow) of linear light.
pub fn oklab([r, g, b]: Rgb) -> [f32; 3] {
    let l = cube_root(0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b);
    let m = cube_root(0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b);
    let s = cube_root(0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b);
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

/// Linear light of an Oklab colour; outside 0 to 1 where sRGB cannot show it.
pub fn from_oklab([lightness, a, b]: [f32; 3]) -> Rgb {
    let cube = |v: f32| v * v * v;
    let l = cube(lightness + 0.396_337_78 * a + 0.215_803_76 * b);
    let m = cube(lightness - 0.105_561_346 * a - 0.063_854_17 * b);
    let s = cube(lightness - 0.089_484_18 * a - 1.291_485_5 * b);
    [
        4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s,
        -1.268_438 * l + 2.609_757_4 * m - 0.341_319_4 * s,
        -0.004_196_086_3 * l - 0.703_418_6 * m + 1.707_614_7 * s,
    ]
}

/// Linear light of an Oklab colour whose channels lie in `range`: its chroma is lowered at the same hue
/// and lightness as far as that needs, which is to gray where even that lies outside.
pub fn in_gamut([lightness, a, b]: [f32; 3], range: RangeInclusive<f32>) -> Rgb {
    let color = |share: f32| from_oklab([lightness, a * share, b * share]);
    let shown = |light: &Rgb| light.iter().all(|value| range.contains(value));
    let whole = color(1.0);
    if shown(&whole) {
        return whole;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..8 {
        let middle = f32::midpoint(low, high);
        if shown(&color(middle)) { low = middle } else { high = middle }
    }
    color(low)
}

/// CIE 1976 lightness, 0 to 1 (a hundredth of L*), of relative luminance.
pub fn lightness(luminance: f32) -> f32 {
    if luminance > 216.0 / 24_389.0 {
        1.16 * cube_root(luminance) - 0.16
    } else {
        luminance * 24_389.0 / 2_700.0
    }
}

/// CIE L* (0 to 100), a* and b* (D65) of linear light.
pub fn lab([r, g, b]: Rgb) -> [f32; 3] {
    let curve = |t: f32| {
        if t > 216.0 / 24_389.0 { cube_root(t) } else { t * 841.0 / 108.0 + 4.0 / 29.0 }
    };
    let x = curve((0.412_456 * r + 0.357_576 * g + 0.180_438 * b) / 0.950_47);
    let y = curve(0.212_673 * r + 0.715_152 * g + 0.072_175 * b);
    let z = curve((0.019_334 * r + 0.119_192 * g + 0.950_304 * b) / 1.088_83);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// CIE L*a*b* (D65) of a pixel in sRGB: L 0 to 100, a and b about -100 to 100.
pub fn lab_of(pixel: [u8; 3]) -> [f32; 3] {
    lab(pixel.map(|value| LINEAR[usize::from(value)]))
}

/// Rises smoothly from 0 at `from` to 1 at `to`.
pub fn smoothstep(from: f32, to: f32, value: f32) -> f32 {
    let t = ((value - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Interleaved gradient noise (Jimenez 2014), 0 to 1: even over every small neighbourhood, and the
/// same at every run.
#[inline(always)]
pub fn noise(x: u32, y: u32) -> f32 {
    // The library's `fract` is a call on processors of the baseline.
    let fraction = |value: f32| value - value as i32 as f32;
    fraction(52.982_918 * fraction(0.067_110_56 * x as f32 + 0.005_837_15 * y as f32))
}

/// A byte for `value`, 0 to 255. Between two bytes noise decides by the pixel's place, so that slow
/// gradients show no bands; whole numbers stay what they are.
pub fn dithered(value: f32, x: u32, y: u32) -> u8 {
    // Keeps rounding errors of the way here from making a whole number the one below.
    let threshold = 0.01 + 0.98 * noise(x, y);
    (value + threshold).clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cube_roots_are_close() {
        for step in 1..=3_000 {
            let value = 4.0 * (step as f32 / 3_000.0).powi(4);
            let (found, wanted) = (cube_root(value), value.cbrt());
            assert!((found - wanted).abs() <= 3e-6 * wanted, "{value}: {found}, not {wanted}");
            assert_eq!(cube_root(-value), -found);
        }
        assert!(cube_root(0.0).abs() < 1e-6);
    }

    #[test]
    fn there_and_back() {
        for byte in 0..=255u8 {
            let light = LINEAR[usize::from(byte)];
            assert!((to_srgb(light) * 255.0 - f32::from(byte)).abs() < 1e-3);
            let color = [light, 0.3, 1.0 - light];
            for (found, wanted) in from_oklab(oklab(color)).into_iter().zip(color) {
                assert!((found - wanted).abs() < 1e-4, "{color:?}");
            }
        }
        let gray = oklab([0.4; 3]);
        assert!(gray[1].abs() < 1e-4 && gray[2].abs() < 1e-4);
        let [l, a, b] = lab([1.0, 0.0, 0.0]);
        assert!((l - 53.24).abs() < 0.05 && (a - 80.09).abs() < 0.1 && (b - 67.2).abs() < 0.1);
        assert!((lightness(0.184_186_52) - 0.5).abs() < 1e-4 && lightness(1.0) == 1.0);
    }

    #[test]
    fn dithering_keeps_means_and_whole_numbers() {
        let mean = |value: f32| {
            let all = (0..4096u32).map(|i| f32::from(dithered(value, i % 64, i / 64)));
            all.sum::<f32>() / 4096.0
        };
        assert_eq!((mean(0.0), mean(117.0), mean(255.0)), (0.0, 117.0, 255.0));
        for value in [0.5, 10.25, 99.9] {
            assert!((mean(value) - value).abs() < 0.02, "{} for {value}", mean(value));
        }
        assert_eq!((dithered(-3.0, 0, 0), dithered(999.0, 5, 5)), (0, 255));
    }
}
