//! How signs and places are written.

use safelight_imaging::skin::Chip;
use safelight_vision::face::{Pose, Rect};
use serde_json::{Value, json};

use crate::Node;
use crate::answer::rounded;

/// Degrees of yaw, pitch or roll beyond which the head's pose is warned of.
const LARGEST_ANGLE: f32 = 45.0;

/// A share or a chance, 0 to 1.
pub(in super::super) fn share(value: f32) -> f64 {
    rounded(value.clamp(0.0, 1.0), 4)
}

/// The box of the face with its decimals.
pub(in super::super) fn face_rectangle(rect: &Rect) -> Value {
    json!({
        "top": rounded(rect.y, 2),
        "left": rounded(rect.x, 2),
        "width": rounded(rect.width, 2),
        "height": rounded(rect.height, 2),
    })
}

/// The warnings about a photo.
pub(in super::super) fn warnings(pose: &Pose) -> Node {
    let warned = pose.largest() > LARGEST_ANGLE;
    let warning = warned.then(|| Node::Json("imporper_headpose".into()));
    Node::List(warning.into_iter().collect())
}

/// The box of places of the chip, in whole pixels of the photo and inside it.
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
        assert_eq!(warned(44.0, -44.0, 10.0), Node::List(vec![]));
        let warning = Node::List(vec![Node::Json("imporper_headpose".into())]);
        assert_eq!(warned(0.0, 0.0, -46.0), warning);
        assert_eq!(warned(60.0, 0.0, 0.0), warning);
    }

    #[test]
    fn numbers_keep_their_decimals() {
        assert_eq!((rounded(1.23456, 2), rounded(-0.0001, 2).is_sign_negative()), (1.23, false));
        assert_eq!((share(1.5), share(-1.0)), (1.0, 0.0));
    }
}
