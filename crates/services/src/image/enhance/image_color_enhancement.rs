//! Colour enhancement: white balance, levels, tone and saturation, for photos and for flat footage.

use std::time::Duration;

use safelight_contract::{Code, Result};
use safelight_imaging::{Format, Rules, encode, grading};

use crate::{
    Artifact, Choice, Declaration, Field, FieldKind, FileField, Form, Memory, Mode, Param, Picture,
    Required, RequiredOr, Service, Upload, Work,
};
use safelight_imaging::grading::Look;

/// The service.
pub struct ImageColorEnhancement;

static IMAGE: FileField = FileField::required(
    "image",
    "The photo.",
    Rules { max_bytes: 3 * Rules::MB, min: (64, 64), max: (3840, 2160), ..Rules::ORDINARY },
);

static OUTPUT_FORMAT: Param<Choice<Format>, RequiredOr> = Param {
    name: "output_format",
    doc: "Format of the result.",
    kind: Choice(&[
        ("png", Format::Png, "PNG, with the photo's transparency"),
        ("jpg", Format::Jpeg, "JPEG, transparent parts on white"),
    ]),
    presence: RequiredOr(Code::MissingOutputFormat),
};

static MODE: Param<Choice<Look>, Required> = Param {
    name: "mode",
    doc: "What the photo is, and how far to go.",
    kind: Choice(&[
        ("LogC", Look::LogC, "flat footage in a logarithmic curve, developed to ordinary contrast"),
        ("Rec709", Look::Rec709, "an ordinary photo, corrected carefully"),
        ("ln17_256", Look::Strong, "an ordinary photo, corrected strongly"),
    ]),
    presence: Required,
};

/// What a request asks for.
pub struct Input {
    image: Upload,
    format: Format,
    look: Look,
}

impl Service for ImageColorEnhancement {
    type Input = Input;
    type Output = Picture;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/image/enhance/image-color-enhancement",
        name: "Image Color Enhancement",
        sign: "image_image_color_enhancement",
        pool: "image_color_enhancement",
        price: 5,
        summary: "Corrects white balance, levels, tone and saturation as far as a photo needs it, \
                  and develops flat logarithmic footage.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(25),
        files: &[&IMAGE],
        params: &[&OUTPUT_FORMAT, &MODE],
        answer: &[Field::new(
            "data.image_url",
            FieldKind::Url,
            "The result picture in the asked format, for 24 hours.",
        )],
        models: &[],
        // The encoded result, and for JPEG the photo on white.
        memory: Memory { base: grading::BASE_BYTES, per_pixel: 9 },
    };

    fn read(form: &Form) -> Result<Input> {
        Ok(Input {
            image: IMAGE.read(form)?,
            format: OUTPUT_FORMAT.read(form)?,
            look: MODE.read(form)?,
        })
    }

    fn run(input: Input, work: &Work) -> Result<Picture> {
        let mut photo = input.image.decode(work)?;
        work.stage("grading", || {
            grading::enhance(&mut photo.rgb, photo.alpha.as_ref(), input.look);
            Ok(())
        })?;
        let bytes = work.stage("encode", || encode::photo_as(photo, input.format))?;
        Ok(Picture::url("image_url", Artifact { bytes, format: input.format }))
    }
}
