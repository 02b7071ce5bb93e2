//! Requests that carry an idempotency key, so that a repetition is answered and not done again.

use async_trait::async_trait;

use crate::{Millis, Result};

/// What a request is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// Whose it is.
    pub application: i64,
    /// Path of the endpoint.
    pub path: String,
    /// The key that the client chose.
    pub key: String,
}

/// The answer of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedAnswer {
    /// Status of HTTP.
    pub status: u16,
    /// Name of the error code; empty on success.
    pub code: String,
    /// Key of the result file that holds the body.
    pub file: String,
}

/// What is known of a request with that key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyedRequest {
    /// Nothing: it is recorded as in flight.
    New,
    /// It is in flight.
    InFlight,
    /// It was answered.
    Answered(KeyedAnswer),
    /// The key belongs to a request that sent something else.
    Other,
}

/// Requests with an idempotency key. Part of [`Store`](crate::Store).
#[async_trait]
pub trait KeyedRequests: Send + Sync + 'static {
    /// Records a request as in flight until `expires_at`, where its key is new; else says what is
    /// known of it.
    async fn begin_request(
        &self,
        request: &RequestKey,
        digest: &[u8; 32],
        expires_at: Millis,
        now: Millis,
    ) -> Result<KeyedRequest>;
    /// Keeps the answer of a request until `expires_at`.
    async fn answer_request(
        &self,
        request: &RequestKey,
        answer: &KeyedAnswer,
        expires_at: Millis,
    ) -> Result<()>;
    /// Forgets a request that is in flight, so that it may come again.
    async fn abandon_request(&self, request: &RequestKey) -> Result<()>;
    /// Forgets the requests whose time is over.
    async fn forget_requests(&self, now: Millis) -> Result<u64>;
}
