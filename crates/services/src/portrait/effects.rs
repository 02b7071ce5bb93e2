//! What is done to a face.

mod blurred_faces;
mod face_filter;

pub use blurred_faces::BlurredFaces;
pub use face_filter::FaceFilter;
