//! What pictures a service accepts. Checked from the header, before anything is decoded.

use safelight_contract::{Code, Fault, Result};

use crate::{ColorModel, Format, Header};

/// The rules for one picture of a service. Bounds include themselves.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Accepted formats, by content, whatever the file's name says.
    pub formats: &'static [Format],
    /// Largest file in bytes.
    pub max_bytes: u64,
    /// Smallest (width, height).
    pub min: (u32, u32),
    /// Largest (width, height), in either orientation: the longer side of a picture is held against the
    /// longer of the two, the shorter against the shorter.
    pub max: (u32, u32),
    /// Largest ratio of the long side to the short one.
    pub max_aspect: Option<f32>,
    /// The code of pictures that are larger.
    pub too_large: Code,
    /// Whether pictures without colour (gray, gray with alpha) are accepted.
    pub grayscale: bool,
}

impl Rules {
    /// Megabytes, taken as binary, the kinder reading.
    pub const MB: u64 = 1024 * 1024;

    /// The largest file in [megabytes](Self::MB), for people: `3.5`.
    pub fn max_megabytes(&self) -> f64 {
        self.max_bytes as f64 / Self::MB as f64
    }

    /// `words` where the largest size is not a square, so that landscape and portrait are both accepted;
    /// else an empty text.
    pub fn either_way(&self, words: &'static str) -> &'static str {
        if self.max.0 == self.max.1 { "" } else { words }
    }

    /// What most services accept: JPEG, PNG and BMP of any shape, with colour or without. Sizes
    /// differ from one to the next, and each writes down its own.
    pub const ORDINARY: Self = Self {
        formats: &[Format::Jpeg, Format::Png, Format::Bmp],
        max_bytes: 3 * Self::MB,
        min: (32, 32),
        max: (2000, 2000),
        max_aspect: None,
        too_large: Code::FileResolutionExceedsLimits,
        grayscale: true,
    };

    /// `FILE_SIZE_EXCEEDS_LIMIT` for a file of `bytes` over the limit.
    pub fn check_size(&self, field: &str, bytes: u64) -> Result<()> {
        if bytes <= self.max_bytes {
            return Ok(());
        }
        Err(Fault::new(
            Code::FileSizeExceedsLimit,
            format!(
                "{field} has {bytes} bytes, the limit is {} ({} MB)",
                self.max_bytes,
                self.max_megabytes()
            ),
        ))
    }

    /// Checks what the header says: `UNSUPPORTED_FILE_TYPES`, `ERROR_LOW_RESOLUTION`,
    /// [`Self::too_large`], `FILE_RESOLUTION_EXCEEDS_LIMITS` for the aspect ratio, and
    /// `ERROR_UNSUPPORTED_GRAYSCALE_IMAGE`, in this order. Sizes are as shown, after orientation.
    pub fn check(&self, field: &str, header: &Header) -> Result<()> {
        self.check_format(field, header.format)?;
        let (width, height) = (header.width, header.height);
        if width < self.min.0 || height < self.min.1 {
            return Err(Fault::new(
                Code::LowResolution,
                format!(
                    "{field} has {width}×{height} pixels, the smallest size is {}×{}",
                    self.min.0, self.min.1
                ),
            ));
        }
        let (long, short) = (width.max(height), width.min(height));
        if long > self.max.0.max(self.max.1) || short > self.max.0.min(self.max.1) {
            return Err(Fault::new(
                self.too_large,
                format!(
                    "{field} has {width}×{height} pixels, the largest size is {}×{}{}",
                    self.max.0,
                    self.max.1,
                    self.either_way(" in either orientation")
                ),
            ));
        }
        self.check_aspect(field, width, height)?;
        if !self.grayscale && header.color == ColorModel::Gray {
            return Err(Fault::new(
                Code::UnsupportedGrayscaleImage,
                format!("{field} is a grayscale picture, one with colour is needed"),
            ));
        }
        Ok(())
    }

    fn check_format(&self, field: &str, found: Format) -> Result<()> {
        if self.formats.contains(&found) {
            return Ok(());
        }
        let accepted: Vec<_> = self.formats.iter().map(|f| f.name()).collect();
        Err(Fault::new(
            Code::UnsupportedFileTypes,
            format!("{field} is a {}, accepted are {}", found.name(), accepted.join(", ")),
        ))
    }

    fn check_aspect(&self, field: &str, width: u32, height: u32) -> Result<()> {
        let Some(limit) = self.max_aspect else { return Ok(()) };
        let (long, short) = (f64::from(width.max(height)), f64::from(width.min(height)));
        if long <= f64::from(limit) * short {
            return Ok(());
        }
        Err(Fault::new(
            Code::FileResolutionExceedsLimits,
            format!(
                "{field} has {width}×{height} pixels, a ratio of its sides of {:.2}; the limit is \
                 {limit}",
                long / short
            ),
        ))
    }
}
