//! How signs and places are written.

use safelight_imaging::skin::{Chip, Kind, Severity, Side, Skin, Tone};
use safelight_operation::{Output, rounded};
use safelight_vision::face::{Pose, Rect};

use super::signs::{self, Sign};
use super::subject::Subject;
use super::wrinkles::Wrinkles;
use crate::portrait::classes::Class;

/// Degrees of yaw, pitch or roll beyond which the head's pose is warned of.
const LARGEST_ANGLE: f32 = 45.0;

/// A share or a chance, 0 to 1.
pub(in super::super) fn share(value: f32) -> f64 {
    rounded(value.clamp(0.0, 1.0), 4)
}

/// A class, one of `CLASSES`, and how sure it is.
#[derive(Output)]
pub(in super::super) struct SignAnswer<const CLASSES: u8> {
    value: Class<CLASSES>,
    /// How likely the value is right, 0 to 1. A heuristic.
    confidence: f64,
}

impl<const CLASSES: u8> From<Sign> for SignAnswer<CLASSES> {
    fn from(Sign { value, confidence }: Sign) -> Self {
        Self { value: Class(value), confidence: share(confidence) }
    }
}

/// A severity alone.
#[derive(Output)]
pub(in super::super) struct Grade {
    #[output(values(0, 1, 2, 3))]
    value: u8,
}

impl From<Severity> for Grade {
    fn from(severity: Severity) -> Self {
        Self { value: severity.level() }
    }
}

/// The kinds of both upper lids.
#[derive(Output)]
pub(in super::super) struct Lids {
    /// 0 single, 1 parallel double, 2 fan-shaped double: by the fold between lid and brow.
    left_eyelids: SignAnswer<3>,
    /// 0 single, 1 parallel double, 2 fan-shaped double: by the fold between lid and brow.
    right_eyelids: SignAnswer<3>,
}

impl Lids {
    pub fn of(subject: &Subject) -> Self {
        let lid = |side| signs::lid(subject, side).into();
        Self { left_eyelids: lid(Side::Left), right_eyelids: lid(Side::Right) }
    }
}

/// Where there are lines.
#[derive(Output)]
pub(in super::super) struct LineSigns {
    /// Forehead lines, 0 absent, 1 present: by dark ridges.
    forehead_wrinkle: SignAnswer<2>,
    /// Crow's feet, 0 absent, 1 present.
    crows_feet: SignAnswer<2>,
    /// Lines under the eyes, 0 absent, 1 present.
    eye_finelines: SignAnswer<2>,
    /// Lines between the brows, 0 absent, 1 present.
    glabella_wrinkle: SignAnswer<2>,
    /// Folds from nose to mouth, 0 absent, 1 present; a smile makes them.
    nasolabial_fold: SignAnswer<2>,
}

impl From<&Wrinkles> for LineSigns {
    fn from(wrinkles: &Wrinkles) -> Self {
        Self {
            forehead_wrinkle: wrinkles.forehead.into(),
            crows_feet: wrinkles.crows_feet.into(),
            eye_finelines: wrinkles.under_eyes.into(),
            glabella_wrinkle: wrinkles.glabella.into(),
            nasolabial_fold: wrinkles.nasolabial.into(),
        }
    }
}

/// Where there are enlarged pores.
#[derive(Output)]
pub(in super::super) struct PoreSigns {
    /// More than 100 enlarged pores on the forehead, 0 no, 1 yes.
    pores_forehead: SignAnswer<2>,
    /// More than 45 enlarged pores on the left cheek, 0 no, 1 yes.
    pores_left_cheek: SignAnswer<2>,
    /// More than 45 enlarged pores on the right cheek, 0 no, 1 yes.
    pores_right_cheek: SignAnswer<2>,
    /// More than 63 enlarged pores on the chin, 0 no, 1 yes.
    pores_jaw: SignAnswer<2>,
}

impl From<[Sign; 4]> for PoreSigns {
    fn from([forehead, left_cheek, right_cheek, jaw]: [Sign; 4]) -> Self {
        Self {
            pores_forehead: forehead.into(),
            pores_left_cheek: left_cheek.into(),
            pores_right_cheek: right_cheek.into(),
            pores_jaw: jaw.into(),
        }
    }
}

/// The type of the skin with the chances of all four.
#[derive(Output)]
pub(in super::super) struct SkinType {
    /// 0 oily, 1 dry, 2 normal, 3 combination: by shine and scales. A heuristic.
    #[output(values(0, 1, 2, 3))]
    skin_type: usize,
    details: [TypeChance; 4],
}

/// How likely one type is.
#[derive(Output)]
struct TypeChance {
    /// 1 for the type that it is; in the order oily, dry, normal, combination.
    #[output(values(0, 1))]
    value: u8,
    /// How likely the type is, 0 to 1; the four sum to 1.
    confidence: f64,
}

impl From<&Kind> for SkinType {
    fn from(kind: &Kind) -> Self {
        let skin_type = kind.likeliest();
        let details = std::array::from_fn(|place| TypeChance {
            value: u8::from(place == skin_type),
            confidence: share(kind.chances[place]),
        });
        Self { skin_type, details }
    }
}

