//! What the services that look at skin share: finding the face, judging its signs, and how they are
//! answered. "Left" and "right" are those of the picture.

pub(super) mod answer;
pub(super) mod fields;
pub(super) mod signs;
pub(super) mod subject;

/// The models that these services need, with those that tell how good a photo is.
pub(super) const MODELS: &[&str] =
    &["yunet", "face_mesh", "face_parsing", "age_gender", "face_mask", "face_quality"];

/// Peak bytes of the models' work and of the measures on a chip, whatever the photo.
pub(super) const BASE_BYTES: u64 = safelight_imaging::skin::BASE_BYTES + (96 << 20);

/// Shares of the face from which redness, browning and dryness are mild, moderate and severe.
pub(super) const AREA_LIMITS: [f32; 3] = [0.1, 0.31, 0.61];

/// The colour that redness is drawn in.
pub(super) const RED: [u8; 3] = [200, 20, 30];
