//! The contract: every error code once, the response envelope, and the [`Fault`] that carries a
//! code and an explanation from wherever it arises to the caller. This crate does no I/O.
//!
//! The law is the vendor's response description of 2025; its later edition of 2026 moved some
//! codes to other HTTP statuses and is available as [`Edition::E2026`].

mod codes;
mod envelope;
mod fault;

pub use codes::{Code, Edition};
pub use envelope::{Ids, failure, success};
pub use fault::{Fault, shortened};

/// The outcome of anything that can fail in front of a caller.
pub type Result<T, E = Fault> = std::result::Result<T, E>;