/// The typology angle.
#[derive(Output)]
pub(in super::super) struct TypologyAngle {
    /// Individual typology angle in degrees, -90 to 90, with the light's estimated colour taken
    /// away.
    #[output(name = "ITA")]
    ita: f64,
    /// 0 very light (above 56°), 1 light (43°), 2 intermediate (36°), 3 tan (20°), 4 brown (10°), 5
    /// dark, 6 the light does not let one tell.
    #[output(values(0, 1, 2, 3, 4, 5, 6))]
    skintone: u8,
}

impl From<&Tone> for TypologyAngle {
    fn from(tone: &Tone) -> Self {
        Self { ita: rounded(tone.ita(), 3), skintone: signs::tint(tone) }
    }
}

/// The hue angle.
#[derive(Output)]
pub(in super::super) struct HueAngle {
    /// Hue angle in degrees, 0 to 90, red to yellow.
    #[output(name = "HA")]
    ha: f64,
    /// 0 yellowish (above 49°), 1 neutral (46°), 2 reddish, 3 the light does not let one tell.
    #[output(values(0, 1, 2, 3))]
    skin_hue: u8,
}

impl From<&Tone> for HueAngle {
    fn from(tone: &Tone) -> Self {
        Self { ha: rounded(tone.hue_angle(), 3), skin_hue: signs::hue(tone) }
    }
}

/// The tone of the skin; where none is seen one of which nothing can be told.
pub(in super::super) fn tone(skin: &Skin) -> Tone {
    Tone::of(skin).unwrap_or(Tone { lab: [50.0, 0.0, 0.0], reliable: false })
}

/// A box with decimals.
#[derive(Output)]
pub(in super::super) struct Rectangle {
    /// Upper edge in pixels.
    top: f64,
    /// Left edge in pixels.
    left: f64,
    /// Width in pixels.
    width: f64,
    /// Height in pixels.
    height: f64,
}

impl From<&Rect> for Rectangle {
    fn from(rect: &Rect) -> Self {
        Self {
            top: rounded(rect.y, 2),
            left: rounded(rect.x, 2),
            width: rounded(rect.width, 2),
            height: rounded(rect.height, 2),
        }
    }
}

impl From<[u32; 4]> for Rectangle {
    fn from(bounds: [u32; 4]) -> Self {
        let [left, top, width, height] = bounds.map(f64::from);
        Self { top, left, width, height }
    }
}

/// A box in whole pixels.
#[derive(Clone, Copy, Output)]
pub(in super::super) struct WholeRectangle {
    /// Left edge in pixels.
    left: i64,
    /// Upper edge in pixels.
    top: i64,
    /// Width in pixels.
    width: i64,
    /// Height in pixels.
    height: i64,
}

impl From<[u32; 4]> for WholeRectangle {
    fn from(bounds: [u32; 4]) -> Self {
        bounds.map(i64::from).into()
    }
}

impl From<[i64; 4]> for WholeRectangle {
    fn from([left, top, width, height]: [i64; 4]) -> Self {
        Self { left, top, width, height }
    }
}

/// The warnings about a photo.
pub(in super::super) fn warnings(pose: &Pose) -> Vec<&'static str> {
    let warned = pose.largest() > LARGEST_ANGLE;
    if warned { vec!["imporper_headpose"] } else { vec![] }
}

/// The box of places of the chip, left, top, width and height in whole pixels of the photo and inside
/// it.
pub(in super::super) fn bounds(chip: &Chip, places: &[[f32; 2]]) -> [u32; 4] {
    let places: Vec<_> = places.iter().map(|&place| chip.upright.to_photo(place)).collect();
    let (width, height) = chip.upright.photo_size();
    let range = |axis: usize, length: u32| {
        let values = places.iter().map(|place| place[axis]);
        let low = values.clone().fold(f32::INFINITY, f32::min).floor();
        let high = values.fold(f32::NEG_INFINITY, f32::max).ceil();
        let first = (low.max(0.0) as u32).min(length.saturating_sub(1));
        (first, (high.clamp(0.0, length as f32) as u32).max(first + 1) - first)
    };
    let ((left, width), (top, height)) = (range(0, width), range(1, height));
    [left, top, width, height]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turned_head_is_warned_of() {
        let warned = |yaw, pitch, roll| warnings(&Pose { yaw, pitch, roll });
        assert!(warned(44.0, -44.0, 10.0).is_empty());
        assert_eq!(warned(0.0, 0.0, -46.0), ["imporper_headpose"]);
        assert_eq!(warned(60.0, 0.0, 0.0), ["imporper_headpose"]);
    }

    #[test]
    fn numbers_keep_their_decimals() {
        assert_eq!((rounded(1.23456, 2), rounded(-0.0001, 2).is_sign_negative()), (1.23, false));
        assert_eq!((share(1.5), share(-1.0)), (1.0, 0.0));
    }
}
