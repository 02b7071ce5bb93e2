//! Cartoons: flat areas in steps of light, strong colours, ink around them (Winnemöller, Olsen and
//! Gooch 2006).

use image::RgbImage;
use rayon::prelude::*;

use super::lines::Pen;
use super::smooth::Bilateral;
use crate::color::{from_oklab, oklab, to_linear, to_srgb, unit as unit_of};

/// Steps of lightness.
const STEPS: f32 = 7.0;
/// How much more colour.
const COLOR: f32 = 1.3;

/// The photo as a cartoon.
pub fn cartoon(photo: &RgbImage) -> RgbImage {
    super::sized(photo, draw)
}

fn draw(mut photo: RgbImage) -> RgbImage {
    if photo.is_empty() {
        return photo;
    }
    let unit = super::unit(&photo);
    Bilateral { radius: (4.0 * unit) as usize + 1, range: 30.0, passes: 4 }.apply(&mut photo);
    let pen = Pen { width: 1.4 * unit, threshold: 0.008, hardness: 70.0, reach: 4.0 };
    let ink = pen.draw(&photo);
    let width = photo.width() as usize;
    photo.par_chunks_exact_mut(width * 3).enumerate().for_each(|(y, row)| {
        for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let flat = flattened(unit_of(*pixel));
            let paper = ink.values[y * width + x].clamp(0.0, 1.0);
            *pixel = flat.map(|value| (value * (0.08 + 0.92 * paper) * 255.0 + 0.5) as u8);
        }
    });
    photo
}

/// A colour with its lightness near one of the steps, and more of it.
fn flattened(color: [f32; 3]) -> [f32; 3] {
    let [lightness, a, b] = oklab(color.map(to_linear));
    let step = (lightness * STEPS).round() / STEPS;
    // Soft edges between the steps, so that slow gradients do not flicker between two.
    let flat = step + 0.5 / STEPS * (6.0 * STEPS * (lightness - step)).tanh();
    let light = from_oklab([flat, a * COLOR, b * COLOR]);
    light.map(|value| to_srgb(value).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;
    use crate::testing::scene;

    #[test]
    fn a_gradient_becomes_steps() {
        let photo = RgbImage::from_fn(512, 40, |x, _| Rgb([(x / 2) as u8; 3]));
        let drawn = cartoon(&photo);
        let row: Vec<u8> = (0..512).map(|x| drawn.get_pixel(x, 20).0[1]).collect();
        let flat = row.windows(8).filter(|w| w[0].abs_diff(w[7]) <= 1).count();
        let before = (0..504).filter(|x| x / 2 == (x + 7) / 2).count();
        assert!(flat > before + 100, "{flat} of 505 flat, {before} before");
    }

    #[test]
    fn colours_get_stronger_and_grays_stay_gray() {
        let drawn = cartoon(&RgbImage::from_pixel(60, 40, Rgb([170, 110, 90])));
        let spread = |p: &Rgb<u8>| p.0[0] - p.0[2];
        assert!(spread(drawn.get_pixel(30, 20)) > 85);
        let gray = cartoon(&RgbImage::from_pixel(60, 40, Rgb([120; 3])));
        assert!(gray.pixels().all(|p| p.0[0].abs_diff(p.0[2]) <= 1));
    }

    #[test]
    fn any_size_passes() {
        for (width, height) in [(1, 1), (10, 40)] {
            assert_eq!(cartoon(&scene(width, height)).dimensions(), (width, height));
        }
    }
}
