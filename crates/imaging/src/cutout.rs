//! From a coarse mask to a cut-out: soft alpha at full resolution and foreground colours.

use image::{GrayImage, RgbImage};

use crate::Photo;

/// A subject with its alpha matte: `rgb` holds foreground colours (estimated where the subject is
/// mixed with its old background), `alpha` how much of each pixel is subject.
#[derive(Clone, Debug)]
pub struct Cutout {
    /// Foreground colours, not premultiplied.
    pub rgb: RgbImage,
    /// Alpha matte.
    pub alpha: GrayImage,
}

impl Cutout {
    /// Refines a coarse mask (any size, 0..255) into a cut-out of the photo.
    pub fn refine(photo: Photo, mask: &GrayImage) -> Self {
        let _ = (photo, mask);
        unreachable!("being built")
    }

    /// The subject over a plain background.
    pub fn over(&self, background: [u8; 3]) -> RgbImage {
        let _ = background;
        unreachable!("being built")
    }

    /// The part inside the box of all pixels that are not fully transparent; the whole where there
    /// are none.
    pub fn trim(&self) -> Cutout {
        unreachable!("being built")
    }
}
