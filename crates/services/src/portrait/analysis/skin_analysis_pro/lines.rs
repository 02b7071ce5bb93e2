//! The lines of each region.

use safelight_imaging::skin::Side::{Left, Right};
use safelight_imaging::skin::{Chip, Line, Lines, Severity, Skin, Zone};
use safelight_operation::{Output, rounded};

use super::places::{Place, places};
use crate::portrait::analysis::skin::answer::{Grade, share};
use crate::portrait::analysis::skin::wrinkles::Wrinkles;

/// How lined a region is.
#[derive(Output)]
struct LineMeasures {
    /// How lined, 0 to 100: mean depth, less where the lines are short.
    wrinkle_score: u8,
    /// 0 none, 1 mild, 2 moderate, 3 severe: by scores from 9, 32 and 55.
    #[output(values(0, 1, 2, 3))]
    wrinkle_severity_level: u8,
    /// Length of all lines over the region's circumference.
    wrinkle_norm_length: f64,
    /// Mean depth, 0 to 1 for the deepest folds (18 of CIE L*).
    wrinkle_norm_depth: f64,
    /// Length of all lines in pixels over a tenth of the region's pixels.
    wrinkle_pixel_density: f64,
    /// Share of the region that lines cover, 0 to 1.
    wrinkle_area_ratio: f64,
    /// Share of the lines' length that is wrinkles rather than fine lines, 0 to 1.
    wrinkle_deep_ratio: f64,
    /// How many wrinkles.
    wrinkle_deep_num: usize,
    /// How many fine lines.
    wrinkle_shallow_num: usize,
}

impl LineMeasures {
    fn of(lines: &Lines, level: Severity) -> Self {
        let (deep, shallow) = counts(lines);
        Self {
            wrinkle_score: lines.score().round().clamp(0.0, 100.0) as u8,
            wrinkle_severity_level: level.level(),
            wrinkle_norm_length: rounded(lines.norm_length(), 5),
            wrinkle_norm_depth: rounded(lines.norm_depth(), 5),
            wrinkle_pixel_density: rounded(lines.density(), 5),
            wrinkle_area_ratio: share(lines.area_ratio()),
            wrinkle_deep_ratio: share(lines.deep_ratio()),
            wrinkle_deep_num: deep,
            wrinkle_shallow_num: shallow,
        }
    }
}

/// How many lines of a region are wrinkles, and how many are fine lines.
fn counts(lines: &Lines) -> (usize, usize) {
    let deep = lines.lines.iter().filter(|line| line.is_deep()).count();
    (deep, lines.lines.len() - deep)
}

/// One line.
#[derive(Output)]
struct LineAnswer {
    /// The line's path in pixels.
    wrinkle_coord: Vec<Place>,
    /// Depth, 0 to 1 for the deepest folds.
    wrinkle_depth: f64,
    /// Length in pixels.
    wrinkle_length: f64,
}

impl LineAnswer {
    fn of(chip: &Chip, line: &Line) -> Self {
        let path: Vec<_> = line.path.iter().map(|&place| chip.upright.to_photo(place)).collect();
        Self {
            wrinkle_coord: places(&path),
            wrinkle_depth: rounded(line.norm_depth(), 4),
            wrinkle_length: rounded(line.length / chip.upright.magnification(), 2),
        }
    }
}

