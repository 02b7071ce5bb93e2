//! Pencil drawings: outlines, and shading whose tones are those of drawings (Lu, Xu and Jia 2012).

use image::RgbImage;
use rayon::prelude::*;

use super::hatching::{Hatching, MEAN};
use super::lines::Pen;
use super::smooth::Bilateral;
use crate::color::{dithered, luma, unit as unit_of};
use crate::map::Map;

/// The photo as a pencil drawing, gray on white.
pub fn pencil(photo: &RgbImage) -> RgbImage {
    super::sized(photo, |small| draw(small, false))
}

/// The photo as a drawing in coloured pencil.
pub fn color_pencil(photo: &RgbImage) -> RgbImage {
    super::sized(photo, |small| draw(small, true))
}

fn draw(mut photo: RgbImage, colored: bool) -> RgbImage {
    if photo.is_empty() {
        return photo;
    }
    let unit = super::unit(&photo);
    let pen = Pen { width: 0.8 * unit, threshold: 0.012, hardness: 28.0, reach: 3.5 };
    let outlines = pen.draw(&photo);
    Bilateral { radius: (3.0 * unit) as usize + 1, range: 22.0, passes: 1 }.apply(&mut photo);
    let tones = Tones::of(&photo, if colored { 0.45 } else { 0.8 });
    let shading = [
        Hatching { width: 1.3 * unit, length: 26.0 * unit, direction: [0.8, -0.6] },
        Hatching { width: 1.2 * unit, length: 22.0 * unit, direction: [0.8829, 0.4695] },
    ];
    let width = photo.width() as usize;
    photo.par_chunks_exact_mut(width * 3).enumerate().for_each(|(y, row)| {
        for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let (column, line) = (x as u32, y as u32);
            let paper = shading.each_ref().map(|hatching| hatching.at(column, line));
            let outline = outlines.values[y * width + x].max(0.0);
            let color = if colored { vivid(unit_of(*pixel)) } else { [luma(unit_of(*pixel)); 3] };
            *pixel = color.map(|value| {
                let shaded = shade(tones.of_value(value), paper);
                dithered(shaded * (0.15 + 0.85 * outline) * 255.0, column, line)
            });
        }
    });
    photo
}

/// More colour, as pencils have; grays stay.
fn vivid(color: [f32; 3]) -> [f32; 3] {
    let gray = luma(color);
    color.map(|value| (gray + (value - gray) * 1.35).clamp(0.0, 1.0))
}

/// A tone by layers of hatching: as many strokes over each other as make that tone on the mean. The
/// second direction comes in where it is dark.
fn shade(tone: f32, paper: [f32; 2]) -> f32 {
    let layers = tone.clamp(0.03, 1.0).ln() / MEAN.ln();
    let second = (layers - 1.6).max(0.0) * 0.5;
    paper[0].powf(layers - second) * paper[1].powf(second)
}

/// What tone a drawing has where the photo has each value.
struct Tones([f32; 256]);

impl Tones {
    /// The photo's values spread as those of drawings are: much paper, some middle tones, little dark.
    /// `strength` 0 leaves them as they are.
    fn of(photo: &RgbImage, strength: f32) -> Self {
        let gray = Map::of(photo, luma);
        let mut below = [0.0_f32; 257];
        for value in &gray.values {
            below[(value * 255.0) as usize + 1] += 1.0;
        }
        (1..257).for_each(|i| below[i] += below[i - 1]);
        let all = gray.values.len() as f32;
        let drawn = drawn();
        let mut place = 0;
        Self(std::array::from_fn(|value| {
            let rank = (below[value] + below[value + 1]) / (2.0 * all);
            while place < 255 && drawn[place] < rank {
                place += 1;
            }
            let own = value as f32 / 255.0;
            own + (place as f32 / 255.0 - own) * strength
        }))
    }

    /// The tone of a value from 0 to 1.
    fn of_value(&self, value: f32) -> f32 {
        self.0[(value * 255.0 + 0.5) as usize]
    }
}

/// The share of a drawing's tones up to each value: the three layers of the paper with its weights.
fn drawn() -> [f32; 256] {
    let density = |value: f32| {
        let light = (-(255.0 - value) / 9.0).exp() / 9.0;
        let middle = if (105.0..=225.0).contains(&value) { 1.0 / 120.0 } else { 0.0 };
        let dark = (-(value - 90.0).powi(2) / (2.0 * 11.0 * 11.0)).exp() / (11.0 * 2.5066);
        0.52 * light + 0.37 * middle + 0.11 * dark
    };
    let mut sum = 0.0;
    let sums: [f32; 256] = std::array::from_fn(|value| {
        sum += density(value as f32);
        sum
    });
    sums.map(|share| share / sum)
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;
    use crate::testing::scene;

    fn mean(photo: &RgbImage) -> f64 {
        photo.iter().map(|&v| f64::from(v)).sum::<f64>() / photo.len() as f64
    }

    #[test]
    fn a_pencil_is_gray_and_mostly_paper() {
        let drawing = pencil(&scene(300, 200));
        assert!(
            drawing.pixels().all(|p| p.0[0].abs_diff(p.0[1]) <= 1 && p.0[1].abs_diff(p.0[2]) <= 1)
        );
        assert!(mean(&drawing) > 140.0, "{}", mean(&drawing));
        assert!(drawing.iter().any(|&v| v < 90));
    }

    #[test]
    fn dark_stays_darker_than_light() {
        let photo = RgbImage::from_fn(400, 100, |x, _| Rgb([(x / 100 * 70) as u8 + 20; 3]));
        let drawing = pencil(&photo);
        let part = |i: u32| {
            mean(&image::imageops::crop_imm(&drawing, i * 100 + 20, 10, 60, 80).to_image())
        };
        assert!((0..3).all(|i| part(i) + 8.0 < part(i + 1)), "{:?}", [0, 1, 2, 3].map(part));
    }

    #[test]
    fn colours_keep_their_hue() {
        let drawing = color_pencil(&RgbImage::from_pixel(200, 100, Rgb([180, 60, 40])));
        let [r, g, b] = [0, 1, 2].map(|c| drawing.pixels().map(|p| u64::from(p.0[c])).sum::<u64>());
        assert!(r > g * 5 / 4 && g > b, "{r} {g} {b}");
    }

    #[test]
    fn any_size_passes() {
        for (width, height) in [(1, 1), (10, 40), (3000, 750)] {
            let photo = RgbImage::from_pixel(width, height, Rgb([90, 120, 30]));
            assert_eq!(pencil(&photo).dimensions(), (width, height));
            assert_eq!(color_pencil(&photo).dimensions(), (width, height));
        }
    }
}
