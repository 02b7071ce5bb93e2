//! The square of the photo that a model looks at: turned so that the face stands upright in it.

use image::RgbImage;
use safelight_contract::Result;
use safelight_imaging::warp::{Affine, Border, warp};

use super::{Detection, Point};
use crate::model::mismatch;

/// A square of the photo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Frame {
    pub centre: Point,
    /// Length of a side in pixels of the photo.
    pub side: f32,
    /// How far the face is turned clockwise, in radians.
    pub angle: f32,
}

impl Frame {
    /// The square around a detector's box, turned so that the eyes are level.
    pub fn of(face: &Detection, margin: f32) -> Self {
        let side = face.rect.longer_side() * margin;
        Self { centre: face.rect.centre(), side, angle: face.angle() }
    }

    /// The map from the photo to `cells` x `cells` cells over the square.
    pub fn to_cells(self, cells: u32) -> Affine {
        let cells = f64::from(cells);
        let scale = cells / f64::from(self.side.max(1e-3));
        Affine::turning(-f64::from(self.angle), scale, self.centre.pair(), [cells / 2.0; 2])
    }

    /// The square as a picture of `cells` x `cells` pixels, and the map from the photo to it.
    pub fn cut(self, photo: &RgbImage, cells: u32, border: Border) -> (RgbImage, Affine) {
        let to_cells = self.to_cells(cells);
        (warp(photo, &to_cells, cells, cells, border), to_cells)
    }

    /// The smallest square in the face's own frame that holds all points, grown by `margin`.
    pub fn around(points: &[Point], angle: f32, margin: f32) -> Self {
        let (sin, cos) = angle.sin_cos();
        let own =
            points.iter().map(|p| Point { x: cos * p.x + sin * p.y, y: cos * p.y - sin * p.x });
        let rect = super::Rect::around(own);
        let Point { x, y } = rect.centre();
        let centre = Point { x: cos * x - sin * y, y: sin * x + cos * y };
        Self { centre, side: rect.longer_side() * margin, angle }
    }
}

/// How far a line is turned clockwise from level, in radians.
pub(crate) fn angle_of(left: Point, right: Point) -> f32 {
    (right.y - left.y).atan2(right.x - left.x)
}

/// The way back; a frame always has one.
pub(crate) fn back(map: &Affine) -> Result<Affine> {
    map.inverse().ok_or_else(|| mismatch("a face without extent"))
}
