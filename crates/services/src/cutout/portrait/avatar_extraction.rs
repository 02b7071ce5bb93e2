//! Avatar extraction: each head of a photo with its hair and neck.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::Rules;
use safelight_vision::cutout;
use safelight_vision::heads::HEAD;

use super::heads::{self, Pieces};
use crate::cutout::{MASK, Request, ReturnForm, return_form};
use crate::{
    Choice, Declaration, Field, FieldKind, FileField, Form, Memory, Mode, Param, Service, Work,
};

/// The service.
pub struct AvatarExtraction;

static IMAGE: FileField = FileField::required(
    "image",
    "The photo; it shows at least one face.",
    Rules { max_bytes: 3 * Rules::MB, min: (32, 32), max: (2000, 2000), ..Rules::ORDINARY },
);

static RETURN_FORM: Param<Choice<ReturnForm>> = return_form(&[MASK]);

impl Service for AvatarExtraction {
    type Input = Request;
    type Output = Pieces;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/cutout/portrait/avatar-extraction",
        name: "Head Extraction",
        sign: "cutout_avatar_extraction",
        pool: "cutout_avatar_extraction",
        price: 1,
        summary: "Cuts out each head of a photo with its hair, hat and neck, the largest face first: \
                  up to 20 heads whose face is at least 24 px wide and high and turned to the \
                  camera. Hair that hangs far below the chin is cut off there.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(25),
        files: &[&IMAGE],
        params: &[&RETURN_FORM],
        answer: &[
            Field::new(
                "data.elements[].image_url",
                FieldKind::Url,
                "The head on transparent ground, trimmed to its box, a PNG, for 24 hours.",
            ),
            Field::new("data.elements[].width", FieldKind::Integer, "Width of the picture."),
            Field::new("data.elements[].height", FieldKind::Integer, "Height of the picture."),
            Field::new("data.elements[].x", FieldKind::Integer, "Its left edge in the photo."),
            Field::new("data.elements[].y", FieldKind::Integer, "Its top edge in the photo."),
        ],
        models: cutout::HEAD_MODELS,
        memory: Memory { base: cutout::BASE_BYTES, per_pixel: cutout::HEAD_BYTES_PER_PIXEL },
    };

    fn read(form: &Form) -> Result<Request> {
        Request::read(form, &IMAGE, &RETURN_FORM)
    }

    fn run(request: Request, work: &Work) -> Result<Pieces> {
        let photo = request.image.decode(work)?;
        heads::cut_out(&photo, HEAD, request.return_form, "image shows no head with its face", work)
    }
}
