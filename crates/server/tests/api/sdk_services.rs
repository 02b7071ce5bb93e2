//! Every service that ships, through the vendor's SDK for Rust, unmodified: each answer must be read
//! into the types that the SDK has for it. A twin answers every property that is declared, those too that few
//! photos have.

use std::collections::BTreeSet;
use std::time::Duration;

use ailabtools::generated::params::*;
use ailabtools::{Client, FileInput, WaitForTaskOptions};
use safelight_imaging::resize::{self, Filter};
use safelight_imaging::{decode, encode, probe};
use safelight_services::CATALOG;

use crate::common::{PATIENCE, TestServer};

fn photo(name: &str) -> FileInput {
    FileInput::from_bytes(safelight_testkit::photo(name), "photo", None)
}

/// A photo of 240 pixels: samples have the size of what is sent.
fn thumbnail(name: &str) -> FileInput {
    let bytes = safelight_testkit::photo(name);
    let photo = decode(&bytes, &probe(&bytes).expect("a picture")).expect("a picture").rgb;
    let height = 240 * photo.height() / photo.width();
    let small = resize::rgb(&photo, 240, height, Filter::Lanczos3);
    FileInput::from_bytes(encode::jpeg(&small, 95).expect("a file"), "photo.jpg", None)
}

/// The face of the portrait as a JPEG, which some services take alone.
fn close_up() -> FileInput {
    let bytes = safelight_testkit::photo("astronaut.png");
    let header = probe(&bytes).expect("a picture");
    let portrait = decode(&bytes, &header).expect("a picture").rgb;
    let face = resize::rgb_part(&portrait, [124, 0, 200, 240], 400, 480, Filter::Lanczos3);
    FileInput::from_bytes(encode::jpeg(&face, 95).expect("a file"), "face.jpg", None)
}

/// Follows the tasks of asynchronous services and keeps account of what was called.
struct Calls {
    client: Client,
    called: BTreeSet<&'static str>,
}

impl Calls {
    fn ships(&self, path: &str) -> bool {
        CATALOG.iter().any(|entry| entry.spec().path == path)
    }

    async fn follow(&self, task: &str) {
        let options = WaitForTaskOptions {
            interval: Duration::from_millis(50),
            timeout: PATIENCE,
            raise_on_failed: true,
        };
        let done = self.client.wait_for_task(task, Some(options)).await.expect("done");
        assert_eq!(done.task_status, Some(2));
        let in_data = done.data.is_some_and(|data| !data.extra.is_empty());
        assert!(in_data || done.extra.contains_key("output"));
    }
}

/// Calls a method of the SDK where its service ships; the answer is a success in its types.
macro_rules! read {
    ($calls:ident, $path:literal, $group:ident . $method:ident ( $params:expr )) => {
        if $calls.ships($path) {
            let answer = $calls.client.$group.$method($params).await;
            let answer = answer.unwrap_or_else(|error| panic!("{}: {error}", $path));
            assert_eq!(answer.error_code, Some(0), $path);
            if let Some(task) = &answer.task_id {
                $calls.follow(task).await;
            }
            $calls.called.insert($path);
        }
    };
}

mod drawings;
mod effects;
mod shapes;

fn calls(server: &TestServer) -> Calls {
    let client = Client::builder(&server.key).base_url(&server.base).timeout(PATIENCE);
    let client = client.build().expect("client");
    Calls { client, called: BTreeSet::new() }
}

#[tokio::test]
async fn every_answer_is_read_into_its_type() {
    let server = TestServer::twin().await;
    let mut calls = calls(&server);
    cutouts(&mut calls).await;
    pictures(&mut calls).await;
    portraits(&mut calls).await;
    effects::scenes(&mut calls).await;
    effects::makeup(&mut calls).await;
    effects::hair(&mut calls).await;
    effects::beauty(&mut calls).await;
    effects::by_engine(&mut calls).await;
    effects::expressions(&mut calls).await;
    shapes::all(&mut calls).await;
    drawings::drawings(&mut calls).await;
    // What is Safelight's own, the vendor's SDK does not know.
    let own = ["/api/image/moderation/", "/api/image/ocr/", "/api/portrait/liveness/"];
    let own = |path: &&str| own.iter().any(|own| path.starts_with(own));
    let ships = CATALOG.iter().map(|entry| entry.spec().path).filter(|path| !own(path));
    let ships: BTreeSet<_> = ships.collect();
    assert_eq!(calls.called, ships, "a service ships that this test does not call");
}

