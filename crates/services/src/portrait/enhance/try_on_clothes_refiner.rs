//! A try-on made finer.

use safelight_imaging::Photo;
use safelight_operation::{CpuOperation, Input, Needs, Picture, Result, Spec, Work, no_engine};
use safelight_vision::cutout;

use super::super::editing::try_on::{self, GARMENT, ImageOutput};
use crate::generated::areas::{self, Dress};
use crate::generated::{Edit, Generated};
use crate::image::bled;

/// The service.
pub struct TryOnClothesRefiner;

const GENDERS: &[(&str, &str, &str)] = &[("woman", "woman", "a woman"), ("man", "man", "a man")];

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo of the person.
    #[picture(GARMENT)]
    person_image: Picture,
    /// The top or the dress, laid flat.
    #[picture(GARMENT)]
    top_garment: Picture,
    /// The result of an earlier try-on, which is refined.
    #[picture(GARMENT)]
    coarse_image: Picture,
    /// Trousers or a skirt, laid flat.
    #[picture(GARMENT)]
    bottom_garment: Option<Picture>,
    /// Who wears it.
    #[choice(GENDERS)]
    gender: &'static str,
}

impl CpuOperation for TryOnClothesRefiner {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/enhance/try-on-clothes-refiner",
        name: "Try on Clothes Refiner",
        sign: "portrait_try_on_clothes_refiner",
        pool: "portrait_try_on_clothes_refiner",
        price: 25,
        summary: "Refines the garments of an earlier try-on after the photos that it was made of, by a \
                  generative engine.",
        ..try_on::SPEC
    };
    const NEEDS: Needs = Needs::models(cutout::GARMENT_MODELS);
    type Input = Request;
    type Output = ImageOutput;

    fn run(_: Request, _: &Work) -> Result<ImageOutput> {
        Err(no_engine(<Self as CpuOperation>::SPEC.slug()))
    }
}

impl Generated for TryOnClothesRefiner {
    const REQUIRED: bool = true;

    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        let person = try_on::garment(&input.person_image, work)?;
        let mut references = vec![person, try_on::garment(&input.top_garment, work)?];
        let mut below = String::new();
        if let Some(bottom) = &input.bottom_garment {
            references.push(try_on::garment(bottom, work)?);
            below = " and the garment of image 4 below it".to_owned();
        }
        let photo = bled(input.coarse_image.decode(work)?);
        let (body, face) = areas::person(work, &photo.rgb, "coarse_image", Dress::Full)?;
        let mask = areas::worn(work, &photo.rgb, &body, face.as_ref(), Dress::Full)?;
        let words = vec![input.gender.to_owned(), below];
        Ok(Some(Edit { references, ..Edit::of(photo, Some(mask), words) }))
    }

    fn answer(_: &Request, mut photos: Vec<Photo>, work: &Work) -> Result<ImageOutput> {
        ImageOutput::of(work, &photos.remove(0))
    }
}
