//! Photos at twice their size with the detail that a network trained on photos expects:
//! waifu2x, "upconv_7 photo" (nagadomi; after Dong et al. 2015 and Shi et al. 2016).
//!
//! The network's convolutions have no padding, so a tile's result depends on its pixels and the
//! [`CONTEXT`] around them alone: tiles join without seams.

use image::RgbImage;
use safelight_contract::{Code, Fault, Result};
use safelight_imaging::resize::{self, Filter};
use safelight_inference::{Model, Registry, Tensor};

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
    registry: &Registry,
    photo: RgbImage,
    factor: u32,
    noise: Noise,
    proceed: &dyn Fn() -> Result<()>,
) -> Result<RgbImage> {
    let (width, height) = photo.dimensions();
    let twice = double(registry, &photo, noise, proceed)?;
    drop(photo);
    if factor == 2 {
        return Ok(twice);
    }
    let (wide, high) = (width * factor, height * factor);
    if u64::from(width) * u64::from(height) > TWICE_UP_TO {
        proceed()?;
        return Ok(resize::rgb(&twice, wide, high, Filter::Lanczos3));
    }
    let four = double(registry, &twice, Noise::Clean, proceed)?;
    drop(twice);
    if factor == 4 {
        return Ok(four);
    }
    Ok(resize::rgb(&four, wide, high, Filter::Bicubic))
}

/// The photo at twice its width and height. Asks `proceed` before each tile, and stops with its fault.
pub(crate) fn double(
    registry: &Registry,
    photo: &RgbImage,
    noise: Noise,
    proceed: &dyn Fn() -> Result<()>,
) -> Result<RgbImage> {
    let (width, height) = photo.dimensions();
    let mut result = RgbImage::new(width * 2, height * 2);
    if result.is_empty() {
        return Ok(result);
    }
    let model = registry.get(noise.model())?;
    // Tiles of one size, as every new size costs the engine some preparation; the last ones overlap.
    let size = |length: u32| length.div_ceil(length.div_ceil(TILE));
    let (across, down) = (size(width), size(height));
    for top in (0..height).step_by(down as usize).map(|top| top.min(height - down)) {
        for left in (0..width).step_by(across as usize).map(|left| left.min(width - across)) {
            proceed()?;
            let tile = Tile { left, top, width: across, height: down };
            tile.write(&run(&model, tile.read(photo))?, &mut result)?;
        }
    }
    Ok(result)
}

fn run(model: &Model, (shape, planes): ([usize; 4], Vec<f32>)) -> Result<Vec<f32>> {
    let input = Tensor::new(shape, planes).map_err(internal)?;
    let outputs = model.run(&[("input", &input)])?;
    let output = outputs.get("output").and_then(Tensor::as_f32);
    Ok(output.ok_or_else(|| internal("there is no output"))?.to_vec())
}

/// A part of the photo.
struct Tile {
    left: u32,
    top: u32,
    width: u32,
    height: u32,
}

impl Tile {
    /// Its pixels with the context around them, as planes from 0 to 1; at the photo's edges the last
    /// pixels go on.
    fn read(&self, photo: &RgbImage) -> ([usize; 4], Vec<f32>) {
        let (width, height) = (self.width + 2 * CONTEXT, self.height + 2 * CONTEXT);
        let at =
            |start: u32, i: u32, length: u32| (start + i).saturating_sub(CONTEXT).min(length - 1);
        let columns: Vec<usize> =
            (0..width).map(|x| at(self.left, x, photo.width()) as usize * 3).collect();
        let stride = photo.width() as usize * 3;
        let mut planes = Vec::with_capacity((3 * width * height) as usize);
        for channel in 0..3 {
            for y in 0..height {
                let row =
                    &photo.as_raw()[at(self.top, y, photo.height()) as usize * stride..][..stride];
                planes.extend(columns.iter().map(|x| f32::from(row[x + channel]) / 255.0));
            }
        }
        ([1, 3, height as usize, width as usize], planes)
    }

    /// Puts the planes of the doubled tile where they belong.
    fn write(&self, planes: &[f32], result: &mut RgbImage) -> Result<()> {
        let (width, height) = (self.width as usize * 2, self.height as usize * 2);
        if planes.len() != 3 * width * height || !planes.iter().all(|value| value.is_finite()) {
            return Err(Fault::new(
                Code::AiServiceError,
                "the enlarging model gave no usable picture",
            ));
        }
        let stride = result.width() as usize * 3;
        for y in 0..height {
            let start = (self.top as usize * 2 + y) * stride + self.left as usize * 6;
            let row = result.as_mut()[start..start + width * 3].as_chunks_mut::<3>().0;
            for (x, pixel) in row.iter_mut().enumerate() {
                let value = |channel: usize| planes[(channel * height + y) * width + x];
                *pixel = std::array::from_fn(|c| (value(c) * 255.0 + 0.5).clamp(0.0, 255.0) as u8);
            }
        }
        Ok(())
    }
}

/// A mistake in this program, not in the photo.
fn internal(what: impl std::fmt::Display) -> Fault {
    Fault::new(Code::AiServiceInternalError, format!("enlarging failed: {what}"))
}
