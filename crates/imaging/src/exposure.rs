//! How a photo is exposed.

use image::{GrayImage, RgbImage};
use rayon::prelude::*;

use crate::color::{LINEAR, lightness, luma};

/// Exposure from 0 (all black) to 1 (all white): the mean CIE lightness L* / 100, weighted towards the
/// middle of the picture as light meters do. 0.5 is a picture that averages middle gray (18 %
/// reflectance); 0.35 to 0.65 is what most well-exposed photos reach. More light never lowers it.
///
/// A heuristic in the manner of centre-weighted metering: it does not know whether a scene was meant
/// to be dark. Parts that `alpha` hides do not count; 0 for a picture without pixels.
pub fn score(photo: &RgbImage, alpha: Option<&GrayImage>) -> f32 {
    let (width, height) = photo.dimensions();
    if photo.is_empty() {
        return 0.0;
    }
    let across: Vec<f64> = (0..width).map(|x| meter(x, width)).collect();
    let rows = photo.par_chunks_exact(width as usize * 3).enumerate().with_min_len(8);
    let (sum, weights) = rows
        .map(|(y, row)| {
            let visible = alpha.map(|alpha| &alpha.as_raw()[y * width as usize..]);
            let down = meter(y as u32, height);
            let (mut sum, mut weights) = (0.0, 0.0);
            for (x, pixel) in row.as_chunks::<3>().0.iter().enumerate() {
                let opacity = visible.map_or(1.0, |alpha| f64::from(alpha[x]) / 255.0);
                let weight = opacity * (0.4 + 0.6 * across[x] * down);
                let luminance = luma(pixel.map(|value| LINEAR[usize::from(value)]));
                sum += weight * f64::from(lightness(luminance));
                weights += weight;
            }
            (sum, weights)
        })
        .reduce(|| (0.0, 0.0), |one, two| (one.0 + two.0, one.1 + two.1));
    if weights > 0.0 { ((sum / weights) as f32).clamp(0.0, 1.0) } else { 0.0 }
}

/// A bell over one side, 1 in its middle; its standard deviation is a quarter of the side.
fn meter(at: u32, length: u32) -> f64 {
    let place = (f64::from(at) + 0.5) / f64::from(length) - 0.5;
    (-8.0 * place * place).exp()
}

#[cfg(test)]
mod tests {
    use image::{Luma, Rgb};

    use super::*;
    use crate::color::{to_linear, to_srgb};
    use crate::testing::scene;

    fn exposed(photo: &RgbImage, stops: f32) -> RgbImage {
        let mut photo = photo.clone();
        photo.iter_mut().for_each(|value| {
            let light = to_linear(f32::from(*value) / 255.0) * stops.exp2();
            *value = (to_srgb(light.min(1.0)) * 255.0).round() as u8;
        });
        photo
    }

    #[test]
    fn rises_with_every_third_of_a_stop() {
        let photo = scene(200, 150);
        let ladder: Vec<f32> =
            (-9..=9).map(|i| score(&exposed(&photo, i as f32 / 3.0), None)).collect();
        assert!(ladder.windows(2).all(|pair| pair[0] + 0.005 < pair[1]), "{ladder:?}");
        assert!(ladder[0] > 0.02 && ladder[18] < 0.99, "{ladder:?}");
    }

    #[test]
    fn ends_and_middle_gray() {
        let plain = |value| score(&RgbImage::from_pixel(50, 40, Rgb([value; 3])), None);
        assert_eq!((plain(0), plain(255)), (0.0, 1.0));
        assert!((plain(118) - 0.5).abs() < 0.01, "{}", plain(118));
        assert_eq!(score(&RgbImage::new(0, 0), None), 0.0);
    }

    #[test]
    fn the_middle_counts_more_and_the_hidden_not_at_all() {
        let bright = |x: u32| if (15..35).contains(&x) { 255 } else { 0 };
        let middle = RgbImage::from_fn(50, 40, |x, _| Rgb([bright(x); 3]));
        let border = RgbImage::from_fn(50, 40, |x, _| Rgb([bright((x + 25) % 50); 3]));
        assert!(score(&middle, None) > 0.42 && score(&border, None) < 0.38);
        let alpha = GrayImage::from_fn(50, 40, |x, _| Luma([bright(x)]));
        assert_eq!(score(&middle, Some(&alpha)), 1.0);
        assert_eq!(score(&middle, Some(&GrayImage::new(50, 40))), 0.0);
    }
}
