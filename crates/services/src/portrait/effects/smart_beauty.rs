//! Smart beauty: one level for skin, shape, teeth and eyes.

use safelight_effects::{Beauty, Features, Retouch, Shape};
use safelight_imaging::Rules;
use safelight_operation::{
    Base64, CpuOperation, Delivery, Input, Needs, Output, Picture, Result, Spec, TASK_TYPE, Url,
    Work,
};

use super::beauty;
use crate::image::{bled, encoded};

/// The service.
pub struct SmartBeauty;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo.
    #[picture(Rules { max_bytes: 5 * Rules::MB, min: (1, 1), max: (4096, 4096), ..Rules::ORDINARY })]
    image_target: Picture,
    /// `1` beautifies all faces, up to 18; anything else the largest alone.
    #[cut(20)]
    multi_face: Option<String>,
    /// How far to go: 0 is as it is.
    #[number(0.0..=1.0)]
    #[field(default = 1.0)]
    beauty_level: f64,
    #[shared(TASK_TYPE)]
    task_type: Option<bool>,
}

/// The beautified photo.
#[derive(Output)]
pub struct Answer {
    /// The changed photo, a JPEG; a PNG where the photo has transparency. In the answer itself.
    #[output(path = "data.image")]
    image: Option<Base64>,
    /// The same as the result of a task, for 24 hours.
    #[output(path = "data.image_url")]
    image_url: Option<Url>,
}

/// Faces that are beautified at most.
const MOST_FACES: usize = 18;

/// What is done at level 1.
fn beauty_at(level: f32) -> Beauty {
    Beauty {
        skin: Retouch { smooth: 0.6 * level, lighten: 0.0, even: 0.5 * level },
        features: Features { sharp: 0.2 * level, teeth: 4.0 * level, eye_whites: 3.0 * level },
        shape: Shape { slim: 0.03 * level, eyes: 0.10 * level, ..Shape::default() },
        brows: 0.0,
    }
}

impl CpuOperation for SmartBeauty {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/smart-beauty",
        name: "Smart Beauty",
        sign: "portrait_smart_beauty",
        pool: "portrait_intelligent_beautification",
        price: 8,
        summary: "Smoother and more even skin, a slightly slimmer jaw, larger eyes and whiter teeth, by \
                  one level. Skin is not lightened.",
        limitations: beauty::LIMITATIONS,
        delivery: Delivery::Either { default_async: false },
        memory: beauty::MEMORY,
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(beauty::MODELS);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let mut photo = bled(input.image_target.decode(work)?);
        let most = if input.multi_face.as_deref() == Some("1") { MOST_FACES } else { 1 };
        let kits = beauty::kits(work, &photo.rgb, most, beauty::LEAST_FACE)?;
        beauty::apply(work, &mut photo, &kits, &beauty_at(input.beauty_level as f32))?;
        let picture = encoded(&photo, work)?;
        Ok(match input.task_type {
            Some(true) => Answer { image: None, image_url: Some(Url(picture)) },
            _ => Answer { image: Some(Base64(picture)), image_url: None },
        })
    }
}
