//! The answer.

use safelight_operation::Output;

use super::lines::{LineCounts, LineInfos, LineOutlines, LineSeverities, WrinkleCounts};
use super::maps::{BlackWhiteInfo, FaceMaps};
use super::places::{Marks, Place, Polygons};
use super::score::ScoreInfo;
use crate::portrait::analysis::skin::answer::{
    Grade, HueAngle, LineSigns, SignAnswer, SkinType, TypologyAngle, WholeRectangle,
};
use crate::portrait::classes::Class;

/// What was found.
#[derive(Output)]
pub struct Answer {
    /// What the left profile shows, JSON in a text; where it was sent. An object with
    /// `left_jawline_info` (quality 1 usable, 2 turned by less than 20°, 3 turned away: an ear is
    /// seen but no nose, 4 no face, 5 invalid face, 6 other: cut off, or a true profile; with 1 the
    /// angle between the jaw's branch and body in degrees by the mesh, which smooths it, level 0
    /// for 116° to 120°, else 1, and the jaw's points), `left_face_maps`, `left_acne_info` and
    /// `left_melanin_info`; the last three with 1 and 2 and of a true profile. Of a true profile,
    /// which the mesh loses beyond some 75°, the marks are measured on the skin that is surely
    /// bare, their size right to a tenth; the line of its jaw is not told. A heuristic.
    pub(super) left_side_result: Option<String>,
    /// The same of the right profile.
    pub(super) right_side_result: Option<String>,
    /// The square box of the face.
    pub(super) face_rectangle: WholeRectangle,
    pub(super) result: Measured,
}

/// What is measured of the front view.
#[derive(Output)]
pub(super) struct Measured {
    pub face_maps: Option<FaceMaps>,
    pub enhanced_bw_info: Option<BlackWhiteInfo>,
    pub image_quality: ImageQuality,
    pub skin_type: SkinType,
    pub oily_intensity: Oil,
    pub water: Water,
    pub rough: Roughness,
    pub melanin: Melanin,
    /// 0 very light, 1 light, 2 intermediate, 3 tan, 4 brown or dark: typology angles above 56°, 43°,
    /// 36°, 20° and below.
    pub skintone: SignAnswer<5>,
    /// The same as `skintone`, under the name of the API's example.
    pub skin_tone: SignAnswer<5>,
    pub skintone_ita: TypologyAngle,
    pub skin_hue_ha: HueAngle,
    /// How old the face looks to a model, 0 to 100 years.
    #[output(path = "skin_age.value")]
    pub skin_age: u8,
    #[output(flatten)]
    pub pores: PoreAnswers,
    #[output(flatten)]
    pub marks: MarkAnswers,
    /// How much of the face is redder than its paler third: 0 none, 1 mild (from a share of 0.1), 2
    /// moderate (0.31), 3 severe (0.61). A heuristic on colour, no test of reactions.
    pub sensitivity_type_v1: Class<4>,
    pub sensitivity: Option<Sensitivity>,
    #[output(flatten)]
    pub eyes: EyeAnswers,
    #[output(flatten)]
    pub lines: LineAnswers,
    pub score_info: ScoreInfo,
    #[output(flatten)]
    pub outlines: Outlines,
}

/// How the face lies in the photo.
#[derive(Output)]
pub(super) struct ImageQuality {
    /// Share of the picture that the face's box covers, 0 to 1.
    pub face_ratio: f64,
    pub face_orientation: Orientation,
    /// The box of the face's points.
    pub face_rect: WholeRectangle,
    /// Share of the forehead that hair covers, 0 to 1.
    pub hair_occlusion: f64,
    /// 0 no, 1 yes.
    #[output(values(0, 1))]
    pub glasses: u8,
}

/// Which way the head looks.
#[derive(Output)]
pub(super) struct Orientation {
    /// Degrees, positive to the picture's right.
    pub yaw: f64,
    /// Degrees, positive down.
    pub pitch: f64,
    /// Degrees, positive clockwise.
    pub roll: f64,
}

/// Where and how much skin shines.
#[derive(Output)]
pub(super) struct Oil {
    /// Forehead and nose.
    pub t_zone: Shine,
    /// Left cheek.
    pub left_cheek: Shine,
    /// Right cheek.
    pub right_cheek: Shine,
    /// Chin.
    pub chin_area: Shine,
    /// All of them.
    pub full_face: Shine,
}

/// How much a region shines.
#[derive(Output)]
pub(super) struct Shine {
    /// Share that shines, 0 to 1.
    pub area: f64,
    /// 0 none or slight, 1 medium, 2 strong. A heuristic.
    #[output(values(0, 1, 2))]
    pub intensity: usize,
}

