//! Sharpness enhancement: what a soft lens or a little defocus has blurred.

use std::time::Duration;

use safelight_imaging::sharpen;
use safelight_operation::{Base64, CpuOperation, Memory, Needs, Output, Result, Spec, Work};
use safelight_vision::denoise;

use super::{PhotoOnly, in_base64};

/// The service.
pub struct ImageSharpnessEnhancement;

/// From this much noise on luma it is removed first: that of a photo at high sensitivity.
const NOISY: f32 = 3.5 / 255.0;
/// Noise of one channel for that of luma, where that of the channels is independent: luma averages them.
const CHANNELS: f32 = 1.3;
/// Photos of more pixels are sharpened as they are: removing noise takes seconds for each megapixel.
const DENOISED_UP_TO: u64 = 4_000_000;

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The sharpened photo, a JPEG; a PNG where the photo has transparency.
    image: Base64,
}

impl CpuOperation for ImageSharpnessEnhancement {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/enhance/image-sharpness-enhancement",
        name: "Image Sharpness Enhancement",
        sign: "image_image_sharpness_enhancement",
        pool: "image_clarity_enhancement",
        price: 2,
        summary: "Undoes slight blur by deconvolution, as wide as the photo's edges are soft, without \
                  rings and without sharpening noise. Where there is visible noise, and the photo has \
                  no more than 4 megapixels, the network FFDNet removes it first.",
        // Removing noise from 4 megapixels takes 22 s of one core.
        deadline: Duration::from_secs(60),
        // After the kernel, the encoded result.
        memory: Memory { base: sharpen::BASE_BYTES + denoise::BASE_BYTES, per_pixel: 6 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(denoise::MODELS);
    type Input = PhotoOnly;
    type Output = Answer;

    fn run(input: PhotoOnly, work: &Work) -> Result<Answer> {
        let mut photo = input.image.decode(work)?;
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
        Ok(Answer { image: in_base64(&photo, work)? })
    }
}
