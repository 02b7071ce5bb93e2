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
    /// The database failed. A change answered so did not happen, unless it was the commit itself
    /// that failed: then only a look can tell.
    #[error("database: {0}")]
    Database(String),
}

/// The outcome of a store call.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;
