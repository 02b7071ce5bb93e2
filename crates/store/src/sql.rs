//! SQL that two databases understand. The statements of `rows` are written once, in the language
//! that SQLite and PostgreSQL share, against the types of this module, whose names and habits are
//! those of `rusqlite`. What differs between the two is a method of [`Connection`].
//!
//! Shared: parameters are written `?1`, `?2`; `CASE` and `coalesce`, not `iif` and `ifnull`; `ON
//! CONFLICT`, not `OR REPLACE`; sums are cast to `BIGINT`; flags are booleans (`NOT reclaimed`, not
//! `reclaimed = 0`).

use std::fmt;

use crate::StoreError;

/// A value in a row or in place of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

/// Why a statement failed.
#[derive(Clone, Debug)]
pub enum Error {
    /// A query for one row found none.
    NoRow,
    /// A rule of the tables was broken.
    Constraint(String),
    /// Another transaction was in the way: the whole change may be tried again.
    Again(String),
    /// The connection is lost; where a commit was on its way, its fate is not known.
    Lost(String),
    /// Anything else.
    Other(String),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A value that makes no sense in its column.
    pub fn column(index: usize, why: impl fmt::Display) -> Self {
        Self::Other(format!("column {index}: {why}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRow => f.write_str("a row is missing"),
            Self::Constraint(why) | Self::Again(why) | Self::Lost(why) | Self::Other(why) => {
                f.write_str(why)
            }
        }
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match error {
            Error::Again(why) => Self::Again(why),
            Error::Lost(why) => Self::Lost(why),
            other => Self::Database(other.to_string()),
        }
    }
}

/// Turns the breach of a uniqueness rule into a conflict that says what is there.
pub fn unique(error: Error, conflict: impl FnOnce() -> String) -> StoreError {
    match error {
        Error::Constraint(_) => StoreError::Conflict(conflict()),
        other => other.into(),
    }
}

/// What runs statements: an open transaction, or a connection that only reads.
pub trait Driver {
    /// Runs a statement; answers how many rows it changed.
    fn execute(&self, sql: &str, values: &[Value]) -> Result<u64>;
    /// Runs a statement whose outcome matters only where it fails: then the change fails, though
    /// perhaps not here.
    fn post(&self, sql: &str, values: Vec<Value>) -> Result<()> {
        self.execute(sql, &values).map(drop)
    }
    /// Runs a statement; answers its rows, at most `limit`.
    fn query(&self, sql: &str, values: &[Value], limit: usize) -> Result<Vec<Row>>;
    /// Inserts a row; answers its `id`.
    fn insert(&self, sql: &str, values: &[Value]) -> Result<i64>;
    /// Whether other transactions change rows at the same time.
    fn is_shared(&self) -> bool;
}

/// What the statements of a change or a read run on.
pub struct Connection<'a>(pub &'a dyn Driver);

impl Connection<'_> {
    /// A statement, which is compiled once for each connection.
    #[allow(clippy::unnecessary_wraps)] // A mistake in it shows where it runs.
    pub fn prepare_cached<'s>(&'s self, sql: &'s str) -> Result<Statement<'s>> {
        Ok(Statement { driver: self.0, sql })
    }

    /// Whether other transactions change rows at the same time.
    pub fn is_shared(&self) -> bool {
        self.0.is_shared()
    }

    /// The end of a query for rows to change, so that each is found by one transaction only: rows of
    /// `table` that another one is changing are passed over.
    pub fn skipping_locked(&self, table: &str) -> String {
        match self.0.is_shared() {
            true => format!("FOR UPDATE OF {table} SKIP LOCKED"),
            false => String::new(),
        }
    }
}

/// A statement.
pub struct Statement<'s> {
    driver: &'s dyn Driver,
    sql: &'s str,
}

impl Statement<'_> {
    /// Runs it; answers how many rows it changed.
    pub fn execute(&mut self, values: impl Params) -> Result<u64> {
        self.driver.execute(self.sql, &values.values())
    }

    /// Runs it where nobody waits for its outcome; where it fails, the whole change fails.
    pub fn post(&mut self, values: impl Params) -> Result<()> {
        self.driver.post(self.sql, values.values())
    }

    /// Inserts one row; answers its `id`.
    pub fn insert(&mut self, values: impl Params) -> Result<i64> {
        self.driver.insert(self.sql, &values.values())
    }

    /// Whether it finds a row.
    pub fn exists(&mut self, values: impl Params) -> Result<bool> {
        Ok(!self.driver.query(self.sql, &values.values(), 1)?.is_empty())
    }

    /// Reads the first row.
    pub fn query_row<T>(
        &mut self,
        values: impl Params,
        read: impl FnOnce(&Row) -> Result<T>,
    ) -> Result<T> {
        let rows = self.driver.query(self.sql, &values.values(), 1)?;
        read(rows.first().ok_or(Error::NoRow)?)
    }

    /// Reads every row.
    pub fn query_map<T>(
        &mut self,
        values: impl Params,
        mut read: impl FnMut(&Row) -> Result<T>,
    ) -> Result<std::vec::IntoIter<Result<T>>> {
        let rows = self.driver.query(self.sql, &values.values(), usize::MAX)?;
        Ok(rows.iter().map(&mut read).collect::<Vec<_>>().into_iter())
    }
}

