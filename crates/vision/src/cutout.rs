//! What the cut-out services need.

/// Models.
pub const MODELS: &[&str] = &["u2net"];
/// Peak bytes whatever the photo: the model's input and output, and the matting grid.
pub const BASE_BYTES: u64 = 64 << 20;
/// Peak bytes for each pixel, the photo itself excluded: 1 for alpha, the rest for a result that
/// compresses badly, while its file grows.
pub const BYTES_PER_PIXEL: u64 = 8;