/// The measures of each region, with its lines where they are asked for.
#[derive(Output)]
pub(super) struct LineInfos {
    /// Lines: forehead.
    forehead_wrinkle_info: LineMeasures,
    /// With its name in `return_marks`, each line.
    #[output(path = "forehead_wrinkle_info.forehead_wrinkle_list")]
    forehead_wrinkle_list: Option<Vec<LineAnswer>>,
    /// Lines: glabella.
    glabella_wrinkle_info: LineMeasures,
    /// With its name in `return_marks`, each line.
    #[output(path = "glabella_wrinkle_info.glabella_wrinkle_list")]
    glabella_wrinkle_list: Option<Vec<LineAnswer>>,
    /// Lines: left eye.
    left_eye_wrinkle_info: LineMeasures,
    /// With its name in `return_marks`, each line.
    #[output(path = "left_eye_wrinkle_info.left_eye_wrinkle_list")]
    left_eye_wrinkle_list: Option<Vec<LineAnswer>>,
    /// Lines: left crowsfeet.
    left_crowsfeet_wrinkle_info: LineMeasures,
    /// With its name in `return_marks`, each line.
    #[output(path = "left_crowsfeet_wrinkle_info.left_crowsfeet_wrinkle_list")]
    left_crowsfeet_wrinkle_list: Option<Vec<LineAnswer>>,
    /// Lines: left cheek.
    left_cheek_wrinkle_info: LineMeasures,
    /// With its name in `return_marks`, each line.
    #[output(path = "left_cheek_wrinkle_info.left_cheek_wrinkle_list")]
    left_cheek_wrinkle_list: Option<Vec<LineAnswer>>,
    /// Lines: left nasolabial.
    left_nasolabial_wrinkle_info: LineMeasures,
    /// With its name in `return_marks`, each line.
    #[output(path = "left_nasolabial_wrinkle_info.left_nasolabial_wrinkle_list")]
    left_nasolabial_wrinkle_list: Option<Vec<LineAnswer>>,
    /// Lines: left mouth.
    left_mouth_wrinkle_info: LineMeasures,
    /// With its name in `return_marks`, each line.
    #[output(path = "left_mouth_wrinkle_info.left_mouth_wrinkle_list")]
    left_mouth_wrinkle_list: Option<Vec<LineAnswer>>,
    /// Lines: right eye.
    right_eye_wrinkle_info: LineMeasures,
    /// With its name in `return_marks`, each line.
    #[output(path = "right_eye_wrinkle_info.right_eye_wrinkle_list")]
    right_eye_wrinkle_list: Option<Vec<LineAnswer>>,
    /// Lines: right crowsfeet.
    right_crowsfeet_wrinkle_info: LineMeasures,
    /// With its name in `return_marks`, each line.
    #[output(path = "right_crowsfeet_wrinkle_info.right_crowsfeet_wrinkle_list")]
    right_crowsfeet_wrinkle_list: Option<Vec<LineAnswer>>,
    /// Lines: right cheek.
    right_cheek_wrinkle_info: LineMeasures,
    /// With its name in `return_marks`, each line.
    #[output(path = "right_cheek_wrinkle_info.right_cheek_wrinkle_list")]
    right_cheek_wrinkle_list: Option<Vec<LineAnswer>>,
    /// Lines: right nasolabial.
    right_nasolabial_wrinkle_info: LineMeasures,
    /// With its name in `return_marks`, each line.
    #[output(path = "right_nasolabial_wrinkle_info.right_nasolabial_wrinkle_list")]
    right_nasolabial_wrinkle_list: Option<Vec<LineAnswer>>,
    /// Lines: right mouth.
    right_mouth_wrinkle_info: LineMeasures,
    /// With its name in `return_marks`, each line.
    #[output(path = "right_mouth_wrinkle_info.right_mouth_wrinkle_list")]
    right_mouth_wrinkle_list: Option<Vec<LineAnswer>>,
}

