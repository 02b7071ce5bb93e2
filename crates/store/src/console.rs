//! What the console keeps: links that sign in once, sessions, and what was changed there.

use async_trait::async_trait;

use crate::{Credits, KeyHash, Millis, Result, Upload};

/// Who is signed in, from the sign-in until it ends or its time is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleSession {
    /// Keyed hash of the session's token; the token itself is the browser's alone.
    pub hash: KeyHash,
    /// The API key that signed in; `None` is the operator.
    pub key: Option<KeyHash>,
    /// When it is over.
    pub expires_at: Millis,
}

/// A change that was made in the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleAct {
    /// When.
    pub at: Millis,
    /// Who made it, in words.
    pub who: String,
    /// The application that it is about; `None` where it is about none.
    pub application: Option<i64>,
    /// What was done, e.g. `key rotated`.
    pub action: String,
    /// What it was done to.
    pub subject: String,
}

/// A movement of credits in a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// When.
    pub at: Millis,
    /// The pool.
    pub pool: String,
    /// The account that it left: `issued`, `balance` or `held`.
    pub from: String,
    /// The account that it came to: `issued`, `balance`, `held` or `spent`.
    pub to: String,
    /// How much.
    pub amount: Credits,
    /// The request that it was held for, where it was.
    pub request_id: Option<String>,
}

/// The rows of the console, and listings that it alone asks for.
#[async_trait]
pub trait Console {
    /// Records a link that signs an operator in once, until `expires_at`; forgets those that are
    /// over.
    async fn add_console_link(&self, hash: &KeyHash, expires_at: Millis, now: Millis)
    -> Result<()>;
    /// Uses a link up. `false` where it is unknown, used or over.
    async fn take_console_link(&self, hash: &KeyHash, now: Millis) -> Result<bool>;
    /// Records a session, in place of one with the same hash; forgets those that are over.
    async fn add_console_session(&self, session: &ConsoleSession, now: Millis) -> Result<()>;
    /// The session with this hash, unless it is over.
    async fn console_session(&self, hash: &KeyHash, now: Millis) -> Result<Option<ConsoleSession>>;
    /// Ends a session; an unknown one is fine.
    async fn end_console_session(&self, hash: &KeyHash) -> Result<()>;
    /// Records a change.
    async fn add_console_act(&self, act: &ConsoleAct) -> Result<()>;
    /// The newest changes, of all or about one application.
    async fn console_acts(&self, application: Option<i64>, limit: u32) -> Result<Vec<ConsoleAct>>;
    /// The newest transfers of an application's pools.
    async fn transfers(&self, application: i64, limit: u32) -> Result<Vec<Transfer>>;
    /// What a request or task was charged; `None` where it was not.
    async fn charge(&self, request_id: &str) -> Result<Option<Credits>>;
    /// The newest uploads of an application that are not reclaimed.
    async fn uploads(&self, application: i64, limit: u32) -> Result<Vec<Upload>>;
    /// Makes a webhook of an application that is delivered or given up due again. `false` where
    /// there is none.
    async fn resend_webhook(&self, application: i64, id: &str, now: Millis) -> Result<bool>;
}
