//! Skin analysis: lids, bags, circles, lines, pores and marks of a face, as present or absent.

use safelight_imaging::skin::{Mark, dryness, kind, oil, spots};
use safelight_imaging::{Format, Rules};
use safelight_operation::{
    CpuOperation, Input, Memory, Needs, Output, Picture, Result, Spec, Work,
};
use safelight_vision::face::QualityControl;

use super::super::faces::QUALITY_CONTROL;
use super::skin::answer::{Lids, LineSigns, PoreSigns, Rectangle, SignAnswer, SkinType, warnings};
use super::skin::signs::{self, Circles, Pores, Sign};
use super::skin::subject::{FaceRules, Looks, Subject};
use super::skin::wrinkles::Wrinkles;
use super::skin::{BASE_BYTES, LIMITATIONS, MODELS, QUALITY_MODELS};

/// The service.
pub struct SkinAnalysis;

const FACE: FaceRules = FaceRules { field: "image", least_side: 160.0, least_share: 0.1 };

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo, of a face of at least 160 px (better 200 px and more) and a tenth of the picture's
    /// shorter side. The largest face counts.
    #[picture(Rules {
        formats: &[Format::Jpeg],
        max_bytes: 2 * Rules::MB,
        min: (200, 200),
        max: (4096, 4096),
        grayscale: false,
        ..Rules::ORDINARY
    })]
    image: Picture,
    #[shared(QUALITY_CONTROL)]
    quality_control: QualityControl,
}

/// The signs found.
#[derive(Output)]
pub struct Answer {
    /// `imporper_headpose` (so spelt): yaw, pitch or roll beyond 45°.
    #[output(values("imporper_headpose"))]
    warning: Vec<&'static str>,
    /// The square box of the face.
    face_rectangle: Rectangle,
    result: Signs,
}

/// The signs.
#[derive(Output)]
struct Signs {
    #[output(flatten)]
    lids: Lids,
    /// Eye bags, 0 absent, 1 present: by the crease below the bulge.
    eye_pouch: SignAnswer<2>,
    /// Dark circles, 0 absent, 1 present: by colour against the cheek.
    dark_circle: SignAnswer<2>,
    #[output(flatten)]
    lines: LineSigns,
    skin_type: SkinType,
    /// Enlarged pores anywhere, 0 absent, 1 present.
    pores: SignAnswer<2>,
    #[output(flatten)]
    pores_by_zone: PoreSigns,
    /// More than 45 blackheads on the nose, 0 no, 1 yes.
    blackhead: SignAnswer<2>,
    /// Papules, pustules or nodules, 0 absent, 1 present.
    acne: SignAnswer<2>,
    /// Moles, 0 absent, 1 present.
    mole: SignAnswer<2>,
    /// Brown spots, 0 absent, 1 present.
    skin_spot: SignAnswer<2>,
}

impl CpuOperation for SkinAnalysis {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/analysis/skin-analysis",
        name: "Skin Analysis",
        sign: "portrait_skin_analysis",
        pool: "portrait_skin_analysis_basic",
        price: 15,
        summary: "Tells lids, eye bags, dark circles, lines, pores, blackheads and marks of the \
                  largest face, as present or absent, and the type of its skin.",
        limitations: LIMITATIONS,
        memory: Memory { base: BASE_BYTES, per_pixel: 4 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(MODELS).on_request(QUALITY_MODELS);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let photo = input.image.decode(work)?;
        let subject = Subject::find(&photo, &FACE, input.quality_control, work)?;
        let looks = subject.looks(work)?;
        let result = work.stage("measure", || Ok(measure(&subject, looks)))?;
        Ok(Answer {
            warning: warnings(&subject.pose),
            face_rectangle: (&subject.rect).into(),
            result,
        })
    }
}

fn measure(subject: &Subject, looks: Looks) -> Signs {
    let skin = &subject.skin;
    let (pores, spots) = (Pores::of(skin), spots(skin));
    let enlarged = pores.enlarged().map(|sign| signs::of_dots(skin, sign));
    let most = enlarged.into_iter().max_by_key(|sign| (sign.value, (sign.confidence * 1e4) as u32));
    let marked = |marks: &[Mark]| signs::marked(skin, &spots, marks);
    Signs {
        lids: Lids::of(subject),
        eye_pouch: signs::eye_pouch(skin).0.into(),
        dark_circle: Circles::of(skin).present().into(),
        lines: (&Wrinkles::of(skin, looks)).into(),
        skin_type: (&kind(skin, &oil(skin), &dryness(skin))).into(),
        pores: most.unwrap_or(Sign::UNSEEN).into(),
        pores_by_zone: enlarged.into(),
        blackhead: signs::of_dots(skin, pores.blackheads_present()).into(),
        acne: signs::of_dots(skin, marked(&[Mark::Papule, Mark::Pustule, Mark::Nodule])).into(),
        mole: marked(&[Mark::Mole]).into(),
        skin_spot: marked(&[Mark::BrownSpot]).into(),
    }
}
