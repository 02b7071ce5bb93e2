//! A sheet of stickers of lip-biting expressions.

use safelight_contract::{Code, Fault};
use safelight_imaging::Photo;
use safelight_operation::{CpuOperation, Input, Needs, Picture, Result, Spec, Work, no_engine};
use safelight_vision::face::models;

use super::super::faces;
use super::super::painted::{LATER, PORTRAIT, ResultUrls};
use crate::generated::{Edit, Generated};

/// The service.
pub struct AiLipBiteExpressions;

/// How many stickers, and how they lie.
const GRIDS: &[(&str, (&str, &str), &str)] = &[
    ("1", ("one", "one column and one row"), "one sticker"),
    ("4", ("four", "two columns and two rows"), "two by two"),
    ("6", ("six", "three columns and two rows"), "three by two"),
    ("9", ("nine", "three columns and three rows"), "three by three"),
];

/// Width by height; 0 is that of the photo.
const RATIOS: &[(&str, f32, &str)] = &[
    ("auto", 0.0, "as the photo"),
    ("1:1", 1.0, "square"),
    ("3:4", 3.0 / 4.0, "upright"),
    ("4:3", 4.0 / 3.0, "lying"),
    ("9:16", 9.0 / 16.0, "narrow and upright"),
    ("16:9", 16.0 / 9.0, "wide"),
];
/// Who looks younger than this, in years, may be a minor: the estimate errs by about four years.
const LEAST_AGE: f32 = 22.0;
/// No engine makes narrower pictures.
const MOST_RATIO: f32 = 2.0;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo of one person.
    #[picture(PORTRAIT)]
    image: Picture,
    /// How many stickers the picture shows.
    #[choice(GRIDS)]
    #[field(default = ("one", "one column and one row"))]
    grid_count: (&'static str, &'static str),
    /// The shape of the picture.
    #[choice(RATIOS)]
    #[field(default = 0.0)]
    aspect_ratio: f32,
}

impl CpuOperation for AiLipBiteExpressions {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/ai-lip-bite-expressions",
        name: "AI Lip Bite Expressions",
        sign: "portrait_effects_ai_lip_bite_expressions",
        pool: "portrait_ai_lip_bite_emoji",
        price: 15,
        summary: "Makes a sheet of stickers of the person in a photo, biting the lip, by a generative \
                  engine.",
        limitations: "The whole picture is the engine's; without one the service answers \
                      `ERROR_AI_NOT_EXISTS`. That a face is to be seen in it is checked, the likeness is \
                      not. Who looks younger than 22 is refused (`ERROR_CONTENT_NON_COMPLIANCE`).",
        ..LATER
    };
    const NEEDS: Needs = Needs::models(&[models::DETECTION, models::MESH, models::AGE]);
    type Input = Request;
    type Output = ResultUrls;

    fn run(_: Request, _: &Work) -> Result<ResultUrls> {
        Err(no_engine(<Self as CpuOperation>::SPEC.slug()))
    }
}

impl Generated for AiLipBiteExpressions {
    const REQUIRED: bool = true;

    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        let photo = input.image.decode(work)?;
        let found = faces::find(work, &photo.rgb, false, 1)?;
        let age = work.stage("age", || found[0].age_and_gender())?.age;
        if age < LEAST_AGE {
            let message = format!(
                "the person looks {age:.0} years old, this service is for people who look \
                 {LEAST_AGE:.0} at least"
            );
            return Err(Fault::new(Code::ContentNonCompliance, message));
        }
        drop(found);
        let own = photo.rgb.width() as f32 / photo.rgb.height() as f32;
        let asked = if input.aspect_ratio == 0.0 { own } else { input.aspect_ratio };
        let ratio = asked.clamp(1.0 / MOST_RATIO, MOST_RATIO);
        let (count, grid) = input.grid_count;
        let words = vec![count.to_owned(), grid.to_owned()];
        Ok(Some(Edit { ratio: Some(ratio), ..Edit::of(photo, None, words) }))
    }

    fn answer(_: &Request, mut photos: Vec<Photo>, work: &Work) -> Result<ResultUrls> {
        let photo = photos.remove(0);
        let found = work.stage("check", || work.vision.detect_faces(&photo.rgb))?;
        if found.is_empty() {
            let message = "the engine's picture shows no face";
            return Err(Fault::new(Code::ProcessingFailure, message));
        }
        ResultUrls::of(work, &photo)
    }
}
