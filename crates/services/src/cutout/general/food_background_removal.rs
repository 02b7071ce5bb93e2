//! Food background removal: a dish with its plate, a drink with its cup, fruit as it lies.

use safelight_imaging::{Cutout, Photo, Region, Rules};
use safelight_operation::{CpuOperation, Input, Memory, Needs, Picture, Result, Spec, Work};
use safelight_vision::cutout;
use safelight_vision::kinds::Kind;

use super::{NOTHING, salient};
use crate::cutout::{CutoutAnswer, MASK, ReturnForm, WHITE, answer, matted, no_target};

/// The service.
pub struct FoodBackgroundRemoval;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo; it shows food or drink.
    #[picture(Rules { max_bytes: 4 * Rules::MB, min: (40, 40), max: (1999, 1999), ..Rules::ORDINARY })]
    image: Picture,
    /// What the result picture shows; without it, the cut-out on transparent ground at the photo's
    /// size.
    #[choice(&[MASK, WHITE])]
    return_form: Option<ReturnForm>,
}

impl CpuOperation for FoodBackgroundRemoval {
    const SPEC: &'static Spec = &Spec {
        path: "/api/cutout/general/food-background-removal",
        name: "Food Background Removal",
        sign: "cutout_food_background_removal",
        pool: "cutout_food_background_removal",
        price: 1,
        summary: "Frees food or drink from its background, with the plate, bowl or cup that it is served in; the table and the people at it go.",
        limitations: "People go as far as their faces are seen; a hand alone may stay, and so may a large thing that they hold. Of a plate or bowl that does not stand out from the table, the round rim is found where most of it is seen and lies level; dishes with corners, and the outside of a bowl, may be lost there. Whether a photo shows food is judged by a network of 1,000 classes, some 60 of which are dishes, drinks, fruit, vegetables and what holds them: a dish unlike any of these may be refused, and a thing that looks like one may pass.",
        memory: Memory { base: cutout::BASE_BYTES, per_pixel: cutout::BYTES_PER_PIXEL },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(cutout::FOOD_MODELS);
    type Input = Request;
    type Output = CutoutAnswer;

    fn run(input: Request, work: &Work) -> Result<CutoutAnswer> {
        answer(&input.image, input.return_form, cut_out, work)
    }
}

/// A photo shows food where the classes of food have this much of the probability together. Photos
/// of food have most of it, others under a tenth.
const FOOD: f32 = 0.25;

const ONLY_PEOPLE: &str = "image shows people, and no food that stands out beside them";

/// The salient thing without people and with its dish, if it is food: by itself, as the photo shows it, or as
/// it is left without people, who hide from the model what lies before them.
fn cut_out(photo: Photo, work: &Work) -> Result<Cutout> {
    let found = salient(&photo.rgb, work)?;
    let salient = found.region;
    let served = work.stage("dish", || work.vision.served(&photo.rgb, found))?;
    let (served, beside_people) = served.ok_or_else(|| no_target(ONLY_PEOPLE))?;
    let left = beside_people.then(|| served.bounds());
    let is_food = work.stage("kind", || {
        for region in [salient, Region::whole(&photo.rgb)].into_iter().chain(left) {
            if work.vision.kinds(&photo.rgb, region)?.share(Kind::FOOD) >= FOOD {
                return Ok(true);
            }
        }
        Ok(false)
    })?;
    if !is_food {
        return Err(no_target("image shows no food or drink"));
    }
    matted(photo, &served, NOTHING, work)
}
