//! Uploads. Their bytes count with the inputs of tasks.

use std::str::FromStr;

use async_trait::async_trait;
use safelight_contract::{Code, Fault};

use crate::sql::{Connection, OptionalExtension, Row, params};
use crate::{
    Millis, NewUpload, Result, Upload, UploadAdmission, UploadDeletion, UploadQuota, UploadState,
    UploadedPicture, Uploads, sql,
};

use super::instances::DEAD;
use super::{Database, Lock, Rows, SWEEP, accounts, files, unique};

#[async_trait]
impl<D: Database> Uploads for Rows<D> {
    async fn add_upload(
        &self,
        upload: &NewUpload,
        quota: UploadQuota,
        disk_budget: u64,
        now: Millis,
    ) -> Result<UploadAdmission> {
        let (upload, instance) = (upload.clone(), self.instance.clone());
        let lock = Lock::Application(upload.application);
        let admit = move |db: &Connection<'_>| add(db, &upload, &instance, quota, disk_budget, now);
        self.write(lock, admit).await
    }

    async fn end_upload(
        &self,
        id: &str,
        outcome: &std::result::Result<UploadedPicture, Fault>,
    ) -> Result<bool> {
        let (lock, looked) = (Lock::OfUpload(id.to_owned()), id.to_owned());
        let wanted = if outcome.is_ok() { UploadState::Ready } else { UploadState::Failed };
        let (id, outcome) = (id.to_owned(), outcome.clone());
        let change = move |db: &Connection<'_>| end(db, &id, &outcome);
        let look = move |db: &Connection<'_>| {
            let sql = "SELECT 1 FROM uploads WHERE id = ?1 AND state = ?2";
            let ended = db.prepare_cached(sql)?.exists(params![looked, wanted.name()])?;
            Ok(ended.then_some(true))
        };
        self.write_once(lock, change, look).await
    }

    async fn upload(&self, application: i64, id: &str) -> Result<Option<Upload>> {
        let id = id.to_owned();
        self.quick(move |db| upload(db, application, &id)).await
    }

    async fn delete_upload(&self, application: i64, id: &str) -> Result<UploadDeletion> {
        let id = id.to_owned();
        self.write(Lock::Application(application), move |db| delete(db, application, &id)).await
    }

    async fn expired_uploads(&self, now: Millis, limit: u32) -> Result<Vec<(i64, String)>> {
        self.slow(move |db| expired(db, now, limit)).await
    }

    async fn reclaim_upload(&self, id: &str) -> Result<()> {
        let id = id.to_owned();
        self.write(Lock::OfUpload(id.clone()), move |db| reclaim(db, &id)).await
    }
}

const UPLOAD: &str = "id, application_id, state, size, format, width, height, fault_code,
    fault_message, created_at, expires_at";

/// Whether a task that has not ended works on the upload of the row.
const IN_USE: &str = "EXISTS (SELECT 1 FROM task_uploads u JOIN tasks t ON t.seq = u.task_seq
    WHERE u.upload_id = uploads.id AND t.ended_at IS NULL)";

fn read(row: &Row) -> sql::Result<Upload> {
    let broken = |column, e: String| sql::Error::column(column, e);
    let state: String = row.get(2)?;
    let state = UploadState::from_str(&state).map_err(|e| broken(2, e))?;
    let picture = match state {
        UploadState::Ready => Some(UploadedPicture {
            size: row.get::<i64>(3)?.unsigned_abs(),
            format: row.get(4)?,
            width: row.get(5)?,
            height: row.get(6)?,
        }),
        _ => None,
    };
    let code: Option<String> = row.get(7)?;
    let fault = match code {
        Some(name) => {
            let code = Code::from_str(&name).map_err(|e| broken(7, e))?;
            Some(Fault::new(code, row.get::<String>(8)?))
        }
        None => None,
    };
    Ok(Upload {
        id: row.get(0)?,
        application: row.get(1)?,
        state,
        picture,
        fault,
        created_at: row.get(9)?,
        expires_at: row.get(10)?,
    })
}

