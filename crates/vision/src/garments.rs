//! The garments of a photo, told apart: what a person wears, or goods that lie, hang or
//! stand by themselves.
//!
//! No network that labels garments ships. What is worn is what is left of the person without head and
//! bare skin, taken apart along the joints of the body and the edges of colour; which kind it is, a
//! network of 1,000 classes says for the parts that it sees. All of this is a heuristic: two layers
//! above one another are one piece, and so are clothes of one colour where no leg parts them.

mod figure;
mod half;
mod worn;

use image::{GrayImage, RgbImage};
use safelight_contract::Result;
use safelight_imaging::Region;
use safelight_imaging::components::{Component, components, grown};

use crate::Vision;
use crate::kinds::{Kind, Kinds};
use crate::saliency::{SIDE, Saliency};

/// A class of garments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Garment {
    /// What covers the upper body, and no coat.
    Tops,
    /// What is worn over other clothes; uniforms and suits.
    Coat,
    /// Skirts and dresses.
    Skirt,
    /// Trousers, long and short.
    Pants,
    /// Bags, carried or by themselves.
    Bag,
    /// Footwear, as a pair.
    Shoes,
    /// Headwear.
    Hat,
}

impl Garment {
    /// All of them.
    pub const ALL: [Garment; 7] = [
        Garment::Tops,
        Garment::Coat,
        Garment::Skirt,
        Garment::Pants,
        Garment::Bag,
        Garment::Shoes,
        Garment::Hat,
    ];

    fn kind(self) -> Kind {
        match self {
            Garment::Tops => Kind::TOPS,
            Garment::Coat => Kind::COAT,
            Garment::Skirt => Kind::SKIRT,
            Garment::Pants => Kind::PANTS,
            Garment::Bag => Kind::BAG,
            Garment::Shoes => Kind::SHOES,
            Garment::Hat => Kind::HAT,
        }
    }
}

/// The garments of a photo: masks of [`SIDE`] x [`SIDE`], stretched over a region of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Garments {
    /// The part of the photo that the masks cover.
    pub region: Region,
    /// The clothes that the person wears, without hat, bag and shoes where there are others; or all
    /// the goods.
    pub main: GrayImage,
    /// Each class that there is, once, in the order of [`Garment::ALL`].
    pub pieces: Vec<(Garment, GrayImage)>,
}

impl Garments {
    /// The mask of one class.
    pub fn piece(&self, garment: Garment) -> Option<&GrayImage> {
        self.pieces.iter().find(|(class, _)| *class == garment).map(|(_, mask)| mask)
    }

    /// The mask of several classes together.
    pub fn together(&self, garments: &[Garment]) -> GrayImage {
        let mut all = GrayImage::new(SIDE, SIDE);
        garments.iter().filter_map(|garment| self.piece(*garment)).for_each(|m| add(&mut all, m));
        all
    }
}

/// Saliency from here on is a piece of goods.
const SALIENT: u8 = 64;
/// Goods smaller than this share of the largest are no goods; beyond so many they are not told apart.
const LEAST_OF_LARGEST: f32 = 0.1;
const MOST_GOODS: usize = 8;
/// A thing is a garment where the classes of garments have this much of the probability together.
/// Crops of clothes and bags have most of it, other things a tenth.
const GARMENT: f32 = 0.3;
/// And it is of the likeliest class where that has this share of them.
const LEAD: f32 = 0.4;
/// The soft edge around a piece, in cells.
const FRINGE: usize = 4;

impl Vision {
    /// The garments of the photo; `None` where it shows none.
    pub fn garments(&self, photo: &RgbImage) -> Result<Option<Garments>> {
        match self.people(photo)? {
            Some(people) => worn::take_apart(self, photo, &people),
            None => self.goods(photo),
        }
    }

