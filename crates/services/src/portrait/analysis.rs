//! What is seen in a face.

mod ai_face_rating;
mod face_analyzer;
mod face_analyzer_advanced;
mod face_key_points;
mod skin;
mod skin_analysis;
mod skin_analysis_advanced;
mod skin_analysis_pro;
mod skin_disease_detection;

pub use ai_face_rating::AiFaceRating;
pub use face_analyzer::FaceAnalyzer;
pub use face_analyzer_advanced::FaceAnalyzerAdvanced;
pub use face_key_points::FaceKeyPoints;
pub use skin_analysis::SkinAnalysis;
pub use skin_analysis_advanced::SkinAnalysisAdvanced;
pub use skin_analysis_pro::SkinAnalysisPro;
pub use skin_disease_detection::SkinDiseaseDetection;
