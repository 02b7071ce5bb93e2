//! Faces: where they are, their points, whose they are, and their parts.
//!
//! Coordinates are pixels of the photo, x to the right and y down, the centre of the top left pixel
//! at (0, 0); they may lie outside the photo where a face leaves it. "Left" and "right" are those of an upright picture
//! for the detector's points and the mesh, and the person's own for the parts of a [`Parsing`].

pub mod detection;
pub mod embedding;
mod frame;
mod geometry;
pub mod mesh;
pub mod parsing;

pub use detection::Detection;
pub use embedding::Embedding;
pub use geometry::{Point, Rect};
pub use mesh::Mesh;
pub use parsing::{Parsing, Part};
