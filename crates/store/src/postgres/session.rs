//! Statements on a connection, for the blocking code of `rows`.

use std::fmt::Write as _;

use bytes::BytesMut;
use deadpool_postgres::ClientWrapper;
use tokio::runtime::Handle;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::rows::Lock;
use crate::sql::{Driver, Error, Result, Row, Value};

use super::Begin;

/// A connection, inside a transaction or not.
pub struct Session<'c> {
    pub client: &'c ClientWrapper,
    pub runtime: &'c Handle,
}

/// Turns the parameters of SQLite's style into PostgreSQL's.
fn translated(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(at) = rest.find('?') {
        text.push_str(&rest[..at]);
        text.push('$');
        rest = &rest[at + 1..];
    }
    text.push_str(rest);
    text
}

impl Session<'_> {
    /// Runs statements that answer nothing.
    pub fn batch(&self, sql: &str) -> Result<()> {
        self.runtime.block_on(self.client.batch_execute(sql)).map_err(|e| error(&e))
    }

    /// Begins, and locks the application that the change is about.
    pub fn begin(&self, begin: &Begin) -> Result<()> {
        let lock = match begin {
            Begin::Nothing => return Ok(()),
            Begin::Snapshot => {
                return self.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
            }
            Begin::Change(lock) => lock,
        };
        let mut sql = "BEGIN".to_owned();
        if let Lock::Application(id) = lock {
            // Formatting a number into a text does not fail.
            let _ = write!(sql, "; SELECT pg_advisory_xact_lock({id})");
        }
        self.batch(&sql)?;
        match lock {
            Lock::Nothing | Lock::Application(_) => Ok(()),
            Lock::OfTask(id) => self.lock_of("tasks WHERE id = ?1", Value::Text(id.clone())),
            Lock::OfUpload(id) => self.lock_of("uploads WHERE id = ?1", Value::Text(id.clone())),
            Lock::OfHold(id) => {
                let of = "holds h JOIN pools p ON p.id = h.pool_id WHERE h.id = ?1";
                self.lock_of(of, Value::Int(*id))
            }
        }
    }

    /// Locks the application of a row; of one that is not there, nothing is changed either.
    fn lock_of(&self, row: &str, value: Value) -> Result<()> {
        let sql =
            format!("SELECT 1 FROM (SELECT pg_advisory_xact_lock(application_id) FROM {row}) l");
        self.query(&sql, &[value], 1).map(drop)
    }

    fn rows(&self, sql: &str, values: &[Value]) -> Result<Vec<tokio_postgres::Row>> {
        let running = async {
            let statement = self.client.prepare_cached(&translated(sql)).await?;
            let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|v| v as _).collect();
            self.client.query(&statement, &values).await
        };
        self.runtime.block_on(running).map_err(|e| error(&e))
    }
}

impl Driver for Session<'_> {
    fn execute(&self, sql: &str, values: &[Value]) -> Result<u64> {
        let running = async {
            let statement = self.client.prepare_cached(&translated(sql)).await?;
            let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|v| v as _).collect();
            self.client.execute(&statement, &values).await
        };
        self.runtime.block_on(running).map_err(|e| error(&e))
    }

    fn query(&self, sql: &str, values: &[Value], limit: usize) -> Result<Vec<Row>> {
        self.rows(sql, values)?.iter().take(limit).map(read).collect()
    }

    fn insert(&self, sql: &str, id: &str, values: &[Value]) -> Result<i64> {
        let rows = self.rows(&format!("{sql} RETURNING {id}"), values)?;
        let row = rows.first().ok_or(Error::NoRow)?;
        row.try_get(0).map_err(|e| error(&e))
    }

    fn is_shared(&self) -> bool {
        true
    }
}

fn read(row: &tokio_postgres::Row) -> Result<Row> {
    let columns = row.columns().iter().enumerate();
    let value = |(index, column): (usize, &tokio_postgres::Column)| {
        let value = match *column.type_() {
            Type::BOOL => row.try_get::<_, Option<bool>>(index).map(|v| v.map(Value::Bool)),
            Type::INT8 => row.try_get::<_, Option<i64>>(index).map(|v| v.map(Value::Int)),
            Type::INT4 => {
                row.try_get::<_, Option<i32>>(index).map(|v| v.map(|v| Value::Int(v.into())))
            }
            Type::FLOAT8 => row.try_get::<_, Option<f64>>(index).map(|v| v.map(Value::Real)),
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(index).map(|v| v.map(Value::Bytes)),
            Type::TEXT | Type::VARCHAR => {
                row.try_get::<_, Option<String>>(index).map(|v| v.map(Value::Text))
            }
            ref other => return Err(Error::column(index, format!("has the type {other}"))),
        };
        value.map(|value| value.unwrap_or(Value::Null)).map_err(|e| error(&e))
    };
    Ok(Row(columns.map(value).collect::<Result<_>>()?))
}

impl ToSql for Value {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Bool(value) if *ty == Type::BOOL => value.to_sql(ty, out),
            Self::Bool(value) => Self::Int((*value).into()).to_sql(ty, out),
            Self::Int(value) if *ty == Type::INT4 => i32::try_from(*value)?.to_sql(ty, out),
            Self::Int(value) if *ty == Type::FLOAT8 => (*value as f64).to_sql(ty, out),
            Self::Int(value) if *ty == Type::INT8 => value.to_sql(ty, out),
            Self::Real(value) if *ty == Type::FLOAT8 => value.to_sql(ty, out),
            // The server's texts cannot hold the character zero.
            Self::Text(value) if value.contains('\0') => {
                value.replace('\0', "\u{fffd}").as_str().to_sql(ty, out)
            }
            Self::Text(value) if <&str as ToSql>::accepts(ty) => value.as_str().to_sql(ty, out),
            Self::Bytes(value) if *ty == Type::BYTEA => value.as_slice().to_sql(ty, out),
            value => Err(format!("{value:?} for a parameter of type {ty}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// What an error of the driver means.
pub fn error(error: &tokio_postgres::Error) -> Error {
    let Some(database) = error.as_db_error() else {
        let mut why = error.to_string();
        if let Some(cause) = std::error::Error::source(error) {
            let _ = write!(why, ": {cause}");
        }
        // What is no mistake in a value is the connection's.
        let is_mistake =
            why.starts_with("error serializing") || why.starts_with("error deserializing");
        return if is_mistake { Error::Other(why) } else { Error::Lost(why) };
    };
    let why = database.message().to_owned();
    let code = database.code();
    if code.code().starts_with("23") {
        return Error::Constraint(why);
    }
    let in_the_way = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::TOO_MANY_CONNECTIONS,
    ];
    if in_the_way.contains(code) {
        return Error::Again(why);
    }
    // The server is going down, comes up, or gave the connection up.
    match code.code().starts_with("57P") || code.code().starts_with("08") {
        true => Error::Lost(why),
        false => Error::Other(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_the_other_way() {
        let sql = "SELECT ?1 FROM t WHERE a = ?2 AND b = ?11";
        assert_eq!(translated(sql), "SELECT $1 FROM t WHERE a = $2 AND b = $11");
    }
}
