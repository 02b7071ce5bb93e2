/// What can go wrong in the store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The row asked for does not exist; says which.
    #[error("{0} does not exist")]
    NotFound(String),
    /// The change contradicts what is there; says how.
    #[error("{0}")]
    Conflict(String),
    /// A value is not acceptable, whatever is there; names it and what is allowed.
    #[error("{0}")]
    Invalid(String),
    /// A change of a library of faces is refused.
    #[error(transparent)]
    Refused(#[from] crate::Refused),
    /// Another change was in the way, again and again; the same call may succeed later.
    #[error("database: {0}")]
    Again(String),
    /// The connection to the database was lost. A change answered so may have happened or not: only
    /// a look can tell.
    #[error("database: {0}")]
    Lost(String),
    /// The database failed. A change answered so did not happen, unless it was the commit itself
    /// that failed: then only a look can tell.
    #[error("database: {0}")]
    Database(String),
}

/// The outcome of a store call.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;
