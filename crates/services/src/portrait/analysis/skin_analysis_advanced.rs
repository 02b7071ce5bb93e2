//! Advanced skin analysis: the signs with their severity, tone, age, marks with their boxes, redness.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::skin::{
    Extent, MAP_BYTES_PER_PIXEL, Mark, Side, Skin, Spot, Tone, Zone, band, dryness, kind, oil,
    redness, spots,
};
use safelight_imaging::{Format, Rules, encode};
use safelight_vision::face::QualityControl;
use serde_json::{Value, json};

use super::super::faces::QUALITY_CONTROL;
use super::skin::answer::{bounds, face_rectangle, share, warnings};
use super::skin::fields::fields;
use super::skin::signs::{self, Circles, Pores, Wrinkles};
use super::skin::subject::{FaceRules, Subject};
use super::skin::{AREA_LIMITS, BASE_BYTES, MODELS, RED};
use crate::answer::rounded;
use crate::{
    Answer, Artifact, Choice, Declaration, Defaulted, FileField, Form, Memory, Mode, Node, Param,
    Service, Upload, Words, Work,
};

/// The service.
pub struct SkinAnalysisAdvanced;

static IMAGE: FileField = FileField::required(
    "image",
    "The photo, of a face of at least 400 px that looks into the camera. The largest face \
          counts.",
    Rules {
        formats: &[Format::Jpeg],
        max_bytes: 5 * Rules::MB,
        min: (200, 200),
        max: (4096, 4096),
        grayscale: false,
        ..Rules::ORDINARY
    },
);

const FACE: FaceRules = FaceRules { field: "image", least_side: 400.0, least_share: 0.0 };

static FACE_QUALITY_CONTROL: Param<Choice<QualityControl>, Defaulted<QualityControl>> = Param {
    name: "face_quality_control",
    doc: "Whether a face that is turned, covered, dark or blurred is refused, as \
          `quality_control` NORMAL does; of the two the stricter counts.",
    kind: Choice(&[
        ("0", QualityControl::None, "every face is measured"),
        ("1", QualityControl::Normal, "poor faces are refused"),
    ]),
    presence: Defaulted(QualityControl::None),
};

static RETURN_RECT_CONFIDENCE: Param<Choice<bool>, Defaulted<bool>> = Param {
    name: "return_rect_confidence",
    doc: "Whether each box of a mark comes with its confidence.",
    kind: Choice(&[("0", false, "boxes alone"), ("1", true, "boxes with confidence")]),
    presence: Defaulted(false),
};

static RETURN_MAPS: Param<Words<RedArea>, Defaulted<Vec<RedArea>>> = Param {
    name: "return_maps",
    doc: "Maps to draw.",
    kind: Words(&[("red_area", RedArea, "redness on white, and its measures as `sensitivity`")]),
    presence: Defaulted(Vec::new()),
};

/// The only map there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RedArea;

/// What a request asks for.
pub struct Input {
    image: Upload,
    quality_control: QualityControl,
    rect_confidence: bool,
    red_area: bool,
}

