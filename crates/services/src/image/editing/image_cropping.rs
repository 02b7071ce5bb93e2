//! Cropping to a size: what matters stays in.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::resize::{self, Filter};
use safelight_imaging::{Format, Rules, encode};
use safelight_vision::scene;
use serde_json::json;

use super::on_white;
use crate::{
    Answer, Artifact, Declaration, Field, FieldKind, FileField, Form, Integer, Memory, Mode, Node,
    Param, Required, Service, Upload, Work,
};

/// The service.
pub struct ImageCropping;

static IMAGE: FileField = FileField::required(
    "image",
    "The photo. Transparent parts count as white.",
    Rules {
        formats: &[Format::Jpeg, Format::Png, Format::Bmp, Format::WebP],
        max_bytes: 7 * Rules::MB / 2,
        min: (1, 1),
        max: (2000, 2000),
        grayscale: false,
        ..Rules::ORDINARY
    },
);

/// Longest side of a result.
const LONGEST: i64 = 4096;

static WIDTH: Param<Integer, Required> = Param {
    name: "width",
    doc: "Width of the result in pixels.",
    kind: Integer(1..=LONGEST),
    presence: Required,
};

static HEIGHT: Param<Integer, Required> = Param {
    name: "height",
    doc: "Height of the result in pixels.",
    kind: Integer(1..=LONGEST),
    presence: Required,
};

/// What a request asks for.
pub struct Input {
    image: Upload,
    width: u32,
    height: u32,
}

/// The cropped photo, and where the whole photo would lie in its coordinates.
pub struct Output {
    picture: Artifact,
    size: [i64; 2],
    place: [i64; 2],
}

impl Answer for Output {
    fn into_node(self) -> Node {
        let ([width, height], [x, y]) = (self.size, self.place);
        let location = json!({ "width": width, "height": height, "x": x, "y": y });
        let data =
            vec![("url", Node::Url(self.picture)), ("retain_location", Node::Json(location))];
        Node::Object(vec![("data", Node::Object(data))])
    }
}

impl Service for ImageCropping {
    type Input = Input;
    type Output = Output;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/image/editing/image-cropping",
        name: "AI Image Cropping",
        sign: "image_image_cropping",
        pool: "image_cropping",
        price: 3,
        summary: "Scales a photo until it covers the asked size and cuts off what is over, so that \
                  heads stay whole first, then as much of the subject as possible stays in, then the \
                  composition is best.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(25),
        files: &[&IMAGE],
        params: &[&WIDTH, &HEIGHT],
        answer: &[
            Field::new(
                "data.url",
                FieldKind::Url,
                "The cropped photo, a JPEG of exactly the asked size, for 24 hours.",
            ),
            Field::new(
                "data.retain_location.width",
                FieldKind::Integer,
                "Width of the whole photo at the result's scale.",
            ),
            Field::new(
                "data.retain_location.height",
                FieldKind::Integer,
                "Height of the whole photo at the result's scale.",
            ),
            Field::new(
                "data.retain_location.x",
                FieldKind::Integer,
                "Left edge of the whole photo in the result's pixels: 0, or negative by what is cut off \
                 at the left.",
            ),
            Field::new(
                "data.retain_location.y",
                FieldKind::Integer,
                "Top edge of the whole photo in the result's pixels: 0, or negative by what is cut off \
                 at the top.",
            ),
        ],
        models: scene::MODELS,
        // The photo on white.
        memory: Memory { base: scene::BASE_BYTES, per_pixel: 1 },
    };

    fn read(form: &Form) -> Result<Input> {
        Ok(Input {
            image: IMAGE.read(form)?,
            width: WIDTH.read(form)? as u32,
            height: HEIGHT.read(form)? as u32,
        })
    }

    /// The result, and its file while it grows.
    fn further_bytes(input: &Input) -> u64 {
        9 * u64::from(input.width) * u64::from(input.height)
    }

    fn run(input: Input, work: &Work) -> Result<Output> {
        let photo = on_white(input.image.decode(work)?).rgb;
        let (width, height) = (input.width, input.height);
        let scene = work.stage("scene", || work.vision.scene(&photo))?;
        let (result, part) = work.stage("crop", || {
            let frame = scene.cropped(width as f32 / height as f32);
            let whole = |at: f32| at.round().max(0.0) as u32;
            let (left, top) = (whole(frame.left), whole(frame.top));
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
        Ok(Output {
            picture: Artifact { bytes, format: Format::Jpeg },
            size: [scaled(photo.width(), 0), scaled(photo.height(), 1)],
            place: [-scaled(part[0], 0), -scaled(part[1], 1)],
        })
    }
}
