//! Result files and inputs of tasks: rows beside the blobs, and the sums of their sizes.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{DiskUse, Millis, Result, ResultFile, StoreError};

use super::{SWEEP, accounts, unique};

pub fn add(db: &Connection, file: &ResultFile, disk_budget: u64) -> Result<bool> {
    let sql = "SELECT 1 FROM applications WHERE id = ?1";
    if !db.prepare_cached(sql)?.exists([file.application])? {
        return Err(accounts::unknown_application(file.application));
    }
    if !disk_use(db)?.leaves(file.size, disk_budget) {
        return Ok(false);
    }
    db.prepare_cached(
        "INSERT INTO files (key, application_id, content_type, size, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        file.key,
        file.application,
        file.content_type,
        file.size as i64,
        file.created_at,
        file.expires_at
    ])
    .map_err(|e| unique(e, || format!("there is a file {} already", file.key)))?;
    db.prepare_cached("UPDATE disk SET used = used + ?1")?.execute([file.size as i64])?;
    Ok(true)
}

pub fn disk_use(db: &Connection) -> Result<DiskUse> {
    let bytes = |row: &Row<'_>, column| row.get::<_, i64>(column).map(i64::unsigned_abs);
    let sums = |row: &Row<'_>| Ok(DiskUse { results: bytes(row, 0)?, inputs: bytes(row, 1)? });
    Ok(db.prepare_cached("SELECT used, inputs FROM disk")?.query_row([], sums)?)
}

pub fn add_input(
    db: &Connection,
    path: &str,
    size: u64,
    disk_budget: u64,
    now: Millis,
) -> Result<bool> {
    if !disk_use(db)?.leaves(size, disk_budget) {
        return Ok(false);
    }
    let size = size as i64;
    db.prepare_cached("INSERT INTO inputs (path, size, created_at) VALUES (?1, ?2, ?3)")?
        .execute(params![path, size, now])
        .map_err(|e| unique(e, || format!("there is an input {path} already")))?;
    db.prepare_cached("UPDATE disk SET inputs = inputs + ?1")?.execute([size])?;
    Ok(true)
}

pub fn remove_input(db: &Connection, path: &str) -> Result<()> {
    let size: Option<i64> = db
        .prepare_cached("DELETE FROM inputs WHERE path = ?1 RETURNING size")?
        .query_row([path], |row| row.get(0))
        .optional()?;
    if let Some(size) = size {
        db.prepare_cached("UPDATE disk SET inputs = inputs - ?1")?.execute([size])?;
    }
    Ok(())
}

pub fn orphaned_inputs(db: &Connection, before: Millis, limit: u32) -> Result<Vec<String>> {
    let sql = "SELECT path FROM inputs
               WHERE created_at < ?1 AND path NOT IN
                   (SELECT input FROM tasks WHERE ended_at IS NULL)
               ORDER BY created_at LIMIT ?2";
    Ok(db
        .prepare_cached(sql)?
        .query_map(params![before, limit], |row| row.get(0))?
        .collect::<Result<_, _>>()?)
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
