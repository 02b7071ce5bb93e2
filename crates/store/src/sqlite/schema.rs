//! Opening a database: settings of a connection, and the migrations up to today's tables.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::{Durability, Result, StoreError};

/// Marks a database file as Safelight's ("Safe" in ASCII).
const APPLICATION_ID: i32 = i32::from_be_bytes(*b"Safe");

/// Every step from an empty database to today's tables; `PRAGMA user_version` counts those done.
/// A step that was released is never changed, only followed by another.
pub const MIGRATIONS: &[&str] = &[
    include_str!("../rows/0001.sql"),
    include_str!("../rows/0002.sql"),
    include_str!("../rows/0003.sql"),
    include_str!("../rows/0004.sql"),
    include_str!("../rows/0005.sql"),
    include_str!("../rows/0006.sql"),
    include_str!("../rows/0008.sql"),
    include_str!("../rows/0009.sql"),
    include_str!("../rows/0010.sql"),
    include_str!("../rows/0011.sql"),
    include_str!("../rows/0012.sql"),
    include_str!("../rows/0013.sql"),
    include_str!("../rows/0014.sql"),
    include_str!("../rows/0015.sql"),
    include_str!("../rows/0016.sql"),
];

/// How long a connection waits for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Interval of retries where SQLite's busy timeout does not apply.
const RETRY_INTERVAL: Duration = Duration::from_millis(5);

/// How long folding the log waits for readers.
const FOLD_TIMEOUT: Duration = Duration::from_secs(1);

/// More than there are distinct statements, so that each is compiled once per connection.
const CACHED_STATEMENTS: usize = 128;

/// Pages of 4 KiB in the log after which it is folded into the database, which flushes the disk:
/// pages that change often are then written once for many transactions.
const CHECKPOINT_PAGES: u32 = 4000;

/// Opens the connection that writes, creating or migrating the database.
pub fn writer(path: &Path, durability: Durability) -> Result<Connection> {
    let mut db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    check_owner(&db, path)?;
    let mode = enable_wal(&db)?;
    if mode != "wal" {
        return Err(StoreError::Database(format!(
            "{} cannot keep a write-ahead log (journal mode is {mode}); put the data folder on a \
             local disk",
            path.display()
        )));
    }
    db.pragma_update(None, "synchronous", durability.synchronous())?;
    db.pragma_update(None, "foreign_keys", true)?;
    // What is deleted is overwritten, so that the file keeps nothing of it.
    db.pragma_update(None, "secure_delete", true)?;
    // Keeps the log from staying as large as the largest burst made it.
    db.pragma_update_and_check(None, "journal_size_limit", 64 << 20, |_| Ok(()))?;
    db.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT_PAGES, |_| Ok(()))?;
    migrate(&mut db, path)?;
    Ok(db)
}

/// Switches to the write-ahead log; answers the journal mode in force, since a file system without shared
/// memory keeps another one. SQLite's busy timeout does not cover this switch, so it is retried for as long.
fn enable_wal(db: &Connection) -> Result<String> {
    let start = Instant::now();
    loop {
        match db.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0)) {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && start.elapsed() < BUSY_TIMEOUT =>
            {
                sleep(RETRY_INTERVAL);
            }
            answer => return Ok(answer?),
        }
    }
}

/// Opens a connection that reads an existing database.
pub fn reader(path: &Path) -> Result<Connection> {
    let db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    db.pragma_update(None, "query_only", true)?;
    Ok(db)
}

/// Folds the log into the database and empties it.
pub fn fold_log(path: &Path) -> Result<()> {
    let db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Changes wait meanwhile, so this waits for long reads only briefly.
    db.busy_timeout(FOLD_TIMEOUT)?;
    let busy: i64 = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    match busy {
        0 => Ok(()),
        _ => Err(StoreError::Database("the log is in use and cannot be emptied now".into())),
    }
}

fn connect(path: &Path, mode: OpenFlags) -> Result<Connection> {
    let db = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|e| StoreError::Database(format!("cannot open {}: {e}", path.display())))?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    // Without this, SQLite compiles a cached statement anew for each value it is given, in case
    // another plan suits that one better: several times the cost of a point read.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(db)
}

/// Refuses, before anything is changed, a file that is not ours or from a later release.
fn check_owner(db: &Connection, path: &Path) -> Result<()> {
    let number = |pragma| db.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let unreadable = |e| StoreError::Database(format!("cannot read {}: {e}", path.display()));
    // Tables first: another process may be creating them, and marks them as ours in the same step.
    let tables: i64 = db
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(unreadable)?;
    let owner = number("application_id").map_err(unreadable)?;
    if owner != APPLICATION_ID && (owner != 0 || tables > 0) {
        return Err(StoreError::Database(format!(
            "{} is another program's database; give a different data folder",
            path.display()
        )));
    }
    let version = number("user_version")?;
    if usize::try_from(version).is_ok_and(|version| version <= MIGRATIONS.len()) {
        return Ok(());
    }
    Err(StoreError::Database(format!(
        "{} has format {version}, this release of Safelight knows formats up to {}; run a newer \
         release or restore a backup",
        path.display(),
        MIGRATIONS.len()
    )))
}

fn migrate(db: &mut Connection, path: &Path) -> Result<()> {
    // Another process may be at the same: whoever comes second finds nothing left to do.
    let change = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    check_owner(&change, path)?;
    let version: usize = change
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map(|version: u32| version as usize)?;
    for step in &MIGRATIONS[version..] {
        change.execute_batch(step)?;
    }
    if version < MIGRATIONS.len() {
        change.pragma_update(None, "application_id", APPLICATION_ID)?;
        change.pragma_update(None, "user_version", MIGRATIONS.len() as u32)?;
    }
    Ok(change.commit()?)
}
