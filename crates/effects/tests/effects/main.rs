//! The building blocks of effects on photos of this repository.

mod beauty;
mod complete;
mod covered;
mod deblur;
mod describe;
mod expression;
mod flowers;
mod kit;
mod looks;
mod makeup;
mod mark;
mod patch;
mod swap;
