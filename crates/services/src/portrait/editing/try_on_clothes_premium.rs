//! Try-on of a top, and of a garment below it, by the operator's best generative engine.

use safelight_imaging::Photo;
use safelight_operation::{CpuOperation, Needs, Result, Spec, Work, no_engine};
use safelight_vision::cutout;

use super::try_on::{self, ImageOutput};
use super::try_on_outfit::{self, Request};
use crate::generated::{Edit, Generated};

/// The service.
pub struct TryOnClothesPremium;

impl CpuOperation for TryOnClothesPremium {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/editing/try-on-clothes-premium",
        name: "Try on Clothes Premium",
        sign: "portrait_editing_try_on_clothes_premium",
        pool: "portrait_try_on_clothes_premium",
        price: 50,
        summary: "Dresses the person of a photo in a top, or a top and a garment below it, by the operator's best generative engine.",
        ..try_on::SPEC
    };
    const NEEDS: Needs = Needs::models(cutout::GARMENT_MODELS);
    type Input = Request;
    type Output = ImageOutput;

    fn run(_: Request, _: &Work) -> Result<ImageOutput> {
        Err(no_engine(<Self as CpuOperation>::SPEC.slug()))
    }
}

impl Generated for TryOnClothesPremium {
    const REQUIRED: bool = true;

    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        try_on_outfit::asked(input, work).map(Some)
    }

    fn answer(input: &Request, photos: Vec<Photo>, work: &Work) -> Result<ImageOutput> {
        try_on_outfit::answer(input, photos, work)
    }
}