/// How dry skin looks.
#[derive(Output)]
pub(super) struct Water {
    /// How dry skin looks, 0 to 100: the band by area, the place in it by area and strength. A
    /// heuristic: light scales without shine.
    pub water_severity: f64,
    /// Share of the face that looks dry, 0 to 1.
    pub water_area: f64,
    /// Share of the forehead that looks dry, 0 to 1.
    #[output(path = "water_forehead.area")]
    pub water_forehead: f64,
    /// Share of the left cheek.
    #[output(path = "water_leftcheek.area")]
    pub water_leftcheek: f64,
    /// Share of the right cheek.
    #[output(path = "water_rightcheek.area")]
    pub water_rightcheek: f64,
}

/// How rough skin looks.
#[derive(Output)]
pub(super) struct Roughness {
    /// How rough skin looks, 0 to 100: the band by area, the place in it by area and strength. A
    /// heuristic: relief of 0.4 mm to 1.2 mm.
    pub rough_severity: u8,
    /// Share of the face that looks rough, 0 to 1.
    pub rough_area: f64,
    /// Share of the forehead that looks rough, 0 to 1.
    #[output(path = "rough_forehead.area")]
    pub rough_forehead: f64,
    /// Share of the left cheek.
    #[output(path = "rough_leftcheek.area")]
    pub rough_leftcheek: f64,
    /// Share of the right cheek.
    #[output(path = "rough_rightcheek.area")]
    pub rough_rightcheek: f64,
    /// Share of the chin.
    #[output(path = "rough_jaw.area")]
    pub rough_jaw: f64,
}

/// How brown skin is.
#[derive(Output)]
pub(super) struct Melanin {
    /// Share of the face that is browner than its paler third, 0 to 1.
    pub brown_area: f64,
    /// How brown, 0 to 100: the band by area, the place in it by area and strength.
    pub melanin_concentration: u8,
    /// Share of the forehead, 0 to 1.
    pub brown_forehead: f64,
    /// Share of the left cheek, 0 to 1.
    pub brown_leftcheek: f64,
    /// Share of the right cheek, 0 to 1.
    pub brown_rightcheek: f64,
}

/// How red skin is.
#[derive(Output)]
pub(super) struct Sensitivity {
    /// Share of the face that is redder than its paler third, 0 to 1; with `return_maps=red_area`.
    pub sensitivity_area: f64,
    /// How red, 0 to 100: the band by area, the place in it by area and strength; with
    /// `return_maps=red_area`.
    pub sensitivity_intensity: u8,
}

/// Pores and blackheads.
#[derive(Output)]
pub(super) struct PoreAnswers {
    /// Blackheads on the nose: 0 none (up to 45), 1 mild (90), 2 moderate (150), 3 severe.
    pub blackhead: SignAnswer<4>,
    /// How many blackheads the nose has.
    pub blackhead_count: usize,
    pub enlarged_pore_count: PoreCounts,
    /// 0 none (up to 100), 1 mild (300), 2 moderate (500), 3 severe.
    pub pores_forehead: SignAnswer<4>,
    /// 0 none (up to 45), 1 mild (136), 2 moderate (227), 3 severe.
    pub pores_left_cheek: SignAnswer<4>,
    /// 0 none (up to 45), 1 mild (136), 2 moderate (227), 3 severe.
    pub pores_right_cheek: SignAnswer<4>,
    /// The same as `pores_left_cheek`, under the name of the API's example.
    pub pores_leftcheek: SignAnswer<4>,
    /// The same as `pores_right_cheek`, under the name of the API's example.
    pub pores_rightcheek: SignAnswer<4>,
    /// 0 none (up to 63), 1 mild (188), 2 moderate (313), 3 severe.
    pub pores_jaw: SignAnswer<4>,
}

/// How many enlarged pores each region has.
#[derive(Output)]
pub(super) struct PoreCounts {
    /// How many enlarged pores the forehead has.
    pub forehead_count: usize,
    /// The left cheek.
    pub left_cheek_count: usize,
    /// The right cheek.
    pub right_cheek_count: usize,
    /// The chin.
    pub chin_count: usize,
}

