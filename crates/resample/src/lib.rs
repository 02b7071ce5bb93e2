//! Resampling through `fast_image_resize` (SIMD). A crate of its own because that library is generic
//! over everything and takes long to compile: this way it is compiled once.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8, U8x3};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};
use image::{GrayImage, RgbImage};

/// How pixels are weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Mean of the covered area; right for making masks and statistics smaller.
    Area,
    /// Triangle, widened when it makes smaller; what most models were trained with.
    Bilinear,
    /// Cubic with a = -0.5 (Keys 1981), widened when it makes smaller; hardly rings.
    Bicubic,
    /// Windowed sinc with three lobes; sharpest for photos.
    Lanczos3,
}

impl Filter {
    const fn algorithm(self) -> ResizeAlg {
        ResizeAlg::Convolution(match self {
            Filter::Area => FilterType::Box,
            Filter::Bilinear => FilterType::Bilinear,
            Filter::Bicubic => FilterType::CatmullRom,
            Filter::Lanczos3 => FilterType::Lanczos3,
        })
    }
}

/// A picture of `width` × `height` pixels made from `source`. Black where `source` has no pixels.
pub fn rgb(source: &RgbImage, width: u32, height: u32, filter: Filter) -> RgbImage {
    rgb_part(source, [0, 0, source.width(), source.height()], width, height, filter)
}

/// Like [`rgb`], of a part of `source` alone: left, top, width and height in pixels, cut to what
/// lies inside the picture.
pub fn rgb_part(
    source: &RgbImage,
    [left, top, part_width, part_height]: [u32; 4],
    width: u32,
    height: u32,
    filter: Filter,
) -> RgbImage {
    let mut target = RgbImage::new(width, height);
    let (left, top) = (left.min(source.width()), top.min(source.height()));
    let part =
        [left, top, part_width.min(source.width() - left), part_height.min(source.height() - top)];
    resample::<U8x3>(source, source.dimensions(), part, &mut target, (width, height), filter);
    target
}

/// A one-channel picture of `width` × `height` pixels made from `source`. Black where `source` has
/// no pixels.
pub fn gray(source: &GrayImage, width: u32, height: u32, filter: Filter) -> GrayImage {
    let mut target = GrayImage::new(width, height);
    let part = [0, 0, source.width(), source.height()];
    resample::<U8>(source, source.dimensions(), part, &mut target, (width, height), filter);
    target
}

/// Typed, since the untyped interface of the resampler compiles it for every kind of pixel there
/// is, which takes minutes.
fn resample<P: PixelTrait>(
    source: &[u8],
    from: (u32, u32),
    part: [u32; 4],
    target: &mut [u8],
    to: (u32, u32),
    filter: Filter,
) {
    let [left, top, width, height] = part.map(f64::from);
    if width == 0.0 || height == 0.0 || target.is_empty() {
        return;
    }
    let source =
        TypedImageRef::<P>::from_buffer(from.0, from.1, source).expect("buffers fit their sizes");
    let mut target =
        TypedImage::<P>::from_buffer(to.0, to.1, target).expect("buffers fit their sizes");
    let options =
        ResizeOptions::new().resize_alg(filter.algorithm()).crop(left, top, width, height);
    Resizer::new().resize_typed(&source, &mut target, &options).expect("the part lies inside");
}
