//! The services that change bodies, heads, hair and nails, called as the parent module does.

use ailabtools::FileInput;
use ailabtools::generated::params::*;
use safelight_imaging::{decode, encode, probe};

use super::{Calls, photo};

/// The portrait without colour.
fn gray() -> FileInput {
    let bytes = safelight_testkit::photo("astronaut.png");
    let header = probe(&bytes).expect("a picture");
    let mut portrait = decode(&bytes, &header).expect("a picture").rgb;
    portrait.as_chunks_mut::<3>().0.iter_mut().for_each(|pixel| *pixel = [pixel[1]; 3]);
    FileInput::from_bytes(encode::jpeg(&portrait, 95).expect("a file"), "gray.jpg", None)
}

pub async fn all(calls: &mut Calls) {
    let (person, head, hand) =
        (|| photo("standing.png"), || photo("short_hair.png"), || photo("hand.png"));
    read!(
        calls,
        "/api/portrait/editing/ai-waist-slimming",
        portrait.portrait_ai_waist_slimming(PortraitAIWaistSlimmingParams::new(person()))
    );
    read!(
        calls,
        "/api/portrait/editing/ai-fat-filter",
        portrait.portrait_ai_fat_filter(PortraitAIFatFilterParams::new(person()))
    );
    read!(
        calls,
        "/api/portrait/effects/ai-big-head-effect",
        portrait.portrait_ai_big_head_effect(PortraitAIBigHeadEffectParams::new(person()))
    );
    read!(
        calls,
        "/api/image/effects/image-colorization",
        image.image_coloring(ImageColoringParams::new(gray()))
    );
    read!(
        calls,
        "/api/portrait/editing/ai-hair-loss-simulation",
        portrait.portrait_ai_hair_loss_simulation(PortraitAIHairLossSimulationParams::new(
            head(),
            "man_3".into()
        ))
    );
    read!(
        calls,
        "/api/portrait/editing/ai-bald",
        portrait.portrait_ai_bald(PortraitAIBaldParams::new(head()))
    );
    let mut blonde = PortraitHairstyleEditingParams::new(photo("astronaut.png"));
    blonde.hair_type = Some(801);
    read!(
        calls,
        "/api/portrait/effects/hairstyle-editor",
        portrait.portrait_hairstyle_editing(blonde.clone())
    );
    read!(
        calls,
        "/api/image/editing/ai-nail-art",
        image.image_ai_nail_art(ImageAINailArtParams::new(hand(), "French".into(), "nude".into()))
    );
    read!(
        calls,
        "/api/image/editing/ai-nail-art-pro",
        image.image_ai_nail_art_pro(ImageAINailArtProParams::new(hand(), photo("flower.jpg")))
    );
}
