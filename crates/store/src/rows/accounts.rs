//! Users, applications and keys.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::sql::{Connection, OptionalExtension, Row, params};
use crate::{
    Accounts, ApiKey, Application, KeyHash, KeyKind, Limits, Millis, NewApplication, Principal,
    Result, ServiceState, StoreError, User, sql,
};

use super::{Database, Lock, Rows, faces, ledger, tasks, unique};

#[async_trait]
impl<D: Database> Accounts for Rows<D> {
    async fn create_user(&self, name: &str, now: Millis) -> Result<User> {
        let name = name.to_owned();
        self.write(Lock::Nothing, move |db| create_user(db, &name, now)).await
    }

    async fn users(&self) -> Result<Vec<User>> {
        self.slow(users).await
    }

    async fn lock_user(&self, name: &str, locked: bool) -> Result<()> {
        let name = name.to_owned();
        self.write(Lock::Nothing, move |db| lock_user(db, &name, locked)).await
    }

    async fn delete_user(&self, name: &str, now: Millis) -> Result<()> {
        let name = name.to_owned();
        self.write(Lock::Nothing, move |db| delete_user(db, &name, now)).await
    }

    async fn create_application(&self, new: &NewApplication, now: Millis) -> Result<Application> {
        let new = new.clone();
        self.write(Lock::Nothing, move |db| create_application(db, &new, now)).await
    }

    async fn applications(&self) -> Result<Vec<Application>> {
        self.slow(applications).await
    }

    async fn application(&self, name: &str) -> Result<Application> {
        let name = name.to_owned();
        self.slow(move |db| application(db, &name)).await
    }

    async fn set_limits(&self, application: i64, limits: Limits) -> Result<()> {
        self.write(Lock::Application(application), move |db| set_limits(db, application, limits))
            .await
    }

    async fn set_service(&self, application: i64, path: &str, state: ServiceState) -> Result<()> {
        let path = path.to_owned();
        self.write(Lock::Application(application), move |db| {
            set_service(db, application, &path, state)
        })
        .await
    }

    async fn services(&self, application: i64) -> Result<BTreeMap<String, ServiceState>> {
        self.slow(move |db| services(db, application)).await
    }

    async fn delete_application(&self, application: i64, now: Millis) -> Result<()> {
        self.write(Lock::Application(application), move |db| {
            delete_application(db, application, now)
        })
        .await
    }

    async fn add_key(
        &self,
        application: i64,
        hash: &KeyHash,
        hint: &str,
        kind: KeyKind,
        now: Millis,
    ) -> Result<ApiKey> {
        let (hash, hint) = (*hash, hint.to_owned());
        self.write(Lock::Application(application), move |db| {
            add_key(db, application, &hash, &hint, kind, now)
        })
        .await
    }

    async fn keys(&self, application: i64) -> Result<Vec<ApiKey>> {
        self.slow(move |db| keys(db, application)).await
    }

    async fn revoke_key(&self, key: i64, now: Millis) -> Result<()> {
        self.write(Lock::Nothing, move |db| revoke_key(db, key, now)).await
    }

    async fn authenticate(&self, hash: &KeyHash) -> Result<Option<Principal>> {
        let hash = *hash;
        self.quick(move |db| authenticate(db, &hash)).await
    }
}

/// Most characters of a name.
const NAME_LENGTH: usize = 64;

/// Names appear in command lines, as `user/name`, and in listings.
fn check_name(what: &str, name: &str) -> Result<()> {
    let fine = (1..=NAME_LENGTH).contains(&name.chars().count())
        && name.trim() == name
        && !name.contains(|c: char| c == '/' || c.is_control());
    if fine {
        return Ok(());
    }
    Err(StoreError::Invalid(format!(
        "the name of {what} must have 1 to {NAME_LENGTH} characters, no `/`, no control characters \
         and no space around it"
    )))
}

