//! The faces of users.

use crate::sql::{self, Connection, OptionalExtension, Row, params};

use crate::{
    Act, CopiedUser, FaceChange, FaceGroup, FaceLimits, FaceMode, FacesChanged, NewFace,
    NewFaceUser, Refused, Result, StoredFace,
};

use super::upkeep::note;
use super::{groups, users};

const FACE: &str = "f.id, f.group_row, f.user_row, f.token, f.sealed, f.quality, f.image,
    f.created_at";

pub(super) fn read(row: &Row) -> sql::Result<StoredFace> {
    Ok(StoredFace {
        row: row.get(0)?,
        group_row: row.get(1)?,
        user_row: row.get(2)?,
        token: row.get(3)?,
        sealed: row.get(4)?,
        quality: row.get(5)?,
        image: row.get(6)?,
        created_at: row.get(7)?,
    })
}

pub fn of_user_row(db: &Connection<'_>, user_row: i64) -> Result<Vec<StoredFace>> {
    let sql = format!("SELECT {FACE} FROM faces f WHERE f.user_row = ?1 ORDER BY f.id");
    Ok(db.prepare_cached(&sql)?.query_map([user_row], read)?.collect::<Result<_, _>>()?)
}

pub fn of_user(
    db: &Connection<'_>,
    application: i64,
    group: &str,
    user: &str,
) -> Result<Vec<StoredFace>> {
    let group = groups::ready(db, application, group)?;
    of_user_row(db, users::existing(db, group.row, user)?.row)
}

pub fn of_token(db: &Connection<'_>, application: i64, token: &str) -> Result<Option<StoredFace>> {
    let sql = format!(
        "SELECT {FACE} FROM faces f JOIN face_groups g ON g.id = f.group_row
         WHERE f.token = ?2 AND g.application_id = ?1 AND g.wrapped_key IS NOT NULL
         ORDER BY f.id LIMIT 1"
    );
    Ok(db.prepare_cached(&sql)?.query_row(params![application, token], read).optional()?)
}

pub fn has_image(db: &Connection<'_>, image: &str) -> Result<bool> {
    Ok(db.prepare_cached("SELECT 1 FROM faces WHERE image = ?1")?.exists([image])?)
}

pub fn read_group(
    db: &Connection<'_>,
    group_row: i64,
    at_once: u32,
    sink: &dyn Fn(usize, Vec<StoredFace>),
) -> Result<i64> {
    let sql = "SELECT revision FROM face_groups WHERE id = ?1";
    let revision = db.prepare_cached(sql)?.query_row([group_row], |row| row.get(0)).optional()?;
    let sql = format!(
        "SELECT {FACE} FROM faces f WHERE f.group_row = ?1 AND f.id > ?2 ORDER BY f.id LIMIT ?3"
    );
    let (mut before, mut last) = (0, 0);
    loop {
        let faces: Vec<StoredFace> = db
            .prepare_cached(&sql)?
            .query_map([group_row, last, at_once.into()], read)?
            .collect::<Result<_, _>>()?;
        let count = faces.len();
        last = faces.last().map_or(last, |face| face.row);
        sink(before, faces);
        before += count;
        if count < at_once as usize {
            return Ok(revision.unwrap_or_default());
        }
    }
}

/// Counts a change of a group's faces; every change of them goes through here.
pub fn bump(
    db: &Connection<'_>,
    group_row: i64,
    removed: Vec<i64>,
    added: Vec<(i64, i64)>,
) -> Result<FaceChange> {
    let sql = "UPDATE face_groups SET revision = revision + 1, faces = faces + ?2
               WHERE id = ?1 RETURNING revision";
    let more = added.len() as i64 - removed.len() as i64;
    let revision = db.prepare_cached(sql)?.query_row([group_row, more], |row| row.get(0))?;
    Ok(FaceChange { group_row, revision, removed, added })
}

/// Deletes faces, and counts them and their pictures.
pub fn remove_faces(
    db: &Connection<'_>,
    faces: &[StoredFace],
    changed: &mut FacesChanged,
) -> Result<()> {
    for face in faces {
        db.prepare_cached("DELETE FROM faces WHERE id = ?1")?.execute([face.row])?;
        changed.images.extend(face.image.clone());
    }
    changed.faces += faces.len() as u64;
    Ok(())
}

