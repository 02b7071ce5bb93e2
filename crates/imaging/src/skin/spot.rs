//! Single marks of the skin: moles, brown spots, acne and closed comedones. Each is a connected part
//! that differs from the skin around in colour, told from others by size and shape.

use super::blob::Blob;
use super::chip::Skin;
use super::mask::Mask;
use super::oil::oil;
use super::score::chance;
use super::zone::{Side, Zone};
use crate::map::Map;

/// Over how far the skin around is averaged, in pixels, twice.
const AROUND: usize = 26;
/// Standard deviation of the blur against noise, in pixels.
const SCALE: f32 = 1.8;
/// Melanin over that of the skin around from which a pixel is brown.
const BROWN: f32 = 0.16;
/// Haemoglobin over that of the skin around from which a pixel is red.
const RED: f32 = 0.16;
/// L* over that of the skin around from which a pixel is a light bump.
const LIGHT: f32 = 1.6;
/// How much darker than the skin around in L* a mole is, and by how much natural absorbance in all
/// colours alike.
const MOLE_DARK: f32 = 13.0;
const MOLE_SHADE: f32 = 0.22;
/// Pixels between a mark and what is no skin: nearer, it is most likely hair, lashes or lip.
const CLEAR: usize = 9;

/// Where folds run, whose deepest parts are dark; only what is rounder than they are is a mark there.
const FOLDS: [Zone; 4] = [
    Zone::Nasolabial(Side::Left),
    Zone::Nasolabial(Side::Right),
    Zone::MouthCorner(Side::Left),
    Zone::MouthCorner(Side::Right),
];
const ON_A_FOLD: f32 = 1.35;
/// A mark stands out of what noise and grain make of the same skin by this factor of its median.
const ABOVE_NOISE: f32 = 7.0;

/// What a mark is. All heuristics on colour, size and shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mark {
    /// Dark, brown and round, up to 8 mm.
    Mole,
    /// Brown, lighter than a mole.
    BrownSpot,
    /// A red bump: a papule.
    Papule,
    /// A red bump with a light middle.
    Pustule,
    /// A red bump of 6 mm and more.
    Nodule,
    /// Red and flat, as acne leaves behind.
    RedMark,
    /// A small light bump without colour of its own.
    ClosedComedone,
}

/// A mark that was found.
#[derive(Clone, Debug)]
pub struct Spot {
    /// What it is.
    pub mark: Mark,
    /// Its shape in the chip.
    pub blob: Blob,
    /// How sure that is, 0.5 to 1: by how far its contrast is over the least that counts.
    pub confidence: f32,
}

/// What a pixel is more of than the skin around it.
struct Excess {
    dark: Map,
    melanin: Map,
    haemoglobin: Map,
    shade: Map,
    shine: Map,
    /// Least excess of melanin, haemoglobin and lightness that counts on this skin.
    limits: [f32; 3],
}

/// All marks of the skin in the chip.
pub fn spots(skin: &Skin) -> Vec<Spot> {
    let clear = skin.mask.eroded(CLEAR);
    let folds = skin.zones(&FOLDS);
    let excess = Excess::of(skin);
    let select = |wanted: &dyn Fn(usize) -> bool| {
        let bits = (0..skin.mask.bits.len()).map(|i| skin.mask.bits[i] && wanted(i)).collect();
        let mask = Mask { bits, ..skin.mask };
        let blobs = Blob::all(&mask).into_iter();
        let usable = |blob: &Blob| {
            let [x, y] = blob.centre.map(|value| value as isize);
            blob.pixels.iter().all(|&i| clear.bits[i])
                && (!folds.has(x, y) || blob.elongation() < ON_A_FOLD)
        };
        blobs.filter(usable).collect::<Vec<_>>()
    };
    let [least_brown, least_red, least_light] = excess.limits;
    let brown = select(&|i| {
        excess.melanin.values[i] > least_brown
            && excess.dark.values[i] > 1.5
            && excess.melanin.values[i] > 0.8 * excess.haemoglobin.values[i]
    });
    let red = select(&|i| {
        excess.haemoglobin.values[i] > least_red
            && excess.haemoglobin.values[i] > 1.1 * excess.melanin.values[i]
    });
    let light = select(&|i| excess.dark.values[i] < -least_light);
    let dark = select(&|i| excess.dark.values[i] > MOLE_DARK / 2.0);
    let moles: Vec<_> = dark.into_iter().filter_map(|blob| excess.mole(blob)).collect();
    let brown = brown.into_iter().filter_map(|blob| excess.brown(blob));
    let red = red.into_iter().filter_map(|blob| excess.red(blob));
    let light = light.into_iter().filter_map(|blob| excess.light(blob));
    // What is a mole is not a brown spot or red mark besides.
    let apart = |spot: &Spot| {
        let [x, y] = spot.blob.centre;
        moles.iter().all(|mole| {
            (mole.blob.centre[0] - x).hypot(mole.blob.centre[1] - y) > mole.blob.diameter()
        })
    };
    let others: Vec<_> = brown.chain(red).chain(light).filter(apart).collect();
    moles.into_iter().chain(others).collect()
}

