//! Expressions: smiles, frowns, winks on a face that shows another.
//!
//! A rule moves the points of the canonical face; the movement is turned and scaled as the face is and
//! bends the photo. Where the mouth opens its inside is filled, folds of the skin are drawn. Rules and
//! expressions are data (`data/expressions.toml`, `data/emotions.toml`).

mod crease;
mod data;
mod motion;
mod mouth;
mod rules;

use image::RgbImage;
use safelight_vision::face::Openness;

pub use data::{EMOTIONS, EXPRESSIONS, Emotion, emotion, find};
use motion::Motion;

use crate::field;
use crate::kit::Kit;
use crate::makeup::shave::{self, Beard};

/// Beyond this turn to a side, in degrees, the far cheek tears.
pub const MOST_YAW: f32 = 30.0;
/// Eyes that are open less far, as their height by their width, are closed.
const CLOSED: f32 = 0.15;

/// An amount for the person's left and right half.
pub type Sides = [f32; 2];

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// Shapes by their place in the table, with their amounts.
    shapes: Vec<(usize, Sides)>,
    /// How far the lids close, 1 for shut; negative opens them wider.
    pub lids: Sides,
    /// By how many times 14 degrees the jaw opens.
    pub jaw: f32,
    /// Whether upper teeth are drawn where the mouth opens and shows none.
    pub teeth: bool,
    /// Depth of the fold between nose and mouth, as a share of the lightness.
    pub crease: f32,
    /// Depth of dimples beside the mouth.
    pub dimple: f32,
    /// Redness of the cheeks, 1 for plain.
    pub blush: f32,
}

impl Expression {
    /// Whether lips or jaw move.
    pub fn moves_mouth(&self) -> bool {
        self.jaw != 0.0 || self.shapes.iter().any(|&(shape, _)| data::moves_mouth(shape))
    }

    /// Whether closed eyes would have to open.
    pub fn opens_closed_eyes(&self, kit: &Kit) -> bool {
        let Openness { left_eye, right_eye, .. } = Openness::of(&kit.mesh);
        // The eye on the right of the picture is the person's left.
        let pairs = [(self.lids[0], right_eye), (self.lids[1], left_eye)];
        pairs.iter().any(|&(lids, open)| lids < -0.1 && open < CLOSED)
    }

    /// Shows it on a face; 1 is the expression as it is meant, 0 leaves every pixel as it is. Behind
    /// glasses eyes and brows stay as they are.
    pub fn show(&self, kit: &Kit, photo: &mut RgbImage, strength: f32) {
        if strength <= 0.0 {
            return;
        }
        let motion = Motion::of(kit, rules::moved(kit, self, strength));
        if let Some(field) = motion.field() {
            let bent = field::bent(photo, &[field]);
            let before = std::mem::replace(photo, bent);
            mouth::fill(&motion, &before, photo, self.teeth);
        }
        let depth = [self.crease, self.dimple].map(|depth| depth * strength);
        // A beard hides the skin's folds.
        let shaven = depth == [0.0; 2] || shave::look(kit, photo) == Beard::None;
        if shaven {
            crease::draw(&motion, photo, depth);
        }
        crease::blush(kit, photo, self.blush * strength);
    }
}
