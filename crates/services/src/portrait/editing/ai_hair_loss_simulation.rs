//! Hair loss, as it may look at a stage.

use image::RgbImage;
use safelight_contract::{Code, Fault};
use safelight_effects::Kit;
use safelight_effects::hair_loss::{self, Stage};
use safelight_effects::scalp::Refusal;
use safelight_operation::{CpuOperation, Input, Needs, Picture, Result, Spec, Work};
use safelight_vision::face::Parsing;

use super::super::faces;
use super::super::painted::{self, LATER, MODELS, PORTRAIT, ResultUrls};

/// The service.
pub struct AiHairLossSimulation;

/// A level; none where it cannot be shown without an engine.
type Level = Option<Stage>;

/// The levels that have a picture, and those that leave too little of the hair.
const LEVELS: &[(&str, Level, &str)] = &[
    ("man_1", Some(Stage::Man(1)), "the temples begin to recede"),
    ("man_2", Some(Stage::Man(2)), "the temples recede"),
    ("man_3", Some(Stage::Man(3)), "the temples recede deeply, and hair thins"),
    ("man_4", Some(Stage::Man(4)), "the front recedes, too, and hair is thin"),
    ("man_5", Some(Stage::Man(5)), "the front is bare, and hair is very thin"),
    ("man_6", None, "needs an engine"),
    ("man_7", None, "needs an engine"),
    ("woman_1", Some(Stage::Woman(1)), "the parting widens a little"),
    ("woman_2", Some(Stage::Woman(2)), "the parting widens, and hair thins"),
    ("woman_3", Some(Stage::Woman(3)), "the parting is wide, and hair is thin"),
    ("woman_4", Some(Stage::Woman(4)), "the parting is very wide, and hair is very thin"),
    ("woman_5", None, "needs an engine"),
    ("woman_6", None, "needs an engine"),
    ("woman_7", None, "needs an engine"),
];

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. The hair of its largest face is thinned.
    #[picture(PORTRAIT)]
    image: Picture,
    /// How far hair has gone, on the scales for men and for women.
    #[choice(LEVELS)]
    level: Level,
}

impl CpuOperation for AiHairLossSimulation {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/editing/ai-hair-loss-simulation",
        name: "AI Hair Loss Simulation",
        sign: "portrait_editing_ai_hair_loss_simulation",
        pool: "portrait_ai_hair_loss_simulation",
        price: 15,
        summary: "Shows the largest face with less hair: a receding hairline for men, a wider parting for \
                  women.",
        limitations: "The levels 1 to 5 of men need a forehead without hair on it, the levels 1 to 4 of women \
                      a parting near the middle that is to be seen. What does not have that, and the higher \
                      levels, is refused with `PROCESSING_FAILURE`: it needs a generative engine, which this \
                      server does not have. A simulation is no prognosis.",
        ..LATER
    };
    const NEEDS: Needs = Needs::models(MODELS);
    type Input = Request;
    type Output = ResultUrls;

    fn run(input: Request, work: &Work) -> Result<ResultUrls> {
        let Some(stage) = input.level else {
            let message = "level leaves too little of the hair to be shown without a generative engine; \
                           man_1 to man_5 and woman_1 to woman_4 can be";
            return Err(Fault::new(Code::ProcessingFailure, message));
        };
        let mut photo = input.image.decode(work)?;
        let (kit, head) = head(work, &photo.rgb)?;
        work.stage("paint", || {
            hair_loss::paint(&kit, &mut photo.rgb, &head, stage).map_err(|r| refused(&r))
        })?;
        ResultUrls::of(work, &photo)
    }
}

/// The largest face, and the parts of its whole head, as the stages `detect` and `prepare`.
pub(super) fn head(work: &Work, photo: &RgbImage) -> Result<(Kit, Parsing)> {
    let found = faces::find(work, photo, false, 1)?;
    work.stage("prepare", || {
        let kit = painted::prepared(&found[0])?;
        Ok((kit, work.vision.parse_head(photo, &found[0].detection)?))
    })
}

/// What hair loss cannot be shown on: `ERROR_NO_RECOGNITION_TARGET_DETECTED` without hair, else
/// `PROCESSING_FAILURE`.
pub(super) fn refused(refusal: &Refusal) -> Fault {
    match refusal {
        Refusal::NoHair => Fault::new(Code::NoRecognitionTargetDetected, refusal.to_string()),
        _ => {
            let message = format!("{refusal}; this needs an engine that is not here");
            Fault::new(Code::ProcessingFailure, message)
        }
    }
}
