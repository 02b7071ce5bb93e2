//! What is done to a face.

mod ai_red_lip_gloss;
mod blurred_faces;
mod lips_color_changer;

pub use ai_red_lip_gloss::AiRedLipGloss;
pub use blurred_faces::BlurredFaces;
pub use lips_color_changer::LipsColorChanger;
