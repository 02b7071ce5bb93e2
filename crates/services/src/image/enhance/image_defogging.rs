//! Dehazing: what haze and fog have veiled, with its contrast and colour.

use safelight_imaging::dehaze;
use safelight_operation::{Base64, CpuOperation, Memory, Needs, Output, Result, Spec, Work};

use super::{PhotoOnly, in_base64};

/// The service.
pub struct ImageDefogging;

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The photo without haze, a JPEG; a PNG where the photo has transparency.
    image: Base64,
}

impl CpuOperation for ImageDefogging {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/enhance/image-defogging",
        name: "Image Dehaze",
        sign: "image_image_defogging",
        pool: "image_dehazing",
        price: 1,
        summary: "Removes haze and fog by the dark channel prior, careful with skies; a photo \
                  without haze stays as it is.",
        // After the kernel, the encoded result.
        memory: Memory { base: dehaze::BASE_BYTES, per_pixel: 6 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::NOTHING;
    type Input = PhotoOnly;
    type Output = Answer;

    fn run(input: PhotoOnly, work: &Work) -> Result<Answer> {
        let mut photo = input.image.decode(work)?;
        work.stage("dehaze", || {
            dehaze::remove(&mut photo.rgb);
            Ok(())
        })?;
        Ok(Answer { image: in_base64(&photo, work)? })
    }
}
