//! Portraits: what is seen in a face, and what is done to it.

pub mod analysis;
pub mod effects;

mod classes;
mod faces;
