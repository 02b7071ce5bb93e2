//! Commodity background removal: the goods of a product photo, without their shadow.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::{Cutout, Format, Photo, Region, Rules};
use safelight_vision::cutout;
use safelight_vision::kinds::Kind;

use super::NOTHING;
use crate::cutout::{CROP, MASK, RETURN_FORM_DOC, ReturnForm, WHITE, matted, no_target, picture};
use crate::{
    Choice, Declaration, Field, FieldKind, FileField, Form, Memory, Mode, Optional, Param, Picture,
    Service, Upload, Work,
};

/// The service.
pub struct CommodityBackgroundRemoval;

static IMAGE: FileField = FileField {
    name: "image",
    doc: "The photo; it shows goods.",
    required: true,
    rules: Rules {
        formats: &[Format::Jpeg, Format::Png, Format::Bmp],
        max_bytes: 3 * Rules::MB,
        min: (1, 1),
        max: (2000, 2000),
        max_aspect: None,
        grayscale: true,
    },
};

static RETURN_FORM: Param<Choice<ReturnForm>> = Param {
    name: "return_form",
    doc: RETURN_FORM_DOC,
    kind: Choice(&[MASK, WHITE, CROP]),
    presence: Optional,
};

/// What a request asks for.
pub struct Input {
    image: Upload,
    return_form: Option<ReturnForm>,
}

impl Service for CommodityBackgroundRemoval {
    type Input = Input;
    type Output = Picture;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/cutout/general/commodity-background-removal",
        name: "Product Background Removal",
        sign: "cutout_commodity_background_removal",
        pool: "cutout_product_background_removal",
        price: 1,
        summary: "Frees goods from their background; the shadow that they cast goes, and as a rule \
                  their reflection. Whatever thing stands out passes for goods; an animal does not, \
                  as far as a network of 1,000 classes tells a live one.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(25),
        files: &[&IMAGE],
        params: &[&RETURN_FORM],
        answer: &[Field::new(
            "data.image_url",
            FieldKind::Url,
            "The result picture, a PNG, for 24 hours.",
        )],
        models: cutout::KIND_MODELS,
        memory: Memory { base: cutout::BASE_BYTES, per_pixel: cutout::BYTES_PER_PIXEL },
    };

    fn read(form: &Form) -> Result<Input> {
        Ok(Input { image: IMAGE.read(form)?, return_form: RETURN_FORM.read(form)? })
    }

    fn run(input: Input, work: &Work) -> Result<Picture> {
        let photo = input.image.decode(work)?;
        let cutout = cut_out(photo, work)?;
        let made = work.stage("encode", || picture(cutout, input.return_form))?;
        Ok(Picture::url("image_url", made))
    }
}

/// The subject is an animal where the classes of animals have this much of the probability together.
const ANIMAL: f32 = 0.6;

/// The salient thing, unless it is alive.
fn cut_out(photo: Photo, work: &Work) -> Result<Cutout> {
    let found = work.stage("saliency", || work.vision.salient(&photo.rgb))?;
    if !found.shows_something() {
        return Err(no_target(NOTHING));
    }
    let animal = work.stage("kind", || {
        let itself = work.vision.kinds(&photo.rgb, found.region)?.share(Kind::ANIMAL);
        let whole = work.vision.kinds(&photo.rgb, Region::whole(&photo.rgb))?.share(Kind::ANIMAL);
        Ok(itself.min(whole))
    })?;
    if animal >= ANIMAL {
        return Err(no_target("image shows an animal and no goods"));
    }
    matted(photo, &found, NOTHING, work)
}
