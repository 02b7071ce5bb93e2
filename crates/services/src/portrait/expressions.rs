//! What the services that change an expression share: which faces they take, and how they change them.

use image::RgbImage;
use safelight_contract::{Code, Fault, Result};
use safelight_effects::expression::{Expression, MOST_YAW};
use safelight_effects::makeup::lips;
use safelight_effects::{Kit, portrait};
use safelight_operation::{Memory, Work};
use safelight_vision::face::Face;

use super::faces;
use super::painted;

/// The photo as it was, the fields of one face, the models' own, and the encoded result.
pub(super) const MEMORY: Memory = Memory { base: portrait::BASE_BYTES + (96 << 20), per_pixel: 11 };

/// How much of an expression is shown: most of it, so that the person is known again.
const STRENGTH: f32 = 0.8;

/// What none of these services can do.
pub(super) const LIMITATIONS: &str = "The largest face alone changes. Teeth that the photo does not show \
    are drawn, and look drawn from near; tongues, tears and hands are not. Behind glasses eyes and brows \
    stay as they are. A hidden mouth is refused (`ERROR_MOUTH_OCCLUSION_TOO_HIGH`), so is a head that is \
    turned to the side by more than 30 degrees (`ERROR_FACE_NOT_FACING_FORWARD`). Below a beard no folds \
    are drawn.";

/// The largest face of a photo, as the stage `detect`.
pub(super) fn largest<'a>(work: &'a Work, photo: &'a RgbImage) -> Result<Face<'a>> {
    Ok(faces::find(work, photo, false, 1)?.swap_remove(0))
}

/// A face prepared for an expression: the faults of [`painted::prepared`], further turned heads, a
/// hidden mouth that would have to move, closed eyes that would have to open, and glasses where nothing
/// but eyes and brows would move.
pub(super) fn prepared(work: &Work, face: &Face, expression: &Expression) -> Result<Kit> {
    let kit = work.stage("prepare", || painted::prepared(face))?;
    let yaw = kit.pose.yaw.abs();
    if yaw > MOST_YAW {
        let message = format!(
            "the face is turned to the side by {yaw:.0} degrees, {MOST_YAW:.0} are the most"
        );
        return Err(Fault::new(Code::FaceNotFacingForward, message));
    }
    if expression.moves_mouth() && !lips::are_seen(&kit) {
        let message = "the mouth is hidden, so that its expression cannot be changed";
        return Err(Fault::new(Code::MouthOcclusionTooHigh, message));
    }
    if kit.glasses && !expression.moves_mouth() {
        let message = "glasses cover the eyes and brows that the expression would move";
        return Err(Fault::new(Code::ObstructedFace, message));
    }
    if !kit.glasses && expression.opens_closed_eyes(&kit) {
        let message = "the eyes are closed, and what is behind the lids cannot be known";
        return Err(Fault::new(Code::FaceUnrecognizable, message));
    }
    Ok(kit)
}

/// Shows an expression on a face, as the stage `express`.
pub(super) fn show(
    work: &Work,
    photo: &mut RgbImage,
    kit: &Kit,
    expression: &Expression,
) -> Result<()> {
    work.stage("express", || {
        expression.show(kit, photo, STRENGTH);
        Ok(())
    })
}
