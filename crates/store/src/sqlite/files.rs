//! Result files: rows beside the blobs, and the sum of their sizes.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{Millis, Result, ResultFile, StoreError};

use super::{SWEEP, accounts, unique};

pub fn add(db: &Connection, file: &ResultFile, disk_budget: u64) -> Result<bool> {
    let sql = "SELECT 1 FROM applications WHERE id = ?1";
    if !db.prepare_cached(sql)?.exists([file.application])? {
        return Err(accounts::unknown_application(file.application));
    }
    let used: i64 = db.prepare_cached("SELECT used FROM disk")?.query_row([], |row| row.get(0))?;
    let budget = i64::try_from(disk_budget).unwrap_or(i64::MAX);
    let sum = i64::try_from(file.size).ok().and_then(|size| used.checked_add(size));
    let Some(sum) = sum.filter(|sum| *sum <= budget) else { return Ok(false) };
    db.prepare_cached(
        "INSERT INTO files (key, application_id, content_type, size, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        file.key,
        file.application,
        file.content_type,
        sum - used,
        file.created_at,
        file.expires_at
    ])
    .map_err(|e| unique(e, || format!("there is a file {} already", file.key)))?;
    db.prepare_cached("UPDATE disk SET used = ?1")?.execute([sum])?;
    Ok(true)
}

pub fn file(db: &Connection, key: &str) -> Result<Option<ResultFile>> {
    let sql = "SELECT key, application_id, content_type, size, created_at, expires_at, reclaimed
               FROM files WHERE key = ?1";
    let file = |row: &Row<'_>| {
        Ok(ResultFile {
            key: row.get(0)?,
            application: row.get(1)?,
            content_type: row.get(2)?,
            size: row.get::<_, i64>(3)?.unsigned_abs(),
            created_at: row.get(4)?,
            expires_at: row.get(5)?,
            reclaimed: row.get(6)?,
        })
    };
    Ok(db.prepare_cached(sql)?.query_row([key], file).optional()?)
}

pub fn expired(db: &Connection, now: Millis, limit: u32) -> Result<Vec<String>> {
    let sql = "SELECT key FROM files WHERE reclaimed = 0 AND expires_at <= ?1
               ORDER BY expires_at LIMIT ?2";
    Ok(db
        .prepare_cached(sql)?
        .query_map(params![now, limit], |row| row.get(0))?
        .collect::<Result<_, _>>()?)
}

pub fn reclaim(db: &Connection, key: &str) -> Result<()> {
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
pub fn forget(db: &Connection, before: Millis) -> Result<u64> {
    let sql = format!(
        "DELETE FROM files WHERE rowid IN
             (SELECT rowid FROM files WHERE reclaimed = 1 AND expires_at < ?1 LIMIT {SWEEP})"
    );
    Ok(db.prepare_cached(&sql)?.execute([before])? as u64)
}