impl LineInfos {
    /// With the lines of the zones that `asked` is true of.
    pub fn of(chip: &Chip, wrinkles: &Wrinkles, asked: impl Fn(Zone) -> bool) -> Self {
        let info = |zone| LineMeasures::of(&wrinkles.lines[&zone], wrinkles.level(zone));
        let list = |zone| {
            let lines = wrinkles.lines[&zone].lines.iter();
            asked(zone).then(|| lines.map(|line| LineAnswer::of(chip, line)).collect())
        };
        Self {
            forehead_wrinkle_info: info(Zone::Forehead),
            forehead_wrinkle_list: list(Zone::Forehead),
            glabella_wrinkle_info: info(Zone::Glabella),
            glabella_wrinkle_list: list(Zone::Glabella),
            left_eye_wrinkle_info: info(Zone::UnderEye(Left)),
            left_eye_wrinkle_list: list(Zone::UnderEye(Left)),
            left_crowsfeet_wrinkle_info: info(Zone::CrowsFeet(Left)),
            left_crowsfeet_wrinkle_list: list(Zone::CrowsFeet(Left)),
            left_cheek_wrinkle_info: info(Zone::OuterCheek(Left)),
            left_cheek_wrinkle_list: list(Zone::OuterCheek(Left)),
            left_nasolabial_wrinkle_info: info(Zone::Nasolabial(Left)),
            left_nasolabial_wrinkle_list: list(Zone::Nasolabial(Left)),
            left_mouth_wrinkle_info: info(Zone::MouthCorner(Left)),
            left_mouth_wrinkle_list: list(Zone::MouthCorner(Left)),
            right_eye_wrinkle_info: info(Zone::UnderEye(Right)),
            right_eye_wrinkle_list: list(Zone::UnderEye(Right)),
            right_crowsfeet_wrinkle_info: info(Zone::CrowsFeet(Right)),
            right_crowsfeet_wrinkle_list: list(Zone::CrowsFeet(Right)),
            right_cheek_wrinkle_info: info(Zone::OuterCheek(Right)),
            right_cheek_wrinkle_list: list(Zone::OuterCheek(Right)),
            right_nasolabial_wrinkle_info: info(Zone::Nasolabial(Right)),
            right_nasolabial_wrinkle_list: list(Zone::Nasolabial(Right)),
            right_mouth_wrinkle_info: info(Zone::MouthCorner(Right)),
            right_mouth_wrinkle_list: list(Zone::MouthCorner(Right)),
        }
    }
}

/// How severe the lines of each region are.
#[derive(Output)]
pub(super) struct LineSeverities {
    /// 0 none, 1 mild, 2 moderate, 3 severe: by the score of its lines.
    forehead_wrinkle_severity: Grade,
    /// 0 none, 1 mild, 2 moderate, 3 severe: by the score of its lines.
    glabella_wrinkle_severity: Grade,
    /// 0 none, 1 mild, 2 moderate, 3 severe: by the score of its lines.
    left_eye_finelines_severity: Grade,
    /// 0 none, 1 mild, 2 moderate, 3 severe: by the score of its lines.
    left_crows_feet_severity: Grade,
    /// 0 none, 1 mild, 2 moderate, 3 severe: by the score of its lines.
    left_cheek_wrinkle_severity: Grade,
    /// 0 none, 1 mild, 2 moderate, 3 severe: by the score of its lines.
    left_nasolabial_fold_severity: Grade,
    /// 0 none, 1 mild, 2 moderate, 3 severe: by the score of its lines.
    left_mouth_wrinkle_severity: Grade,
    /// 0 none, 1 mild, 2 moderate, 3 severe: by the score of its lines.
    right_eye_finelines_severity: Grade,
    /// 0 none, 1 mild, 2 moderate, 3 severe: by the score of its lines.
    right_crows_feet_severity: Grade,
    /// 0 none, 1 mild, 2 moderate, 3 severe: by the score of its lines.
    right_cheek_wrinkle_severity: Grade,
    /// 0 none, 1 mild, 2 moderate, 3 severe: by the score of its lines.
    right_nasolabial_fold_severity: Grade,
    /// 0 none, 1 mild, 2 moderate, 3 severe: by the score of its lines.
    right_mouth_wrinkle_severity: Grade,
}

impl From<&Wrinkles> for LineSeverities {
    fn from(wrinkles: &Wrinkles) -> Self {
        let grade = |zone| wrinkles.level(zone).into();
        Self {
            forehead_wrinkle_severity: grade(Zone::Forehead),
            glabella_wrinkle_severity: grade(Zone::Glabella),
            left_eye_finelines_severity: grade(Zone::UnderEye(Left)),
            left_crows_feet_severity: grade(Zone::CrowsFeet(Left)),
            left_cheek_wrinkle_severity: grade(Zone::OuterCheek(Left)),
            left_nasolabial_fold_severity: grade(Zone::Nasolabial(Left)),
            left_mouth_wrinkle_severity: grade(Zone::MouthCorner(Left)),
            right_eye_finelines_severity: grade(Zone::UnderEye(Right)),
            right_crows_feet_severity: grade(Zone::CrowsFeet(Right)),
            right_cheek_wrinkle_severity: grade(Zone::OuterCheek(Right)),
            right_nasolabial_fold_severity: grade(Zone::Nasolabial(Right)),
            right_mouth_wrinkle_severity: grade(Zone::MouthCorner(Right)),
        }
    }
}

