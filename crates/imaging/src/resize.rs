//! Resampling through `fast_image_resize` (SIMD).

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::{GrayImage, RgbImage};

/// How pixels are weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Mean of the covered area; right for making masks and statistics smaller.
    Area,
    /// Triangle, widened when it makes smaller; what most models were trained with.
    Bilinear,
    /// Windowed sinc with three lobes; sharpest for photos.
    Lanczos3,
}

impl Filter {
    const fn algorithm(self) -> ResizeAlg {
        ResizeAlg::Convolution(match self {
            Filter::Area => FilterType::Box,
            Filter::Bilinear => FilterType::Bilinear,
            Filter::Lanczos3 => FilterType::Lanczos3,
        })
    }
}

/// A picture of `width` × `height` pixels made from `source`. Black where `source` has no pixels.
pub fn rgb(source: &RgbImage, width: u32, height: u32, filter: Filter) -> RgbImage {
    let mut target = RgbImage::new(width, height);
    resample(source, source.dimensions(), &mut target, (width, height), PixelType::U8x3, filter);
    target
}

/// A one-channel picture of `width` × `height` pixels made from `source`. Black where `source` has
/// no pixels.
pub fn gray(source: &GrayImage, width: u32, height: u32, filter: Filter) -> GrayImage {
    let mut target = GrayImage::new(width, height);
    resample(source, source.dimensions(), &mut target, (width, height), PixelType::U8, filter);
    target
}

fn resample(
    source: &[u8],
    from: (u32, u32),
    target: &mut [u8],
    to: (u32, u32),
    pixel: PixelType,
    filter: Filter,
) {
    if from == to {
        target.copy_from_slice(source);
        return;
    }
    if source.is_empty() || target.is_empty() {
        return;
    }
    let source = ImageRef::new(from.0, from.1, source, pixel).expect("buffers fit their sizes");
    let mut target =
        Image::from_slice_u8(to.0, to.1, target, pixel).expect("buffers fit their sizes");
    let options = ResizeOptions::new().resize_alg(filter.algorithm());
    Resizer::new().resize(&source, &mut target, &options).expect("pixel types are the same");
}

#[cfg(test)]
mod tests {
    use image::{Luma, Rgb};

    use super::*;

    #[test]
    fn flat_colour_stays_flat() {
        let source = RgbImage::from_pixel(37, 21, Rgb([10, 200, 90]));
        for filter in [Filter::Area, Filter::Bilinear, Filter::Lanczos3] {
            for (width, height) in [(1, 1), (9, 50), (100, 3)] {
                let small = rgb(&source, width, height, filter);
                assert_eq!(small.dimensions(), (width, height));
                assert!(small.pixels().all(|p| *p == Rgb([10, 200, 90])));
            }
        }
    }

    #[test]
    fn area_is_the_mean() {
        let source = GrayImage::from_fn(4, 2, |x, _| Luma([if x % 2 == 0 { 0 } else { 100 }]));
        assert!(gray(&source, 2, 1, Filter::Area).pixels().all(|p| p.0[0] == 50));
    }

    #[test]
    fn nothing_gives_black_and_asks_for_nothing() {
        assert_eq!(rgb(&RgbImage::new(0, 0), 2, 2, Filter::Area).as_raw(), &[0; 12]);
        assert_eq!(gray(&GrayImage::new(5, 5), 0, 3, Filter::Lanczos3).dimensions(), (0, 3));
    }
}
