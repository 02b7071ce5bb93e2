//! Smart skin: smoother and lighter skin of face, neck, arms and hands.

use image::RgbImage;
use safelight_effects::{Beauty, Kit, Retouch, body, nearest};
use safelight_imaging::{Format, Rules};
use safelight_operation::{CpuOperation, Input, Memory, Needs, Picture, Result, Spec, Work};
use safelight_vision::face::{Point, models};

use super::beauty::{self, ImageUrl};

/// The service.
pub struct SmartSkin;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. The skin of up to ten people is retouched.
    #[picture(Rules {
        formats: &[Format::Jpeg, Format::Png],
        max_bytes: 6 * Rules::MB,
        min: (128, 128),
        max: (5000, 5000),
        ..Rules::ORDINARY
    })]
    image: Picture,
    /// How much smoother the skin is.
    #[number(0.0..=1.5)]
    #[field(default = 1.0)]
    retouch_degree: f64,
    /// How much lighter the skin is, up to 6 in CIE L* at 1.
    #[number(0.0..=1.5)]
    #[field(default = 1.0)]
    whitening_degree: f64,
}

/// People whose skin is retouched at most.
const MOST_FACES: usize = 10;
/// Faces may be as small as the detector finds them.
const LEAST_FACE: f32 = 16.0;
/// What is done at degree 1.
const SMOOTH: f32 = 0.55;
const LIGHTEN: f32 = 6.0;

impl CpuOperation for SmartSkin {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/smart-skin",
        name: "Smart Skin",
        sign: "portrait_smart_skin",
        pool: "portrait_intelligent_skin_retouching",
        price: 5,
        summary: "Smooths and lightens the skin of up to ten people: face, neck, arms and hands.",
        limitations: "Skin of the body is known by the colour of the person's face: cloth of that \
                      colour passes for skin, and skin in other light does not. An arm counts as that of \
                      whose face is nearest.",
        memory: Memory { base: beauty::MEMORY.base + (64 << 20), ..beauty::MEMORY },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs =
        Needs::models(&[models::DETECTION, models::MESH, models::PARSING, "person_mask"]);
    type Input = Request;
    type Output = ImageUrl;

    fn run(input: Request, work: &Work) -> Result<ImageUrl> {
        let mut photo = input.image.decode(work)?;
        let kits = beauty::kits(work, &photo.rgb, MOST_FACES, LEAST_FACE)?;
        let skin = Retouch {
            smooth: SMOOTH * input.retouch_degree as f32,
            lighten: LIGHTEN * input.whitening_degree as f32,
            even: 0.0,
        };
        work.stage("body", || {
            nearest::with_others(&kits).try_for_each(|(kit, others)| {
                work.check()?;
                retouch_body(&mut photo.rgb, kit, &others, &skin, work)
            })
        })?;
        beauty::apply(work, &mut photo, &kits, &Beauty { skin, ..Beauty::default() })?;
        ImageUrl::of(work, &photo)
    }
}

/// Arms, hands and what else shows of a person's skin beside the head, and of none of the others'.
fn retouch_body(
    photo: &mut RgbImage,
    kit: &Kit,
    others: &[&Kit],
    asked: &Retouch,
    work: &Work,
) -> Result<()> {
    let Some(window) = body::window(kit).filter(|_| *asked != Retouch::default()) else {
        return Ok(());
    };
    let region = window.region;
    let mask = work.vision.person_mask(photo, region)?;
    let person = |place: Point| {
        let cell = |at: f32, first: u32, length: u32, cells: u32| {
            let along = (at - first as f32 + 0.5) / length as f32 * cells as f32;
            (along.max(0.0) as u32).min(cells - 1)
        };
        let x = cell(place.x, region.x, region.width, mask.width());
        let y = cell(place.y, region.y, region.height, mask.height());
        f32::from(mask.get_pixel(x, y).0[0]) / 255.0
    };
    let cut = window.cut(photo);
    let skin = body::skin(kit, others, &window, &cut, person);
    asked.change(kit, window, &cut, &skin).apply(photo);
    Ok(())
}
