//! Photos without noise: FFDNet for colour (Zhang, Zuo and Zhang 2018), told how strong the noise is.

use image::RgbImage;
use safelight_contract::Result;
use safelight_imaging::neutral;
use safelight_inference::{Models, Tensor};

use crate::model::{mismatch, output};
use crate::tiles::Tile;

/// Models.
pub const MODELS: &[&str] = &[MODEL];
/// Peak bytes whatever the photo, its result excluded: a tile's numbers.
pub const BASE_BYTES: u64 = 8 << 20;

const MODEL: &str = "ffdnet";
/// Pixels around each one that the network looks at.
const CONTEXT: u32 = 26;
/// Longest side of a tile.
const TILE: u32 = 204;

/// The photo without noise of this standard deviation (0 to 1, of each channel). Asks `proceed` before
/// each tile, and stops with its fault.
pub(crate) fn denoise(
    models: &Models,
    photo: &RgbImage,
    deviation: f32,
    proceed: &dyn Fn() -> Result<()>,
) -> Result<RgbImage> {
    let model = models.get(MODEL)?;
    let sigma = Tensor::new([1, 1, 1, 1], vec![deviation]).map_err(mismatch)?;
    let mut result = RgbImage::new(photo.width(), photo.height());
    // The network halves the picture first, so sides are even.
    for tile in Tile::cover(photo.dimensions(), TILE, 2) {
        proceed()?;
        let input = tile.read(photo, CONTEXT)?;
        let outputs = model.run(&[("input", &input), ("sigma", &sigma)])?;
        let planes = output(&outputs, MODEL, "output", tile.numbers(1, CONTEXT))?;
        tile.write(planes, 1, CONTEXT, &mut result);
    }
    neutral::keep(photo, 1, &mut result);
    Ok(result)
}