pub fn add(
    db: &Connection<'_>,
    new: &NewUpload,
    instance: &str,
    quota: UploadQuota,
    disk_budget: u64,
    now: Millis,
) -> Result<UploadAdmission> {
    accounts::check_application(db, new.application)?;
    let sql = "SELECT count(*), CAST(coalesce(sum(size), 0) AS BIGINT) FROM uploads
               WHERE application_id = ?1 AND state IN ('in_transit', 'ready')";
    let (count, bytes): (i64, i64) =
        db.prepare_cached(sql)?.query_row([new.application], |row| row.try_into())?;
    let (count, bytes) = (count.unsigned_abs(), bytes.unsigned_abs());
    if count >= quota.files || bytes.saturating_add(new.size) > quota.bytes {
        return Ok(UploadAdmission::QuotaFull { bytes, files: count });
    }
    let Ok(size) = i64::try_from(new.size) else { return Ok(UploadAdmission::DiskFull) };
    let counter = files::any_counter(db);
    db.prepare_cached(
        "INSERT INTO uploads
             (id, application_id, state, size, created_at, expires_at, instance, counter)
         VALUES (?1, ?2, 'in_transit', ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![new.id, new.application, size, now, new.expires_at, instance, counter])
    .map_err(|e| unique(e, || format!("there is an upload {} already", new.id)))?;
    if !files::grow(db, "inputs", counter, size, disk_budget)? {
        db.prepare_cached("DELETE FROM uploads WHERE id = ?1")?.execute([&new.id])?;
        return Ok(UploadAdmission::DiskFull);
    }
    Ok(UploadAdmission::Added)
}

/// The bytes of an upload that is in transit, and the row that they are counted in.
fn in_transit(db: &Connection<'_>, id: &str) -> Result<Option<(i64, i64)>> {
    let sql = "SELECT size, counter FROM uploads WHERE id = ?1 AND state = 'in_transit'";
    Ok(db.prepare_cached(sql)?.query_row([id], |row| row.try_into()).optional()?)
}

pub fn end(
    db: &Connection<'_>,
    id: &str,
    outcome: &std::result::Result<UploadedPicture, Fault>,
) -> Result<bool> {
    let Some((reserved, counter)) = in_transit(db, id)? else { return Ok(false) };
    let size = match outcome {
        Ok(picture) => {
            let UploadedPicture { size, format, width, height } = picture;
            db.prepare_cached(
                "UPDATE uploads SET state = 'ready', size = ?2, format = ?3, width = ?4,
                     height = ?5
                 WHERE id = ?1",
            )?
            .execute(params![id, *size as i64, format, width, height])?;
            *size as i64
        }
        Err(fault) => {
            fail(db, id, fault)?;
            0
        }
    };
    files::recount(db, "inputs", counter, size - reserved)?;
    Ok(true)
}

fn fail(db: &Connection<'_>, id: &str, fault: &Fault) -> Result<()> {
    db.prepare_cached(
        "UPDATE uploads SET state = 'failed', size = 0, fault_code = ?2, fault_message = ?3
         WHERE id = ?1",
    )?
    .execute(params![id, fault.code().name(), fault.message()])?;
    Ok(())
}

pub fn upload(db: &Connection<'_>, application: i64, id: &str) -> Result<Option<Upload>> {
    let sql = format!("SELECT {UPLOAD} FROM uploads WHERE id = ?1 AND application_id = ?2");
    Ok(db.prepare_cached(&sql)?.query_row(params![id, application], read).optional()?)
}

/// The newest uploads of an application that are not reclaimed.
pub fn list(db: &Connection<'_>, application: i64, limit: u32) -> Result<Vec<Upload>> {
    let sql = format!(
        "SELECT {UPLOAD} FROM uploads WHERE application_id = ?1 AND state <> 'reclaimed'
         ORDER BY created_at DESC, id LIMIT ?2"
    );
    Ok(db
        .prepare_cached(&sql)?
        .query_map(params![application, limit], read)?
        .collect::<Result<_, _>>()?)
}

/// Whether each of these uploads of an application is there.
pub fn are_ready(db: &Connection<'_>, application: i64, uploads: &[String]) -> Result<bool> {
    let sql = "SELECT 1 FROM uploads WHERE id = ?1 AND application_id = ?2 AND state = 'ready'";
    let mut statement = db.prepare_cached(sql)?;
    for id in uploads {
        if !statement.exists(params![id, application])? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Notes that a task works on uploads.
pub fn use_for_task(db: &Connection<'_>, task: &str, uploads: &[String]) -> Result<()> {
    // The same upload may be sent in two fields.
    let sql = "INSERT INTO task_uploads (upload_id, task_seq)
               SELECT ?1, seq FROM tasks WHERE id = ?2 ON CONFLICT DO NOTHING";
    for id in uploads {
        db.prepare_cached(sql)?.post(params![id, task])?;
    }
    Ok(())
}

pub fn delete(db: &Connection<'_>, application: i64, id: &str) -> Result<UploadDeletion> {
    let sql = format!(
        "SELECT {IN_USE} FROM uploads
         WHERE id = ?1 AND application_id = ?2 AND state <> 'reclaimed'"
    );
    let in_use: Option<bool> = db
        .prepare_cached(&sql)?
        .query_row(params![id, application], |row| row.get(0))
        .optional()?;
    match in_use {
        None => Ok(UploadDeletion::Gone),
        Some(true) => Ok(UploadDeletion::InUse),
        Some(false) => {
            reclaim(db, id)?;
            Ok(UploadDeletion::Reclaimed)
        }
    }
}

pub fn expired(db: &Connection<'_>, now: Millis, limit: u32) -> Result<Vec<(i64, String)>> {
    let sql = format!(
        "SELECT application_id, id FROM uploads
         WHERE state <> 'reclaimed' AND expires_at <= ?1 AND NOT {IN_USE}
         ORDER BY expires_at LIMIT ?2"
    );
    Ok(db
        .prepare_cached(&sql)?
        .query_map(params![now, limit], |row| row.try_into())?
        .collect::<Result<_, _>>()?)
}

pub fn reclaim(db: &Connection<'_>, id: &str) -> Result<()> {
    let sql = "SELECT size, counter FROM uploads WHERE id = ?1 AND state <> 'reclaimed'";
    let found = db.prepare_cached(sql)?.query_row([id], |row| row.try_into()).optional()?;
    let Some((size, counter)): Option<(i64, i64)> = found else { return Ok(()) };
    db.prepare_cached(
        "UPDATE uploads SET state = 'reclaimed', size = 0, fault_code = NULL, fault_message = NULL
         WHERE id = ?1",
    )?
    .execute([id])?;
    files::recount(db, "inputs", counter, -size)
}

/// An upload whose bytes were on their way to an instance that is dead.
pub fn orphan(db: &Connection<'_>, dead_before: Millis) -> Result<Option<String>> {
    let sql = format!("SELECT id FROM uploads WHERE state = 'in_transit' AND {DEAD} LIMIT 1");
    Ok(db.prepare_cached(&sql)?.query_row([dead_before], |row| row.get(0)).optional()?)
}

/// Fails an upload that is still one of those.
pub fn fail_orphan(db: &Connection<'_>, id: &str, dead_before: Millis) -> Result<()> {
    let sql = format!("SELECT 1 FROM uploads WHERE id = ?2 AND state = 'in_transit' AND {DEAD}");
    if db.prepare_cached(&sql)?.exists(params![dead_before, id])? {
        let message = "the server ended before the file was there";
        end(db, id, &Err(Fault::new(Code::FileDownloadFailed, message)))?;
    }
    Ok(())
}

/// Forgets some reclaimed uploads: at most [`SWEEP`].
pub fn forget(db: &Connection<'_>, before: Millis) -> Result<u64> {
    let sql = format!(
        "DELETE FROM uploads WHERE id IN
             (SELECT id FROM uploads WHERE state = 'reclaimed' AND expires_at < ?1 LIMIT {SWEEP})"
    );
    Ok(db.prepare_cached(&sql)?.execute([before])?)
}
