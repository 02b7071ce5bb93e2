//! Objects removed from a photo.

use safelight_effects::complete::Options;
use safelight_imaging::Photo;
use safelight_operation::{
    CpuOperation, Input, Mask, Needs, Output, Picture, Result, Spec, Url, Work,
};

use super::OBJECTS;
use super::removal::{self, CHOICES, LIMITATIONS, MEMORY, MODELS};
use crate::generated::{Edit, Generated};
use crate::image::encoded;

/// The service.
pub struct RemoveObjects;

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

impl CpuOperation for RemoveObjects {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/editing/remove-objects",
        name: "Remove Objects",
        sign: "image_remove_objects",
        pool: "image_remove_objects",
        price: 5,
        summary: "Removes what a mask shows from a photo, and fills the place from its surroundings.",
        limitations: LIMITATIONS,
        memory: MEMORY,
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(MODELS).with_choices(CHOICES);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let image_url = removed(&input.image, &input.mask, &Options::default(), work)?;
        Ok(Answer { image_url })
    }
}

impl Generated for RemoveObjects {
    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        removal::by_engine(&input.image, &input.mask, None, work)
    }

    fn answer(_: &Request, photos: Vec<Photo>, work: &Work) -> Result<Answer> {
        Ok(Answer { image_url: Url(encoded(&photos[0], work)?) })
    }
}

/// The photo without what the mask shows.
pub fn removed(image: &Picture, mask: &Mask, options: &Options, work: &Work) -> Result<Url> {
    let mut photo = image.decode(work)?;
    let mask = mask.decode(work)?;
    let growth = removal::usual_growth(&photo);
    removal::remove(&mut photo, &mask, growth, options, work)?;
    Ok(Url(encoded(&photo, work)?))
}
