//! Groups of faces.

use crate::sql::{self, Connection, OptionalExtension, Row, params};

use crate::{Act, FaceGroup, NewFaceGroup, Refused, Result};

use super::super::accounts;
use super::upkeep::note;

const GROUP: &str = "g.id, g.application_id, g.group_id, g.name, g.scene, g.model, g.wrapped_key,
    g.retention_days, g.revision, g.users, g.faces, g.created_at";

fn read(row: &Row) -> sql::Result<FaceGroup> {
    Ok(FaceGroup {
        row: row.get(0)?,
        application: row.get(1)?,
        id: row.get(2)?,
        name: row.get(3)?,
        scene: row.get(4)?,
        model: row.get(5)?,
        wrapped_key: row.get(6)?,
        retention_days: row.get(7)?,
        revision: row.get(8)?,
        users: row.get::<i64>(9)?.unsigned_abs(),
        faces: row.get::<i64>(10)?.unsigned_abs(),
        created_at: row.get(11)?,
    })
}

fn own(db: &Connection<'_>, application: i64, id: &str) -> Result<Option<FaceGroup>> {
    let sql = format!(
        "SELECT {GROUP} FROM face_groups g WHERE g.application_id = ?1 AND g.group_id = ?2"
    );
    Ok(db.prepare_cached(&sql)?.query_row(params![application, id], read).optional()?)
}

fn unless_cleaning(group: Option<FaceGroup>, id: &str) -> Result<FaceGroup> {
    let group = group.ok_or_else(|| Refused::GroupNotFound(id.to_owned()))?;
    match group.wrapped_key {
        Some(_) => Ok(group),
        None => Err(Refused::GroupCleaning(id.to_owned()).into()),
    }
}

/// A group of the application.
pub fn ready(db: &Connection<'_>, application: i64, id: &str) -> Result<FaceGroup> {
    unless_cleaning(own(db, application, id)?, id)
}

/// A group of the application, else one that is shared with it.
pub fn readable(db: &Connection<'_>, application: i64, id: &str) -> Result<FaceGroup> {
    if let Some(group) = own(db, application, id)? {
        return unless_cleaning(Some(group), id);
    }
    let sql = format!(
        "SELECT {GROUP} FROM face_groups g JOIN face_shares s ON s.group_row = g.id
         WHERE s.application_id = ?1 AND g.group_id = ?2 ORDER BY g.id LIMIT 1"
    );
    let shared = db.prepare_cached(&sql)?.query_row(params![application, id], read).optional()?;
    unless_cleaning(shared, id)
}

/// The group of that row number, unless it is being cleaned.
pub fn at(db: &Connection<'_>, row: i64) -> Result<Option<FaceGroup>> {
    let sql = format!("SELECT {GROUP} FROM face_groups g WHERE g.id = ?1");
    let group = db.prepare_cached(&sql)?.query_row([row], read).optional()?;
    Ok(group.filter(|group| group.wrapped_key.is_some()))
}

/// Those of these row numbers whose groups are there and not being cleaned.
pub fn ready_of(db: &Connection<'_>, rows: &[i64]) -> Result<Vec<i64>> {
    let sql = "SELECT 1 FROM face_groups WHERE id = ?1 AND wrapped_key IS NOT NULL";
    let mut statement = db.prepare_cached(sql)?;
    let mut ready = Vec::with_capacity(rows.len());
    for row in rows {
        if statement.exists([*row])? {
            ready.push(*row);
        }
    }
    Ok(ready)
}

pub fn list(
    db: &Connection<'_>,
    application: i64,
    start: u32,
    length: u32,
) -> Result<(u64, Vec<FaceGroup>)> {
    let sql = "SELECT count(*) FROM face_groups WHERE application_id = ?1";
    let total: i64 = db.prepare_cached(sql)?.query_row([application], |row| row.get(0))?;
    let sql = format!(
        "SELECT {GROUP} FROM face_groups g WHERE g.application_id = ?1
         ORDER BY g.group_id LIMIT ?3 OFFSET ?2"
    );
    let groups = db
        .prepare_cached(&sql)?
        .query_map(params![application, start, length], read)?
        .collect::<Result<_, _>>()?;
    Ok((total.unsigned_abs(), groups))
}

