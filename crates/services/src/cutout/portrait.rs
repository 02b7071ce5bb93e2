//! Cut-outs of people and of what belongs to them.

mod avatar_extraction;
mod hairstyle_extraction;
mod hd_portrait_background_removal;
mod heads;
mod portrait_background_removal;

use safelight_contract::Result;
use safelight_imaging::{Cutout, Photo};
use safelight_operation::Work;

use super::{matted, no_target};

pub use avatar_extraction::AvatarExtraction;
pub use hairstyle_extraction::HairstyleExtraction;
pub use hd_portrait_background_removal::HdPortraitBackgroundRemoval;
pub use portrait_background_removal::PortraitBackgroundRemoval;

/// The people of a photo with what they wear and hold, as the stages `people` and
/// `matting`. A photo of nobody is `ERROR_NO_RECOGNITION_TARGET_DETECTED`.
fn cut_out(photo: Photo, work: &Work) -> Result<Cutout> {
    const NOBODY: &str = "image shows no person";
    let found = work.stage("people", || work.vision.people(&photo.rgb))?;
    let found = found.ok_or_else(|| no_target(NOBODY))?;
    matted(photo, &found.subject, NOBODY, work)
}
