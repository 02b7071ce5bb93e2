//! A fuller face and figure.

use image::RgbImage;
use safelight_contract::{Code, Fault};
use safelight_effects::figure::Change;
use safelight_effects::fuller;
use safelight_operation::{CpuOperation, Input, Needs, Picture, Result, Spec, Work};

use super::super::faces;
use super::super::figures::{self, MODELS_AND_PARTS};
use super::super::painted::{ImageUrl, LIPS};
use crate::image::on_white;

/// The service.
pub struct AiFatFilter;

/// How much fuller trunk and limbs become.
const STRENGTH: f32 = 0.15;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. Its largest face and its largest person become fuller. Transparent parts count as white.
    #[picture(LIPS)]
    image: Picture,
}

impl CpuOperation for AiFatFilter {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/editing/ai-fat-filter",
        name: "AI Fat Filter",
        sign: "portrait_editing_ai_fat_filter",
        pool: "portrait_ai_fat",
        price: 8,
        summary: "Makes the largest person look heavier: cheeks, jaw and neck, a second chin, and trunk, \
                  arms and legs where shoulders and hips are to be seen.",
        limitations: "Portraits get a fuller face alone, and so do people who sit, turn aside or touch \
                      another. A head that is turned by 45 degrees keeps its shape. Where there is neither a \
                      face nor a figure: `ERROR_POSE_NOT_ENOUGH_KEYPOINTS` \
                      (`ERROR_NO_RECOGNITION_TARGET_DETECTED` in the edition of 2025). The amount is fixed.",
        ..figures::SPEC
    };
    const NEEDS: Needs = Needs::models(MODELS_AND_PARTS);
    type Input = Request;
    type Output = ImageUrl;

    fn run(input: Request, work: &Work) -> Result<ImageUrl> {
        let mut photo = on_white(input.image.decode(work)?);
        let face = face(work, &mut photo.rgb);
        if let Err(fault) = &face
            && fault.code().status(Default::default()) != 422
        {
            return face.and_then(|()| ImageUrl::of(work, &photo));
        }
        match (figures::largest(work, &photo.rgb), face) {
            (Ok(person), _) => {
                figures::change(work, &mut photo.rgb, &person, Change::Fuller(STRENGTH))?;
            }
            (Err(fault), Ok(())) if lacks_figure(&fault) => {}
            (Err(fault), _) => return Err(fault),
        }
        ImageUrl::of(work, &photo)
    }
}

/// Makes the largest face fuller, as the stages `detect`, `prepare` and `face`.
fn face(work: &Work, photo: &mut RgbImage) -> Result<()> {
    let kit = {
        let found = faces::find(work, photo, false, 1)?;
        work.stage("prepare", || faces::kit(&found[0], faces::LEAST_FACE))?
    };
    work.stage("face", || {
        fuller::face(photo, &kit, 1.0);
        Ok(())
    })
}

/// Whether a fault says that no figure can be changed.
fn lacks_figure(fault: &Fault) -> bool {
    matches!(fault.code(), Code::PoseNotEnoughKeypoints | Code::NoRecognitionTargetDetected)
}
