//! How deep the wrinkles of a place of the face are, as one number in L* that follows age: a high
//! percentile of the depth of dark ridges, or of long folds the mean. Places, scales and limits were
//! found on 140 portraits by the rank correlation with apparent age (.40 to .58).

use super::blob::Blob;
use super::chip::Skin;
use super::line::{Run, WEAK, Window, ridges};
use super::mask::Mask;
use super::zone::{Side, Zone};
use crate::color::lab_of;
use crate::map::{Map, percentile};

/// Standard deviations of the ridges of fine lines and of folds, in chip pixels.
const FINE: &[f32] = &[3.0, 4.3, 6.6];
const FOLDS: &[f32] = &[5.0, 7.2, 10.7];
/// The rank of the depth that stands for a place.
const RANK: f32 = 0.97;
/// Skin pixels below which a place shows nothing.
const LEAST_SKIN: usize = 600;
/// How far skin may differ from the cheek's in a* and b*: more is lips, lashes or shade of hair.
const LIKE_CHEEK: f32 = 18.0;
/// The same beside the eye, where hair is near, and how far in L*.
const LIKE_TEMPLE: (f32, f32) = (16.0, 22.0);
/// In distances between the pupils: width of the band along the fold from nose to mouth, length from
/// which a ridge in it is a fold, and the circle around the corner of the eye that is left out.
const FOLD_WIDTH: f32 = 0.16;
const FOLD_LENGTH: f32 = 0.16;
const CORNER: f32 = 0.07;
/// Points of the mesh: the outer corners of the eyes, and the iris centres.
const CORNERS: [usize; 2] = [33, 263];
const PUPILS: [usize; 2] = [468, 473];

/// Wrinkles that a yes or no can be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrinkle {
    /// Lines across the forehead.
    Forehead,
    /// Upright lines between the brows.
    Glabella,
    /// Fine lines under an eye.
    UnderEye(Side),
    /// Rays from the outer corner of an eye.
    CrowsFeet(Side),
    /// The fold from the wing of the nose to the corner of the mouth.
    Nasolabial(Side),
}

impl Wrinkle {
    /// The mesh points around its place; along it for a fold.
    fn indices(self) -> &'static [u16] {
        use Side::{Left, Right};
        match self {
            Self::Forehead => &[67, 109, 10, 338, 297, 299, 337, 151, 108, 69],
            Self::Glabella => &[107, 9, 336, 285, 8, 55],
            // A row below the lid: the lid itself has lashes and a shadow.
            Self::UnderEye(Left) => &[31, 228, 229, 230, 231, 232, 121, 120, 119, 118, 117, 111],
            Self::UnderEye(Right) => &[261, 448, 449, 450, 451, 452, 350, 349, 348, 347, 346, 340],
            Self::CrowsFeet(Left) => &[226, 31, 111, 143, 156, 124, 113],
            Self::CrowsFeet(Right) => &[446, 261, 340, 372, 383, 353, 342],
            Self::Nasolabial(Left) => &[129, 203, 206, 216],
            Self::Nasolabial(Right) => &[358, 423, 426, 436],
        }
    }

    fn scales(self) -> &'static [f32] {
        if matches!(self, Self::Nasolabial(_)) { FOLDS } else { FINE }
    }

    /// How ridges run at a place of the chip.
    fn run(self, skin: &Skin, [x, y]: [f32; 2]) -> Run {
        let mirrored = |side, angle: f32| if side == Side::Left { angle } else { 180.0 - angle };
        match self {
            Self::Forehead => Run { angle: 0.0, tolerance: 30.0 },
            Self::Glabella => Run { angle: 90.0, tolerance: 35.0 },
            Self::UnderEye(side) => Run { angle: mirrored(side, 8.0), tolerance: 50.0 },
            Self::CrowsFeet(side) => {
                let [cx, cy] = skin.chip.upright.points[CORNERS[side as usize]];
                Run { angle: (y - cy).atan2(x - cx).to_degrees(), tolerance: 35.0 }
            }
            Self::Nasolabial(side) => Run { angle: mirrored(side, 125.0), tolerance: 40.0 },
        }
    }

    /// The skin that is looked at, whether it is like the cheek's or not.
    fn place(self, skin: &Skin) -> Mask {
        let points = skin.chip.upright.polygon(self.indices());
        let unit = pupil_distance(skin);
        let Mask { width, height, ref bits } = skin.mask;
        let skin_near = |from: [f32; 2], reach: f32, x: usize, y: usize| {
            bits[y * width + x]
                && (x as f32 - from[0]).abs() <= reach
                && (y as f32 - from[1]).abs() <= reach
        };
        match self {
            Self::Nasolabial(_) => Mask::of(width, height, |x, y| {
                skin_near(points[1], unit, x, y)
                    && distance_to_path([x as f32, y as f32], &points) <= FOLD_WIDTH * unit / 2.0
            }),
            Self::CrowsFeet(side) => {
                let corner = skin.chip.upright.points[CORNERS[side as usize]];
                let reach = CORNER * unit;
                let circle = Mask::of(width, height, |x, y| {
                    skin_near(corner, reach, x, y)
                        && (x as f32 - corner[0]).hypot(y as f32 - corner[1]) < reach
                });
                Mask::polygon(width, height, &points).and(&skin.mask).without(&circle)
            }
            _ => Mask::polygon(width, height, &points).and(&skin.mask),
        }
    }
}

