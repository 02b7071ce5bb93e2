//! Hair loss, as it may look at a stage.

use image::RgbImage;
use safelight_contract::{Code, Fault};
use safelight_effects::Kit;
use safelight_effects::hair_loss::{self, Stage};
use safelight_effects::scalp::Refusal;
use safelight_imaging::Photo;
use safelight_operation::{CpuOperation, Input, Needs, Picture, Result, Spec, Work, no_engine_for};
use safelight_vision::cutout;
use safelight_vision::face::detection::MOST_FACES;
use safelight_vision::face::{Detection, Parsing};

use super::super::faces;
use super::super::painted::{self, LATER, MODELS, PORTRAIT, ResultUrls};
use crate::generated::{Edit, Generated, areas};

/// The service.
pub struct AiHairLossSimulation;

/// A level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Level {
    /// Painted here.
    Painted(Stage),
    /// Made by a generative engine, which is told so: too little of the hair is left.
    Engine(&'static str),
}

use Level::{Engine, Painted};

const NEEDS_ENGINE: &str = "needs a generative engine";

/// The levels that have a picture, and those that leave too little of the hair.
const LEVELS: &[(&str, Level, &str)] = &[
    ("man_1", Painted(Stage::Man(1)), "the temples begin to recede"),
    ("man_2", Painted(Stage::Man(2)), "the temples recede"),
    ("man_3", Painted(Stage::Man(3)), "the temples recede deeply, and hair thins"),
    ("man_4", Painted(Stage::Man(4)), "the front recedes, too, and hair is thin"),
    ("man_5", Painted(Stage::Man(5)), "the front is bare, and hair is very thin"),
    ("man_6", Engine("a bald top of the head and a band of hair around it"), NEEDS_ENGINE),
    ("man_7", Engine("a bald head with a narrow band of thin hair at the sides"), NEEDS_ENGINE),
    ("woman_1", Painted(Stage::Woman(1)), "the parting widens a little"),
    ("woman_2", Painted(Stage::Woman(2)), "the parting widens, and hair thins"),
    ("woman_3", Painted(Stage::Woman(3)), "the parting is wide, and hair is thin"),
    ("woman_4", Painted(Stage::Woman(4)), "the parting is very wide, and hair is very thin"),
    ("woman_5", Engine("very thin hair on top through which the scalp is seen"), NEEDS_ENGINE),
    ("woman_6", Engine("hardly any hair on top, the scalp is seen"), NEEDS_ENGINE),
    ("woman_7", Engine("no hair on top and thin hair at the sides"), NEEDS_ENGINE),
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
                      a parting near the middle that is to be seen; a photo without is refused with \
                      `PROCESSING_FAILURE`. The higher levels are a generative engine's; without one they \
                      are refused with `ERROR_AI_NOT_EXISTS`. A simulation is no prognosis.",
        ..LATER
    };
    const NEEDS: Needs = Needs::models(MODELS).on_request(cutout::HEAD_MODELS);
    type Input = Request;
    type Output = ResultUrls;

    fn native(input: &Request) -> Result<()> {
        match input.level {
            Painted(_) => Ok(()),
            Engine(_) => Err(needs_engine()),
        }
    }

    fn run(input: Request, work: &Work) -> Result<ResultUrls> {
        let Painted(stage) = input.level else { return Err(needs_engine()) };
        let mut photo = input.image.decode(work)?;
        let (kit, head) = head(work, &photo.rgb)?;
        work.stage("paint", || {
            hair_loss::paint(&kit, &mut photo.rgb, &head, stage).map_err(|r| refused(&r))
        })?;
        ResultUrls::of(work, &photo)
    }
}

fn needs_engine() -> Fault {
    let what =
        "level leaves too little of the hair, man_1 to man_5 and woman_1 to woman_4 are painted";
    no_engine_for(<AiHairLossSimulation as CpuOperation>::SPEC.slug(), what)
}

impl Generated for AiHairLossSimulation {
    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        let Engine(words) = input.level else { return Ok(None) };
        let photo = input.image.decode(work)?;
        let found = faces::find(work, &photo.rgb, false, 1)?;
        let (kit, face) =
            (work.stage("prepare", || painted::prepared(&found[0]))?, found[0].detection);
        drop(found);
        let mask = work.stage("mask", || areas::hair(work, &photo.rgb, &kit, &face, 0.06))?;
        let no_hair = || Fault::new(Code::NoRecognitionTargetDetected, "image shows no hair");
        Ok(Some(Edit::of(photo, Some(mask.ok_or_else(no_hair)?), vec![words.to_owned()])))
    }

    fn answer(_: &Request, photos: Vec<Photo>, work: &Work) -> Result<ResultUrls> {
        ResultUrls::made(&photos, work)
    }
}

/// The largest face, and the parts of its whole head without those of others, as the stages `detect` and
/// `prepare`.
pub(super) fn head(work: &Work, photo: &RgbImage) -> Result<(Kit, Parsing)> {
    let found = faces::find(work, photo, false, MOST_FACES)?;
    work.stage("prepare", || {
        let kit = painted::prepared(&found[0])?;
        let others: Vec<Detection> = found[1..].iter().map(|other| other.detection).collect();
        Ok((kit, work.vision.parse_own_head(photo, &found[0].detection, &others)?))
    })
}

/// What hair loss cannot be shown on: `ERROR_NO_RECOGNITION_TARGET_DETECTED` without hair, else
/// `PROCESSING_FAILURE`.
pub(super) fn refused(refusal: &Refusal) -> Fault {
    match refusal {
        Refusal::NoHair => Fault::new(Code::NoRecognitionTargetDetected, refusal.to_string()),
        _ => Fault::new(Code::ProcessingFailure, refusal.to_string()),
    }
}
