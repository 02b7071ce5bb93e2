use std::fmt;
use std::time::Duration;

use crate::Code;

/// A refusal or failure on its way to the caller: which code, and the sentence that says what the
/// caller can act on (the field, the value got, the values allowed, the size found and the limit).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    code: Code,
    message: String,
    retry_after: Option<Duration>,
}

impl Fault {
    /// A fault with `code` and an explanation that names the cause.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after: None }
    }

    /// Says when trying again makes sense; becomes the `Retry-After` header.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The fine code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The explanation (`error_detail.message`).
    pub fn message(&self) -> &str {
        &self.message
    }

    /// How long to wait before trying again, where that is known.
    pub fn wait(&self) -> Option<Duration> {
        self.retry_after
    }
}

/// The start of a text that a caller sent, at most 60 characters, so that a message stays short whatever
/// it was.
pub fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Fault {}
