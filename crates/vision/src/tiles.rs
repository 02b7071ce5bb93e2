//! Parts of a photo for models that make pixels of pixels, and what they make put back.

use image::RgbImage;
use safelight_contract::Result;
use safelight_inference::Tensor;

use crate::model::mismatch;

/// A part of a photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tile {
    pub left: u32,
    pub top: u32,
    pub width: u32,
    pub height: u32,
}

impl Tile {
    /// Tiles of one size that cover a photo, as every new size costs the engine some preparation. Sides
    /// are multiples of `step` of at most `side`; the last tiles overlap the ones before, and reach out
    /// of a photo that is smaller than `step`.
    pub fn cover((width, height): (u32, u32), side: u32, step: u32) -> Vec<Tile> {
        if width == 0 || height == 0 {
            return Vec::new();
        }
        let size = |length: u32| length.div_ceil(length.div_ceil(side)).next_multiple_of(step);
        let (across, down) = (size(width), size(height));
        let starts = |length: u32, size: u32| {
            (0..length).step_by(size as usize).map(move |at| at.min(length.saturating_sub(size)))
        };
        starts(height, down)
            .flat_map(|top| starts(width, across).map(move |left| (left, top)))
            .map(|(left, top)| Tile { left, top, width: across, height: down })
            .collect()
    }

    /// Its pixels with `context` pixels around them, as planes from 0 to 1; at the photo's edges the
    /// last pixels go on.
    pub fn read(&self, photo: &RgbImage, context: u32) -> Result<Tensor> {
        let (width, height) = (self.width + 2 * context, self.height + 2 * context);
        let at =
            |start: u32, i: u32, length: u32| (start + i).saturating_sub(context).min(length - 1);
        let columns: Vec<usize> =
            (0..width).map(|x| at(self.left, x, photo.width()) as usize * 3).collect();
        let stride = photo.width() as usize * 3;
        let mut planes = Vec::with_capacity((3 * width * height) as usize);
        for channel in 0..3 {
            for y in 0..height {
                let start = at(self.top, y, photo.height()) as usize * stride;
                let row = &photo.as_raw()[start..][..stride];
                planes.extend(columns.iter().map(|x| f32::from(row[x + channel]) / 255.0));
            }
        }
        Tensor::new([1, 3, height as usize, width as usize], planes).map_err(mismatch)
    }

    /// Puts what a model made of the tile where it belongs in a result that is `scale` times the size:
    /// planes from 0 to 1 with `context` pixels around, of the result's.
    pub fn write(&self, planes: &[f32], scale: u32, context: u32, result: &mut RgbImage) {
        let stride = (self.width * scale + 2 * context) as usize;
        let plane = stride * (self.height * scale + 2 * context) as usize;
        let (left, top) = (self.left * scale, self.top * scale);
        let (width, height) = result.dimensions();
        let columns = (self.width * scale).min(width - left) as usize;
        for y in 0..(self.height * scale).min(height - top) {
            let start = ((top + y) as usize * width as usize + left as usize) * 3;
            let row = result.as_mut()[start..start + columns * 3].as_chunks_mut::<3>().0;
            let source = (y + context) as usize * stride + context as usize;
            for (x, pixel) in row.iter_mut().enumerate() {
                let value = |channel: usize| planes[channel * plane + source + x];
                *pixel = std::array::from_fn(|c| (value(c) * 255.0 + 0.5).clamp(0.0, 255.0) as u8);
            }
        }
    }

    /// How many numbers the planes of [`write`](Self::write) have.
    pub fn numbers(&self, scale: u32, context: u32) -> usize {
        3 * [self.width, self.height]
            .map(|side| (side * scale + 2 * context) as usize)
            .iter()
            .product::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn tiles_cover_every_pixel_and_copy_it_back() {
        for (width, height, step) in [(1, 1, 2), (100, 70, 1), (65, 130, 2), (64, 3, 2)] {
            let photo = RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, 9]));
            for context in [0, 5] {
                let mut copy = RgbImage::new(width, height);
                for tile in Tile::cover((width, height), 64, step) {
                    assert!(tile.width <= 65 && tile.width % step == 0 && tile.height % step == 0);
                    let read = tile.read(&photo, context).expect("a tensor");
                    let planes = read.as_f32().expect("floats");
                    assert_eq!(planes.len(), tile.numbers(1, context));
                    tile.write(planes, 1, context, &mut copy);
                }
                assert!(copy == photo, "{width}x{height}");
            }
        }
        assert!(Tile::cover((0, 9), 64, 1).is_empty());
    }
}
