//! What the operator lets in and out: a verdict on every picture on its way.

use image::RgbImage;
use safelight_contract::Result;

/// Where a picture is going.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage<'a> {
    /// Into the work, from the request's field of this name.
    Input(&'a str),
    /// Out to the caller, or in from a generative engine.
    Result,
}

/// The operator's policy for one job. Every picture that a job decodes, and every one that it answers, is
/// shown to it; it blocks.
pub trait Moderation: Send + Sync {
    /// Whether pictures of this passage are judged.
    fn looks_at(&self, passage: Passage<'_>) -> bool;

    /// Lets a picture pass.
    ///
    /// # Errors
    /// `ERROR_ILLEGAL_FILE` for an input and `ERROR_CONTENT_NON_COMPLIANCE` for a result that the policy
    /// forbids; those of the model.
    fn judge(&self, passage: Passage<'_>, photo: &RgbImage) -> Result<()>;

    /// Peak bytes of looking at one picture.
    fn bytes(&self) -> u64;
}
