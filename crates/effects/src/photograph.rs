//! Photography after words: a look, another backdrop, focus and light on the subject.
//!
//! The words are data, `data/words/photography.toml`, and so are the looks, `data/photography.toml`.
//! Nothing is added to a photo that it does not show.

use std::sync::LazyLock;

use image::{GrayImage, RgbImage};
use rayon::prelude::*;
use safelight_imaging::Cutout;
use safelight_imaging::color::{to_linear, to_srgb, unit};
use safelight_imaging::map::{Map, thumbnail};

use crate::change::pixel_of;
use crate::describe::{Description, PHOTOGRAPHY};
use crate::lab::Lab;
use crate::looks::{self, Look};

/// The looks of photography.
pub static LOOKS: LazyLock<Vec<Look>> = LazyLock::new(|| {
    let read = looks::read(include_str!("../data/photography.toml"));
    read.unwrap_or_else(|error| panic!("{error}"))
});

/// How a photo is taken.
#[derive(Clone, Debug, Default)]
pub struct Shot {
    /// Looks with their strengths, 0 to 1, in the order in which they are applied.
    pub looks: Vec<(&'static Look, f32)>,
    /// How far what is behind the subject is out of focus, 0 to 1.
    pub blur: f32,
    /// The colour of a plain backdrop.
    pub backdrop: Option<Lab>,
    /// How far the light is on the subject alone, 0 to 1.
    pub spot: f32,
}

/// What is wrong with a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unable {
    /// No word of it is known.
    Unknown,
    /// It asks for what the photo does not show.
    Elsewhere,
}

/// Looks that are mixed from several words at most.
const MOST_LOOKS: usize = 2;
/// Colour of a backdrop without a name.
const GRAY: Lab = [62.0, 0.0, 0.5];
/// Long side of the picture that is blurred.
const BLURRED: u32 = 900;
/// Standard deviation of the blur as a share of the long side.
const BLUR: f32 = 0.014;

impl Shot {
    /// What words ask for.
    pub fn described(text: &str) -> Result<Self, Unable> {
        let said: Description = PHOTOGRAPHY.read(text);
        let number = |name: &str| said.number(name, 0.0);
        if number("place") > 0.0 {
            return Err(Unable::Elsewhere);
        }
        let strength = said.strength.unwrap_or(1.0).clamp(0.3, 1.2);
        let wanted = LOOKS.iter().map(|look| (look, (number(&look.id) * strength).min(1.0)));
        let mut looks: Vec<_> = wanted.filter(|(_, strength)| *strength > 0.0).collect();
        looks.truncate(MOST_LOOKS);
        let backdrop = (number("backdrop") > 0.0)
            .then(|| said.colours.first().map_or(GRAY, |named| named.colour));
        let shot = Self { looks, blur: number("blur"), backdrop, spot: number("spot") };
        let nothing = shot.looks.is_empty() && shot.blur <= 0.0 && shot.backdrop.is_none();
        if nothing && shot.spot <= 0.0 { Err(Unable::Unknown) } else { Ok(shot) }
    }

    /// Whether the subject must be known.
    pub fn needs_subject(&self) -> bool {
        self.blur > 0.0 || self.backdrop.is_some() || self.spot > 0.0
    }

    /// Takes a photo. `subject` is cut out of it, where that is needed and there is one.
    pub fn take(&self, mut photo: RgbImage, subject: Option<&Cutout>) -> RgbImage {
        if let Some(subject) = subject {
            match self.backdrop {
                Some(colour) => before_backdrop(&mut photo, subject, colour),
                None if self.blur > 0.0 => out_of_focus(&mut photo, subject, self.blur),
                None => {}
            }
            if self.spot > 0.0 && self.backdrop.is_none() {
                light(&mut photo, &subject.alpha, self.spot);
            }
        }
        for (look, strength) in &self.looks {
            look.apply(&mut photo, *strength);
        }
        photo
    }
}

/// What a pixel of the subject becomes over a ground.
fn over(subject: [u8; 3], ground: [f32; 3], alpha: u8) -> [u8; 3] {
    let share = f32::from(alpha) / 255.0;
    let mixed = |i: usize| f32::from(subject[i]) * share + ground[i] * 255.0 * (1.0 - share);
    [0, 1, 2].map(|i| (mixed(i) + 0.5).clamp(0.0, 255.0) as u8)
}

/// Puts the subject before a plain backdrop, lighter behind its head than in the corners.
fn before_backdrop(photo: &mut RgbImage, subject: &Cutout, colour: Lab) {
    let (width, height) = photo.dimensions();
    let long = width.max(height) as f32;
    let middle = head(&subject.alpha);
    let line = width as usize;
    let cut = subject.rgb.as_chunks::<3>().0;
    photo.par_chunks_exact_mut(3 * line).enumerate().for_each(|(y, row)| {
        for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let at = y * line + x;
            let far = (x as f32 - middle[0]).hypot(y as f32 - middle[1]) / long;
            let light = colour[0] * (1.10 - 0.55 * far.min(1.0).powf(1.4));
            // A step of noise against bands.
            let grain = safelight_imaging::color::noise(x as u32, y as u32) - 0.5;
            let ground = pixel_of([(light + 0.8 * grain).clamp(0.0, 99.0), colour[1], colour[2]]);
            *pixel = over(cut[at], unit(ground), subject.alpha.as_raw()[at]);
        }
    });
}

