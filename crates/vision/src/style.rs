//! Paintings of photos: one of 26 built-in styles or mixtures of them (multi-style transfer, Dumoulin,
//! Shlens and Kudlur 2017), or the style of any picture (arbitrary image stylization, Ghiasi et al.
//! 2017).

use image::RgbImage;
use safelight_contract::{Code, Fault, Result};
use safelight_imaging::mosaic;
use safelight_imaging::resize::{self, Filter};
use safelight_inference::{Models, Tensor};

use crate::model::{Normalisation, interleaved, output, planes};

/// The models of the built-in styles.
pub const PRESET_MODELS: &[&str] = &["style-presets"];
/// The models of styles from any picture.
pub const ANY_MODELS: &[&str] = &["style-predict", "style-transform"];

/// How many built-in styles there are.
pub const PRESETS: usize = 26;
/// Long side of the largest painting; larger photos are painted at this size and enlarged.
pub const LARGEST: u32 = 2000;
/// Peak bytes of painting a photo of this size, its result excluded: the painting with its squares.
pub const fn bytes(width: u32, height: u32) -> u64 {
    let (width, height) = (width as u64, height as u64);
    let long = if width > height { width } else { height };
    let limit = LARGEST as u64;
    let pixels =
        if long > limit { width * height * limit / long * limit / long } else { width * height };
    let square = PRESET_SIDE as u64 * PRESET_SIDE as u64;
    mosaic::base_bytes(PRESET_SIDE, if width < limit { width as u32 } else { LARGEST })
        + mosaic::BYTES_PER_PIXEL * pixels
        + 36 * square
}

/// Side of the squares that are painted at once in a built-in style.
const PRESET_SIDE: u32 = 512;
/// Pixels of such a square.
const PRESET_PIXELS: usize = (PRESET_SIDE * PRESET_SIDE) as usize;
/// Side of the squares that the network for any style takes.
const ANY_SIDE: u32 = 384;
/// Side of the square that a style is read from.
const STYLE_SIDE: u32 = 256;
/// The name of the style in both graphs.
const STYLE: &str = "mobilenet_conv/Conv/BiasAdd";
/// The name of the painted square.
const PAINTED: &str = "transformer/expand/conv3/conv/Sigmoid";
/// Numbers that describe a style.
const STYLE_LENGTH: usize = 100;

/// A photo painted in a mixture of the built-in styles; `weights` sum to 1.
pub(crate) fn preset(
    models: &Models,
    photo: &RgbImage,
    weights: &[f32; PRESETS],
    proceed: &dyn Fn() -> Result<()>,
) -> Result<RgbImage> {
    let model = models.get("style-presets")?;
    let weights = Tensor::new([PRESETS], weights.to_vec()).map_err(internal)?;
    painted(photo, PRESET_SIDE, &mut |square| {
        proceed()?;
        let image = planes(square, Normalisation::UNIT)?;
        let outputs = model.run(&[("image", &image), ("style_weights", &weights)])?;
        let values = output(&outputs, "style-presets", "stylized", 3 * PRESET_PIXELS)?;
        let places = (0..PRESET_PIXELS).flat_map(|i| [0, 1, 2].map(|c| c * PRESET_PIXELS + i));
        picture(places.map(|i| values[i]), PRESET_SIDE)
    })
}

/// A photo painted in the style of a picture.
pub(crate) fn any(
    models: &Models,
    photo: &RgbImage,
    style: &RgbImage,
    proceed: &dyn Fn() -> Result<()>,
) -> Result<RgbImage> {
    let style = describe(models, style)?;
    let model = models.get("style-transform")?;
    painted(photo, ANY_SIDE, &mut |square| {
        proceed()?;
        let content = interleaved(square, Normalisation::UNIT)?;
        let outputs = model.run(&[("content_image", &content), (STYLE, &style)])?;
        let count = 3 * (ANY_SIDE * ANY_SIDE) as usize;
        let values = output(&outputs, "style-transform", PAINTED, count)?;
        picture(values.iter().copied(), ANY_SIDE)
    })
}

/// What a picture's style is, in numbers.
fn describe(models: &Models, style: &RgbImage) -> Result<Tensor> {
    let square = resize::rgb(style, STYLE_SIDE, STYLE_SIDE, Filter::Area);
    let input = interleaved(&square, Normalisation::UNIT)?;
    let outputs = models.get("style-predict")?.run(&[("style_image", &input)])?;
    let numbers = output(&outputs, "style-predict", STYLE, STYLE_LENGTH)?;
    Tensor::new([1, 1, 1, STYLE_LENGTH], numbers.to_vec()).map_err(internal)
}

fn painted(photo: &RgbImage, side: u32, painter: mosaic::Painter) -> Result<RgbImage> {
    let (width, height) = photo.dimensions();
    let long = width.max(height);
    if long <= LARGEST {
        return mosaic::paint(photo, side, painter);
    }
    let scale = f64::from(LARGEST) / f64::from(long);
    let scaled = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
    let small = resize::rgb(photo, scaled(width), scaled(height), Filter::Area);
    let painting = mosaic::paint(&small, side, painter)?;
    drop(small);
    Ok(resize::rgb(&painting, width, height, Filter::Bicubic))
}

fn picture(values: impl Iterator<Item = f32>, side: u32) -> Result<RgbImage> {
    let bytes = values.map(|value| (value * 255.0 + 0.5).clamp(0.0, 255.0) as u8);
    RgbImage::from_raw(side, side, bytes.collect()).ok_or_else(|| internal("the picture's size"))
}

/// A mistake in this program, not in the photo.
fn internal(what: impl std::fmt::Display) -> Fault {
    Fault::new(Code::AiServiceInternalError, format!("painting failed: {what}"))
}
