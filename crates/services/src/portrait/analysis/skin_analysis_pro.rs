//! Professional skin analysis: everything that is measured of a face, with maps, outlines, scores and
//! side views.

mod answer;
mod colors;
mod findings;
mod lines;
mod maps;
mod places;
mod score;
mod side;

use std::time::Duration;

use safelight_imaging::skin::{MAP_BYTES_PER_PIXEL, Side, Zone};
use safelight_imaging::{Format, Photo, Rules};
use safelight_operation::{
    Code, CpuOperation, Fault, Input, Memory, Needs, Picture, Result, Spec, ValueEnum, Work,
};
use safelight_vision::face::{Pose, QualityControl};
use serde_json::Value;

use self::answer::Answer;
use self::colors::{Colors, ColorsKind};
use self::findings::Findings;
use self::maps::{FaceMaps, MapName};
use super::super::faces::QUALITY_CONTROL;
use super::skin::subject::{FaceRules, Subject};
use super::skin::{BASE_BYTES, LIMITATIONS, MODELS, QUALITY_MODELS};

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

const FACE: FaceRules = FaceRules { field: "image", least_side: 400.0, least_share: 0.0 };
/// Degrees of yaw, pitch or roll beyond which the front view is none.
const LARGEST_ANGLE: f32 = 45.0;

/// Coordinates that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MarkName {
    Wrinkles,
    Lines(Zone),
    DarkCircles,
    Sensitivity,
    Melanin,
    Cheekbones,
}

const LINES: &str = "each line of that region: path, depth, length";

/// The words of `return_marks`.
const MARKS: &[(&str, MarkName, &str)] = &[
    ("wrinkle_mark", MarkName::Wrinkles, "outlines of the regions with lines"),
    ("forehead_wrinkle_list", MarkName::Lines(Zone::Forehead), LINES),
    ("glabella_wrinkle_list", MarkName::Lines(Zone::Glabella), LINES),
    ("left_eye_wrinkle_list", MarkName::Lines(Zone::UnderEye(Side::Left)), LINES),
    ("right_eye_wrinkle_list", MarkName::Lines(Zone::UnderEye(Side::Right)), LINES),
    ("left_crowsfeet_list", MarkName::Lines(Zone::CrowsFeet(Side::Left)), LINES),
    ("right_crowsfeet_list", MarkName::Lines(Zone::CrowsFeet(Side::Right)), LINES),
    ("left_cheek_list", MarkName::Lines(Zone::OuterCheek(Side::Left)), LINES),
    ("right_cheek_list", MarkName::Lines(Zone::OuterCheek(Side::Right)), LINES),
    ("left_nasolabial_list", MarkName::Lines(Zone::Nasolabial(Side::Left)), LINES),
    ("right_nasolabial_list", MarkName::Lines(Zone::Nasolabial(Side::Right)), LINES),
    ("left_mouth_list", MarkName::Lines(Zone::MouthCorner(Side::Left)), LINES),
    ("right_mouth_list", MarkName::Lines(Zone::MouthCorner(Side::Right)), LINES),
    ("dark_circle_outline", MarkName::DarkCircles, "outlines of the skin under the eyes"),
    ("sensitivity_mark", MarkName::Sensitivity, "outlines of red areas"),
    ("melanin_mark", MarkName::Melanin, "outlines of brown areas"),
    ("cheekbone_mark", MarkName::Cheekbones, "outlines of the cheeks' apples"),
];

