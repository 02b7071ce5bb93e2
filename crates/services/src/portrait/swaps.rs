//! What the services share that put one person's face into another's picture: which faces they take, the
//! work, and the marks on its result.

use image::RgbImage;
use safelight_contract::{Code, Fault, Result};
use safelight_effects::makeup::lips;
use safelight_effects::mark::{self, Mode};
use safelight_effects::swap::{self, Misfit};
use safelight_effects::{Kit, portrait};
use safelight_imaging::{Photo, encode, provenance};
use safelight_operation::{Artifact, Memory, Work};
use safelight_vision::face::{Face, QualityControl, models};

use super::faces;

/// The models that find and judge both faces.
pub(super) const MODELS: &[&str] =
    &[models::DETECTION, models::MESH, models::PARSING, models::MASK, models::FITNESS];

/// Both pictures, the face's planes, the mark's, and the encoded result.
pub(super) const MEMORY: Memory = Memory {
    base: portrait::BASE_BYTES + swap::BASE_BYTES + mark::BASE_BYTES,
    per_pixel: 12 + mark::BYTES_PER_PIXEL,
};

/// What none of these services can do, and how results are marked.
pub(super) const LIMITATIONS: &str = "\
    The largest face of each picture takes part. Hair and hat of the picture stay, and its glasses, \
    behind which the eyes alone are exchanged. A giver with glasses, a mask or a hidden mouth is \
    refused (`ERROR_OBSTRUCTED_FACE`), so is a head turned by more than 20 degrees \
    (`ERROR_FACE_NOT_FACING_FORWARD`). Both faces must be in colour. A fringe leaves the receiver's \
    forehead as it is, and hands before a face are not told from it. What the frame cuts off the \
    giver's face stays the receiver's; where that is much, the two are refused \
    (`ERROR_FACE_BLENDING_FAILED`). The shape of the head does not change, and folds of an old jaw \
    stay. Faces of more than 512 pixels are exchanged at that size, and so are softer than the rest. \
    Results are marked as synthetic: metadata say `compositeSynthetic`, and where the picture is \
    large enough and has no transparency an invisible mark reads `face swap` (read it with the invisible \
    text watermark, `decode_text`).";

/// The text of the invisible mark.
const MARK: &str = "face swap";
/// Faces that give must have this many pixels.
const LEAST_FACE: f32 = 64.0;
/// How far a giver's head may be turned to the side, up and down, in degrees.
const MOST_TURN: f32 = 20.0;
/// Skin of less chroma than this is that of a picture without colour.
const LEAST_CHROMA: f32 = 4.0;
/// From this probability on a face wears a mask.
const MASKED: f32 = 0.5;

/// What is asked of the face that is replaced.
#[derive(Clone, Copy)]
pub(super) struct Scene {
    /// Its least shorter side in pixels.
    pub least: f32,
    /// The most yaw, pitch and roll in degrees.
    pub angles: [f32; 3],
}

/// The same fault with the file that it is about.
fn in_file(name: &str) -> impl Fn(Fault) -> Fault {
    move |fault| Fault::new(fault.code(), format!("{name}: {}", fault.message()))
}

fn largest<'a>(work: &'a Work, photo: &'a RgbImage) -> Result<Face<'a>> {
    Ok(faces::find(work, photo, false, 1)?.swap_remove(0))
}

/// `ERROR_UNSUPPORTED_GRAYSCALE_IMAGE` for a face without colour.
fn coloured(kit: &Kit) -> Result<()> {
    let [_, a, b] = kit.skin.lab;
    let chroma = a.hypot(b);
    if chroma >= LEAST_CHROMA {
        return Ok(());
    }
    let message = format!(
        "the skin has a chroma of {chroma:.1}, {LEAST_CHROMA} is the least of a colour photo"
    );
    Err(Fault::new(Code::UnsupportedGrayscaleImage, message))
}

