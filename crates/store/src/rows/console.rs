//! Links, sessions and the audit of the console, and its listings.

use async_trait::async_trait;

use crate::sql::{Connection, OptionalExtension, Row, params};
use crate::{
    Console, ConsoleAct, ConsoleSession, Credits, KeyHash, Millis, Result, Transfer, Upload,
};

use super::{Database, Lock, Rows, uploads, webhooks};

#[async_trait]
impl<D: Database> Console for Rows<D> {
    async fn add_console_link(
        &self,
        hash: &KeyHash,
        expires_at: Millis,
        now: Millis,
    ) -> Result<()> {
        let hash = *hash;
        self.write(Lock::Nothing, move |db| add_link(db, &hash, expires_at, now)).await
    }

    async fn take_console_link(&self, hash: &KeyHash, now: Millis) -> Result<bool> {
        let hash = *hash;
        self.write(Lock::Nothing, move |db| take_link(db, &hash, now)).await
    }

    async fn add_console_session(&self, session: &ConsoleSession, now: Millis) -> Result<()> {
        let session = session.clone();
        self.write(Lock::Nothing, move |db| add_session(db, &session, now)).await
    }

    async fn console_session(&self, hash: &KeyHash, now: Millis) -> Result<Option<ConsoleSession>> {
        let hash = *hash;
        self.quick(move |db| session(db, &hash, now)).await
    }

    async fn end_console_session(&self, hash: &KeyHash) -> Result<()> {
        let hash = *hash;
        self.write(Lock::Nothing, move |db| end_session(db, &hash)).await
    }

    async fn add_console_act(&self, act: &ConsoleAct) -> Result<()> {
        let act = act.clone();
        self.write(Lock::Nothing, move |db| add_act(db, &act)).await
    }

    async fn console_acts(&self, application: Option<i64>, limit: u32) -> Result<Vec<ConsoleAct>> {
        self.slow(move |db| acts(db, application, limit)).await
    }

    async fn transfers(&self, application: i64, limit: u32) -> Result<Vec<Transfer>> {
        self.slow(move |db| transfers(db, application, limit)).await
    }

    async fn charge(&self, request_id: &str) -> Result<Option<Credits>> {
        let request_id = request_id.to_owned();
        self.quick(move |db| charge(db, &request_id)).await
    }

    async fn uploads(&self, application: i64, limit: u32) -> Result<Vec<Upload>> {
        self.slow(move |db| uploads::list(db, application, limit)).await
    }

    async fn resend_webhook(&self, application: i64, id: &str, now: Millis) -> Result<bool> {
        let id = id.to_owned();
        self.write(Lock::Nothing, move |db| webhooks::resend(db, application, &id, now)).await
    }
}

fn add_link(db: &Connection<'_>, hash: &KeyHash, expires_at: Millis, now: Millis) -> Result<()> {
    db.prepare_cached("DELETE FROM console_links WHERE expires_at <= ?1")?.execute([now])?;
    db.prepare_cached("INSERT INTO console_links (hash, expires_at) VALUES (?1, ?2)")?
        .execute(params![hash.0, expires_at])?;
    Ok(())
}

fn take_link(db: &Connection<'_>, hash: &KeyHash, now: Millis) -> Result<bool> {
    let sql = "DELETE FROM console_links WHERE hash = ?1 AND expires_at > ?2";
    Ok(db.prepare_cached(sql)?.execute(params![hash.0, now])? > 0)
}

fn add_session(db: &Connection<'_>, session: &ConsoleSession, now: Millis) -> Result<()> {
    db.prepare_cached("DELETE FROM console_sessions WHERE expires_at <= ?1")?.execute([now])?;
    let sql = "INSERT INTO console_sessions (hash, key_hash, expires_at) VALUES (?1, ?2, ?3)
               ON CONFLICT (hash) DO UPDATE
                   SET key_hash = excluded.key_hash, expires_at = excluded.expires_at";
    let row = params![session.hash.0, session.key.map(|key| key.0), session.expires_at];
    db.prepare_cached(sql)?.execute(row)?;
    Ok(())
}

fn session(db: &Connection<'_>, hash: &KeyHash, now: Millis) -> Result<Option<ConsoleSession>> {
    let sql =
        "SELECT key_hash, expires_at FROM console_sessions WHERE hash = ?1 AND expires_at > ?2";
    let read = |row: &Row| {
        let key: Option<[u8; 32]> = row.get(0)?;
        Ok(ConsoleSession { hash: *hash, key: key.map(KeyHash), expires_at: row.get(1)? })
    };
    Ok(db.prepare_cached(sql)?.query_row(params![hash.0, now], read).optional()?)
}

fn end_session(db: &Connection<'_>, hash: &KeyHash) -> Result<()> {
    db.prepare_cached("DELETE FROM console_sessions WHERE hash = ?1")?.execute([hash.0])?;
    Ok(())
}

fn add_act(db: &Connection<'_>, act: &ConsoleAct) -> Result<()> {
    let ConsoleAct { at, who, application, action, subject } = act;
    db.prepare_cached(
        "INSERT INTO console_audit (at, who, application_id, action, subject)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![at, who, application, action, subject])?;
    Ok(())
}

fn acts(db: &Connection<'_>, application: Option<i64>, limit: u32) -> Result<Vec<ConsoleAct>> {
    let sql = "SELECT at, who, application_id, action, subject FROM console_audit
               WHERE CAST(?1 AS BIGINT) IS NULL OR application_id = ?1 ORDER BY id DESC LIMIT ?2";
    let read = |row: &Row| {
        Ok(ConsoleAct {
            at: row.get(0)?,
            who: row.get(1)?,
            application: row.get(2)?,
            action: row.get(3)?,
            subject: row.get(4)?,
        })
    };
    let mut statement = db.prepare_cached(sql)?;
    Ok(statement.query_map(params![application, limit], read)?.collect::<Result<_, _>>()?)
}

fn transfers(db: &Connection<'_>, application: i64, limit: u32) -> Result<Vec<Transfer>> {
    let sql = "SELECT t.at, p.sign, t.from_account, t.to_account, t.amount, h.request_id
               FROM pools p JOIN transfers t ON t.pool_id = p.id
               LEFT JOIN holds h ON h.id = t.hold_id
               WHERE p.application_id = ?1 ORDER BY t.id DESC LIMIT ?2";
    let read = |row: &Row| {
        Ok(Transfer {
            at: row.get(0)?,
            pool: row.get(1)?,
            from: row.get(2)?,
            to: row.get(3)?,
            amount: Credits(row.get(4)?),
            request_id: row.get(5)?,
        })
    };
    let mut statement = db.prepare_cached(sql)?;
    Ok(statement.query_map(params![application, limit], read)?.collect::<Result<_, _>>()?)
}

fn charge(db: &Connection<'_>, request_id: &str) -> Result<Option<Credits>> {
    let sql = "SELECT amount FROM holds WHERE request_id = ?1 AND state = 'settled'";
    let read = |row: &Row| row.get(0).map(Credits);
    Ok(db.prepare_cached(sql)?.query_row([request_id], read).optional()?)
}
