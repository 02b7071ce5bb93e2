//! Where a face lies in a photo, and the frame in which all faces stand upright and are of one size.

use image::RgbImage;

use super::zone::Side;
use crate::warp::{Affine, Border, warp};

/// Points of the mesh that places a face: the MediaPipe face mesh with irises.
pub const MESH_POINTS: usize = 478;
/// Size of the frame in pixels.
pub(super) const WIDTH: usize = 1000;
pub(super) const HEIGHT: usize = 1152;
/// Width of every face in it, from ear to ear in three dimensions, so that turning the head does not
/// change the scale.
pub(super) const FACE_WIDTH: f32 = 800.0;
/// The mesh's outermost points before the ears, on the picture's left and right.
const EARS: [usize; 2] = [234, 454];
/// The outer corners of the eyes, on the picture's left and right.
const EYES: [usize; 2] = [33, 263];
/// Pixels of it between the middle of the eyes and that of the mouth's corners: the mean of nine faces by
/// their meshes, which lie between 342 and 408.
const EYES_TO_MOUTH: f64 = 380.0;
/// Points of the face itself, without the irises.
const FACE_POINTS: usize = 468;

/// A face brought upright: its points in a frame of 1000 x 1152 px, and the way there and back.
#[derive(Clone, Debug)]
pub struct Upright {
    /// The mesh's points in the frame; none of a profile.
    pub points: Vec<[f32; 2]>,
    to_photo: Affine,
    from_photo: Affine,
    photo_size: (u32, u32),
}

impl Upright {
    /// By the mesh of a face in a photo of this size: x and y in its pixels, z in the same scale.
    /// None where the points do not span a face.
    pub fn of(photo_size: (u32, u32), mesh: &[[f32; 3]; MESH_POINTS]) -> Option<Self> {
        let [left, right] = EARS.map(|i| mesh[i].map(f64::from));
        let width = left.iter().zip(right).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
        let [from, to] = EYES.map(|i| mesh[i].map(f64::from));
        let angle = -(to[1] - from[1]).atan2(to[0] - from[0]);
        let scale = f64::from(FACE_WIDTH) / width;
        if !scale.is_finite() || !angle.is_finite() {
            return None;
        }
        let turned = Affine::turning(angle, scale, [0.0; 2], [0.0; 2]);
        let face: Vec<_> = mesh[..FACE_POINTS]
            .iter()
            .map(|&[x, y, _]| turned.apply([f64::from(x), f64::from(y)]))
            .collect();
        let middle = [0, 1].map(|axis| {
            let values = face.iter().map(|point| point[axis]);
            let low = values.clone().fold(f64::INFINITY, f64::min);
            (low + values.fold(f64::NEG_INFINITY, f64::max)) / 2.0
        });
        let shift = Affine::turning(0.0, 1.0, middle, [WIDTH as f64 / 2.0, HEIGHT as f64 / 2.0]);
        let from_photo = turned.then(&shift);
        let to_photo = from_photo.inverse()?;
        let place = |&[x, y, _]: &[f32; 3]| {
            from_photo.apply([f64::from(x), f64::from(y)]).map(|value| value as f32)
        };
        let points: Vec<_> = mesh.iter().map(place).collect();
        let usable = points.iter().flatten().all(|value| value.is_finite());
        usable.then_some(Self { points, to_photo, from_photo, photo_size })
    }

    /// Of a head seen from the side, which has no mesh: by the middles of its eyes and of its mouth's
    /// corners, and what lies in the frame's middle, in pixels of a photo of this size. Lengths are
    /// right to a tenth or so. None where eyes and mouth coincide.
    pub fn of_profile(
        photo_size: (u32, u32),
        eyes: [f32; 2],
        mouth: [f32; 2],
        middle: [f32; 2],
    ) -> Option<Self> {
        let [x, y] = [0, 1].map(|axis| f64::from(mouth[axis] - eyes[axis]));
        let scale = EYES_TO_MOUTH / x.hypot(y);
        if !scale.is_finite() {
            return None;
        }
        let centre = [WIDTH as f64 / 2.0, HEIGHT as f64 / 2.0];
        let from_photo = Affine::turning(x.atan2(y), scale, middle.map(f64::from), centre);
        let to_photo = from_photo.inverse()?;
        Some(Self { points: vec![], to_photo, from_photo, photo_size })
    }

    /// Where a place of the frame lies in the photo.
    pub fn to_photo(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        self.to_photo.apply([f64::from(x), f64::from(y)]).map(|value| value as f32)
    }

    /// Where a place of the photo lies in the frame.
    pub fn from_photo(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        self.from_photo.apply([f64::from(x), f64::from(y)]).map(|value| value as f32)
    }

    /// Pixels of the frame for one of the photo: above 1 the frame is blurrier than it could be.
    pub fn magnification(&self) -> f32 {
        self.from_photo.scale() as f32
    }

    /// Width and height of the photo.
    pub fn photo_size(&self) -> (u32, u32) {
        self.photo_size
    }

