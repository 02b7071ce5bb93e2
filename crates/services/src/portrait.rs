//! Portraits: what is seen in a face, and what is done to it.

pub mod analysis;
pub mod editing;
pub mod effects;
pub mod enhance;
pub mod liveness;
pub mod recognition;

mod classes;
mod expressions;
pub(crate) mod faces;
mod figures;
pub(crate) mod painted;
mod swaps;
