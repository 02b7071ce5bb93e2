//! Portraits: what is seen in a face, and what is done to it.

pub mod analysis;
pub mod editing;
pub mod effects;

mod classes;
pub(crate) mod faces;
mod figures;
pub(crate) mod painted;
