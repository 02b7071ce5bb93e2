//! Commodity background removal: the goods of a product photo, without their shadow.

use safelight_imaging::{Cutout, Photo, Rules, erase_reflection};
use safelight_operation::{CpuOperation, Input, Memory, Needs, Picture, Result, Spec, Work};
use safelight_vision::cutout;
use safelight_vision::kinds::Kind;

use super::{NOTHING, salient_of_kind};
use crate::cutout::{CROP, CutoutAnswer, MASK, ReturnForm, WHITE, answer, matted};

/// The service.
pub struct CommodityBackgroundRemoval;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo; it shows goods.
    #[picture(Rules { max_bytes: 3 * Rules::MB, min: (1, 1), max: (2000, 2000), ..Rules::ORDINARY })]
    image: Picture,
    /// What the result picture shows; without it, the cut-out on transparent ground at the photo's
    /// size.
    #[choice(&[MASK, WHITE, CROP])]
    return_form: Option<ReturnForm>,
}

impl CpuOperation for CommodityBackgroundRemoval {
    const SPEC: &'static Spec = &Spec {
        path: "/api/cutout/general/commodity-background-removal",
        name: "Product Background Removal",
        sign: "cutout_commodity_background_removal",
        pool: "cutout_product_background_removal",
        price: 1,
        summary: "Frees goods from their background, without the shadow that they cast and without their mirror image below them where it shows their detail more faintly.",
        limitations: "Whatever thing stands out passes for goods; an animal does not, as far as a network of 1,000 classes recognises a live one.",
        memory: Memory { base: cutout::BASE_BYTES, per_pixel: cutout::BYTES_PER_PIXEL },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(cutout::KIND_MODELS);
    type Input = Request;
    type Output = CutoutAnswer;

    fn run(input: Request, work: &Work) -> Result<CutoutAnswer> {
        answer(&input.image, input.return_form, cut_out, work)
    }
}

/// The subject is an animal where the classes of animals have this much of the probability together.
const ANIMAL: f32 = 0.6;

/// The salient thing without its mirror image, unless it is alive.
fn cut_out(photo: Photo, work: &Work) -> Result<Cutout> {
    let is_no_animal = |itself: f32, whole: f32| itself.min(whole) < ANIMAL;
    let refusal = "image shows an animal and no goods";
    let mut found = salient_of_kind(&photo.rgb, Kind::ANIMAL, is_no_animal, refusal, work)?;
    work.stage("reflection", || {
        erase_reflection(&mut found.mask, &photo.rgb, found.region);
        Ok(())
    })?;
    matted(photo, &found, NOTHING, work)
}
