//! Whole pictures: enhancement and scores.

pub mod enhance;
pub mod rating;