impl Excess {
    fn of(skin: &Skin) -> Self {
        let over = |map: &Map, sign: f32| {
            let around = map.mean(AROUND).mean(AROUND);
            map.gaussian(SCALE).join(&around, |here, around| sign * (here - around))
        };
        let layers = &skin.layers();
        let dark = over(&layers.lightness, -1.0);
        let melanin = over(&layers.melanin, 1.0);
        let haemoglobin = over(&layers.haemoglobin, 1.0);
        let limit = |map: &Map, least: f32| {
            let mut sizes: Vec<f32> = skin.mask.indices().map(|i| map.values[i].abs()).collect();
            least.max(ABOVE_NOISE * crate::map::percentile(&mut sizes, 0.5))
        };
        let limits = [limit(&melanin, BROWN), limit(&haemoglobin, RED), limit(&dark, LIGHT)];
        let (shade, shine) = (over(&layers.shade, 1.0), oil(skin).0);
        Self { dark, melanin, haemoglobin, shade, shine, limits }
    }

    /// Moles are so full of melanin that they are dark in every colour, as no red mark is.
    fn mole(&self, blob: Blob) -> Option<Spot> {
        let round = blob.elongation() < 1.5 && blob.solidity() > 0.8;
        let (dark, shade) = (peak(&self.dark, &blob), peak(&self.shade, &blob));
        let pigment = peak(&self.melanin, &blob) + peak(&self.haemoglobin, &blob);
        let is_mole = dark > MOLE_DARK && shade > MOLE_SHADE && pigment > BROWN;
        (round && is_mole && (6.0..=46.0).contains(&blob.diameter())).then(|| Spot {
            mark: Mark::Mole,
            blob,
            confidence: chance(dark, MOLE_DARK, 4.0),
        })
    }

    fn brown(&self, blob: Blob) -> Option<Spot> {
        let compact = blob.elongation() < 2.2 && blob.solidity() > 0.72;
        if !compact || !(5.0..=90.0).contains(&blob.diameter()) {
            return None;
        }
        let (dark, melanin) = (peak(&self.dark, &blob), peak(&self.melanin, &blob));
        let least = 1.5 * self.limits[0];
        if melanin < least || dark < 3.0 {
            return None;
        }
        let mole =
            dark > 13.0 && blob.elongation() < 1.5 && (6.0..=46.0).contains(&blob.diameter());
        let mark = if mole { Mark::Mole } else { Mark::BrownSpot };
        Some(Spot { mark, blob, confidence: chance(melanin, least, 0.15) })
    }

    fn red(&self, blob: Blob) -> Option<Spot> {
        let compact = blob.elongation() < 2.0 && blob.solidity() > 0.72;
        if !compact || !(8.0..=90.0).contains(&blob.diameter()) {
            return None;
        }
        let red = peak(&self.haemoglobin, &blob);
        let least = 1.5 * self.limits[1];
        if red < least {
            return None;
        }
        let middle = self.middle(&blob);
        let mark = match () {
            // A light middle in a red ring.
            () if middle < -2.0 => Mark::Pustule,
            () if red > 1.7 * least && blob.diameter() >= 34.0 => Mark::Nodule,
            () if red > 1.7 * least => Mark::Papule,
            () => Mark::RedMark,
        };
        Some(Spot { mark, blob, confidence: chance(red, least, 0.15) })
    }

    /// How much darker in L* the middle of a blob is than its rim.
    fn middle(&self, blob: &Blob) -> f32 {
        let reach = blob.diameter() / 2.0;
        let mean = |from: f32, to: f32| {
            let (mut sum, mut count) = (0.0, 0);
            let steps = reach.ceil() as isize;
            for (dx, dy) in (-steps..=steps).flat_map(|y| (-steps..=steps).map(move |x| (x, y))) {
                if (from..to).contains(&((dx as f32).hypot(dy as f32) / reach)) {
                    let [x, y] = blob.centre.map(|value| value.round() as isize);
                    sum += self.dark.near(x + dx, y + dy);
                    count += 1;
                }
            }
            sum / count.max(1) as f32
        };
        mean(0.0, 0.3) - mean(0.4, 0.75)
    }

