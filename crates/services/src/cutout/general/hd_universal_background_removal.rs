//! Background removal for large photos: up to 10,000 px a side, as an asynchronous task.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::Rules;
use safelight_vision::cutout;

use super::cut_out;
use crate::cutout::picture;
use crate::{
    Declaration, Field, FieldKind, FileField, Form, Memory, Mode, Picture, Service, Upload, Work,
};

/// The service.
pub struct HdUniversalBackgroundRemoval;

static IMAGE: FileField = FileField::required(
    "image",
    "The photo.",
    Rules { max_bytes: 40 * Rules::MB, min: (32, 32), max: (10_000, 10_000), ..Rules::ORDINARY },
);

impl Service for HdUniversalBackgroundRemoval {
    type Input = Upload;
    type Output = Picture;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/cutout/general/hd-universal-background-removal",
        name: "HD Universal Background Removal",
        sign: "cutout_general_hd_universal_background_removal",
        pool: "cutout_hd_general_background_removal",
        price: 2,
        summary: "Frees the subject of a large photo, up to 10,000 px a side, from its background.",
        mode: Mode::Async,
        deadline: Duration::from_secs(240),
        files: &[&IMAGE],
        params: &[],
        answer: &[Field::new(
            "data.image_url",
            FieldKind::Url,
            "The transparent cut-out at the photo's size, a PNG, for 24 hours.",
        )],
        models: cutout::MODELS,
        memory: Memory { base: cutout::BASE_BYTES, per_pixel: cutout::BYTES_PER_PIXEL },
    };

    fn read(form: &Form) -> Result<Upload> {
        IMAGE.read(form)
    }

    fn run(image: Upload, work: &Work) -> Result<Picture> {
        let photo = image.decode(work)?;
        let cutout = cut_out(photo, work)?;
        let made = work.stage("encode", || picture(cutout, None))?;
        Ok(Picture::url("image_url", made))
    }
}
