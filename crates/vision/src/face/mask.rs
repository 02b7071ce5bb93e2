//! Whether a face wears a mask.

use image::RgbImage;
use safelight_contract::Result;
use safelight_imaging::warp::Border;
use safelight_inference::Models;

use super::Detection;
use super::frame::Frame;
use crate::model::{Normalisation, check_photo, interleaved, output};

pub(super) const MODEL: &str = "face_mask";
const SIDE: u32 = 224;
const SIGNED: Normalisation = Normalisation { divisor: 127.5, mean: [1.0; 3], deviation: [1.0; 3] };

/// Probability that a face wears a mask, 0..1.
pub(crate) fn mask(models: &Models, photo: &RgbImage, face: &Detection) -> Result<f32> {
    check_photo(photo)?;
    let model = models.get(MODEL)?;
    let (pixels, _) = Frame::of(face, 1.0).cut(photo, SIDE, Border::Black);
    let outputs = model.run(&[("input", &interleaved(&pixels, SIGNED)?)])?;
    Ok(output(&outputs, MODEL, "probs", 2)?[0].clamp(0.0, 1.0))
}
