//! Requests that carry an idempotency key.

use async_trait::async_trait;

use crate::sql::{Connection, OptionalExtension, params};
use crate::{KeyedAnswer, KeyedRequest, KeyedRequests, Millis, RequestKey, Result};

use super::instances::DEAD;
use super::{Database, Lock, Rows, SWEEP};

#[async_trait]
impl<D: Database> KeyedRequests for Rows<D> {
    async fn begin_request(
        &self,
        request: &RequestKey,
        digest: &[u8; 32],
        expires_at: Millis,
        now: Millis,
    ) -> Result<KeyedRequest> {
        let (request, digest) = (request.clone(), *digest);
        let (lock, instance) = (Lock::Application(request.application), self.instance.clone());
        let own = (request.clone(), instance.clone());
        let begin = move |db: &Connection<'_>| {
            self::begin(db, &request, &instance, &digest, expires_at, now)
        };
        let look = move |db: &Connection<'_>| {
            let is_begun = self::is_begun(db, &own.0, &own.1, &digest, expires_at)?;
            Ok(is_begun.then_some(KeyedRequest::New))
        };
        self.write_once(lock, begin, look).await
    }

    async fn answer_request(
        &self,
        request: &RequestKey,
        answer: &KeyedAnswer,
        expires_at: Millis,
    ) -> Result<()> {
        let (request, answer) = (request.clone(), answer.clone());
        let (known, file) = (request.clone(), answer.file.clone());
        let keep = move |db: &Connection<'_>| self::answer(db, &request, &answer, expires_at);
        let look = move |db: &Connection<'_>| answered_by(db, &known, &file);
        self.write_once(Lock::Nothing, keep, look).await
    }

    async fn abandon_request(&self, request: &RequestKey) -> Result<()> {
        let request = request.clone();
        let abandoned = request.clone();
        let abandon = move |db: &Connection<'_>| self::abandon(db, &request);
        let look = move |db: &Connection<'_>| is_gone(db, &abandoned);
        self.write_once(Lock::Nothing, abandon, look).await
    }

    async fn forget_requests(&self, now: Millis) -> Result<u64> {
        self.sweep(self::forget, now).await
    }
}

/// Digest, and the answer once there is one.
type Known = ([u8; 32], Option<u16>, Option<String>, Option<String>);

pub fn begin(
    db: &Connection<'_>,
    request: &RequestKey,
    instance: &str,
    digest: &[u8; 32],
    expires_at: Millis,
    now: Millis,
) -> Result<KeyedRequest> {
    let RequestKey { application, path, key } = request;
    let sql = "SELECT digest, status, code, file FROM keyed_requests
               WHERE application_id = ?1 AND path = ?2 AND key = ?3 AND expires_at > ?4";
    let known: Option<Known> = db
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
                // One whose time is over makes way.
                "INSERT INTO keyed_requests
                     (application_id, path, key, digest, expires_at, instance)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (application_id, path, key) DO UPDATE
                     SET digest = excluded.digest, expires_at = excluded.expires_at,
                         instance = excluded.instance,
                         status = NULL, code = NULL, file = NULL",
            )?
            .execute(params![application, path, key, digest, expires_at, instance])?;
            KeyedRequest::New
        }
    })
}

/// Whether this instance has begun the request. Its end tells it from another one with the same key.
fn is_begun(
    db: &Connection<'_>,
    request: &RequestKey,
    instance: &str,
    digest: &[u8; 32],
    expires_at: Millis,
) -> Result<bool> {
    let RequestKey { application, path, key } = request;
    let sql = "SELECT 1 FROM keyed_requests
               WHERE application_id = ?1 AND path = ?2 AND key = ?3 AND digest = ?4
                   AND instance = ?5 AND expires_at = ?6 AND status IS NULL";
    let values = params![application, path, key, digest, instance, expires_at];
    Ok(db.prepare_cached(sql)?.exists(values)?)
}

/// That the answer of a request is kept in this file.
fn answered_by(db: &Connection<'_>, request: &RequestKey, file: &str) -> Result<Option<()>> {
    let RequestKey { application, path, key } = request;
    let sql = "SELECT 1 FROM keyed_requests
               WHERE application_id = ?1 AND path = ?2 AND key = ?3 AND file = ?4";
    let values = params![application, path, key, file];
    Ok(db.prepare_cached(sql)?.exists(values)?.then_some(()))
}

/// That no such request is in flight.
fn is_gone(db: &Connection<'_>, request: &RequestKey) -> Result<Option<()>> {
    let RequestKey { application, path, key } = request;
    let sql = "SELECT 1 FROM keyed_requests
               WHERE application_id = ?1 AND path = ?2 AND key = ?3 AND status IS NULL";
    Ok((!db.prepare_cached(sql)?.exists(params![application, path, key])?).then_some(()))
}

pub fn answer(
    db: &Connection<'_>,
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
pub fn abandon(db: &Connection<'_>, request: &RequestKey) -> Result<()> {
    let RequestKey { application, path, key } = request;
    db.prepare_cached(
        "DELETE FROM keyed_requests
         WHERE application_id = ?1 AND path = ?2 AND key = ?3 AND status IS NULL",
    )?
    .execute(params![application, path, key])?;
    Ok(())
}

/// Forgets the requests that were in flight in instances that are dead.
pub fn abandon_orphans(db: &Connection<'_>, dead_before: Millis) -> Result<()> {
    let sql = format!("DELETE FROM keyed_requests WHERE status IS NULL AND {DEAD}");
    db.prepare_cached(&sql)?.execute([dead_before])?;
    Ok(())
}

/// Forgets some requests whose time is over: at most [`SWEEP`].
pub fn forget(db: &Connection<'_>, now: Millis) -> Result<u64> {
    let sql = format!(
        "DELETE FROM keyed_requests WHERE (application_id, path, key) IN
             (SELECT application_id, path, key FROM keyed_requests WHERE expires_at <= ?1
              LIMIT {SWEEP})"
    );
    Ok(db.prepare_cached(&sql)?.execute([now])?)
}