async fn cutouts(calls: &mut Calls) {
    let (face, cup) = (|| photo("astronaut.png"), || thumbnail("coffee.png"));
    read!(
        calls,
        "/api/cutout/general/apparel-background-removal",
        cutout
            .cutout_clothing_background_removal(CutoutClothingBackgroundRemovalParams::new(face()))
    );
    read!(
        calls,
        "/api/cutout/general/commodity-background-removal",
        cutout.cutout_product_background_removal(CutoutProductBackgroundRemovalParams::new(cup()))
    );
    read!(
        calls,
        "/api/cutout/general/food-background-removal",
        cutout.cutout_food_background_removal(CutoutFoodBackgroundRemovalParams::new(cup()))
    );
    read!(
        calls,
        "/api/cutout/general/universal-background-removal",
        cutout.cutout_universal_background_removal(CutoutUniversalBackgroundRemovalParams::new(
            cup()
        ))
    );
    read!(
        calls,
        "/api/cutout/general/hd-universal-background-removal",
        cutout.cutout_hd_universal_background_removal(
            CutoutHDUniversalBackgroundRemovalParams::new(cup())
        )
    );
    read!(
        calls,
        "/api/cutout/portrait/avatar-extraction",
        cutout.cutout_avatar_extraction(CutoutAvatarExtractionParams::new(face()))
    );
    read!(
        calls,
        "/api/cutout/portrait/hairstyle-extraction",
        cutout.cutout_hair_extraction(CutoutHairExtractionParams::new(face()))
    );
    read!(
        calls,
        "/api/cutout/portrait/portrait-background-removal",
        cutout.cutout_human_background_removal(CutoutHumanBackgroundRemovalParams::new(face()))
    );
    read!(
        calls,
        "/api/cutout/portrait/hd-portrait-background-removal",
        cutout.cutout_hd_human_body_background_removal(
            CutoutHDHumanBodyBackgroundRemovalParams::new(face())
        )
    );
}

async fn pictures(calls: &mut Calls) {
    let (one, other) = (|| thumbnail("china.jpg"), || thumbnail("flower.jpg"));
    read!(
        calls,
        "/api/image/editing/image-cropping",
        image.image_ai_image_cropping(ImageAIImageCroppingParams::new(one(), 200, 200))
    );
    read!(
        calls,
        "/api/image/editing/intelligent-composition",
        image.image_intelligent_composition(ImageIntelligentCompositionParams::new(one()))
    );
    read!(
        calls,
        "/api/image/editing/photo-retouching",
        image.image_photo_editing(ImagePhotoEditingParams::new(one(), other()))
    );
    read!(
        calls,
        "/api/image/effects/image-style-conversion",
        image.image_style_transfer(ImageStyleTransferParams::new(one(), "cartoon".into()))
    );
    read!(
        calls,
        "/api/image/effects/image-style-migration",
        image.image_style_migration(ImageStyleMigrationParams::new(other(), one()))
    );
    read!(
        calls,
        "/api/image/effects/photo-to-line-art",
        image.image_photo_to_coloring_page(ImagePhotoToColoringPageParams::new(one()))
    );
    read!(
        calls,
        "/api/image/enhance/image-color-enhancement",
        image.image_color_enhancement(ImageColorEnhancementParams::new(
            one(),
            "png".into(),
            "Rec709".into()
        ))
    );
    read!(
        calls,
        "/api/image/enhance/image-contrast-enhancement",
        image.image_contrast_enhancement(ImageContrastEnhancementParams::new(one()))
    );
    read!(
        calls,
        "/api/image/enhance/image-defogging",
        image.image_dehaze(ImageDehazeParams::new(one()))
    );
    read!(
        calls,
        "/api/image/enhance/image-lossless-enlargement",
        image.image_lossless_enlargement(ImageLosslessEnlargementParams::new(one()))
    );
    read!(
        calls,
        "/api/image/enhance/image-sharpness-enhancement",
        image.image_clarity_enhancement(ImageClarityEnhancementParams::new(one()))
    );
    read!(
        calls,
        "/api/image/enhance/stretch-image-recovery",
        image.image_distortion_correction(ImageDistortionCorrectionParams::new(one()))
    );
    read!(
        calls,
        "/api/image/rating/image-composition-aesthetics-scoring",
        image.image_composition_aesthetics_score(ImageCompositionAestheticsScoreParams::new(one()))
    );
    read!(
        calls,
        "/api/image/rating/image-exposure-score",
        image.image_exposure_rating(ImageExposureRatingParams::new(one()))
    );
}

async fn portraits(calls: &mut Calls) {
    let face = || photo("astronaut.png");
    read!(
        calls,
        "/api/portrait/analysis/ai-face-rating",
        portrait.portrait_ai_face_rating(PortraitAIFaceRatingParams::new(close_up()))
    );
    read!(
        calls,
        "/api/portrait/analysis/face-analyzer",
        portrait.portrait_face_analyzer(PortraitFaceAnalyzerParams::new(face()))
    );
    read!(
        calls,
        "/api/portrait/analysis/face-analyzer-advanced",
        portrait.portrait_face_analyzer_advanced(PortraitFaceAnalyzerAdvancedParams::new(face()))
    );
    read!(
        calls,
        "/api/portrait/analysis/face-key-points",
        portrait.portrait_facial_landmarks(PortraitFacialLandmarksParams::new(face()))
    );
    read!(
        calls,
        "/api/portrait/analysis/skin-analysis",
        portrait.portrait_skin_analysis_basic(PortraitSkinAnalysisBasicParams::new(close_up()))
    );
    read!(
        calls,
        "/api/portrait/analysis/skin-analysis-advanced",
        portrait
            .portrait_skin_analysis_advanced(PortraitSkinAnalysisAdvancedParams::new(close_up()))
    );
    read!(
        calls,
        "/api/portrait/analysis/skin-analysis-pro",
        portrait.portrait_skin_analysis_professional(PortraitSkinAnalysisProfessionalParams::new(
            close_up()
        ))
    );
    read!(
        calls,
        "/api/portrait/effects/blurred-faces",
        portrait.portrait_facial_blurring(PortraitFacialBlurringParams::new(face()))
    );
}