/// Pixels of the chip between the pupils.
fn pupil_distance(skin: &Skin) -> f32 {
    let [[ax, ay], [bx, by]] = PUPILS.map(|i| skin.chip.upright.points[i]);
    (ax - bx).hypot(ay - by)
}

/// Pixels of the photo between the pupils: what can be seen of fine lines depends on it.
pub fn resolution(skin: &Skin) -> f32 {
    pupil_distance(skin) / skin.chip.upright.magnification().max(f32::MIN_POSITIVE)
}

/// Finds how deep wrinkles are on one face.
pub struct Depths<'a> {
    skin: &'a Skin,
    /// L*, a* and b* of the cheeks, where they are seen.
    cheek: Option<[f32; 3]>,
}

impl<'a> Depths<'a> {
    /// On this face.
    pub fn of(skin: &'a Skin) -> Self {
        let pixels = skin.chip.image.as_chunks::<3>().0;
        let cheeks = skin.zones(&Side::BOTH.map(Zone::Cheek));
        let lab: Vec<[f32; 3]> = cheeks.indices().step_by(31).map(|i| lab_of(pixels[i])).collect();
        let median = |channel: usize| {
            percentile(&mut lab.iter().map(|lab| lab[channel]).collect::<Vec<_>>(), 0.5)
        };
        let cheek = (!lab.is_empty()).then(|| [0, 1, 2].map(median));
        Self { skin, cheek }
    }

    /// How deep the wrinkles of a place are, in L*, 0 where there are none; none where too little skin
    /// is seen.
    pub fn depth(&self, wrinkle: Wrinkle) -> Option<f32> {
        let skin = self.skin;
        let place = self.like_the_cheek(wrinkle, wrinkle.place(skin));
        if place.count() < LEAST_SKIN {
            return None;
        }
        let window = Window::around(&place)?;
        let lightness = window.cut(&skin.layers().lightness);
        let run = |x, y| wrinkle.run(skin, window.place(x, y));
        let depth = ridges(&lightness, wrinkle.scales(), run);
        let place = window.cut_mask(&place);
        Some(match wrinkle {
            Wrinkle::Nasolabial(_) => folds(&depth, &place, FOLD_LENGTH * pupil_distance(skin)),
            _ => {
                let mut depths: Vec<f32> = place.indices().map(|i| depth.values[i]).collect();
                percentile(&mut depths, RANK)
            }
        })
    }

