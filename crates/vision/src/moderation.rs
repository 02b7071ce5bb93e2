//! Whether a picture is pornographic: Yahoo's open_nsfw (2016), a thin ResNet-50 that looks at the
//! middle of the picture, squeezed to a square.

use image::{RgbImage, imageops};
use safelight_contract::Result;
use safelight_imaging::resize::{self, Filter};
use safelight_inference::{Models, Tensor};

use crate::Vision;
use crate::model::{check_photo, mismatch, output};

/// Name of the model, for those who declare what they use.
pub const MODEL: &str = "open_nsfw";
/// The picture is made so large, and cut to the middle of this size.
const SIDES: [u32; 2] = [256, 224];
/// What is subtracted from blue, green and red: the means of ImageNet.
const MEANS: [f32; 3] = [104.0, 117.0, 123.0];

impl Vision {
    /// How likely a picture is pornographic, 0..1. Of 16 harmless photos none passed 0.38; how many
    /// pornographic ones it finds was not measured here, and drawings and suggestive clothes were
    /// hardly in its training.
    pub fn nsfw(&self, photo: &RgbImage) -> Result<f32> {
        nsfw(&self.models, photo)
    }
}

fn nsfw(models: &Models, photo: &RgbImage) -> Result<f32> {
    check_photo(photo)?;
    let model = models.get(MODEL)?;
    let [large, side] = SIDES;
    let margin = (large - side) / 2;
    let pixels = resize::rgb(photo, large, large, Filter::Bilinear);
    let pixels = imageops::crop_imm(&pixels, margin, margin, side, side).to_image();
    let bytes = pixels.as_chunks::<3>().0.iter();
    let numbers = bytes.flat_map(|[red, green, blue]| {
        let [b, g, r] = MEANS;
        [f32::from(*blue) - b, f32::from(*green) - g, f32::from(*red) - r]
    });
    let numbers: Vec<f32> = numbers.collect();
    let shape = [1, side as usize, side as usize, 3];
    let input = Tensor::new(shape, numbers).map_err(mismatch)?;
    let outputs = model.run(&[("input:0", &input)])?;
    Ok(output(&outputs, MODEL, "outputs", 2)?[1].clamp(0.0, 1.0))
}
