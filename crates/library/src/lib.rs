//! What a library of faces is made of, without storage, models and network: the [`Index`] that is
//! searched, the [`score`] that answers show, and the keys that embeddings are [sealed](GroupKey)
//! with at rest.

#![forbid(unsafe_code)]

mod index;
mod key;
pub mod score;

pub use index::{Hit, Index, Query};
pub use key::{GroupKey, MasterKey, Unsealed};

/// How many numbers a face is described by.
pub const LENGTH: usize = 128;

/// A face as a vector of length one.
pub type Embedding = [f32; LENGTH];
