//! What the services that beautify faces share: finding and preparing the faces, and the answers.

use image::RgbImage;
use safelight_contract::Result;
use safelight_effects::{Beauty, Kit, portrait};
use safelight_imaging::Photo;
use safelight_operation::{Memory, Output, Url, Work};

use super::super::faces;
pub(super) use super::super::faces::{KIT_MODELS as MODELS, LEAST_FACE};
use crate::image::encoded;

/// What the work takes: that on one face, the models' own, and of the photo a second copy while shapes are
/// changed, or the encoded result.
pub(super) const MEMORY: Memory = Memory { base: portrait::BASE_BYTES + (96 << 20), per_pixel: 8 };

/// What none of these services can do.
pub(super) const LIMITATIONS: &str = "Shapes are left as they are where a head is turned by more than \
                                      45 degrees, beside hands and cloth, and inside the frame of \
                                      glasses. A face that the points are not found of is left out.";

/// Faces that are worked on at most, the largest, where a service does not say otherwise.
pub(super) const MOST_FACES: usize = 32;

/// The faces of a photo that can be worked on, largest first and `most` at most, as the stages `detect`
/// and `prepare`. Where none can, the largest says why: `ERROR_NO_FACE_IN_FILE`,
/// `ERROR_SMALL_FACE_SIZE` below `least` pixels, `ERROR_FACE_UNRECOGNIZABLE`, `ERROR_INCOMPLETE_FACE`.
pub(super) fn kits(work: &Work, photo: &RgbImage, most: usize, least: f32) -> Result<Vec<Kit>> {
    let found = faces::find(work, photo, false, most)?;
    work.stage("prepare", || {
        let (mut kits, mut first) = (vec![], None);
        for face in found {
            let kit = faces::kit(&face, least);
            work.check()?;
            match kit {
                Ok(kit) => kits.push(kit),
                Err(fault) => first = first.or(Some(fault)),
            }
        }
        match first {
            Some(fault) if kits.is_empty() => Err(fault),
            _ => Ok(kits),
        }
    })
}

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
