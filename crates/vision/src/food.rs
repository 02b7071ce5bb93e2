//! Food as it is served: what is salient, without the people at the table, with the plate or bowl around it.
//!
//! Saliency takes diners along, and loses white bowls on white cloth. People go where their
//! faces are seen; a round outline that holds the food is its dish. Dishes that are seen from the side, or have
//! corners, are as saliency has them.

use image::{GrayImage, RgbImage};
use safelight_contract::Result;
use safelight_imaging::Region;
use safelight_imaging::components::{Component, components};
use safelight_imaging::discs::{Disc, discs};
use safelight_imaging::resize::{self, Filter};

use crate::Vision;
use crate::kinds::Kind;
use crate::saliency::{SIDE, Saliency};

/// From here on a place is more likely salient than not.
const SALIENT: u8 = 128;
/// What is left without people shows food where it is at least this share of the photo.
const LEAST_LEFT: f32 = 0.02;
/// A piece that is smaller than this share of the largest is a scrap.
const SCRAP: f32 = 0.05;
/// A dish holds this much of what is salient, which is this much of the dish.
const HELD: f32 = 0.8;
const FILLED: f32 = 0.25;

/// Beside people, a piece stays that looks so much like food as the one that does most; no more pieces than this
/// are looked at.
const LIKE_BEST: f32 = 0.3;
const PIECES: usize = 8;

impl Vision {
    /// Clears what lay beside people and is no food, such as what they hold and wear.
    fn keep_food(&self, photo: &RgbImage, found: &mut Saliency) -> Result<()> {
        let mut pieces = components(&found.mask, |value| value >= SALIENT);
        pieces.sort_by_key(|piece| std::cmp::Reverse(piece.cells.len()));
        if pieces.len() < 2 {
            return Ok(());
        }
        let mut shares = Vec::with_capacity(PIECES);
        for piece in pieces.iter().take(PIECES) {
            let mask = piece.alone(found.mask.dimensions());
            let around = Saliency { mask, region: found.region }.bounds();
            shares.push(self.kinds(photo, around)?.share(Kind::FOOD));
        }
        let best = shares.iter().copied().fold(0.0, f32::max);
        for (at, piece) in pieces.iter().enumerate() {
            if shares.get(at).is_none_or(|share| *share < LIKE_BEST * best) {
                clear(&mut found.mask, piece);
            }
        }
        Ok(())
    }

    /// What is salient without people, with its dish, and whether people were taken out. None where people are
    /// all that is.
    ///
    /// # Errors
    /// As the models of people.
    pub fn served(
        &self,
        photo: &RgbImage,
        mut found: Saliency,
    ) -> Result<Option<(Saliency, bool)>> {
        let people = self.people_with_faces(photo, found.region)?;
        if let Some(people) = &people {
            erase(&mut found.mask, people);
            drop_scraps(&mut found.mask);
            self.keep_food(photo, &mut found)?;
            if share(&found, photo) < LEAST_LEFT {
                return Ok(None);
            }
        }
        let held = |disc: &Disc| dish(&found, photo.dimensions(), disc);
        let beside_people = people.is_some();
        let Some(mut served) = discs(photo).iter().find_map(held) else {
            return Ok(Some((found, beside_people)));
        };
        if let Some(people) = people {
            let region = found.region;
            erase(&mut served.mask, &moved(&people, region, served.region));
        }
        Ok(Some((served, beside_people)))
    }
}

fn erase(mask: &mut GrayImage, people: &GrayImage) {
    mask.iter_mut()
        .zip(people.iter())
        .for_each(|(value, person)| *value = (*value).min(255 - person));
}

/// Clears what is left of people: pieces that are small beside the largest.
fn drop_scraps(mask: &mut GrayImage) {
    let pieces = components(mask, |value| value >= SALIENT);
    let largest = pieces.iter().map(|piece| piece.cells.len()).max().unwrap_or(0) as f32;
    for piece in pieces.iter().filter(|piece| (piece.cells.len() as f32) < SCRAP * largest) {
        clear(mask, piece);
    }
}

fn clear(mask: &mut GrayImage, piece: &Component) {
    let cells: &mut [u8] = mask;
    piece.cells.iter().for_each(|&cell| cells[cell as usize] = 0);
}

/// Share of the photo that is salient.
fn share(found: &Saliency, photo: &RgbImage) -> f32 {
    let Region { width, height, .. } = found.region;
    let cells = found.mask.iter().filter(|&&value| value >= SALIENT).count() as f32;
    let covered = cells / found.mask.len().max(1) as f32 * (width * height) as f32;
    covered / (photo.width() * photo.height()).max(1) as f32
}

