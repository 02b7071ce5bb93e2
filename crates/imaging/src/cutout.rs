//! From a coarse mask to a cut-out: soft alpha at full resolution and foreground colours.

mod alpha;
mod band;
mod compose;
mod foreground;
mod grid;
mod pixel;
mod plane;
mod runs;
mod slope;
mod strays;
mod trimap;

use image::{GrayImage, ImageBuffer, Pixel, RgbImage};

use crate::Photo;
use band::SUPPORT;
use compose::Problem;
use grid::Grid;
use trimap::Trimap;

/// A rectangle of a photo, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Left edge.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

impl Region {
    /// All of a photo.
    pub fn whole(photo: &RgbImage) -> Self {
        Self { x: 0, y: 0, width: photo.width(), height: photo.height() }
    }

    fn assert_within(&self, (width, height): (u32, u32)) {
        let fits = |start: u32, length: u32, all: u32| {
            length > 0 && start.checked_add(length).is_some_and(|end| end <= all)
        };
        let inside = fits(self.x, self.width, width) && fits(self.y, self.height, height);
        assert!(inside, "{self:?} does not lie in a photo of {width} x {height} px");
    }
}

/// A subject with its alpha matte: `rgb` holds foreground colours (estimated where the subject is
/// mixed with its old background), `alpha` how much of each pixel is subject.
#[derive(Clone, Debug)]
pub struct Cutout {
    /// Foreground colours, not premultiplied.
    pub rgb: RgbImage,
    /// Alpha matte.
    pub alpha: GrayImage,
}

/// Alpha below this is dust, and does not count for the subject's box.
const DUST: u8 = 8;

impl Cutout {
    /// Refines a coarse mask into a cut-out of the photo. The mask (of any size, at least one
    /// pixel) is stretched over `region`; nothing outside the region is subject. Where the photo is
    /// transparent already, so is the cut-out.
    ///
    /// Takes one byte for each pixel of the photo and some 20 MB, whatever its size.
    ///
    /// # Panics
    /// Where the region is empty or leaves the photo, or the mask has no pixels.
    pub fn refine(photo: Photo, mask: &GrayImage, region: Region) -> Self {
        let Photo { mut rgb, alpha: opacity } = photo;
        region.assert_within(rgb.dimensions());
        assert!(!mask.is_empty(), "a mask has pixels");
        let grid = Grid::over(region);
        let trimap = Trimap::new(grid.fitting(mask));
        let mut known = grid.known(&trimap);
        let (mut level, mask) = band::posed(&rgb, &grid, &trimap, &known);
        let half = alpha::solve_coarse(&mut level);
        band::narrow(&mut known, &mut level, &half);
        let coarse = foreground::spread(&half.colours, &half.alpha, &half.band.grown(SUPPORT, 0));
        let ramp = grid.sampled(&trimap.ramp(), &level.band.grown(1, 0));
        let mut alpha = Problem { grid, known, level, mask, ramp, coarse }.render(&mut rgb);
        if let Some(opacity) = opacity {
            for (alpha, opacity) in alpha.iter_mut().zip(opacity.iter()) {
                *alpha = ((u32::from(*alpha) * u32::from(*opacity) + 127) / 255) as u8;
            }
        }
        Self { rgb, alpha }
    }

    /// Whether no pixel is at least half subject: nothing was found that could be cut out.
    pub fn is_empty(&self) -> bool {
        self.alpha.iter().all(|&alpha| alpha < 128)
    }

    /// The subject over a plain background.
    pub fn over(mut self, background: [u8; 3]) -> RgbImage {
        let pixels = self.rgb.as_chunks_mut::<3>().0.iter_mut();
        for (pixel, &alpha) in pixels.zip(self.alpha.as_raw()) {
            let alpha = u32::from(alpha);
            for (value, ground) in pixel.iter_mut().zip(background) {
                let sum = u32::from(*value) * alpha + u32::from(ground) * (255 - alpha);
                *value = ((sum + 127) / 255) as u8;
            }
        }
        self.rgb
    }

    /// The box of all pixels that are more than dust (alpha of 8 and up), so that a faint speck does
    /// not widen it. None where there are none.
    pub fn bounds(&self) -> Option<Region> {
        let (width, height) = self.alpha.dimensions();
        let (mut left, mut top, mut right, mut bottom) = (width, height, 0, 0);
        for (y, row) in self.alpha.chunks_exact(width.max(1) as usize).enumerate() {
            let Some(first) = row.iter().position(|&alpha| alpha >= DUST) else { continue };
            let last = row.iter().rposition(|&alpha| alpha >= DUST).unwrap_or(first);
            (left, right) = (left.min(first as u32), right.max(last as u32 + 1));
            (top, bottom) = (top.min(y as u32), y as u32 + 1);
        }
        let found = left < right;
        found.then(|| Region { x: left, y: top, width: right - left, height: bottom - top })
    }

    /// The part inside its [`bounds`](Self::bounds); the whole where there are none.
    pub fn trim(self) -> Cutout {
        let Some(part) = self.bounds() else { return self };
        Cutout { rgb: cropped(self.rgb, part), alpha: cropped(self.alpha, part) }
    }
}

/// A part of a picture, in the memory of the whole.
fn cropped<P: Pixel<Subpixel = u8>>(
    picture: ImageBuffer<P, Vec<u8>>,
    part: Region,
) -> ImageBuffer<P, Vec<u8>> {
    let channels = usize::from(P::CHANNEL_COUNT);
    let stride = picture.width() as usize * channels;
    let mut bytes = picture.into_raw();
    let row = part.width as usize * channels;
    for y in 0..part.height as usize {
        let from = (part.y as usize + y) * stride + part.x as usize * channels;
        bytes.copy_within(from..from + row, y * row);
    }
    bytes.truncate(part.height as usize * row);
    ImageBuffer::from_raw(part.width, part.height, bytes).expect("as many bytes as pixels")
}
