//! Result files and inputs of tasks: rows beside the blobs, and the sums of their sizes.

use async_trait::async_trait;

use crate::sql::{Connection, OptionalExtension, Row, params};
use crate::{DiskUse, Files, Millis, Result, ResultFile, StoreError};

use super::{Database, Lock, Rows, SWEEP, accounts, saturated, unique};

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
    let counter = any_counter(db);
    db.prepare_cached(
        "INSERT INTO files
             (key, application_id, content_type, size, created_at, expires_at, counter)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        file.key,
        file.application,
        file.content_type,
        size,
        file.created_at,
        file.expires_at,
        counter
    ])
    .map_err(|e| unique(e, || format!("there is a file {} already", file.key)))?;
    if !grow(db, "used", counter, size, disk_budget)? {
        db.prepare_cached("DELETE FROM files WHERE key = ?1")?.execute([&file.key])?;
        return Ok(false);
    }
    Ok(true)
}

pub fn disk_use(db: &Connection<'_>) -> Result<DiskUse> {
    let bytes = |row: &Row, column| row.get::<i64>(column).map(i64::unsigned_abs);
    let sums = |row: &Row| Ok(DiskUse { results: bytes(row, 0)?, inputs: bytes(row, 1)? });
    let sql = "SELECT CAST(sum(used) AS BIGINT), CAST(sum(inputs) AS BIGINT) FROM disk";
    Ok(db.prepare_cached(sql)?.query_row((), sums)?)
}

pub fn add_input(
    db: &Connection<'_>,
    path: &str,
    size: u64,
    disk_budget: u64,
    now: Millis,
) -> Result<bool> {
    let Ok(size) = i64::try_from(size) else { return Ok(false) };
    let counter = any_counter(db);
    let sql = "INSERT INTO inputs (path, size, created_at, counter) VALUES (?1, ?2, ?3, ?4)";
    db.prepare_cached(sql)?
        .execute(params![path, size, now, counter])
        .map_err(|e| unique(e, || format!("there is an input {path} already")))?;
    if !grow(db, "inputs", counter, size, disk_budget)? {
        db.prepare_cached("DELETE FROM inputs WHERE path = ?1")?.execute([path])?;
        return Ok(false);
    }
    Ok(true)
}

/// Rows that bytes are counted in.
const COUNTERS: u8 = 16;

/// The row that a new file is counted in. One writer needs no more than one.
pub fn any_counter(db: &Connection<'_>) -> i64 {
    match db.is_shared() {
        true => i64::from(uuid::Uuid::new_v4().as_bytes()[0] % COUNTERS),
        false => 0,
    }
}

/// Counts bytes that are about to be written, unless the budget has no room for them. Files that are counted in
/// the same moment by several processes do not see each other, and may go over it by what they are. This
/// comes last in a change, since other files wait here for it.
pub fn grow(
    db: &Connection<'_>,
    column: &str,
    counter: i64,
    size: i64,
    budget: u64,
) -> Result<bool> {
    let budget = saturated(budget);
    let sql = format!(
        "UPDATE disk SET {column} = {column} + ?1
         WHERE id = ?3 AND (SELECT sum(used + inputs) FROM disk)
             <= CAST(?2 AS BIGINT) - CAST(?1 AS BIGINT)"
    );
    Ok(db.prepare_cached(&sql)?.execute([size, budget, counter])? > 0)
}

/// Counts so many bytes more, or fewer, in a row.
pub fn recount(db: &Connection<'_>, column: &str, counter: i64, more: i64) -> Result<()> {
    let sql = format!("UPDATE disk SET {column} = {column} + ?1 WHERE id = ?2");
    Ok(db.prepare_cached(&sql)?.post([more, counter])?)
}

pub fn remove_input(db: &Connection<'_>, path: &str) -> Result<()> {
    let removed: Option<(i64, i64)> = db
        .prepare_cached("DELETE FROM inputs WHERE path = ?1 RETURNING size, counter")?
        .query_row([path], |row| row.try_into())
        .optional()?;
    match removed {
        Some((size, counter)) => recount(db, "inputs", counter, -size),
        None => Ok(()),
    }
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
    let reclaimed: Option<(i64, i64)> = db
        .prepare_cached(
            "UPDATE files SET reclaimed = 1 WHERE key = ?1 AND reclaimed = 0
             RETURNING size, counter",
        )?
        .query_row([key], |row| row.try_into())
        .optional()?;
    match reclaimed {
        Some((size, counter)) => recount(db, "used", counter, -size),
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
