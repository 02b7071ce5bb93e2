//! What is done to a face or a scene: skin, shape, colour, strokes, looks, completion, marks.
//!
//! One building block per file; a service puts blocks together. Blocks know pixels and the geometry of
//! a face, and neither requests nor models. Lengths on a face are in `fw`, the distance in space of the
//! mesh points 234 and 454, so that every number holds at any size.

#![forbid(unsafe_code)]

pub mod complete;
pub mod deblur;
pub mod extend;
pub mod flowers;
pub mod looks;
pub mod mark;
