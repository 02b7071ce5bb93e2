//! The vendor's SDK for Python: which of its methods call which service. From release 0.5.4; the tests of the SDK hold
//! this table to it.

/// The path of a service and the name of the method, in the part of the client that the path's second segment names.
const METHODS: [(&str, &str); 88] = [
    ("/api/cutout/general/apparel-background-removal", "cutoutClothingBackgroundRemoval"),
    ("/api/cutout/general/commodity-background-removal", "cutoutProductBackgroundRemoval"),
    ("/api/cutout/general/food-background-removal", "cutoutFoodBackgroundRemoval"),
    ("/api/cutout/general/hd-universal-background-removal", "cutoutHDUniversalBackgroundRemoval"),
    ("/api/cutout/general/universal-background-removal", "cutoutUniversalBackgroundRemoval"),
    ("/api/cutout/portrait/avatar-extraction", "cutoutAvatarExtraction"),
    ("/api/cutout/portrait/hairstyle-extraction", "cutoutHairExtraction"),
    ("/api/cutout/portrait/hd-portrait-background-removal", "cutoutHdHumanBodyBackgroundRemoval"),
    ("/api/cutout/portrait/portrait-background-removal", "cutoutHumanBackgroundRemoval"),
    ("/api/image/editing/ai-image-extender", "imageAiImageExtender"),
    ("/api/image/editing/ai-nail-art", "imageAINailArt"),
    ("/api/image/editing/ai-nail-art-pro", "imageAINailArtPro"),
    ("/api/image/editing/ai-object-replacer", "imageAiObjectReplacer"),
    ("/api/image/editing/image-cropping", "imageAIImageCropping"),
    ("/api/image/editing/image-erase", "imageErasure"),
    ("/api/image/editing/image-invisible-image-watermark", "imageInvisibleImageWatermark"),
    ("/api/image/editing/image-invisible-text-watermarking", "imageInvisibleTextWatermark"),
    ("/api/image/editing/intelligent-composition", "imageIntelligentComposition"),
    ("/api/image/editing/photo-retouching", "imagePhotoEditing"),
    ("/api/image/editing/remove-objects", "imageRemoveObjects"),
    ("/api/image/editing/remove-objects-advanced", "imageRemoveObjectsAdvanced"),
    ("/api/image/editing/remove-objects-pro", "imageRemoveObjectsPro"),
    ("/api/image/effects/ai-anime-generator", "imageAICartoonGenerator"),
    ("/api/image/effects/ai-photography", "imageAIPhotography"),
    ("/api/image/effects/image-colorization", "imageColoring"),
    ("/api/image/effects/image-style-conversion", "imageStyleTransfer"),
    ("/api/image/effects/image-style-migration", "imageStyleMigration"),
    ("/api/image/effects/photo-to-emoji-grid", "imageAIEmojiGenerator"),
    ("/api/image/effects/photo-to-line-art", "imagePhotoToColoringPage"),
    ("/api/image/enhance/image-color-enhancement", "imageColorEnhancement"),
    ("/api/image/enhance/image-contrast-enhancement", "imageContrastEnhancement"),
    ("/api/image/enhance/image-defogging", "imageDehaze"),
    ("/api/image/enhance/image-lossless-enlargement", "imageLosslessEnlargement"),
    ("/api/image/enhance/image-sharpness-enhancement", "imageClarityEnhancement"),
    ("/api/image/enhance/stretch-image-recovery", "imageDistortionCorrection"),
    ("/api/image/generation/ai-flower-wallpaper", "imageAIFlowerWallpaper"),
    ("/api/image/rating/image-composition-aesthetics-scoring", "imageCompositionAestheticsScore"),
    ("/api/image/rating/image-exposure-score", "imageExposureRating"),
    ("/api/portrait/analysis/ai-face-rating", "portraitAIFaceRating"),
    ("/api/portrait/analysis/face-analyzer", "portraitFaceAnalyzer"),
    ("/api/portrait/analysis/face-analyzer-advanced", "portraitFaceAnalyzerAdvanced"),
    ("/api/portrait/analysis/face-key-points", "portraitFacialLandmarks"),
    ("/api/portrait/analysis/skin-analysis", "portraitSkinAnalysisBasic"),
    ("/api/portrait/analysis/skin-analysis-advanced", "portraitSkinAnalysisAdvanced"),
    ("/api/portrait/analysis/skin-analysis-pro", "portraitSkinAnalysisProfessional"),
    ("/api/portrait/analysis/skin-disease-detection", "portraitSkinDiseaseDetection"),
    ("/api/portrait/editing/ai-bald", "portraitAIBald"),
    ("/api/portrait/editing/ai-beard-removal", "portraitAIBeardRemoval"),
    ("/api/portrait/editing/ai-beard-styling", "portraitAIBeardStyling"),
    ("/api/portrait/editing/ai-colored-contacts", "portraitAIColoredContacts"),
    ("/api/portrait/editing/ai-eyebrows", "portraitAIEyebrows"),
    ("/api/portrait/editing/ai-eyelashes", "portraitAIEyelashes"),
    ("/api/portrait/editing/ai-eyeshadow", "portraitAIEyeshadowTryOn"),
    ("/api/portrait/editing/ai-face-swap", "portraitAIFaceSwap"),
    ("/api/portrait/editing/ai-fat-filter", "portraitAIFatFilter"),
    ("/api/portrait/editing/ai-hair-color", "portraitAIHairColor"),
    ("/api/portrait/editing/ai-hair-loss-simulation", "portraitAIHairLossSimulation"),
    ("/api/portrait/editing/ai-lip-enhancement", "portraitAILipEnhancement"),
    ("/api/portrait/editing/ai-waist-slimming", "portraitAIWaistSlimming"),
    ("/api/portrait/editing/try-on-clothes", "portraitTryOnClothes"),
    ("/api/portrait/editing/try-on-clothes-premium", "portraitTryOnClothesPremium"),
    ("/api/portrait/editing/try-on-clothes-pro", "portraitTryOnClothesPro"),
    ("/api/portrait/effects/ai-big-head-effect", "portraitAIBigHeadEffect"),
    ("/api/portrait/effects/ai-halloween-mask", "portraitAIHalloweenMask"),
    ("/api/portrait/effects/ai-lip-bite-expressions", "portraitAILipBiteExpressions"),
    ("/api/portrait/effects/ai-red-lip-gloss", "portraitAIRedLipGloss"),
    ("/api/portrait/effects/ai-square-face-filter", "portraitAISquareFaceFilter"),
    ("/api/portrait/effects/blurred-faces", "portraitFacialBlurring"),
    ("/api/portrait/effects/emotion-editor", "portraitExpressionEditing"),
    ("/api/portrait/effects/emotion-editor-advanced", "portraitExpressionEditingAdvanced"),
    ("/api/portrait/effects/enhance-face", "portraitFaceRestorationEnhancement"),
    ("/api/portrait/effects/face-attribute-editing", "portraitFaceAttributeEditing"),
    ("/api/portrait/effects/face-beauty", "portraitFacialBeautification"),
    ("/api/portrait/effects/face-beauty-advanced", "portraitFacialBeautificationAdvanced"),
    ("/api/portrait/effects/face-beauty-pro", "portraitFacialBeautificationPro"),
    ("/api/portrait/effects/face-filter", "portraitFacialFilters"),
    ("/api/portrait/effects/face-fusion", "portraitFaceFusion"),
    ("/api/portrait/effects/hairstyle-editor", "portraitHairstyleEditing"),
    ("/api/portrait/effects/hairstyle-editor-premium", "portraitHairstyleEditingPremium"),
    ("/api/portrait/effects/hairstyle-editor-pro", "portraitHairstyleEditingPro"),
    ("/api/portrait/effects/lips-color-changer", "portraitLipsColorChanger"),
    ("/api/portrait/effects/live-photo", "portraitLivePhotos"),
    ("/api/portrait/effects/portrait-animation", "portraitCartoonYourself"),
    ("/api/portrait/effects/smart-beauty", "portraitIntelligentBeautification"),
    ("/api/portrait/effects/smart-face-slimming", "portraitIntelligentFaceSlimming"),
    ("/api/portrait/effects/smart-skin", "portraitIntelligentSkinRetouching"),
    ("/api/portrait/effects/smart-skin-advanced", "portraitAISkinEnhancementAdvanced"),
    ("/api/portrait/enhance/try-on-clothes-refiner", "portraitTryOnClothesRefiner"),
];

/// How a service is called: `<part>.<method>` of a client; `None` where the SDK does not know it.
pub fn method(path: &str) -> Option<String> {
    let (_, method) = METHODS.iter().find(|(known, _)| *known == path)?;
    let part = path.split('/').nth(2)?;
    Some(format!("{part}.{method}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_named_with_its_part_of_the_client() {
        let cutout = method("/api/cutout/general/universal-background-removal");
        assert_eq!(cutout.as_deref(), Some("cutout.cutoutUniversalBackgroundRemoval"));
        assert_eq!(method("/api/test/sync"), None);
    }
}
