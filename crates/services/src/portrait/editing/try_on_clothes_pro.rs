//! Try-on of a top, and of a garment below it, by a generative engine.

use safelight_imaging::Photo;
use safelight_operation::{CpuOperation, Needs, Result, Spec, Work, no_engine};
use safelight_vision::cutout;

use super::try_on::{self, ImageOutput};
use super::try_on_outfit::{self, Request};
use crate::generated::{Edit, Generated};

/// The service.
pub struct TryOnClothesPro;

impl CpuOperation for TryOnClothesPro {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/editing/try-on-clothes-pro",
        name: "Try on Clothes Pro",
        sign: "portrait_try_on_clothes_pro",
        pool: "portrait_try_on_clothes_pro",
        price: 30,
        summary: "Dresses the person of a photo in a top, or a top and a garment below it, by a generative engine.",
        ..try_on::SPEC
    };
    const NEEDS: Needs = Needs::models(cutout::GARMENT_MODELS);
    type Input = Request;
    type Output = ImageOutput;

    fn run(_: Request, _: &Work) -> Result<ImageOutput> {
        Err(no_engine(<Self as CpuOperation>::SPEC.slug()))
    }
}

impl Generated for TryOnClothesPro {
    const REQUIRED: bool = true;

    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        try_on_outfit::asked(input, work).map(Some)
    }

    fn answer(input: &Request, photos: Vec<Photo>, work: &Work) -> Result<ImageOutput> {
        try_on_outfit::answer(input, photos, work)
    }
}
