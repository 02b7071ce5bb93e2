//! How noisy a picture is: the estimate of Immerkær (1996), which looks where neither edges nor slopes
//! are.

use image::RgbImage;

use crate::color::luma;
use crate::map::{Map, median};

/// The standard deviation of the noise in the luma of a picture, 0..1 of its range. 0 for pictures of
/// fewer than 3 x 3 pixels.
pub fn noise_level(picture: &RgbImage) -> f32 {
    let light = Map::of(picture, luma);
    if light.width < 3 || light.height < 3 {
        return 0.0;
    }
    let at = |x: usize, y: usize| light.values[y * light.width + x];
    let mut sizes = Vec::with_capacity(light.values.len());
    for y in 1..light.height - 1 {
        for x in 1..light.width - 1 {
            let corners = at(x - 1, y - 1) + at(x + 1, y - 1) + at(x - 1, y + 1) + at(x + 1, y + 1);
            let sides = at(x, y - 1) + at(x, y + 1) + at(x - 1, y) + at(x + 1, y);
            sizes.push((corners - 2.0 * sides + 4.0 * at(x, y)).abs());
        }
    }
    // The median instead of the mean: edges are few. 0.6745 is that of a normal deviate, 6 the length
    // of the operator.
    median(&mut sizes) / 0.6745 / 6.0
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn noise_is_measured_and_edges_are_not() {
        let mut state = 7_u32;
        let mut deviate = || {
            // The sum of twelve even deviates is nearly normal.
            (0..12).fold(-6.0_f32, |sum, _| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                sum + (state >> 8) as f32 / (1 << 24) as f32
            })
        };
        for level in [2.0_f32, 6.0, 15.0] {
            let noisy = RgbImage::from_fn(120, 90, |x, _| {
                let value = if x < 60 { 80.0 } else { 160.0 } + level * deviate();
                Rgb([value.round() as u8; 3])
            });
            let found = noise_level(&noisy) * 255.0;
            assert!((found / level - 1.0).abs() < 0.15, "{found} for {level}");
        }
        let edge = RgbImage::from_fn(60, 60, |x, y| Rgb([if x > y { 0 } else { 255 }; 3]));
        assert_eq!(noise_level(&edge), 0.0);
        assert_eq!(noise_level(&RgbImage::new(2, 9)), 0.0);
    }
}
