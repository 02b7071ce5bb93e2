//! A head seen from the side, where the mesh loses it (beyond some 75° of yaw), by what the parser sees.
//!
//! The parser is less sure of heads that look to the right of the picture, so every head is shown to it
//! looking to the left: a mirrored photo gives mirrored answers as far as the detector does.
//!
//! The line of the jaw is not told: where the parser sees face end and neck begin moves with the yaw and
//! with the square that it looks at, so that one jaw got angles of 70° to 150°.

use image::{GrayImage, Luma, RgbImage};
use safelight_contract::Result;
use safelight_imaging::components::grown;
use safelight_inference::Models;

use super::parsing::{SIDE, parse_through, to_cells};
use super::{Detection, Parsing, Part, Point, SURE_SCORE};

/// Of a profile's nose, at least this share of the rows must have none of the face before it.
const FREE: f32 = 0.75;
/// How far before the nose is looked, as a share of the face's height, and how many cells off its edge.
const BEFORE: (f32, u32) = (0.05, 3);
/// What must be seen, as a share of the face's height: rows of nose; or of its square: skin, and what
/// lies behind it, an ear or hair; an ear alone where the head is turned away.
const LEAST_NOSE: f32 = 0.12;
const LEAST_SKIN: f32 = 0.2;
const LEAST_BEHIND: f32 = 0.02;
const LEAST_EAR: f32 = 0.01;
/// How far skin that is measured lies from everything else, as a share of the face's height: about as
/// far as the parser's own cells reach.
const CLEAR: f32 = 0.03;
/// What is left out around the eyes and the mouth, which the parser often misses from the side.
const AROUND_EYE: f32 = 0.12;
const AROUND_MOUTH: f32 = 0.08;
/// From so far above its tip on, a nose shows its nostril and its wing.
const ABOVE_TIP: f32 = 0.03;

/// What a head shows that the mesh does not find.
#[derive(Clone, Debug)]
pub enum SideView {
    /// A profile.
    Profile(Box<Profile>),
    /// An ear but no nose: the face is turned away.
    TurnedAway,
    /// Neither: hardly a head, or one that is covered.
    Unclear,
}

/// A head seen from the side.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The middle of the eyes as the detector finds them, one of which is hidden.
    pub eyes: Point,
    /// The middle of the mouth's corners, likewise.
    pub mouth: Point,
    /// The middle of its skin.
    pub middle: Point,
    parsing: Parsing,
    /// Of each cell, whether it shows skin that can be measured.
    bare: Vec<bool>,
}

impl Profile {
    /// Whether a place of the photo shows bare skin, apart from eye, brow, mouth, nostril, ear and hair.
    pub fn is_bare_skin(&self, place: Point) -> bool {
        let Point { x, y } = self.parsing.cell(place);
        let inside = -0.5..SIDE as f32 - 0.5;
        let cell = |at: f32| (at + 0.5) as usize;
        inside.contains(&x) && inside.contains(&y) && self.bare[cell(y) * SIDE as usize + cell(x)]
    }
}

/// Which way up a head is and looks, by the detector's points.
struct Bearing {
    eyes: Point,
    mouth: Point,
    /// How far it is turned clockwise, in radians: of a profile the line between both eyes says little.
    roll: f32,
    looks_left: bool,
}

impl Bearing {
    fn of(face: &Detection) -> Self {
        let [one, other, nose, corner, other_corner] = face.points;
        let (eyes, mouth) = (one.middle(other), corner.middle(other_corner));
        let roll = (eyes.x - mouth.x).atan2(mouth.y - eyes.y);
        let before = (nose.x - eyes.x) * roll.cos() + (nose.y - eyes.y) * roll.sin();
        Self { eyes, mouth, roll, looks_left: before < 0.0 }
    }
}

pub(crate) fn side_view(models: &Models, photo: &RgbImage, face: &Detection) -> Result<SideView> {
    let bearing = Bearing::of(face);
    let mut to_cells = to_cells(face, bearing.roll);
    if !bearing.looks_left {
        let [a, b, c] = to_cells.rows[0];
        to_cells.rows[0] = [-a, -b, f64::from(SIDE) - c];
    }
    let parsing = parse_through(models, photo, to_cells)?;
    let cell = |place: Point| parsing.cell(place);
    let height = face.rect.height / parsing.pixels_per_cell();
    let labels = Labels { cells: parsing.labels(), height };
    match labels.shows() {
        // Animals in profile look alike, but the detector is seldom as sure of them.
        Shows::Profile if face.score < SURE_SCORE => return Ok(SideView::Unclear),
        Shows::Profile => {}
        Shows::Ear => return Ok(SideView::TurnedAway),
        Shows::Neither => return Ok(SideView::Unclear),
    }
    let bare = labels.bare(cell(bearing.eyes), cell(face.points[2]), cell(bearing.mouth));
    let middle = parsing.place(labels.middle());
    let Bearing { eyes, mouth, .. } = bearing;
    Ok(SideView::Profile(Box::new(Profile { eyes, mouth, middle, parsing, bare })))
}

