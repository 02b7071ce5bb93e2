//! Scores of a photo.

mod image_composition_aesthetics_scoring;
mod image_exposure_score;

pub use image_composition_aesthetics_scoring::ImageCompositionAestheticsScoring;
pub use image_exposure_score::ImageExposureScore;
