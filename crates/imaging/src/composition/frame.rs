//! Boxes in a picture.

use image::RgbImage;

/// A part of a picture, in its pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Left edge.
    pub left: f32,
    /// Top edge.
    pub top: f32,
    /// Across.
    pub width: f32,
    /// Down.
    pub height: f32,
}

impl Frame {
    /// A whole picture.
    pub fn whole(photo: &RgbImage) -> Self {
        Self { left: 0.0, top: 0.0, width: photo.width() as f32, height: photo.height() as f32 }
    }

    pub(super) fn right(&self) -> f32 {
        self.left + self.width
    }

    pub(super) fn bottom(&self) -> f32 {
        self.top + self.height
    }

    pub(super) fn area(&self) -> f32 {
        self.width.max(0.0) * self.height.max(0.0)
    }

    /// What two frames share.
    pub(super) fn common(&self, other: &Frame) -> Frame {
        let (left, top) = (self.left.max(other.left), self.top.max(other.top));
        let width = (self.right().min(other.right()) - left).max(0.0);
        Frame { left, top, width, height: (self.bottom().min(other.bottom()) - top).max(0.0) }
    }

    /// How much two frames overlap: what they share over what both cover.
    pub fn overlap(&self, other: &Frame) -> f32 {
        let common = self.common(other).area();
        common / (self.area() + other.area() - common).max(1e-6)
    }

    /// The head around a face: detectors leave out hair, ears and chin.
    pub(super) fn head(&self) -> Frame {
        Frame {
            left: self.left - 0.12 * self.width,
            top: self.top - 0.4 * self.height,
            width: 1.24 * self.width,
            height: 1.5 * self.height,
        }
    }
}
