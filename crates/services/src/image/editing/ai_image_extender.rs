//! A photo with a larger frame.

use image::{GrayImage, Luma};
use safelight_effects::complete;
use safelight_effects::complete::{Options, Reach};
use safelight_effects::extend::{Sides, extend};
use safelight_imaging::Photo;
use safelight_imaging::components::grown;
use safelight_imaging::resize::{self, Filter};
use safelight_operation::{
    Base64, Code, CpuOperation, Fault, Input, Mask, Memory, Needs, Output, Picture, Result, Spec,
    Work,
};

use super::removal::{self, MODELS, SUBJECT};
use super::{CANVAS, on_white, seed};
use crate::image::encoded;

/// The service.
pub struct AiImageExtender;

/// Largest share of a side that is added at once.
const LARGEST_SHARE: f64 = 0.25;
/// Largest share of a side's length at which a person may touch it.
const LARGEST_PERSON: f32 = 0.05;
/// Largest share of the strip along a side that may be part of a subject, and the strip's width as a share
/// of the picture's.
const LARGEST_SUBJECT: f32 = 0.35;
const STRIP: f32 = 0.08;

/// What a request asks for.
#[derive(Input)]
#[input(check = possible)]
pub struct Request {
    /// The photo. Transparent parts count as white.
    #[picture(CANVAS)]
    image: Picture,
    /// A picture of the photo's size, white where it is filled, at most 70 % of it. With it, the four
    /// shares are not read.
    #[mask(CANVAS, of = image)]
    mask: Option<Mask>,
    /// Read and without effect: it steers models that generate.
    #[cut(4000)]
    #[field(name = "custom_prompt")]
    _custom_prompt: Option<String>,
    /// Read and without effect: it steers models that generate.
    #[integer(1..=1000)]
    #[field(name = "steps", default = 30)]
    _steps: u32,
    /// Read and without effect: it steers models that generate.
    #[number(0.1..=1.0)]
    #[field(name = "strength", default = 0.8)]
    _strength: f64,
    /// Read and without effect: it steers models that generate.
    #[number(1.0..=20.0)]
    #[field(name = "scale", default = 7.0)]
    _scale: f64,
    /// Another number gives another result, the same one the same; -1 draws one.
    #[integer(-1..=4_294_967_295)]
    #[field(default = 0)]
    seed: i64,
    /// Largest height of the result in pixels; larger ones are made smaller. 0 is no limit.
    #[integer(0..=65_535)]
    #[field(default = 1920)]
    max_height: u32,
    /// Largest width of the result in pixels; larger ones are made smaller. 0 is no limit.
    #[integer(0..=65_535)]
    #[field(default = 1920)]
    max_width: u32,
    /// What is added at the top, as a share of the height. More than 0.25 is refused.
    #[number(0.0..=1.0)]
    #[field(default = 0.1)]
    top: f64,
    /// What is added at the bottom, as a share of the height. More than 0.25 is refused.
    #[number(0.0..=1.0)]
    #[field(default = 0.1)]
    bottom: f64,
    /// What is added at the left, as a share of the width. More than 0.25 is refused.
    #[number(0.0..=1.0)]
    #[field(default = 0.1)]
    left: f64,
    /// What is added at the right, as a share of the width. More than 0.25 is refused.
    #[number(0.0..=1.0)]
    #[field(default = 0.1)]
    right: f64,
}

/// `UNSUPPORTED_PARAMETER_VALUES` for a share of more than can be made up.
fn possible(input: &Request) -> Result<()> {
    let shares = [
        ("left", input.left),
        ("right", input.right),
        ("top", input.top),
        ("bottom", input.bottom),
    ];
    match shares.iter().find(|(_, share)| input.mask.is_none() && *share > LARGEST_SHARE) {
        Some((name, share)) => {
            let message = format!("{name} is {share}, more than {LARGEST_SHARE} cannot be made up");
            Err(Fault::new(Code::UnsupportedParameterValues, message))
        }
        None => Ok(()),
    }
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The extended photo, a JPEG, the only element.
    #[output(path = "data.binary_data_base64")]
    binary_data_base64: [Base64; 1],
}

impl CpuOperation for AiImageExtender {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/editing/ai-image-extender",
        name: "AI Image Extender",
        sign: "image_ai_image_extender",
        pool: "image_ai_image_extender",
        price: 25,
        summary: "Gives a photo a larger frame: sky, water, walls, plants and ground go on beyond its \
                  sides. Or fills what a mask shows.",
        limitations: "At most a quarter of a side is added on either end of it. What lies beyond a side is \
                      made of the photo itself: objects that the frame cuts are not completed. Where a \
                      person or a subject touches a side that grows, the request is refused \
                      (`PROCESSING_FAILURE`). A mask that covers more than 70 % of the photo is refused \
                      (`ERROR_INVALID_FILE`).",
        // Two canvases of up to 2.25 times the photo, their masks, and the encoded result.
        memory: Memory { base: complete::BASE_BYTES, per_pixel: 32 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(MODELS);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let photo = on_white(input.image.decode(work)?);
        let rgb = match &input.mask {
            Some(mask) => filled(photo, mask, &input, work)?,
            None => extended(photo, &input, work)?,
        };
        let extended = Photo { rgb, alpha: None };
        Ok(Answer { binary_data_base64: [Base64(encoded(&extended, work)?)] })
    }
}

