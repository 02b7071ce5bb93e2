//! The face cut out of a photo, and which of it is skin.

use std::sync::OnceLock;

use image::RgbImage;

use super::layers::Layers;
use super::light::Light;
use super::mask::Mask;
use super::upright::{HEIGHT, MESH_POINTS, Upright, WIDTH};
use super::zone::Zone;

/// Pixels of skin next to something else that are left out: there a parser is not sure.
const RIM: usize = 7;
/// Pixels around eyes, brows, mouth and nostrils that are left out.
const AROUND_HOLES: usize = 4;

/// Pixels of the frame, each way, of which a parser tells one.
const FINEST: usize = 2;

/// A face cut out of a photo.
#[derive(Clone, Debug)]
pub struct Chip {
    /// The picture, 1000 x 1152 px; the photo's edge is repeated where the face leaves it.
    pub image: RgbImage,
    /// Where it lies in the photo, and its points.
    pub upright: Upright,
}

impl Chip {
    /// Cuts a face out by its mesh: x and y in pixels of the photo, z in the same scale. None where
    /// the points do not span a face.
    pub fn cut(photo: &RgbImage, mesh: &[[f32; 3]; MESH_POINTS]) -> Option<Self> {
        Some(Self::within(photo, Upright::of(photo.dimensions(), mesh)?))
    }

    /// Cuts out what lies in a frame, such as that of a head seen from the side
    /// ([`Upright::of_profile`]).
    pub fn within(photo: &RgbImage, upright: Upright) -> Self {
        Self { image: upright.cut(photo, 1), upright }
    }

    /// Prepares a drawn chip, on which everything but eyes, brows, mouth and nostrils is skin.
    #[cfg(test)]
    pub(super) fn skin_everywhere(self, light: Light) -> Skin {
        Self { upright: self.upright.on_its_own(), ..self }.skin(light, |_| true)
    }

    /// Prepares the measures. `is_skin` says of a place of the photo whether it shows skin.
    pub fn skin(self, light: Light, is_skin: impl Fn([f32; 2]) -> bool) -> Skin {
        let mask = skin_mask(&self.upright, 1, is_skin);
        self.prepared(light, mask)
    }

    /// Prepares the measures of a profile, which has no zones: `is_skin` says of a place of the photo
    /// whether it shows skin that can be measured, and nothing but the rim of that is left out.
    pub fn profile_skin(self, light: Light, is_skin: impl Fn([f32; 2]) -> bool) -> Skin {
        let mask = cells(&self.upright, 1, is_skin, |_, _| true).eroded(RIM);
        self.prepared(light, mask)
    }

    fn prepared(self, light: Light, mask: Mask) -> Skin {
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
    /// which tone does without.
    pub(super) fn layers(&self) -> &Layers {
        self.layers.get_or_init(|| Layers::of(&self.chip.image, &self.mask, &self.light))
    }

    /// The skin of a zone.
    pub fn zone(&self, zone: Zone) -> Mask {
        zone_mask(&self.chip.upright, 1, zone).and(&self.mask)
    }

    /// The skin of several zones.
    pub fn zones(&self, zones: &[Zone]) -> Mask {
        let all = Mask::empty(WIDTH, HEIGHT);
        zones.iter().fold(all, |all, &zone| all.or(&self.zone(zone)))
    }

    /// The outline of a zone in the photo, whether it is covered or not.
    pub fn outline(&self, zone: Zone) -> Vec<[f32; 2]> {
        let upright = &self.chip.upright;
        let outline = upright.polygon(zone.indices());
        outline.into_iter().map(|point| upright.to_photo(point)).collect()
    }

    /// How much of a zone is skin that can be seen, 0 to 1.
    pub fn visible(&self, zone: Zone) -> f32 {
        let whole = zone_mask(&self.chip.upright, 1, zone).count();
        self.zone(zone).count() as f32 / whole.max(1) as f32
    }
}

/// The pixels of a polygon of the mesh, whether it is covered or not, in a frame made smaller by a
/// whole number.
fn polygon_mask(upright: &Upright, smaller: usize, indices: &[u16]) -> Mask {
    let (scale, middle) = (smaller as f32, (smaller - 1) as f32 / 2.0);
    let points = upright.polygon(indices).into_iter();
    let points: Vec<_> = points.map(|p| p.map(|value| (value - middle) / scale)).collect();
    Mask::polygon(WIDTH / smaller, HEIGHT / smaller, &points)
}

/// The pixels of a zone, whether it is covered or not, in a frame made smaller by a whole number.
pub(super) fn zone_mask(upright: &Upright, smaller: usize, zone: Zone) -> Mask {
    polygon_mask(upright, smaller, zone.indices())
}

/// Where the photo shows skin, in a frame made smaller by a whole number. A parser is not as fine as
/// the frame: only every [`FINEST`]th pixel of that is asked for at most, and none where `may_be` says
/// no of its column and row.
fn cells(
    upright: &Upright,
    smaller: usize,
    is_skin: impl Fn([f32; 2]) -> bool,
    may_be: impl Fn(usize, usize) -> bool,
) -> Mask {
    let fine = smaller.max(FINEST);
    let columns = WIDTH / fine;
    let cells = Mask::of(columns, HEIGHT / fine, |x, y| {
        let middle = |cell: usize| (cell * fine) as f32 + (fine - 1) as f32 / 2.0;
        let shows_skin = || {
            let place = upright.to_photo([middle(x), middle(y)]);
            upright.in_photo(place) && is_skin(place)
        };
        may_be(x, y) && shows_skin()
    });
    let within = fine / smaller;
    let bit = |x, y| cells.bits[y / within * columns + x / within];
    Mask::of(WIDTH / smaller, HEIGHT / smaller, bit)
}

/// What of a face is skin, its rim and what is around eyes, brows, mouth and nostrils left out, in a
/// frame made smaller by a whole number. `is_skin` says of a place of the photo whether it shows skin.
pub(super) fn skin_mask(
    upright: &Upright,
    smaller: usize,
    is_skin: impl Fn([f32; 2]) -> bool,
) -> Mask {
    let (width, height) = (WIDTH / smaller, HEIGHT / smaller);
    let face = polygon_mask(upright, smaller.max(FINEST), Zone::OVAL).dilated(1);
    let on_face = |x: usize, y: usize| face.bits[y * face.width + x];
    let found = cells(upright, smaller, is_skin, on_face);
    let polygon = |indices| polygon_mask(upright, smaller, indices);
    let holes = Zone::HOLES
        .iter()
        .fold(Mask::empty(width, height), |holes, indices| holes.or(&polygon(indices)))
        .dilated(AROUND_HOLES.div_ceil(smaller));
    found.and(&polygon(Zone::OVAL)).without(&holes).eroded(RIM.div_ceil(smaller))
}
