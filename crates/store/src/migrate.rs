//! Moves an installation from the embedded database to PostgreSQL. Both have the same tables, so rows
//! are copied as they are. What was copied before is left alone, so that a move that was cut off goes
//! on where it was, until a process has served from the new database.

use std::path::Path;

use crate::rows::{Database as _, Lock};
use crate::sql::{Connection, Value};
use crate::{Instances as _, Ledger as _, Millis, Postgres, Result, Settings, Sqlite, StoreError};

/// Tables about processes, which do not move.
const LEFT: [&str; 6] = ["instances", "leads", "agreements", "meters", "at_work", "usage_batches"];
/// Tables of one row that a new database has, too.
const SINGLE: [&str; 2] = ["disk", "face_library"];
/// Values of one statement; the server takes 65,535.
const VALUES: usize = 20_000;

/// A table that was moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedTable {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// Those that were not there yet.
    pub copied: u64,
}

/// A table's columns and the names of those of its primary key.
struct Table {
    name: String,
    columns: Vec<String>,
    key: Vec<String>,
    /// Whether the database numbers its rows.
    is_numbered: bool,
}

/// Copies the rows of the file `database` to the database of `settings`. With `dry_run` it only
/// counts. No process may be at work on either.
///
/// # Errors
/// When one of them cannot be used, when a process has served from the new one, or when their books
/// differ afterwards.
pub async fn migrate(
    database: &Path,
    settings: &Settings,
    dry_run: bool,
    now: Millis,
) -> Result<Vec<MovedTable>> {
    let source = Sqlite::open_with(database, settings.durability)?;
    if dry_run {
        let mut counted = Vec::new();
        for table in tables(&source).await? {
            let rows = count(&source, &table.name).await?;
            counted.push(MovedTable { name: table.name, rows, copied: 0 });
        }
        return Ok(counted);
    }
    let target = settings.open_shared().await?;
    if target.instances().await?.iter().any(|instance| now - instance.seen_at < crate::DEAD_AFTER) {
        return Err(StoreError::Conflict(
            "a process is at work on the database of store.url; stop it first".to_owned(),
        ));
    }
    refuse_used(&target).await?;
    // What was at work when the last process ended waits again.
    source.leave_all().await?;
    source.recover(now, now).await?;
    let before = source.audit().await?;
    if !before.errors.is_empty() {
        let errors = before.errors.join("; ");
        return Err(StoreError::Conflict(format!("the books are wrong: {errors}")));
    }
    let mut moved = Vec::new();
    for table in tables(&source).await? {
        moved.push(copy(&source, &target, table).await?);
    }
    let after = target.audit().await?;
    match after == before {
        true => Ok(moved),
        false => Err(StoreError::Conflict(format!(
            "the books differ: {before:?} became {after:?}; the database of store.url must be empty \
             before the first move, and unused until the last"
        ))),
    }
}

/// Refuses a database that a process has served from: what was deleted there since would come back.
/// Every process notes its secrets first of all, and no migration does.
async fn refuse_used(target: &Postgres) -> Result<()> {
    let sql = "SELECT 1 FROM agreements";
    let is_used = target.database.quick(move |db| Ok(db.prepare_cached(sql)?.exists(())?)).await?;
    match is_used {
        true => Err(StoreError::Conflict(
            "a process has served from the database of store.url since it was made, so its rows are newer \
             than those of the data folder; name an empty database"
                .to_owned(),
        )),
        false => Ok(()),
    }
}

async fn tables(source: &Sqlite) -> Result<Vec<Table>> {
    let read = |db: &Connection<'_>| {
        // In the order of their creation, so that what is referred to comes first.
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
                   ORDER BY rowid";
        let names = db.prepare_cached(sql)?.query_map((), |row| row.get(0))?;
        let names = names.collect::<crate::sql::Result<Vec<String>>>()?;
        let moving = names.into_iter().filter(|name| !LEFT.contains(&name.as_str()));
        moving.map(|name| table(db, name)).collect()
    };
    source.database.slow(read).await
}

fn table(db: &Connection<'_>, name: String) -> Result<Table> {
    let sql = format!("SELECT name, type, pk FROM pragma_table_info('{name}') ORDER BY cid");
    let found = db.prepare_cached(&sql)?.query_map((), |row| row.try_into())?;
    let found: Vec<(String, String, i64)> = found.collect::<crate::sql::Result<_>>()?;
    let mut key: Vec<_> = found.iter().filter(|(.., pk)| *pk > 0).collect();
    key.sort_by_key(|(.., pk)| *pk);
    let numbered = matches!(key[..], [(_, kind, _)] if kind == "INTEGER");
    let is_numbered = numbered && !SINGLE.contains(&name.as_str());
    let key = key.into_iter().map(|(name, ..)| name.clone()).collect();
    let columns = found.iter().map(|(name, ..)| name.clone()).collect();
    Ok(Table { name, columns, key, is_numbered })
}

async fn count(source: &Sqlite, name: &str) -> Result<u64> {
    let sql = format!("SELECT count(*) FROM {name}");
    let read = move |db: &Connection<'_>| {
        Ok(db.prepare_cached(&sql)?.query_row((), |row| row.get::<i64>(0))?)
    };
    Ok(source.database.slow(read).await?.unsigned_abs())
}

async fn copy(source: &Sqlite, target: &Postgres, table: Table) -> Result<MovedTable> {
    let Table { name, columns, key, is_numbered } = table;
    if SINGLE.contains(&name.as_str()) {
        let sql = format!("DELETE FROM {name}");
        let clear = move |db: &Connection<'_>| Ok(db.prepare_cached(&sql)?.execute(())?);
        target.database.write(Lock::Nothing, clear).await?;
    }
    let (list, most) = (columns.join(", "), VALUES / columns.len().max(1));
    let order = if key.is_empty() { list.clone() } else { key.join(", ") };
    let (mut rows, mut copied) = (0, 0);
    loop {
        let sql = format!("SELECT {list} FROM {name} ORDER BY {order} LIMIT {most} OFFSET {rows}");
        let read = move |db: &Connection<'_>| Ok(db.0.query(&sql, &[], usize::MAX)?);
        let batch = source.database.slow(read).await?;
        let found = batch.len();
        if found > 0 {
            let width = columns.len();
            let places = (0..found).map(|row| {
                let places = (0..width).map(|column| format!("?{}", row * width + column + 1));
                format!("({})", places.collect::<Vec<_>>().join(", "))
            });
            let places = places.collect::<Vec<_>>().join(", ");
            let sql = format!("INSERT INTO {name} ({list}) VALUES {places} ON CONFLICT DO NOTHING");
            let values: Vec<Value> = batch.into_iter().flat_map(|row| row.0).collect();
            let insert = move |db: &Connection<'_>| Ok(db.0.execute(&sql, &values)?);
            copied += target.database.write(Lock::Nothing, insert).await?;
            rows += found as u64;
        }
        if found < most {
            break;
        }
    }
    if is_numbered {
        let column = key[0].clone();
        let sql = format!(
            "SELECT setval(pg_get_serial_sequence('{name}', '{column}'),
                 (SELECT coalesce(max({column}), 0) + 1 FROM {name}), FALSE)"
        );
        let number = move |db: &Connection<'_>| Ok(db.prepare_cached(&sql)?.exists(())?);
        target.database.write(Lock::Nothing, number).await?;
    }
    Ok(MovedTable { name, rows, copied })
}

#[cfg(test)]
#[path = "migrate/tests.rs"]
mod postgres_tests;
