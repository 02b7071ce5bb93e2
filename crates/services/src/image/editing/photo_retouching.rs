//! Retouching after an example: a photo developed like another one.

use safelight_imaging::{Format, retouch};
use safelight_operation::{
    CpuOperation, Input, Memory, Needs, Output, Picture, Result, Rules, Spec, Url, Work,
};
use safelight_vision::face::models;

use crate::image::encoded;

/// The service.
pub struct PhotoRetouching;

/// Either picture.
const RULES: Rules = Rules {
    formats: &[Format::Jpeg, Format::Png],
    max_bytes: 3 * Rules::MB,
    min: (32, 32),
    max: (3000, 3000),
    ..Rules::ORDINARY
};

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo to develop.
    #[picture(RULES)]
    image: Picture,
    /// The picture whose tones and colours to take. Its transparent parts do not count.
    #[picture(RULES)]
    style: Picture,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The photo in the new look, a JPEG; a PNG where it has transparency; for 24 hours.
    #[output(path = "data.image_url")]
    image_url: Url,
}

impl CpuOperation for PhotoRetouching {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/editing/photo-retouching",
        name: "Photo Retouch",
        sign: "image_photo_retouching",
        pool: "image_photo_editing",
        price: 3,
        summary: "Carries the tones and colours of a reference picture over to a photo: lightness by \
                  its distribution, colour by optimal transport, both as one smooth change without \
                  bands. Where a face is seen, skin keeps its hue within 8 degrees.",
        // The copies that the detector looks at; the encoded result.
        memory: Memory { base: retouch::BASE_BYTES + (48 << 20), per_pixel: 6 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(&[models::DETECTION]);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let style = input.style.decode(work)?;
        let mut photo = input.image.decode(work)?;
        let faces = work.stage("detect", || work.vision.detect_large_faces(&photo.rgb))?;
        work.stage("retouch", || {
            let (own, wanted) = (photo.alpha.as_ref(), style.alpha.as_ref());
            retouch::retouch(&mut photo.rgb, own, &style.rgb, wanted, !faces.is_empty());
            Ok(())
        })?;
        Ok(Answer { image_url: Url(encoded(&photo, work)?) })
    }
}
