//! Colours under transparency. What lies under fully transparent pixels is arbitrary (often black),
//! and every filter that looks around an edge would mix it in.

use image::{GrayImage, RgbImage};

/// Peak bytes for each pixel, the picture itself excluded.
pub const BYTES_PER_PIXEL: u64 = 3;

/// Gives fully transparent pixels the colours of what is visible near them, by a pyramid of means
/// ("push-pull", Gortler et al. 1996). Leaves all other pixels, and a photo without any, alone.
pub fn under_transparency(photo: &mut RgbImage, alpha: &GrayImage) {
    if photo.dimensions() != alpha.dimensions() || !alpha.contains(&0) {
        return;
    }
    fill(photo, alpha);
}

fn fill(photo: &mut RgbImage, alpha: &GrayImage) {
    let (width, height) = photo.dimensions();
    if (width, height) == (1, 1) {
        return;
    }
    let (mut half, covered) = halved(photo, alpha);
    if covered.contains(&0) {
        fill(&mut half, &covered);
    }
    for (x, y, pixel) in
        photo.enumerate_pixels_mut().filter(|(x, y, _)| alpha.get_pixel(*x, *y).0[0] == 0)
    {
        *pixel = *half.get_pixel(x / 2, y / 2);
    }
}

/// Means of what is visible in two by two pixels, and the largest alpha there.
fn halved(photo: &RgbImage, alpha: &GrayImage) -> (RgbImage, GrayImage) {
    let (width, height) = photo.dimensions();
    let mut half = RgbImage::new(width.div_ceil(2), height.div_ceil(2));
    let mut covered = GrayImage::new(half.width(), half.height());
    for ((x, y, pixel), cover) in half.enumerate_pixels_mut().zip(covered.iter_mut()) {
        let (mut sum, mut weight) = ([0_u32; 3], 0_u32);
        for (x, y) in [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(i, j)| (2 * x + i, 2 * y + j)) {
            if x < width && y < height {
                let a = alpha.get_pixel(x, y).0[0];
                let color = photo.get_pixel(x, y).0;
                sum = std::array::from_fn(|c| sum[c] + u32::from(color[c]) * u32::from(a));
                weight += u32::from(a);
                *cover = (*cover).max(a);
            }
        }
        pixel.0 = sum.map(|sum| (sum.checked_div(weight).unwrap_or(0)) as u8);
    }
    (half, covered)
}

#[cfg(test)]
mod tests {
    use image::{Luma, Rgb};

    use super::*;

    #[test]
    fn hidden_pixels_take_the_colour_beside_them_and_visible_ones_keep_theirs() {
        let visible = |x: u32, y: u32| x >= 20 && y >= 9;
        let before = RgbImage::from_fn(61, 37, |x, y| {
            Rgb(if visible(x, y) { [200, 10 + x as u8, 90] } else { [0, 255, 0] })
        });
        let alpha = GrayImage::from_fn(61, 37, |x, y| Luma([u8::from(visible(x, y)) * 255]));
        let mut after = before.clone();
        under_transparency(&mut after, &alpha);
        for (x, y, pixel) in after.enumerate_pixels() {
            if visible(x, y) {
                assert_eq!(pixel, before.get_pixel(x, y));
            } else {
                assert!(pixel.0[0] >= 198 && pixel.0[2] >= 88 && pixel.0[1] < 75, "{pixel:?}");
            }
        }
    }

    #[test]
    fn nothing_hidden_or_all_hidden_passes() {
        for value in [0, 255] {
            let mut photo = RgbImage::from_pixel(5, 3, Rgb([7, 8, 9]));
            under_transparency(&mut photo, &GrayImage::from_pixel(5, 3, Luma([value])));
            assert_eq!(photo.dimensions(), (5, 3));
        }
    }
}
