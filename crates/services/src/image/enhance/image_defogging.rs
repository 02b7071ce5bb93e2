//! Dehazing: what haze and fog have veiled, with its contrast and colour.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::dehaze;

use super::{IMAGE, answer};
use crate::{Declaration, Field, FieldKind, Form, Memory, Mode, Picture, Service, Upload, Work};

/// The service.
pub struct ImageDefogging;

impl Service for ImageDefogging {
    type Input = Upload;
    type Output = Picture;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/image/enhance/image-defogging",
        name: "Image Dehaze",
        sign: "image_image_defogging",
        pool: "image_dehazing",
        price: 1,
        summary: "Removes haze and fog by the dark channel prior, careful with skies; a photo \
                  without haze stays as it is.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(25),
        files: &[&IMAGE],
        params: &[],
        answer: &[Field::new(
            "image",
            FieldKind::Base64,
            "The photo without haze, a JPEG; a PNG where the photo has transparency.",
        )],
        models: &[],
        // After the kernel, the encoded result.
        memory: Memory { base: dehaze::BASE_BYTES, per_pixel: 6 },
    };

    fn read(form: &Form) -> Result<Upload> {
        IMAGE.read(form)
    }

    fn run(image: Upload, work: &Work) -> Result<Picture> {
        let mut photo = image.decode(work)?;
        work.stage("dehaze", || {
            dehaze::remove(&mut photo.rgb);
            Ok(())
        })?;
        answer(&photo, work)
    }
}
