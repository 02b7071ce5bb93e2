//! The catalogue: one file per service, at the path its URL has. A service says everything about
//! itself (path, price, fields, models, deadline, answer) and implements one function from typed
//! input to typed output; router, validation, metering, OpenAPI document and command line all read
//! that.
//!
//! To add a service: write its file, then add one line to [`CATALOG`]. One that generative engines do,
//! too, has a row in the table of `generated::recipes`.

mod cutout;
mod generated;
mod image;
mod portrait;
mod sitting;
mod tasks;

pub use portrait::{liveness, recognition};

use safelight_operation::Endpoint;

use generated::ByEngine;
pub use generated::recipes::{RECIPES, Recipe};

/// Every service, in the order of its path.
pub static CATALOG: &[Endpoint] = &[
    Endpoint::of::<cutout::general::ApparelBackgroundRemoval>(),
    Endpoint::of::<cutout::general::CommodityBackgroundRemoval>(),
    Endpoint::of::<cutout::general::FoodBackgroundRemoval>(),
    Endpoint::of::<cutout::general::HdUniversalBackgroundRemoval>(),
    Endpoint::of::<cutout::general::UniversalBackgroundRemoval>(),
    Endpoint::of::<cutout::portrait::AvatarExtraction>(),
    Endpoint::of::<cutout::portrait::HairstyleExtraction>(),
    Endpoint::of::<cutout::portrait::HdPortraitBackgroundRemoval>(),
    Endpoint::of::<cutout::portrait::PortraitBackgroundRemoval>(),
    Endpoint::of::<image::editing::AiImageExtender>(),
    Endpoint::of::<image::editing::AiNailArt>(),
    Endpoint::of::<image::editing::AiNailArtPro>(),
    Endpoint::of::<ByEngine<image::editing::AiObjectReplacer>>(),
    Endpoint::of::<image::editing::ImageCropping>(),
    Endpoint::of::<ByEngine<image::editing::ImageErase>>(),
    Endpoint::of::<image::editing::ImageInvisibleImageWatermark>(),
    Endpoint::of::<image::editing::ImageInvisibleTextWatermarking>(),
    Endpoint::of::<image::editing::IntelligentComposition>(),
    Endpoint::of::<image::editing::PhotoRetouching>(),
    Endpoint::of::<ByEngine<image::editing::RemoveObjects>>(),
    Endpoint::of::<ByEngine<image::editing::RemoveObjectsAdvanced>>(),
    Endpoint::of::<ByEngine<image::editing::RemoveObjectsPro>>(),
    Endpoint::of::<ByEngine<image::effects::AiAnimeGenerator>>(),
    Endpoint::of::<ByEngine<image::effects::AiPhotography>>(),
    Endpoint::of::<image::effects::ImageColorization>(),
    Endpoint::of::<image::effects::ImageStyleConversion>(),
    Endpoint::of::<image::effects::ImageStyleMigration>(),
    Endpoint::of::<ByEngine<image::effects::PhotoToEmojiGrid>>(),
    Endpoint::of::<image::effects::PhotoToLineArt>(),
    Endpoint::of::<image::enhance::ImageColorEnhancement>(),
    Endpoint::of::<image::enhance::ImageContrastEnhancement>(),
    Endpoint::of::<image::enhance::ImageDefogging>(),
    Endpoint::of::<image::enhance::ImageLosslessEnlargement>(),
    Endpoint::of::<image::enhance::ImageSharpnessEnhancement>(),
    Endpoint::of::<image::enhance::StretchImageRecovery>(),
    Endpoint::of::<image::generation::AiFlowerWallpaper>(),
    Endpoint::of::<image::moderation::ImageModeration>(),
    Endpoint::of::<image::ocr::GeneralTextRecognition>(),
    Endpoint::of::<image::ocr::IdentityCardRecognition>(),
    Endpoint::of::<image::ocr::TableRecognition>(),
    Endpoint::of::<image::rating::ImageCompositionAestheticsScoring>(),
    Endpoint::of::<image::rating::ImageExposureScore>(),
    Endpoint::of::<portrait::analysis::AiFaceRating>(),
    Endpoint::of::<portrait::analysis::FaceAnalyzer>(),
    Endpoint::of::<portrait::analysis::FaceAnalyzerAdvanced>(),
    Endpoint::of::<portrait::analysis::FaceKeyPoints>(),
    Endpoint::of::<portrait::analysis::SkinAnalysis>(),
    Endpoint::of::<portrait::analysis::SkinAnalysisAdvanced>(),
    Endpoint::of::<portrait::analysis::SkinAnalysisPro>(),
    Endpoint::of::<portrait::analysis::SkinDiseaseDetection>(),
    Endpoint::of::<portrait::editing::AiBald>(),
    Endpoint::of::<ByEngine<portrait::editing::AiBeardRemoval>>(),
    Endpoint::of::<ByEngine<portrait::editing::AiBeardStyling>>(),
    Endpoint::of::<ByEngine<portrait::editing::AiColoredContacts>>(),
    Endpoint::of::<ByEngine<portrait::editing::AiEyebrows>>(),
    Endpoint::of::<ByEngine<portrait::editing::AiEyelashes>>(),
    Endpoint::of::<ByEngine<portrait::editing::AiEyeshadow>>(),
    Endpoint::of::<portrait::editing::AiFaceSwap>(),
    Endpoint::of::<portrait::editing::AiFatFilter>(),
    Endpoint::of::<ByEngine<portrait::editing::AiHairColor>>(),
    Endpoint::of::<ByEngine<portrait::editing::AiHairLossSimulation>>(),
    Endpoint::of::<ByEngine<portrait::editing::AiLipEnhancement>>(),
    Endpoint::of::<portrait::editing::AiWaistSlimming>(),
    Endpoint::of::<ByEngine<portrait::editing::TryOnClothes>>(),
    Endpoint::of::<ByEngine<portrait::editing::TryOnClothesPremium>>(),
    Endpoint::of::<ByEngine<portrait::editing::TryOnClothesPro>>(),
    Endpoint::of::<portrait::effects::AiBigHeadEffect>(),
    Endpoint::of::<portrait::effects::AiHalloweenMask>(),
    Endpoint::of::<ByEngine<portrait::effects::AiLipBiteExpressions>>(),
    Endpoint::of::<ByEngine<portrait::effects::AiRedLipGloss>>(),
    Endpoint::of::<portrait::effects::AiSquareFaceFilter>(),
    Endpoint::of::<portrait::effects::BlurredFaces>(),
    Endpoint::of::<portrait::effects::EmotionEditor>(),
    Endpoint::of::<ByEngine<portrait::effects::EmotionEditorAdvanced>>(),
    Endpoint::of::<portrait::effects::EnhanceFace>(),
    Endpoint::of::<ByEngine<portrait::effects::FaceAttributeEditing>>(),
    Endpoint::of::<portrait::effects::FaceBeauty>(),
    Endpoint::of::<portrait::effects::FaceBeautyAdvanced>(),
    Endpoint::of::<portrait::effects::FaceBeautyPro>(),
    Endpoint::of::<portrait::effects::FaceFilter>(),
    Endpoint::of::<portrait::effects::FaceFusion>(),
    Endpoint::of::<ByEngine<portrait::effects::HairstyleEditor>>(),
    Endpoint::of::<ByEngine<portrait::effects::HairstyleEditorPremium>>(),
    Endpoint::of::<ByEngine<portrait::effects::HairstyleEditorPro>>(),
    Endpoint::of::<portrait::effects::LipsColorChanger>(),
    Endpoint::of::<portrait::effects::LivePhoto>(),
    Endpoint::of::<ByEngine<portrait::effects::PortraitAnimation>>(),
    Endpoint::of::<portrait::effects::SmartBeauty>(),
    Endpoint::of::<portrait::effects::SmartFaceSlimming>(),
    Endpoint::of::<portrait::effects::SmartSkin>(),
    Endpoint::of::<portrait::effects::SmartSkinAdvanced>(),
    Endpoint::of::<ByEngine<portrait::enhance::TryOnClothesRefiner>>(),
    Endpoint::of::<portrait::liveness::SilentLivenessDetection>(),
    Endpoint::of::<portrait::liveness::SyntheticFaceDetection>(),
];

/// Finds a service by its full path or by the last segment of it.
pub fn find(name: &str) -> Option<&'static Endpoint> {
    CATALOG.iter().find(|endpoint| endpoint.spec().path == name || endpoint.spec().slug() == name)
}
