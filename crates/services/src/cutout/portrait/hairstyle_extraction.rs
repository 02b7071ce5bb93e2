//! Hairstyle extraction: the hair of each head in a photo.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::Rules;
use safelight_vision::cutout;
use safelight_vision::face::Part;

use super::heads::{self, Pieces};
use crate::{Declaration, Field, FieldKind, FileField, Form, Memory, Mode, Service, Upload, Work};

/// The service.
pub struct HairstyleExtraction;

static IMAGE: FileField = FileField::required(
    "image",
    "The photo; it shows at least one face.",
    Rules { max_bytes: 3 * Rules::MB, min: (32, 32), max: (2000, 2000), ..Rules::ORDINARY },
);

impl Service for HairstyleExtraction {
    type Input = Upload;
    type Output = Pieces;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/cutout/portrait/hairstyle-extraction",
        name: "Hairstyle Extraction",
        sign: "cutout_hairstyle_extraction",
        pool: "cutout_hair_extraction",
        price: 1,
        summary: "Cuts out the hair of each head in a photo, without hat and beard, the largest face \
                  first: up to 20 heads whose face is at least 24 px wide and high and turned to the \
                  camera. Hair that hangs far below the chin is cut off there; hair of which a hat leaves \
                  only strands (less than 3 % of the head) counts as none.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(25),
        files: &[&IMAGE],
        params: &[],
        answer: &[
            Field::new(
                "data.elements[].image_url",
                FieldKind::Url,
                "The hair on transparent ground, trimmed to its box, a PNG, for 24 hours.",
            ),
            Field::new("data.elements[].width", FieldKind::Integer, "Width of the picture."),
            Field::new("data.elements[].height", FieldKind::Integer, "Height of the picture."),
            Field::new("data.elements[].x", FieldKind::Integer, "Its left edge in the photo."),
            Field::new("data.elements[].y", FieldKind::Integer, "Its top edge in the photo."),
        ],
        models: cutout::HEAD_MODELS,
        memory: Memory { base: cutout::BASE_BYTES, per_pixel: cutout::HEAD_BYTES_PER_PIXEL },
    };

    fn read(form: &Form) -> Result<Upload> {
        IMAGE.read(form)
    }

    fn run(image: Upload, work: &Work) -> Result<Pieces> {
        let photo = image.decode(work)?;
        heads::cut_out(
            &photo,
            &[Part::Hair],
            None,
            "image shows no head with hair and its face",
            work,
        )
    }
}
