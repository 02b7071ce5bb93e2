//! One typed function per model, over the models that a registry has.

pub mod aesthetics;
pub mod body;
pub mod colour;
pub mod cutout;
pub mod denoise;
pub mod enclosed;
pub mod enlarge;
pub mod face;
mod food;
pub mod garments;
pub mod hands;
pub mod heads;
pub mod kinds;
mod model;
pub mod moderation;
pub mod networks;
pub mod people;
pub mod person;
pub mod removal;
pub mod saliency;
pub mod scene;
pub mod stretch;
pub mod style;
pub mod text;
mod tiles;

use std::sync::Arc;

use image::{GrayImage, RgbImage};
use safelight_contract::Result;
use safelight_imaging::Region;
use safelight_imaging::composition::Scene;
use safelight_inference::{Models, Registry};

use crate::enlarge::Noise;
use crate::saliency::Saliency;

/// The models, each behind one typed function.
#[derive(Clone)]
pub struct Vision {
    models: Models,
}

impl Vision {
    /// Over every model of a registry.
    pub fn new(registry: Arc<Registry>) -> Self {
        Self { models: Models::all(registry) }
    }

    /// The same functions over the models of these names alone.
    #[must_use]
    pub fn restricted_to(&self, names: Vec<&'static str>) -> Self {
        Self { models: self.models.restricted_to(names) }
    }

    /// Where the main subject of the photo is, as a small mask over a region of the photo.
    pub fn salient(&self, photo: &RgbImage) -> Result<Saliency> {
        Saliency::of(&self.models, photo)
    }

    /// Like [`salient`](Self::salient), of a region of the photo alone, in one pass.
    pub fn salient_in(&self, photo: &RgbImage, region: Region) -> Result<Saliency> {
        Saliency::within(&self.models, photo, region)
    }

    /// How salient each pixel is, 0..255, at the photo's size.
    pub fn saliency(&self, photo: &RgbImage) -> Result<GrayImage> {
        self.salient(photo)?.at_size(photo.width(), photo.height())
    }

    /// What the photo, of at least one pixel, shows and where.
    pub fn scene(&self, photo: &RgbImage) -> Result<Scene> {
        scene::look(self, photo)
    }

    /// How much wider than natural the photo is by its faces, letters and more, see [`stretch`]; `None` where
    /// that cannot be told.
    pub fn stretch(&self, photo: &RgbImage) -> Result<Option<f32>> {
        stretch::find(self, photo)
    }

    /// The photo without noise of this standard deviation (0 to 1, of each channel). Asks `proceed`
    /// between its steps, and ends with its fault.
    pub fn denoise(
        &self,
        photo: &RgbImage,
        deviation: f32,
        proceed: &dyn Fn() -> Result<()>,
    ) -> Result<RgbImage> {
        denoise::denoise(&self.models, photo, deviation, proceed)
    }

    /// The photo at `factor` (2, 3 or 4) times its width and height; see [`enlarge`]. Asks `proceed`
    /// between its steps, and ends with its fault.
    pub fn enlarge(
        &self,
        photo: RgbImage,
        factor: u32,
        noise: Noise,
        proceed: &dyn Fn() -> Result<()>,
    ) -> Result<RgbImage> {
        enlarge::enlarge(&self.models, photo, factor, noise, proceed)
    }

    /// The photo painted in a mixture of built-in styles whose weights sum to 1. Asks `proceed` as
    /// above.
    pub fn paint(
        &self,
        photo: &RgbImage,
        weights: &[f32; style::PRESETS],
        proceed: &dyn Fn() -> Result<()>,
    ) -> Result<RgbImage> {
        style::preset(&self.models, photo, weights, proceed)
    }

    /// The photo painted in the style of a picture. Asks `proceed` as above.
    pub fn paint_like(
        &self,
        photo: &RgbImage,
        style: &RgbImage,
        proceed: &dyn Fn() -> Result<()>,
    ) -> Result<RgbImage> {
        style::any(&self.models, photo, style, proceed)
    }
}
