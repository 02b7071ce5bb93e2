//! Face beauty, pro: skin, shape, eyes and brows.

use safelight_contract::Code;
use safelight_effects::looks::{self, Look};
use safelight_effects::{Beauty, Retouch, Shape};
use safelight_imaging::{Format, Rules};
use safelight_operation::{
    Base64, CpuOperation, Delivery, Input, Needs, Output, Picture, Result, Spec, TASK_TYPE, Url,
    Work,
};

use super::beauty;
use crate::image::{bled, encoded};

/// The service.
pub struct FaceBeautyPro;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. Its faces, up to 32, are beautified.
    #[picture(Rules {
        formats: &[Format::Jpeg, Format::Png],
        max_bytes: 2 * Rules::MB,
        min: (48, 48),
        max: (4096, 4096),
        ..Rules::ORDINARY
    })]
    image: Picture,
    /// How much lighter the skin is.
    #[scale(0..=100, Code::InvalidSkinWhiteningParameter)]
    #[field(default = 50)]
    whitening: u8,
    /// How much smoother the skin is.
    #[scale(0..=100, Code::InvalidSmoothingParameter)]
    #[field(default = 50)]
    smoothing: u8,
    /// How much slimmer the jaw is.
    #[scale(0..=100, Code::InvalidFaceSlimmingParameter)]
    #[field(default = 50)]
    thinface: u8,
    /// How much smaller the face is below the eyes: up to 4 %.
    #[scale(0..=100, Code::InvalidFaceSlimmingParameter)]
    #[field(default = 50)]
    shrink_face: u8,
    /// How much larger the eyes are.
    #[scale(0..=100, Code::InvalidBigEyesParameter)]
    #[field(default = 50)]
    enlarge_eye: u8,
    /// How far the eyebrows are taken away: up to 50 stray hairs around them, beyond that the brows fade
    /// into skin.
    #[integer(0..=100)]
    #[field(default = 50)]
    remove_eyebrow: u8,
    /// A look for the whole photo: 1 black and white, 2 calm, 3 sunny day, 4 journey, 5 beautify skin,
    /// 6 Hong Kong style, 7 aesthetic, 8 lovely, 9 New York, 10 sakura, 11 seventeen, 12 soft light,
    /// 13 afternoon tea, 14 brighten skin, 15 Chaplin, 16 floral, 17 memories, 18 ice beauty, 19 Paris,
    /// 20 time, 21 LOMO, 22 old times, 23 early spring, 24 story, 25 Abao colour, 26 fill light, 27 warm,
    /// 28 gorgeous, 29 lavender, 30 Chanel, 31 Prague, 32 old dreams, 33 peach blossom, 34 pink, 35 misty
    /// rain. None without it.
    #[integer(1..=35)]
    filter_type: Option<u8>,
    #[shared(TASK_TYPE)]
    task_type: Option<bool>,
}

/// The beautified photo.
#[derive(Output)]
pub struct Answer {
    /// The changed photo, a JPEG; a PNG where the photo has transparency. In the answer itself.
    result: Option<Base64>,
    /// The same as the result of a task, for 24 hours.
    result_url: Option<Url>,
}

/// What is done at 100: lengths by the width of the face.
const LIGHTEN: f32 = 10.0;
const SLIM: f32 = 0.06;
const SHRINK: f32 = 0.04;
const EYES: f32 = 0.25;

fn beauty_of(input: &Request) -> Beauty {
    let share = |value: u8| f32::from(value) / 100.0;
    Beauty {
        skin: Retouch {
            smooth: share(input.smoothing),
            lighten: LIGHTEN * share(input.whitening),
            even: 0.0,
        },
        shape: Shape {
            slim: SLIM * share(input.thinface),
            shrink: SHRINK * share(input.shrink_face),
            eyes: EYES * share(input.enlarge_eye),
            ..Shape::default()
        },
        brows: share(input.remove_eyebrow),
        ..Beauty::default()
    }
}

/// The look of a number from 1.
fn look(number: Option<u8>) -> Option<&'static Look> {
    let name = looks::BEAUTY.get(usize::from(number?).checked_sub(1)?)?;
    looks::find(name)
}

impl CpuOperation for FaceBeautyPro {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/face-beauty-pro",
        name: "Face Beauty Pro",
        sign: "portrait_face_beauty_pro",
        pool: "portrait_facial_beautification_pro",
        price: 15,
        summary: "Lightens and smooths skin, slims and shrinks the face, enlarges the eyes and tidies \
                  or removes the brows of every face, and puts one of 35 looks over the photo.",
        limitations: beauty::LIMITATIONS,
        delivery: Delivery::Either { default_async: false },
        memory: beauty::MEMORY,
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(beauty::MODELS);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let mut photo = bled(input.image.decode(work)?);
        let kits = beauty::kits(work, &photo.rgb, beauty::MOST_FACES, beauty::LEAST_FACE)?;
        beauty::apply(work, &mut photo, &kits, &beauty_of(&input))?;
        if let Some(look) = look(input.filter_type) {
            work.stage("look", || {
                look.apply(&mut photo.rgb, 1.0);
                Ok(())
            })?;
        }
        let picture = encoded(&photo, work)?;
        Ok(match input.task_type {
            Some(true) => Answer { result: None, result_url: Some(Url(picture)) },
            _ => Answer { result: Some(Base64(picture)), result_url: None },
        })
    }
}
