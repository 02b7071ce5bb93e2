//! The face turned upright and brought to one size.

use std::sync::OnceLock;

use image::RgbImage;

use super::layers::Layers;
use super::light::Light;
use super::mask::Mask;
use super::zone::Zone;
use crate::warp::{Affine, Border, warp};

/// Points of the mesh that places a face: the MediaPipe face mesh with irises.
pub const MESH_POINTS: usize = 478;
/// Size of a chip in pixels.
pub(super) const WIDTH: usize = 1000;
pub(super) const HEIGHT: usize = 1152;
/// Width of every face in a chip, from ear to ear in three dimensions, so that turning the head does
/// not change the scale.
pub(super) const FACE_WIDTH: f32 = 800.0;
/// The mesh's outermost points before the ears, on the picture's left and right.
const EARS: [usize; 2] = [234, 454];
/// The outer corners of the eyes, on the picture's left and right.
const EYES: [usize; 2] = [33, 263];
/// Points of the face itself, without the irises.
const FACE_POINTS: usize = 468;
/// Pixels of skin next to something else that are left out: there a parser is not sure.
const RIM: usize = 7;

/// A face cut out of a photo.
#[derive(Clone, Debug)]
pub struct Chip {
    /// The picture, 1000 x 1152 px; the photo's edge is repeated where the face leaves it.
    pub image: RgbImage,
    /// The mesh's points in it.
    pub points: Vec<[f32; 2]>,
    to_photo: Affine,
    from_photo: Affine,
    photo_size: (u32, u32),
}

impl Chip {
    /// Cuts a face out by its mesh: x and y in pixels of the photo, z in the same scale. None where
    /// the points do not span a face.
    pub fn cut(photo: &RgbImage, mesh: &[[f32; 3]; MESH_POINTS]) -> Option<Self> {
        let [left, right] = EARS.map(|i| mesh[i].map(f64::from));
        let width = left.iter().zip(right).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
        let [from, to] = EYES.map(|i| mesh[i].map(f64::from));
        let angle = -(to[1] - from[1]).atan2(to[0] - from[0]);
        let scale = f64::from(FACE_WIDTH) / width;
        if !scale.is_finite() || !angle.is_finite() {
            return None;
        }
        let upright = Affine::turning(angle, scale, [0.0; 2], [0.0; 2]);
        let face: Vec<_> = mesh[..FACE_POINTS]
            .iter()
            .map(|&[x, y, _]| upright.apply([f64::from(x), f64::from(y)]))
            .collect();
        let middle = [0, 1].map(|axis| {
            let values = face.iter().map(|point| point[axis]);
            let low = values.clone().fold(f64::INFINITY, f64::min);
            (low + values.fold(f64::NEG_INFINITY, f64::max)) / 2.0
        });
        let shift = Affine::turning(0.0, 1.0, middle, [WIDTH as f64 / 2.0, HEIGHT as f64 / 2.0]);
        Self::placed(photo, mesh, upright.then(&shift))
    }

    fn placed(
        photo: &RgbImage,
        mesh: &[[f32; 3]; MESH_POINTS],
        from_photo: Affine,
    ) -> Option<Self> {
        let to_photo = from_photo.inverse()?;
        let image = warp(photo, &from_photo, WIDTH as u32, HEIGHT as u32, Border::Replicate);
        let place = |&[x, y, _]: &[f32; 3]| {
            from_photo.apply([f64::from(x), f64::from(y)]).map(|value| value as f32)
        };
        let points: Vec<_> = mesh.iter().map(place).collect();
        let usable = points.iter().flatten().all(|value| value.is_finite());
        let photo_size = photo.dimensions();
        usable.then_some(Self { image, points, to_photo, from_photo, photo_size })
    }

    /// Where a place of the chip lies in the photo.
    pub fn to_photo(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        self.to_photo.apply([f64::from(x), f64::from(y)]).map(|value| value as f32)
    }

