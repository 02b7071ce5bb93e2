//! The frame of an eye, in which lashes, shadow and lenses are placed.

use safelight_vision::face::Part;

use super::Canvas;
use crate::atlas::BROWS;
use crate::kit::Kit;
use crate::path::{Path, distance, unit};
use crate::region;
use crate::strokes::Place;

/// Points of the upper and the lower lid from the inner to the outer corner, for each side of the
/// picture.
const UPPER: [[usize; 9]; 2] =
    [[133, 173, 157, 158, 159, 160, 161, 246, 33], [362, 398, 384, 385, 386, 387, 388, 466, 263]];
const LOWER: [[usize; 9]; 2] =
    [[133, 155, 154, 153, 145, 144, 163, 7, 33], [362, 382, 381, 380, 374, 373, 390, 249, 263]];
/// The crease, the fold above it, and the lower edge of the brow, inner to outer.
const CREASE: [[usize; 7]; 2] =
    [[190, 56, 28, 27, 29, 30, 247], [414, 286, 258, 257, 259, 260, 467]];
const FOLD: [[usize; 7]; 2] =
    [[189, 221, 222, 223, 224, 225, 113], [413, 441, 442, 443, 444, 445, 342]];
/// Edges of the brow from the inner end to the tail: upper and lower.
pub(super) const BROW_UPPER: [[usize; 5]; 2] = [[107, 66, 105, 63, 70], [336, 296, 334, 293, 300]];
pub(super) const BROW_LOWER: [[usize; 5]; 2] = [[55, 65, 52, 53, 46], [285, 295, 282, 283, 276]];
/// All points that makeup of the eyes needs around it.
pub const AROUND: [usize; 20] =
    [33, 133, 263, 362, 70, 63, 105, 66, 107, 300, 293, 334, 296, 336, 145, 374, 46, 276, 130, 359];

/// An eye narrower than this is turned away.
const NARROWEST: f32 = 0.13;
/// The eye on the far side is left alone from this turn on, in degrees.
const MOST_YAW: f32 = 35.0;
/// An eye whose height by its width is less is closed.
pub const CLOSED: f32 = 0.12;
/// Pixels of the narrowest eye on which something can be drawn.
const LEAST_PIXELS: f32 = 10.0;
/// Behind lenses darker than this share of the skin, with less contrast than this, no eye is seen.
const DARK_LENS: [f32; 2] = [0.45, 22.0];

/// An eye.
#[derive(Clone, Debug)]
pub struct Eye {
    /// 0 left, 1 right of the picture.
    pub side: usize,
    /// From the inner to the outer corner.
    pub outwards: Place,
    /// Its normal that looks up.
    pub up: Place,
    /// Height of the opening by its width.
    pub openness: f32,
    /// Its width in cells.
    pub width: f32,
    /// The edge of the upper lid, inner to outer.
    pub upper: Path,
    /// The edge of the lower lid.
    pub lower: Path,
}

/// Why an eye cannot be painted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unseen {
    /// Turned away from the camera.
    Turned,
    /// Too small in the photo.
    Small,
    /// Behind dark glasses, hair or a hand.
    Hidden,
}

impl Eye {
    /// The eye on a side of the picture, or why it cannot be painted.
    pub fn of(canvas: &Canvas, side: usize) -> Result<Self, Unseen> {
        let [inner, outer] = [canvas.point(UPPER[side][0]), canvas.point(UPPER[side][8])];
        let width = distance(inner, outer);
        let far_side = usize::from(canvas.kit.pose.yaw > 0.0);
        if width < NARROWEST * canvas.fw
            || (canvas.kit.pose.yaw.abs() > MOST_YAW && side == far_side)
        {
            return Err(Unseen::Turned);
        }
        if width * canvas.window.per_cell() < LEAST_PIXELS {
            return Err(Unseen::Small);
        }
        if is_hidden(canvas, side) {
            return Err(Unseen::Hidden);
        }
        let outwards = unit([outer[0] - inner[0], outer[1] - inner[1]]);
        let [_, face_up] = canvas.axes();
        let across = [outwards[1], -outwards[0]];
        let sign = if across[0] * face_up[0] + across[1] * face_up[1] < 0.0 { -1.0 } else { 1.0 };
        let (top, bottom) = (canvas.point(UPPER[side][4]), canvas.point(LOWER[side][4]));
        Ok(Self {
            side,
            outwards,
            up: [across[0] * sign, across[1] * sign],
            openness: distance(top, bottom) / width.max(1e-3),
            width,
            upper: canvas.path(&UPPER[side]),
            lower: canvas.path(&LOWER[side]),
        })
    }