fn not_found(user: &str) -> StoreError {
    StoreError::NotFound(format!("user `{user}`"))
}

pub fn create_user(db: &Connection<'_>, name: &str, now: Millis) -> Result<User> {
    check_name("a user", name)?;
    db.prepare_cached("INSERT INTO users (name, created_at) VALUES (?1, ?2)")?
        .insert(params![name, now])
        .map(|id| User { id, name: name.to_owned(), locked: false, created_at: now })
        .map_err(|e| unique(e, || format!("there is a user `{name}` already")))
}

pub fn users(db: &Connection<'_>) -> Result<Vec<User>> {
    let sql =
        "SELECT id, name, locked, created_at FROM users WHERE deleted_at IS NULL ORDER BY name";
    let user = |row: &Row| {
        Ok(User {
            id: row.get(0)?,
            name: row.get(1)?,
            locked: row.get(2)?,
            created_at: row.get(3)?,
        })
    };
    Ok(db.prepare_cached(sql)?.query_map((), user)?.collect::<Result<_, _>>()?)
}

pub fn lock_user(db: &Connection<'_>, name: &str, locked: bool) -> Result<()> {
    let sql = "UPDATE users SET locked = ?2 WHERE name = ?1 AND deleted_at IS NULL";
    match db.prepare_cached(sql)?.execute(params![name, locked])? {
        0 => Err(not_found(name)),
        _ => Ok(()),
    }
}

pub fn delete_user(db: &Connection<'_>, name: &str, now: Millis) -> Result<()> {
    let sql = "UPDATE users SET deleted_at = ?2 WHERE name = ?1 AND deleted_at IS NULL";
    match db.prepare_cached(sql)?.execute(params![name, now])? {
        0 => Err(not_found(name)),
        _ => Ok(()),
    }
}

