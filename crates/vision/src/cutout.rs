//! What the cut-out services need.

/// Models for whatever stands out.
pub const MODELS: &[&str] = &["u2net"];
/// Models for people.
pub const PEOPLE_MODELS: &[&str] =
    &["u2net", "person_mask", "body_keypoints", "yunet", "centerface", "face_mesh"];
/// Models for whatever stands out, where what it is counts.
pub const KIND_MODELS: &[&str] = &["u2net", "classes"];
/// Models for food: what it is, and the people who eat it.
pub const FOOD_MODELS: &[&str] =
    &["u2net", "classes", "person_mask", "yunet", "centerface", "face_mesh"];
/// Models for heads and what belongs to them.
pub const HEAD_MODELS: &[&str] = &["yunet", "centerface", "face_mesh", "face_parsing", "u2net"];
/// Models for what is drawn: the subject, whatever it is, people and the parts of heads.
pub const DRAWING_MODELS: &[&str] =
    &["u2net", "person_mask", "body_keypoints", "yunet", "centerface", "face_mesh", "face_parsing"];
/// Models for garments, worn or not.
pub const GARMENT_MODELS: &[&str] = &[
    "u2net",
    "person_mask",
    "body_keypoints",
    "yunet",
    "centerface",
    "face_mesh",
    "face_parsing",
    "classes",
];
/// Peak bytes whatever the photo: the models' inputs and outputs, and the matting grid.
pub const BASE_BYTES: u64 = 64 << 20;
/// Peak bytes for each pixel, the photo itself excluded: 1 for alpha, the rest for a result that
/// compresses badly, while its file grows.
pub const BYTES_PER_PIXEL: u64 = 8;
/// The same where thin parts are looked for: the photo once more, and what the search takes.
pub const HD_BYTES_PER_PIXEL: u64 =
    BYTES_PER_PIXEL + 3 + safelight_imaging::strands::BYTES_PER_PIXEL;
/// The same where the file is answered twice.
pub const HD_PEOPLE_BYTES_PER_PIXEL: u64 = HD_BYTES_PER_PIXEL + 4;
/// The same for pieces around faces, one after the other: a mask of the photo, the piece with its
/// matte, and the files of all.
pub const HEAD_BYTES_PER_PIXEL: u64 = 24;
/// The same for up to eight cut-outs of garments, one after the other: the photo once more, its
/// matte, and the files of all.
pub const GARMENT_BYTES_PER_PIXEL: u64 = 24;
