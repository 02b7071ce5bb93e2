//! Professional skin analysis: everything that is measured of a face, with maps, outlines, scores and
//! side views.

mod colors;
mod courses;
mod fields;
mod findings;
mod maps;
mod score;
mod side;

use std::time::Duration;

use safelight_contract::{Code, Fault, Result};
use safelight_imaging::skin::{MAP_BYTES_PER_PIXEL, Side, Zone};
use safelight_imaging::{Format, Photo, Rules};
use safelight_vision::face::{Pose, QualityControl};
use serde_json::{Map, Value, json};

use self::colors::{Colors, ColorsKind};
use self::courses::COURSES;
use self::findings::{Findings, line_list, points, polygons};
use self::maps::MapName;
use super::super::faces::QUALITY_CONTROL;
use super::skin::subject::{FaceRules, Subject};
use super::skin::{BASE_BYTES, MODELS};
use crate::{
    Answer, Declaration, Defaulted, FileField, Form, Memory, Mode, Node, Param, Service, Upload,
    Words, Work,
};

/// The service.
pub struct SkinAnalysisPro;

const RULES: Rules = Rules {
    formats: &[Format::Jpeg],
    max_bytes: 8 * Rules::MB,
    min: (200, 200),
    max: (4096, 4096),
    grayscale: false,
    ..Rules::ORDINARY
};

static IMAGE: FileField = FileField::required(
    "image",
    "The front view, of a face of at least 400 px that looks into the camera (yaw, pitch and \
          roll within 45°, better within 30°). The largest face counts.",
    RULES,
);

static LEFT_SIDE_IMAGE: FileField = FileField::optional(
    "left_side_image",
    "The left profile, turned by 20° or more; for the jaw's angle by 70° at most.",
    RULES,
);

static RIGHT_SIDE_IMAGE: FileField = FileField::optional(
    "right_side_image",
    "The right profile, turned by 20° or more; for the jaw's angle by 70° at most.",
    RULES,
);

const FACE: FaceRules = FaceRules { field: "image", least_side: 400.0, least_share: 0.0 };
/// Degrees of yaw, pitch or roll beyond which the front view is none.
const LARGEST_ANGLE: f32 = 45.0;
/// Areas of fewer chip pixels than this have no outline in the marks.
const LEAST_AREA: usize = 60;

static RETURN_MAPS: Param<Words<MapName>, Defaulted<Vec<MapName>>> = Param {
    name: "return_maps",
    doc: "Maps to draw.",
    kind: Words(&[
        ("red_area", MapName::RedArea, "redness on white, and its measures as `sensitivity`"),
        ("brown_area", MapName::BrownArea, "browning on white"),
        ("texture_enhanced_pores", MapName::Pores, "enlarged pores"),
        ("texture_enhanced_blackheads", MapName::Blackheads, "blackheads"),
        ("texture_enhanced_oily_area", MapName::OilyArea, "shine"),
        ("texture_enhanced_lines", MapName::Lines, "wrinkles and fine lines"),
        ("water_area", MapName::WaterArea, "dryness on white"),
        ("rough_area", MapName::RoughArea, "roughness on white"),
        ("roi_outline_map", MapName::RoiOutline, "outlines of acne and spots"),
        ("texture_enhanced_bw", MapName::BlackWhite, "the face in black and white"),
        ("left_roi_outline_map", MapName::LeftRoiOutline, "outlines on the left profile"),
        ("right_roi_outline_map", MapName::RightRoiOutline, "outlines on the right profile"),
    ]),
    presence: Defaulted(Vec::new()),
};

/// Coordinates that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MarkName {
    Wrinkles,
    Lines(&'static str),
    DarkCircles,
    Sensitivity,
    Melanin,
    Cheekbones,
}

const LINES: &str = "each line of that region: path, depth, length";

static RETURN_MARKS: Param<Words<MarkName>, Defaulted<Vec<MarkName>>> = Param {
    name: "return_marks",
    doc: "Coordinates to answer.",
    kind: Words(&[
        ("wrinkle_mark", MarkName::Wrinkles, "outlines of the regions with lines"),
        ("forehead_wrinkle_list", MarkName::Lines("forehead_wrinkle_info"), LINES),
        ("glabella_wrinkle_list", MarkName::Lines("glabella_wrinkle_info"), LINES),
        ("left_eye_wrinkle_list", MarkName::Lines("left_eye_wrinkle_info"), LINES),
        ("right_eye_wrinkle_list", MarkName::Lines("right_eye_wrinkle_info"), LINES),
        ("left_crowsfeet_list", MarkName::Lines("left_crowsfeet_wrinkle_info"), LINES),
        ("right_crowsfeet_list", MarkName::Lines("right_crowsfeet_wrinkle_info"), LINES),
        ("left_cheek_list", MarkName::Lines("left_cheek_wrinkle_info"), LINES),
        ("right_cheek_list", MarkName::Lines("right_cheek_wrinkle_info"), LINES),
        ("left_nasolabial_list", MarkName::Lines("left_nasolabial_wrinkle_info"), LINES),
        ("right_nasolabial_list", MarkName::Lines("right_nasolabial_wrinkle_info"), LINES),
        ("left_mouth_list", MarkName::Lines("left_mouth_wrinkle_info"), LINES),
        ("right_mouth_list", MarkName::Lines("right_mouth_wrinkle_info"), LINES),
        ("dark_circle_outline", MarkName::DarkCircles, "outlines of the skin under the eyes"),
        ("sensitivity_mark", MarkName::Sensitivity, "outlines of red areas"),
        ("melanin_mark", MarkName::Melanin, "outlines of brown areas"),
        ("cheekbone_mark", MarkName::Cheekbones, "outlines of the cheeks' apples"),
    ]),
    presence: Defaulted(Vec::new()),
};