pub fn create_application(
    db: &Connection<'_>,
    new: &NewApplication,
    now: Millis,
) -> Result<Application> {
    check_name("an application", &new.name)?;
    let user: i64 = db
        .prepare_cached("SELECT id FROM users WHERE name = ?1 AND deleted_at IS NULL")?
        .query_row([&new.user], |row| row.get(0))
        .optional()?
        .ok_or_else(|| not_found(&new.user))?;
    let Limits { concurrency, requests_per_second } = new.limits;
    let id = db
        .prepare_cached(
            "INSERT INTO applications (user_id, name, concurrency, requests_per_second, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .insert(params![user, new.name, concurrency, requests_per_second, now])
        .map_err(|e| {
            unique(e, || format!("user `{}` has an application `{}` already", new.user, new.name))
        })?;
    ledger::open_pool(db, id, crate::COMMON_POOL, now)?;
    if let Some((hash, hint)) = &new.key {
        add_key(db, id, hash, hint, KeyKind::Live, now)?;
    }
    Ok(Application {
        id,
        user: new.user.clone(),
        name: new.name.clone(),
        limits: new.limits,
        created_at: now,
    })
}

/// Columns that [`read_application`] takes, in its order.
const APPLICATION: &str = "a.id, u.name, a.name, a.concurrency, a.requests_per_second, a.created_at
    FROM applications a JOIN users u ON u.id = a.user_id WHERE a.deleted_at IS NULL";

fn read_application(row: &Row) -> sql::Result<Application> {
    Ok(Application {
        id: row.get(0)?,
        user: row.get(1)?,
        name: row.get(2)?,
        limits: Limits { concurrency: row.get(3)?, requests_per_second: row.get(4)? },
        created_at: row.get(5)?,
    })
}

pub fn applications(db: &Connection<'_>) -> Result<Vec<Application>> {
    let sql = format!("SELECT {APPLICATION} ORDER BY u.name, a.name, a.id");
    Ok(db.prepare_cached(&sql)?.query_map((), read_application)?.collect::<Result<_, _>>()?)
}

pub fn application(db: &Connection<'_>, name: &str) -> Result<Application> {
    let (user, bare) = match name.split_once('/') {
        Some((user, bare)) => (Some(user), bare),
        None => (None, name),
    };
    // A user's name may live on in the applications of a deleted one: the living come first.
    let sql = format!(
        "SELECT {APPLICATION} AND a.name = ?1 AND (CAST(?2 AS TEXT) IS NULL OR u.name = ?2)
         ORDER BY u.deleted_at IS NOT NULL, u.name, a.id"
    );
    let mut found: Vec<Application> = db
        .prepare_cached(&sql)?
        .query_map(params![bare, user], read_application)?
        .collect::<Result<_, _>>()?;
    if user.is_some() {
        found.truncate(1);
    }
    match (found.pop(), found.as_slice()) {
        (None, _) => Err(StoreError::NotFound(format!("application `{name}`"))),
        (Some(application), []) => Ok(application),
        (Some(last), others) => {
            let names = others.iter().chain([&last]);
            let names: Vec<_> = names.map(|a| format!("`{}/{}`", a.user, a.name)).collect();
            Err(StoreError::Conflict(format!(
                "there are several applications `{name}`: say which of {}",
                names.join(", ")
            )))
        }
    }
}

/// Refuses an application that is unknown or deleted.
pub fn check_application(db: &Connection<'_>, application: i64) -> Result<()> {
    let sql = "SELECT 1 FROM applications WHERE id = ?1 AND deleted_at IS NULL";
    match db.prepare_cached(sql)?.exists([application])? {
        true => Ok(()),
        false => Err(unknown_application(application)),
    }
}

pub fn unknown_application(application: i64) -> StoreError {
    StoreError::NotFound(format!("application {application}"))
}

pub fn set_limits(db: &Connection<'_>, application: i64, limits: Limits) -> Result<()> {
    let sql = "UPDATE applications SET concurrency = ?2, requests_per_second = ?3
               WHERE id = ?1 AND deleted_at IS NULL";
    let row = params![application, limits.concurrency, limits.requests_per_second];
    match db.prepare_cached(sql)?.execute(row)? {
        0 => Err(unknown_application(application)),
        _ => Ok(()),
    }
}

pub fn set_service(
    db: &Connection<'_>,
    application: i64,
    path: &str,
    state: ServiceState,
) -> Result<()> {
    check_application(db, application)?;
    if let Some(price) = state.price
        && price.0 < 0
    {
        return Err(StoreError::Invalid(format!("a price must not be negative, got {price}")));
    }
    if state == ServiceState::default() {
        db.prepare_cached("DELETE FROM service_states WHERE application_id = ?1 AND path = ?2")?
            .execute(params![application, path])?;
    } else {
        db.prepare_cached(
            "INSERT INTO service_states (application_id, path, enabled, price)
             VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (application_id, path) DO UPDATE
                 SET enabled = excluded.enabled, price = excluded.price",
        )?
        .execute(params![application, path, state.enabled, state.price.map(|p| p.0)])?;
    }
    Ok(())
}

pub fn services(db: &Connection<'_>, application: i64) -> Result<BTreeMap<String, ServiceState>> {
    check_application(db, application)?;
    let sql = "SELECT path, enabled, price FROM service_states WHERE application_id = ?1";
    let service = |row: &Row| Ok((row.get(0)?, read_state(row, 1)?));
    let found = db.prepare_cached(sql)?.query_map([application], service)?;
    Ok(found.collect::<sql::Result<_>>()?)
}

pub fn delete_application(db: &Connection<'_>, application: i64, now: Millis) -> Result<()> {
    let sql = "UPDATE applications SET deleted_at = ?2 WHERE id = ?1 AND deleted_at IS NULL";
    if db.prepare_cached(sql)?.execute(params![application, now])? == 0 {
        return Err(unknown_application(application));
    }
    faces::abandon(db, application)?;
    tasks::cancel_all(db, application, now)?;
    ledger::release_all(db, application, now)
}

pub fn add_key(
    db: &Connection<'_>,
    application: i64,
    hash: &KeyHash,
    hint: &str,
    kind: KeyKind,
    now: Millis,
) -> Result<ApiKey> {
    check_application(db, application)?;
    db.prepare_cached(
        "INSERT INTO api_keys (application_id, hash, hint, sandbox, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .insert(params![application, hash.0, hint, kind == KeyKind::Sandbox, now])
    .map(|id| ApiKey { id, hint: hint.to_owned(), kind, created_at: now })
    .map_err(|e| unique(e, || "this key is in use already".into()))
}

pub fn keys(db: &Connection<'_>, application: i64) -> Result<Vec<ApiKey>> {
    check_application(db, application)?;
    let sql = "SELECT id, hint, created_at, sandbox FROM api_keys
               WHERE application_id = ?1 AND revoked_at IS NULL ORDER BY id";
    let key = |row: &Row| {
        Ok(ApiKey {
            id: row.get(0)?,
            hint: row.get(1)?,
            created_at: row.get(2)?,
            kind: read_kind(row, 3)?,
        })
    };
    Ok(db.prepare_cached(sql)?.query_map([application], key)?.collect::<Result<_, _>>()?)
}

pub fn revoke_key(db: &Connection<'_>, key: i64, now: Millis) -> Result<()> {
    let sql = "UPDATE api_keys SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
    match db.prepare_cached(sql)?.execute(params![key, now])? {
        0 => Err(StoreError::NotFound(format!("key {key}"))),
        _ => Ok(()),
    }
}

/// One statement, so that all of it is of one moment; a row for each service that has a state.
pub fn authenticate(db: &Connection<'_>, hash: &KeyHash) -> Result<Option<Principal>> {
    let sql = "SELECT a.id, u.name, a.name, a.concurrency, a.requests_per_second, a.created_at,
                      k.id, u.id, u.locked, u.created_at, u.deleted_at IS NULL,
                      s.path, s.enabled, s.price, k.sandbox
               FROM api_keys k
               JOIN applications a ON a.id = k.application_id
               JOIN users u ON u.id = a.user_id
               LEFT JOIN service_states s ON s.application_id = a.id
               WHERE k.hash = ?1 AND k.revoked_at IS NULL AND a.deleted_at IS NULL";
    let mut found: Option<Principal> = None;
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([hash.0], |row| {
        let principal = match &mut found {
            Some(principal) => principal,
            none => none.insert(read_principal(row)?),
        };
        read_service(row, &mut principal.services)
    })?;
    rows.collect::<sql::Result<()>>()?;
    Ok(found)
}

fn read_principal(row: &Row) -> sql::Result<Principal> {
    let application = read_application(row)?;
    let user = match row.get(10)? {
        true => Some(User {
            id: row.get(7)?,
            name: application.user.clone(),
            locked: row.get(8)?,
            created_at: row.get(9)?,
        }),
        false => None,
    };
    let (key, kind) = (Some(row.get(6)?), read_kind(row, 14)?);
    Ok(Principal { application, user, key, kind, services: BTreeMap::new() })
}

fn read_kind(row: &Row, column: usize) -> sql::Result<KeyKind> {
    Ok(if row.get(column)? { KeyKind::Sandbox } else { KeyKind::Live })
}

fn read_service(row: &Row, services: &mut BTreeMap<String, ServiceState>) -> sql::Result<()> {
    if let Some(path) = row.get(11)? {
        services.insert(path, read_state(row, 12)?);
    }
    Ok(())
}

/// A state whose two columns begin at `first`.
fn read_state(row: &Row, first: usize) -> sql::Result<ServiceState> {
    let price: Option<i64> = row.get(first + 1)?;
    Ok(ServiceState { enabled: row.get(first)?, price: price.map(crate::Credits) })
}
