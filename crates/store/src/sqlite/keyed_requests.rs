//! Requests that carry an idempotency key.

use rusqlite::{Connection, OptionalExtension, params};

use crate::{KeyedAnswer, KeyedRequest, Millis, RequestKey, Result};

use super::SWEEP;

/// Digest, and the answer once there is one.
type Row = ([u8; 32], Option<u16>, Option<String>, Option<String>);

pub fn begin(
    db: &Connection,
    request: &RequestKey,
    digest: &[u8; 32],
    expires_at: Millis,
    now: Millis,
) -> Result<KeyedRequest> {
    let RequestKey { application, path, key } = request;
    let sql = "SELECT digest, status, code, file FROM keyed_requests
               WHERE application_id = ?1 AND path = ?2 AND key = ?3 AND expires_at > ?4";
    let known: Option<Row> = db
        .prepare_cached(sql)?
        .query_row(params![application, path, key, now], |row| row.try_into())
        .optional()?;
    Ok(match known {
        Some((other, ..)) if other != *digest => KeyedRequest::Other,
        Some((_, Some(status), Some(code), Some(file))) => {
            KeyedRequest::Answered(KeyedAnswer { status, code, file })
        }
        Some(_) => KeyedRequest::InFlight,
        None => {
            db.prepare_cached(
                "INSERT OR REPLACE INTO keyed_requests
                     (application_id, path, key, digest, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![application, path, key, digest, expires_at])?;
            KeyedRequest::New
        }
    })
}

pub fn answer(
    db: &Connection,
    request: &RequestKey,
    answer: &KeyedAnswer,
    expires_at: Millis,
) -> Result<()> {
    let RequestKey { application, path, key } = request;
    let KeyedAnswer { status, code, file } = answer;
    db.prepare_cached(
        "UPDATE keyed_requests SET status = ?4, code = ?5, file = ?6, expires_at = ?7
         WHERE application_id = ?1 AND path = ?2 AND key = ?3",
    )?
    .execute(params![application, path, key, status, code, file, expires_at])?;
    Ok(())
}

/// Forgets a request that is in flight.
pub fn abandon(db: &Connection, request: &RequestKey) -> Result<()> {
    let RequestKey { application, path, key } = request;
    db.prepare_cached(
        "DELETE FROM keyed_requests
         WHERE application_id = ?1 AND path = ?2 AND key = ?3 AND status IS NULL",
    )?
    .execute(params![application, path, key])?;
    Ok(())
}

/// Forgets the requests that were in flight when the process ended.
pub fn abandon_orphans(db: &Connection) -> Result<()> {
    db.prepare_cached("DELETE FROM keyed_requests WHERE status IS NULL")?.execute([])?;
    Ok(())
}

/// Forgets some requests whose time is over: at most [`SWEEP`].
pub fn forget(db: &Connection, now: Millis) -> Result<u64> {
    let sql = format!(
        "DELETE FROM keyed_requests WHERE (application_id, path, key) IN
             (SELECT application_id, path, key FROM keyed_requests WHERE expires_at <= ?1
              LIMIT {SWEEP})"
    );
    Ok(db.prepare_cached(&sql)?.execute([now])? as u64)
}
