//! Failures as CompreFace answers them: an HTTP status, and a number of its own.

use safelight_contract::{Code, Edition, Fault};

/// A fault, and how CompreFace says it where its code does not tell.
pub(super) struct Refusal {
    pub fault: Fault,
    seen: Option<(u16, u32)>,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self { fault, seen: None }
    }
}

impl Refusal {
    fn of(code: Code, message: String, status: u16, number: u32) -> Self {
        Self { fault: Fault::new(code, message), seen: Some((status, number)) }
    }

    pub fn missing_header(message: String) -> Self {
        Self::of(Code::ApplicationsNotExists, message, 400, 20)
    }

    pub fn missing_file(message: String) -> Self {
        Self::of(Code::MissingParameters, message, 400, 34)
    }

    pub fn prediction_count(message: String) -> Self {
        Self::of(Code::UnsupportedParameterValues, message, 400, 12)
    }

    pub fn image_not_found(message: String) -> Self {
        Self::of(Code::FaceNotFound, message, 404, 11)
    }

    /// HTTP status and number. What CompreFace has no number for keeps its status and has 0.
    pub fn seen(&self, edition: Edition) -> (u16, u32) {
        let code = self.fault.code();
        self.seen.unwrap_or(match code {
            Code::ApplicationsNotExists => (404, 10),
            Code::UnsupportedFileTypes => (400, 21),
            Code::NoFaceInFile => (400, 28),
            Code::FaceCountInvalid => (400, 31),
            Code::MissingParameters => (400, 33),
            Code::ParametersCannotEmpty
            | Code::UnsupportedParameterValues
            | Code::ParameterConversionFailed
            | Code::InvalidParameterFormat
            | Code::ContentTooLong
            | Code::ErrorParameters => (400, 36),
            Code::UserNotFound => (404, 42),
            Code::UserAlreadyExists => (400, 43),
            Code::FaceNotFound => (404, 44),
            _ => (code.in_edition(edition).status(edition), 0),
        })
    }
}
