//! What an endpoint says about itself beside its fields.

use std::time::Duration;

use crate::generator::{EngineUse, Given};
use crate::kinds::{Choice, Text};
use crate::param::{Optional, Param, Parameter};

/// The method of HTTP that an endpoint takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads; its fields are on the query string.
    Get,
    /// Does something; its fields are in the body or on the query string.
    Post,
}

/// When the answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// In the answer to the request itself.
    Sync,
    /// Later: the request answers with a `task_id`, the result is polled.
    Async,
    /// As the parameter `task_type` says, `sync` or `async`.
    Either {
        /// Without the parameter: whether the answer comes later.
        default_async: bool,
    },
}

/// The parameter of endpoints whose delivery is [`Delivery::Either`]: whether the answer comes later.
pub static TASK_TYPE: Param<Choice<bool>, Optional> = Param {
    name: "task_type",
    aliases: &[],
    doc: "Whether the answer holds the result or a task that makes it.",
    kind: Choice(&[
        ("sync", false, "the answer holds the result"),
        ("async", true, "the answer holds a `task_id`"),
    ]),
    presence: Optional,
};

/// Most characters of a URL in a request.
pub const MAX_URL: usize = 2048;

/// The parameter of endpoints that answer later: who is told of the task's end.
pub static CALLBACK_URL: Param<Text, Optional> = Param {
    name: "callback_url",
    aliases: &[],
    doc: "Where the end of the task is posted, as a signed webhook.",
    kind: Text(MAX_URL),
    presence: Optional,
};

impl Delivery {
    /// The parameters that every endpoint of this delivery takes beside its own.
    pub const fn parameters(self) -> &'static [&'static dyn Parameter] {
        match self {
            Self::Sync => &[],
            Self::Async => const { &[&CALLBACK_URL] },
            Self::Either { .. } => const { &[&TASK_TYPE, &CALLBACK_URL] },
        }
    }
}

/// Everything about an endpoint but its fields and its work.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Method of HTTP.
    pub method: Method,
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
    /// What it cannot do, for the documentation; empty where there is nothing to say.
    pub limitations: &'static str,
    /// Sync or async.
    pub delivery: Delivery,
    /// Time a request may take from admission to answer; beyond it the work stops and the answer
    /// is `AI_SERVICE_TIMEOUT`.
    pub deadline: Duration,
    /// Peak memory of the work itself, decoding excluded.
    pub memory: Memory,
}

impl Spec {
    /// A synchronous `POST` of 25 seconds without memory of its own. Path, name, sign, pool, price
    /// and summary remain to be said.
    pub const DEFAULT: Self = Self {
        method: Method::Post,
        path: "",
        name: "",
        sign: "",
        pool: "",
        price: 0,
        summary: "",
        limitations: "",
        delivery: Delivery::Sync,
        deadline: Duration::from_secs(25),
        memory: Memory { base: 0, per_pixel: 0 },
    };

    /// Whether name, path and summary together hold every word of a query, in any case.
    pub fn matches(&self, query: &str) -> bool {
        let text = [self.name, self.path, self.summary].join(" ").to_lowercase();
        query.split_whitespace().all(|word| text.contains(&word.to_lowercase()))
    }

    /// The last segment of the path.
    pub const fn slug(&self) -> &'static str {
        let bytes = self.path.as_bytes();
        let mut start = bytes.len();
        while start > 0 && bytes[start - 1] != b'/' {
            start -= 1;
        }
        self.path.split_at(start).1
    }
}

/// Peak memory that an operation's work takes beside the decoded pictures.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Bytes whatever the picture.
    pub base: u64,
    /// Bytes for each pixel of its pictures.
    pub per_pixel: u64,
}

/// What the work may ask its context for. What is not declared is not handed out.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    /// Names of the models without any of which the operation answers `ERROR_AI_NOT_EXISTS`.
    pub models: &'static [&'static str],
    /// Names of further models that some requests call for; without one of them, these requests
    /// alone are refused.
    pub models_on_request: &'static [&'static str],
    /// Kinds of work that the operator may give to a model; without one, the operation does it by other
    /// means.
    pub choices: &'static [&'static str],
    /// How it uses generative engines.
    pub engine: Option<EngineUse>,
    /// Whether it reads or changes rows of the installation.
    pub rows: bool,
}

impl Needs {
    /// No models.
    pub const NOTHING: Self = Self::models(&[]);

    /// These models, each for every request.
    pub const fn models(models: &'static [&'static str]) -> Self {
        Self { models, models_on_request: &[], choices: &[], engine: None, rows: false }
    }

    /// The same, with further models that some requests call for.
    pub const fn on_request(self, models: &'static [&'static str]) -> Self {
        Self { models_on_request: models, ..self }
    }

    /// The same with a generative engine, which is given this; without one, the operation answers
    /// `ERROR_AI_NOT_EXISTS` where it is required, and works natively elsewhere.
    pub const fn engine(self, given: Given, required: bool) -> Self {
        Self { engine: Some(EngineUse { given, required }), ..self }
    }

    /// Whether there is nothing to be had without a generative engine.
    pub fn is_engine_required(self) -> bool {
        self.engine.is_some_and(|engine| engine.required)
    }

    /// The same, with rows of the installation.
    pub const fn with_rows(self) -> Self {
        Self { rows: true, ..self }
    }

    /// The same, with kinds of work that the operator may give to a model.
    pub const fn with_choices(self, choices: &'static [&'static str]) -> Self {
        Self { choices, ..self }
    }

    /// All of the models, and the kinds of work.
    pub fn all_models(self) -> impl Iterator<Item = &'static str> {
        self.models.iter().chain(self.models_on_request).chain(self.choices).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_a_query_is_looked_for() {
        let summary = "Cuts people out.";
        let spec = Spec { path: "/api/cutout/people", name: "Portrait", summary, ..Spec::DEFAULT };
        for query in ["", "  ", "PORTRAIT out", "cutout/people cuts"] {
            assert!(spec.matches(query), "{query}");
        }
        for query in ["portrait food", "portraits"] {
            assert!(!spec.matches(query), "{query}");
        }
    }
}
