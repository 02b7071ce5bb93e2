//! Requests that carry an idempotency key, so that a repetition is answered and not done again.

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
