//! Which pixels show people: MediaPipe's selfie segmenter.
//!
//! It was made for people before a camera, and calls other faces and flowers people too: what it finds
//! is a person only where something else says so ([`crate::people`]).

use image::{GrayImage, RgbImage};
use safelight_contract::Result;
use safelight_imaging::Region;
use safelight_imaging::resize::{self, Filter};

use crate::Vision;
use crate::model::{Normalisation, check_photo, interleaved, mismatch, output};

const MODEL: &str = "person_mask";
/// Side of the mask.
pub const SIDE: u32 = 256;

impl Vision {
    /// How likely each place of a region of the photo shows a person, 0..255: [`SIDE`] x [`SIDE`],
    /// stretched over the region whatever its aspect.
    pub fn person_mask(&self, photo: &RgbImage, region: Region) -> Result<GrayImage> {
        check_photo(photo)?;
        let Region { x, y, width, height } = region;
        let part = resize::rgb_part(photo, [x, y, width, height], SIDE, SIDE, Filter::Bilinear);
        let input = interleaved(&part, Normalisation::UNIT)?;
        let outputs = self.models.get(MODEL)?.run(&[("input_1:0", &input)])?;
        let likely = output(&outputs, MODEL, "activation_10:0", (SIDE * SIDE) as usize)?;
        let bytes = likely.iter().map(|value| (value * 255.0 + 0.5).clamp(0.0, 255.0) as u8);
        GrayImage::from_raw(SIDE, SIDE, bytes.collect()).ok_or_else(|| mismatch("the mask's size"))
    }
}
