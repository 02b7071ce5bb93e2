//! Photos cut and developed anew.

mod photo_retouching;

pub use photo_retouching::PhotoRetouching;
