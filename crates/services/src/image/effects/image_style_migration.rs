//! A photo painted in the style of another picture.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::{Format, Rules, encode};
use safelight_vision::style;

use super::on_white;
use crate::{
    Artifact, Declaration, Field, FieldKind, FileField, Form, Memory, Mode, Picture, Service,
    Upload, Work,
};

/// The service.
pub struct ImageStyleMigration;

const RULES: Rules = Rules {
    max_bytes: 3 * Rules::MB,
    min: (1, 1),
    max: (1200, 1200),
    grayscale: false,
    ..Rules::ORDINARY
};

static STYLE: FileField = FileField::required(
    "style",
    "The picture whose style to take. Transparent parts count as white.",
    RULES,
);

static MAJOR: FileField = FileField::required(
    "major",
    "The photo to paint. Transparent parts are painted as white.",
    RULES,
);

/// What a request asks for.
pub struct Input {
    style: Upload,
    major: Upload,
}

impl Service for ImageStyleMigration {
    type Input = Input;
    type Output = Picture;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/image/effects/image-style-migration",
        name: "Style Transfer",
        sign: "image_image_style_migration",
        pool: "image_style_migration",
        price: 3,
        summary: "Paints a photo in the style of any picture, at the photo's full size: first as a \
                  whole, then in overlapping squares that keep the tone of the whole.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(25),
        files: &[&MAJOR, &STYLE],
        params: &[],
        answer: &[Field::new("data.url", FieldKind::Url, "The painting, a PNG, for 24 hours.")],
        models: style::ANY_MODELS,
        // The painting, and its file while it grows.
        memory: Memory { base: 0, per_pixel: 9 },
    };

    fn read(form: &Form) -> Result<Input> {
        Ok(Input { style: STYLE.read(form)?, major: MAJOR.read(form)? })
    }

    fn further_bytes(input: &Input) -> u64 {
        style::bytes(input.major.header().width, input.major.header().height)
    }

    fn run(input: Input, work: &Work) -> Result<Picture> {
        let style = on_white(input.style.decode(work)?).rgb;
        let photo = on_white(input.major.decode(work)?).rgb;
        let painting =
            work.stage("paint", || work.vision.paint_like(&photo, &style, &|| work.check()))?;
        let bytes = work.stage("encode", || encode::png_rgb(&painting))?;
        Ok(Picture::url("url", Artifact { bytes, format: Format::Png }))
    }
}
