//! Smart skin, advanced: what is found on the skin is taken away, each kind on request.

use std::time::Duration;

use safelight_effects::{Treatment, treatment};
use safelight_imaging::{Format, Rules};
use safelight_operation::{
    CpuOperation, Delivery, Input, Memory, Needs, Output, Picture, Result, Spec, Url, Work,
};

use super::beauty;
use crate::image::encoded;

/// How much of everything is done where all is asked at once: its texture stays above nine tenths.
const ALL: f32 = 0.4;

/// The service.
pub struct SmartSkinAdvanced;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. The skin of its faces, up to 32, is treated.
    #[picture(Rules {
        formats: &[Format::Jpeg, Format::Png, Format::WebP],
        max_bytes: 10 * Rules::MB,
        min: (1, 1),
        max: (4096, 4096),
        ..Rules::ORDINARY
    })]
    image: Picture,
    /// All of what follows, at four tenths of its strength. Also where nothing is asked.
    #[flag]
    #[field(default = false)]
    smart_skin: bool,
    /// Acne and what it leaves behind.
    #[flag]
    #[field(default = false)]
    acne_removal: bool,
    /// Brown spots and areas.
    #[flag]
    #[field(default = false)]
    spot_correction: bool,
    /// Lighter skin, by up to 6 in CIE L*.
    #[flag]
    #[field(default = false)]
    skin_brightening: bool,
    /// Smoother skin; its texture stays.
    #[flag]
    #[field(default = false)]
    skin_smoothing: bool,
    /// Pores and the shine of oil.
    #[flag]
    #[field(default = false)]
    pore_control: bool,
    /// Lines and wrinkles, to four tenths of their depth.
    #[flag]
    #[field(default = false)]
    wrinkle_reduction: bool,
    /// Circles and bags below the eyes.
    #[flag]
    #[field(default = false)]
    under_eye_correction: bool,
    /// Scars: what stands out of the skin's relief.
    #[flag]
    #[field(default = false)]
    scar_reduction: bool,
}

/// The treated photo.
#[derive(Output)]
pub struct Answer {
    /// The changed photo, a JPEG; a PNG where the photo has transparency; for 24 hours.
    #[output(path = "data.result_urls")]
    result_urls: Vec<Url>,
}

/// What a request asks, as amounts.
fn treatment_of(input: &Request) -> Treatment {
    let amount = |asked: bool| f32::from(u8::from(asked));
    let asked = Treatment {
        acne: amount(input.acne_removal),
        spots: amount(input.spot_correction),
        brighter: amount(input.skin_brightening),
        smoother: amount(input.skin_smoothing),
        pores: amount(input.pore_control),
        lines: amount(input.wrinkle_reduction),
        under_eyes: amount(input.under_eye_correction),
        scars: amount(input.scar_reduction),
    };
    match input.smart_skin || asked == Treatment::default() {
        true => asked.with(Treatment::all(ALL)),
        false => asked,
    }
}

impl CpuOperation for SmartSkinAdvanced {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/smart-skin-advanced",
        name: "Smart Skin Advanced",
        sign: "portrait_effects_smart_skin_advanced",
        pool: "portrait_intelligent_skin_retouching_advanced",
        price: 15,
        summary: "Takes acne, spots, pores, shine, lines, circles below the eyes and scars from the \
                  skin of every face, brightens and smooths it, each on request.",
        limitations: "What is found is a heuristic and no diagnosis. Moles stay. Pores show on faces of \
                      some 500 px and more.",
        delivery: Delivery::Async,
        deadline: Duration::from_secs(60),
        memory: Memory { base: treatment::BASE_BYTES + (96 << 20), per_pixel: 8 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(beauty::MODELS);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let mut photo = input.image.decode(work)?;
        let kits = beauty::kits(work, &photo.rgb, beauty::MOST_FACES, beauty::LEAST_FACE)?;
        let asked = treatment_of(&input);
        work.stage("treat", || asked.apply(&mut photo.rgb, &kits, &|| work.check()))?;
        Ok(Answer { result_urls: vec![Url(encoded(&photo, work)?)] })
    }
}