/// What the parser's labels show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shows {
    Profile,
    Ear,
    Neither,
}

/// The labels of a head that looks to the left and stands upright.
struct Labels<'a> {
    cells: &'a GrayImage,
    /// How high the face is, in cells.
    height: f32,
}

impl Labels<'_> {
    fn part(&self, x: u32, y: u32) -> Part {
        Part::ALL[usize::from(self.cells.get_pixel(x, y).0[0])]
    }

    /// How many cells belong to these parts, as a share of the square of the face's height.
    fn share(&self, parts: &[Part]) -> f32 {
        let count = self.cells.iter().filter(|&&label| parts.contains(&Part::ALL[label as usize]));
        count.count() as f32 / (self.height * self.height)
    }

    fn shows(&self) -> Shows {
        let (nose, free) = self.nose();
        let ear = self.share(&[Part::LeftEar, Part::RightEar]);
        if nose < LEAST_NOSE {
            return if ear >= LEAST_EAR { Shows::Ear } else { Shows::Neither };
        }
        let behind = ear + self.share(&[Part::Hair, Part::Hat]);
        let skin = self.share(&[Part::Skin]);
        if free >= FREE && skin >= LEAST_SKIN && behind >= LEAST_BEHIND {
            Shows::Profile
        } else {
            Shows::Neither
        }
    }

    /// How many rows the nose has, as a share of the face's height, and of which share of them it is the
    /// face's foremost part, as from the side alone.
    fn nose(&self) -> (f32, f32) {
        let before = (self.height * BEFORE.0) as u32;
        let (mut rows, mut free) = (0, 0);
        for y in 0..self.cells.height() {
            let first = (0..self.cells.width()).find(|&x| self.part(x, y) == Part::Nose);
            let Some(first) = first else { continue };
            rows += 1;
            let mut cells = first.saturating_sub(before)..first.saturating_sub(BEFORE.1);
            free += u32::from(!cells.any(|x| is_face(self.part(x, y))));
        }
        (rows as f32 / self.height, free as f32 / rows.max(1) as f32)
    }

    /// The middle of the skin, in cells.
    fn middle(&self) -> Point {
        let (mut sum, mut count) = ([0.0_f64; 2], 0.0);
        for (x, y, _) in self.cells.enumerate_pixels().filter(|(_, _, label)| {
            matches!(Part::ALL[usize::from(label.0[0])], Part::Skin | Part::Nose)
        }) {
            sum = [sum[0] + f64::from(x), sum[1] + f64::from(y)];
            count += 1.0;
        }
        sum.map(|sum| sum / f64::max(count, 1.0)).into()
    }

    /// Of each cell, whether it shows skin that can be measured.
    fn bare(&self, eyes: Point, tip: Point, mouth: Point) -> Vec<bool> {
        let nostril = tip.y - ABOVE_TIP * self.height;
        let skin = |x: u32, y: u32| match self.part(x, y) {
            Part::Skin => true,
            Part::Nose => (y as f32) < nostril,
            _ => false,
        };
        let (width, height) = self.cells.dimensions();
        let reach = (CLEAR * self.height) as u32;
        let other = GrayImage::from_fn(width, height, |x, y| Luma([u8::from(!skin(x, y))]));
        let near = grown(&other, reach as usize);
        // What lies beyond the border is not known.
        let inside = |at: u32, all: u32| (reach..all.saturating_sub(reach)).contains(&at);
        let bare = |(x, y, &Luma([near])): (u32, u32, &Luma<u8>)| {
            let place = Point { x: x as f32, y: y as f32 };
            near == 0
                && inside(x, width)
                && inside(y, height)
                && place.distance(eyes) > AROUND_EYE * self.height
                && place.distance(mouth) > AROUND_MOUTH * self.height
        };
        near.enumerate_pixels().map(bare).collect()
    }
}

/// Whether a part lies within a face's outline.
fn is_face(part: Part) -> bool {
    use Part::{
        Glasses, LeftBrow, LeftEye, LowerLip, Mouth, Nose, RightBrow, RightEye, Skin, UpperLip,
    };
    matches!(
        part,
        Skin | LeftBrow
            | RightBrow
            | LeftEye
            | RightEye
            | Glasses
            | Nose
            | Mouth
            | UpperLip
            | LowerLip
    )
}

#[cfg(test)]
mod tests {
    use super::super::Rect;

    use super::*;

    const HEIGHT: f32 = 280.0;

