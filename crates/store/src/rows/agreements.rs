//! What all processes must have alike.

use async_trait::async_trait;

use crate::sql::OptionalExtension;
use crate::{Agreements, Result};

use super::{Database, Lock, Rows};

#[async_trait]
impl<D: Database> Agreements for Rows<D> {
    async fn agreed(&self, name: &str) -> Result<Option<String>> {
        let name = name.to_owned();
        self.slow(move |db| {
            let sql = "SELECT value FROM agreements WHERE name = ?1";
            Ok(db.prepare_cached(sql)?.query_row([&name], |row| row.get(0)).optional()?)
        })
        .await
    }

    async fn forget_agreement(&self, name: &str) -> Result<()> {
        let name = name.to_owned();
        self.write(Lock::Nothing, move |db| {
            let sql = "DELETE FROM agreements WHERE name = ?1";
            db.prepare_cached(sql)?.execute([&name])?;
            Ok(())
        })
        .await
    }
}
