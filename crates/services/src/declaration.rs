//! What a service says about itself.

use std::time::Duration;

use safelight_imaging::Rules;

use crate::param::Parameter;

/// When the answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// In the answer to the request itself.
    Sync,
    /// Later: the request answers with a `task_id`, the result is polled.
    Async,
}

/// Everything about a service but the work it does.
pub struct Declaration {
    /// Path under the base URL, e.g. `/api/cutout/general/universal-background-removal`.
    pub path: &'static str,
    /// Name shown to people.
    pub name: &'static str,
    /// The vendor's `unique_sign`, the operation's identifier in the SDKs.
    pub sign: &'static str,
    /// The credit pool (`credits_sign`) that pays first; `common` pays where it is empty.
    pub pool: &'static str,
    /// Credits charged for one success.
    pub price: u32,
    /// One or two sentences for the documentation.
    pub summary: &'static str,
    /// Sync or async.
    pub mode: Mode,
    /// Time a request may take from admission to answer; beyond it the work stops and the answer
    /// is `AI_SERVICE_TIMEOUT`.
    pub deadline: Duration,
    /// The files it takes; the first is the photo that it works on, which the command line fills.
    pub files: &'static [&'static FileField],
    /// The scalar parameters it takes.
    pub params: &'static [&'static dyn Parameter],
    /// The fields of a successful answer, for the documentation and its conformance test.
    pub answer: &'static [Field],
    /// Names of the models it needs; without any of them it answers `ERROR_AI_NOT_EXISTS`.
    pub models: &'static [&'static str],
    /// Peak memory of the work itself, decoding excluded.
    pub memory: Memory,
}

/// Peak memory that a service's work takes beside the decoded picture.
pub struct Memory {
    /// Bytes whatever the picture.
    pub base: u64,
    /// Bytes for each pixel of its pictures.
    pub per_pixel: u64,
}

/// A file that a service takes.
pub struct FileField {
    /// Field name in the form.
    pub name: &'static str,
    /// What it is, for the documentation.
    pub doc: &'static str,
    /// Whether a request without it is refused.
    pub required: bool,
    /// What pictures are accepted.
    pub rules: Rules,
}

impl FileField {
    /// A file that every request needs.
    pub const fn required(name: &'static str, doc: &'static str, rules: Rules) -> Self {
        Self { name, doc, required: true, rules }
    }

    /// A file that a request may lack.
    pub const fn optional(name: &'static str, doc: &'static str, rules: Rules) -> Self {
        Self { name, doc, required: false, rules }
    }
}

/// One field of an answer.
pub struct Field {
    /// Where it stands, with dots between levels and `[]` after a list, e.g. `data.image_url`.
    pub path: &'static str,
    /// Its type.
    pub kind: FieldKind,
    /// What it means.
    pub doc: &'static str,
    /// Whether some successful answers lack it: a group that was not asked for, an item of a list
    /// that may be empty.
    pub optional: bool,
}

impl Field {
    /// A field of every successful answer.
    pub const fn new(path: &'static str, kind: FieldKind, doc: &'static str) -> Self {
        Self { path, kind, doc, optional: false }
    }

    /// The same as a field that some successful answers lack.
    pub const fn optional(self) -> Self {
        Self { optional: true, ..self }
    }
}

/// The type of an answer's field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Text: the URL of a result file.
    Url,
    /// Text: a picture in Base64, without `data:` prefix.
    Base64,
    /// Text.
    Text,
    /// Whole number.
    Integer,
    /// Number.
    Number,
    /// Boolean.
    Flag,
}
