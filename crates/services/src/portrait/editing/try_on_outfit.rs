//! A top, or a top and a garment below it, as two services try them on: they differ in price and in the
//! engine that the operator names for each.

use safelight_contract::Result;
use safelight_imaging::Photo;
use safelight_operation::{Input, Picture, Work};

use super::try_on::{self, GARMENT, ImageOutput, RESOLUTIONS, Resolution};
use crate::generated::Edit;
use crate::generated::areas::Dress;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// One person from the front, with clothes that are seen.
    #[picture(GARMENT)]
    person_image: Picture,
    /// The top or the dress, laid flat.
    #[picture(GARMENT)]
    top_garment: Picture,
    /// Trousers or a skirt, laid flat. Without it the engine invents what is below a top.
    #[picture(GARMENT)]
    bottom_garment: Option<Picture>,
    /// The size of the result.
    #[choice(RESOLUTIONS)]
    #[field(default = Resolution::Original)]
    resolution: Resolution,
    /// Whether the face stays, bit for bit; else the engine may change what it sees of it, too.
    #[flag]
    #[field(default = true)]
    restore_face: bool,
}

/// What an engine is asked for.
pub fn asked(input: &Request, work: &Work) -> Result<Edit> {
    let mut garments = vec![try_on::garment(&input.top_garment, work)?];
    let mut below = String::new();
    if let Some(bottom) = &input.bottom_garment {
        garments.push(try_on::garment(bottom, work)?);
        below = " and the garment of image 3 below it".to_owned();
    }
    let face = if input.restore_face { " and face" } else { "" }.to_owned();
    let (person, keep) = (&input.person_image, input.restore_face);
    try_on::dressed(person, garments, Dress::Full, keep, vec![below, face], work)
}

/// The answer.
pub fn answer(input: &Request, mut photos: Vec<Photo>, work: &Work) -> Result<ImageOutput> {
    ImageOutput::of(work, &input.resolution.of(photos.remove(0)))
}
