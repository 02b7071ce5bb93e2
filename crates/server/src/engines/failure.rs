//! Why an engine made no picture, and which code that is. What the engine says goes to the log alone.

use std::time::Duration;

use hyper::header::{HeaderMap, RETRY_AFTER};
use safelight_contract::{Code, Fault};
use serde_json::Value;

use crate::fetch;

/// Most characters of an engine's words in the log.
const MOST_WORDS: usize = 300;
/// Words of an engine's code for a request that it does not want to do.
const REFUSALS: [&str; 3] = ["content_policy_violation", "moderation_blocked", "content_filter"];

/// Why there is no picture.
#[derive(Debug, PartialEq)]
pub(crate) enum Failure {
    /// It could not be reached, or it broke off.
    Unreachable(String),
    /// It took longer than it may.
    Slow,
    /// It answered this status.
    Status { status: u16, wait: Option<Duration>, words: String },
    /// It does not want to make this picture.
    Refused(String),
    /// It answered something that is not of its protocol, or no picture.
    Garbage(String),
    /// Its job ended without a picture: with its reason, or without.
    Ended(Option<String>),
    /// It cannot do what was asked for.
    Incapable(String),
}

impl From<fetch::Failure> for Failure {
    fn from(failure: fetch::Failure) -> Self {
        match failure {
            fetch::Failure::Slow => Self::Slow,
            fetch::Failure::TooLarge => Self::Garbage("the answer is too large".into()),
            fetch::Failure::Broken(why) => Self::Unreachable(why.into()),
            other => Self::Unreachable(format!("{other:?}")),
        }
    }
}

impl Failure {
    /// Of an answer that is no success.
    pub fn of_status(answer: &fetch::TrustedAnswer) -> Self {
        let words = said(&answer.body);
        if REFUSALS.iter().any(|refusal| words.contains(refusal)) {
            return Self::Refused(words);
        }
        Self::Status { status: answer.status, wait: wait(&answer.headers), words }
    }

    /// Whether it tells of the engine, not of the request.
    pub fn is_the_engines(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Incapable(_) => false,
            Self::Status { status, .. } => !matches!(status, 400 | 413 | 422),
            _ => true,
        }
    }

    /// What the caller is told.
    pub fn fault(&self, engine: &str) -> Fault {
        let of = |code: Code, what: &str| Fault::new(code, format!("the engine `{engine}` {what}"));
        match self {
            Self::Unreachable(_) => of(Code::ErrorGateway, "cannot be reached"),
            Self::Slow => of(Code::AiServiceTimeout, "did not answer in time"),
            Self::Garbage(_) => of(Code::ErrorGateway, "answered something that is no picture"),
            Self::Ended(None) => of(Code::ProcessingFailure, "ended the job without a picture"),
            Self::Ended(Some(_)) => of(Code::AiServiceError, "failed at the job"),
            Self::Refused(_) => {
                of(Code::ContentNonCompliance, "does not make this picture: its rules forbid it")
            }
            Self::Incapable(why) => of(Code::AiServiceNotFound, why),
            Self::Status { status, wait, .. } => {
                let what = format!("answered with the status {status}");
                let (code, what) = match status {
                    401 | 403 => (Code::AiServiceUnauthorized, "refuses this server's key"),
                    404 => (Code::AiServiceNotFound, "has no such model or path"),
                    408 | 504 => (Code::AiServiceTimeout, "did not answer in time"),
                    429 | 503 => (Code::AiServiceFlowRestriction, "has too much to do"),
                    502 => (Code::ErrorGateway, "cannot be reached"),
                    400 | 413 | 422 | 500 => (Code::AiServiceError, what.as_str()),
                    _ => (Code::UnknownError, what.as_str()),
                };
                let fault = of(code, what);
                match (code, wait) {
                    (Code::AiServiceFlowRestriction, wait) => {
                        fault.retry_after(wait.unwrap_or(Duration::from_secs(10)))
                    }
                    _ => fault,
                }
            }
        }
    }
}

/// Seconds that an engine asks to wait.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    let seconds: u64 = text.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(3600)))
}

/// What an error says, shortened: code, type and message of a JSON body, else the start of it.
fn said(body: &[u8]) -> String {
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let words = match &json {
        Some(json) => {
            let error = if json["error"].is_object() { &json["error"] } else { json };
            let texts =
                ["code", "type", "message", "error", "detail"].map(|key| error[key].as_str());
            texts.into_iter().flatten().collect::<Vec<_>>().join(": ")
        }
        None => String::from_utf8_lossy(&body[..body.len().min(4 * MOST_WORDS)]).into_owned(),
    };
    excerpt(&words)
}

/// At most so much of an engine's words as a line of the log holds.
pub(crate) fn excerpt(words: &str) -> String {
    words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16, body: &str) -> Failure {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, "7".parse().expect("a header"))]);
        let body = body.to_owned().into();
        Failure::of_status(&fetch::TrustedAnswer { status, headers, body })
    }

    #[test]
    fn each_status_is_its_code() {
        for (number, code) in [
            (401, Code::AiServiceUnauthorized),
            (403, Code::AiServiceUnauthorized),
            (404, Code::AiServiceNotFound),
            (408, Code::AiServiceTimeout),
            (504, Code::AiServiceTimeout),
            (429, Code::AiServiceFlowRestriction),
            (503, Code::AiServiceFlowRestriction),
            (502, Code::ErrorGateway),
            (400, Code::AiServiceError),
            (422, Code::AiServiceError),
            (500, Code::AiServiceError),
            (302, Code::UnknownError),
            (418, Code::UnknownError),
        ] {
            let fault = status(number, "secret words").fault("x");
            assert_eq!(fault.code(), code, "{number}");
            assert!(!fault.message().contains("secret"), "{fault}");
        }
        assert_eq!(status(429, "").fault("x").wait(), Some(Duration::from_secs(7)));
    }

    #[test]
    fn a_refusal_is_the_requests() {
        let body = r#"{ "error": { "code": "content_policy_violation", "message": "no" } }"#;
        let refused = status(400, body);
        assert_eq!(refused.fault("x").code(), Code::ContentNonCompliance);
        assert!(!refused.is_the_engines() && !status(422, "{}").is_the_engines());
        assert!(status(500, "{}").is_the_engines() && status(401, "{}").is_the_engines());
        assert!(said("<html>\n".repeat(500).as_bytes()).chars().count() <= MOST_WORDS);
    }
}
