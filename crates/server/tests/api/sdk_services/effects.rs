//! The services that change a scene or a face, called as the parent module does.

use ailabtools::FileInput;
use ailabtools::generated::params::*;
use safelight_operation::sample_mask;

use super::{Calls, close_up, photo};

/// A mask for a photo of the workspace.
fn mask(name: &str) -> FileInput {
    let bytes = safelight_testkit::photo(name);
    let header = safelight_imaging::probe(&bytes).expect("a picture");
    let mask = sample_mask(header.width, header.height).expect("a mask");
    FileInput::from_bytes(mask, "mask.png", None)
}

pub async fn scenes(calls: &mut Calls) {
    const SCENE: &str = "coffee.png";
    let (scene, hole) = (|| photo(SCENE), || mask(SCENE));
    read!(
        calls,
        "/api/image/editing/ai-object-replacer",
        image.image_ai_object_replacer(ImageAIObjectReplacerParams::new(scene(), hole()))
    );
    read!(
        calls,
        "/api/image/editing/image-erase",
        image.image_erasure(ImageErasureParams::new(scene(), hole()))
    );
    read!(
        calls,
        "/api/image/editing/remove-objects",
        image.image_remove_objects(ImageRemoveObjectsParams::new(scene(), hole()))
    );
    read!(
        calls,
        "/api/image/editing/remove-objects-advanced",
        image.image_remove_objects_advanced(ImageRemoveObjectsAdvancedParams::new(scene(), hole()))
    );
    read!(
        calls,
        "/api/image/editing/remove-objects-pro",
        image.image_remove_objects_pro(ImageRemoveObjectsProParams::new(scene(), hole()))
    );
    let mut wider = ImageAIImageExtenderParams::new(photo("china.jpg"));
    wider.top = Some(0.1);
    read!(
        calls,
        "/api/image/editing/ai-image-extender",
        image.image_ai_image_extender(wider.clone())
    );
    let mut marked = ImageInvisibleTextWatermarkParams::new("encode_text".into());
    (marked.origin_image, marked.text) = (Some(scene()), Some("mine".into()));
    marked.output_file_type = Some("png".into());
    read!(
        calls,
        "/api/image/editing/image-invisible-text-watermarking",
        image.image_invisible_text_watermark(marked.clone())
    );
    let mut marked = ImageInvisibleImageWatermarkParams::new("encode_pic".into());
    (marked.origin_image, marked.logo) = (Some(scene()), Some(photo("flower.jpg")));
    marked.output_file_type = Some("png".into());
    read!(
        calls,
        "/api/image/editing/image-invisible-image-watermark",
        image.image_invisible_image_watermark(marked.clone())
    );
    let mut flowers = ImageAIFlowerWallpaperParams::new();
    flowers.name = Some("Emily".into());
    read!(
        calls,
        "/api/image/generation/ai-flower-wallpaper",
        image.image_ai_flower_wallpaper(flowers.clone())
    );
    read!(
        calls,
        "/api/portrait/effects/face-filter",
        portrait.portrait_facial_filters(PortraitFacialFiltersParams::new(
            scene(),
            "10002".into(),
            0.8
        ))
    );
}

pub async fn makeup(calls: &mut Calls) {
    let face = || photo("astronaut.png");
    read!(
        calls,
        "/api/portrait/effects/lips-color-changer",
        portrait.portrait_lips_color_changer(PortraitLipsColorChangerParams::new(
            face(),
            r#"[{"rgba": {"r": 176, "g": 22, "b": 43, "a": 80}}]"#.into()
        ))
    );
    read!(
        calls,
        "/api/portrait/effects/ai-red-lip-gloss",
        portrait.portrait_ai_red_lip_gloss(PortraitAIRedLipGlossParams::new(face()))
    );
    read!(
        calls,
        "/api/portrait/editing/ai-lip-enhancement",
        portrait.portrait_ai_lip_enhancement(PortraitAILipEnhancementParams::new(face()))
    );
    let mut lenses = PortraitAIColoredContactsParams::new(face());
    lenses.name = Some("green".into());
    read!(
        calls,
        "/api/portrait/editing/ai-colored-contacts",
        portrait.portrait_ai_colored_contacts(lenses.clone())
    );
    let mut lashes = PortraitAIEyelashesParams::new(face());
    lashes.name = Some("cat eye".into());
    read!(
        calls,
        "/api/portrait/editing/ai-eyelashes",
        portrait.portrait_ai_eyelashes(lashes.clone())
    );
    let mut shadow = PortraitAIEyeshadowTryOnParams::new(face());
    shadow.eyeshadow_style = Some("5".into());
    read!(
        calls,
        "/api/portrait/editing/ai-eyeshadow",
        portrait.portrait_ai_eyeshadow_try_on(shadow.clone())
    );
    read!(
        calls,
        "/api/portrait/editing/ai-eyebrows",
        portrait.portrait_ai_eyebrows(PortraitAIEyebrowsParams::new(face(), face()))
    );
    let mut beard = PortraitAIBeardStylingParams::new(face());
    beard.beard = Some("HeavyStubble".into());
    read!(
        calls,
        "/api/portrait/editing/ai-beard-styling",
        portrait.portrait_ai_beard_styling(beard.clone())
    );
    read!(
        calls,
        "/api/portrait/editing/ai-beard-removal",
        portrait.portrait_ai_beard_removal(PortraitAIBeardRemovalParams::new(face()))
    );
}

