//! Result files and inputs of tasks: rows beside the blobs, and the sums of their sizes.

use async_trait::async_trait;

use crate::sql::{Connection, OptionalExtension, Row, params};
use crate::{DiskUse, Files, Millis, Result, ResultFile, StoreError};

use super::{Database, Lock, Rows, SWEEP, accounts, unique};

#[async_trait]
impl<D: Database> Files for Rows<D> {
    async fn add_file(&self, file: &ResultFile, disk_budget: u64) -> Result<bool> {
        let file = file.clone();
        let key = file.key.clone();
        let look = move |db: &Connection<'_>| Ok(self::file(db, &key)?.map(|_| true));
        self.write_once(Lock::Nothing, move |db| add(db, &file, disk_budget), look).await
    }

    async fn file(&self, key: &str) -> Result<Option<ResultFile>> {
        let key = key.to_owned();
        self.quick(move |db| file(db, &key)).await
    }

    async fn expired_files(&self, now: Millis, limit: u32) -> Result<Vec<String>> {
        self.slow(move |db| expired(db, now, limit)).await
    }

    async fn reclaim_file(&self, key: &str) -> Result<()> {
        let key = key.to_owned();
        self.write(Lock::Nothing, move |db| reclaim(db, &key)).await
    }

    async fn add_input(
        &self,
        path: &str,
        size: u64,
        disk_budget: u64,
        now: Millis,
    ) -> Result<bool> {
        let path = path.to_owned();
        self.write(Lock::Nothing, move |db| add_input(db, &path, size, disk_budget, now)).await
    }

    async fn remove_input(&self, path: &str) -> Result<()> {
        let path = path.to_owned();
        self.write(Lock::Nothing, move |db| remove_input(db, &path)).await
    }

    async fn orphaned_inputs(&self, before: Millis, limit: u32) -> Result<Vec<String>> {
        self.slow(move |db| orphaned_inputs(db, before, limit)).await
    }

    async fn disk_use(&self) -> Result<DiskUse> {
        self.quick(disk_use).await
    }
}

pub fn add(db: &Connection<'_>, file: &ResultFile, disk_budget: u64) -> Result<bool> {
    let sql = "SELECT 1 FROM applications WHERE id = ?1";
    if !db.prepare_cached(sql)?.exists([file.application])? {
        return Err(accounts::unknown_application(file.application));
    }
    // What is larger than a number can say fits into no budget.
    let Ok(size) = i64::try_from(file.size) else { return Ok(false) };
    db.prepare_cached(
        "INSERT INTO files (key, application_id, content_type, size, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        file.key,
        file.application,
        file.content_type,
        size,
        file.created_at,
        file.expires_at
    ])
    .map_err(|e| unique(e, || format!("there is a file {} already", file.key)))?;
    if !grow(db, "used", size, disk_budget)? {
        db.prepare_cached("DELETE FROM files WHERE key = ?1")?.execute([&file.key])?;
        return Ok(false);
    }
    Ok(true)
}

pub fn disk_use(db: &Connection<'_>) -> Result<DiskUse> {
    let bytes = |row: &Row, column| row.get::<i64>(column).map(i64::unsigned_abs);
    let sums = |row: &Row| Ok(DiskUse { results: bytes(row, 0)?, inputs: bytes(row, 1)? });
    Ok(db.prepare_cached("SELECT used, inputs FROM disk")?.query_row((), sums)?)
}

pub fn add_input(
    db: &Connection<'_>,
    path: &str,
    size: u64,
    disk_budget: u64,
    now: Millis,
) -> Result<bool> {
    let Ok(size) = i64::try_from(size) else { return Ok(false) };
    db.prepare_cached("INSERT INTO inputs (path, size, created_at) VALUES (?1, ?2, ?3)")?
        .execute(params![path, size, now])
        .map_err(|e| unique(e, || format!("there is an input {path} already")))?;
    if !grow(db, "inputs", size, disk_budget)? {
        db.prepare_cached("DELETE FROM inputs WHERE path = ?1")?.execute([path])?;
        return Ok(false);
    }
    Ok(true)
}

