//! The outbox of webhooks, and what their secrets are derived from.

use async_trait::async_trait;
use uuid::Uuid;

use crate::sql::{Connection, Row, params};
use crate::{
    Attempted, Millis, Result, StoreError, Webhook, WebhookNonce, WebhookState, Webhooks, sql,
};

use super::instances::DEAD;
use super::{Database, Lock, Rows, SWEEP, accounts};

#[async_trait]
impl<D: Database> Webhooks for Rows<D> {
    async fn claim_webhooks(
        &self,
        lease_until: Millis,
        limit: u32,
        now: Millis,
    ) -> Result<Vec<Webhook>> {
        // It is asked for often: a look is cheaper than a transaction.
        if !self.quick(move |db| is_due(db, now)).await? {
            return Ok(Vec::new());
        }
        let instance = self.instance.clone();
        self.write(Lock::Nothing, move |db| claim(db, &instance, lease_until, limit, now)).await
    }

    async fn webhook_attempted(&self, id: &str, outcome: Attempted, note: &str) -> Result<()> {
        let (id, note) = (id.to_owned(), note.to_owned());
        self.write(Lock::Nothing, move |db| attempted(db, &id, outcome, &note)).await
    }

    async fn webhooks(&self, application: i64, limit: u32) -> Result<Vec<Webhook>> {
        self.slow(move |db| list(db, application, limit)).await
    }

    async fn add_webhook_secret(
        &self,
        application: i64,
        nonce: &WebhookNonce,
        other_until: Millis,
        now: Millis,
    ) -> Result<()> {
        let nonce = *nonce;
        self.write(Lock::Application(application), move |db| {
            add_secret(db, application, &nonce, other_until, now)
        })
        .await
    }

    async fn webhook_secrets(&self, application: i64, now: Millis) -> Result<Vec<WebhookNonce>> {
        self.quick(move |db| secrets(db, application, now)).await
    }
}

const WEBHOOK: &str = "id, application_id, task_id, url, base, attempts, state, note, created_at";

fn read(row: &Row) -> sql::Result<Webhook> {
    let name: String = row.get(6)?;
    let state = WebhookState::ALL.into_iter().find(|state| state.name() == name);
    let state = state.ok_or_else(|| {
        let unknown = format!("unknown state of a webhook `{name}`");
        sql::Error::column(6, unknown)
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
pub fn enqueue(db: &Connection<'_>, task: i64, now: Millis) -> Result<()> {
    let id = format!("msg_{}", Uuid::new_v4().simple());
    db.prepare_cached(
        "INSERT INTO webhooks (id, application_id, task_id, url, base, next_at, created_at)
         SELECT ?2, t.application_id, t.id, t.callback_url, t.callback_base, ?3, ?3
         FROM tasks t JOIN applications a ON a.id = t.application_id
         WHERE t.seq = ?1 AND t.callback_url IS NOT NULL AND a.deleted_at IS NULL",
    )?
    .post(params![task, id, now])?;
    Ok(())
}

/// Webhooks of one application at work, after which others come first: its receivers may be slow.
const SHARE: u32 = 4;

/// Whether a webhook is due.
pub fn is_due(db: &Connection<'_>, now: Millis) -> Result<bool> {
    let sql = "SELECT 1 FROM webhooks WHERE next_at <= ?1 LIMIT 1";
    Ok(db.prepare_cached(sql)?.exists([now])?)
}

pub fn claim(
    db: &Connection<'_>,
    instance: &str,
    lease_until: Millis,
    limit: u32,
    now: Millis,
) -> Result<Vec<Webhook>> {
    let sql = format!(
        "UPDATE webhooks SET state = 'posting', next_at = ?2, attempts = attempts + 1,
             instance = ?4
         WHERE id IN
             (SELECT id FROM webhooks WHERE next_at <= ?1 AND application_id NOT IN
                  (SELECT application_id FROM webhooks WHERE state = 'posting' AND next_at > ?1
                   GROUP BY application_id HAVING count(*) >= {SHARE})
              ORDER BY next_at LIMIT ?3 {})
         RETURNING {WEBHOOK}",
        db.skipping_locked("webhooks")
    );
    Ok(db
        .prepare_cached(&sql)?
        .query_map(params![now, lease_until, limit, instance], read)?
        .collect::<Result<_, _>>()?)
}

pub fn attempted(db: &Connection<'_>, id: &str, outcome: Attempted, note: &str) -> Result<()> {
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

pub fn list(db: &Connection<'_>, application: i64, limit: u32) -> Result<Vec<Webhook>> {
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
pub fn resend(db: &Connection<'_>, application: i64, id: &str, now: Millis) -> Result<bool> {
    let sql = "UPDATE webhooks SET state = 'waiting', next_at = ?3
               WHERE id = ?1 AND application_id = ?2 AND next_at IS NULL";
    Ok(db.prepare_cached(sql)?.execute(params![id, application, now])? > 0)
}

/// Posts those again at once whose attempt was cut off by the end of an instance.
pub fn requeue(db: &Connection<'_>, dead_before: Millis, now: Millis) -> Result<()> {
    let sql = format!(
        "UPDATE webhooks SET state = 'waiting', next_at = ?2
         WHERE next_at IS NOT NULL AND state = 'posting' AND {DEAD}"
    );
    db.prepare_cached(&sql)?.execute([dead_before, now])?;
    Ok(())
}

/// Forgets some webhooks that are no longer waiting: at most [`SWEEP`].
pub fn forget(db: &Connection<'_>, before: Millis) -> Result<u64> {
    let sql = format!(
        "DELETE FROM webhooks WHERE id IN
             (SELECT id FROM webhooks WHERE next_at IS NULL AND created_at < ?1 LIMIT {SWEEP})"
    );
    Ok(db.prepare_cached(&sql)?.execute([before])?)
}

pub fn add_secret(
    db: &Connection<'_>,
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

pub fn secrets(db: &Connection<'_>, application: i64, now: Millis) -> Result<Vec<WebhookNonce>> {
    let sql = "SELECT nonce FROM webhook_secrets
               WHERE application_id = ?1 AND coalesce(expires_at, CAST(?2 AS BIGINT) + 1) > ?2
               ORDER BY id DESC";
    db.prepare_cached(sql)?
        .query_map(params![application, now], |row| row.get(0))?
        .map(|nonce| nonce.map_err(StoreError::from))
        .collect()
}