    /// The box of the face in the photo, cut to it: left, top, width and height in pixels.
    pub fn bounds(&self) -> [u32; 4] {
        let face: Vec<_> = self.points[..FACE_POINTS].iter().map(|&p| self.to_photo(p)).collect();
        let range = |axis: usize, length: u32| {
            let values = face.iter().map(|point| point[axis]);
            let low = values.clone().fold(f32::INFINITY, f32::min).floor();
            let high = values.fold(f32::NEG_INFINITY, f32::max).ceil();
            let first = (low.max(0.0) as u32).min(length.saturating_sub(1));
            (first, (high.clamp(0.0, length as f32) as u32).max(first + 1) - first)
        };
        let ((left, width), (top, height)) =
            (range(0, self.photo_size.0), range(1, self.photo_size.1));
        [left, top, width, height]
    }

    /// Whether a place of the photo lies inside it.
    pub(super) fn in_photo(&self, [x, y]: [f32; 2]) -> bool {
        let (width, height) = self.photo_size;
        (0.0..width as f32).contains(&x) && (0.0..height as f32).contains(&y)
    }

    /// The mesh's points of these indices; none of a profile.
    pub(super) fn polygon(&self, indices: &[u16]) -> Vec<[f32; 2]> {
        indices.iter().filter_map(|&i| self.points.get(usize::from(i)).copied()).collect()
    }

    /// The frame as a picture, made smaller by a whole number; the photo's edge is repeated where the
    /// face leaves it.
    pub(super) fn cut(&self, photo: &RgbImage, smaller: usize) -> RgbImage {
        let scale = 1.0 / smaller as f64;
        let middle = [(smaller - 1) as f64 / 2.0; 2];
        let into = self.from_photo.then(&Affine::turning(0.0, scale, middle, [0.0; 2]));
        let (width, height) = ((WIDTH / smaller) as u32, (HEIGHT / smaller) as u32);
        warp(photo, &into, width, height, Border::Replicate)
    }

    /// The part of the frame around some of its places and `margin` pixels more, made smaller by a
    /// whole number.
    pub(super) fn around(
        &self,
        photo: &RgbImage,
        places: &[[f32; 2]],
        margin: f32,
        side: Side,
        smaller: usize,
    ) -> Part {
        let range = |axis: usize, length: usize| {
            let values = places.iter().map(|place| place[axis]);
            let low = values.clone().fold(f32::INFINITY, f32::min) - margin;
            let high = values.fold(f32::NEG_INFINITY, f32::max) + margin;
            [low, high].map(|value| f64::from(value.clamp(0.0, length as f32)))
        };
        let ([left, right], [top, bottom]) = (range(0, WIDTH), range(1, HEIGHT));
        let scale = 1.0 / smaller as f64;
        let across = match side {
            Side::Left => [scale, 0.0, -left * scale],
            Side::Right => [-scale, 0.0, right * scale],
        };
        let into = Affine { rows: [across, [0.0, scale, -top * scale]] };
        let cells = |length: f64| (length * scale) as u32 + 1;
        let (width, height) = (cells(right - left), cells(bottom - top));
        let from_photo = self.from_photo.then(&into);
        Part { image: warp(photo, &from_photo, width, height, Border::Replicate), into }
    }

    /// For drawn faces, which have no photo: a frame of their own.
    #[cfg(test)]
    pub(super) fn on_its_own(mut self) -> Self {
        let still = Affine::turning(0.0, 1.0, [0.0; 2], [0.0; 2]);
        (self.to_photo, self.from_photo) = (still, still);
        self.photo_size = (WIDTH as u32, HEIGHT as u32);
        self
    }
}

/// A part of the frame, seen as if it lay on the picture's left: what lies on its right is mirrored, so
/// that a mirrored photo has the same parts.
pub(super) struct Part {
    /// The picture.
    pub image: RgbImage,
    into: Affine,
}

impl Part {
    /// Where a place of the frame lies in it.
    pub fn place(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        self.into.apply([f64::from(x), f64::from(y)]).map(|value| value as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::super::zone::Zone;
    use super::*;

    #[test]
    fn a_profile_stands_upright_at_the_size_of_all_faces_however_it_is_turned() {
        for degrees in [-30.0_f32, -15.0, 0.0, 15.0, 120.0] {
            let (sin, cos) = degrees.to_radians().sin_cos();
            let place = |[x, y]: [f32; 2]| [400.0 + x * cos - y * sin, 300.0 + x * sin + y * cos];
            let [eyes, mouth, ear] = [[-40.0, -45.0], [-40.0, 45.0], [60.0, -20.0]].map(place);
            let frame = Upright::of_profile((800, 600), eyes, mouth, place([0.0; 2]));
            let frame = frame.expect("a frame");
            let scale = EYES_TO_MOUTH as f32 / 90.0;
            let expected = [500.0 + 60.0 * scale, 576.0 - 20.0 * scale];
            let found = frame.from_photo(ear);
            let near = |a: [f32; 2], b: [f32; 2]| (a[0] - b[0]).hypot(a[1] - b[1]) < 0.01;
            assert!(near(found, expected), "{degrees}: {found:?}");
            assert!(near(frame.to_photo(found), ear), "{degrees}");
            assert!(frame.polygon(Zone::OVAL).is_empty());
        }
        assert!(Upright::of_profile((9, 9), [3.0; 2], [3.0; 2], [0.0; 2]).is_none());
    }
}
