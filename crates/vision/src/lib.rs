//! One typed function per model, over the models that the registry has.

pub mod cutout;

use std::sync::Arc;

use image::{GrayImage, RgbImage};
use safelight_contract::Result;
use safelight_inference::Registry;

/// The models, each behind one typed function.
#[derive(Clone)]
pub struct Vision {
    #[expect(dead_code, reason = "being built")]
    registry: Arc<Registry>,
}

impl Vision {
    /// Over this registry.
    pub fn new(registry: Arc<Registry>) -> Self {
        Self { registry }
    }

    /// How salient each pixel is, 0..255, at the photo's size.
    pub fn saliency(&self, photo: &RgbImage) -> Result<GrayImage> {
        let _ = photo;
        unreachable!("being built")
    }
}
