//! How blurred a picture looks, without another one to compare: the blur effect of Crété-Roffet,
//! Dolmiere, Ladret and Nicolas (2007). What is sharp changes much when it is blurred, what is blurred
//! already changes little.

use image::RgbImage;

use crate::color::luma;
use crate::map::Map;

/// Half the length of the line that the picture is blurred along once more.
const RADIUS: usize = 4;

/// 0 for sharp, 1 for blurred beyond recognition; 1 for pictures without any contrast. The larger
/// of the blur across and the blur down.
pub fn blur_effect(picture: &RgbImage) -> f32 {
    let light = Map::of(picture, luma);
    along_rows(&light).max(along_rows(&light.transposed()))
}

fn along_rows(light: &Map) -> f32 {
    let blurred = light.mean_along(RADIUS);
    let (mut change, mut lost) = (0.0_f64, 0.0_f64);
    if light.width < 2 {
        return 1.0;
    }
    let rows = light.values.chunks_exact(light.width).zip(blurred.values.chunks_exact(light.width));
    for (sharp, soft) in rows {
        for (a, b) in sharp.windows(2).zip(soft.windows(2)) {
            let (before, after) = ((a[1] - a[0]).abs(), (b[1] - b[0]).abs());
            change += f64::from(before);
            lost += f64::from((before - after).max(0.0));
        }
    }
    if change <= 1e-6 {
        return 1.0;
    }
    (1.0 - lost / change) as f32
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage, imageops};

    use super::*;

    fn checks() -> RgbImage {
        RgbImage::from_fn(120, 90, |x, y| {
            Rgb([if (x / 20 + y / 20) % 2 == 0 { 40 } else { 210 }; 3])
        })
    }

    #[test]
    fn more_blur_gives_more() {
        let grades =
            [0.5, 1.0, 2.0, 4.0].map(|sigma| blur_effect(&imageops::blur(&checks(), sigma)));
        assert!(blur_effect(&checks()) < grades[0], "{grades:?}");
        assert!(grades.is_sorted_by(|a, b| a < b), "{grades:?}");
        assert!(grades[3] > 0.5 && grades[3] <= 1.0);
    }

    #[test]
    fn pictures_without_contrast_or_pixels_are_blurred() {
        assert_eq!(blur_effect(&RgbImage::new(20, 20)), 1.0);
        assert_eq!(blur_effect(&RgbImage::new(1, 20)), 1.0);
        assert_eq!(blur_effect(&RgbImage::new(0, 0)), 1.0);
    }

    #[test]
    fn brightness_and_sides_do_not_matter() {
        let picture = imageops::blur(&checks(), 1.0);
        let grade = blur_effect(&picture);
        let darker =
            RgbImage::from_fn(120, 90, |x, y| Rgb(picture.get_pixel(x, y).0.map(|v| v / 2)));
        assert!((blur_effect(&darker) - grade).abs() < 0.02);
        assert!((blur_effect(&imageops::rotate90(&picture)) - grade).abs() < 0.01);
    }
}
