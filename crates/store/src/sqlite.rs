//! The embedded database: SQLite in WAL mode.
//!
//! Point reads run on the calling thread, in microseconds; longer ones and all changes run on
//! threads of their own. Several processes may have the same database open, and see each other's
//! changes at once; one at a time serves from it.

mod readers;
mod schema;
#[cfg(test)]
mod tests;
mod writer;

pub use schema::MIGRATIONS;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{ErrorCode, params_from_iter};

use crate::rows::{Database, Lock, Rows};
use crate::sql::{self, Connection, Driver, Row, Value};
use crate::{Durability, Millis, Result, StoreError};

use readers::Readers;
use writer::Writer;

/// The store in one file.
pub type Sqlite = Rows<Embedded>;

/// An open database file.
pub struct Embedded {
    writer: Writer,
    readers: Readers,
    path: PathBuf,
}

impl Sqlite {
    /// Opens the database at `path`, creates it where there is none (its folder must exist), and
    /// brings its tables up to date.
    ///
    /// # Errors
    /// A database of a later release, or of another program, is refused untouched.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, Durability::default())
    }

    /// [`Sqlite::open`] with a choice of what changes survive.
    ///
    /// # Errors
    /// As [`Sqlite::open`].
    pub fn open_with(path: impl AsRef<Path>, durability: Durability) -> Result<Self> {
        let path = path.as_ref();
        let db = schema::writer(path, durability)?;
        let (readers, writer) = (Readers::open(path)?, Writer::start(db)?);
        Ok(Self::over(Arc::new(Embedded { writer, readers, path: path.to_owned() })))
    }
}

impl Durability {
    fn synchronous(self) -> &'static str {
        match self {
            Self::Process => "NORMAL",
            Self::Power => "FULL",
        }
    }
}

impl Database for Embedded {
    /// Changes are made one at a time, so there is nothing to lock.
    async fn write<T: Send + 'static>(
        &self,
        _: Lock,
        change: impl Fn(&Connection<'_>) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        self.writer.run(move |db| change(&Connection(db))).await
    }

    async fn quick<T: Send + 'static>(
        &self,
        read: impl Fn(&Connection<'_>) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        self.readers.quick(|db| read(&Connection(db)))
    }

    async fn slow<T: Send + 'static>(
        &self,
        read: impl Fn(&Connection<'_>) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        self.readers.slow(move |db| read(&Connection(db))).await
    }

    async fn scrub(&self) -> Result<()> {
        let path = self.path.clone();
        let folding = tokio::task::spawn_blocking(move || schema::fold_log(&path));
        folding.await.map_err(|e| StoreError::Database(format!("folding the log failed: {e}")))?
    }

    async fn clock(&self) -> Result<Millis> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(since.as_millis() as Millis)
    }

    fn is_shared(&self) -> bool {
        false
    }

    async fn describe(&self) -> Result<String> {
        Ok("SQLite in the data folder".to_owned())
    }
}

impl Driver for rusqlite::Connection {
    fn execute(&self, sql: &str, values: &[Value]) -> sql::Result<u64> {
        Ok(self.prepare_cached(sql)?.execute(params_from_iter(values))? as u64)
    }

    fn query(&self, sql: &str, values: &[Value], limit: usize) -> sql::Result<Vec<Row>> {
        let mut statement = self.prepare_cached(sql)?;
        let columns = statement.column_count();
        let mut found = Vec::new();
        let mut rows = statement.query(params_from_iter(values))?;
        while found.len() < limit
            && let Some(row) = rows.next()?
        {
            let value = |column| Ok(Value::from(row.get_ref(column)?));
            found.push(Row((0..columns).map(value).collect::<sql::Result<_>>()?));
        }
        Ok(found)
    }

    fn insert(&self, sql: &str, values: &[Value]) -> sql::Result<i64> {
        Ok(self.prepare_cached(sql)?.insert(params_from_iter(values))?)
    }

    fn is_shared(&self) -> bool {
        false
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Bool(value) => ValueRef::Integer((*value).into()),
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Real(value) => ValueRef::Real(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

impl From<ValueRef<'_>> for Value {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(value) => Self::Int(value),
            ValueRef::Real(value) => Self::Real(value),
            ValueRef::Text(value) => Self::Text(String::from_utf8_lossy(value).into_owned()),
            ValueRef::Blob(value) => Self::Bytes(value.to_vec()),
        }
    }
}

impl From<rusqlite::Error> for sql::Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => Self::Constraint(error.to_string()),
            _ => Self::Other(error.to_string()),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.to_string())
    }
}
