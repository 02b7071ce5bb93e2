//! What is done to a face.

mod ai_halloween_mask;
mod ai_red_lip_gloss;
mod ai_square_face_filter;
mod beauty;
mod blurred_faces;
mod enhance_face;
mod face_beauty;
mod face_beauty_advanced;
mod face_beauty_pro;
mod face_filter;
mod hairstyle_editor_premium;
mod hairstyle_editor_pro;
mod hairstyles;
mod lips_color_changer;
mod portrait_animation;
mod smart_beauty;
mod smart_face_slimming;
mod smart_skin;
mod smart_skin_advanced;

pub use ai_halloween_mask::AiHalloweenMask;
pub use ai_red_lip_gloss::AiRedLipGloss;
pub use ai_square_face_filter::AiSquareFaceFilter;
pub use blurred_faces::BlurredFaces;
pub use enhance_face::EnhanceFace;
pub use face_beauty::FaceBeauty;
pub use face_beauty_advanced::FaceBeautyAdvanced;
pub use face_beauty_pro::FaceBeautyPro;
pub use face_filter::FaceFilter;
pub use hairstyle_editor_premium::HairstyleEditorPremium;
pub use hairstyle_editor_pro::HairstyleEditorPro;
pub use lips_color_changer::LipsColorChanger;
pub use portrait_animation::PortraitAnimation;
pub use smart_beauty::SmartBeauty;
pub use smart_face_slimming::SmartFaceSlimming;
pub use smart_skin::SmartSkin;
pub use smart_skin_advanced::SmartSkinAdvanced;
