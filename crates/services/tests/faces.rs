//! The services for faces on portraits that the tests change.

mod support;

#[path = "faces/ai_face_rating.rs"]
mod ai_face_rating;
#[path = "faces/blurred_faces.rs"]
mod blurred_faces;
#[path = "faces/face_analyzer.rs"]
mod face_analyzer;
#[path = "faces/face_analyzer_advanced.rs"]
mod face_analyzer_advanced;
#[path = "faces/face_key_points.rs"]
mod face_key_points;
#[path = "faces/portraits.rs"]
mod portraits;
#[path = "faces/variants.rs"]
mod variants;
