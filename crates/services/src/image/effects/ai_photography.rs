//! AI Photography: a photo taken again, after words.

use std::time::Duration;

use image::imageops;
use safelight_contract::Fault;
use safelight_effects::photograph::{Shot, Unable};
use safelight_imaging::{Cutout, Format, Photo};
use safelight_operation::{
    CpuOperation, Cut, Delivery, Example, Input, Memory, Needs, Output, Picture, Result, Rules,
    Spec, Url, Work, no_engine_for,
};
use safelight_vision::cutout;

use super::on_white;
use crate::generated::{Edit, Generated};
use crate::image::encoded;

/// The service.
pub struct AiPhotography;

/// Width to height; the photo's own without.
type Shape = Option<(u32, u32)>;

const SHAPES: &[(&str, Shape, &str)] = &[
    ("auto", None, "the whole photo"),
    ("1:1", Some((1, 1)), "square"),
    ("2:3", Some((2, 3)), "upright"),
    ("3:2", Some((3, 2)), "lying"),
    ("3:4", Some((3, 4)), "upright"),
    ("4:3", Some((4, 3)), "lying"),
    ("4:5", Some((4, 5)), "upright"),
    ("5:4", Some((5, 4)), "lying"),
    ("9:16", Some((9, 16)), "upright"),
    ("16:9", Some((16, 9)), "lying"),
    ("21:9", Some((21, 9)), "lying"),
];

/// Engines are asked for no longer pictures; what is longer is cut out of theirs.
const MOST_RATIO: f32 = 2.0;

/// What a request asks for. Texts are cut at their lengths.
#[derive(Input)]
pub struct Request {
    /// The photo. Transparent parts count as white.
    #[picture(Rules {
        formats: &[Format::Jpeg, Format::Png, Format::WebP],
        max_bytes: 10 * Rules::MB,
        min: (1, 1),
        max: (4096, 4096),
        ..Rules::ORDINARY
    })]
    image: Picture,
    /// English words for the style, such as `black and white`, `film noir`, `cinematic`, `golden hour`,
    /// `studio portrait, blue background`, `bokeh`. Words for what is not made here, or of which none is
    /// known, need a generative engine.
    #[kind(Example(Cut(500), "cinematic"))]
    style_title: String,
    /// Further words of the same kind.
    #[kind(Example(Cut(1000), "blurred background"))]
    style_desc: String,
    /// The shape of the result: the photo is cut around its subject.
    #[choice(SHAPES)]
    #[field(default = None)]
    image_size: Shape,
}

/// What the words ask for.
fn shot(input: &Request) -> Result<Shot, Unable> {
    Shot::described(&format!("{}, {}", input.style_title, input.style_desc))
}

/// The fault for what is not made here.
fn needs_engine(unable: Unable) -> Fault {
    let what = match unable {
        Unable::Unknown => "a style of which no word names a look, a light, a focus or a backdrop",
        Unable::Elsewhere => "a style with places, clothes or things that the photo does not show",
    };
    no_engine_for(AiPhotography::SPEC.slug(), what)
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The photo, a JPEG, the only element, for 24 hours.
    #[output(path = "data.result_urls")]
    result_urls: [Url; 1],
}

impl CpuOperation for AiPhotography {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/effects/ai-photography",
        name: "AI Photography",
        sign: "image_effects_ai_photography",
        pool: "image_photography",
        price: 15,
        summary: "Gives a photo the look, the backdrop, the focus and the light that words ask for.",
        limitations: "Looks, plain backdrops, background blur, light on the subject and the shape are made \
                      here. Words for other places, clothes, things or ages, and texts of which nothing is \
                      understood, are a generative engine's, which makes the whole picture; without one \
                      they are refused with ERROR_AI_NOT_EXISTS. Where a photo has no clear \
                      subject, backdrop, blur and light are left out.",
        delivery: Delivery::Async,
        deadline: Duration::from_secs(60),
        // The cut-out, the result and its file.
        memory: Memory { base: cutout::BASE_BYTES + (64 << 20), per_pixel: 20 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(cutout::PEOPLE_MODELS);
    type Input = Request;
    type Output = Answer;

    fn native(input: &Request) -> Result<()> {
        shot(input).map(drop).map_err(needs_engine)
    }

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let shot = shot(&input).map_err(needs_engine)?;
        let photo = on_white(input.image.decode(work)?);
        let cutout = match shot.needs_subject() || input.image_size.is_some() {
            true => subject(work, &photo)?,
            false => None,
        };
        let taken = work.stage("take", || Ok(shot.take(photo.rgb, cutout.as_ref())))?;
        let rgb = match input.image_size {
            Some(shape) => cut(&taken, cutout.as_ref(), shape),
            None => taken,
        };
        Ok(Answer { result_urls: [Url(encoded(&Photo { rgb, alpha: None }, work)?)] })
    }
}

impl Generated for AiPhotography {
    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        if shot(input).is_ok() {
            return Ok(None);
        }
        let photo = on_white(input.image.decode(work)?);
        let ratio = input.image_size.map(|(across, down)| {
            (across as f32 / down as f32).clamp(1.0 / MOST_RATIO, MOST_RATIO)
        });
        let words = vec![input.style_title.clone(), input.style_desc.clone()];
        Ok(Some(Edit { ratio, ..Edit::of(photo, None, words) }))
    }

    fn answer(input: &Request, mut photos: Vec<Photo>, work: &Work) -> Result<Answer> {
        let made = photos.remove(0).rgb;
        let rgb = match input.image_size {
            Some(shape) => cut(&made, None, shape),
            None => made,
        };
        Ok(Answer { result_urls: [Url(encoded(&Photo { rgb, alpha: None }, work)?)] })
    }
}

/// The people of a photo cut out, or else what stands out, as the stages `subject` and `matting`.
fn subject(work: &Work, photo: &Photo) -> Result<Option<Cutout>> {
    let found = work.stage("subject", || match work.vision.people(&photo.rgb)? {
        Some(people) => Ok(people.subject),
        None => work.vision.salient(&photo.rgb),
    })?;
    work.stage("matting", || {
        let cutout = Cutout::refine(photo.clone(), &found.mask, found.region);
        Ok((!cutout.is_empty()).then_some(cutout))
    })
}

/// The largest part of a photo of a shape around the subject, as far as the photo reaches.
fn cut(
    photo: &image::RgbImage,
    subject: Option<&Cutout>,
    (across, down): (u32, u32),
) -> image::RgbImage {
    let (width, height) = photo.dimensions();
    let scale = (f64::from(width) / f64::from(across)).min(f64::from(height) / f64::from(down));
    let side = |part: u32, most: u32| ((f64::from(part) * scale).round() as u32).clamp(1, most);
    let (wide, high) = (side(across, width), side(down, height));
    let bounds = subject.and_then(Cutout::bounds);
    let middle = bounds.map_or([width / 2, height / 2], |b| {
        // Heads are above the middle of people.
        [b.x + b.width / 2, b.y + b.height * 2 / 5]
    });
    let start =
        |middle: u32, length: u32, all: u32| middle.saturating_sub(length / 2).min(all - length);
    let (x, y) = (start(middle[0], wide, width), start(middle[1], high, height));
    imageops::crop_imm(photo, x, y, wide, high).to_image()
}