/// The face that is given, from the file of this name.
pub(super) fn giver(work: &Work, photo: &RgbImage, name: &str) -> Result<Kit> {
    let find = || {
        let face = largest(work, photo)?;
        work.stage("prepare", || {
            let kit = faces::kit(&face, LEAST_FACE)?;
            for (what, angle) in [("yaw", kit.pose.yaw), ("pitch", kit.pose.pitch)] {
                if angle.abs() > MOST_TURN {
                    let message = format!(
                        "the face's {what} is {angle:.0} degrees, {MOST_TURN:.0} either way are the most"
                    );
                    return Err(Fault::new(Code::FaceNotFacingForward, message));
                }
            }
            let covered = |what: &str| {
                Err(Fault::new(Code::ObstructedFace, format!("the face is hidden by {what}")))
            };
            if kit.glasses {
                return covered("glasses");
            }
            if face.mask()? > MASKED {
                return covered("a mask");
            }
            if !lips::are_seen(&kit) {
                return covered("what is before its mouth");
            }
            coloured(&kit)?;
            Ok(kit)
        })
    };
    find().map_err(in_file(name))
}

/// The face that is replaced, from the file of this name: `ERROR_TEMPLATE_IMAGE_QUALITY_TOO_LOW` where it
/// is too small, turned too far or not of quality `LOW`.
pub(super) fn scene(work: &Work, photo: &RgbImage, name: &str, limits: Scene) -> Result<Kit> {
    let find = || {
        let face = largest(work, photo)?;
        let side = face.detection.rect.shorter_side();
        let too_low = |why: String| Fault::new(Code::TemplateImageQualityTooLow, why);
        if side < limits.least {
            let least = limits.least;
            return Err(too_low(format!(
                "the face has {side:.0} px, the smallest is {least:.0} px"
            )));
        }
        work.stage("prepare", || {
            let kit = faces::kit(&face, limits.least)?;
            let pose = [("yaw", kit.pose.yaw), ("pitch", kit.pose.pitch), ("roll", kit.pose.roll)];
            for ((what, angle), most) in pose.into_iter().zip(limits.angles) {
                if angle.abs() > most {
                    let why = format!(
                        "the face's {what} is {angle:.0} degrees, {most:.0} either way are the most"
                    );
                    return Err(too_low(why));
                }
            }
            coloured(&kit)?;
            QualityControl::Low
                .check(face.quality()?)
                .map_err(|fault| too_low(fault.message().to_owned()))?;
            Ok(kit)
        })
    };
    find().map_err(in_file(name))
}

/// Gives the receiver's face that of the giver, as the stage `blend`: `ERROR_FACE_BLENDING_FAILED` where
/// the two do not fit.
pub(super) fn blend(
    work: &Work,
    giver: (&Kit, &RgbImage),
    receiver: &Kit,
    photo: &mut Photo,
    similarity: f32,
) -> Result<()> {
    let done =
        work.stage("blend", || Ok(swap::paint(giver, receiver, &mut photo.rgb, similarity)))?;
    let why = match done {
        Ok(_) => return Ok(()),
        Err(Misfit::Folded(share)) => format!(
            "the heads are turned too differently: {:.0} % of the face would fold, {:.0} % are the most",
            share * 100.0,
            swap::MOST_FOLDED * 100.0
        ),
        Err(Misfit::Covered(share)) => format!(
            "only {:.0} % of the face could be replaced, {:.0} % are the least",
            share * 100.0,
            swap::LEAST_COVERED * 100.0
        ),
    };
    Err(Fault::new(Code::FaceBlendingFailed, why))
}

/// The result as a file that says that it is synthetic, as the stages `mark` and `encode`.
pub(super) fn marked(work: &Work, photo: &mut Photo) -> Result<Artifact> {
    work.stage("mark", || match mark::embed_text(&mut photo.rgb, MARK, Mode::Plain) {
        // Too small or too flat: the metadata remain.
        Err(fault) if fault.code() == Code::ProcessingFailure => Ok(()),
        done => done,
    })?;
    work.stage("encode", || {
        let (bytes, format) = encode::photo(photo)?;
        Ok(Artifact::picture(provenance::composite(bytes, format), format))
    })
}
