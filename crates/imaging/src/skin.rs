//! What can be measured of skin in one photo of a face.
//!
//! Everything is measured in the frame of [`Upright`]: the face turned upright and brought to one size,
//! so that lengths mean the same on every photo (about 5.7 pixels of the frame are a millimetre on an
//! average face). A [`Chip`] is a face cut out in it; what needs no more than the eyes or a few pixels
//! ([`Light`], [`eyelid()`], [`Tone`]) cuts those alone. The regions are polygons over the 478 points of
//! the MediaPipe face mesh ([`Zone`]), cut to what a parser calls skin.
//!
//! None of these measures is a diagnosis, and all thresholds are heuristics: they were set so that
//! clean skin, drawn or photographed, stays silent and each painted sign is found from the strength
//! that an eye sees at arm's length. What a photo does not resolve is not found: pores need a
//! face of some 600 px or more.

mod blob;
mod chip;
mod dark_circle;
mod draw;
mod extent;
mod eye_bag;
mod eyelid;
mod kind;
mod layers;
mod light;
mod line;
mod mask;
mod oil;
#[cfg(test)]
mod phantom;
mod pigment;
mod pore;
mod score;
mod spot;
mod texture;
mod tone;
mod upright;
mod wrinkle;
mod zone;

pub use blob::Blob;
pub use chip::{Chip, Skin};
pub use dark_circle::{DarkCircle, dark_circle};
pub use draw::{Overlay, Relief, relief};
pub use extent::Extent;
pub use eye_bag::{EyeBag, eye_bag};
pub use eyelid::{Eyelid, Fold, eyelid};
pub use kind::{Kind, kind};
pub use light::Light;
pub use line::{Line, Lines, lines};
pub use mask::Mask;
pub use oil::oil;
pub use pigment::{browning, redness};
pub use pore::{Dot, blackheads, pores};
pub use score::{Severity, band, chance};
pub use spot::{Mark, Spot, spots};
pub use texture::{dryness, roughness};
pub use tone::{Hue, Tint, Tone};
pub use upright::{MESH_POINTS, Upright};
pub use wrinkle::{Depths, Wrinkle, resolution};
pub use zone::{Side, Zone};

/// Peak bytes that cutting a chip and all measures on it take, one after the other, whatever the
/// photo.
pub const BASE_BYTES: u64 = 96 << 20;

/// Peak bytes for each pixel of the photo that one map of its size takes, encoded.
pub const MAP_BYTES_PER_PIXEL: u64 = 8;
