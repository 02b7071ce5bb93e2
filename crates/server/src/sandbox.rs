//! Requests with a sandbox key, and all requests to a twin: they pass the same checks as others, then
//! get a sample answer, or the failure that their header `X-Safelight-Simulate` asks for. No credits
//! move and no model runs.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName};
use safelight_contract::{Code, Fault, Result, shortened};
use safelight_store::{KeyKind, Principal};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

/// The header that asks for a failure, a delay or what becomes of a task.
pub(crate) const SIMULATE: HeaderName = HeaderName::from_static("x-safelight-simulate");

/// The header of every answer to a sandbox request.
pub(crate) const SANDBOX: HeaderName = HeaderName::from_static("x-safelight-sandbox");

/// What the header is made of, for messages.
const FORM: &str = "directives with `;` between them, each once: `code=` and a code of the API, \
    `delay=` and up to 60s or 60000ms, `task=` and fail, lost or slow";

/// Longest delay.
const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// How long a task with `task=slow` takes where no delay is given.
const SLOW: Duration = Duration::from_secs(10);

/// When to try again after simulated failures that usually say so.
const RETRY: Duration = Duration::from_secs(1);

/// The codes whose answers carry `Retry-After`.
const PASSING: [Code; 5] = [
    Code::AiServiceFlowRestriction,
    Code::ExceedingLimits,
    Code::InsufficientResources,
    Code::ResourceInTransit,
    Code::ResourceUnavailable,
];

/// What becomes of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It fails.
    Fail,
    /// Its worker is never heard of again, as when a process dies: it stays in progress until its lease
    /// is over and all attempts are used up.
    Lost,
    /// It takes longer.
    Slow,
}

impl Fate {
    const ALL: [Fate; 3] = [Self::Fail, Self::Lost, Self::Slow];

    const fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Lost => "lost",
            Self::Slow => "slow",
        }
    }
}

/// What a sandbox request asks for. Stored with the input of its task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Simulation {
    code: Option<Code>,
    delay: Option<Duration>,
    fate: Option<Fate>,
}

impl Simulation {
    /// What a request asks for; `None` where it is no sandbox request.
    ///
    /// # Errors
    /// `ERROR_ILLEGAL_OPERATION` for the header with another key; `ERROR_INVALID_PARAMETER` for a
    /// header that cannot be read.
    pub fn of(principal: &Principal, headers: &HeaderMap) -> Result<Option<Self>> {
        let header = headers.get(SIMULATE);
        match (principal.kind, header) {
            (KeyKind::Live, None) => Ok(None),
            (KeyKind::Live, Some(_)) => Err(Fault::new(
                Code::IllegalOperation,
                "the header X-Safelight-Simulate needs a sandbox key, this one is live; `safelight \
                 key add <application> --sandbox` makes one",
            )),
            (KeyKind::Sandbox, None) => Ok(Some(Self::default())),
            (KeyKind::Sandbox, Some(value)) => {
                let text = String::from_utf8_lossy(value.as_bytes());
                let read = text.parse().map_err(|why: String| {
                    let message =
                        format!("the header X-Safelight-Simulate: {why}; it takes {FORM}");
                    Fault::new(Code::InvalidParameter, message)
                });
                read.map(Some)
            }
        }
    }

    /// Whether [`Self::carry_out`] waits.
    pub fn waits(&self) -> bool {
        self.fate.is_none() && self.delay.is_some()
    }

    /// Delays and fails a request as it asks for. What concerns a task comes with the task.
    ///
    /// # Errors
    /// The failure that was asked for.
    pub async fn carry_out(&self) -> Result<()> {
        if self.fate.is_some() {
            return Ok(());
        }
        if let Some(delay) = self.delay {
            sleep(delay).await;
        }
        self.code.map_or(Ok(()), |code| Err(failure(code)))
    }

    /// Refuses what concerns a task where the answer is no task.
    ///
    /// # Errors
    /// `ERROR_INVALID_PARAMETER`.
    pub fn check_sync(&self) -> Result<()> {
        let Some(fate) = self.fate else { return Ok(()) };
        let message = format!(
            "the header X-Safelight-Simulate holds task={}, but this request is answered with its \
             result and not with a task",
            fate.name()
        );
        Err(Fault::new(Code::InvalidParameter, message))
    }