fn number(db: &Connection<'_>, sql: &str, row: i64) -> Result<u64> {
    let count: i64 = db.prepare_cached(sql)?.query_row([row], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

fn room(
    db: &Connection<'_>,
    group: &FaceGroup,
    user_row: Option<i64>,
    mode: FaceMode,
    more: u64,
    limits: FaceLimits,
) -> Result<()> {
    let own = match user_row {
        Some(row) => number(db, "SELECT count(*) FROM faces WHERE user_row = ?1", row)?,
        None => 0,
    };
    // What is replaced makes room.
    let (kept, gone) = if mode == FaceMode::Append { (own, 0) } else { (0, own) };
    let full = |found: u64, of: &str, limit: u64| {
        if found + more <= limit {
            return Ok(());
        }
        let more = if more > 1 { format!(" and would get {more} more") } else { String::new() };
        Err(Refused::Full(format!("{of} has {found} faces{more}, {limit} is the limit")))
    };
    full(kept, "the user", limits.user)?;
    full(group.faces - gone.min(group.faces), "the group", limits.group)?;
    let sql = "SELECT CAST(coalesce(sum(faces), 0) AS BIGINT) FROM face_groups
               WHERE application_id = ?1";
    let all = number(db, sql, group.application)?;
    Ok(full(all - gone.min(all), "the library", limits.application)?)
}

pub fn check_room(
    db: &Connection<'_>,
    group: &FaceGroup,
    user: &str,
    mode: FaceMode,
    more: u64,
    limits: FaceLimits,
) -> Result<()> {
    let found = users::one(db, group.row, user)?;
    if found.is_none() && mode == FaceMode::Update {
        return Err(Refused::UserNotFound(user.to_owned()).into());
    }
    room(db, group, found.map(|user| user.row), mode, more, limits)
}

fn insert(
    db: &Connection<'_>,
    group_row: i64,
    user_row: i64,
    face: &StoredFace,
    at: i64,
) -> Result<i64> {
    Ok(db
        .prepare_cached(
            "INSERT INTO faces (group_row, user_row, token, sealed, quality, image, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .insert(params![
            group_row,
            user_row,
            face.token,
            face.sealed,
            face.quality,
            face.image,
            at
        ])?)
}

/// The group of a row number, as the caller saw it a moment ago.
fn still_there(db: &Connection<'_>, row: i64) -> Result<FaceGroup> {
    let gone = || Refused::GroupNotFound("that it was for".to_owned());
    Ok(groups::at(db, row)?.ok_or_else(gone)?)
}

pub fn add(
    db: &Connection<'_>,
    act: &Act,
    new: &NewFace,
    limits: FaceLimits,
) -> Result<FacesChanged> {
    let group = still_there(db, new.group_row)?;
    if new.revision.is_some_and(|revision| revision != group.revision) {
        return Err(Refused::Changed(group.id).into());
    }
    let mut changed = FacesChanged::default();
    let user = match users::one(db, group.row, &new.user.id)? {
        Some(user) => user.row,
        None if new.mode == FaceMode::Update => {
            return Err(Refused::UserNotFound(new.user.id.clone()).into());
        }
        None => {
            changed.users += 1;
            users::insert(db, group.row, &new.user, act.at)?
        }
    };
    users::set(db, user, &new.user)?;
    let old = of_user_row(db, user)?;
    if new.mode == FaceMode::Append && old.iter().any(|face| face.token == new.token) {
        return Err(Refused::FaceExists(new.token.clone()).into());
    }
    room(db, &group, Some(user), new.mode, 1, limits)?;
    let mut removed = Vec::new();
    if new.mode != FaceMode::Append {
        let mut gone = FacesChanged::default();
        remove_faces(db, &old, &mut gone)?;
        changed.images = gone.images;
        removed = old.iter().map(|face| face.row).collect();
    }
    let face = StoredFace {
        row: 0,
        group_row: group.row,
        user_row: user,
        token: new.token.clone(),
        sealed: new.sealed.clone(),
        quality: new.quality,
        image: new.image.clone(),
        created_at: act.at,
    };
    let row = insert(db, group.row, user, &face, act.at)?;
    changed.faces = 1;
    changed.changes.push(bump(db, group.row, removed, vec![(row, user)])?);
    let action = if new.mode == FaceMode::Append { "face-add" } else { "face-update" };
    note(db, act, action, &group.id, &new.user.id, 1)?;
    Ok(changed)
}

pub fn delete(
    db: &Connection<'_>,
    act: &Act,
    group: &str,
    user: &str,
    token: &str,
) -> Result<FacesChanged> {
    let group = groups::ready(db, act.application, group)?;
    let user = users::existing(db, group.row, user)?;
    let mut faces = of_user_row(db, user.row)?;
    faces.retain(|face| face.token == token);
    let Some(face) = faces.first() else {
        return Err(Refused::FaceNotFound(token.to_owned()).into());
    };
    let (row, mut changed) = (face.row, FacesChanged::default());
    remove_faces(db, &faces, &mut changed)?;
    changed.changes.push(bump(db, group.row, vec![row], Vec::new())?);
    note(db, act, "face-delete", &group.id, &user.id, 1)?;
    Ok(changed)
}

pub fn copy(
    db: &Connection<'_>,
    act: &Act,
    from: &FaceGroup,
    to: &FaceGroup,
    copied: &[CopiedUser],
    limits: FaceLimits,
) -> Result<FacesChanged> {
    let source = still_there(db, from.row)?;
    if source.revision != from.revision {
        return Err(Refused::Changed(from.id.clone()).into());
    }
    let mut changed = FacesChanged::default();
    let mut added = Vec::new();
    for CopiedUser { user, faces } in copied {
        let target = still_there(db, to.row)?;
        if users::one(db, target.row, &user.id)?.is_some() {
            return Err(Refused::AlreadyCopied(target.id, user.id.clone()).into());
        }
        room(db, &target, None, FaceMode::Append, faces.len() as u64, limits)?;
        let new = NewFaceUser {
            id: user.id.clone(),
            info: Some(user.info.clone()),
            consent_note: Some(user.consent_note.clone()),
        };
        let row = users::insert(db, target.row, &new, act.at)?;
        for face in faces {
            added.push((insert(db, target.row, row, face, face.created_at)?, row));
        }
        changed.users += 1;
        changed.faces += faces.len() as u64;
        note(
            db,
            act,
            "user-copy",
            &format!("{},{}", from.id, to.id),
            &user.id,
            faces.len() as u64,
        )?;
    }
    changed.changes.push(bump(db, to.row, Vec::new(), added)?);
    Ok(changed)
}
