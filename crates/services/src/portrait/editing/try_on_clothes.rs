//! Try-on of one garment.

use safelight_imaging::{Format, Photo, Rules};
use safelight_operation::{CpuOperation, Input, Needs, Picture, Result, Spec, Work, no_engine};
use safelight_vision::cutout;

use super::super::painted::ImageUrl;
use super::try_on;
use crate::generated::areas::Dress;
use crate::generated::{Edit, Generated};

/// The service.
pub struct TryOnClothes;

const PHOTO: Rules = Rules {
    formats: &[Format::Jpeg, Format::Png],
    max_bytes: 3 * Rules::MB,
    min: (1, 1),
    ..try_on::GARMENT
};

const KINDS: &[(&str, Dress, &str)] = &[
    ("upper_body", Dress::Upper, "a top"),
    ("lower_body", Dress::Lower, "trousers or a skirt"),
    ("full_body", Dress::Full, "a dress or a suit"),
];

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// One person from the front, with the garment that is replaced.
    #[picture(PHOTO)]
    person_image: Picture,
    /// The garment, laid flat.
    #[picture(PHOTO)]
    clothes_image: Picture,
    /// What kind of garment it is.
    #[choice(KINDS)]
    clothes_type: Dress,
}

impl CpuOperation for TryOnClothes {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/editing/try-on-clothes",
        name: "Try on Clothes",
        sign: "portrait_try_on_clothes",
        pool: "portrait_try_on_clothes",
        price: 10,
        summary: "Dresses the person of a photo in the garment of another, by a generative engine.",
        ..try_on::SPEC
    };
    const NEEDS: Needs = Needs::models(cutout::GARMENT_MODELS);
    type Input = Request;
    type Output = ImageUrl;

    fn run(_: Request, _: &Work) -> Result<ImageUrl> {
        Err(no_engine(<Self as CpuOperation>::SPEC.slug()))
    }
}

impl Generated for TryOnClothes {
    const REQUIRED: bool = true;

    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        let garment = try_on::garment(&input.clothes_image, work)?;
        let word = match input.clothes_type {
            Dress::Upper => "top",
            Dress::Lower => "trousers or skirt",
            Dress::Full => "outfit",
        };
        let words = vec![word.to_owned()];
        let kind = input.clothes_type;
        try_on::dressed(&input.person_image, vec![garment], kind, true, words, work).map(Some)
    }

    fn answer(_: &Request, mut photos: Vec<Photo>, work: &Work) -> Result<ImageUrl> {
        ImageUrl::of(work, &photos.remove(0))
    }
}
