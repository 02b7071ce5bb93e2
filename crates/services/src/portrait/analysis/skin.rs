//! What the services that look at skin share: finding the face, judging its signs, and how they are
//! answered. "Left" and "right" are those of the picture.

pub(super) mod answer;
pub(super) mod signs;
pub(super) mod subject;
pub(super) mod wrinkles;

use safelight_vision::face::models;

/// The models that every look at skin needs: face, parts, age and smile.
pub(super) const MODELS: &[&str] =
    &[models::DETECTION, models::MESH, models::PARSING, models::AGE, models::BLENDSHAPES];
/// Those that further tell how good a photo is, where `quality_control` asks for it.
pub(super) const QUALITY_MODELS: &[&str] = &[models::MASK, models::FITNESS];

/// Peak bytes of the models' work and of the measures on a chip, whatever the photo.
pub(super) const BASE_BYTES: u64 = safelight_imaging::skin::BASE_BYTES + (96 << 20);

/// Shares of the face from which redness, browning and dryness are mild, moderate and severe.
pub(super) const AREA_LIMITS: [f32; 3] = [0.1, 0.31, 0.61];

/// The colour that redness is drawn in.
pub(super) const RED: [u8; 3] = [200, 20, 30];

/// What none of these services can do.
pub(super) const LIMITATIONS: &str = "Image science on a photo, no diagnosis; every value is a \
                                      heuristic. Left and right are those of the picture. Lines are told from \
                                      45 pixels between the pupils on, with little confidence below \
                                      75, and never of faces that look younger than 15; their order \
                                      by apparent age is right in about 85 of 100 pairs. Blackheads \
                                      and acne need 150 pixels between the pupils: below, the answer \
                                      is 0 with a confidence of 0.5.";
