//! `POST /api/portrait/liveness/action-session`: what a person is to do in front of the camera.

use safelight_contract::{Code, Fault, Result};
use safelight_operation::{Choice, Input, Kind, Method, Output};
use safelight_services::liveness::actions::Action;
use serde_json::Value;

use crate::app::now;
use crate::endpoints::{Asked, Own};
use crate::reply::{Reply, internal};

/// What is said of it.
pub(crate) static SESSION: Own = Own {
    method: Method::Post,
    path: "/api/portrait/liveness/action-session",
    sign: "portrait_liveness_action_session",
    name: "Action Session",
    summary: "Begins a session of action liveness: a code of up to three digits, each an action that a \
              person is to do in a video of up to ten seconds, in this order: 0 blink, 4 head up, 5 head \
              down, 7 head to the left and to the right. The session ends after five minutes, and with \
              its first use by action-verify.",
    fields: Request::FIELDS,
    answer: Answer::shape,
    reads: false,
};

/// Kinds of sessions.
struct Type;

const TYPES: Choice<()> = Choice(&[("action", (), "movements; there is no recognition of speech")]);

impl Kind for Type {
    type Value = ();

    fn parse(&self, name: &str, text: &str) -> Result<()> {
        TYPES.parse(name, text)
    }

    fn schema(&self) -> Value {
        TYPES.schema()
    }

    fn show(&self, value: &()) -> Value {
        TYPES.show(value)
    }
}

#[derive(Input)]
struct Request {
    /// What is asked for.
    #[kind(Type)]
    #[expect(dead_code, reason = "it is checked as it is read")]
    r#type: Option<()>,
    /// Least actions.
    #[integer(1..=3)]
    #[field(default = 1)]
    min_code_length: usize,
    /// Most actions.
    #[integer(1..=3)]
    #[field(default = 3)]
    max_code_length: usize,
}

#[derive(Output)]
struct Answer {
    /// Names the session to action-verify.
    #[output(path = "data.session_id")]
    session_id: String,
    /// The digits of the actions, with commas between.
    #[output(path = "data.code")]
    code: String,
    /// When the session ends, in Unix seconds.
    #[output(path = "data.expires_at")]
    expires_at: i64,
}

pub(crate) async fn session(asked: Asked) -> Result<Reply> {
    let Request { min_code_length: least, max_code_length: most, .. } =
        Request::read(&asked.received.form)?;
    if least > most {
        let message = format!("min_code_length is {least}, max_code_length is {most}");
        return Err(Fault::new(Code::UnsupportedParameterValues, message));
    }
    let code = code(uuid::Uuid::new_v4().as_bytes(), least, most);
    let application = asked.principal.application.id;
    let begun = asked.app.library.sessions.begin(application, code, now());
    let (session, session_id) = begun.map_err(|error| internal("beginning a session", &error))?;
    let digits: Vec<String> = session.code.chars().map(String::from).collect();
    let expires_at = session.expires_at / 1000;
    Reply::of(&asked.trace, Answer { session_id, code: digits.join(","), expires_at })
}

/// Different actions, as many as two bounds allow, drawn by random bytes.
fn code(random: &[u8; 16], least: usize, most: usize) -> String {
    // The bytes at 6 and 8 of a random UUID hold its version.
    let count = least + usize::from(random[15]) % (most - least + 1);
    let mut left: Vec<char> = Action::ALL.iter().map(|(digit, _)| *digit).collect();
    (0..count).map(|at| left.remove(usize::from(random[at]) % left.len())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_different_actions_within_the_bounds() {
        let mut lengths = [0; 4];
        let mut firsts = std::collections::BTreeSet::new();
        for number in 0..255_u8 {
            let mut random = [number; 16];
            random[1] = number.wrapping_mul(7);
            random[2] = number.wrapping_mul(31);
            let code = code(&random, 1, 3);
            lengths[code.len()] += 1;
            firsts.extend(code.chars().next());
            let mut digits: Vec<char> = code.chars().collect();
            assert!(digits.iter().all(|digit| Action::of(*digit).is_some()));
            digits.sort_unstable();
            digits.dedup();
            assert_eq!(digits.len(), code.len());
        }
        assert!(lengths[0] == 0 && lengths[1..].iter().all(|count| *count > 60), "{lengths:?}");
        assert_eq!(firsts.len(), 4);
        assert_eq!(super::code(&[9; 16], 2, 2).len(), 2);
    }
}
