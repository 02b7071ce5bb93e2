//! What the services that paint nails share: the hands of a photo, and their nails.

use image::RgbImage;
use safelight_contract::{Code, Fault, Result};
use safelight_effects::nails::{Nail, Paint, nails};
use safelight_operation::Work;

/// The models that find hands.
pub const MODELS: &[&str] = &["palm_detection", "hand_landmarks"];
/// What these services cannot do.
pub const LIMITATIONS: &str = "Nails are found by the joints of the hand, not by their own outline: long, \
    bent and hidden ones are missed in part. The back of the hand must face the camera, and a finger must \
    be some 40 px wide for its nail to look right. Length and shape of nails stay. Close-ups without the \
    palm are sometimes refused as no hand.";

/// The nails of all hands of a photo, as the stage `hands`. `ERROR_NO_RECOGNITION_TARGET_DETECTED` where
/// there is no hand, and where none shows its back.
pub fn find(work: &Work, photo: &RgbImage, name: &str) -> Result<Vec<Nail>> {
    work.stage("hands", || {
        let hands = work.vision.hands(photo)?;
        let found: Vec<Nail> = hands.iter().flat_map(|hand| nails(photo, hand)).collect();
        let message = match (hands.len(), found.len()) {
            (0, _) => format!("{name} shows no hand"),
            (_, 0) => format!(
                "{name} shows no nails: the back of a hand must face the camera, its fingers stretched"
            ),
            _ => return Ok(found),
        };
        Err(Fault::new(Code::NoRecognitionTargetDetected, message))
    })
}

/// Paints them, as the stage `paint`.
pub fn paint(work: &Work, photo: &mut RgbImage, nails: &[Nail], paint: &Paint) -> Result<()> {
    work.stage("paint", || {
        nails.iter().for_each(|nail| nail.paint(photo, paint));
        Ok(())
    })
}
