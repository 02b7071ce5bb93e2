//! Skin analysis: lids, bags, circles, lines, pores and marks of a face, as present or absent.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::skin::{Mark, Side, dryness, kind, oil, spots};
use safelight_imaging::{Format, Rules};
use safelight_vision::face::QualityControl;
use serde_json::{Value, json};

use super::super::faces::QUALITY_CONTROL;
use super::skin::answer::{face_rectangle, warnings};
use super::skin::fields::fields;
use super::skin::signs::{self, Circles, Pores, Sign, Wrinkles};
use super::skin::subject::{FaceRules, Subject};
use super::skin::{BASE_BYTES, MODELS};
use crate::{Answer, Declaration, FileField, Form, Memory, Mode, Node, Service, Upload, Work};

/// The service.
pub struct SkinAnalysis;

static IMAGE: FileField = FileField::required(
    "image",
    "The photo, of a face of at least 160 px (better 200 px and more) and a tenth of the \
          picture's shorter side. The largest face counts.",
    Rules {
        formats: &[Format::Jpeg],
        max_bytes: 2 * Rules::MB,
        min: (200, 200),
        max: (4096, 4096),
        grayscale: false,
        ..Rules::ORDINARY
    },
);

const FACE: FaceRules = FaceRules { field: "image", least_side: 160.0, least_share: 0.1 };

/// What a request asks for.
pub struct Input {
    image: Upload,
    quality_control: QualityControl,
}

/// The signs found.
pub struct Output {
    warnings: Node,
    face: Value,
    result: Value,
}

impl Answer for Output {
    fn into_node(self) -> Node {
        Node::Object(vec![
            ("warning", self.warnings),
            ("face_rectangle", Node::Json(self.face)),
            ("result", Node::Json(self.result)),
        ])
    }
}

impl Service for SkinAnalysis {
    type Input = Input;
    type Output = Output;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/portrait/analysis/skin-analysis",
        name: "Skin Analysis",
        sign: "portrait_skin_analysis",
        pool: "portrait_skin_analysis_basic",
        price: 15,
        summary: "Tells lids, eye bags, dark circles, lines, pores, blackheads and marks of the \
                  largest face, as present or absent, and the type of its skin. Image science on \
                  a photo, no diagnosis; every value is a heuristic. Left and right are those of \
                  the picture.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(25),
        files: &[&IMAGE],
        params: &[&QUALITY_CONTROL],
        answer: fields! {
            maybe text "warning[]" "`imporper_headpose` (so spelt): yaw, pitch or roll beyond 45°.";
            rect "face_rectangle" "The square box of the face.";
            sign "result.left_eyelids" "0 single, 1 parallel double, 2 fan-shaped double: by the fold between lid and brow.";
            sign "result.right_eyelids" "0 single, 1 parallel double, 2 fan-shaped double: by the fold between lid and brow.";
            sign "result.eye_pouch" "Eye bags, 0 absent, 1 present: by the crease below the bulge.";
            sign "result.dark_circle" "Dark circles, 0 absent, 1 present: by colour against the cheek.";
            sign "result.forehead_wrinkle" "Forehead lines, 0 absent, 1 present: by dark ridges.";
            sign "result.crows_feet" "Crow's feet, 0 absent, 1 present.";
            sign "result.eye_finelines" "Lines under the eyes, 0 absent, 1 present.";
            sign "result.glabella_wrinkle" "Lines between the brows, 0 absent, 1 present.";
            sign "result.nasolabial_fold" "Folds from nose to mouth, 0 absent, 1 present; a smile makes them.";
            integer "result.skin_type.skin_type" "0 oily, 1 dry, 2 normal, 3 combination: by shine and scales.";
            integer "result.skin_type.details[].value" "1 for the type that it is; in the order oily, dry, normal, combination.";
            number "result.skin_type.details[].confidence" "How likely the type is, 0 to 1; the four sum to 1.";
            sign "result.pores" "Enlarged pores anywhere, 0 absent, 1 present.";
            sign "result.pores_forehead" "More than 100 enlarged pores on the forehead, 0 no, 1 yes.";
            sign "result.pores_left_cheek" "More than 45 enlarged pores on the left cheek, 0 no, 1 yes.";
            sign "result.pores_right_cheek" "More than 45 enlarged pores on the right cheek, 0 no, 1 yes.";
            sign "result.pores_jaw" "More than 63 enlarged pores on the chin, 0 no, 1 yes.";
            sign "result.blackhead" "More than 45 blackheads on the nose, 0 no, 1 yes.";
            sign "result.acne" "Papules, pustules or nodules, 0 absent, 1 present.";
            sign "result.mole" "Moles, 0 absent, 1 present.";
            sign "result.skin_spot" "Brown spots, 0 absent, 1 present.";
        },
        models: MODELS,
        memory: Memory { base: BASE_BYTES, per_pixel: 4 },
    };

    fn read(form: &Form) -> Result<Input> {
        Ok(Input { image: IMAGE.read(form)?, quality_control: QUALITY_CONTROL.read(form)? })
    }

    fn run(input: Input, work: &Work) -> Result<Output> {
        let photo = input.image.decode(work)?;
        let subject = Subject::find(&photo, &FACE, input.quality_control, work)?;
        let result = work.stage("measure", || Ok(measure(&subject)))?;
        let (warnings, face) = (warnings(&subject.pose), face_rectangle(&subject.rect));
        Ok(Output { warnings, face, result })
    }
}

fn measure(subject: &Subject) -> Value {
    let skin = &subject.skin;
    let wrinkles = Wrinkles::of(skin);
    let (pores, spots) = (Pores::of(skin), spots(skin));
    let [forehead, left_cheek, right_cheek, jaw] = pores.enlarged();
    let all = [forehead, left_cheek, right_cheek, jaw];
    let most = all.into_iter().max_by_key(|sign| (sign.value, (sign.confidence * 1e4) as u32));
    let marked = |marks: &[Mark]| signs::marked(skin, &spots, marks).json();
    json!({
        "left_eyelids": signs::lid(subject, Side::Left).json(),
        "right_eyelids": signs::lid(subject, Side::Right).json(),
        "eye_pouch": signs::eye_pouch(skin).0.json(),
        "dark_circle": Circles::of(skin).present().json(),
        "forehead_wrinkle": wrinkles.forehead().json(),
        "crows_feet": wrinkles.crows_feet().json(),
        "eye_finelines": wrinkles.under_eyes().json(),
        "glabella_wrinkle": wrinkles.glabella().json(),
        "nasolabial_fold": wrinkles.nasolabial().json(),
        "skin_type": signs::skin_type(&kind(skin, &oil(skin), &dryness(skin))),
        "pores": most.unwrap_or(Sign::UNSEEN).json(),
        "pores_forehead": forehead.json(),
        "pores_left_cheek": left_cheek.json(),
        "pores_right_cheek": right_cheek.json(),
        "pores_jaw": jaw.json(),
        "blackhead": pores.blackheads_present().json(),
        "acne": marked(&[Mark::Papule, Mark::Pustule, Mark::Nodule]),
        "mole": marked(&[Mark::Mole]),
        "skin_spot": marked(&[Mark::BrownSpot]),
    })
}