static ROI_OUTLINE_COLOR: Param<ColorsKind, Defaulted<Colors>> = Param {
    name: "roi_outline_color",
    doc: "Colours of the maps, a JSON object of six hexadecimal digits each: pores_color, \
          blackhead_color, wrinkle_color, fine_line_color, closed_comedones_color, \
          acne_pustule_color, acne_nodule_color, acne_color, brown_spot_color.",
    kind: ColorsKind,
    presence: Defaulted(Colors::DEFAULT),
};

/// The only side result there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct JawlineInfo;

static RETURN_SIDE_RESULTS: Param<Words<JawlineInfo>, Defaulted<Vec<JawlineInfo>>> = Param {
    name: "return_side_results",
    doc: "What to say of the profiles beside their marks.",
    kind: Words(&[("jawline_info", JawlineInfo, "whether they are usable, and the jaw's angle")]),
    presence: Defaulted(Vec::new()),
};

/// What a request asks for.
pub struct Input {
    image: Upload,
    sides: [Option<Upload>; 2],
    maps: Vec<MapName>,
    marks: Vec<MarkName>,
    colors: Colors,
    jawline: bool,
    quality_control: QualityControl,
}

/// What was found.
pub struct Output {
    sides: [Option<Value>; 2],
    face: Value,
    result: Map<String, Value>,
    maps: Vec<(&'static str, Node)>,
    black_white: Option<Node>,
}

impl Answer for Output {
    fn into_node(self) -> Node {
        let mut fields = Vec::new();
        let names = ["left_side_result", "right_side_result"];
        for (name, side) in names.into_iter().zip(self.sides) {
            fields.extend(side.map(|side| (name, Node::Json(side.to_string().into()))));
        }
        fields.push(("face_rectangle", Node::Json(self.face)));
        let mut result = vec![];
        if !self.maps.is_empty() {
            result.push(("face_maps", Node::Object(self.maps)));
        }
        result.extend(self.black_white.map(|info| ("enhanced_bw_info", info)));
        let measured = self.result.into_iter();
        result.extend(measured.map(|(name, value)| (declared(&name), Node::Json(value))));
        fields.push(("result", Node::Object(result)));
        Node::Object(fields)
    }
}

/// The name of a field of the result as it is declared.
fn declared(name: &str) -> &'static str {
    let names = fields::FIELDS.iter().filter_map(|field| {
        let rest = field.path.strip_prefix("result.")?;
        Some(&rest[..rest.find(['.', '[']).unwrap_or(rest.len())])
    });
    names.clone().find(|declared| *declared == name).unwrap_or("undeclared")
}

impl Service for SkinAnalysisPro {
    type Input = Input;
    type Output = Output;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/portrait/analysis/skin-analysis-pro",
        name: "Professional Skin Analysis",
        sign: "portrait_skin_analysis_pro",
        pool: "portrait_skin_analysis_professional",
        price: 70,
        summary: "Measures the skin of the largest face: tone, oil, dryness, roughness, pigment, \
                  pores, marks, lines, eyes, scores; draws maps, answers outlines, looks at side \
                  views. Image science on a photo, no diagnosis; every value is a heuristic. Left \
                  and right are those of the picture.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(28),
        files: &[&IMAGE, &LEFT_SIDE_IMAGE, &RIGHT_SIDE_IMAGE],
        params: &[
            &RETURN_MAPS,
            &RETURN_MARKS,
            &ROI_OUTLINE_COLOR,
            &RETURN_SIDE_RESULTS,
            &QUALITY_CONTROL,
        ],
        answer: fields::FIELDS,
        models: MODELS,
        memory: Memory { base: BASE_BYTES, per_pixel: 2 + MAP_BYTES_PER_PIXEL },
    };

    fn read(form: &Form) -> Result<Input> {
        Ok(Input {
            image: IMAGE.read(form)?,
            sides: [LEFT_SIDE_IMAGE.read_if_sent(form)?, RIGHT_SIDE_IMAGE.read_if_sent(form)?],
            maps: RETURN_MAPS.read(form)?,
            marks: RETURN_MARKS.read(form)?,
            colors: ROI_OUTLINE_COLOR.read(form)?,
            jawline: !RETURN_SIDE_RESULTS.read(form)?.is_empty(),
            quality_control: QUALITY_CONTROL.read(form)?,
        })
    }

    fn run(input: Input, work: &Work) -> Result<Output> {
        let photo = input.image.decode(work)?;
        let subject = Subject::find(&photo, &FACE, input.quality_control, work)?;
        check_front(&subject.pose)?;
        let age = subject.age(work)?;
        let found = work.stage("measure", || Ok(Findings::of(&subject.skin, age)))?;
        let mut result = work.stage("result", || Ok(found.result(&subject)))?;
        if input.maps.contains(&MapName::RedArea) {
            result.insert("sensitivity".to_owned(), found.sensitivity(&subject.skin));
        }
        put_marks(&input.marks, &subject, &found, &mut result);
        let mut maps = Vec::new();
        for &map in &input.maps {
            let drawn = || maps::draw(map, &photo, &subject, &found, &input.colors);
            maps.extend(work.stage("map", drawn)?);
        }
        let black_white = input.maps.contains(&MapName::BlackWhite);
        let black_white = black_white.then(|| maps::black_white_info(&photo, &subject));
        let rect = &subject.rect;
        let [left, top, side] = [rect.x, rect.y, rect.width].map(|value| value.round() as i64);
        let face = json!({ "left": left, "top": top, "width": side, "height": side });
        drop((found, subject));
        drop::<Photo>(photo);
        let sides = look_at_sides(&input, work)?;
        Ok(Output { sides, face, result, maps, black_white })
    }
}

