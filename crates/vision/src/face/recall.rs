//! Every face that may be one, for services that hide faces: a place too many does less harm than a
//! face too few.
//!
//! The photo is looked at all four ways up, and once more with its borders mirrored, which makes whole
//! faces of those that the frame cuts. What any look finds counts where the detector is sure, or where
//! the place has the colours of skin. Where there is no colour a second detector is asked.

use image::RgbImage;
use safelight_contract::Result;
use safelight_imaging::resize::{self, Filter};
use safelight_inference::Models;

use super::detection::{self, Detection, distinct, ordered};
use super::{Point, Rect, mesh, second};
use crate::model::check_photo;

/// From this score on the detector is sure, whatever the colours.
const SURE: f32 = 0.85;
/// Least score of what has the colours of skin, in the photo as it is and in another look.
const LIKELY: f32 = 0.6;
const LIKELY_ASIDE: f32 = 0.72;
/// Share of a face's middle that has the colours of skin.
const SKIN: f32 = 0.35;
/// Chroma up to which a place counts as black and white, where skin has no colour.
const GRAY: u8 = 10;
/// Heat of the second detector from which such a place may be a face.
const SEEN: f32 = 0.1;
/// How many places of a photo are looked at by another model.
const MOST_LOOKS: usize = 200;
/// Long side of the copy with mirrored borders, and their width as a share of it.
const SIDE: u32 = 640;
const BORDER: f32 = 0.2;
/// Share of a box in the photo from which a face at its edge is one to hide.
const INSIDE: f32 = 0.25;

/// Every place that may be a face, largest first.
pub(crate) fn detect(models: &Models, photo: &RgbImage) -> Result<Vec<Detection>> {
    check_photo(photo)?;
    let upright = detection::detect(models, photo)?;
    let mut others = at_borders(models, photo)?;
    for view in detection::turned_views(models, photo)? {
        others.extend(view);
    }
    let mut judge = Judge { models, photo, looks: MOST_LOOKS };
    let mut found = Vec::new();
    for face in upright {
        if judge.accepts(&face, LIKELY)? || judge.is_surely_face(&face)? {
            found.push(face);
        }
    }
    for face in others {
        if judge.accepts(&face, LIKELY_ASIDE)? {
            found.push(face);
        }
    }
    Ok(ordered(distinct(found), detection::MOST_PLACES))
}

/// Tells which places may be faces.
struct Judge<'a> {
    models: &'a Models,
    photo: &'a RgbImage,
    /// How many more places are looked at by another model; after that each counts as a face.
    looks: usize,
}

impl Judge<'_> {
    fn accepts(&mut self, face: &Detection, least: f32) -> Result<bool> {
        if face.score >= SURE || face.score < least {
            return Ok(face.score >= SURE);
        }
        match skin_share(self.photo, &face.rect) {
            Some(share) => Ok(share >= SKIN),
            None => self.look(|models, photo| Ok(second::opinion(models, photo, face)? >= SEEN)),
        }
    }

    fn is_surely_face(&mut self, face: &Detection) -> Result<bool> {
        self.look(|models, photo| mesh::is_surely_face(models, photo, face))
    }

    fn look(&mut self, model: impl FnOnce(&Models, &RgbImage) -> Result<bool>) -> Result<bool> {
        if self.looks == 0 {
            return Ok(true);
        }
        self.looks -= 1;
        model(self.models, self.photo)
    }
}

