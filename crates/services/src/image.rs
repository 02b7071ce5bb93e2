//! Whole pictures: enhancement.

pub mod enhance;
