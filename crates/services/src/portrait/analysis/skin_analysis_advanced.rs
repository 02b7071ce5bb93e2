//! Advanced skin analysis: the signs with their severity, tone, age, marks with their boxes, redness.

use safelight_imaging::skin::{
    Extent, MAP_BYTES_PER_PIXEL, Mark, Skin, Spot, Zone, band, dryness, kind, oil, redness, spots,
};
use safelight_imaging::{Format, Rules, encode};
use safelight_operation::{
    Artifact, Base64, CpuOperation, FileFormat, Input, Memory, Needs, Output, Picture, Result,
    Spec, ValueEnum, Work, rounded,
};
use safelight_vision::face::QualityControl;

use super::super::faces::QUALITY_CONTROL;
use super::skin::answer::{
    HueAngle, Lids, LineSigns, PoreSigns, Rectangle, SignAnswer, SkinType, TypologyAngle, bounds,
    share, tone, warnings,
};
use super::skin::signs::{self, Circles, Pores};
use super::skin::subject::{FaceRules, Looks, Subject};
use super::skin::wrinkles::Wrinkles;
use super::skin::{AREA_LIMITS, BASE_BYTES, LIMITATIONS, MODELS, QUALITY_MODELS, RED};

/// The service.
pub struct SkinAnalysisAdvanced;

const FACE: FaceRules = FaceRules { field: "image", least_side: 400.0, least_share: 0.0 };

/// The maps that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum MapName {
    /// redness on white, and its measures as `sensitivity`
    RedArea,
}

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo, of a face of at least 400 px that looks into the camera. The largest face counts.
    #[picture(Rules {
        formats: &[Format::Jpeg],
        max_bytes: 5 * Rules::MB,
        min: (200, 200),
        max: (4096, 4096),
        grayscale: false,
        ..Rules::ORDINARY
    })]
    image: Picture,
    /// Whether a face that is turned, covered, dark or blurred is refused, as `quality_control`
    /// NORMAL does; of the two the stricter counts.
    #[choice(&[
        ("0", QualityControl::None, "every face is measured"),
        ("1", QualityControl::Normal, "poor faces are refused"),
    ])]
    #[field(default = QualityControl::None)]
    face_quality_control: QualityControl,
    #[shared(QUALITY_CONTROL)]
    quality_control: QualityControl,
    /// Whether each box of a mark comes with its confidence.
    #[choice(&[("0", false, "boxes alone"), ("1", true, "boxes with confidence")])]
    #[field(default = false)]
    return_rect_confidence: bool,
    /// Maps to draw.
    #[words]
    #[field(default = Vec::new())]
    return_maps: Vec<MapName>,
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
    /// 0 translucent white, 1 white, 2 natural, 3 wheat, 4 dark: typology angles above 55°, 41°,
    /// 28°, 10° and below.
    skin_color: SignAnswer<5>,
    skintone_ita: TypologyAngle,
    skin_hue_ha: Hue,
    /// How old the face looks to a model, 0 to 100 years.
    #[output(path = "skin_age.value")]
    skin_age: u8,
    #[output(flatten)]
    lids: Lids,
    /// Eye bags, 0 absent, 1 present: by the crease below the bulge.
    eye_pouch: SignAnswer<2>,
    /// 0 mild, 1 moderate, 2 severe; where there are bags.
    eye_pouch_severity: Option<SignAnswer<3>>,
    /// 0 none, 1 pigment, 2 vascular, 3 shade: what the skin under the eyes has more of than the
    /// cheek.
    dark_circle: SignAnswer<4>,
    #[output(flatten)]
    lines: LineSigns,
    /// 0 mild, 1 moderate, 2 severe; where there are folds.
    nasolabial_fold_severity: Option<SignAnswer<3>>,
    skin_type: SkinType,
    #[output(flatten)]
    pores: PoreSigns,
    /// Blackheads on the nose: 0 none (up to 45), 1 mild (90), 2 moderate (150), 3 severe.
    blackhead: SignAnswer<4>,
    /// Papules, pustules and nodules: round red marks.
    acne: Boxes,
    /// Moles: round dark brown marks up to 8 mm.
    mole: Boxes,
    /// Closed comedones: small light bumps.
    closed_comedones: Boxes,
    /// Brown spots.
    skin_spot: Boxes,
    #[output(flatten)]
    redness: Option<Redness>,
}

/// The hue angle.
#[derive(Output)]
struct Hue {
    #[output(flatten)]
    angle: HueAngle,
    /// The same as `skin_hue`, under the name that older clients read.
    #[output(values(0, 1, 2, 3))]
    skintone: u8,
}

/// Marks of some kinds.
#[derive(Output)]
struct Boxes {
    /// The box of each.
    rectangle: Vec<Rectangle>,
    /// For each box how likely it is right, 0.5 to 1, where it was asked for. A heuristic.
    confidence: Option<Vec<f64>>,
}

