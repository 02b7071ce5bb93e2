//! The services that look at skin, on the portrait and on what is painted on it.

mod advanced;
mod basic;
pub mod canvas;
mod invariance;
mod pro;
