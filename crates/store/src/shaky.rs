//! A database for tests of what several processes meet: the embedded one, as if they shared it, with
//! a connection that is lost when a test says so.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::rows::{Database, Lock, Rows};
use crate::sql::Connection;
use crate::sqlite::Embedded;
use crate::{Millis, Result, Sqlite, StoreError};

/// A store whose connection is not to be relied on.
pub type Shaky = Rows<Unreliable>;

/// The connection, for a test to shake.
#[derive(Default)]
pub struct Shaking {
    lost_commits: AtomicU32,
    failing: AtomicU32,
}

impl Shaking {
    /// The next so many changes are made, but their answers are lost.
    pub fn lose_commits(&self, count: u32) {
        self.lost_commits.store(count, Ordering::SeqCst);
    }

    /// So many calls find no connection; those whose answers are to be lost come before them.
    pub fn go_away(&self, count: u32) {
        self.failing.store(count, Ordering::SeqCst);
    }
}

/// The embedded database behind such a connection.
pub struct Unreliable {
    embedded: Arc<Embedded>,
    shaking: Arc<Shaking>,
}

impl Shaky {
    /// Opens the database at `path`, and what shakes it.
    ///
    /// # Errors
    /// As [`Sqlite::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<(Self, Arc<Shaking>)> {
        let (sqlite, shaking) = (Sqlite::open(path)?, Arc::<Shaking>::default());
        let database = Unreliable { embedded: sqlite.database, shaking: shaking.clone() };
        Ok((Self::over(Arc::new(database)), shaking))
    }
}

/// Takes one from a count; `false` where nothing is left.
fn take(count: &AtomicU32) -> bool {
    let less = |count: u32| count.checked_sub(1);
    count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
}

impl Unreliable {
    fn reach(&self) -> Result<()> {
        match take(&self.shaking.failing) {
            true => Err(StoreError::Lost("no connection".to_owned())),
            false => Ok(()),
        }
    }
}

impl Database for Unreliable {
    async fn write<T: Send + 'static>(
        &self,
        lock: Lock,
        change: impl Fn(&Connection<'_>) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        if take(&self.shaking.lost_commits) {
            self.embedded.write(lock, change).await?;
            return Err(StoreError::Lost("the answer of the commit".to_owned()));
        }
        self.reach()?;
        self.embedded.write(lock, change).await
    }

    async fn quick<T: Send + 'static>(
        &self,
        read: impl Fn(&Connection<'_>) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        self.reach()?;
        self.embedded.quick(read).await
    }

    async fn slow<T: Send + 'static>(
        &self,
        read: impl Fn(&Connection<'_>) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        self.reach()?;
        self.embedded.slow(read).await
    }

    async fn scrub(&self) -> Result<()> {
        self.embedded.scrub().await
    }

    async fn clock(&self) -> Result<Millis> {
        self.reach()?;
        self.embedded.clock().await
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn describe(&self) -> Result<String> {
        self.reach()?;
        Ok("SQLite behind a connection that fails".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Accounts as _, KeyedRequest, KeyedRequests as _, Limits, NewApplication, RequestKey,
    };

    const NOW: Millis = 1_790_000_000_000;

    async fn application(store: &Shaky) -> i64 {
        store.create_user("ada", NOW).await.unwrap();
        let limits = Limits::default();
        let new = NewApplication { user: "ada".into(), name: "shop".into(), limits, key: None };
        store.create_application(&new, NOW).await.unwrap().id
    }

    fn open() -> (Shaky, Arc<Shaking>, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let (store, shaking) = Shaky::open(folder.path().join("db")).unwrap();
        (store, shaking, folder)
    }

    #[tokio::test]
    async fn a_request_whose_beginning_was_lost_is_begun() {
        let (store, shaking, _folder) = open();
        let shop = application(&store).await;
        let begin = async |key: &str, digest: u8, expires_at| {
            let key = RequestKey { application: shop, path: "/a".into(), key: key.into() };
            store.begin_request(&key, &[digest; 32], expires_at, NOW).await
        };
        shaking.lose_commits(1);
        assert_eq!(begin("a", 1, NOW + 9).await, Ok(KeyedRequest::New));
        assert_eq!(begin("a", 1, NOW + 9).await, Ok(KeyedRequest::InFlight));
        // Whose answer is lost is told from one that was there.
        for (digest, known) in [(1, KeyedRequest::InFlight), (2, KeyedRequest::Other)] {
            shaking.lose_commits(1);
            assert_eq!(begin("a", digest, NOW + 10).await, Ok(known));
        }
    }
}