    /// A head that looks to the left: an ellipse of skin with a nose before it, an ear and hair.
    fn painted(nose_from: u32) -> GrayImage {
        let inside = |x: u32, y: u32, [cx, cy]: [f32; 2], [a, b]: [f32; 2]| {
            ((x as f32 - cx) / a).hypot((y as f32 - cy) / b) < 1.0
        };
        GrayImage::from_fn(SIDE, SIDE, |x, y| {
            let part = match () {
                () if (nose_from..nose_from + 40).contains(&x) && (220..280).contains(&y) => {
                    Part::Nose
                }
                () if inside(x, y, [300.0, 250.0], [18.0, 30.0]) => Part::RightEar,
                () if inside(x, y, [230.0, 256.0], [80.0, 140.0]) => Part::Skin,
                () if inside(x, y, [280.0, 200.0], [110.0, 130.0]) => Part::Hair,
                () => Part::Background,
            };
            Luma([part as u8])
        })
    }

    fn shows(cells: &GrayImage) -> Shows {
        Labels { cells, height: HEIGHT }.shows()
    }

    #[test]
    fn a_profile_has_its_nose_foremost_and_something_behind() {
        assert_eq!(shows(&painted(130)), Shows::Profile);
        assert_eq!(shows(&painted(200)), Shows::Neither, "skin on both sides of the nose");
        let without = |lost: &[Part]| {
            let mut cells = painted(130);
            let lost: Vec<u8> = lost.iter().map(|&part| part as u8).collect();
            cells.pixels_mut().filter(|p| lost.contains(&p.0[0])).for_each(|p| p.0 = [0]);
            shows(&cells)
        };
        assert_eq!(without(&[Part::Nose]), Shows::Ear);
        assert_eq!(without(&[Part::Nose, Part::RightEar]), Shows::Neither);
        assert_eq!(without(&[Part::Hair, Part::RightEar]), Shows::Neither);
        assert_eq!(without(&[Part::Skin]), Shows::Neither);
    }

    #[test]
    fn bare_skin_keeps_off_everything_else() {
        let cells = painted(130);
        let labels = Labels { cells: &cells, height: HEIGHT };
        let place = |x: f32, y: f32| Point { x, y };
        let bare = labels.bare(place(180.0, 200.0), place(135.0, 262.0), place(170.0, 310.0));
        let at = |x: usize, y: usize| bare[y * SIDE as usize + x];
        assert!(at(230, 256) && at(220, 340), "the cheek and below");
        for (x, y, what) in [
            (180, 200, "eye"),
            (170, 310, "mouth"),
            (150, 275, "nostril"),
            (300, 250, "ear"),
            (276, 250, "beside the ear"),
            (230, 392, "at the edge"),
            (30, 30, "background"),
        ] {
            assert!(!at(x, y), "{what}");
        }
        let area = bare.iter().filter(|&&is| is).count() as f32;
        assert!(area / labels.share(&[Part::Skin]) > 0.5 * HEIGHT * HEIGHT, "{area}");
    }

    #[test]
    fn a_head_is_upright_by_eyes_and_mouth_and_looks_where_its_nose_is() {
        for degrees in [-40.0_f32, -15.0, 0.0, 15.0, 40.0] {
            for mirrored in [false, true] {
                let (sin, cos) = degrees.to_radians().sin_cos();
                let place = |[x, y]: [f32; 2]| {
                    let x = if mirrored { -x } else { x };
                    Point { x: 300.0 + x * cos - y * sin, y: 300.0 + x * sin + y * cos }
                };
                let points = [[-8.0, -40.0], [8.0, -40.0], [-40.0, 0.0], [-6.0, 40.0], [6.0, 40.0]];
                let points = points.map(place);
                let bearing = Bearing::of(&Detection { points, rect: Rect::default(), score: 0.9 });
                assert_eq!(bearing.looks_left, !mirrored, "{degrees}");
                assert!((bearing.roll.to_degrees() - degrees).abs() < 0.01, "{degrees}");
            }
        }
    }

    #[test]
    fn bare_is_what_has_nothing_near() {
        let skin = |at: u32| "0111110111".as_bytes()[at as usize] == b'1';
        let part = |x| if skin(x) { Part::Skin } else { Part::Background };
        let cells = GrayImage::from_fn(10, 3, |x, _| Luma([part(x) as u8]));
        let away = Point { x: 900.0, y: 900.0 };
        let found = |reach: f32| {
            let bare =
                Labels { cells: &cells, height: (reach + 0.5) / CLEAR }.bare(away, away, away);
            (0..10).filter(|&x| bare[10 + x]).collect::<Vec<_>>()
        };
        assert_eq!(found(1.0), [2, 3, 4, 8]);
        assert_eq!(found(0.0), [1, 2, 3, 4, 5, 7, 8, 9]);
    }
}
