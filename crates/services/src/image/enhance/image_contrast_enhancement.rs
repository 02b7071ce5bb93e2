//! Contrast enhancement: more contrast where a photo is flat, nothing where it is good.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::contrast;

use super::{IMAGE, answer};
use crate::{Declaration, Field, FieldKind, Form, Memory, Mode, Picture, Service, Upload, Work};

/// The service.
pub struct ImageContrastEnhancement;

impl Service for ImageContrastEnhancement {
    type Input = Upload;
    type Output = Picture;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/image/enhance/image-contrast-enhancement",
        name: "Image Contrast Enhancement",
        sign: "image_image_contrast_enhancement",
        pool: "image_contrast_enhancement",
        price: 1,
        summary: "Raises the contrast of a flat photo on its luminance, careful with skin, and \
                  leaves a good photo nearly alone.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(25),
        files: &[&IMAGE],
        params: &[],
        answer: &[Field::new(
            "image",
            FieldKind::Base64,
            "The enhanced photo, a JPEG; a PNG where the photo has transparency.",
        )],
        models: &[],
        memory: Memory { base: 0, per_pixel: contrast::BYTES_PER_PIXEL },
    };

    fn read(form: &Form) -> Result<Upload> {
        IMAGE.read(form)
    }

    fn run(image: Upload, work: &Work) -> Result<Picture> {
        let mut photo = image.decode(work)?;
        work.stage("contrast", || {
            contrast::enhance(&mut photo.rgb);
            Ok(())
        })?;
        answer(&photo, work)
    }
}
