//! Limits of applications that several processes serve.

use async_trait::async_trait;

use crate::{Limits, Millis, Result};

/// What became of a request that was to be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metered {
    /// It is counted as at work.
    Entered,
    /// So many requests are at work, which is as many as may be.
    TooMany(u32),
    /// The next one may come after so many milliseconds.
    TooFast(u32),
}

/// Counts the requests of applications over all processes. Part of [`Store`](crate::Store).
#[async_trait]
pub trait Meters: Send + Sync + 'static {
    /// Counts a request of an application, unless these limits refuse it.
    async fn enter(&self, application: i64, limits: Limits, now: Millis) -> Result<Metered>;
    /// Counts the end of a request of this process.
    async fn exit(&self, application: i64) -> Result<()>;
    /// Sets how many requests this process has at work, whatever was counted.
    async fn set_at_work(&self, counts: &[(i64, u32)]) -> Result<()>;
}
