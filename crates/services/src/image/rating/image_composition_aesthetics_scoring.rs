//! Composition and looks: how well a photo is made.

use safelight_imaging::composition::BEST;
use safelight_imaging::geometry::Rect;
use safelight_imaging::tilt::Tilt;
use safelight_operation::{
    CpuOperation, Input, Memory, Needs, Output, Picture, Result, Spec, Work, rounded,
};
use safelight_vision::{aesthetics, scene};

use crate::image::{SCENE, on_white};

/// The service.
pub struct ImageCompositionAestheticsScoring;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. Transparent parts count as white.
    #[picture(SCENE)]
    image: Picture,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The score, 0 to 5; from 3.8 up counts as good.
    #[output(path = "data.score")]
    score: f64,
}

impl CpuOperation for ImageCompositionAestheticsScoring {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/rating/image-composition-aesthetics-scoring",
        name: "Image Composition Aesthetics Score",
        sign: "image_image_composition_aesthetics_scoring",
        pool: "image_composition_aesthetics_rating",
        price: 1,
        summary: "Scores a photo from 0 to 5: seven tenths by NIMA, a network that has learnt the marks \
                  that photographers give, less for a photo that leans; three tenths by rules of \
                  composition, a heuristic on a saliency model and a face detector: whole heads and \
                  subjects, room above, place near a third or the middle, size, calm surroundings.",
        limitations: "That a photo leans is seen by its straight edges only. How well the weights agree \
                      with anyone's taste was not measured; that the score falls with blur, noise, \
                      compression, darkness and cropping was.",
        // The photo on white.
        memory: Memory { base: scene::BASE_BYTES, per_pixel: 1 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(NEEDED);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let photo = on_white(input.image.decode(work)?).rgb;
        let scene = work.stage("scene", || work.vision.scene(&photo))?;
        let mark = work.stage("mark", || work.vision.mark(&photo))?;
        let tilt = work.stage("tilt", || Ok(Tilt::of(&photo)))?;
        let looks =
            BEST * ((upright(mark, tilt) - MARKS[0]) / (MARKS[1] - MARKS[0])).clamp(0.0, 1.0);
        let score = LOOKS * looks + (1.0 - LOOKS) * scene.score(&Rect::whole(&photo));
        Ok(Answer { score: rounded(score, 4) })
    }
}

/// What finds the subject and the heads, and what marks the photo.
const NEEDED: &[&str] = &[scene::MODELS[0], scene::MODELS[1], aesthetics::MODEL];
/// Weight of the mark beside the composition.
const LOOKS: f32 = 0.7;
/// Marks of the worst and of the best photo.
const MARKS: [f32; 2] = [2.8, 5.8];
/// What each degree of tilt costs in marks, up to the most degrees; less does not show.
const COST: f32 = 0.045;
const MOST: f32 = 20.0;
const LEAST: f32 = 1.5;

/// The mark, less for a photo that surely leans.
fn upright(mark: f32, tilt: Tilt) -> f32 {
    if tilt.angle.abs() <= LEAST {
        return mark;
    }
    mark - COST * tilt.angle.abs().min(MOST) * ((tilt.sureness - 4.0) / 2.0).clamp(0.0, 1.0)
}
