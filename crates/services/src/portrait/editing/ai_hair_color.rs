//! Hair colour.

use safelight_contract::{Code, Fault};
use safelight_effects::Kit;
use safelight_effects::describe::HAIR;
use safelight_effects::hair::{self, HairColour};
use safelight_imaging::{Cutout, Photo, Region};
use safelight_operation::{CpuOperation, Input, Memory, Needs, Picture, Result, Spec, Work};
use safelight_vision::cutout;
use safelight_vision::face::{Detection, Part, models};

use super::super::painted::{self, LATER, MEMORY, PORTRAIT, ResultUrls};
use crate::generated::{Edit, Generated, areas};

/// The service.
pub struct AiHairColor;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. The hair of its largest face is coloured.
    #[picture(PORTRAIT)]
    image: Picture,
    /// What the colour is called, such as `ash blonde`, `copper` or `#6a2b1f`. Chestnut brown where
    /// neither this nor `desc` names a colour.
    #[cut(500)]
    name: Option<String>,
    /// What it looks like, such as `brown with caramel highlights`, `ombre from black to blue`,
    /// `platinum, dark roots`, `darker`. English; words that are not known are ignored. Blonde, platinum,
    /// silver, white, grey and pastel shades bleach dark hair; others stay near its darkness.
    #[cut(1000)]
    desc: Option<String>,
}

impl CpuOperation for AiHairColor {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/editing/ai-hair-color",
        name: "AI Hair Color",
        sign: "portrait_editing_ai_hair_color",
        pool: "portrait_ai_hair_color",
        price: 15,
        summary: "Colours the hair of the largest face: shades of salons and of CSS, ombre, highlights, \
                  roots and tips.",
        limitations: "Hair that hangs far below the chin, and locks behind ears, may keep their colour. \
                      Beards and brows stay, but for `eyebrows too`.",
        memory: Memory {
            base: MEMORY.base + cutout::BASE_BYTES,
            per_pixel: MEMORY.per_pixel + cutout::HEAD_BYTES_PER_PIXEL,
        },
        ..LATER
    };
    const NEEDS: Needs = Needs::models(cutout::HEAD_MODELS).on_request(&[models::EMBEDDING]);
    type Input = Request;
    type Output = ResultUrls;

    fn run(input: Request, work: &Work) -> Result<ResultUrls> {
        let mut photo = input.image.decode(work)?;
        let wanted = HairColour::described(&HAIR.read(&painted::words(&input.name, &input.desc)));
        let found = super::super::faces::find(work, &photo.rgb, false, 1)?;
        let (kit, face) =
            (work.stage("prepare", || painted::prepared(&found[0]))?, found[0].detection);
        drop(found);
        colour(work, &mut photo, &kit, &face, &wanted)?;
        ResultUrls::of(work, &photo)
    }
}

impl Generated for AiHairColor {
    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        let photo = input.image.decode(work)?;
        let found = super::super::faces::find(work, &photo.rgb, false, 1)?;
        let (kit, face) =
            (work.stage("prepare", || painted::prepared(&found[0]))?, found[0].detection);
        drop(found);
        let mask = work.stage("mask", || areas::hair(work, &photo.rgb, &kit, &face, 0.01))?;
        let words = painted::words(&input.name, &input.desc);
        let edit = Edit::of(photo, Some(mask.ok_or_else(no_hair)?), vec![words]);
        Ok(Some(Edit { face: Some(face), ..edit }))
    }

    fn answer(_: &Request, photos: Vec<Photo>, work: &Work) -> Result<ResultUrls> {
        ResultUrls::made(&photos, work)
    }
}

/// Colours the hair of a face, as the stages `matte` and `paint`. A head without hair is
/// `ERROR_NO_RECOGNITION_TARGET_DETECTED`.
pub(in crate::portrait) fn colour(
    work: &Work,
    photo: &mut Photo,
    kit: &Kit,
    face: &Detection,
    wanted: &HairColour,
) -> Result<()> {
    let (cutout, region) = matte(work, photo, face, &[Part::Hair])?.ok_or_else(no_hair)?;
    if hair::amount(&cutout, kit) < hair::LEAST_HAIR {
        return Err(no_hair());
    }
    work.stage("paint", || {
        hair::paint(&mut photo.rgb, kit, &cutout, region, wanted);
        Ok(())
    })
}

/// Parts of the head with this face, such as its hair, with their own colours, and where they lie, as the
/// stage `matte`; none where the head has none of them.
pub(in crate::portrait) fn matte(
    work: &Work,
    photo: &Photo,
    face: &Detection,
    parts: &[Part],
) -> Result<Option<(Cutout, Region)>> {
    work.stage("matte", || {
        let Some(parts) = work.vision.head_parts(&photo.rgb, face, parts)? else {
            return Ok(None);
        };
        let own = Photo { rgb: photo.rgb.clone(), alpha: None }.part(parts.region);
        let whole = Region::whole(&own.rgb);
        Ok(Some((Cutout::refine(own, &parts.mask, whole), parts.region)))
    })
}

fn no_hair() -> Fault {
    Fault::new(Code::NoRecognitionTargetDetected, "image shows no hair")
}
