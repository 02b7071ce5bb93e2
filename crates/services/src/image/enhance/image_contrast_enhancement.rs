//! Contrast enhancement: more contrast where a photo is flat, nothing where it is good.

use safelight_imaging::contrast;
use safelight_operation::{Base64, CpuOperation, Memory, Needs, Output, Result, Spec, Work};

use super::{PhotoOnly, in_base64};

/// The service.
pub struct ImageContrastEnhancement;

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The enhanced photo, a JPEG; a PNG where the photo has transparency.
    image: Base64,
}

impl CpuOperation for ImageContrastEnhancement {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/enhance/image-contrast-enhancement",
        name: "Image Contrast Enhancement",
        sign: "image_image_contrast_enhancement",
        pool: "image_contrast_enhancement",
        price: 1,
        summary: "Gives a photo of short range the levels that it lacks, raises the contrast of one that \
                  is still flat on its luminance, careful with skin, and leaves a good photo nearly \
                  alone.",
        limitations: "A night photo of which less than three fifths is dark is brightened like a dim one.",
        memory: Memory { base: 0, per_pixel: contrast::BYTES_PER_PIXEL },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::NOTHING;
    type Input = PhotoOnly;
    type Output = Answer;

    fn run(input: PhotoOnly, work: &Work) -> Result<Answer> {
        let mut photo = input.image.decode(work)?;
        work.stage("contrast", || {
            contrast::enhance(&mut photo.rgb);
            Ok(())
        })?;
        Ok(Answer { image: in_base64(&photo, work)? })
    }
}