/// Counts bytes that are about to be written, unless the budget has no room for them. This comes
/// last in a change, since every file waits here for the one before.
pub fn grow(db: &Connection<'_>, column: &str, size: i64, budget: u64) -> Result<bool> {
    let budget = i64::try_from(budget).unwrap_or(i64::MAX);
    let sql = format!(
        "UPDATE disk SET {column} = {column} + ?1
         WHERE used + inputs <= CAST(?2 AS BIGINT) - CAST(?1 AS BIGINT)"
    );
    Ok(db.prepare_cached(&sql)?.execute([size, budget])? > 0)
}

pub fn remove_input(db: &Connection<'_>, path: &str) -> Result<()> {
    let size: Option<i64> = db
        .prepare_cached("DELETE FROM inputs WHERE path = ?1 RETURNING size")?
        .query_row([path], |row| row.get(0))
        .optional()?;
    if let Some(size) = size {
        db.prepare_cached("UPDATE disk SET inputs = inputs - ?1")?.execute([size])?;
    }
    Ok(())
}

pub fn orphaned_inputs(db: &Connection<'_>, before: Millis, limit: u32) -> Result<Vec<String>> {
    let sql = "SELECT path FROM inputs
               WHERE created_at < ?1 AND path NOT IN
                   (SELECT input FROM tasks WHERE ended_at IS NULL)
               ORDER BY created_at LIMIT ?2";
    Ok(db
        .prepare_cached(sql)?
        .query_map(params![before, limit], |row| row.get(0))?
        .collect::<Result<_, _>>()?)
}

pub fn file(db: &Connection<'_>, key: &str) -> Result<Option<ResultFile>> {
    let sql = "SELECT key, application_id, content_type, size, created_at, expires_at, reclaimed
               FROM files WHERE key = ?1";
    let file = |row: &Row| {
        Ok(ResultFile {
            key: row.get(0)?,
            application: row.get(1)?,
            content_type: row.get(2)?,
            size: row.get::<i64>(3)?.unsigned_abs(),
            created_at: row.get(4)?,
            expires_at: row.get(5)?,
            reclaimed: row.get(6)?,
        })
    };
    Ok(db.prepare_cached(sql)?.query_row([key], file).optional()?)
}

pub fn expired(db: &Connection<'_>, now: Millis, limit: u32) -> Result<Vec<String>> {
    let sql = "SELECT key FROM files WHERE reclaimed = 0 AND expires_at <= ?1
               ORDER BY expires_at LIMIT ?2";
    Ok(db
        .prepare_cached(sql)?
        .query_map(params![now, limit], |row| row.get(0))?
        .collect::<Result<_, _>>()?)
}

pub fn reclaim(db: &Connection<'_>, key: &str) -> Result<()> {
    let size: Option<i64> = db
        .prepare_cached(
            "UPDATE files SET reclaimed = 1 WHERE key = ?1 AND reclaimed = 0 RETURNING size",
        )?
        .query_row([key], |row| row.get(0))
        .optional()?;
    match size {
        Some(size) => {
            db.prepare_cached("UPDATE disk SET used = used - ?1")?.execute([size])?;
            Ok(())
        }
        None if file(db, key)?.is_some() => Ok(()),
        None => Err(StoreError::NotFound(format!("file {key}"))),
    }
}

/// Forgets some reclaimed files: at most [`SWEEP`].
pub fn forget(db: &Connection<'_>, before: Millis) -> Result<u64> {
    let sql = format!(
        "DELETE FROM files WHERE key IN
             (SELECT key FROM files WHERE reclaimed = 1 AND expires_at < ?1 LIMIT {SWEEP})"
    );
    Ok(db.prepare_cached(&sql)?.execute([before])?)
}
