//! The services for faces on portraits that the tests change.

mod ai_face_rating;
mod blurred_faces;
mod face_analyzer;
mod face_analyzer_advanced;
mod face_key_points;
mod portraits;
mod variants;
