//! What is changed in a face: makeup, brows, beard, hair.

mod ai_bald;
mod ai_beard_removal;
mod ai_beard_styling;
mod ai_colored_contacts;
mod ai_eyebrows;
mod ai_eyelashes;
mod ai_eyeshadow;
mod ai_face_swap;
mod ai_fat_filter;
mod ai_hair_color;
mod ai_hair_loss_simulation;
mod ai_lip_enhancement;
mod ai_waist_slimming;
pub mod try_on;
mod try_on_clothes;
mod try_on_clothes_premium;
mod try_on_clothes_pro;
mod try_on_outfit;

pub use ai_bald::AiBald;
pub use ai_beard_removal::AiBeardRemoval;
pub use ai_beard_styling::AiBeardStyling;
pub use ai_colored_contacts::AiColoredContacts;
pub use ai_eyebrows::AiEyebrows;
pub use ai_eyelashes::AiEyelashes;
pub use ai_eyeshadow::AiEyeshadow;
pub use ai_face_swap::AiFaceSwap;
pub use ai_fat_filter::AiFatFilter;
pub use ai_hair_color::AiHairColor;
pub(super) use ai_hair_color::{colour, matte};
pub use ai_hair_loss_simulation::AiHairLossSimulation;
pub use ai_lip_enhancement::AiLipEnhancement;
pub use ai_waist_slimming::AiWaistSlimming;
pub use try_on_clothes::TryOnClothes;
pub use try_on_clothes_premium::TryOnClothesPremium;
pub use try_on_clothes_pro::TryOnClothesPro;
