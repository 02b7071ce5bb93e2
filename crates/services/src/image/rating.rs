//! Scores of a photo.

mod image_exposure_score;

pub use image_exposure_score::ImageExposureScore;
