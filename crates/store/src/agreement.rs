//! What all processes must have alike, as the database knows it.

use async_trait::async_trait;

use crate::Result;

/// Values that all instances must have. Part of [`Store`](crate::Store).
#[async_trait]
pub trait Agreements: Send + Sync + 'static {
    /// Agrees on a value: the first to come sets it, for the others a different one is
    /// [`StoreError::Conflict`](crate::StoreError::Conflict).
    async fn agree(&self, name: &str, value: &str) -> Result<()>;
    /// The value that was agreed on; `None` before the first process came.
    async fn agreed(&self, name: &str) -> Result<Option<String>>;
    /// Forgets what was agreed on, so that the next process to come sets it anew.
    async fn forget_agreement(&self, name: &str) -> Result<()>;
}
