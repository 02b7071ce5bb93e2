//! Cropping to a size: what matters stays in.

use safelight_imaging::resize::{self, Filter};
use safelight_imaging::{Format, encode};
use safelight_operation::{
    Artifact, CpuOperation, FileFormat, Input, Memory, Needs, Output, Picture, Result, Rules, Spec,
    Url, Work,
};
use safelight_vision::scene;

use super::on_white;

/// The service.
pub struct ImageCropping;

/// Longest side of a result.
const LONGEST: u32 = 4096;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. Transparent parts count as white.
    #[picture(Rules {
        formats: &[Format::Jpeg, Format::Png, Format::Bmp, Format::WebP],
        max_bytes: 7 * Rules::MB / 2,
        min: (1, 1),
        max: (2000, 2000),
        grayscale: false,
        ..Rules::ORDINARY
    })]
    image: Picture,
    /// Width of the result in pixels.
    #[integer(1..=LONGEST)]
    width: u32,
    /// Height of the result in pixels.
    #[integer(1..=LONGEST)]
    height: u32,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The cropped photo, a JPEG of exactly the asked size, for 24 hours.
    #[output(path = "data.url", format = FileFormat::Picture(Format::Jpeg))]
    url: Url,
    #[output(path = "data.retain_location")]
    retain_location: Location,
}

/// Where the whole photo would lie in the result's coordinates.
#[derive(Output)]
struct Location {
    /// Width of the whole photo at the result's scale.
    width: i64,
    /// Height of the whole photo at the result's scale.
    height: i64,
    /// Left edge of the whole photo in the result's pixels: 0, or negative by what is cut off at the
    /// left.
    x: i64,
    /// Top edge of the whole photo in the result's pixels: 0, or negative by what is cut off at the
    /// top.
    y: i64,
}

impl CpuOperation for ImageCropping {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/editing/image-cropping",
        name: "AI Image Cropping",
        sign: "image_image_cropping",
        pool: "image_cropping",
        price: 3,
        summary: "Scales a photo until it covers the asked size and cuts off what is over, so that \
                  heads stay whole first, then as much of the subject as possible stays in, then the \
                  composition is best.",
        // The photo on white.
        memory: Memory { base: scene::BASE_BYTES, per_pixel: 1 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(scene::MODELS);
    type Input = Request;
    type Output = Answer;

    /// The result, and its file while it grows.
    fn further_bytes(input: &Request) -> u64 {
        9 * u64::from(input.width) * u64::from(input.height)
    }

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let photo = on_white(input.image.decode(work)?).rgb;
        let (width, height) = (input.width, input.height);
        let scene = work.stage("scene", || work.vision.scene(&photo))?;
        let (result, part) = work.stage("crop", || {
            let frame = scene.cropped(width as f32 / height as f32);
            let whole = |at: f32| at.round().max(0.0) as u32;
            let (left, top) = (whole(frame.x), whole(frame.y));
            // At least a pixel, and nothing beyond the photo.
            let part = [
                left.min(photo.width() - 1),
                top.min(photo.height() - 1),
                whole(frame.width).clamp(1, photo.width() - left.min(photo.width() - 1)),
                whole(frame.height).clamp(1, photo.height() - top.min(photo.height() - 1)),
            ];
            Ok((resize::rgb_part(&photo, part, width, height, Filter::Lanczos3), part))
        })?;
        let scale = [f64::from(width) / f64::from(part[2]), f64::from(height) / f64::from(part[3])];
        let scaled = |length: u32, axis: usize| (f64::from(length) * scale[axis]).round() as i64;
        let bytes = work.stage("encode", || encode::jpeg(&result, encode::JPEG_QUALITY))?;
        Ok(Answer {
            url: Url(Artifact::picture(bytes, Format::Jpeg)),
            retain_location: Location {
                width: scaled(photo.width(), 0),
                height: scaled(photo.height(), 1),
                x: -scaled(part[0], 0),
                y: -scaled(part[1], 1),
            },
        })
    }
}