    /// What of a place has the colour of the cheeks; all of it where no cheek is seen.
    fn like_the_cheek(&self, wrinkle: Wrinkle, place: Mask) -> Mask {
        let Some([l0, a0, b0]) = self.cheek else { return place };
        let (color, light) = match wrinkle {
            Wrinkle::CrowsFeet(_) => LIKE_TEMPLE,
            _ => (LIKE_CHEEK, f32::INFINITY),
        };
        let pixels = self.skin.chip.image.as_chunks::<3>().0;
        let alike = |i: usize| {
            let [l, a, b] = lab_of(pixels[i]);
            (a - a0).hypot(b - b0) <= color && (l - l0).abs() <= light
        };
        let width = place.width;
        Mask::of(width, place.height, |x, y| place.bits[y * width + x] && alike(y * width + x))
    }
}

/// The depth of ridges of at least this length, spread over all of the place.
fn folds(depth: &Map, place: &Mask, length: f32) -> f32 {
    let ridge = Mask::of(depth.width, depth.height, |x, y| {
        let i = y * depth.width + x;
        place.bits[i] && depth.values[i] >= WEAK
    });
    let long = Blob::all(&ridge).into_iter().filter(|blob| {
        let [left, top, right, bottom] = blob.bounds;
        ((right - left) as f32).hypot((bottom - top) as f32) >= length
    });
    let sum: f32 = long.flat_map(|blob| blob.pixels).map(|i| depth.values[i]).sum();
    sum / place.count().max(1) as f32
}

/// The distance of a place from a path of straight pieces.
fn distance_to_path([x, y]: [f32; 2], path: &[[f32; 2]]) -> f32 {
    let pieces = path.windows(2).map(|pair| {
        let ([ax, ay], [bx, by]) = (pair[0], pair[1]);
        let (dx, dy) = (bx - ax, by - ay);
        let square = (dx * dx + dy * dy).max(f32::MIN_POSITIVE);
        let along = (((x - ax) * dx + (y - ay) * dy) / square).clamp(0.0, 1.0);
        (x - ax - along * dx).hypot(y - ay - along * dy)
    });
    pieces.fold(f32::INFINITY, f32::min)
}

#[cfg(test)]
mod tests {
    use super::super::phantom::Phantom;
    use super::*;

    /// Every kind, and how far (right, down) a line there leads from its middle.
    const ALL: [(Wrinkle, [f32; 2]); 5] = [
        (Wrinkle::Forehead, [110.0, 8.0]),
        (Wrinkle::Glabella, [3.0, 40.0]),
        (Wrinkle::UnderEye(Side::Left), [50.0, 6.0]),
        (Wrinkle::CrowsFeet(Side::Right), [32.0, 8.0]),
        (Wrinkle::Nasolabial(Side::Left), [-40.0, 52.0]),
    ];

    fn painted(wrinkle: Wrinkle, [dx, dy]: [f32; 2], strength: f32) -> f32 {
        let mut phantom = Phantom::clean();
        let place = wrinkle.place(&Phantom::clean().skin());
        let count = place.count().max(1) as f32;
        let mean = |axis: fn(usize, usize) -> usize| {
            place.indices().map(|i| axis(i, place.width) as f32).sum::<f32>() / count
        };
        let (x, y) = (mean(|i, width| i % width), mean(|i, width| i / width));
        if strength > 0.0 {
            phantom.groove([x - dx, y - dy], [x + dx, y + dy], 4.0, strength);
        }
        Depths::of(&phantom.skin()).depth(wrinkle).unwrap()
    }

    #[test]
    fn depth_grows_with_what_is_drawn_and_is_nothing_on_clean_skin() {
        for (wrinkle, across) in ALL {
            let ladder = [0.0, 0.1, 0.2, 0.4].map(|strength| painted(wrinkle, across, strength));
            assert!(ladder[0] < 0.2, "{wrinkle:?}: {ladder:?}");
            assert!(ladder.windows(2).all(|pair| pair[0] < pair[1]), "{wrinkle:?}: {ladder:?}");
        }
    }

    #[test]
    fn a_line_that_runs_across_does_not_count() {
        let across = painted(Wrinkle::Forehead, [0.0, 60.0], 0.4);
        assert!(across < painted(Wrinkle::Forehead, [60.0, 0.0], 0.4) / 2.0, "{across}");
    }
}
