//! Universal background removal: the subject of a photo, whatever it is, on transparent ground.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::{Format, Rules, encode};
use safelight_vision::cutout;

use super::cut_out;
use crate::{
    Artifact, Choice, Declaration, Field, FieldKind, FileField, Form, Memory, Mode, Optional,
    Param, Picture, Service, Upload, Work,
};

/// The service.
pub struct UniversalBackgroundRemoval;

static IMAGE: FileField = FileField {
    name: "image",
    doc: "The photo.",
    required: true,
    rules: Rules {
        formats: &[Format::Jpeg, Format::Png, Format::Bmp, Format::WebP],
        max_bytes: 3 * Rules::MB,
        min: (32, 32),
        max: (2000, 2000),
        max_aspect: None,
        grayscale: true,
    },
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReturnForm {
    Mask,
    White,
    Crop,
}

static RETURN_FORM: Param<Choice<ReturnForm>> = Param {
    name: "return_form",
    doc: "What the result picture shows; without it, the cut-out on transparent ground at the \
          photo's size.",
    kind: Choice(&[
        ("mask", ReturnForm::Mask, "the alpha matte as a picture of one channel"),
        ("whiteBK", ReturnForm::White, "the subject on white"),
        ("crop", ReturnForm::Crop, "the transparent cut-out trimmed to the subject's box"),
    ]),
    presence: Optional,
};

/// What a request asks for.
pub struct Input {
    image: Upload,
    return_form: Option<ReturnForm>,
}

impl Service for UniversalBackgroundRemoval {
    type Input = Input;
    type Output = Picture;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/cutout/general/universal-background-removal",
        name: "Universal Background Removal",
        sign: "cutout_universal_background_removal",
        pool: "cutout_general_background_removal",
        price: 1,
        summary: "Frees the subject of a photo, whatever it is, from its background.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(25),
        files: &[&IMAGE],
        params: &[&RETURN_FORM],
        answer: &[Field::new(
            "data.image_url",
            FieldKind::Url,
            "The result picture, a PNG, for 24 hours.",
        )],
        models: cutout::MODELS,
        memory: Memory { base: cutout::BASE_BYTES, per_pixel: cutout::BYTES_PER_PIXEL },
    };

    fn read(form: &Form) -> Result<Input> {
        Ok(Input { image: IMAGE.read(form)?, return_form: RETURN_FORM.read(form)? })
    }

    fn run(input: Input, work: &Work) -> Result<Picture> {
        let photo = input.image.decode(work)?;
        let cutout = cut_out(photo, work)?;
        let bytes = work.stage("encode", || match input.return_form {
            None => encode::png_cutout(&cutout),
            Some(ReturnForm::Mask) => encode::png_gray(&cutout.alpha),
            Some(ReturnForm::White) => encode::png_rgb(&cutout.over([255; 3])),
            Some(ReturnForm::Crop) => encode::png_cutout(&cutout.trim()),
        })?;
        Ok(Picture::url("image_url", Artifact { bytes, format: Format::Png }))
    }
}