/// The only side result there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SideResult {
    /// whether they are usable, and the jaw's angle
    JawlineInfo,
}

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The front view, of a face of at least 400 px that looks into the camera (yaw, pitch and roll
    /// within 45°, better within 30°). The largest face counts.
    #[picture(RULES)]
    image: Picture,
    /// The left profile, turned by 20° or more; for the jaw's angle by 70° at most.
    #[picture(RULES)]
    left_side_image: Option<Picture>,
    /// The right profile, turned by 20° or more; for the jaw's angle by 70° at most.
    #[picture(RULES)]
    right_side_image: Option<Picture>,
    /// Maps to draw.
    #[words]
    #[field(default = Vec::new())]
    return_maps: Vec<MapName>,
    /// Coordinates to answer.
    #[words(MARKS)]
    #[field(default = Vec::new())]
    return_marks: Vec<MarkName>,
    /// Colours of the maps, a JSON object of six hexadecimal digits each: pores_color,
    /// blackhead_color, wrinkle_color, fine_line_color, closed_comedones_color, acne_pustule_color,
    /// acne_nodule_color, acne_color, brown_spot_color.
    #[kind(ColorsKind)]
    #[field(default = Colors::DEFAULT)]
    roi_outline_color: Colors,
    /// What to say of the profiles beside their marks.
    #[words]
    #[field(default = Vec::new())]
    return_side_results: Vec<SideResult>,
    #[shared(QUALITY_CONTROL)]
    quality_control: QualityControl,
}

impl CpuOperation for SkinAnalysisPro {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/analysis/skin-analysis-pro",
        name: "Professional Skin Analysis",
        sign: "portrait_skin_analysis_pro",
        pool: "portrait_skin_analysis_professional",
        price: 70,
        summary: "Measures the skin of the largest face: tone, oil, dryness, roughness, pigment, \
                  pores, marks, lines, eyes, scores; draws maps, answers outlines, looks at side \
                  views.",
        limitations: LIMITATIONS,
        deadline: Duration::from_secs(28),
        memory: Memory { base: BASE_BYTES, per_pixel: 2 + MAP_BYTES_PER_PIXEL },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(MODELS).on_request(QUALITY_MODELS);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let photo = input.image.decode(work)?;
        let subject = Subject::find(&photo, &FACE, input.quality_control, work)?;
        check_front(&subject.pose)?;
        let looks = subject.looks(work)?;
        let found = work.stage("measure", || Ok(Findings::of(&subject.skin, looks)))?;
        let mut result =
            work.stage("result", || Ok(found.result(&subject, &input.return_marks)))?;
        let is_asked = |map| input.return_maps.contains(&map);
        if is_asked(MapName::RedArea) {
            result.sensitivity = Some(found.sensitivity(&subject.skin));
        }
        let mut maps = FaceMaps::default();
        for &map in &input.return_maps {
            let colors = &input.roi_outline_color;
            work.stage("map", || maps.draw(map, &photo, &subject, &found, colors))?;
        }
        result.face_maps = maps.if_any();
        if is_asked(MapName::BlackWhite) {
            result.enhanced_bw_info = Some(maps::black_white_info(&photo, &subject));
        }
        let rect = &subject.rect;
        let [left, top, side] = [rect.x, rect.y, rect.width].map(|value| value.round() as i64);
        drop((found, subject));
        drop::<Photo>(photo);
        let [left_side_result, right_side_result] = look_at_sides(&input, work)?;
        Ok(Answer {
            left_side_result,
            right_side_result,
            face_rectangle: [left, top, side, side].into(),
            result,
        })
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

/// What the profiles show, as JSON in a text.
fn look_at_sides(input: &Request, work: &Work) -> Result<[Option<String>; 2]> {
    let look = |picture: &Option<Picture>, side, map| -> Result<Option<String>> {
        let Some(picture) = picture else { return Ok(None) };
        let wanted = side::Wanted {
            jawline: input.return_side_results.contains(&SideResult::JawlineInfo),
            outlines: input.return_maps.contains(&map),
            colors: &input.roi_outline_color,
        };
        let found: Value = side::look(picture, side, &wanted, work)?;
        Ok(Some(found.to_string()))
    };
    Ok([
        look(&input.left_side_image, Side::Left, MapName::LeftRoiOutline)?,
        look(&input.right_side_image, Side::Right, MapName::RightRoiOutline)?,
    ])
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
}
