//! The services that look at skin, on the portrait and on what is painted on it.

#[path = "../support/mod.rs"]
mod support;

mod advanced;
mod basic;
mod canvas;
mod invariance;
mod pro;
