//! Commodity background removal: the goods of a product photo, without their shadow.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::{Cutout, Photo, Rules, erase_reflection};
use safelight_vision::cutout;
use safelight_vision::kinds::Kind;

use super::{NOTHING, salient_of_kind};
use crate::cutout::{ANSWER, CROP, MASK, Request, ReturnForm, WHITE, matted, return_form};
use crate::{Choice, Declaration, FileField, Form, Memory, Mode, Param, Picture, Service, Work};

/// The service.
pub struct CommodityBackgroundRemoval;

static IMAGE: FileField = FileField::required(
    "image",
    "The photo; it shows goods.",
    Rules { max_bytes: 3 * Rules::MB, min: (1, 1), max: (2000, 2000), ..Rules::ORDINARY },
);

static RETURN_FORM: Param<Choice<ReturnForm>> = return_form(&[MASK, WHITE, CROP]);

impl Service for CommodityBackgroundRemoval {
    type Input = Request;
    type Output = Picture;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/cutout/general/commodity-background-removal",
        name: "Product Background Removal",
        sign: "cutout_commodity_background_removal",
        pool: "cutout_product_background_removal",
        price: 1,
        summary: "Frees goods from their background; the shadow that they cast goes, and their \
                  mirror image below them where it shows their detail more faintly. Whatever thing \
                  stands out passes for goods; an animal does not, as far as a network of 1,000 \
                  classes tells a live one.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(25),
        files: &[&IMAGE],
        params: &[&RETURN_FORM],
        answer: ANSWER,
        models: cutout::KIND_MODELS,
        memory: Memory { base: cutout::BASE_BYTES, per_pixel: cutout::BYTES_PER_PIXEL },
    };

    fn read(form: &Form) -> Result<Request> {
        Request::read(form, &IMAGE, &RETURN_FORM)
    }

    fn run(request: Request, work: &Work) -> Result<Picture> {
        request.answer(cut_out, work)
    }
}

/// The subject is an animal where the classes of animals have this much of the probability together.
const ANIMAL: f32 = 0.6;

/// The salient thing without its mirror image, unless it is alive.
fn cut_out(photo: Photo, work: &Work) -> Result<Cutout> {
    let is_no_animal = |itself: f32, whole: f32| itself.min(whole) < ANIMAL;
    let refusal = "image shows an animal and no goods";
    let mut found = salient_of_kind(&photo.rgb, Kind::ANIMAL, is_no_animal, refusal, work)?;
    work.stage("reflection", || {
        erase_reflection(&mut found.mask, &photo.rgb, found.region);
        Ok(())
    })?;
    matted(photo, &found, NOTHING, work)
}