fn check_name(db: &Connection<'_>, application: i64, id: &str, name: Option<&str>) -> Result<()> {
    let Some(name) = name else { return Ok(()) };
    let sql = "SELECT 1 FROM face_groups
               WHERE application_id = ?1 AND name = ?2 AND group_id <> ?3";
    match db.prepare_cached(sql)?.exists(params![application, name, id])? {
        true => Err(Refused::NameInUse(name.to_owned()).into()),
        false => Ok(()),
    }
}

pub fn create(db: &Connection<'_>, act: &Act, new: &NewFaceGroup, most: u64) -> Result<()> {
    accounts::check_application(db, act.application)?;
    match own(db, act.application, &new.id)? {
        None => {}
        Some(group) => {
            unless_cleaning(Some(group), &new.id)?;
            return Err(Refused::GroupExists(new.id.clone()).into());
        }
    }
    check_name(db, act.application, &new.id, new.name.as_deref())?;
    let sql = "SELECT count(*) FROM face_groups WHERE application_id = ?1";
    let count: i64 = db.prepare_cached(sql)?.query_row([act.application], |row| row.get(0))?;
    if count.unsigned_abs() >= most {
        return Err(Refused::TooManyGroups(count.unsigned_abs()).into());
    }
    db.prepare_cached(
        "INSERT INTO face_groups (application_id, group_id, name, scene, model, wrapped_key,
             retention_days, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        act.application,
        new.id,
        new.name,
        new.scene,
        new.model,
        new.wrapped_key,
        new.retention_days,
        act.at
    ])?;
    note(db, act, "group-create", &new.id, "", 0)
}

pub fn change(
    db: &Connection<'_>,
    act: &Act,
    id: &str,
    name: Option<&str>,
    retention_days: Option<u32>,
) -> Result<()> {
    let group = ready(db, act.application, id)?;
    check_name(db, act.application, id, name)?;
    db.prepare_cached(
        "UPDATE face_groups SET name = coalesce(?2, name), retention_days = coalesce(?3, retention_days)
         WHERE id = ?1",
    )?
    .execute(params![group.row, name, retention_days])?;
    note(db, act, "group-update", id, "", 0)
}

pub fn delete(db: &Connection<'_>, act: &Act, id: &str) -> Result<()> {
    let group = ready(db, act.application, id)?;
    destroy_key(db, group.row)?;
    note(db, act, "group-delete", id, "", group.faces)
}

/// From here on nothing of the group can be opened; the sweep deletes its rows.
fn destroy_key(db: &Connection<'_>, row: i64) -> Result<()> {
    let sql = "UPDATE face_groups SET wrapped_key = NULL, revision = revision + 1 WHERE id = ?1";
    db.prepare_cached(sql)?.execute([row])?;
    Ok(())
}

/// Destroys the keys of all groups of an application.
pub fn abandon(db: &Connection<'_>, application: i64) -> Result<()> {
    let sql = "UPDATE face_groups SET wrapped_key = NULL, revision = revision + 1
               WHERE application_id = ?1 AND wrapped_key IS NOT NULL";
    db.prepare_cached(sql)?.execute([application])?;
    Ok(())
}

pub fn share(db: &Connection<'_>, act: &Act, id: &str, with: &[String]) -> Result<()> {
    let group = ready(db, act.application, id)?;
    let sql = "SELECT b.id FROM applications a JOIN applications b ON b.user_id = a.user_id
               WHERE a.id = ?1 AND b.name = ?2 AND b.deleted_at IS NULL AND b.id <> a.id";
    let mut others = Vec::with_capacity(with.len());
    for name in with {
        let other: Option<i64> = db
            .prepare_cached(sql)?
            .query_row(params![act.application, name], |row| row.get(0))
            .optional()?;
        others.push(other.ok_or_else(|| Refused::ApplicationNotFound(name.clone()))?);
    }
    db.prepare_cached("DELETE FROM face_shares WHERE group_row = ?1")?.execute([group.row])?;
    let sql = "INSERT INTO face_shares (group_row, application_id) VALUES (?1, ?2)
               ON CONFLICT DO NOTHING";
    for other in &others {
        db.prepare_cached(sql)?.execute([group.row, *other])?;
    }
    note(db, act, "group-share", id, "", others.len() as u64)
}
