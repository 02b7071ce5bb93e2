//! Cut-outs of whatever stands out.

mod hd_universal_background_removal;
mod universal_background_removal;

pub use hd_universal_background_removal::HdUniversalBackgroundRemoval;
pub use universal_background_removal::UniversalBackgroundRemoval;
