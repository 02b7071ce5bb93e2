//! Statements on a connection, for the blocking code of `rows`.

use std::cell::RefCell;
use std::fmt::Write as _;

use bytes::BytesMut;
use deadpool_postgres::ClientWrapper;
use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, join, join_all};
use tokio::runtime::Handle;
use tokio_postgres::Statement;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::rows::Lock;
use crate::sql::{Driver, Error, Result, Row, Value};

use super::Begin;

/// A connection, inside a transaction or not.
///
/// Statements whose answer nobody waits for are posted: they go out with the next one that is waited
/// for, so that a change takes few round trips, and others wait the shorter for its locks.
pub struct Session<'c> {
    pub client: &'c ClientWrapper,
    pub runtime: &'c Handle,
    pub posted: RefCell<Vec<Posted>>,
}

/// A statement that goes out with the next.
pub enum Posted {
    /// Without parameters and answer.
    Batch(String),
    /// Its rows are not looked at.
    Statement(String, Vec<Value>),
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

/// An answer on its way.
type Answer<'c, T> = LocalBoxFuture<'c, Result<T, tokio_postgres::Error>>;

impl Session<'_> {
    /// Runs what was posted and then this, in one round trip. The first error is the cause of those
    /// that follow.
    fn run<T>(&self, asking: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T> {
        let posted = self.posted.take();
        self.runtime.block_on(async {
            let mut before: Vec<Answer<'_, ()>> = Vec::with_capacity(posted.len());
            for posted in &posted {
                before.push(match posted {
                    Posted::Batch(sql) => self.client.batch_execute(sql).boxed_local(),
                    Posted::Statement(sql, values) => {
                        let statement =
                            self.client.prepare_cached(sql).await.map_err(|e| error(&e))?;
                        async move {
                            let values = parameters(values);
                            self.client.query(&statement, &values).await.map(drop)
                        }
                        .boxed_local()
                    }
                });
            }
            // Polled in this order, and so sent.
            let (before, asked) = join(join_all(before), asking).await;
            for outcome in before {
                outcome.map_err(|e| error(&e))?;
            }
            asked.map_err(|e| error(&e))
        })
    }

    /// Posts a statement.
    fn post(&self, sql: &str, values: Vec<Value>) {
        self.posted.borrow_mut().push(Posted::Statement(translated(sql), values));
    }

    /// Runs statements that answer nothing, after what was posted.
    pub fn batch(&self, sql: &str) -> Result<()> {
        self.run(self.client.batch_execute(sql))
    }

    /// Takes what was posted back.
    pub fn forget_posted(&self) {
        self.posted.take();
    }

    /// Begins, and locks the application that the change is about.
    pub fn begin(&self, begin: &Begin) {
        let post = |sql: &str| self.posted.borrow_mut().push(Posted::Batch(sql.to_owned()));
        let lock = match begin {
            Begin::Nothing => return,
            Begin::Snapshot => return post("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
            Begin::Change(lock) => lock,
        };
        post("BEGIN");
        match lock {
            Lock::Nothing => {}
            Lock::Application(id) => {
                self.post("SELECT pg_advisory_xact_lock(?1)", vec![Value::Int(*id)]);
            }
            Lock::OfTask(id) => self.lock_of("tasks WHERE id = ?1", Value::Text(id.clone())),
            Lock::OfUpload(id) => self.lock_of("uploads WHERE id = ?1", Value::Text(id.clone())),
            Lock::OfHold(id) => {
                let of = "holds h JOIN pools p ON p.id = h.pool_id WHERE h.id = ?1";
                self.lock_of(of, Value::Int(*id));
            }
        }
    }

    /// Locks the application of a row; of one that is not there, nothing is changed either.
    fn lock_of(&self, row: &str, value: Value) {
        self.post(&format!("SELECT pg_advisory_xact_lock(application_id) FROM {row}"), vec![value]);
    }

    fn rows(&self, sql: &str, values: &[Value]) -> Result<Vec<tokio_postgres::Row>> {
        let statement = self.statement(sql)?;
        self.run(async { self.client.query(&statement, &parameters(values)).await })
    }

    /// Compiles a statement, once for each connection.
    fn statement(&self, sql: &str) -> Result<Statement> {
        let sql = translated(sql);
        self.runtime.block_on(self.client.prepare_cached(&sql)).map_err(|e| error(&e))
    }
}

fn parameters(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as _).collect()
}

impl Driver for Session<'_> {
    fn execute(&self, sql: &str, values: &[Value]) -> Result<u64> {
        let statement = self.statement(sql)?;
        self.run(async { self.client.execute(&statement, &parameters(values)).await })
    }

    fn post(&self, sql: &str, values: Vec<Value>) -> Result<()> {
        Session::post(self, sql, values);
        Ok(())
    }

    fn query(&self, sql: &str, values: &[Value], limit: usize) -> Result<Vec<Row>> {
        self.rows(sql, values)?.iter().take(limit).map(read).collect()
    }

    fn insert(&self, sql: &str, values: &[Value]) -> Result<i64> {
        let rows = self.rows(&format!("{sql} RETURNING id"), values)?;
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
    let is_lost = ["57P", "08", "25P03"].iter().any(|class| code.code().starts_with(class));
    match is_lost {
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
