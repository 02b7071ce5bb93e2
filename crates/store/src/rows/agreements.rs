//! What all processes must have alike.

use async_trait::async_trait;

use crate::sql::OptionalExtension;
use crate::{Agreements, Result, StoreError};

use super::{Database, Lock, Rows};

#[async_trait]
impl<D: Database> Agreements for Rows<D> {
    async fn agree(&self, name: &str, value: &str) -> Result<()> {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.write(Lock::Nothing, move |db| {
            let sql = "INSERT INTO agreements (name, value) VALUES (?1, ?2)
                       ON CONFLICT (name) DO NOTHING";
            db.prepare_cached(sql)?.execute([&name, &value])?;
            let sql = "SELECT value FROM agreements WHERE name = ?1";
            let agreed: String = db.prepare_cached(sql)?.query_row([&name], |row| row.get(0))?;
            match agreed == value {
                true => Ok(()),
                false => Err(StoreError::Conflict(format!(
                    "the {name} of this process is not that of the others"
                ))),
            }
        })
        .await
    }

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
