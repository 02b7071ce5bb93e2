//! Retouching after an example: a photo developed like another one.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::{Format, Rules, encode, retouch};

use crate::{
    Artifact, Declaration, Field, FieldKind, FileField, Form, Memory, Mode, Picture, Service,
    Upload, Work,
};

/// The service.
pub struct PhotoRetouching;

const RULES: Rules = Rules {
    formats: &[Format::Jpeg, Format::Png],
    max_bytes: 3 * Rules::MB,
    min: (32, 32),
    max: (3000, 3000),
    ..Rules::ORDINARY
};

static IMAGE: FileField = FileField::required("image", "The photo to develop.", RULES);

static STYLE: FileField = FileField::required(
    "style",
    "The picture whose tones and colours to take. Its transparent parts do not count.",
    RULES,
);

/// What a request asks for.
pub struct Input {
    image: Upload,
    style: Upload,
}

impl Service for PhotoRetouching {
    type Input = Input;
    type Output = Picture;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/image/editing/photo-retouching",
        name: "Photo Retouch",
        sign: "image_photo_retouching",
        pool: "image_photo_editing",
        price: 3,
        summary: "Carries the tones and colours of a reference picture over to a photo: lightness by \
                  its distribution, colour by optimal transport, both as one smooth change without \
                  bands.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(25),
        files: &[&IMAGE, &STYLE],
        params: &[],
        answer: &[Field::new(
            "data.image_url",
            FieldKind::Url,
            "The photo in the new look, a JPEG; a PNG where it has transparency; for 24 hours.",
        )],
        models: &[],
        // The encoded result.
        memory: Memory { base: retouch::BASE_BYTES, per_pixel: 6 },
    };

    fn read(form: &Form) -> Result<Input> {
        Ok(Input { image: IMAGE.read(form)?, style: STYLE.read(form)? })
    }

    fn run(input: Input, work: &Work) -> Result<Picture> {
        let style = input.style.decode(work)?;
        let mut photo = input.image.decode(work)?;
        work.stage("retouch", || {
            let (own, wanted) = (photo.alpha.as_ref(), style.alpha.as_ref());
            retouch::retouch(&mut photo.rgb, own, &style.rgb, wanted);
            Ok(())
        })?;
        let (bytes, format) = work.stage("encode", || encode::photo(&photo))?;
        Ok(Picture::url("image_url", Artifact { bytes, format }))
    }
}