    fn light(&self, blob: Blob) -> Option<Spot> {
        let round = blob.elongation() < 1.7 && blob.solidity() > 0.8;
        if !round || !(5.0..=18.0).contains(&blob.diameter()) {
            return None;
        }
        let mean = |map: &Map| {
            blob.pixels.iter().map(|&i| map.values[i]).sum::<f32>() / blob.area() as f32
        };
        // A highlight of oily skin is no bump.
        let plain = mean(&self.haemoglobin) < 0.12 && mean(&self.shine) < 0.1;
        let light = blob.pixels.iter().map(|&i| -self.dark.values[i]).fold(0.0, f32::max);
        let least = 1.5 * self.limits[2];
        (plain && light > least).then(|| Spot {
            mark: Mark::ClosedComedone,
            confidence: chance(light, least, 1.5),
            blob,
        })
    }
}

/// The highest value of a map in a blob.
fn peak(map: &Map, blob: &Blob) -> f32 {
    blob.pixels.iter().map(|&i| map.values[i]).fold(f32::NEG_INFINITY, f32::max)
}

#[cfg(test)]
mod tests {
    use super::super::layers::{HAEMOGLOBIN, MELANIN};
    use super::super::phantom::Phantom;
    use super::*;

    const CHEEK: Zone = Zone::Cheek(Side::Left);

    fn sum(parts: &[([f32; 3], f32)]) -> [f32; 3] {
        std::array::from_fn(|c| parts.iter().map(|(color, amount)| color[c] * amount).sum())
    }

    /// What is found when one thing is painted; it must lie where it was painted.
    fn found(radius: f32, absorbs: [f32; 3]) -> Vec<(Mark, f32)> {
        let mut phantom = Phantom::clean();
        let [x, y] = phantom.centre(CHEEK);
        phantom.disc(CHEEK, radius, 4.0, absorbs);
        let spots = spots(&phantom.skin());
        for spot in &spots {
            let off = (spot.blob.centre[0] - x).hypot(spot.blob.centre[1] - y);
            assert!(off < 3.0, "{spot:?} lies {off} away");
            let ratio = spot.blob.diameter() / (2.0 * radius);
            assert!((0.7..1.5).contains(&ratio), "{} of {radius}", spot.blob.diameter());
        }
        spots.iter().map(|spot| (spot.mark, spot.confidence)).collect()
    }

    #[test]
    fn clean_skin_has_none() {
        assert!(spots(&Phantom::clean().skin()).is_empty());
    }

    #[test]
    fn each_mark_is_told() {
        let marks = [
            (Mark::Mole, 12.0, sum(&[(MELANIN, 1.6), ([1.0; 3], 0.3)])),
            (Mark::BrownSpot, 12.0, sum(&[(MELANIN, 0.5)])),
            (Mark::Papule, 12.0, sum(&[(HAEMOGLOBIN, 0.8)])),
            (Mark::Nodule, 24.0, sum(&[(HAEMOGLOBIN, 1.0)])),
            (Mark::RedMark, 12.0, sum(&[(HAEMOGLOBIN, 0.38)])),
            (Mark::ClosedComedone, 6.0, [-0.15; 3]),
        ];
        for (mark, radius, absorbs) in marks {
            let found: Vec<_> = found(radius, absorbs).into_iter().map(|(mark, _)| mark).collect();
            assert_eq!(found, [mark]);
        }
    }

    #[test]
    fn a_pustule_has_a_light_middle() {
        let mut phantom = Phantom::clean();
        let centre = phantom.centre(CHEEK);
        phantom.spot(centre, 15.0, 4.0, HAEMOGLOBIN.map(|value| value * 0.9));
        phantom.spot(centre, 5.0, 3.0, [-0.1, -0.3, -0.15]);
        let marks: Vec<_> = spots(&phantom.skin()).iter().map(|spot| spot.mark).collect();
        assert_eq!(marks, [Mark::Pustule]);
    }

    #[test]
    fn confidence_grows_with_contrast() {
        let ladder: Vec<f32> =
            [0.35, 0.6, 1.0].iter().map(|&m| found(14.0, MELANIN.map(|v| v * m))[0].1).collect();
        assert!(ladder[0] >= 0.5 && ladder.windows(2).all(|p| p[0] + 0.02 < p[1]), "{ladder:?}");
        assert!(found(14.0, MELANIN.map(|v| v * 0.1)).is_empty());
    }

    #[test]
    fn shade_gloss_and_lines_are_no_marks() {
        let mut phantom = Phantom::clean();
        phantom.disc(CHEEK, 14.0, 6.0, [0.35; 3]);
        phantom.gloss(Zone::Forehead, 30.0, 0.35);
        let [x, y] = phantom.centre(Zone::Chin);
        phantom.groove([x - 60.0, y], [x + 60.0, y], 3.0, 0.4);
        let found = spots(&phantom.skin());
        assert!(found.is_empty(), "{found:?}");
    }
}
