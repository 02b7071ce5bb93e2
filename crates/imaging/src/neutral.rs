//! Neutral colours kept neutral. Networks trained on colour photos give grays a tint and take white to
//! something less; where the photo has no colour around a pixel, its result gets the luma of the
//! network and the colour of the photo.

use image::RgbImage;
use rayon::prelude::*;

use crate::color::{luma, smoothstep};

/// Differences between channels up to the first are no colour, from the second on the network's colour
/// counts alone.
const NEUTRAL: f32 = 5.0;
const COLOURED: f32 = 18.0;
/// Channels from here on are white.
const WHITE: u8 = 254;

/// Takes the tint from a `result` that is `scale` times the size of the photo that it was made from,
/// where the 3 x 3 pixels of the photo around a place have none; where they are white, it is white.
///
/// # Panics
/// Where the sizes do not agree.
pub fn keep(photo: &RgbImage, scale: u32, result: &mut RgbImage) {
    let (width, height) = photo.dimensions();
    assert_eq!(result.dimensions(), (width * scale, height * scale), "sizes agree");
    let row = (width * scale * 3) as usize;
    if row == 0 {
        return;
    }
    result.par_chunks_exact_mut(row).enumerate().with_min_len(8).for_each(|(y, line)| {
        let above = y as u32 / scale;
        let columns = line.chunks_exact_mut((scale * 3) as usize).enumerate();
        for (x, pixels) in columns {
            let around = Around::of(photo, x as u32, above);
            if around.neutral > 0.0 {
                pixels.as_chunks_mut::<3>().0.iter_mut().for_each(|pixel| around.keep(pixel));
            }
        }
    });
}

/// What a pixel of the photo and those around it have of colour.
struct Around {
    /// Channels of the pixel less its luma.
    tint: [f32; 3],
    /// 1 where there is no colour, 0 where there is.
    neutral: f32,
    white: bool,
}

impl Around {
    fn of(photo: &RgbImage, x: u32, y: u32) -> Self {
        let span = |at: u32, length: u32| at.saturating_sub(1)..(at + 2).min(length);
        let (mut spread, mut white) = (0, true);
        for near in span(y, photo.height()) {
            for beside in span(x, photo.width()) {
                let [r, g, b] = photo.get_pixel(beside, near).0;
                spread = spread.max(r.max(g).max(b) - r.min(g).min(b));
                white &= r.min(g).min(b) >= WHITE;
            }
        }
        let pixel = photo.get_pixel(x, y).0.map(f32::from);
        let gray = luma(pixel);
        let neutral = 1.0 - smoothstep(NEUTRAL, COLOURED, f32::from(spread));
        Self { tint: pixel.map(|value| value - gray), neutral, white }
    }

    fn keep(&self, pixel: &mut [u8; 3]) {
        if self.white {
            *pixel = [255; 3];
            return;
        }
        let gray = luma(pixel.map(f32::from));
        for (value, tint) in pixel.iter_mut().zip(self.tint) {
            let found = f32::from(*value);
            *value = (found + self.neutral * (gray + tint - found)).round() as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn grays_lose_a_tint_and_colours_keep_theirs() {
        let photo = RgbImage::from_fn(12, 6, |x, _| {
            Rgb(if x < 6 { [20 * x as u8 + 40; 3] } else { [200, 60, 40] })
        });
        let mut result = RgbImage::from_fn(24, 12, |x, y| {
            let [r, g, b] = photo.get_pixel(x / 2, y / 2).0;
            Rgb([r + 9, g, b.saturating_sub(12)])
        });
        let tinted = result.clone();
        keep(&photo, 2, &mut result);
        for (x, y, pixel) in result.enumerate_pixels() {
            match x {
                0..10 => assert!(pixel.0.iter().all(|v| v.abs_diff(pixel[1]) == 0), "{x} {y}"),
                14.. => assert_eq!(pixel, tinted.get_pixel(x, y)),
                _ => {}
            }
        }
    }

    #[test]
    fn white_stays_white() {
        let photo = RgbImage::from_pixel(9, 9, Rgb([255; 3]));
        let mut result = RgbImage::from_pixel(9, 9, Rgb([254, 254, 252]));
        keep(&photo, 1, &mut result);
        assert!(result == photo);
    }
}
