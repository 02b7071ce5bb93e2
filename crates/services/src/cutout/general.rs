//! Cut-outs of whatever stands out.

mod hd_universal_background_removal;
mod universal_background_removal;

use safelight_contract::{Code, Fault, Result};
use safelight_imaging::{Cutout, Photo};

use crate::Work;

pub use hd_universal_background_removal::HdUniversalBackgroundRemoval;
pub use universal_background_removal::UniversalBackgroundRemoval;

/// The subject of a photo, as the stages `saliency` and `matting`. A photo of nothing in particular
/// (a plain surface, noise, all transparent) is `ERROR_NO_RECOGNITION_TARGET_DETECTED`: an empty
/// picture would be charged and of no use.
fn cut_out(photo: Photo, work: &Work) -> Result<Cutout> {
    let found = work.stage("saliency", || work.vision.salient(&photo.rgb))?;
    work.stage("matting", || {
        let cutout = Cutout::refine(photo, &found.mask, found.region);
        if cutout.is_empty() {
            let message = "image shows no subject that stands out from its background";
            return Err(Fault::new(Code::NoRecognitionTargetDetected, message));
        }
        Ok(cutout)
    })
}
