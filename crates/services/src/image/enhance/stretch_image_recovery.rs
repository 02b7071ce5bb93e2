//! Stretched photos brought back to natural proportions.

use safelight_imaging::Photo;
use safelight_imaging::resize::{self, Filter};
use safelight_operation::{
    Artifact, Base64, CpuOperation, Memory, Needs, Output, Result, Spec, Work,
};
use safelight_vision::stretch;

use super::{PhotoOnly, in_base64};

/// The service.
pub struct StretchImageRecovery;

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The photo in natural proportions, a JPEG; a PNG where it has transparency. The very file that
    /// was sent where the ratio is 1.
    image: Base64,
    /// The ratio of width to height of the result over that of the photo: below 1 for a photo that
    /// was stretched across (its width shrinks), above 1 for one stretched upwards (its height
    /// shrinks), 1 where nothing was changed. An estimate, to within some 7 % by faces, 10 % by
    /// letters and 2 % by discs and codes.
    ratio: f64,
}

impl CpuOperation for StretchImageRecovery {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/enhance/stretch-image-recovery",
        name: "Stretched Image Restoration",
        sign: "image_stretch_image_recovery",
        pool: "image_distortion_correction",
        price: 2,
        summary: "Finds how much a photo was stretched by the proportions of the faces, printed letters, \
                  round things and QR codes in it, and undoes it. A photo without them, whose \
                  proportions are within what is natural, or whose signs contradict each other (letters \
                  that seem stretched beside three true circles) comes back as it was sent.",
        limitations: "Faces tell a stretch of 18 % and more. Letters tell one of 42 % and more, as \
                      typefaces differ: three lines and more of Latin ones, not capitals alone, that lie \
                      level and are not seen at a slant. A level QR code tells one of 13 % and more, and \
                      so do four and more discs of several sizes, far apart, all as wide against their \
                      height; fewer only narrow down what faces and letters tell. Other things do not \
                      count: a single disc seen at a slant and a long object look just like stretched \
                      ones.",
        // The result beside the photo, and its file while it grows.
        memory: Memory { base: stretch::BASE_BYTES, per_pixel: 9 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(stretch::MODELS);
    type Input = PhotoOnly;
    type Output = Answer;

    fn run(input: PhotoOnly, work: &Work) -> Result<Answer> {
        let image = input.image;
        let Photo { rgb, alpha } = image.decode(work)?;
        let Some(found) = work.stage("stretch", || work.vision.stretch(&rgb))? else {
            let same = Artifact::picture(image.bytes().to_vec(), image.header().format);
            return Ok(Answer { image: Base64(same), ratio: 1.0 });
        };
        let ratio = (f64::from(1.0 / found) * 1e3).round() / 1e3;
        let photo = work.stage("resize", || {
            let shrunk = |side: u32, by: f64| ((f64::from(side) * by).round() as u32).max(1);
            let width = shrunk(rgb.width(), ratio.min(1.0));
            let height = shrunk(rgb.height(), (1.0 / ratio).min(1.0));
            let alpha = alpha.map(|a| resize::gray(&a, width, height, Filter::Lanczos3));
            Ok(Photo { rgb: resize::rgb(&rgb, width, height, Filter::Lanczos3), alpha })
        })?;
        Ok(Answer { image: in_base64(&photo, work)?, ratio })
    }
}
