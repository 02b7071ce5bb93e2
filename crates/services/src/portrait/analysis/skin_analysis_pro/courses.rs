//! The regions with lines, and the names of their fields.

use safelight_imaging::skin::{Side, Zone};

/// A region and the names of its fields.
pub(super) struct Course {
    pub zone: Zone,
    /// Object of its measures, and the list of its lines in it.
    pub info: &'static str,
    pub list: &'static str,
    /// Its severity.
    pub severity: &'static str,
    /// Its counts of wrinkles and, where `fine`, of fine lines.
    pub count: &'static str,
    pub fine: bool,
    /// Its outline.
    pub outline: &'static str,
}

/// All of them.
#[rustfmt::skip]
pub(super) const COURSES: [Course; 12] = [
    Course { zone: Zone::Forehead, info: "forehead_wrinkle_info", list: "forehead_wrinkle_list", severity: "forehead_wrinkle_severity", count: "forehead_count", outline: "head_wrinkle_outline", fine: true },
    Course { zone: Zone::Glabella, info: "glabella_wrinkle_info", list: "glabella_wrinkle_list", severity: "glabella_wrinkle_severity", count: "glabella_count", outline: "glabella_wrinkle_outline", fine: true },
    Course { zone: Zone::UnderEye(Side::Left), info: "left_eye_wrinkle_info", list: "left_eye_wrinkle_list", severity: "left_eye_finelines_severity", count: "left_undereye_count", outline: "left_eye_wrinkle_outline", fine: true },
    Course { zone: Zone::CrowsFeet(Side::Left), info: "left_crowsfeet_wrinkle_info", list: "left_crowsfeet_wrinkle_list", severity: "left_crows_feet_severity", count: "left_crowsfeet_count", outline: "left_crowsfeet_wrinkle_outline", fine: true },
    Course { zone: Zone::OuterCheek(Side::Left), info: "left_cheek_wrinkle_info", list: "left_cheek_wrinkle_list", severity: "left_cheek_wrinkle_severity", count: "left_cheek_count", outline: "left_cheek_wrinkle_outline", fine: true },
    Course { zone: Zone::Nasolabial(Side::Left), info: "left_nasolabial_wrinkle_info", list: "left_nasolabial_wrinkle_list", severity: "left_nasolabial_fold_severity", count: "left_nasolabial_count", outline: "left_nasolabial_wrinkle_outline", fine: false },
    Course { zone: Zone::MouthCorner(Side::Left), info: "left_mouth_wrinkle_info", list: "left_mouth_wrinkle_list", severity: "left_mouth_wrinkle_severity", count: "left_mouth_count", outline: "left_mouth_wrinkle_outline", fine: false },
    Course { zone: Zone::UnderEye(Side::Right), info: "right_eye_wrinkle_info", list: "right_eye_wrinkle_list", severity: "right_eye_finelines_severity", count: "right_undereye_count", outline: "right_eye_wrinkle_outline", fine: true },
    Course { zone: Zone::CrowsFeet(Side::Right), info: "right_crowsfeet_wrinkle_info", list: "right_crowsfeet_wrinkle_list", severity: "right_crows_feet_severity", count: "right_crowsfeet_count", outline: "right_crowsfeet_wrinkle_outline", fine: true },
    Course { zone: Zone::OuterCheek(Side::Right), info: "right_cheek_wrinkle_info", list: "right_cheek_wrinkle_list", severity: "right_cheek_wrinkle_severity", count: "right_cheek_count", outline: "right_cheek_wrinkle_outline", fine: true },
    Course { zone: Zone::Nasolabial(Side::Right), info: "right_nasolabial_wrinkle_info", list: "right_nasolabial_wrinkle_list", severity: "right_nasolabial_fold_severity", count: "right_nasolabial_count", outline: "right_nasolabial_wrinkle_outline", fine: false },
    Course { zone: Zone::MouthCorner(Side::Right), info: "right_mouth_wrinkle_info", list: "right_mouth_wrinkle_list", severity: "right_mouth_wrinkle_severity", count: "right_mouth_count", outline: "right_mouth_wrinkle_outline", fine: false },
];