/// The middle of the upper part of a matte.
fn head(alpha: &GrayImage) -> [f32; 2] {
    let top = alpha.rows().position(|mut row| row.any(|value| value.0[0] > 127)).unwrap_or(0);
    let reach = top as u32 + alpha.height() / 4;
    let inside = alpha.enumerate_pixels().filter(|(_, y, value)| *y < reach && value.0[0] > 127);
    let (count, sum) =
        inside.fold((0.0_f64, 0.0), |(n, sum), (x, ..)| (n + 1.0, sum + f64::from(x)));
    let x = if count > 0.0 { sum / count } else { f64::from(alpha.width()) / 2.0 };
    [x as f32, (top as u32 + alpha.height() / 8) as f32]
}

/// Blurs what is behind the subject, without the subject's colours in it, in linear light.
fn out_of_focus(photo: &mut RgbImage, subject: &Cutout, strength: f32) {
    let small = thumbnail(photo, BLURRED);
    let (across, down) = small.dimensions();
    let alpha = safelight_imaging::resize::gray(
        &subject.alpha,
        across,
        down,
        safelight_imaging::resize::Filter::Area,
    );
    let sigma = BLUR * strength * across.max(down) as f32;
    let weights = Map {
        width: across as usize,
        height: down as usize,
        values: alpha.iter().map(|&a| (1.0 - f32::from(a) / 255.0).powi(2) + 1e-4).collect(),
    };
    let total = weights.gaussian(sigma);
    let planes = [0, 1, 2].map(|channel| {
        let own = Map::of(&small, |colour| to_linear(colour[channel]));
        own.join(&weights, |a, b| a * b).gaussian(sigma).join(&total, |a, b| a / b)
    });
    let (width, height) = photo.dimensions();
    let line = width as usize;
    let cut = subject.rgb.as_chunks::<3>().0;
    photo.par_chunks_exact_mut(3 * line).enumerate().for_each(|(y, row)| {
        let rows = planes.each_ref().map(|plane| {
            let mut values = vec![0.0; line];
            plane.stretched_row(y as u32, height, &mut values);
            values
        });
        for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let ground = rows.each_ref().map(|values| to_srgb(values[x]).clamp(0.0, 1.0));
            let at = y * line + x;
            *pixel = over(cut[at], ground, subject.alpha.as_raw()[at]);
        }
    });
}

/// Dims what is far from the subject.
fn light(photo: &mut RgbImage, alpha: &GrayImage, strength: f32) {
    let (width, height) = photo.dimensions();
    let side = 160.0 / width.max(height) as f32;
    let scaled = |length: u32| ((length as f32 * side).round() as u32).max(1);
    let small = safelight_imaging::resize::gray(
        alpha,
        scaled(width),
        scaled(height),
        safelight_imaging::resize::Filter::Area,
    );
    let near = Map {
        width: small.width() as usize,
        height: small.height() as usize,
        values: small.iter().map(|&a| f32::from(a) / 255.0).collect(),
    };
    let near = near.gaussian(10.0);
    let line = width as usize;
    photo.par_chunks_exact_mut(3 * line).enumerate().for_each(|(y, row)| {
        let mut lit = vec![0.0; line];
        near.stretched_row(y as u32, height, &mut lit);
        for (pixel, lit) in row.as_chunks_mut::<3>().0.iter_mut().zip(lit) {
            let gain = 1.0 - strength * 0.82 * (1.0 - (1.6 * lit).min(1.0));
            *pixel = unit(*pixel).map(|value| {
                (to_srgb(to_linear(value) * gain).clamp(0.0, 1.0) * 255.0 + 0.5) as u8
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use image::{Luma, Rgb};

    use super::*;

    #[test]
    fn words_become_shots() {
        let shot = Shot::described("Cinematic portrait with a blurred background").expect("a shot");
        assert_eq!((shot.looks[0].0.id.as_str(), shot.blur), ("cinematic", 1.0));
        let studio = Shot::described("Professional headshot, blue background").expect("a shot");
        assert!(studio.backdrop.is_some_and(|colour| colour[2] < -20.0));
        assert_eq!(Shot::described("qwerty asdf").map(drop), Err(Unable::Unknown));
        let beach = Shot::described("cinematic, on a beach in a wedding dress");
        assert_eq!(beach.map(drop), Err(Unable::Elsewhere));
        assert!(LOOKS.iter().all(|look| Shot::described("noir").is_ok() && !look.id.is_empty()));
    }

    #[test]
    fn the_subject_stays_sharp_and_the_ground_does_not() {
        let photo =
            RgbImage::from_fn(120, 80, |x, y| Rgb([if (x + y) % 2 == 0 { 30 } else { 220 }; 3]));
        let inside = |x: u32| (40..80).contains(&x);
        let alpha = GrayImage::from_fn(120, 80, |x, _| Luma([if inside(x) { 255 } else { 0 }]));
        let subject = Cutout { rgb: photo.clone(), alpha };
        let shot = Shot { blur: 1.0, ..Shot::default() };
        let taken = shot.take(photo.clone(), Some(&subject));
        assert!((41..79).all(|x| taken.get_pixel(x, 40) == photo.get_pixel(x, 40)));
        let steps = |x: u32| taken.get_pixel(x, 40).0[0].abs_diff(taken.get_pixel(x + 1, 40).0[0]);
        assert!((4..30).all(|x| steps(x) < 60), "out of focus");
        let backdrop = Shot { backdrop: Some([50.0, 0.0, 0.0]), ..Shot::default() };
        let taken = backdrop.take(photo.clone(), Some(&subject));
        assert!(
            (2..38)
                .all(|x| taken.get_pixel(x, 40).0[0].abs_diff(taken.get_pixel(x + 1, 40).0[0]) < 8)
        );
    }
}
