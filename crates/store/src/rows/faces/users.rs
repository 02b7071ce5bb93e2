//! Users of groups.

use crate::sql::{self, Connection, OptionalExtension, Row, params};

use crate::{Act, FaceUser, FacesChanged, NewFaceUser, Refused, Result};

use super::people::{bump, remove_faces};
use super::upkeep::note;
use super::{groups, people};

const USER: &str = "u.id, u.group_row, g.group_id, u.user_id, u.info, u.consent_note, u.created_at";
const TABLES: &str = "face_users u JOIN face_groups g ON g.id = u.group_row";

fn read(row: &Row) -> sql::Result<FaceUser> {
    Ok(FaceUser {
        row: row.get(0)?,
        group_row: row.get(1)?,
        group: row.get(2)?,
        id: row.get(3)?,
        info: row.get(4)?,
        consent_note: row.get(5)?,
        created_at: row.get(6)?,
    })
}

/// A user of a group.
pub fn one(db: &Connection<'_>, group_row: i64, id: &str) -> Result<Option<FaceUser>> {
    let sql = format!("SELECT {USER} FROM {TABLES} WHERE u.group_row = ?1 AND u.user_id = ?2");
    Ok(db.prepare_cached(&sql)?.query_row(params![group_row, id], read).optional()?)
}

/// The same, which must be there.
pub fn existing(db: &Connection<'_>, group_row: i64, id: &str) -> Result<FaceUser> {
    let user = one(db, group_row, id)?;
    Ok(user.ok_or_else(|| Refused::UserNotFound(id.to_owned()))?)
}

pub fn find(
    db: &Connection<'_>,
    application: i64,
    group: Option<&str>,
    id: &str,
) -> Result<Vec<FaceUser>> {
    if let Some(group) = group {
        let group = groups::ready(db, application, group)?;
        return Ok(vec![existing(db, group.row, id)?]);
    }
    let sql = format!(
        "SELECT {USER} FROM {TABLES}
         WHERE u.user_id = ?2 AND g.application_id = ?1 AND g.wrapped_key IS NOT NULL
         ORDER BY g.group_id"
    );
    let users: Vec<FaceUser> = db
        .prepare_cached(&sql)?
        .query_map(params![application, id], read)?
        .collect::<Result<_, _>>()?;
    match users.is_empty() {
        true => Err(Refused::UserNotFound(id.to_owned()).into()),
        false => Ok(users),
    }
}

pub fn at(db: &Connection<'_>, rows: &[i64]) -> Result<Vec<FaceUser>> {
    let sql = format!("SELECT {USER} FROM {TABLES} WHERE u.id = ?1 AND g.wrapped_key IS NOT NULL");
    let mut statement = db.prepare_cached(&sql)?;
    let mut users = Vec::with_capacity(rows.len());
    for row in rows {
        users.extend(statement.query_row([row], read).optional()?);
    }
    Ok(users)
}

pub fn rows(db: &Connection<'_>, group_row: i64, ids: &[String]) -> Result<Vec<i64>> {
    let mut rows = Vec::with_capacity(ids.len());
    for id in ids {
        rows.extend(one(db, group_row, id)?.map(|user| user.row));
    }
    rows.sort_unstable();
    rows.dedup();
    Ok(rows)
}

pub fn list(
    db: &Connection<'_>,
    application: i64,
    group: &str,
    start: u32,
    length: u32,
) -> Result<(u64, Vec<String>)> {
    let group = groups::ready(db, application, group)?;
    let sql = "SELECT user_id FROM face_users WHERE group_row = ?1
               ORDER BY user_id LIMIT ?3 OFFSET ?2";
    let ids = db
        .prepare_cached(sql)?
        .query_map(params![group.row, start, length], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok((group.users, ids))
}

fn count(db: &Connection<'_>, group_row: i64, more: i64) -> Result<()> {
    let sql = "UPDATE face_groups SET users = users + ?2 WHERE id = ?1";
    db.prepare_cached(sql)?.execute([group_row, more])?;
    Ok(())
}

/// Adds a user to a group that has none of its identifier; answers its row number.
pub fn insert(db: &Connection<'_>, group_row: i64, new: &NewFaceUser, at: i64) -> Result<i64> {
    count(db, group_row, 1)?;
    Ok(db
        .prepare_cached(
            "INSERT INTO face_users (group_row, user_id, info, consent_note, created_at)
             VALUES (?1, ?2, coalesce(?3, ''), coalesce(?4, ''), ?5)",
        )?
        .insert(params![group_row, new.id, new.info, new.consent_note, at])?)
}

/// Changes what is given of a user.
pub fn set(db: &Connection<'_>, row: i64, new: &NewFaceUser) -> Result<()> {
    db.prepare_cached(
        "UPDATE face_users SET info = coalesce(?2, info), consent_note = coalesce(?3, consent_note)
         WHERE id = ?1",
    )?
    .execute(params![row, new.info, new.consent_note])?;
    Ok(())
}

pub fn create(db: &Connection<'_>, act: &Act, group: &str, new: &NewFaceUser) -> Result<()> {
    let group = groups::ready(db, act.application, group)?;
    if one(db, group.row, &new.id)?.is_some() {
        return Err(Refused::UserExists(new.id.clone()).into());
    }
    insert(db, group.row, new, act.at)?;
    note(db, act, "user-create", &group.id, &new.id, 0)
}

pub fn change(db: &Connection<'_>, act: &Act, group: &str, new: &NewFaceUser) -> Result<()> {
    let group = groups::ready(db, act.application, group)?;
    let user = existing(db, group.row, &new.id)?;
    set(db, user.row, new)?;
    note(db, act, "user-update", &group.id, &new.id, 0)
}

pub fn delete(
    db: &Connection<'_>,
    act: &Act,
    group: Option<&str>,
    ids: &[String],
) -> Result<FacesChanged> {
    let mut changed = FacesChanged::default();
    for id in ids {
        let mut deleted = 0;
        for user in find(db, act.application, group, id)? {
            let faces = people::of_user_row(db, user.row)?;
            deleted += faces.len() as u64;
            remove_faces(db, &faces, &mut changed)?;
            db.prepare_cached("DELETE FROM face_users WHERE id = ?1")?.execute([user.row])?;
            count(db, user.group_row, -1)?;
            let removed = faces.iter().map(|face| face.row).collect();
            changed.changes.push(bump(db, user.group_row, removed, Vec::new())?);
            changed.users += 1;
        }
        note(db, act, "user-delete", group.unwrap_or("@ALL"), id, deleted)?;
    }
    Ok(changed)
}

/// Deletes a user whose faces all are among these tokens; `None` where it has another.
pub fn delete_copied(
    db: &Connection<'_>,
    act: &Act,
    group: &str,
    id: &str,
    tokens: &[String],
) -> Result<Option<FacesChanged>> {
    for user in find(db, act.application, Some(group), id)? {
        let faces = people::of_user_row(db, user.row)?;
        if faces.iter().any(|face| !tokens.contains(&face.token)) {
            return Ok(None);
        }
    }
    delete(db, act, Some(group), &[id.to_owned()]).map(Some)
}