/// The factor that fits a size into the largest one; 0 is no limit.
fn fit(input: &Request, [width, height]: [f64; 2]) -> f64 {
    let factor = |limit: u32, side: f64| if limit == 0 { 1.0 } else { f64::from(limit) / side };
    factor(input.max_width, width).min(factor(input.max_height, height)).min(1.0)
}

fn scaled(rgb: image::RgbImage, factor: f64) -> image::RgbImage {
    if factor >= 1.0 {
        return rgb;
    }
    let side = |side: u32| ((f64::from(side) * factor) as u32).max(1);
    let (width, height) = (side(rgb.width()), side(rgb.height()));
    resize::rgb(&rgb, width, height, Filter::Lanczos3)
}

/// The photo with what the mask shows filled.
fn filled(mut photo: Photo, mask: &Mask, input: &Request, work: &Work) -> Result<image::RgbImage> {
    let mask = mask.decode(work)?;
    let growth = removal::usual_growth(&photo);
    let options = Options {
        seed: seed(input.seed),
        reach: Reach::BAND,
        everywhere: true,
        ..Options::default()
    };
    removal::remove(&mut photo, &mask, growth, &options, work)?;
    let size = [photo.rgb.width(), photo.rgb.height()].map(f64::from);
    Ok(scaled(photo.rgb, fit(input, size)))
}

/// The photo with its sides extended.
fn extended(photo: Photo, input: &Request, work: &Work) -> Result<image::RgbImage> {
    let [width, height] = [photo.rgb.width(), photo.rgb.height()].map(f64::from);
    let whole =
        [width * (1.0 + input.left + input.right), height * (1.0 + input.top + input.bottom)];
    let rgb = scaled(photo.rgb, fit(input, whole));
    let pixels = |share: f64, side: u32| (share * f64::from(side)).round() as u32;
    let sides = Sides {
        left: pixels(input.left, rgb.width()),
        right: pixels(input.right, rgb.width()),
        top: pixels(input.top, rgb.height()),
        bottom: pixels(input.bottom, rgb.height()),
    };
    let barred = work.stage("subjects", || {
        let (width, height) = rgb.dimensions();
        let people = work.vision.people(&rgb)?;
        let people = people.map(|people| people.subject.at_size(width, height)).transpose()?;
        let subject = work.vision.salient(&rgb)?.at_size(width, height)?;
        check(people.as_ref(), sides, "a person", LARGEST_PERSON, 0.0)?;
        check(Some(&subject), sides, "a subject", LARGEST_SUBJECT, STRIP)?;
        let solid = |mask: &GrayImage, x: u32, y: u32| mask.get_pixel(x, y).0[0] >= SUBJECT;
        let is_subject = |x: u32, y: u32| {
            solid(&subject, x, y) || people.as_ref().is_some_and(|people| solid(people, x, y))
        };
        Ok(grown(
            &GrayImage::from_fn(width, height, |x, y| Luma([u8::from(is_subject(x, y)) * 255])),
            removal::MARGIN,
        ))
    })?;
    work.stage("complete", || extend(&rgb, sides, &barred, seed(input.seed), &|| work.check()))
}

/// `PROCESSING_FAILURE` where a mask covers more than `most` of the strip along a side that grows;
/// `width` is the strip's, as a share of the picture's.
fn check(mask: Option<&GrayImage>, sides: Sides, what: &str, most: f32, width: f32) -> Result<()> {
    let Some(mask) = mask else { return Ok(()) };
    let (columns, rows) = mask.dimensions();
    let strip = |length: u32| ((length as f32 * width).round() as u32).clamp(1, length);
    let (across, down) = (strip(columns), strip(rows));
    let strips = [
        ("left", sides.left, 0..across, 0..rows),
        ("right", sides.right, columns - across..columns, 0..rows),
        ("top", sides.top, 0..columns, 0..down),
        ("bottom", sides.bottom, 0..columns, rows - down..rows),
    ];
    for (name, grows, columns, rows) in strips {
        let cells = columns.len() * rows.len();
        let places = rows.flat_map(|y| columns.clone().map(move |x| (x, y)));
        let covered = places.filter(|&(x, y)| mask.get_pixel(x, y).0[0] >= SUBJECT).count();
        if grows > 0 && covered as f32 > most * cells as f32 {
            let message = format!(
                "{what} touches the {name} side, and nothing is known of the rest; set {name} to 0"
            );
            return Err(Fault::new(Code::ProcessingFailure, message));
        }
    }
    Ok(())
}
