//! What the tests of the kernels share: a scene made by formula, and how pictures are compared.

use image::{Rgb as Pixel, RgbImage};

use crate::color::{LINEAR, luma};

/// A scene with what enhancement can harm: a smooth sky, a textured ground with shadows, plain
/// objects in strong and in skin colours, and black and white in small parts.
pub(crate) fn scene(width: u32, height: u32) -> RgbImage {
    let hash = |x: u32, y: u32| {
        let mut h = x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77);
        h = (h ^ (h >> 15)).wrapping_mul(0x2C1B_3C6D);
        (h ^ (h >> 12)) as f32 / u32::MAX as f32
    };
    RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
        let grain = hash(x / 3, y / 3);
        let near = |cx: f32, cy: f32, r: f32| (u - cx).hypot(v - cy) < r;
        let color = if near(0.3, 0.6, 0.12) {
            [200.0, 40.0 + 30.0 * grain, 30.0]
        } else if near(0.7, 0.55, 0.1) {
            [205.0 - 60.0 * u, 150.0 - 40.0 * u, 125.0 - 40.0 * u]
        } else if v < 0.3 {
            [80.0 + 100.0 * v, 130.0 + 80.0 * v, 215.0 + 20.0 * v]
        } else if (u * 9.0).fract() < 0.12 {
            [6.0 + 20.0 * grain, 8.0 + 15.0 * grain, 4.0 + 10.0 * grain]
        } else if (u * 5.0).fract() < 0.06 {
            [250.0 - 15.0 * grain, 248.0 - 15.0 * grain, 240.0 - 15.0 * grain]
        } else {
            let shade = 0.25 + 0.75 * grain * (0.4 + 0.6 * v);
            [110.0 * shade, 130.0 * shade, 45.0 * shade]
        };
        Pixel(color.map(|value| value.clamp(0.0, 255.0) as u8))
    })
}

/// Photos of this repository that are good as they are.
pub(crate) fn good_photos() -> impl Iterator<Item = RgbImage> {
    let files = [
        include_bytes!("../../../photos/astronaut.png").as_slice(),
        include_bytes!("../../../photos/chelsea.png"),
        include_bytes!("../../../photos/coffee.png"),
        include_bytes!("../../../photos/rocket.jpg"),
        include_bytes!("../../../photos/china.jpg"),
        include_bytes!("../../../photos/flower.jpg"),
    ];
    files.into_iter().map(|bytes| {
        let header = crate::probe(bytes).expect("a header");
        crate::decode(bytes, &header).expect("a photo").rgb
    })
}

/// Peak signal-to-noise ratio over all channels, in dB.
pub(crate) fn psnr(one: &RgbImage, two: &RgbImage) -> f64 {
    let squares = one.iter().zip(two.iter()).map(|(&a, &b)| f64::from(a.abs_diff(b)).powi(2));
    let mean = squares.sum::<f64>() / one.len() as f64;
    10.0 * (65_025.0 / mean.max(1e-9)).log10()
}

/// Share of pixels with a channel at an end of the range that was not there before.
pub(crate) fn newly_clipped(before: &RgbImage, after: &RgbImage) -> f64 {
    let ends = |value: u8| value == 0 || value == 255;
    let clipped = before.pixels().zip(after.pixels()).filter(|(before, after)| {
        after.0.iter().zip(before.0).any(|(&after, before)| ends(after) && after != before)
    });
    clipped.count() as f64 / f64::from(before.width() * before.height())
}

/// Mean luminance of linear light.
pub(crate) fn mean_luminance(photo: &RgbImage) -> f64 {
    let all = photo.pixels().map(|p| f64::from(luma(p.0.map(|v| LINEAR[usize::from(v)]))));
    all.sum::<f64>() / f64::from(photo.width() * photo.height())
}

/// Mean colour difference by CIEDE2000 (Sharma, Wu and Dalal 2005).
pub(crate) fn mean_difference(one: &RgbImage, two: &RgbImage) -> f64 {
    let pairs = one.pixels().zip(two.pixels());
    let all = pairs.map(|(a, b)| difference(cielab(a.0), cielab(b.0)));
    all.sum::<f64>() / f64::from(one.width() * one.height())
}

fn cielab(pixel: [u8; 3]) -> [f64; 3] {
    let [r, g, b] = pixel.map(|value| f64::from(LINEAR[usize::from(value)]));
    let curve =
        |t: f64| if t > 216.0 / 24_389.0 { t.cbrt() } else { t * 841.0 / 108.0 + 4.0 / 29.0 };
    let x = curve((0.412_456 * r + 0.357_576 * g + 0.180_438 * b) / 0.950_47);
    let y = curve(0.212_673 * r + 0.715_152 * g + 0.072_175 * b);
    let z = curve((0.019_334 * r + 0.119_192 * g + 0.950_304 * b) / 1.088_83);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn difference([l1, a1, b1]: [f64; 3], [l2, a2, b2]: [f64; 3]) -> f64 {
    let seventh = |c: f64| (c.powi(7) / (c.powi(7) + 25f64.powi(7))).sqrt();
    let g = 1.5 - 0.5 * seventh((a1.hypot(b1) + a2.hypot(b2)) / 2.0);
    let (a1, a2) = (a1 * g, a2 * g);
    let (c1, c2) = (a1.hypot(b1), a2.hypot(b2));
    let hue = |a: f64, b: f64| b.atan2(a).to_degrees().rem_euclid(360.0);
    let (h1, h2) = (hue(a1, b1), hue(a2, b2));
    let turn = if c1 * c2 == 0.0 { 0.0 } else { (h2 - h1 + 540.0).rem_euclid(360.0) - 180.0 };
    let mean_hue = if c1 * c2 == 0.0 { h1 + h2 } else { (h1 + turn / 2.0).rem_euclid(360.0) };
    let (mean_l, mean_c) = ((l1 + l2) / 2.0, (c1 + c2) / 2.0);
    let cos = |degrees: f64| degrees.to_radians().cos();
    let t = 1.0 - 0.17 * cos(mean_hue - 30.0)
        + 0.24 * cos(2.0 * mean_hue)
        + 0.32 * cos(3.0 * mean_hue + 6.0)
        - 0.2 * cos(4.0 * mean_hue - 63.0);
    let from_middle = (mean_l - 50.0).powi(2);
    let light = (l2 - l1) / (1.0 + 0.015 * from_middle / (20.0 + from_middle).sqrt());
    let chroma = (c2 - c1) / (1.0 + 0.045 * mean_c);
    let hue = 2.0 * (c1 * c2).sqrt() * (turn / 2.0).to_radians().sin() / (1.0 + 0.015 * mean_c * t);
    let rotation = 60.0 * (-((mean_hue - 275.0) / 25.0).powi(2)).exp();
    let cross = -2.0 * rotation.to_radians().sin() * seventh(mean_c);
    (light.powi(2) + chroma.powi(2) + hue.powi(2) + cross * chroma * hue).sqrt()
}

#[test]
fn differences_agree_with_the_published_pairs() {
    let pairs = [
        ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
        ([50.0, 2.5, 0.0], [61.0, -5.0, 29.0], 22.8977),
        ([60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644),
        ([2.0776, 0.0795, -1.1350], [0.9033, -0.0636, -0.5514], 0.9082),
    ];
    for (one, two, wanted) in pairs {
        assert!((difference(one, two) - wanted).abs() < 1e-4, "{one:?} {two:?}");
    }
}
