//! Sharpness enhancement: what a soft lens or a little defocus has blurred.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::sharpen;

use super::{IMAGE, answer};
use crate::{Declaration, Field, FieldKind, Form, Memory, Mode, Picture, Service, Upload, Work};

/// The service.
pub struct ImageSharpnessEnhancement;

impl Service for ImageSharpnessEnhancement {
    type Input = Upload;
    type Output = Picture;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/image/enhance/image-sharpness-enhancement",
        name: "Image Sharpness Enhancement",
        sign: "image_image_sharpness_enhancement",
        pool: "image_clarity_enhancement",
        price: 2,
        summary: "Undoes slight blur by deconvolution, as wide as the photo's edges are soft, without \
                  rings and without sharpening noise.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(25),
        files: &[&IMAGE],
        params: &[],
        answer: &[Field::new(
            "image",
            FieldKind::Base64,
            "The sharpened photo, a JPEG; a PNG where the photo has transparency.",
        )],
        models: &[],
        // After the kernel, the encoded result.
        memory: Memory { base: sharpen::BASE_BYTES, per_pixel: 6 },
    };

    fn read(form: &Form) -> Result<Upload> {
        IMAGE.read(form)
    }

    fn run(image: Upload, work: &Work) -> Result<Picture> {
        let mut photo = image.decode(work)?;
        work.stage("sharpen", || {
            sharpen::sharpen(&mut photo.rgb);
            Ok(())
        })?;
        answer(&photo, work)
    }
}
