//! What kind of thing a photo shows: EfficientNet-Lite0 (Tan and Le 2019), trained for the 1,000
//! classes of ImageNet, whose probabilities are added up to the few kinds that services ask for.

use std::ops::RangeInclusive;

use image::RgbImage;
use safelight_contract::Result;
use safelight_imaging::Region;
use safelight_imaging::resize::{self, Filter};

use crate::Vision;
use crate::model::{Normalisation, check_photo, output, planes};

const MODEL: &str = "classes";
const SIDE: u32 = 224;
const CLASSES: usize = 1000;
const SIGNED: Normalisation =
    Normalisation { divisor: 128.0, mean: [127.0 / 128.0; 3], deviation: [1.0; 3] };

/// A kind of thing: some classes of ImageNet, as ranges of their indices that do not overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind(&'static [RangeInclusive<usize>]);

impl Kind {
    /// Dishes, drinks, bread, fruit, vegetables and mushrooms, and what holds them on a table:
    /// bottle, glass, mug, pot, pan, goblet, bowl, tray, wok, plate, cup. Not the places where they are
    /// sold and eaten, which show people as well.
    pub const FOOD: Kind = Kind(&[
        415..=415, // bakery
        440..=441, // beer bottle, beer glass
        504..=505, // mug, coffeepot
        509..=509, // sweets
        521..=521, // slow cooker
        567..=567, // frying pan
        572..=572, // goblet
        618..=618, // ladle
        659..=659, // mixing bowl
        737..=737, // bottle of a soft drink
        809..=809, // soup bowl
        849..=849, // teapot
        868..=868, // tray
        898..=899, // water bottle, water jug
        907..=907, // wine bottle
        909..=910, // wok, wooden spoon
        923..=957, // plate, guacamole ... pomegranate
        959..=969, // carbonara ... espresso, cup, eggnog
        987..=987, // maize
        996..=998, // two mushrooms, ear of corn
    ]);
    /// Fish, birds, reptiles, insects and mammals.
    pub const ANIMAL: Kind = Kind(&[0..=397]);
    /// What covers the upper body: brassiere, cardigan, jersey, mail, sweatshirt.
    pub const TOPS: Kind =
        Kind(&[459..=459, 465..=465, 474..=474, 610..=610, 638..=638, 841..=841]);
    /// What is worn over other clothes: abaya, academic gown, cloak, fur coat, kimono, laboratory
    /// coat, uniform, poncho, suit, trench coat, vestment.
    pub const COAT: Kind = Kind(&[
        399..=400,
        501..=501,
        568..=568,
        614..=614,
        617..=617,
        652..=652,
        735..=735,
        834..=834,
        869..=869,
        887..=887,
    ]);
    /// Skirts and dresses: gown, hoop skirt, miniskirt, overskirt, sarong.
    pub const SKIRT: Kind = Kind(&[578..=578, 601..=601, 655..=655, 689..=689, 775..=775]);
    /// Trousers: jeans, pyjamas, shorts.
    pub const PANTS: Kind = Kind(&[608..=608, 697..=697, 842..=842]);
    /// Bags: backpack, messenger bag, plastic bag, purse, shopping basket, wallet.
    pub const BAG: Kind = Kind(&[414..=414, 636..=636, 728..=728, 748..=748, 790..=790, 893..=893]);
    /// Footwear: stocking, clog, boot, loafer, running shoe, sandal, sock.
    pub const SHOES: Kind =
        Kind(&[496..=496, 502..=502, 514..=514, 630..=630, 770..=770, 774..=774, 806..=806]);
    /// Headwear: caps, bonnet, bearskin, hats, helmets.
    pub const HAT: Kind = Kind(&[
        433..=433,
        439..=439,
        452..=452,
        515..=515,
        518..=518,
        560..=560,
        667..=667,
        715..=715,
        793..=793,
        796..=796,
        808..=808,
    ]);
    /// What else is worn: apron, swimwear, mitten, stole, and ties, which show whatever they are worn
    /// with.
    pub const OTHER_CLOTHES: Kind = Kind(&[
        411..=411,
        445..=445,
        451..=451,
        457..=457,
        639..=639,
        658..=658,
        824..=824,
        906..=906,
    ]);
}

/// How likely a photo shows each class.
#[derive(Clone, Debug)]
pub struct Kinds(Vec<f32>);

impl Kinds {
    /// The probability that it is of this kind, 0..1.
    pub fn share(&self, kind: Kind) -> f32 {
        let all: f32 = kind.0.iter().map(|range| self.0[range.clone()].iter().sum::<f32>()).sum();
        all.min(1.0)
    }
}

impl Vision {
    /// What kind of thing a region of the photo shows.
    pub fn kinds(&self, photo: &RgbImage, region: Region) -> Result<Kinds> {
        check_photo(photo)?;
        let Region { x, y, width, height } = region;
        let part = resize::rgb_part(photo, [x, y, width, height], SIDE, SIDE, Filter::Bilinear);
        let input = planes(&part, SIGNED)?;
        let outputs = self.models.get(MODEL)?.run(&[("input", &input)])?;
        Ok(Kinds(output(&outputs, MODEL, "probabilities", CLASSES)?.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_do_not_share_classes_and_lie_within_them() {
        let all = [
            Kind::FOOD,
            Kind::ANIMAL,
            Kind::TOPS,
            Kind::COAT,
            Kind::SKIRT,
            Kind::PANTS,
            Kind::BAG,
            Kind::SHOES,
            Kind::HAT,
            Kind::OTHER_CLOTHES,
        ];
        let mut seen = [false; CLASSES];
        for class in all.iter().flat_map(|kind| kind.0.iter().cloned().flatten()) {
            assert!(!std::mem::replace(&mut seen[class], true), "{class} twice");
        }
        let mut shares = vec![0.0; CLASSES];
        (shares[923], shares[967], shares[281]) = (0.25, 0.5, 0.25);
        let kinds = Kinds(shares);
        assert_eq!((kinds.share(Kind::FOOD), kinds.share(Kind::BAG)), (0.75, 0.0));
        assert_eq!(kinds.share(Kind::ANIMAL), 0.25);
    }
}
