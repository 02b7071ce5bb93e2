//! Portrait background removal: the people of a photo with what they wear and hold.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::{Format, Rules};
use safelight_vision::cutout;

use super::cut_out;
use crate::cutout::{ANSWER, CROP, MASK, Request, ReturnForm, WHITE, return_form};
use crate::{Choice, Declaration, FileField, Form, Memory, Mode, Param, Picture, Service, Work};

/// The service.
pub struct PortraitBackgroundRemoval;

static IMAGE: FileField = FileField::required(
    "image",
    "The photo; it shows at least one person.",
    Rules {
        formats: &[Format::Jpeg, Format::Png, Format::Bmp, Format::WebP],
        max_bytes: 3 * Rules::MB,
        min: (1, 1),
        max: (2000, 2000),
        ..Rules::ORDINARY
    },
);

static RETURN_FORM: Param<Choice<ReturnForm>> = return_form(&[MASK, WHITE, CROP]);

impl Service for PortraitBackgroundRemoval {
    type Input = Request;
    type Output = Picture;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/cutout/portrait/portrait-background-removal",
        name: "Human Background Removal",
        sign: "cutout_portrait_background_removal",
        pool: "cutout_human_body_background_removal",
        price: 1,
        summary: "Frees the people of a photo, with what they wear and hold, from their \
                  background, bystanders included. What counts as a person is borne out by a face or \
                  by joints of a body; who turns away, is cut off at the shoulders and small in the \
                  photo may be missed.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(25),
        files: &[&IMAGE],
        params: &[&RETURN_FORM],
        answer: ANSWER,
        models: cutout::PEOPLE_MODELS,
        memory: Memory { base: cutout::BASE_BYTES, per_pixel: cutout::BYTES_PER_PIXEL },
    };

    fn read(form: &Form) -> Result<Request> {
        Request::read(form, &IMAGE, &RETURN_FORM)
    }

    fn run(request: Request, work: &Work) -> Result<Picture> {
        request.answer(cut_out, work)
    }
}