/// The signs found.
pub struct Output {
    warnings: Node,
    face: Value,
    result: Vec<(&'static str, Node)>,
}

impl Answer for Output {
    fn into_node(self) -> Node {
        Node::Object(vec![
            ("warning", self.warnings),
            ("face_rectangle", Node::Json(self.face)),
            ("result", Node::Object(self.result)),
        ])
    }
}

impl Service for SkinAnalysisAdvanced {
    type Input = Input;
    type Output = Output;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/portrait/analysis/skin-analysis-advanced",
        name: "Advanced Skin Analysis",
        sign: "portrait_skin_analysis_advanced",
        pool: "portrait_skin_analysis_advanced",
        price: 50,
        summary: "Tells the tone and the apparent age of the largest face's skin, its lids, bags, \
                  circles, lines and pores with their severity, and the boxes of its marks; maps \
                  its redness. Image science on a photo, no diagnosis; every value is a heuristic. \
                  Left and right are those of the picture.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(25),
        files: &[&IMAGE],
        params: &[&FACE_QUALITY_CONTROL, &RETURN_RECT_CONFIDENCE, &RETURN_MAPS, &QUALITY_CONTROL],
        answer: fields! {
            maybe text "warning[]" "`imporper_headpose` (so spelt): yaw, pitch or roll beyond 45°.";
            rect "face_rectangle" "The square box of the face.";
            sign "result.skin_color" "0 translucent white, 1 white, 2 natural, 3 wheat, 4 dark: typology angles above 55°, 41°, 28°, 10° and below.";
            number "result.skintone_ita.ITA" "Individual typology angle in degrees, -90 to 90, with the light's estimated colour taken away.";
            integer "result.skintone_ita.skintone" "0 very light (above 56°), 1 light (43°), 2 intermediate (36°), 3 tan (20°), 4 brown (10°), 5 dark, 6 the light does not let one tell.";
            number "result.skin_hue_ha.HA" "Hue angle in degrees, 0 to 90, red to yellow.";
            integer "result.skin_hue_ha.skintone" "0 yellowish (above 49°), 1 neutral (46°), 2 reddish, 3 the light does not let one tell.";
            integer "result.skin_age.value" "How old the face looks to a model, 0 to 100 years.";
            sign "result.left_eyelids" "0 single, 1 parallel double, 2 fan-shaped double: by the fold between lid and brow.";
            sign "result.right_eyelids" "0 single, 1 parallel double, 2 fan-shaped double: by the fold between lid and brow.";
            sign "result.eye_pouch" "Eye bags, 0 absent, 1 present: by the crease below the bulge.";
            maybe sign "result.eye_pouch_severity" "0 mild, 1 moderate, 2 severe; where there are bags.";
            sign "result.dark_circle" "0 none, 1 pigment, 2 vascular, 3 shade: what the skin under the eyes has more of than the cheek.";
            sign "result.forehead_wrinkle" "Forehead lines, 0 absent, 1 present: by dark ridges.";
            sign "result.crows_feet" "Crow's feet, 0 absent, 1 present.";
            sign "result.eye_finelines" "Lines under the eyes, 0 absent, 1 present.";
            sign "result.glabella_wrinkle" "Lines between the brows, 0 absent, 1 present.";
            sign "result.nasolabial_fold" "Folds from nose to mouth, 0 absent, 1 present; a smile makes them.";
            maybe sign "result.nasolabial_fold_severity" "0 mild, 1 moderate, 2 severe; where there are folds.";
            integer "result.skin_type.skin_type" "0 oily, 1 dry, 2 normal, 3 combination: by shine and scales.";
            integer "result.skin_type.details[].value" "1 for the type that it is; in the order oily, dry, normal, combination.";
            number "result.skin_type.details[].confidence" "How likely the type is, 0 to 1; the four sum to 1.";
            sign "result.pores_forehead" "More than 100 enlarged pores on the forehead, 0 no, 1 yes.";
            sign "result.pores_left_cheek" "More than 45 enlarged pores on the left cheek, 0 no, 1 yes.";
            sign "result.pores_right_cheek" "More than 45 enlarged pores on the right cheek, 0 no, 1 yes.";
            sign "result.pores_jaw" "More than 63 enlarged pores on the chin, 0 no, 1 yes.";
            sign "result.blackhead" "Blackheads on the nose: 0 none (up to 45), 1 mild (90), 2 moderate (150), 3 severe.";
            rects "result.acne" "Papules, pustules and nodules: round red marks.";
            rects "result.mole" "Moles: round dark brown marks up to 8 mm.";
            rects "result.closed_comedones" "Closed comedones: small light bumps.";
            rects "result.skin_spot" "Brown spots.";
            maybe picture "result.face_maps.red_area" "Redness on white at the photo's size, a JPEG; with `return_maps=red_area`.";
            maybe number "result.sensitivity.sensitivity_area" "Share of forehead, nose, cheeks and chin that is red, 0 to 1; with `return_maps=red_area`.";
            maybe number "result.sensitivity.sensitivity_intensity" "How red, 0 to 100: the band by area, the place in it by area and strength; with `return_maps=red_area`.";
        },
        models: MODELS,
        memory: Memory { base: BASE_BYTES, per_pixel: MAP_BYTES_PER_PIXEL },
    };

    fn read(form: &Form) -> Result<Input> {
        Ok(Input {
            image: IMAGE.read(form)?,
            quality_control: FACE_QUALITY_CONTROL.read(form)?.max(QUALITY_CONTROL.read(form)?),
            rect_confidence: RETURN_RECT_CONFIDENCE.read(form)?,
            red_area: !RETURN_MAPS.read(form)?.is_empty(),
        })
    }

    fn run(input: Input, work: &Work) -> Result<Output> {
        let photo = input.image.decode(work)?;
        let subject = Subject::find(&photo, &FACE, input.quality_control, work)?;
        let age = subject.age(work)?;
        let mut result = work.stage("measure", || Ok(measure(&subject, age, &input)))?;
        if input.red_area {
            work.stage("maps", || red_area(&subject.skin, &mut result))?;
        }
        let (warnings, face) = (warnings(&subject.pose), face_rectangle(&subject.rect));
        Ok(Output { warnings, face, result })
    }
}

