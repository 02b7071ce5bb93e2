//! What pictures a service accepts. Checked from the header, before anything is decoded.

use safelight_contract::{Code, Fault, Result};

use crate::{Format, Header};

/// The rules for one picture of a service. Bounds include themselves.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Accepted formats, by content, whatever the file's name says.
    pub formats: &'static [Format],
    /// Largest file in bytes.
    pub max_bytes: u64,
    /// Smallest (width, height).
    pub min: (u32, u32),
    /// Largest (width, height).
    pub max: (u32, u32),
    /// Largest ratio of the long side to the short one.
    pub max_aspect: Option<f32>,
    /// Whether pictures without colour (gray, gray with alpha) are accepted.
    pub grayscale: bool,
}

impl Rules {
    /// Megabytes, taken as binary, the kinder reading.
    pub const MB: u64 = 1024 * 1024;

    /// `FILE_SIZE_EXCEEDS_LIMIT` for a file of `bytes` over the limit.
    pub fn check_size(&self, field: &str, bytes: u64) -> Result<()> {
        if bytes <= self.max_bytes {
            return Ok(());
        }
        Err(Fault::new(
            Code::FileSizeExceedsLimit,
            format!("{field} has {bytes} bytes, the limit is {}", self.max_bytes),
        ))
    }

    /// Checks what the header says: `UNSUPPORTED_FILE_TYPES`, `ERROR_LOW_RESOLUTION`,
    /// `FILE_RESOLUTION_EXCEEDS_LIMITS` (also for the aspect ratio) and
    /// `ERROR_UNSUPPORTED_GRAYSCALE_IMAGE`, in this order.
    pub fn check(&self, field: &str, header: &Header) -> Result<()> {
        let _ = (field, header);
        unreachable!("being built")
    }
}