fn check_front(pose: &Pose) -> Result<()> {
    for (name, angle) in [("yaw", pose.yaw), ("pitch", pose.pitch), ("roll", pose.roll)] {
        if angle.abs() > LARGEST_ANGLE {
            return Err(Fault::new(
                Code::FaceNotFacingForward,
                format!("image: the head's {name} is {angle:.0}°, the limit is {LARGEST_ANGLE}°"),
            ));
        }
    }
    Ok(())
}

fn look_at_sides(input: &Input, work: &Work) -> Result<[Option<Value>; 2]> {
    let maps = [MapName::LeftRoiOutline, MapName::RightRoiOutline];
    let mut sides = [None, None];
    for ((side, upload), map) in Side::BOTH.into_iter().zip(&input.sides).zip(maps) {
        let Some(upload) = upload else { continue };
        let outlines = input.maps.contains(&map);
        let wanted = side::Wanted { jawline: input.jawline, outlines, colors: &input.colors };
        sides[side as usize] = Some(side::look(upload, side, &wanted, work)?);
    }
    Ok(sides)
}

/// Adds the coordinates that were asked for.
fn put_marks(
    marks: &[MarkName],
    subject: &Subject,
    found: &Findings,
    result: &mut Map<String, Value>,
) {
    let (skin, chip) = (&subject.skin, &subject.skin.chip);
    let both = |zone: fn(Side) -> Zone, what: &str| {
        let outline = |side| points(&skin.outline(zone(side)));
        json!({
            format!("left_{what}"): outline(Side::Left),
            format!("right_{what}"): outline(Side::Right),
        })
    };
    for mark in marks {
        let (name, value) = match mark {
            MarkName::Lines(info) => {
                for course in COURSES.iter().filter(|course| course.info == *info) {
                    let lines = line_list(chip, &found.wrinkles.0[&course.zone].lines);
                    result[*info][course.list] = lines;
                }
                continue;
            }
            MarkName::Wrinkles => {
                let outline = |zone| points(&skin.outline(zone));
                let outlines = COURSES.iter().map(|c| (c.outline.to_owned(), outline(c.zone)));
                ("wrinkle_mark", Value::Object(outlines.collect()))
            }
            MarkName::DarkCircles => {
                ("dark_circle_outline", both(Zone::TearTrough, "dark_circle_outline"))
            }
            MarkName::Cheekbones => ("cheekbone_mark", both(Zone::Apple, "cheekbone_mark")),
            MarkName::Sensitivity => {
                let outlines = polygons(chip, &found.red.outlines(LEAST_AREA));
                ("sensitivity_mark", json!({ "polygon": outlines }))
            }
            MarkName::Melanin => {
                let outlines = polygons(chip, &found.brown.outlines(LEAST_AREA));
                ("melanin_mark", json!({ "polygon": outlines }))
            }
        };
        result.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turned_head_is_no_front_view() {
        let turned = |yaw, pitch, roll| check_front(&Pose { yaw, pitch, roll });
        assert_eq!(turned(-44.0, 20.0, 44.0), Ok(()));
        for (yaw, pitch, roll) in [(50.0, 0.0, 0.0), (0.0, -46.0, 0.0), (0.0, 0.0, 80.0)] {
            let fault = turned(yaw, pitch, roll).expect_err("must be refused");
            assert_eq!(fault.code(), Code::FaceNotFacingForward);
            assert!(fault.message().contains("45"), "{fault}");
        }
    }

    #[test]
    fn every_field_of_the_result_has_its_declared_name() {
        assert_eq!(declared("mole"), "mole");
        assert_eq!(declared("score_info"), "score_info");
        assert_eq!(declared("nonsense"), "undeclared");
    }
}
