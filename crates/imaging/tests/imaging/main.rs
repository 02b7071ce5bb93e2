//! Pixels in and out, on files of every kind and on real photos.

mod common;
mod containers;
mod contrast;
mod hostile;
mod jpeg;
mod matting;
mod pictures;
mod round_trips;
mod rules;
