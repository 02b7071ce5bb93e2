//! Photos at twice their size with the detail that a network trained on photos expects:
//! waifu2x, "upconv_7 photo" (nagadomi; after Dong et al. 2015 and Shi et al. 2016).
//!
//! The network's convolutions have no padding, so a tile's result depends on its pixels and the
//! `CONTEXT` around them alone: tiles join without seams.

use image::RgbImage;
use safelight_contract::Result;
use safelight_imaging::neutral;
use safelight_imaging::resize::{self, Filter};
use safelight_inference::Models;

use crate::model::output;
use crate::tiles::Tile;

/// Every model that enlarging may need.
pub const MODELS: &[&str] =
    &["waifu2x-photo", "waifu2x-photo-noise0", "waifu2x-photo-noise1", "waifu2x-photo-noise3"];
/// Peak bytes of doubling whatever the photo, its result excluded: a tile's numbers.
pub const BASE_BYTES: u64 = 16 << 20;

/// Pixels that the network looks at around each one.
const CONTEXT: u32 = 7;
/// Longest side of a tile. Twice as long is 8 % faster and takes three times the memory.
const TILE: u32 = 192;

/// Photos of more pixels pass the network once, whatever the factor: a second pass costs four times as
/// much as the first.
pub const TWICE_UP_TO: u64 = 600_000;

/// How much of a JPEG's noise to remove while enlarging.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Noise {
    /// None: the photo is clean.
    Clean,
    /// The traces of light compression.
    Light,
    /// Those of ordinary compression.
    Medium,
    /// Those of strong compression.
    Strong,
}

impl Noise {
    /// What a JPEG of this quality (1 to 100) needs, a photo that is none (`None`) nothing. Measured
    /// on photos compressed at each quality, then doubled by each network.
    pub fn of_jpeg(quality: Option<u8>) -> Self {
        match quality {
            None | Some(97..) => Noise::Clean,
            Some(80..) => Noise::Light,
            Some(70..) => Noise::Medium,
            Some(_) => Noise::Strong,
        }
    }

    /// One step stronger, where there is one.
    pub fn stronger(self) -> Self {
        match self {
            Noise::Clean => Noise::Light,
            Noise::Light => Noise::Medium,
            Noise::Medium | Noise::Strong => Noise::Strong,
        }
    }

    const fn model(self) -> &'static str {
        MODELS[self as usize]
    }
}

/// The photo at `factor` times its size: doubled once or twice, and brought to the size from there.
pub(crate) fn enlarge(
    models: &Models,
    photo: RgbImage,
    factor: u32,
    noise: Noise,
    proceed: &dyn Fn() -> Result<()>,
) -> Result<RgbImage> {
    let (width, height) = photo.dimensions();
    let twice = double(models, &photo, noise, proceed)?;
    drop(photo);
    if factor == 2 {
        return Ok(twice);
    }
    let (wide, high) = (width * factor, height * factor);
    if u64::from(width) * u64::from(height) > TWICE_UP_TO {
        proceed()?;
        return Ok(resize::rgb(&twice, wide, high, Filter::Lanczos3));
    }
    let four = double(models, &twice, Noise::Clean, proceed)?;
    drop(twice);
    if factor == 4 {
        return Ok(four);
    }
    Ok(resize::rgb(&four, wide, high, Filter::Bicubic))
}

/// The photo at twice its width and height. Asks `proceed` before each tile, and stops with its fault.
pub(crate) fn double(
    models: &Models,
    photo: &RgbImage,
    noise: Noise,
    proceed: &dyn Fn() -> Result<()>,
) -> Result<RgbImage> {
    let (width, height) = photo.dimensions();
    let mut result = RgbImage::new(width * 2, height * 2);
    if result.is_empty() {
        return Ok(result);
    }
    let model = models.get(noise.model())?;
    for tile in Tile::cover((width, height), TILE, 1) {
        proceed()?;
        let outputs = model.run(&[("input", &tile.read(photo, CONTEXT)?)])?;
        let planes = output(&outputs, noise.model(), "output", tile.numbers(2, 0))?;
        tile.write(planes, 2, 0, &mut result);
    }
    neutral::keep(photo, 2, &mut result);
    Ok(result)
}
