//! Objects removed from a photo, with more time.

use safelight_effects::complete::{Options, Reach};
use safelight_imaging::Photo;
use safelight_operation::{
    CpuOperation, Input, Mask, Needs, Output, Picture, Result, Spec, Url, Work,
};

use super::OBJECTS;
use super::removal::{self, CHOICES, LIMITATIONS, MEMORY, MODELS};
use super::remove_objects::removed;
use crate::generated::{Edit, Generated};
use crate::image::encoded;

/// The service.
pub struct RemoveObjectsPro;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo.
    #[picture(OBJECTS)]
    image: Picture,
    /// A picture of the photo's size, white where something is removed, at most 70 % of it. It is grown
    /// by 0.4 % of the long side, at least 3 pixels.
    #[mask(OBJECTS, of = image)]
    mask: Mask,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The photo without what the mask showed, a JPEG; a PNG where the photo has transparency; for 24
    /// hours.
    #[output(path = "data.image_url")]
    image_url: Url,
}

impl CpuOperation for RemoveObjectsPro {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/editing/remove-objects-pro",
        name: "Remove Objects Pro",
        sign: "image_remove_objects_pro",
        pool: "image_remove_objects_pro",
        price: 35,
        summary: "Removes what a mask shows from a photo as Remove Objects does, with twice the rounds, \
                  and after a trial beside the mask of how far away to copy from.",
        limitations: LIMITATIONS,
        memory: MEMORY,
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(MODELS).with_choices(CHOICES);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let options = Options { reach: Reach::Tried, rounds: 2.0, ..Options::default() };
        let image_url = removed(&input.image, &input.mask, &options, work)?;
        Ok(Answer { image_url })
    }
}

impl Generated for RemoveObjectsPro {
    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        removal::by_engine(&input.image, &input.mask, None, work)
    }

    fn answer(_: &Request, photos: Vec<Photo>, work: &Work) -> Result<Answer> {
        Ok(Answer { image_url: Url(encoded(&photos[0], work)?) })
    }
}
