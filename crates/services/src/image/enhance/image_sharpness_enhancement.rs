//! Sharpness enhancement: what a soft lens or a little defocus has blurred.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::sharpen;
use safelight_vision::denoise;

use super::{IMAGE, answer};
use crate::{Declaration, Field, FieldKind, Form, Memory, Mode, Picture, Service, Upload, Work};

/// The service.
pub struct ImageSharpnessEnhancement;

/// From this much noise on luma it is removed first: that of a photo at high sensitivity.
const NOISY: f32 = 3.5 / 255.0;
/// Noise of one channel for that of luma, where that of the channels is independent: luma averages them.
const CHANNELS: f32 = 1.3;
/// Photos of more pixels are sharpened as they are: removing noise takes seconds for each megapixel.
const DENOISED_UP_TO: u64 = 4_000_000;

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
                  rings and without sharpening noise. Where there is visible noise, and the photo has \
                  no more than 4 megapixels, the network FFDNet removes it first.",
        mode: Mode::Sync,
        // Removing noise from 4 megapixels takes 22 s of one core.
        deadline: Duration::from_secs(60),
        files: &[&IMAGE],
        params: &[],
        answer: &[Field::new(
            "image",
            FieldKind::Base64,
            "The sharpened photo, a JPEG; a PNG where the photo has transparency.",
        )],
        models: denoise::MODELS,
        // After the kernel, the encoded result.
        memory: Memory { base: sharpen::BASE_BYTES + denoise::BASE_BYTES, per_pixel: 6 },
    };

    fn read(form: &Form) -> Result<Upload> {
        IMAGE.read(form)
    }

    fn run(image: Upload, work: &Work) -> Result<Picture> {
        let mut photo = image.decode(work)?;
        let noise = sharpen::noise(&photo.rgb);
        let pixels = u64::from(photo.rgb.width()) * u64::from(photo.rgb.height());
        if noise > NOISY && pixels <= DENOISED_UP_TO {
            photo.rgb = work.stage("denoise", || {
                work.vision.denoise(&photo.rgb, noise * CHANNELS, &|| work.check())
            })?;
        }
        work.stage("sharpen", || {
            sharpen::sharpen(&mut photo.rgb);
            Ok(())
        })?;
        answer(&photo, work)
    }
}
