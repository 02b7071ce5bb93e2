//! The connections that read. In WAL mode a reader never waits for the writer, and a point read
//! takes microseconds, so those run where they are asked, without a change of thread.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;

use parking_lot::Mutex;
use rusqlite::Connection;

use crate::{Result, StoreError};

use super::schema;

/// Connections for reading.
pub struct Readers {
    quick: Vec<Mutex<Connection>>,
    next: AtomicUsize,
    slow: Arc<Mutex<Connection>>,
}

impl Readers {
    /// Opens them: one per processor for point reads, one for whatever takes longer.
    pub fn open(path: &Path) -> Result<Self> {
        let count = available_parallelism().map_or(2, |n| n.get().clamp(2, 16));
        let quick = (0..count).map(|_| Ok(Mutex::new(schema::reader(path)?)));
        Ok(Self {
            quick: quick.collect::<Result<_>>()?,
            next: AtomicUsize::new(0),
            slow: Arc::new(Mutex::new(schema::reader(path)?)),
        })
    }

    /// Runs a read of microseconds on this thread.
    pub fn quick<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let start = self.next.fetch_add(1, Ordering::Relaxed);
        let count = self.quick.len();
        for offset in 0..count {
            if let Some(db) = self.quick[(start + offset) % count].try_lock() {
                return read(&db);
            }
        }
        read(&self.quick[start % count].lock())
    }

    /// Runs a longer read on a blocking thread; all of it sees one state of the database.
    pub async fn slow<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let slow = Arc::clone(&self.slow);
        let read = move || {
            let db = slow.lock();
            let snapshot = db.unchecked_transaction()?;
            read(&snapshot)
        };
        tokio::task::spawn_blocking(read)
            .await
            .map_err(|e| StoreError::Database(format!("a read failed: {e}")))?
    }
}
