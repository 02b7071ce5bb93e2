//! What is seen in a face.

mod skin;
mod skin_analysis;
mod skin_analysis_advanced;

pub use skin_analysis::SkinAnalysis;
pub use skin_analysis_advanced::SkinAnalysisAdvanced;
