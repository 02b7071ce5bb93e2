//! How fit a photo of a face is for recognition, as a model trained on damaged faces sees it.

use image::RgbImage;
use safelight_contract::Result;
use safelight_imaging::warp::Border;
use safelight_inference::Models;

use super::Detection;
use super::frame::Frame;
use crate::model::{Normalisation, check_photo, output, planes};

pub(super) const MODEL: &str = "face_quality";
const SIDE: u32 = 128;
const SIGNED: Normalisation = Normalisation { divisor: 255.0, mean: [0.5; 3], deviation: [0.5; 3] };

/// The score, 0..1: sharp faces about 0.85, blurred by 3 % of their size 0.5, by 6 % 0.35.
pub(crate) fn fitness(models: &Models, photo: &RgbImage, face: &Detection) -> Result<f32> {
    check_photo(photo)?;
    let model = models.get(MODEL)?;
    let (pixels, _) = Frame::of(face, 1.0).cut(photo, SIDE, Border::Black);
    let outputs = model.run(&[("input", &planes(&pixels, SIGNED)?)])?;
    Ok(output(&outputs, MODEL, "score", 1)?[0].clamp(0.0, 1.0))
}
