//! One typed function per model, over the models that the registry has.

pub mod cutout;
pub mod saliency;

use std::sync::Arc;

use image::{GrayImage, RgbImage};
use safelight_contract::Result;
use safelight_inference::Registry;

use crate::saliency::Saliency;

/// The models, each behind one typed function.
#[derive(Clone)]
pub struct Vision {
    registry: Arc<Registry>,
}

impl Vision {
    /// Over this registry.
    pub fn new(registry: Arc<Registry>) -> Self {
        Self { registry }
    }

    /// Where the main subject of the photo is, as a small mask over a region of the photo.
    pub fn salient(&self, photo: &RgbImage) -> Result<Saliency> {
        Saliency::of(&self.registry, photo)
    }

    /// How salient each pixel is, 0..255, at the photo's size.
    pub fn saliency(&self, photo: &RgbImage) -> Result<GrayImage> {
        self.salient(photo)?.at_size(photo.width(), photo.height())
    }
}
