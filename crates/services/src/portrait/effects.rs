//! What is done to a face.

mod blurred_faces;

pub use blurred_faces::BlurredFaces;