/// How many lines the regions have that can have fine ones.
#[derive(Output)]
pub(super) struct LineCounts {
    forehead_count: usize,
    glabella_count: usize,
    left_undereye_count: usize,
    left_crowsfeet_count: usize,
    left_cheek_count: usize,
    right_undereye_count: usize,
    right_crowsfeet_count: usize,
    right_cheek_count: usize,
}

impl LineCounts {
    fn of(count: impl Fn(Zone) -> usize) -> Self {
        Self {
            forehead_count: count(Zone::Forehead),
            glabella_count: count(Zone::Glabella),
            left_undereye_count: count(Zone::UnderEye(Left)),
            left_crowsfeet_count: count(Zone::CrowsFeet(Left)),
            left_cheek_count: count(Zone::OuterCheek(Left)),
            right_undereye_count: count(Zone::UnderEye(Right)),
            right_crowsfeet_count: count(Zone::CrowsFeet(Right)),
            right_cheek_count: count(Zone::OuterCheek(Right)),
        }
    }

    /// Of fine lines.
    pub fn of_fine_lines(wrinkles: &Wrinkles) -> Self {
        Self::of(|zone| counts(&wrinkles.lines[&zone]).1)
    }
}

/// How many wrinkles each region has.
#[derive(Output)]
pub(super) struct WrinkleCounts {
    #[output(flatten)]
    counts: LineCounts,
    left_nasolabial_count: usize,
    left_mouth_count: usize,
    right_nasolabial_count: usize,
    right_mouth_count: usize,
}

impl From<&Wrinkles> for WrinkleCounts {
    fn from(wrinkles: &Wrinkles) -> Self {
        let count = |zone| counts(&wrinkles.lines[&zone]).0;
        Self {
            counts: LineCounts::of(count),
            left_nasolabial_count: count(Zone::Nasolabial(Left)),
            left_mouth_count: count(Zone::MouthCorner(Left)),
            right_nasolabial_count: count(Zone::Nasolabial(Right)),
            right_mouth_count: count(Zone::MouthCorner(Right)),
        }
    }
}

/// The outline of each region.
#[derive(Output)]
pub(super) struct LineOutlines {
    head_wrinkle_outline: Vec<Place>,
    glabella_wrinkle_outline: Vec<Place>,
    left_eye_wrinkle_outline: Vec<Place>,
    left_crowsfeet_wrinkle_outline: Vec<Place>,
    left_cheek_wrinkle_outline: Vec<Place>,
    left_nasolabial_wrinkle_outline: Vec<Place>,
    left_mouth_wrinkle_outline: Vec<Place>,
    right_eye_wrinkle_outline: Vec<Place>,
    right_crowsfeet_wrinkle_outline: Vec<Place>,
    right_cheek_wrinkle_outline: Vec<Place>,
    right_nasolabial_wrinkle_outline: Vec<Place>,
    right_mouth_wrinkle_outline: Vec<Place>,
}

impl LineOutlines {
    pub fn of(skin: &Skin) -> Self {
        let outline = |zone| places(&skin.outline(zone));
        Self {
            head_wrinkle_outline: outline(Zone::Forehead),
            glabella_wrinkle_outline: outline(Zone::Glabella),
            left_eye_wrinkle_outline: outline(Zone::UnderEye(Left)),
            left_crowsfeet_wrinkle_outline: outline(Zone::CrowsFeet(Left)),
            left_cheek_wrinkle_outline: outline(Zone::OuterCheek(Left)),
            left_nasolabial_wrinkle_outline: outline(Zone::Nasolabial(Left)),
            left_mouth_wrinkle_outline: outline(Zone::MouthCorner(Left)),
            right_eye_wrinkle_outline: outline(Zone::UnderEye(Right)),
            right_crowsfeet_wrinkle_outline: outline(Zone::CrowsFeet(Right)),
            right_cheek_wrinkle_outline: outline(Zone::OuterCheek(Right)),
            right_nasolabial_wrinkle_outline: outline(Zone::Nasolabial(Right)),
            right_mouth_wrinkle_outline: outline(Zone::MouthCorner(Right)),
        }
    }
}
