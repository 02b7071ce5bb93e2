//! Why a model cannot be had.

use std::time::Duration;

use safelight_contract::{Code, Fault};

/// Why a model cannot be had, in one sentence. As a [`Fault`] it is fit for a caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// No manifest declares it.
    #[error("no model `{0}` is known")]
    Unknown(String),
    /// The operator's settings refuse it.
    #[error("the operator refuses the model `{model}` (`{by}`)")]
    Refused {
        /// The model.
        model: String,
        /// The entry of the settings that covers it.
        by: String,
    },
    /// There is no engine to run it.
    #[error("the model `{model}` has no engine to run it: {why}")]
    NoEngine {
        /// The model.
        model: String,
        /// Why there is none.
        why: String,
    },
    /// Its file is not there or cannot be read.
    #[error("the file {file} of the model `{model}` cannot be read: {why}")]
    Unreadable {
        /// The model.
        model: String,
        /// Its file's name.
        file: String,
        /// What the system said.
        why: String,
    },
    /// Its file is another one than the manifest says.
    #[error(
        "the file {file} of the model `{model}` is not the one that the manifest declares: {found}"
    )]
    WrongFile {
        /// The model.
        model: String,
        /// Its file's name.
        file: String,
        /// The size or digest found and the one declared.
        found: String,
    },
    /// The engine could not load it.
    #[error("the model `{model}` could not be loaded: {why}")]
    Failed {
        /// The model.
        model: String,
        /// What the engine said.
        why: String,
    },
    /// It could not be loaded for a cause that may pass, such as too many open files.
    #[error("the model `{model}` cannot be loaded at present: {why}")]
    Unavailable {
        /// The model.
        model: String,
        /// What the system or the engine said.
        why: String,
        /// When it is tried again; zero when its next use does.
        again_in: Duration,
    },
}

impl Reason {
    /// Whether the cause may pass, so that the model is tried again.
    pub fn may_pass(&self) -> bool {
        matches!(self, Reason::Unavailable { .. })
    }

    /// Whether the operator wants the model not to be there, rather than something being wrong.
    pub fn is_intended(&self) -> bool {
        matches!(self, Reason::Unknown(_) | Reason::Refused { .. } | Reason::NoEngine { .. })
    }

    /// The same, tried again after so long.
    pub(super) fn again_in(mut self, wait: Duration) -> Self {
        if let Reason::Unavailable { again_in, .. } = &mut self {
            *again_in = wait;
        }
        self
    }
}

/// The engine's own words, which may hold paths, stay in the log.
impl From<Reason> for Fault {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Unavailable { model, again_in, .. } => Fault::new(
                Code::ResourceUnavailable,
                format!(
                    "the model `{model}` cannot be loaded at present; the server's log says why"
                ),
            )
            .retry_after(again_in),
            Reason::Failed { model, .. } => Fault::new(
                Code::AiNotExists,
                format!("the model `{model}` could not be loaded; the server's log says why"),
            ),
            _ => Fault::new(Code::AiNotExists, reason.to_string()),
        }
    }
}
