//! The services that draw, called as the parent module does.

use ailabtools::generated::params::*;

use super::{Calls, photo};

pub async fn drawings(calls: &mut Calls) {
    let face = || photo("astronaut.png");
    read!(
        calls,
        "/api/image/effects/ai-anime-generator",
        image.image_ai_cartoon_generator(ImageAICartoonGeneratorParams::new(
            "async".into(),
            face(),
            2
        ))
    );
    read!(
        calls,
        "/api/image/effects/ai-photography",
        image.image_ai_photography(ImageAIPhotographyParams::new(
            face(),
            "cinematic".into(),
            "blurred background".into()
        ))
    );
    read!(
        calls,
        "/api/image/effects/photo-to-emoji-grid",
        image.image_ai_emoji_generator(ImageAIEmojiGeneratorParams::new(
            face(),
            "happy".into(),
            "cartoon".into(),
            "birthday".into()
        ))
    );
    read!(
        calls,
        "/api/portrait/effects/portrait-animation",
        portrait.portrait_cartoon_yourself(PortraitCartoonYourselfParams::new(
            face(),
            "classic_cartoon".into()
        ))
    );
    let mut paint = PortraitAIHalloweenMaskParams::new(face());
    paint.mask_style = Some("6".into());
    read!(
        calls,
        "/api/portrait/effects/ai-halloween-mask",
        portrait.portrait_ai_halloween_mask(paint.clone())
    );
}
