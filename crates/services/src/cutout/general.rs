//! Cut-outs of whatever stands out.

mod apparel_background_removal;
mod commodity_background_removal;
mod food_background_removal;
mod hd_universal_background_removal;
mod universal_background_removal;

use image::RgbImage;
use safelight_contract::Result;
use safelight_imaging::{Cutout, Photo, Region};
use safelight_operation::Work;
use safelight_vision::kinds::Kind;
use safelight_vision::saliency::Saliency;

use super::{matted, no_target};

pub use apparel_background_removal::ApparelBackgroundRemoval;
pub use commodity_background_removal::CommodityBackgroundRemoval;
pub use food_background_removal::FoodBackgroundRemoval;
pub use hd_universal_background_removal::HdUniversalBackgroundRemoval;
pub use universal_background_removal::UniversalBackgroundRemoval;

/// The message where nothing stands out.
const NOTHING: &str = "image shows no subject that stands out from its background";

/// The subject of a photo, as the stages `saliency` and `matting`. A photo of nothing in
/// particular (a plain surface, noise, all transparent) is `ERROR_NO_RECOGNITION_TARGET_DETECTED`.
fn cut_out(photo: Photo, work: &Work) -> Result<Cutout> {
    let found = work.stage("saliency", || work.vision.salient(&photo.rgb))?;
    matted(photo, &found, NOTHING, work)
}

/// What stands out in a photo, as the stage `saliency`.
fn salient(photo: &RgbImage, work: &Work) -> Result<Saliency> {
    let found = work.stage("saliency", || work.vision.salient(photo))?;
    if found.shows_something() { Ok(found) } else { Err(no_target(NOTHING)) }
}

/// Where the subject is, for a service that looks for, or refuses, one kind of thing, as the stages
/// `saliency` and `kind`: `accepts` is told how likely the salient thing by itself and the whole photo
/// are of that kind; what it does not accept is refused with this message.
fn salient_of_kind(
    photo: &RgbImage,
    kind: Kind,
    accepts: impl FnOnce(f32, f32) -> bool,
    refusal: &str,
    work: &Work,
) -> Result<Saliency> {
    let found = salient(photo, work)?;
    let accepted = work.stage("kind", || {
        let itself = work.vision.kinds(photo, found.region)?.share(kind);
        let whole = work.vision.kinds(photo, Region::whole(photo))?.share(kind);
        Ok(accepts(itself, whole))
    })?;
    if accepted { Ok(found) } else { Err(no_target(refusal)) }
}
