//! Image erasure, the older form of removing objects.

use safelight_effects::complete::Options;
use safelight_imaging::Photo;
use safelight_operation::{
    CpuOperation, Input, Mask, Needs, Output, Picture, Result, Rules, Spec, Url, Work,
};

use super::OBJECTS;
use super::removal::{self, CHOICES, LIMITATIONS, MEMORY, MODELS};
use super::remove_objects::removed;
use crate::generated::{Edit, Generated};
use crate::image::encoded;

/// The service.
pub struct ImageErase;

/// Either picture.
const RULES: Rules = Rules { max_bytes: 3 * Rules::MB, ..OBJECTS };

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo.
    #[picture(RULES)]
    image: Picture,
    /// A picture of the photo's size, white where something is erased, at most 70 % of it. It is grown
    /// by 0.4 % of the long side, at least 3 pixels.
    #[mask(RULES, of = image)]
    user_mask: Mask,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The photo without what the mask showed, a JPEG; a PNG where the photo has transparency; for 24
    /// hours.
    #[output(path = "data.image_url")]
    image_url: Url,
}

impl CpuOperation for ImageErase {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/editing/image-erase",
        name: "Image Erasure",
        sign: "image_image_erase",
        pool: "image_erasure",
        price: 10,
        summary: "Removes what a mask shows from a photo: the older form of Remove Objects, which does \
                  the same.",
        limitations: LIMITATIONS,
        memory: MEMORY,
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(MODELS).with_choices(CHOICES);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let image_url = removed(&input.image, &input.user_mask, &Options::default(), work)?;
        Ok(Answer { image_url })
    }
}

impl Generated for ImageErase {
    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        removal::by_engine(&input.image, &input.user_mask, None, work)
    }

    fn answer(_: &Request, photos: Vec<Photo>, work: &Work) -> Result<Answer> {
        Ok(Answer { image_url: Url(encoded(&photos[0], work)?) })
    }
}