/// Single marks.
#[derive(Output)]
pub(super) struct MarkAnswers {
    /// Moles: round dark brown marks up to 8 mm.
    pub mole: Marks,
    /// Brown spots.
    pub brown_spot: Marks,
    /// Light papules: red bumps.
    pub acne: Marks,
    /// Pustules: red with a light middle.
    pub acne_pustule: Marks,
    /// Nodules: red, of 6 mm and more.
    pub acne_nodule: Marks,
    /// Red marks, flat, as acne leaves behind.
    pub acne_mark: Marks,
    /// Closed comedones: small light bumps.
    pub closed_comedones: Marks,
    /// 0 no, 1 yes: brown areas on both cheeks.
    pub melasma: SignAnswer<2>,
    /// 0 no, 1 yes: a dozen and more small brown spots on cheeks and nose.
    pub freckle: SignAnswer<2>,
}

/// The skin around the eyes.
#[derive(Output)]
pub(super) struct EyeAnswers {
    /// Eye bags, 0 absent, 1 present: by the crease below the bulge.
    pub eye_pouch: SignAnswer<2>,
    /// 0 mild, 1 moderate, 2 severe; where there are bags.
    pub eye_pouch_severity: Option<SignAnswer<3>>,
    /// 0 none, 1 pigment, 2 vascular, 3 shade: what the skin under the eyes has more of than the
    /// cheek.
    pub dark_circle: SignAnswer<4>,
    /// 0 mild, 1 moderate, 2 severe; where there are dark circles.
    pub dark_circle_severity: Option<SignAnswer<3>>,
    /// 0 none to 3 severe: more melanin than the cheek.
    pub left_dark_circle_pigment: Grade,
    /// 0 none to 3 severe: more blood than the cheek.
    pub left_dark_circle_rete: Grade,
    /// 0 none to 3 severe: more shade than the cheek.
    pub left_dark_circle_structural: Grade,
    /// 0 none to 3 severe: more melanin than the cheek.
    pub right_dark_circle_pigment: Grade,
    /// 0 none to 3 severe: more blood than the cheek.
    pub right_dark_circle_rete: Grade,
    /// 0 none to 3 severe: more shade than the cheek.
    pub right_dark_circle_structural: Grade,
    /// The box of the skin under the eye.
    #[output(path = "dark_circle_mark.left_eye_rect")]
    pub left_eye_rect: WholeRectangle,
    /// The box of the skin under the eye.
    #[output(path = "dark_circle_mark.right_eye_rect")]
    pub right_eye_rect: WholeRectangle,
    /// The box of the skin under the eye.
    pub left_eye_pouch_rect: WholeRectangle,
    /// The box of the skin under the eye.
    pub right_eye_pouch_rect: WholeRectangle,
}

/// Lines.
#[derive(Output)]
pub(super) struct LineAnswers {
    #[output(flatten)]
    pub signs: LineSigns,
    /// 0 mild, 1 moderate, 2 severe; where there are lines.
    pub eye_finelines_severity: Option<SignAnswer<3>>,
    /// 0 mild, 1 moderate, 2 severe; where there are folds.
    pub nasolabial_fold_severity: Option<SignAnswer<3>>,
    #[output(flatten)]
    pub severities: LineSeverities,
    /// How many fine lines: shallower than wrinkles.
    pub fine_line: LineCounts,
    /// How many wrinkles: lines of a depth from 3.6 of CIE L*.
    pub wrinkle_count: WrinkleCounts,
    #[output(flatten)]
    pub infos: LineInfos,
}

/// Outlines that are asked for.
#[derive(Output)]
pub(super) struct Outlines {
    /// Outline of the region, in pixels; with `return_marks=wrinkle_mark`.
    pub wrinkle_mark: Option<LineOutlines>,
    pub dark_circle_outline: Option<DarkCircleOutlines>,
    pub cheekbone_mark: Option<CheekboneOutlines>,
    /// Outlines of red areas in pixels; with `return_marks=sensitivity_mark`.
    pub sensitivity_mark: Option<Polygons>,
    /// Outlines of brown areas in pixels; with `return_marks=melanin_mark`.
    pub melanin_mark: Option<Polygons>,
}

/// Where dark circles are judged.
#[derive(Output)]
pub(super) struct DarkCircleOutlines {
    /// Outline of the skin judged, in pixels; with `return_marks=dark_circle_outline`.
    pub left_dark_circle_outline: Vec<Place>,
    /// Outline of the skin judged, in pixels; with `return_marks=dark_circle_outline`.
    pub right_dark_circle_outline: Vec<Place>,
}

/// The apples of the cheeks.
#[derive(Output)]
pub(super) struct CheekboneOutlines {
    /// Outline of the cheek's apple in pixels; with `return_marks=cheekbone_mark`.
    pub left_cheekbone_mark: Vec<Place>,
    /// Outline of the cheek's apple in pixels; with `return_marks=cheekbone_mark`.
    pub right_cheekbone_mark: Vec<Place>,
}
