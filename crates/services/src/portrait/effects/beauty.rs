//! What the services that beautify faces share: finding and preparing the faces, and the answers.

use safelight_contract::Result;
use safelight_effects::{Beauty, Kit, portrait};
use safelight_imaging::Photo;
use safelight_operation::{Memory, Output, Url, Work};

pub(super) use super::super::faces::{KIT_MODELS as MODELS, LEAST_FACE, kits};
use crate::image::encoded;

/// What the work takes: that on one face, the models' own, and of the photo a second copy while shapes are
/// changed, or the encoded result.
pub(super) const MEMORY: Memory = Memory { base: portrait::BASE_BYTES + (96 << 20), per_pixel: 8 };

/// What none of these services can do.
pub(super) const LIMITATIONS: &str = "Shapes are left as they are where a head is turned by more than \
                                      45 degrees, beside hands and cloth, and inside the frame of \
                                      glasses. A face that the points are not found of is left out. \
                                      Lines behind a face bend with it up to a quarter of its width.";

/// Faces that are worked on at most, the largest, where a service does not say otherwise.
pub(super) const MOST_FACES: usize = 32;

/// Does to the faces what is asked, as the stage `beautify`.
pub(super) fn apply(work: &Work, photo: &mut Photo, kits: &[Kit], beauty: &Beauty) -> Result<()> {
    work.stage("beautify", || beauty.apply(&mut photo.rgb, kits, &|| work.check()))
}

/// The changed photo.
#[derive(Output)]
pub struct ImageUrl {
    /// The changed photo, a JPEG; a PNG where the photo has transparency; for 24 hours.
    #[output(path = "data.image_url")]
    image_url: Url,
}

impl ImageUrl {
    /// Of a photo.
    pub(super) fn of(work: &Work, photo: &Photo) -> Result<Self> {
        Ok(Self { image_url: Url(encoded(photo, work)?) })
    }
}