    /// The direction at an angle in degrees from up towards the outer corner.
    pub fn direction(&self, angle: f32) -> Place {
        let (sin, cos) = angle.to_radians().sin_cos();
        self.sum(cos, sin)
    }

    /// `up` and `outwards` added in these amounts.
    pub fn sum(&self, up: f32, outwards: f32) -> Place {
        [0, 1].map(|i| up * self.up[i] + outwards * self.outwards[i])
    }

    /// The lines of the lid's makeup from the lashes up: lid, crease, fold and brow, inner to outer.
    pub fn rows(&self, canvas: &Canvas) -> [Path; 4] {
        let side = self.side;
        let mut crease: Vec<Place> = CREASE[side].iter().map(|&i| canvas.point(i)).collect();
        // The first point lies too far on the nose.
        let corner = canvas.point(UPPER[side][0]);
        crease[0] = crate::path::between(crease[0], corner, 0.4);
        [
            self.upper.clone(),
            Path::through(&crease),
            canvas.path(&FOLD[side]),
            canvas.path(&BROW_LOWER[side]),
        ]
    }
}

/// Whether hair, a hand or dark glasses hide an eye.
fn is_hidden(canvas: &Canvas, side: usize) -> bool {
    let opening = canvas.eye(side);
    let weight = opening.values.iter().sum::<f32>().max(1e-3);
    let hair = canvas.likely(&[Part::Hair]);
    let covered = opening.values.iter().zip(&hair.values).map(|(a, b)| a * b).sum::<f32>();
    if covered / weight > 0.5 || is_behind_skin(canvas, side) {
        return true;
    }
    if !canvas.kit.glasses {
        return false;
    }
    let mut light: Vec<f32> = canvas.before.chosen(&opening, 0.5).map(|c| c[0]).collect();
    let ranked = |light: &mut [f32], rank| safelight_imaging::map::percentile(light, rank);
    let (low, middle, high) =
        (ranked(&mut light, 0.1), ranked(&mut light, 0.6), ranked(&mut light, 0.9));
    let [share, contrast] = DARK_LENS;
    middle < share * canvas.kit.skin.lab[0] && high - low < contrast
}

/// Where the parser sees less than this of an eye and its brow, a hand lies over them, which it takes for the
/// face's skin.
const LEAST_SEEN: f32 = 0.08;

/// Whether neither an eye nor its brow is seen where they should be, but skin.
pub(super) fn is_behind_skin(canvas: &Canvas, side: usize) -> bool {
    let brow = region::fill(&canvas.window, &canvas.kit.polygon(&BROWS[side]));
    let both = region::union(&canvas.eye(side), &brow);
    let share = |parts: &[Part]| {
        let likely = canvas.kit.parsing.likely(parts);
        let seen = region::common(&both, &canvas.window.map(likely));
        seen.values.iter().sum::<f32>() / both.values.iter().sum::<f32>().max(1e-3)
    };
    let eye = [Part::LeftEye, Part::RightEye, Part::LeftBrow, Part::RightBrow, Part::Glasses];
    share(&eye) < LEAST_SEEN && share(&[Part::Skin, Part::Nose]) > 0.6
}

/// The eyes of a face that can be painted, and why others cannot.
pub fn both(canvas: &Canvas) -> [Result<Eye, Unseen>; 2] {
    [0, 1].map(|side| Eye::of(canvas, side))
}

/// A canvas for makeup of the eyes.
pub fn canvas<'a>(kit: &'a Kit, photo: &image::RgbImage) -> Option<Canvas<'a>> {
    Canvas::around(kit, photo, &AROUND, 0.14)
}
