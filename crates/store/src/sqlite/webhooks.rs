//! The outbox of webhooks, and what their secrets are derived from.

use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use crate::{Attempted, Millis, Result, StoreError, Webhook, WebhookNonce, WebhookState};

use super::{SWEEP, accounts};

const WEBHOOK: &str = "id, application_id, task_id, url, base, attempts, state, note, created_at";

fn read(row: &Row<'_>) -> rusqlite::Result<Webhook> {
    let name: String = row.get(6)?;
    let state = WebhookState::ALL.into_iter().find(|state| state.name() == name);
    let state = state.ok_or_else(|| {
        let unknown = format!("unknown state of a webhook `{name}`");
        rusqlite::Error::FromSqlConversionFailure(6, Type::Text, unknown.into())
    })?;
    Ok(Webhook {
        id: row.get(0)?,
        application: row.get(1)?,
        task: row.get(2)?,
        url: row.get(3)?,
        base: row.get(4)?,
        attempts: row.get(5)?,
        state,
        note: row.get(7)?,
        created_at: row.get(8)?,
    })
}

/// Writes the webhook of a task that ends, where somebody is to be told.
pub fn enqueue(db: &Connection, task: i64, now: Millis) -> Result<()> {
    let id = format!("msg_{}", Uuid::new_v4().simple());
    db.prepare_cached(
        "INSERT INTO webhooks (id, application_id, task_id, url, base, next_at, created_at)
         SELECT ?2, t.application_id, t.id, t.callback_url, t.callback_base, ?3, ?3
         FROM tasks t JOIN applications a ON a.id = t.application_id
         WHERE t.seq = ?1 AND t.callback_url IS NOT NULL AND a.deleted_at IS NULL",
    )?
    .execute(params![task, id, now])?;
    Ok(())
}

/// Whether a webhook is due.
pub fn is_due(db: &Connection, now: Millis) -> Result<bool> {
    let sql = "SELECT 1 FROM webhooks WHERE next_at <= ?1 LIMIT 1";
    Ok(db.prepare_cached(sql)?.exists([now])?)
}

pub fn claim(
    db: &Connection,
    lease_until: Millis,
    limit: u32,
    now: Millis,
) -> Result<Vec<Webhook>> {
    let sql = format!(
        "UPDATE webhooks SET state = 'posting', next_at = ?2, attempts = attempts + 1
         WHERE id IN
             (SELECT id FROM webhooks WHERE next_at <= ?1 ORDER BY next_at LIMIT ?3)
         RETURNING {WEBHOOK}"
    );
    Ok(db
        .prepare_cached(&sql)?
        .query_map(params![now, lease_until, limit], read)?
        .collect::<Result<_, _>>()?)
}

pub fn attempted(db: &Connection, id: &str, outcome: Attempted, note: &str) -> Result<()> {
    let (state, next) = match outcome {
        Attempted::Delivered => (WebhookState::Delivered, None),
        Attempted::Again(at) => (WebhookState::Waiting, Some(at)),
        Attempted::GivenUp => (WebhookState::GivenUp, None),
    };
    db.prepare_cached(
        "UPDATE webhooks SET state = ?2, next_at = ?3, note = ?4
         WHERE id = ?1 AND next_at IS NOT NULL",
    )?
    .execute(params![id, state.name(), next, note])?;
    Ok(())
}

pub fn list(db: &Connection, application: i64, limit: u32) -> Result<Vec<Webhook>> {
    let sql = format!(
        "SELECT {WEBHOOK} FROM webhooks WHERE application_id = ?1
         ORDER BY created_at DESC, id LIMIT ?2"
    );
    Ok(db
        .prepare_cached(&sql)?
        .query_map(params![application, limit], read)?
        .collect::<Result<_, _>>()?)
}

/// Makes a webhook that is not waiting due again.
pub fn resend(db: &Connection, application: i64, id: &str, now: Millis) -> Result<bool> {
    let sql = "UPDATE webhooks SET state = 'waiting', next_at = ?3
               WHERE id = ?1 AND application_id = ?2 AND next_at IS NULL";
    Ok(db.prepare_cached(sql)?.execute(params![id, application, now])? > 0)
}

/// Posts those again at once whose attempt was cut off by the end of the process.
pub fn requeue(db: &Connection, now: Millis) -> Result<()> {
    let sql = "UPDATE webhooks SET state = 'waiting', next_at = ?1
               WHERE next_at IS NOT NULL AND state = 'posting'";
    db.prepare_cached(sql)?.execute([now])?;
    Ok(())
}

/// Forgets some webhooks that are no longer waiting: at most [`SWEEP`].
pub fn forget(db: &Connection, before: Millis) -> Result<u64> {
    let sql = format!(
        "DELETE FROM webhooks WHERE id IN
             (SELECT id FROM webhooks WHERE next_at IS NULL AND created_at < ?1 LIMIT {SWEEP})"
    );
    Ok(db.prepare_cached(&sql)?.execute([before])? as u64)
}

pub fn add_secret(
    db: &Connection,
    application: i64,
    nonce: &WebhookNonce,
    others_until: Millis,
    now: Millis,
) -> Result<()> {
    accounts::check_application(db, application)?;
    // Two are valid during a rotation: the new one, and the one before.
    db.prepare_cached(
        "DELETE FROM webhook_secrets WHERE application_id = ?1 AND expires_at IS NOT NULL",
    )?
    .execute([application])?;
    db.prepare_cached("UPDATE webhook_secrets SET expires_at = ?2 WHERE application_id = ?1")?
        .execute(params![application, others_until])?;
    db.prepare_cached(
        "INSERT INTO webhook_secrets (application_id, nonce, created_at) VALUES (?1, ?2, ?3)",
    )?
    .execute(params![application, nonce, now])?;
    Ok(())
}

pub fn secrets(db: &Connection, application: i64, now: Millis) -> Result<Vec<WebhookNonce>> {
    let sql = "SELECT nonce FROM webhook_secrets
               WHERE application_id = ?1 AND ifnull(expires_at, ?2 + 1) > ?2
               ORDER BY id DESC";
    db.prepare_cached(sql)?
        .query_map(params![application, now], |row| row.get(0))?
        .map(|nonce| nonce.map_err(StoreError::from))
        .collect()
}
