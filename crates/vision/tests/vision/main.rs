//! The functions over the models, on real photos.

mod enlarge;
mod faces;
mod invariance;
mod people;
mod quality;
mod saliency;