    /// Where a place of the photo lies in the chip.
    pub fn from_photo(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        self.from_photo.apply([f64::from(x), f64::from(y)]).map(|value| value as f32)
    }

    /// Chip pixels for one pixel of the photo: above 1 the chip is blurrier than it could be.
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

    /// The mesh's points of these indices.
    pub(super) fn polygon(&self, indices: &[u16]) -> Vec<[f32; 2]> {
        indices.iter().map(|&i| self.points[usize::from(i)]).collect()
    }

    /// Prepares a drawn chip, on which everything but eyes, brows, mouth and nostrils is skin.
    #[cfg(test)]
    pub(super) fn skin_everywhere(mut self, light: Light) -> Skin {
        self.photo_size = (u32::MAX, u32::MAX);
        let still = Affine::turning(0.0, 1.0, [0.0; 2], [0.0; 2]);
        (self.to_photo, self.from_photo) = (still, still);
        self.skin(light, |_| true)
    }

    /// Prepares the measures. `is_skin` says of a place of the photo whether it shows skin.
    pub fn skin(self, light: Light, is_skin: impl Fn([f32; 2]) -> bool) -> Skin {
        let (width, height) = self.photo_size;
        let inside = |[x, y]: [f32; 2]| {
            (0.0..width as f32).contains(&x) && (0.0..height as f32).contains(&y)
        };
        let cells = Mask::of(WIDTH / 2, HEIGHT / 2, |x, y| {
            let place = self.to_photo([2.0 * x as f32 + 0.5, 2.0 * y as f32 + 0.5]);
            inside(place) && is_skin(place)
        });
        let found = Mask::of(WIDTH, HEIGHT, |x, y| cells.bits[y / 2 * (WIDTH / 2) + x / 2]);
        let face = Mask::polygon(WIDTH, HEIGHT, &self.polygon(Zone::OVAL));
        let holes = Zone::HOLES.iter().fold(Mask::empty(WIDTH, HEIGHT), |holes, hole| {
            holes.or(&Mask::polygon(WIDTH, HEIGHT, &self.polygon(hole)))
        });
        let mask = found.and(&face).without(&holes.dilated(4)).eroded(RIM);
        Skin { chip: self, light, mask, layers: OnceLock::new() }
    }
}

/// A face prepared for measuring: its chip, which of it is skin, and the skin's layers.
#[derive(Clone, Debug)]
pub struct Skin {
    /// The chip.
    pub chip: Chip,
    /// The light it was taken in.
    pub light: Light,
    /// What is skin, its rim left out.
    pub mask: Mask,
    layers: OnceLock<Layers>,
}

impl Skin {
    /// What its colour is made of, found when first asked for: the dearest part of the preparation,
    /// which tone and lids do without.
    pub(super) fn layers(&self) -> &Layers {
        self.layers.get_or_init(|| Layers::of(&self.chip.image, &self.mask, &self.light))
    }

    /// The skin of a zone.
    pub fn zone(&self, zone: Zone) -> Mask {
        Mask::polygon(WIDTH, HEIGHT, &self.chip.polygon(zone.indices())).and(&self.mask)
    }

    /// The skin of several zones.
    pub fn zones(&self, zones: &[Zone]) -> Mask {
        let all = Mask::empty(WIDTH, HEIGHT);
        zones.iter().fold(all, |all, &zone| all.or(&self.zone(zone)))
    }

    /// The outline of a zone in the photo, whether it is covered or not.
    pub fn outline(&self, zone: Zone) -> Vec<[f32; 2]> {
        let outline = self.chip.polygon(zone.indices());
        outline.into_iter().map(|point| self.chip.to_photo(point)).collect()
    }

    /// How much of a zone is skin that can be seen, 0 to 1.
    pub fn visible(&self, zone: Zone) -> f32 {
        let whole = Mask::polygon(WIDTH, HEIGHT, &self.chip.polygon(zone.indices())).count();
        self.zone(zone).count() as f32 / whole.max(1) as f32
    }
}
