//! Webhooks: who is told of a task's end, and how that went.

use async_trait::async_trait;
use serde::Serialize;

use crate::{Millis, Result};

/// Who is told of a task's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// Where the webhook is posted.
    pub url: String,
    /// Base of the URLs of result files in it.
    pub base: String,
}

/// Where a webhook stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookState {
    /// It will be posted, perhaps again.
    Waiting,
    /// It is being posted.
    Posting,
    /// The receiver took it.
    Delivered,
    /// It was posted as often as it is.
    GivenUp,
}

impl WebhookState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Posting, Self::Delivered, Self::GivenUp];

    /// The name in the database and in listings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Posting => "posting",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
        }
    }
}

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Webhook {
    /// Its id, the same at every attempt.
    pub id: String,
    /// Whose task it is about.
    pub application: i64,
    /// The task.
    pub task: String,
    /// Where it is posted.
    pub url: String,
    /// Base of the URLs in it.
    pub base: String,
    /// How often it was posted.
    pub attempts: u32,
    /// Where it stands.
    pub state: WebhookState,
    /// How the last attempt went.
    pub note: String,
    /// When the task ended.
    pub created_at: Millis,
}

/// What comes after an attempt to deliver a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempted {
    /// Nothing: the receiver took it.
    Delivered,
    /// Another attempt, then.
    Again(Millis),
    /// Nothing: it was tried often enough.
    GivenUp,
}

/// What a secret of an application's webhooks is derived from.
pub type WebhookNonce = [u8; 16];

/// Webhooks and their secrets. Part of [`Store`](crate::Store).
#[async_trait]
pub trait Webhooks: Send + Sync + 'static {
    /// Takes up to `limit` webhooks that are due; each is due again at `lease_until`, unless
    /// [`Webhooks::webhook_attempted`] says otherwise by then. Counts an attempt.
    async fn claim_webhooks(
        &self,
        lease_until: Millis,
        limit: u32,
        now: Millis,
    ) -> Result<Vec<Webhook>>;
    /// Says how an attempt to deliver a webhook went, with a note for people.
    async fn webhook_attempted(&self, id: &str, outcome: Attempted, note: &str) -> Result<()>;
    /// The newest webhooks of an application.
    async fn webhooks(&self, application: i64, limit: u32) -> Result<Vec<Webhook>>;
    /// Adds what a secret of an application's webhooks is derived from. The one before stays valid
    /// until `other_until`, older ones do not.
    async fn add_webhook_secret(
        &self,
        application: i64,
        nonce: &WebhookNonce,
        other_until: Millis,
        now: Millis,
    ) -> Result<()>;
    /// What the valid secrets of an application's webhooks are derived from, the newest first.
    async fn webhook_secrets(&self, application: i64, now: Millis) -> Result<Vec<WebhookNonce>>;
}
