//! What a photo shows and where: its subject and its faces, for composition.

use image::RgbImage;
use safelight_contract::Result;
use safelight_imaging::composition::{self, Scene};
use safelight_imaging::geometry::Rect;
use safelight_imaging::resize::{Filter, rgb};

use crate::Vision;

/// Models.
pub const MODELS: &[&str] = &["u2net", "yunet"];
/// Peak bytes whatever the photo: the smaller version that is looked at, and the models' numbers.
pub const BASE_BYTES: u64 = composition::BASE_BYTES + (32 << 20);

/// Long side of what the models look at.
const SIDE: u32 = 1280;
/// Faces with a long side under this share of the photo's are bystanders.
const LEAST_FACE: f32 = 0.02;

/// Looks for the subject and the faces of a photo of at least one pixel.
pub(crate) fn look(vision: &Vision, photo: &RgbImage) -> Result<Scene> {
    let (width, height) = photo.dimensions();
    let long = width.max(height).max(1);
    let scale = (f64::from(SIDE) / f64::from(long)).min(1.0);
    let scaled = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
    let small = rgb(photo, scaled(width), scaled(height), Filter::Area);
    let saliency = vision.saliency(&small)?;
    let back = |length: u32, own: u32| own as f32 / length as f32;
    let (across, down) = (back(small.width(), width), back(small.height(), height));
    let faces = vision.detect_faces(&small)?;
    let frames = faces.iter().map(|face| Rect {
        x: face.rect.x * across,
        y: face.rect.y * down,
        width: face.rect.width * across,
        height: face.rect.height * down,
    });
    let least = LEAST_FACE * long as f32;
    let frames: Vec<Rect> = frames.filter(|f| f.width.max(f.height) > least).collect();
    Ok(Scene::new(photo, &saliency, &frames))
}
