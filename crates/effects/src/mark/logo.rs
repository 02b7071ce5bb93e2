//! A logo as a mark carries it: 32 x 32 pixels of ink or paper.

use image::{GrayImage, Luma};
use safelight_contract::{Code, Fault, Result};
use safelight_imaging::Photo;
use safelight_imaging::color::luma;
use safelight_imaging::resize::{Filter, gray};

/// Pixels of a side.
const SIDE: u32 = 32;
/// Share of a neighbour's say in a pixel that is read.
const NEIGHBOUR: f32 = 0.15;

/// A small picture of ink on paper.
#[derive(Clone, Debug, PartialEq)]
pub struct Logo {
    /// Positive for ink; its size is how sure that is.
    ink: Vec<f32>,
}

impl Logo {
    /// Pixels of a logo.
    pub const PIXELS: usize = (SIDE * SIDE) as usize;

    /// The dark parts of a picture, fitted into the square with paper around it. A picture of one
    /// brightness whose transparency shows a form is read by its transparency.
    ///
    /// # Errors
    /// `ERROR_INVALID_FILE` for a picture that shows no form.
    pub fn of(photo: &Photo) -> Result<Self> {
        let brightness = GrayImage::from_fn(photo.rgb.width(), photo.rgb.height(), |x, y| {
            let light = luma(photo.rgb.get_pixel(x, y).0.map(f32::from));
            let cover = photo.alpha.as_ref().map_or(255, |alpha| alpha.get_pixel(x, y).0[0]);
            Luma([(255.0 + (light - 255.0) * f32::from(cover) / 255.0).round() as u8])
        });
        let cover = photo.alpha.as_ref().map(|alpha| {
            GrayImage::from_fn(alpha.width(), alpha.height(), |x, y| {
                Luma([255 - alpha.get_pixel(x, y).0[0]])
            })
        });
        let shown = [Some(brightness), cover].into_iter().flatten();
        let mut forms =
            shown.filter_map(|picture| threshold(&picture).map(|least| (picture, least)));
        let (picture, least) = forms.next().ok_or_else(|| {
            Fault::new(Code::InvalidFile, "logo shows no form: it has one brightness everywhere")
        })?;
        let small = fitted(&picture);
        let ink = small.iter().map(|value| if *value < least { 1.0 } else { -1.0 }).collect();
        Ok(Self { ink })
    }

    /// The symbols that a mark carries.
    pub(super) fn symbols(&self) -> Vec<bool> {
        self.ink.iter().map(|&ink| ink > 0.0).collect()
    }

    /// What was read, cleared of single wrong pixels: neighbours have a say.
    pub(super) fn of_symbols(soft: &[f32]) -> Self {
        let side = SIDE as i64;
        let at = |x: i64, y: i64| {
            let inside = (0..side).contains(&x) && (0..side).contains(&y);
            if inside { soft[(y * side + x) as usize] } else { 0.0 }
        };
        let pixel = |i: i64| {
            let (x, y) = (i % side, i / side);
            let around = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1);
            at(x, y) + NEIGHBOUR * around
        };
        Self { ink: (0..side * side).map(pixel).collect() }
    }

    /// Share of the pixels in which two logos differ.
    pub fn difference(&self, other: &Self) -> f32 {
        let pairs = self.ink.iter().zip(&other.ink);
        let unlike = pairs.filter(|(a, b)| (**a > 0.0) != (**b > 0.0)).count();
        unlike as f32 / Self::PIXELS as f32
    }

    /// The logo as a picture, black on white, eight pixels for each, its contours smoothed.
    pub fn picture(&self) -> GrayImage {
        const SCALE: u32 = 8;
        let signs = self.ink.iter().map(|&ink| if ink > 0.0 { 0 } else { 255 }).collect();
        let Some(signs) = GrayImage::from_raw(SIDE, SIDE, signs) else {
            return GrayImage::new(1, 1);
        };
        let mut large = image::imageops::resize(
            &signs,
            SIDE * SCALE,
            SIDE * SCALE,
            image::imageops::FilterType::CatmullRom,
        );
        large.iter_mut().for_each(|value| {
            *value = ((f32::from(*value) - 127.5) * 4.0 + 127.5).clamp(0.0, 255.0) as u8;
        });
        large
    }
}

/// The picture within the square, white around it.
fn fitted(picture: &GrayImage) -> GrayImage {
    let (width, height) = picture.dimensions();
    let scale = f64::from(SIDE) / f64::from(width.max(height).max(1));
    let side = |side: u32| ((f64::from(side) * scale).round() as u32).clamp(1, SIDE);
    let small = gray(picture, side(width), side(height), Filter::Area);
    let mut square = GrayImage::from_pixel(SIDE, SIDE, Luma([255]));
    let (left, top) = ((SIDE - small.width()) / 2, (SIDE - small.height()) / 2);
    image::imageops::replace(&mut square, &small, left.into(), top.into());
    square
}

/// The brightness that parts ink from paper best (Otsu 1979); none where all is one.
fn threshold(picture: &GrayImage) -> Option<u8> {
    let mut counts = [0_f64; 256];
    picture.iter().for_each(|value| counts[usize::from(*value)] += 1.0);
    let total: f64 = counts.iter().sum();
    let sum: f64 = (0..).zip(counts).map(|(value, count)| f64::from(value) * count).sum();
    let (mut below, mut sum_below, mut best) = (0.0, 0.0, (0.0, None));
    for level in 0..255_u8 {
        below += counts[usize::from(level)];
        sum_below += f64::from(level) * counts[usize::from(level)];
        let above = total - below;
        if below > 0.0 && above > 0.0 {
            let apart = sum_below / below - (sum - sum_below) / above;
            let between = below * above * apart * apart;
            if between > best.0 {
                best = (between, Some((level + 1, apart.abs())));
            }
        }
    }
    best.1.filter(|(_, apart)| *apart > 12.0).map(|(level, _)| level)
}