    /// What becomes of the task.
    pub fn fate(&self) -> Option<Fate> {
        self.fate
    }

    /// How much longer the task takes.
    pub fn task_delay(&self) -> Option<Duration> {
        let slow = (self.fate == Some(Fate::Slow)).then_some(SLOW);
        self.fate.and_then(|_| self.delay.or(slow))
    }

    /// What the task fails with.
    pub fn task_fault(&self) -> Option<Fault> {
        let code = self.code.unwrap_or(Code::AiServiceError);
        (self.fate == Some(Fate::Fail)).then(|| failure(code))
    }
}

fn failure(code: Code) -> Fault {
    let fault = Fault::new(code, "simulated, as the header X-Safelight-Simulate asks for");
    if PASSING.contains(&code) { fault.retry_after(RETRY) } else { fault }
}

impl FromStr for Simulation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut simulation = Self::default();
        for directive in text.split(';').map(str::trim).filter(|directive| !directive.is_empty()) {
            let shown = shortened(directive);
            let (name, value) =
                directive.split_once('=').ok_or_else(|| format!("`{shown}` has no `=`"))?;
            let value = value.trim();
            let unknown = || format!("`{shown}` is unknown");
            let again = match name.trim() {
                "code" => simulation.code.replace(value.parse().map_err(|_| unknown())?).is_some(),
                "delay" => simulation.delay.replace(delay(value).ok_or_else(unknown)?).is_some(),
                "task" => {
                    let fate = Fate::ALL.into_iter().find(|fate| fate.name() == value);
                    simulation.fate.replace(fate.ok_or_else(unknown)?).is_some()
                }
                _ => return Err(unknown()),
            };
            if again {
                return Err(format!("`{shown}` is the second of its name"));
            }
        }
        Ok(simulation)
    }
}

/// A whole number of `s` or `ms`.
fn delay(text: &str) -> Option<Duration> {
    let whole = |digits: &str| digits.trim().parse::<u32>().ok().map(u64::from);
    let delay = match text.strip_suffix("ms") {
        Some(digits) => Duration::from_millis(whole(digits)?),
        None => Duration::from_secs(whole(text.strip_suffix('s')?)?),
    };
    (delay <= LONGEST_DELAY).then_some(delay)
}

impl fmt::Display for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.map(|code| format!("code={code}"));
        let delay = self.delay.map(|delay| format!("delay={}ms", delay.as_millis()));
        let fate = self.fate.map(|fate| format!("task={}", fate.name()));
        let directives: Vec<_> = [code, delay, fate].into_iter().flatten().collect();
        f.write_str(&directives.join("; "))
    }
}

impl From<Simulation> for String {
    fn from(simulation: Simulation) -> Self {
        simulation.to_string()
    }
}

impl TryFrom<String> for Simulation {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_read_and_written() {
        for (text, written) in [
            ("", ""),
            (" code=ERROR_NO_FACE_IN_FILE ", "code=ERROR_NO_FACE_IN_FILE"),
            ("delay=2s;code=UNKNOWN_ERROR;", "code=UNKNOWN_ERROR; delay=2000ms"),
            ("task = slow; delay=60000ms", "delay=60000ms; task=slow"),
        ] {
            let simulation: Simulation = text.parse().expect(text);
            assert_eq!(simulation.to_string(), written);
            assert_eq!(written.parse(), Ok(simulation));
        }
        for text in [
            "code",
            "code=",
            "code=ERROR_NO_SUCH",
            "delay=61s",
            "delay=2",
            "delay=-1s",
            "delay=1.5s",
            "task=gone",
            "status=500",
            "task=fail; task=lost",
        ] {
            assert!(text.parse::<Simulation>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_concerns_a_task_does_not_concern_its_request() {
        let simulation: Simulation = "code=ERROR_NO_FACE_IN_FILE; task=fail".parse().unwrap();
        assert_eq!(simulation.task_fault().map(|fault| fault.code()), Some(Code::NoFaceInFile));
        assert!(simulation.check_sync().is_err());
        let simulation: Simulation = "code=ERROR_NO_FACE_IN_FILE; delay=3s".parse().unwrap();
        assert_eq!((simulation.task_fault(), simulation.task_delay()), (None, None));
        let slow: Simulation = "task=slow".parse().unwrap();
        assert_eq!(slow.task_delay(), Some(SLOW));
    }
}
