//! Universal background removal: the subject of a photo, whatever it is, on transparent ground.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::{Format, Rules};
use safelight_vision::cutout;

use super::cut_out;
use crate::cutout::{ANSWER, CROP, MASK, Request, ReturnForm, WHITE, return_form};
use crate::{Choice, Declaration, FileField, Form, Memory, Mode, Param, Picture, Service, Work};

/// The service.
pub struct UniversalBackgroundRemoval;

static IMAGE: FileField = FileField::required(
    "image",
    "The photo.",
    Rules {
        formats: &[Format::Jpeg, Format::Png, Format::Bmp, Format::WebP],
        max_bytes: 3 * Rules::MB,
        min: (32, 32),
        max: (2000, 2000),
        ..Rules::ORDINARY
    },
);

static RETURN_FORM: Param<Choice<ReturnForm>> = return_form(&[MASK, WHITE, CROP]);

impl Service for UniversalBackgroundRemoval {
    type Input = Request;
    type Output = Picture;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/cutout/general/universal-background-removal",
        name: "Universal Background Removal",
        sign: "cutout_universal_background_removal",
        pool: "cutout_general_background_removal",
        price: 1,
        summary: "Frees the subject of a photo, whatever it is, from its background.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(25),
        files: &[&IMAGE],
        params: &[&RETURN_FORM],
        answer: ANSWER,
        models: cutout::MODELS,
        memory: Memory { base: cutout::BASE_BYTES, per_pixel: cutout::BYTES_PER_PIXEL },
    };

    fn read(form: &Form) -> Result<Request> {
        Request::read(form, &IMAGE, &RETURN_FORM)
    }

    fn run(request: Request, work: &Work) -> Result<Picture> {
        request.answer(cut_out, work)
    }
}