/// Redness, where its map was asked for.
#[derive(Output)]
struct Redness {
    /// Redness on white at the photo's size, a JPEG; with `return_maps=red_area`.
    #[output(path = "face_maps.red_area", format = FileFormat::Picture(Format::Jpeg))]
    map: Base64,
    /// Share of forehead, nose, cheeks and chin that is red, 0 to 1; with `return_maps=red_area`.
    #[output(path = "sensitivity.sensitivity_area")]
    area: f64,
    /// How red, 0 to 100: the band by area, the place in it by area and strength; with
    /// `return_maps=red_area`.
    #[output(path = "sensitivity.sensitivity_intensity")]
    intensity: f64,
}

impl CpuOperation for SkinAnalysisAdvanced {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/analysis/skin-analysis-advanced",
        name: "Advanced Skin Analysis",
        sign: "portrait_skin_analysis_advanced",
        pool: "portrait_skin_analysis_advanced",
        price: 50,
        summary: "Tells the tone and the apparent age of the largest face's skin, its lids, bags, \
                  circles, lines and pores with their severity, and the boxes of its marks; maps \
                  its redness.",
        limitations: LIMITATIONS,
        memory: Memory { base: BASE_BYTES, per_pixel: MAP_BYTES_PER_PIXEL },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(MODELS).on_request(QUALITY_MODELS);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let photo = input.image.decode(work)?;
        let control = input.face_quality_control.max(input.quality_control);
        let subject = Subject::find(&photo, &FACE, control, work)?;
        let looks = subject.looks(work)?;
        let confidence = input.return_rect_confidence;
        let mut result = work.stage("measure", || Ok(measure(&subject, looks, confidence)))?;
        if input.return_maps.contains(&MapName::RedArea) {
            result.redness = Some(work.stage("maps", || red_area(&subject.skin))?);
        }
        Ok(Answer {
            warning: warnings(&subject.pose),
            face_rectangle: (&subject.rect).into(),
            result,
        })
    }
}

/// All signs but redness; boxes with their confidence where `confidence` says so.
fn measure(subject: &Subject, looks: Looks, confidence: bool) -> Signs {
    let skin = &subject.skin;
    let (tone, wrinkles, pores, spots) =
        (tone(skin), Wrinkles::of(skin, looks), Pores::of(skin), spots(skin));
    let (pouch, pouch_severity) = signs::eye_pouch(skin);
    let folds = wrinkles.severity(Zone::Nasolabial);
    let boxes = |marks: &[Mark]| boxes(skin, &spots, marks, confidence);
    Signs {
        skin_color: signs::color(&tone).into(),
        skintone_ita: (&tone).into(),
        skin_hue_ha: Hue { angle: (&tone).into(), skintone: signs::hue(&tone) },
        skin_age: looks.age,
        lids: Lids::of(subject),
        eye_pouch: pouch.into(),
        eye_pouch_severity: pouch_severity.map(Into::into),
        dark_circle: Circles::of(skin).kind().into(),
        lines: (&wrinkles).into(),
        nasolabial_fold_severity: folds.map(Into::into),
        skin_type: (&kind(skin, &oil(skin), &dryness(skin))).into(),
        pores: pores.enlarged().map(|sign| signs::of_dots(skin, sign)).into(),
        blackhead: signs::of_dots(skin, pores.blackhead_grade()).into(),
        acne: boxes(&[Mark::Papule, Mark::Pustule, Mark::Nodule]),
        mole: boxes(&[Mark::Mole]),
        closed_comedones: boxes(&[Mark::ClosedComedone]),
        skin_spot: boxes(&[Mark::BrownSpot]),
        redness: None,
    }
}

/// The boxes of the marks of some kinds in the photo.
fn boxes(skin: &Skin, spots: &[Spot], marks: &[Mark], confidence: bool) -> Boxes {
    let found: Vec<_> = spots.iter().filter(|spot| marks.contains(&spot.mark)).collect();
    let rectangle = |spot: &&Spot| bounds(&skin.chip, &spot.blob.outline()).into();
    let sure = || found.iter().map(|spot| share(spot.confidence)).collect();
    Boxes { rectangle: found.iter().map(rectangle).collect(), confidence: confidence.then(sure) }
}

/// The map of redness and its measures.
fn red_area(skin: &Skin) -> Result<Redness> {
    let red: Extent = redness(skin);
    let face = skin.zones(&Zone::FACE);
    let (area, strength) = (red.share(&face), red.strength(&face));
    let bytes = encode::jpeg(&red.on_white(&skin.chip, RED), encode::JPEG_QUALITY)?;
    Ok(Redness {
        map: Base64(Artifact::picture(bytes, Format::Jpeg)),
        area: share(area),
        intensity: rounded(band(area, AREA_LIMITS, strength), 2),
    })
}
