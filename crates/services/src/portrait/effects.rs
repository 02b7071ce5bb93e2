//! What is done to a face.

mod ai_red_lip_gloss;
mod blurred_faces;
mod hairstyle_editor_premium;
mod hairstyle_editor_pro;
mod hairstyles;
mod lips_color_changer;

pub use ai_red_lip_gloss::AiRedLipGloss;
pub use blurred_faces::BlurredFaces;
pub use hairstyle_editor_premium::HairstyleEditorPremium;
pub use hairstyle_editor_pro::HairstyleEditorPro;
pub use lips_color_changer::LipsColorChanger;