pub async fn hair(calls: &mut Calls) {
    let mut hair = PortraitAIHairColorParams::new(close_up());
    hair.name = Some("copper".into());
    read!(
        calls,
        "/api/portrait/editing/ai-hair-color",
        portrait.portrait_ai_hair_color(hair.clone())
    );
    let mut hair = PortraitHairstyleEditingPremiumParams::new(close_up());
    (hair.hair_style, hair.color) = (Some("original".into()), Some("blonde".into()));
    read!(
        calls,
        "/api/portrait/effects/hairstyle-editor-premium",
        portrait.portrait_hairstyle_editing_premium(hair.clone())
    );
    read!(
        calls,
        "/api/portrait/effects/hairstyle-editor-pro",
        portrait.portrait_hairstyle_editing_pro(PortraitHairstyleEditingProParams::new(
            "async".into(),
            close_up(),
            "original".into()
        ))
    );
}

pub async fn beauty(calls: &mut Calls) {
    let face = || photo("astronaut.png");
    read!(
        calls,
        "/api/portrait/effects/face-beauty",
        portrait.portrait_facial_beautification(PortraitFacialBeautificationParams::new(
            face(),
            0.2,
            0.5,
            0.2
        ))
    );
    read!(
        calls,
        "/api/portrait/effects/face-beauty-advanced",
        portrait.portrait_facial_beautification_advanced(
            PortraitFacialBeautificationAdvancedParams::new(face())
        )
    );
    read!(
        calls,
        "/api/portrait/effects/face-beauty-pro",
        portrait
            .portrait_facial_beautification_pro(PortraitFacialBeautificationProParams::new(face()))
    );
    read!(
        calls,
        "/api/portrait/effects/smart-beauty",
        portrait.portrait_intelligent_beautification(PortraitIntelligentBeautificationParams::new(
            face()
        ))
    );
    read!(
        calls,
        "/api/portrait/effects/smart-skin",
        portrait.portrait_intelligent_skin_retouching(
            PortraitIntelligentSkinRetouchingParams::new(face())
        )
    );
    read!(
        calls,
        "/api/portrait/effects/smart-skin-advanced",
        portrait.portrait_ai_skin_enhancement_advanced(
            PortraitAISkinEnhancementAdvancedParams::new(face())
        )
    );
    read!(
        calls,
        "/api/portrait/effects/smart-face-slimming",
        portrait
            .portrait_intelligent_face_slimming(PortraitIntelligentFaceSlimmingParams::new(face()))
    );
    read!(
        calls,
        "/api/portrait/effects/ai-square-face-filter",
        portrait.portrait_ai_square_face_filter(PortraitAISquareFaceFilterParams::new(face()))
    );
    read!(
        calls,
        "/api/portrait/effects/enhance-face",
        portrait.portrait_face_restoration_enhancement(
            PortraitFaceRestorationEnhancementParams::new(face())
        )
    );
}

/// The services that do nothing without an engine, which a twin has no need of.
pub async fn by_engine(calls: &mut Calls) {
    read!(
        calls,
        "/api/portrait/analysis/skin-disease-detection",
        portrait.portrait_skin_disease_detection(PortraitSkinDiseaseDetectionParams::new(photo(
            "astronaut.png"
        )))
    );
    let (face, garment) = (|| photo("astronaut.png"), || photo("coffee.png"));
    read!(
        calls,
        "/api/portrait/effects/ai-lip-bite-expressions",
        portrait.portrait_ai_lip_bite_expressions(PortraitAILipBiteExpressionsParams::new(face()))
    );
    read!(
        calls,
        "/api/portrait/editing/try-on-clothes",
        portrait.portrait_try_on_clothes(PortraitTryOnClothesParams::new(
            "async".into(),
            face(),
            garment(),
            "upper_body".into()
        ))
    );
    read!(
        calls,
        "/api/portrait/editing/try-on-clothes-pro",
        portrait.portrait_try_on_clothes_pro(PortraitTryOnClothesProParams::new(
            "async".into(),
            face(),
            garment()
        ))
    );
    read!(
        calls,
        "/api/portrait/editing/try-on-clothes-premium",
        portrait.portrait_try_on_clothes_premium(PortraitTryOnClothesPremiumParams::new(
            "async".into(),
            face(),
            garment()
        ))
    );
    read!(
        calls,
        "/api/portrait/enhance/try-on-clothes-refiner",
        portrait.portrait_try_on_clothes_refiner(PortraitTryOnClothesRefinerParams::new(
            "async".into(),
            face(),
            garment(),
            face(),
            "woman".into()
        ))
    );
}

pub async fn expressions(calls: &mut Calls) {
    let face = || photo("astronaut.png");
    read!(
        calls,
        "/api/portrait/effects/emotion-editor",
        portrait.portrait_expression_editing(PortraitExpressionEditingParams::new(face(), 13))
    );
    read!(
        calls,
        "/api/portrait/effects/emotion-editor-advanced",
        portrait.portrait_expression_editing_advanced(
            PortraitExpressionEditingAdvancedParams::new(face(), "shy_smile".into())
        )
    );
    read!(
        calls,
        "/api/portrait/effects/face-attribute-editing",
        portrait.portrait_face_attribute_editing(PortraitFaceAttributeEditingParams::new(
            face(),
            "TO_OLD".into()
        ))
    );
    read!(
        calls,
        "/api/portrait/effects/face-fusion",
        portrait.portrait_face_fusion(PortraitFaceFusionParams::new(face(), close_up()))
    );
    read!(
        calls,
        "/api/portrait/effects/live-photo",
        portrait.portrait_live_photos(PortraitLivePhotosParams::new(face()))
    );
    read!(
        calls,
        "/api/portrait/editing/ai-face-swap",
        portrait.portrait_ai_face_swap(PortraitAIFaceSwapParams::new(close_up(), face()))
    );
}
