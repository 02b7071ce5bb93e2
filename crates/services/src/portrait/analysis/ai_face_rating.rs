//! Face rating: a report card of the largest face, as a picture.

mod card;

use std::time::Duration;

use safelight_imaging::{Format, Rules, encode};
use safelight_operation::{
    Artifact, CpuOperation, Delivery, FileFormat, Input, Memory, Needs, Output, Picture, Result,
    Spec, Url, Work,
};
use safelight_vision::face::traits::Beauty;
use safelight_vision::face::{Face, QualityControl, Rect, Traits};

use self::card::{Card, Row};
use super::super::faces::{self, PORTRAIT_MODELS, QUALITY_CONTROL};
use crate::image::on_white;

/// The service.
pub struct AiFaceRating;

/// The shape of the card, width to height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// That of the others which is nearest to the photo's.
    Auto,
    /// Fixed.
    Ratio(u32, u32),
}

/// The words of `aspect_ratio`.
const SHAPES: &[(&str, Shape, &str)] = &[
    ("auto", Shape::Auto, "the one nearest to the photo's shape"),
    ("1:1", Shape::Ratio(1, 1), "square"),
    ("3:4", Shape::Ratio(3, 4), "upright"),
    ("4:3", Shape::Ratio(4, 3), "lying"),
    ("9:16", Shape::Ratio(9, 16), "upright"),
    ("16:9", Shape::Ratio(16, 9), "lying"),
];

/// The shorter side of every card in pixels.
const SHORT_SIDE: u32 = 1080;

impl Shape {
    /// Width and height of the card for a photo of this size.
    fn pixels(self, (width, height): (u32, u32)) -> (u32, u32) {
        let fixed = [(1, 1), (3, 4), (4, 3), (9, 16), (16, 9)];
        let wanted = (f64::from(width) / f64::from(height.max(1))).ln();
        let off = |&(a, b): &(u32, u32)| ((f64::from(a) / f64::from(b)).ln() - wanted).abs();
        let (a, b) = match self {
            Shape::Ratio(a, b) => (a, b),
            Shape::Auto => {
                fixed.into_iter().min_by(|a, b| off(a).total_cmp(&off(b))).unwrap_or((1, 1))
            }
        };
        let shorter = a.min(b);
        (SHORT_SIDE * a / shorter, SHORT_SIDE * b / shorter)
    }
}

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. Its largest face is rated.
    #[picture(Rules {
        formats: &[Format::Jpeg, Format::Png, Format::WebP],
        max_bytes: 10 * Rules::MB,
        min: (1, 1),
        max: (4096, 4096),
        ..Rules::ORDINARY
    })]
    image: Picture,
    /// Shape of the card, whose shorter side has 1080 pixels.
    #[choice(SHAPES)]
    #[field(default = Shape::Auto)]
    aspect_ratio: Shape,
    #[shared(QUALITY_CONTROL)]
    quality_control: QualityControl,
}

/// The card.
#[derive(Output)]
pub struct Answer {
    /// The card, a JPEG, for 24 hours. The score is a heuristic: 40 % symmetry, 35 % nearness to five
    /// neoclassical canons, 25 % even skin.
    #[output(path = "data.result_urls", format = FileFormat::Picture(Format::Jpeg))]
    result_urls: Vec<Url>,
}

impl CpuOperation for AiFaceRating {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/analysis/ai-face-rating",
        name: "AI Face Rating",
        sign: "portrait_analysis_ai_face_rating",
        pool: "portrait_ai_face_rater",
        price: 15,
        summary: "Draws a report card of the largest face: symmetry, proportions, even skin, smile, \
                  sharpness and light, and a score.",
        limitations: "The score is a published formula, no judgement.",
        delivery: Delivery::Async,
        deadline: Duration::from_secs(60),
        memory: Memory { base: 96 << 20, per_pixel: 4 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(PORTRAIT_MODELS);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let photo = on_white(input.image.decode(work)?).rgb;
        let found = faces::find_people(work, &photo, false, 1)
            .or_else(|fault| faces::named(fault, input.quality_control, work, &photo))?;
        faces::check(work, &found, input.quality_control)?;
        let size = input.aspect_ratio.pixels(photo.dimensions());
        let drawn = work.stage("rate", || {
            let rated = faces::each(work, &found, rate)?;
            Ok(rated.first().map(|card| card::draw(&photo, card, size)))
        })?;
        let drawn = drawn.unwrap_or_default();
        let bytes = work.stage("encode", || encode::jpeg(&drawn, encode::JPEG_QUALITY))?;
        Ok(Answer { result_urls: vec![Url(Artifact::picture(bytes, Format::Jpeg))] })
    }
}

/// What the card of a face says.
fn rate(face: &Face) -> Result<Card> {
    let (quality, beauty) = (face.quality()?, Beauty::of(&Traits::of(face)?));
    let light = (quality.illumination / 100.0).min(1.0) * (1.0 - quality.unevenness / 2.0);
    let row = |name: &'static str, share: f32| Row { name, share: share.clamp(0.0, 1.0) };
    let rect: Rect = face.detection.rect;
    Ok(Card {
        face: rect,
        score: beauty.score(),
        age: face.age_and_gender()?.age,
        rows: vec![
            row("Symmetry", beauty.symmetry),
            row("Proportions", beauty.proportion),
            row("Even skin", beauty.skin),
            row("Smile", face.blendshapes()?.smile()),
            row("Sharpness", 1.0 - quality.blur),
            row("Light", light),
        ],
    })
}
