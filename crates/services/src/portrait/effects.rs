//! What is done to a face.

mod blurred_faces;
mod enhance_face;
mod face_filter;

pub use blurred_faces::BlurredFaces;
pub use enhance_face::EnhanceFace;
pub use face_filter::FaceFilter;