fn measure(subject: &Subject, age: u8, input: &Input) -> Vec<(&'static str, Node)> {
    let skin = &subject.skin;
    let tone = Tone::of(skin).unwrap_or(Tone { lab: [50.0, 0.0, 0.0], reliable: false });
    let (wrinkles, pores, spots) = (Wrinkles::of(skin), Pores::of(skin), spots(skin));
    let (pouch, pouch_severity) = signs::eye_pouch(skin);
    let folds = wrinkles.severity(&Side::BOTH.map(Zone::Nasolabial));
    let [forehead, left_cheek, right_cheek, jaw] = pores.enlarged();
    let boxes = |marks: &[Mark]| boxes(skin, &spots, marks, input.rect_confidence);
    let ita = json!({ "ITA": rounded(tone.ita(), 3), "skintone": signs::tint(&tone) });
    let hue = json!({ "HA": rounded(tone.hue_angle(), 3), "skintone": signs::hue(&tone) });
    let entries = [
        ("skin_color", Some(signs::color(&tone).json())),
        ("skintone_ita", Some(ita)),
        ("skin_hue_ha", Some(hue)),
        ("skin_age", Some(json!({ "value": age }))),
        ("left_eyelids", Some(signs::lid(subject, Side::Left).json())),
        ("right_eyelids", Some(signs::lid(subject, Side::Right).json())),
        ("eye_pouch", Some(pouch.json())),
        ("eye_pouch_severity", pouch_severity.map(|sign| sign.json())),
        ("dark_circle", Some(Circles::of(skin).kind().json())),
        ("forehead_wrinkle", Some(wrinkles.forehead().json())),
        ("crows_feet", Some(wrinkles.crows_feet().json())),
        ("eye_finelines", Some(wrinkles.under_eyes().json())),
        ("glabella_wrinkle", Some(wrinkles.glabella().json())),
        ("nasolabial_fold", Some(wrinkles.nasolabial().json())),
        ("nasolabial_fold_severity", folds.map(|sign| sign.json())),
        ("skin_type", Some(signs::skin_type(&kind(skin, &oil(skin), &dryness(skin))))),
        ("pores_forehead", Some(forehead.json())),
        ("pores_left_cheek", Some(left_cheek.json())),
        ("pores_right_cheek", Some(right_cheek.json())),
        ("pores_jaw", Some(jaw.json())),
        ("blackhead", Some(pores.blackhead_grade().json())),
        ("acne", Some(boxes(&[Mark::Papule, Mark::Pustule, Mark::Nodule]))),
        ("mole", Some(boxes(&[Mark::Mole]))),
        ("closed_comedones", Some(boxes(&[Mark::ClosedComedone]))),
        ("skin_spot", Some(boxes(&[Mark::BrownSpot]))),
    ];
    let present = entries.into_iter().filter_map(|(name, value)| Some((name, Node::Json(value?))));
    present.collect()
}

/// The boxes of the marks of some kinds in the photo.
fn boxes(skin: &Skin, spots: &[Spot], marks: &[Mark], confidence: bool) -> Value {
    let found: Vec<_> = spots.iter().filter(|spot| marks.contains(&spot.mark)).collect();
    let rectangle = |spot: &&Spot| {
        let [left, top, width, height] = bounds(&skin.chip, &spot.blob.outline()).map(f64::from);
        json!({ "width": width, "height": height, "left": left, "top": top })
    };
    let mut answer = json!({ "rectangle": found.iter().map(rectangle).collect::<Vec<_>>() });
    if confidence {
        answer["confidence"] = found.iter().map(|spot| json!(share(spot.confidence))).collect();
    }
    answer
}

/// The map of redness and its measures.
fn red_area(skin: &Skin, result: &mut Vec<(&'static str, Node)>) -> Result<()> {
    let red: Extent = redness(skin);
    let face = skin.zones(&Zone::FACE);
    let (area, strength) = (red.share(&face), red.strength(&face));
    let bytes = encode::jpeg(&red.on_white(&skin.chip, RED), encode::JPEG_QUALITY)?;
    let map = Node::Base64(Artifact { bytes, format: Format::Jpeg });
    result.push(("face_maps", Node::Object(vec![("red_area", map)])));
    let sensitivity = json!({
        "sensitivity_area": share(area),
        "sensitivity_intensity": rounded(band(area, AREA_LIMITS, strength), 2),
    });
    result.push(("sensitivity", Node::Json(sensitivity)));
    Ok(())
}
