//! A big head on a small body.

use safelight_contract::{Code, Fault};
use safelight_effects::head::Head;
use safelight_effects::{complete, layers};
use safelight_operation::{CpuOperation, Input, Memory, Needs, Picture, Result, Spec, Work};
use safelight_vision::cutout;
use safelight_vision::heads::HEAD;

use super::super::editing;
use super::super::faces;
use super::super::painted::{self, ImageUrl, LATER, LIPS, MEMORY};
use crate::image::on_white;

/// The service.
pub struct AiBigHeadEffect;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. The head of its largest face is enlarged. Transparent parts count as white.
    #[picture(LIPS)]
    image: Picture,
}

impl CpuOperation for AiBigHeadEffect {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/ai-big-head-effect",
        name: "AI Big Head Effect",
        sign: "portrait_effects_ai_big_head_effect",
        pool: "portrait_ai_big_head_characters",
        price: 8,
        summary: "Makes the head of the largest face 1.6 times as large on the same body. Where it does not \
                  fit, the picture grows at its top and sides.",
        limitations: "The picture grows by 40 % of a side at most; where that is not enough, the head grows \
                      less. A side of the frame that cuts the head cuts the larger one, too. Hair that \
                      hangs far below the chin keeps its length there.",
        // The larger canvas, its layer, masks, and the encoded result.
        memory: Memory {
            base: MEMORY.base + complete::BASE_BYTES + cutout::BASE_BYTES,
            per_pixel: 60,
        },
        ..LATER
    };
    const NEEDS: Needs = Needs::models(cutout::HEAD_MODELS);
    type Input = Request;
    type Output = ImageUrl;

    fn run(input: Request, work: &Work) -> Result<ImageUrl> {
        let mut photo = on_white(input.image.decode(work)?);
        let found = faces::find(work, &photo.rgb, false, 1)?;
        let (kit, face) =
            (work.stage("prepare", || painted::prepared(&found[0]))?, found[0].detection);
        drop(found);
        let (cutout, region) = editing::matte(work, &photo, &face, HEAD)?.ok_or_else(|| {
            Fault::new(Code::NoRecognitionTargetDetected, "the outline of the head was not found")
        })?;
        photo.rgb = work.stage("enlarge", || {
            let cutout = layers::placed(&cutout, &photo.rgb, (region.x, region.y));
            let head = Head::of(&kit, cutout);
            head.enlarge(&photo.rgb, head.room(), &|| work.check())
        })?;
        ImageUrl::of(work, &photo)
    }
}
