//! Cut-outs of whatever stands out.

mod commodity_background_removal;
mod food_background_removal;
mod hd_universal_background_removal;
mod universal_background_removal;

use safelight_contract::Result;
use safelight_imaging::{Cutout, Photo};

use super::matted;
use crate::Work;

pub use commodity_background_removal::CommodityBackgroundRemoval;
pub use food_background_removal::FoodBackgroundRemoval;
pub use hd_universal_background_removal::HdUniversalBackgroundRemoval;
pub use universal_background_removal::UniversalBackgroundRemoval;

/// The message where nothing stands out.
const NOTHING: &str = "image shows no subject that stands out from its background";

/// The subject of a photo, as the stages `saliency` and `matting`. A photo of nothing in particular
/// (a plain surface, noise, all transparent) is `ERROR_NO_RECOGNITION_TARGET_DETECTED`.
fn cut_out(photo: Photo, work: &Work) -> Result<Cutout> {
    let found = work.stage("saliency", || work.vision.salient(&photo.rgb))?;
    matted(photo, &found, NOTHING, work)
}