/// A row of an answer.
#[derive(Clone, Debug)]
pub struct Row(pub Vec<Value>);

impl Row {
    /// The value in a column.
    pub fn get<T: FromValue>(&self, index: usize) -> Result<T> {
        let value = self.0.get(index).ok_or_else(|| Error::column(index, "there is none"))?;
        T::from_value(value).map_err(|why| Error::column(index, why))
    }
}

/// Rows that need not be there.
pub trait OptionalExtension<T> {
    /// `None` for a row that is not there.
    fn optional(self) -> Result<Option<T>>;
}

impl<T> OptionalExtension<T> for Result<T> {
    fn optional(self) -> Result<Option<T>> {
        match self {
            Ok(found) => Ok(Some(found)),
            Err(Error::NoRow) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What a column is read as.
pub trait FromValue: Sized {
    /// Reads it, or says why it is something else.
    fn from_value(value: &Value) -> Result<Self, String>;
}

fn mismatch<T>(value: &Value, wanted: &str) -> Result<T, String> {
    let found = match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a flag",
        Value::Int(_) => "an integer",
        Value::Real(_) => "a number",
        Value::Text(_) => "a text",
        Value::Bytes(_) => "bytes",
    };
    Err(format!("{found} where {wanted} should be"))
}

impl FromValue for i64 {
    fn from_value(value: &Value) -> Result<Self, String> {
        match value {
            Value::Int(value) => Ok(*value),
            other => mismatch(other, "an integer"),
        }
    }
}

macro_rules! narrower {
    ($($type:ty),*) => {$(
        impl FromValue for $type {
            fn from_value(value: &Value) -> Result<Self, String> {
                let wide = i64::from_value(value)?;
                wide.try_into().map_err(|_| format!("{wide} is out of range"))
            }
        }
    )*};
}
narrower!(u16, u32, i32);

impl FromValue for bool {
    fn from_value(value: &Value) -> Result<Self, String> {
        match value {
            Value::Bool(value) => Ok(*value),
            Value::Int(value @ (0 | 1)) => Ok(*value == 1),
            other => mismatch(other, "a flag"),
        }
    }
}

impl FromValue for f64 {
    fn from_value(value: &Value) -> Result<Self, String> {
        match value {
            Value::Real(value) => Ok(*value),
            other => mismatch(other, "a number"),
        }
    }
}

impl FromValue for String {
    fn from_value(value: &Value) -> Result<Self, String> {
        match value {
            Value::Text(value) => Ok(value.clone()),
            other => mismatch(other, "a text"),
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: &Value) -> Result<Self, String> {
        match value {
            Value::Bytes(value) => Ok(value.clone()),
            other => mismatch(other, "bytes"),
        }
    }
}

impl<const N: usize> FromValue for [u8; N] {
    fn from_value(value: &Value) -> Result<Self, String> {
        match value {
            Value::Bytes(value) => {
                Self::try_from(value.as_slice()).map_err(|_| format!("not {N} bytes"))
            }
            other => mismatch(other, "bytes"),
        }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Result<Self, String> {
        match value {
            Value::Null => Ok(None),
            other => T::from_value(other).map(Some),
        }
    }
}

macro_rules! tuples {
    ($(($($name:ident $index:literal),*))*) => {$(
        impl<$($name: FromValue),*> TryFrom<&Row> for ($($name,)*) {
            type Error = Error;

            fn try_from(row: &Row) -> Result<Self> {
                Ok(($(row.get::<$name>($index)?,)*))
            }
        }
    )*};
}
tuples! {
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
}

/// What may stand for a parameter.
pub trait ToValue {
    fn to_value(&self) -> Value;
}

impl ToValue for Value {
    fn to_value(&self) -> Value {
        self.clone()
    }
}

macro_rules! to_value {
    ($($type:ty: $self:ident => $value:expr;)*) => {$(
        impl ToValue for $type {
            fn to_value(&self) -> Value {
                let $self = self;
                $value
            }
        }
    )*};
}
to_value! {
    bool: value => Value::Bool(*value);
    i64: value => Value::Int(*value);
    u32: value => Value::Int((*value).into());
    u16: value => Value::Int((*value).into());
    i32: value => Value::Int((*value).into());
    f64: value => Value::Real(*value);
    str: value => Value::Text(value.to_owned());
    String: value => Value::Text(value.clone());
    [u8]: value => Value::Bytes(value.to_vec());
    Vec<u8>: value => Value::Bytes(value.clone());
}

impl<const N: usize> ToValue for [u8; N] {
    fn to_value(&self) -> Value {
        Value::Bytes(self.to_vec())
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_value)
    }
}

impl<T: ToValue + ?Sized> ToValue for &T {
    fn to_value(&self) -> Value {
        (*self).to_value()
    }
}

/// The parameters of a statement, in their order.
pub trait Params {
    fn values(self) -> Vec<Value>;
}

impl<T: ToValue, const N: usize> Params for [T; N] {
    fn values(self) -> Vec<Value> {
        self.iter().map(T::to_value).collect()
    }
}

impl Params for Vec<Value> {
    fn values(self) -> Vec<Value> {
        self
    }
}

/// No parameters.
impl Params for () {
    fn values(self) -> Vec<Value> {
        Vec::new()
    }
}

/// Parameters of different types.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        vec![$($crate::sql::ToValue::to_value(&$value)),*]
    };
}
pub(crate) use params;