    /// Garments that nobody wears.
    fn goods(&self, photo: &RgbImage) -> Result<Option<Garments>> {
        let salient = self.salient(photo)?;
        let mut things = components(&salient.mask, |value| value >= SALIENT);
        things.sort_by_key(|thing| std::cmp::Reverse(thing.cells.len()));
        things.truncate(MOST_GOODS);
        let largest = things.first().map_or(0, |thing| thing.cells.len());
        things.retain(|thing| thing.cells.len() as f32 >= LEAST_OF_LARGEST * largest as f32);
        let mut found = Garments {
            region: salient.region,
            main: GrayImage::new(SIDE, SIDE),
            pieces: Vec::new(),
        };
        let mut masks = Garment::ALL.map(|garment| (garment, GrayImage::new(SIDE, SIDE)));
        for thing in &things {
            let mut seen = vec![self.kinds(photo, box_of(thing, &salient))?];
            if things.len() == 1 {
                seen.push(self.kinds(photo, Region::whole(photo))?);
            }
            let most = |a: &&Kinds, b: &&Kinds| all_garments(a).total_cmp(&all_garments(b));
            let Some(kinds) = seen.iter().max_by(most) else { continue };
            if all_garments(kinds) < GARMENT {
                continue;
            }
            let own = own(&salient.mask, thing);
            add(&mut found.main, &own);
            let share = |garment: Garment| kinds.share(garment.kind());
            let best = Garment::ALL.into_iter().max_by(|a, b| share(*a).total_cmp(&share(*b)));
            let class = best.filter(|garment| share(*garment) >= all_garments(kinds) * LEAD);
            let place = masks.iter_mut().find(|(garment, _)| Some(*garment) == class);
            place.into_iter().for_each(|(_, mask)| add(mask, &own));
        }
        found.pieces.extend(masks.into_iter().filter(|(_, mask)| mask.iter().any(|&v| v > 0)));
        Ok(found.main.iter().any(|&value| value > 0).then_some(found))
    }
}

/// The probability that it is any garment.
fn all_garments(kinds: &Kinds) -> f32 {
    let classes = Garment::ALL.iter().map(|garment| kinds.share(garment.kind()));
    classes.sum::<f32>() + kinds.share(Kind::OTHER_CLOTHES)
}

/// The values of a mask on one piece of it and close around.
fn own(mask: &GrayImage, piece: &Component) -> GrayImage {
    let cells = piece.alone((SIDE, SIDE));
    let mut own = grown(&cells, FRINGE);
    for ((own, &value), &inside) in own.iter_mut().zip(mask.iter()).zip(cells.iter()) {
        *own = if *own > 0 && (inside > 0 || value < SALIENT) { value } else { 0 };
    }
    own
}

fn add(sum: &mut GrayImage, mask: &GrayImage) {
    sum.iter_mut().zip(mask.iter()).for_each(|(sum, &value)| *sum = value.max(*sum));
}

/// The part of the photo around a piece, with a margin.
fn box_of(piece: &Component, of: &Saliency) -> Region {
    const MARGIN: u32 = SIDE / 32;
    let places = || piece.cells.iter().map(|&at| (at % SIDE, at / SIDE));
    let (left, right) = places().fold((SIDE, 0), |(low, high), (x, _)| (low.min(x), high.max(x)));
    let (top, bottom) = places().fold((SIDE, 0), |(low, high), (_, y)| (low.min(y), high.max(y)));
    let span = |low: u32, high: u32, start: u32, length: u32| {
        let scaled = |cell: u32| (u64::from(cell) * u64::from(length) / u64::from(SIDE)) as u32;
        let from = scaled(low.saturating_sub(MARGIN)).min(length.saturating_sub(1));
        let to = scaled((high + 1 + MARGIN).min(SIDE)).max(from + 1);
        (start + from, to - from)
    };
    let (x, width) = span(left, right, of.region.x, of.region.width);
    let (y, height) = span(top, bottom, of.region.y, of.region.height);
    Region { x, y, width, height }
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    #[test]
    fn a_piece_keeps_its_fringe_and_not_its_neighbour() {
        let mask = GrayImage::from_fn(SIDE, SIDE, |x, y| {
            Luma([match (x, y) {
                (10..30, 10..30) => 200,
                (32..60, 10..30) => 220,
                (30..32, 10..30) => 30,
                _ => 0,
            }])
        });
        let pieces = components(&mask, |value| value >= SALIENT);
        let first = own(&mask, &pieces[0]);
        let at = |x, y| first.get_pixel(x, y).0[0];
        assert_eq!([at(20, 20), at(31, 20), at(32, 20), at(100, 100)], [200, 30, 0, 0]);
        let region = Region { x: 100, y: 50, width: 640, height: 320 };
        let found = box_of(&pieces[0], &Saliency { mask, region });
        assert_eq!(found, Region { x: 100, y: 50, width: 80, height: 40 });
    }
}
