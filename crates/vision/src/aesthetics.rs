//! How people would mark a photo: NIMA (Talebi and Milanfar 2018) on MobileNet, trained on marks from 1
//! to 10 that photographers gave each other's pictures.

use image::RgbImage;
use safelight_contract::Result;
use safelight_imaging::resize::{self, Filter};

use crate::Vision;
use crate::model::{Normalisation, check_photo, output, planes};

/// The model.
pub const MODEL: &str = "aesthetics";

const SIDE: u32 = 224;
const MARKS: usize = 10;
const SIGNED: Normalisation = Normalisation { divisor: 127.5, mean: [1.0; 3], deviation: [1.0; 3] };

impl Vision {
    /// The mean mark, 1 to 10, that the photo would get; photos of amateurs get 3 to 7. The model takes
    /// the whole photo as `[1, 3, 224, 224]` and answers the probability of each mark, `[1, 10]`.
    pub fn mark(&self, photo: &RgbImage) -> Result<f32> {
        check_photo(photo)?;
        // The whole photo, squashed: an average over areas keeps blur and noise as they look.
        let small = resize::rgb(photo, SIDE, SIDE, Filter::Area);
        let outputs = self.models.get(MODEL)?.run(&[("input", &planes(&small, SIGNED)?)])?;
        let probabilities = output(&outputs, MODEL, "probabilities", MARKS)?;
        Ok((1u8..).zip(probabilities).map(|(mark, share)| f32::from(mark) * share).sum())
    }
}
