//! A slimmer waist.

use safelight_effects::figure::Change;
use safelight_operation::{CpuOperation, Input, Needs, Picture, Result, Spec, Work};

use super::super::figures::{self, MODELS};
use super::super::painted::{ImageUrl, LIPS};
use crate::image::on_white;

/// The service.
pub struct AiWaistSlimming;

/// How much narrower the waist becomes.
const STRENGTH: f32 = 0.09;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. The waist of its largest person is narrowed; shoulders and hips must be in the photo.
    /// Transparent parts count as white.
    #[picture(LIPS)]
    image: Picture,
}

impl CpuOperation for AiWaistSlimming {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/editing/ai-waist-slimming",
        name: "AI Waist Slimming",
        sign: "portrait_editing_ai_waist_slimming",
        pool: "portrait_ai_snatched_waist",
        price: 8,
        summary: "Narrows the waist of the largest person by about a tenth. Arms follow as they are, the \
                  background stays, and what becomes free beside the waist goes on from it.",
        limitations: "One person, who stands and faces the camera: whoever sits, turns aside, is cut above the \
                      hips or touches another is refused with `ERROR_POSE_NOT_ENOUGH_KEYPOINTS` \
                      (`ERROR_NO_RECOGNITION_TARGET_DETECTED` in the edition of 2025). The amount is fixed.",
        ..figures::SPEC
    };
    const NEEDS: Needs = Needs::models(MODELS);
    type Input = Request;
    type Output = ImageUrl;

    fn run(input: Request, work: &Work) -> Result<ImageUrl> {
        let mut photo = on_white(input.image.decode(work)?);
        let person = figures::largest(work, &photo.rgb)?;
        figures::change(work, &mut photo.rgb, &person, Change::Waist(STRENGTH))?;
        drop(person);
        ImageUrl::of(work, &photo)
    }
}
