//! QR codes, whose modules are squares.

use image::RgbImage;
use safelight_imaging::codes;

use super::Evidence;

/// How far this sign may be wrong, as a logarithm. Of 154 drawn codes, stretched to 0.5 to 2, softened,
/// noisy and as JPEG files, all are told to 0.3 %; a label that is not quite flat is not.
const DEVIATION: f32 = 0.05;
/// How far the corners must be apart, over the long side of the photo, to tell a slant. Of 180 codes at
/// slants of 10 to 50 degrees, through lenses of 0.8 to 3 long sides, none seems to be stretched enough
/// to count: corners differ, unless a photo is cut out of a larger one.
const LEAST_SPAN: f32 = 0.1;

/// What the QR code in a photo tells.
pub(super) fn evidence(photo: &RgbImage) -> Option<Evidence> {
    let code = codes::code(photo).filter(|code| code.span >= LEAST_SPAN)?;
    Some(Evidence { ln_stretch: code.widening, deviation: DEVIATION })
}
