//! The names of the models that look at faces, for those who declare what they use.

use super::{
    age, detection, embedding, emotion, expression, fitness, liveness, mask, mesh, parsing, second,
};

/// Finds faces. Where photos may lie on any side, [`MESH`] confirms them.
pub const DETECTION: &str = detection::MODEL;
/// The points of a face, and with them its pose.
pub const MESH: &str = mesh::MODEL;
/// Says with [`MESH`] which of the faces that [`DETECTION`] is unsure of are people's.
pub const SECOND_OPINION: &str = second::MODEL;
/// The parts of a face.
pub const PARSING: &str = parsing::MODEL;
/// Age and gender, from [`MESH`].
pub const AGE: &str = age::MODEL;
/// The two models of mood.
pub const EMOTIONS: [&str; 2] = [emotion::FIRST, emotion::SECOND];
/// The movements of a face, from [`MESH`].
pub const BLENDSHAPES: &str = expression::MODEL;
/// Whether a face wears a mask.
pub const MASK: &str = mask::MODEL;
/// How fit a photo of a face is for recognition. The quality of a face takes it, [`MESH`],
/// [`PARSING`] and [`MASK`].
pub const FITNESS: &str = fitness::MODEL;
/// Whose face it is.
pub const EMBEDDING: &str = embedding::MODEL;
/// Whether a face is live, or a print or a screen.
pub const LIVENESS: &str = liveness::MODEL;
