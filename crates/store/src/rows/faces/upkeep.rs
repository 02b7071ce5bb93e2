//! The audit, erasure, retention, and the operator's pause.

use crate::sql::{Connection, OptionalExtension, Value, params};

use crate::{Act, ErasedFaces, FaceAudit, FaceChange, FacesChanged, Millis, Result, StoredFace};

use super::super::SWEEP;
use super::groups;
use super::people::{bump, read, remove_faces};

const DAY: Millis = 24 * 3_600_000;

pub fn note(
    db: &Connection<'_>,
    act: &Act,
    action: &str,
    group: &str,
    users: &str,
    count: u64,
) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO face_audit (application_id, key_id, at, action, group_id, user_ids, count,
             request_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        act.application,
        act.key,
        act.at,
        action,
        group,
        users,
        count as i64,
        act.request_id
    ])?;
    Ok(())
}

pub fn audit(
    db: &Connection<'_>,
    application: i64,
    user: Option<&str>,
    limit: u32,
) -> Result<Vec<FaceAudit>> {
    let sql = "SELECT application_id, key_id, at, action, group_id, user_ids, count, request_id
               FROM face_audit
               WHERE application_id = ?1
                   AND (CAST(?2 AS TEXT) IS NULL OR instr(',' || user_ids || ',', ',' || ?2 || ',') > 0)
               ORDER BY id DESC LIMIT ?3";
    Ok(db
        .prepare_cached(sql)?
        .query_map(params![application, user, limit], |row| {
            Ok(FaceAudit {
                application: row.get(0)?,
                key: row.get(1)?,
                at: row.get(2)?,
                action: row.get(3)?,
                group_id: row.get(4)?,
                user_ids: row.get(5)?,
                count: row.get::<i64>(6)?.unsigned_abs(),
                request_id: row.get(7)?,
            })
        })?
        .collect::<Result<_, _>>()?)
}

/// Forgets some of what was done before: at most [`SWEEP`].
pub fn forget_audit(db: &Connection<'_>, before: Millis) -> Result<u64> {
    let sql = format!(
        "DELETE FROM face_audit WHERE id IN
             (SELECT id FROM face_audit WHERE at < ?1 LIMIT {SWEEP})"
    );
    Ok(db.prepare_cached(&sql)?.execute([before])?)
}

pub fn erase(db: &Connection<'_>, act: &Act) -> Result<ErasedFaces> {
    let sql = "SELECT count(*), CAST(coalesce(sum(users), 0) AS BIGINT),
                   CAST(coalesce(sum(faces), 0) AS BIGINT)
               FROM face_groups WHERE application_id = ?1 AND wrapped_key IS NOT NULL";
    let [groups, users, faces] = db.prepare_cached(sql)?.query_row([act.application], |row| {
        Ok([row.get::<i64>(0)?, row.get(1)?, row.get(2)?].map(i64::unsigned_abs))
    })?;
    let erased = ErasedFaces { groups, users, faces };
    groups::abandon(db, act.application)?;
    note(db, act, "library-erase", "@ALL", "", erased.faces)?;
    Ok(erased)
}

const CLEANING: &str = "SELECT id FROM face_groups WHERE wrapped_key IS NULL LIMIT 1";
const EXPIRED: &str = "FROM face_groups g JOIN faces f ON f.group_row = g.id
    WHERE g.retention_days IS NOT NULL AND g.wrapped_key IS NOT NULL";

pub fn is_due(db: &Connection<'_>, now: Millis) -> Result<bool> {
    let sql = format!("SELECT 1 {EXPIRED} AND f.created_at <= ?1 - g.retention_days * ?2 LIMIT 1");
    let cleaning = db.prepare_cached(CLEANING)?.exists(())?;
    Ok(cleaning || db.prepare_cached(&sql)?.exists([now, DAY])?)
}

fn faces(db: &Connection<'_>, of: &str, values: &[i64]) -> Result<Vec<StoredFace>> {
    let sql = format!(
        "SELECT f.id, f.group_row, f.user_row, f.token, f.sealed, f.quality, f.image, f.created_at
         {of} LIMIT {SWEEP}"
    );
    let values: Vec<_> = values.iter().map(|value| Value::Int(*value)).collect();
    Ok(db.prepare_cached(&sql)?.query_map(values, read)?.collect::<Result<_, _>>()?)
}

/// Some of the rows of groups that are being cleaned, or some faces past their retention.
pub fn clean(db: &Connection<'_>, now: Millis) -> Result<FacesChanged> {
    let mut changed = FacesChanged::default();
    let cleaning: Option<i64> =
        db.prepare_cached(CLEANING)?.query_row((), |row| row.get(0)).optional()?;
    if let Some(group) = cleaning {
        let found = faces(db, "FROM faces f WHERE f.group_row = ?1", &[group])?;
        remove_faces(db, &found, &mut changed)?;
        let removed = found.iter().map(|face| face.row).collect();
        let change = bump(db, group, removed, Vec::new())?;
        changed.changes.push(FaceChange { revision: i64::MAX, ..change });
        if found.is_empty() {
            let sql = "DELETE FROM face_users WHERE group_row = ?1";
            changed.users += db.prepare_cached(sql)?.execute([group])?;
            db.prepare_cached("DELETE FROM face_groups WHERE id = ?1")?.execute([group])?;
        }
        return Ok(changed);
    }
    let of =
        format!("{EXPIRED} AND f.created_at <= ?1 - g.retention_days * ?2 ORDER BY f.group_row");
    let found = faces(db, &of, &[now, DAY])?;
    remove_faces(db, &found, &mut changed)?;
    for same in found.chunk_by(|a, b| a.group_row == b.group_row) {
        let removed = same.iter().map(|face| face.row).collect();
        changed.changes.push(bump(db, same[0].group_row, removed, Vec::new())?);
    }
    Ok(changed)
}

pub fn pause(db: &Connection<'_>, paused: bool) -> Result<()> {
    db.prepare_cached("UPDATE face_library SET paused = ?1")?.execute([paused])?;
    Ok(())
}

pub fn paused(db: &Connection<'_>) -> Result<bool> {
    let sql = "SELECT paused FROM face_library";
    Ok(db.prepare_cached(sql)?.query_row((), |row| row.get(0))?)
}

/// Notes that a session of action liveness was used; `false` where it was used before.
pub fn use_session(db: &Connection<'_>, nonce: &[u8; 8], expires_at: Millis) -> Result<bool> {
    let sql = "INSERT INTO used_liveness_sessions (nonce, expires_at) VALUES (?1, ?2)
               ON CONFLICT (nonce) DO NOTHING";
    Ok(db.prepare_cached(sql)?.execute(params![nonce, expires_at])? > 0)
}

/// Forgets some used sessions that have ended: at most [`SWEEP`].
pub fn forget_sessions(db: &Connection<'_>, now: Millis) -> Result<u64> {
    let sql = format!(
        "DELETE FROM used_liveness_sessions WHERE nonce IN
             (SELECT nonce FROM used_liveness_sessions WHERE expires_at <= ?1 LIMIT {SWEEP})"
    );
    Ok(db.prepare_cached(&sql)?.execute([now])?)
}
