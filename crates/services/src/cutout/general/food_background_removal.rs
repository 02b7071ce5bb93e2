//! Food background removal: a dish with its plate, a drink with its cup, fruit as it lies.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::{Cutout, Photo, Rules};
use safelight_vision::cutout;
use safelight_vision::kinds::Kind;

use super::{NOTHING, salient_of_kind};
use crate::cutout::{ANSWER, MASK, Request, ReturnForm, WHITE, matted, return_form};
use crate::{Choice, Declaration, FileField, Form, Memory, Mode, Param, Picture, Service, Work};

/// The service.
pub struct FoodBackgroundRemoval;

static IMAGE: FileField = FileField::required(
    "image",
    "The photo; it shows food or drink.",
    Rules { max_bytes: 4 * Rules::MB, min: (40, 40), max: (1999, 1999), ..Rules::ORDINARY },
);

static RETURN_FORM: Param<Choice<ReturnForm>> = return_form(&[MASK, WHITE]);

impl Service for FoodBackgroundRemoval {
    type Input = Request;
    type Output = Picture;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/cutout/general/food-background-removal",
        name: "Food Background Removal",
        sign: "cutout_food_background_removal",
        pool: "cutout_food_background_removal",
        price: 1,
        summary: "Frees food or drink from its background, with the plate, bowl or cup that it is \
                  served in; the table goes. Whether a photo shows food is judged by a network of \
                  1,000 classes, some 60 of which are dishes, drinks, fruit, vegetables and what \
                  holds them: a dish unlike any of these may be refused, and a thing that looks like \
                  one may pass.",
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

/// A photo shows food where the classes of food have this much of the probability together. Photos
/// of food have most of it, others under a tenth.
const FOOD: f32 = 0.25;

/// The salient thing, if it is food: either by itself or as the photo shows it.
fn cut_out(photo: Photo, work: &Work) -> Result<Cutout> {
    let is_food = |itself: f32, whole: f32| itself.max(whole) >= FOOD;
    let refusal = "image shows no food or drink";
    let found = salient_of_kind(&photo.rgb, Kind::FOOD, is_food, refusal, work)?;
    matted(photo, &found, NOTHING, work)
}
