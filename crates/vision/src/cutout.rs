//! What the cut-out services need.

/// Models.
pub const MODELS: &[&str] = &["u2net"];
/// Peak bytes whatever the photo.
pub const BASE_BYTES: u64 = 64 << 20;
/// Peak bytes for each pixel, the photo itself excluded.
pub const BYTES_PER_PIXEL: u64 = 8;