/// The mask with the whole of a disc of a photo of this size; None where that is not the dish of what the
/// mask shows.
fn dish(found: &Saliency, (width, height): (u32, u32), disc: &Disc) -> Option<Saliency> {
    let sides = [width as f32, height as f32];
    let [middle, reach] =
        [disc.middle, disc.reach].map(|shares| [shares[0] * sides[0], shares[1] * sides[1]]);
    let region = joined(found.region, middle, reach, (width, height));
    let mut mask = moved(&found.mask, found.region, region);
    let scale = [region.width, region.height].map(|length| length as f32 / SIDE as f32);
    let inside = |x: u32, y: u32| {
        let place = [
            region.x as f32 + (x as f32 + 0.5) * scale[0],
            region.y as f32 + (y as f32 + 0.5) * scale[1],
        ];
        let off = [0, 1].map(|axis| (place[axis] - middle[axis]) / reach[axis].max(1.0));
        off[0].hypot(off[1]) <= 1.0
    };
    let (mut all, mut salient, mut held) = (0_u32, 0_u32, 0_u32);
    for (x, y, value) in mask.enumerate_pixels() {
        let (within, shown) = (inside(x, y), value.0[0] >= SALIENT);
        all += u32::from(within);
        salient += u32::from(shown);
        held += u32::from(within && shown);
    }
    let holds = held as f32 >= HELD * salient as f32 && held as f32 >= FILLED * all as f32;
    if salient == 0 || !holds {
        return None;
    }
    let dish = mask.enumerate_pixels_mut().filter(|(x, y, _)| inside(*x, *y));
    dish.for_each(|(_, _, value)| value.0[0] = 255);
    Some(Saliency { mask, region })
}

/// The part of a photo of this size around a region and an ellipse.
fn joined(region: Region, middle: [f32; 2], reach: [f32; 2], sides: (u32, u32)) -> Region {
    let span = |from: u32, length: u32, axis: usize, side: u32| {
        let low = (middle[axis] - reach[axis]).floor().max(0.0) as u32;
        let high = ((middle[axis] + reach[axis]).ceil().max(0.0) as u32).min(side);
        let start = from.min(low);
        (start, (from + length).max(high) - start)
    };
    let (x, width) = span(region.x, region.width, 0, sides.0);
    let (y, height) = span(region.y, region.height, 1, sides.1);
    Region { x, y, width, height }
}

/// A mask of one region over another that holds it.
fn moved(mask: &GrayImage, from: Region, to: Region) -> GrayImage {
    if from == to {
        return mask.clone();
    }
    let cells = |length: u32, all: u32| {
        ((f64::from(length) / f64::from(all) * f64::from(SIDE)).round() as u32).max(1)
    };
    let (width, height) = (cells(from.width, to.width), cells(from.height, to.height));
    let part = resize::gray(mask, width, height, Filter::Area);
    let place =
        |start: u32, all: u32| (f64::from(start) / f64::from(all) * f64::from(SIDE)).round() as i64;
    let (x, y) = (place(from.x - to.x, to.width), place(from.y - to.y, to.height));
    let mut moved = GrayImage::new(SIDE, SIDE);
    image::imageops::replace(&mut moved, &part, x, y);
    moved
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    /// Food in the middle of a photo of 640 x 480, seen in a region around it.
    fn food() -> Saliency {
        let region = Region { x: 160, y: 120, width: 320, height: 240 };
        let mask = GrayImage::from_fn(SIDE, SIDE, |x, y| {
            let off = (x as f32 - 160.0).hypot(y as f32 - 160.0);
            Luma([if off < 120.0 { 255 } else { 0 }])
        });
        Saliency { mask, region }
    }

    fn plate(reach: f32) -> Disc {
        Disc { middle: [0.5; 2], reach: [reach, reach * 4.0 / 3.0], widening: 0.0 }
    }

    #[test]
    fn the_dish_that_holds_the_food_belongs_to_it() {
        let served = dish(&food(), (640, 480), &plate(0.3)).expect("its dish");
        let region = Region { x: 128, y: 48, width: 384, height: 384 };
        assert_eq!(served.region, region);
        let at = |x: u32, y: u32| {
            let cell = |at, from, length| (at - from) * SIDE / length;
            served.mask.get_pixel(cell(x, region.x, 384), cell(y, region.y, 384)).0[0]
        };
        assert_eq!([at(320, 240), at(140, 240), at(320, 60)], [255; 3], "food and rim");
        assert_eq!(at(140, 60), 0, "the table");
    }

    #[test]
    fn a_table_and_another_plate_are_no_dish_of_it() {
        assert_eq!(dish(&food(), (640, 480), &plate(0.45)), None, "too large");
        let beside = Disc { middle: [0.2, 0.5], ..plate(0.2) };
        assert_eq!(dish(&food(), (640, 480), &beside), None);
        assert_eq!(dish(&food(), (640, 480), &plate(0.08)), None, "within the food");
    }
}