/// Share of the ellipse in the middle of a box that has the colours of skin: the region of Chai and
/// Ngan (1999) in Cb and Cr. `None` where there is no colour at all.
fn skin_share(photo: &RgbImage, rect: &Rect) -> Option<f32> {
    let inside =
        Rect { x: 0.0, y: 0.0, width: photo.width() as f32, height: photo.height() as f32 };
    let part = rect.common(&inside);
    let centre = rect.centre();
    let (mut all, mut skin, mut coloured) = (0, 0, 0);
    let step = (part.longer_side() / 60.0).ceil().max(1.0) as usize;
    for y in (part.y as u32..part.bottom() as u32).step_by(step) {
        for x in (part.x as u32..part.right() as u32).step_by(step) {
            let across = (x as f32 - centre.x) / (0.4 * rect.width);
            let down = (y as f32 - centre.y) / (0.4 * rect.height);
            if across.hypot(down) > 1.0 {
                continue;
            }
            let [r, g, b] = photo.get_pixel(x, y).0;
            all += 1;
            coloured += i32::from(r.max(g).max(b) - r.min(g).min(b) > GRAY);
            skin += i32::from(is_skin([r, g, b].map(f32::from)));
        }
    }
    (coloured * 10 >= all).then(|| skin as f32 / (all as f32).max(1.0))
}

fn is_skin([r, g, b]: [f32; 3]) -> bool {
    let luma = 0.299 * r + 0.587 * g + 0.114 * b;
    let (blue, red) = (0.564 * (b - luma), 0.713 * (r - luma));
    (-51.0..-1.0).contains(&blue) && (5.0..45.0).contains(&red)
}

/// Faces that the frame cuts, found whole in a copy whose borders are mirrored.
fn at_borders(models: &Models, photo: &RgbImage) -> Result<Vec<Detection>> {
    let longest = photo.width().max(photo.height());
    let scale = SIDE as f32 / longest as f32;
    let scaled = |length: u32| ((length as f32 * scale).round() as u32).max(1);
    let small = resize::rgb(photo, scaled(photo.width()), scaled(photo.height()), Filter::Area);
    let border = (SIDE as f32 * BORDER) as u32;
    let wide = mirrored(&small, border);
    let back =
        |p: Point| Point { x: (p.x - border as f32) / scale, y: (p.y - border as f32) / scale };
    let frame = Rect { x: 0.0, y: 0.0, width: photo.width() as f32, height: photo.height() as f32 };
    let found = detection::once(models, &wide)?;
    Ok(found
        .into_iter()
        .map(|face| face.mapped(back))
        .filter(|face| {
            let shown = face.rect.common(&frame).area() / face.rect.area().max(1e-6);
            (INSIDE..0.97).contains(&shown)
        })
        .collect())
}

/// The picture with this many mirrored pixels on each side.
fn mirrored(picture: &RgbImage, border: u32) -> RgbImage {
    let (width, height) = picture.dimensions();
    let at = |i: u32, length: u32| {
        let (i, length) = (i64::from(i) - i64::from(border), i64::from(length));
        let turn = i.rem_euclid(2 * length);
        turn.min(2 * length - 1 - turn) as u32
    };
    RgbImage::from_fn(width + 2 * border, height + 2 * border, |x, y| {
        *picture.get_pixel(at(x, width), at(y, height))
    })
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn borders_are_mirrored() {
        let picture = RgbImage::from_fn(3, 2, |x, y| Rgb([x as u8, y as u8, 0]));
        let wide = mirrored(&picture, 2);
        let row: Vec<u8> = (0..7).map(|x| wide.get_pixel(x, 2)[0]).collect();
        assert_eq!(row, [1, 0, 0, 1, 2, 2, 1]);
        let column: Vec<u8> = (0..6).map(|y| wide.get_pixel(3, y)[1]).collect();
        assert_eq!(column, [1, 0, 0, 1, 1, 0]);
    }

    #[test]
    fn skin_of_every_tone_counts_and_sky_does_not() {
        let share = |color| {
            let photo = RgbImage::from_pixel(60, 80, Rgb(color));
            skin_share(&photo, &Rect { x: 5.0, y: 5.0, width: 50.0, height: 70.0 })
        };
        for skin in [[241, 200, 178], [198, 134, 104], [141, 85, 60], [72, 46, 36]] {
            assert_eq!(share(skin), Some(1.0), "{skin:?}");
        }
        for other in [[120, 170, 230], [60, 120, 40], [250, 220, 10]] {
            assert_eq!(share(other), Some(0.0), "{other:?}");
        }
        assert_eq!(share([120; 3]), None);
    }
}
