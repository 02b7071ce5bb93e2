//! How different two colours look: CIEDE2000 (CIE 142:2001), over sRGB and D65.

use image::RgbImage;

/// Mean difference of two pictures, over every eleventh pixel.
pub fn mean_difference(one: &RgbImage, two: &RgbImage) -> f64 {
    let pairs = one.pixels().zip(two.pixels()).step_by(11);
    let (sum, count) = pairs.fold((0.0, 0.0), |(sum, count), (one, two)| {
        (sum + ciede2000(lab(one.0), lab(two.0)), count + 1.0)
    });
    sum / count
}

/// CIELAB of an sRGB colour.
pub fn lab(rgb: [u8; 3]) -> [f64; 3] {
    let [r, g, b] = rgb.map(|value| {
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    let f = |t: f64| if t > 0.008856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
    let x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
    let y = f(0.2126729 * r + 0.7151522 * g + 0.0721750 * b);
    let z = f((0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.08883);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

pub fn ciede2000(one: [f64; 3], two: [f64; 3]) -> f64 {
    let seventh = |c: f64| (c.powi(7) / (c.powi(7) + 25f64.powi(7))).sqrt();
    let mean_chroma = (one[1].hypot(one[2]) + two[1].hypot(two[2])) / 2.0;
    let stretch = 1.5 - 0.5 * seventh(mean_chroma);
    let polar = |[_, a, b]: [f64; 3]| {
        let a = a * stretch;
        (a.hypot(b), b.atan2(a).to_degrees().rem_euclid(360.0))
    };
    let ((c1, h1), (c2, h2)) = (polar(one), polar(two));
    let turn = match h2 - h1 {
        _ if c1 * c2 == 0.0 => 0.0,
        d if d > 180.0 => d - 360.0,
        d if d < -180.0 => d + 360.0,
        d => d,
    };
    let hue = match h1 + h2 {
        sum if c1 * c2 == 0.0 => sum,
        sum if (h1 - h2).abs() <= 180.0 => sum / 2.0,
        sum if sum < 360.0 => (sum + 360.0) / 2.0,
        sum => (sum - 360.0) / 2.0,
    };
    let cos = |degrees: f64| degrees.to_radians().cos();
    let t = 1.0 - 0.17 * cos(hue - 30.0) + 0.24 * cos(2.0 * hue) + 0.32 * cos(3.0 * hue + 6.0)
        - 0.20 * cos(4.0 * hue - 63.0);
    let (lightness, chroma) = ((one[0] + two[0]) / 2.0, (c1 + c2) / 2.0);
    let off = (lightness - 50.0).powi(2);
    let dl = (two[0] - one[0]) / (1.0 + 0.015 * off / (20.0 + off).sqrt());
    let dc = (c2 - c1) / (1.0 + 0.045 * chroma);
    let dh = 2.0 * (c1 * c2).sqrt() * (turn / 2.0).to_radians().sin() / (1.0 + 0.015 * chroma * t);
    let bend = 60.0 * (-((hue - 275.0) / 25.0).powi(2)).exp();
    let twist = -bend.to_radians().sin() * 2.0 * seventh(chroma);
    (dl * dl + dc * dc + dh * dh + twist * dc * dh).sqrt()
}
