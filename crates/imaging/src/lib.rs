//! Pixels in and out, and what is done to them without a model. Pure: no files, no network, no
//! clock.

#![forbid(unsafe_code)]

pub mod anonymise;
pub mod areas;
pub mod balance;
pub mod bleed;
mod blur_effect;
pub mod codes;
pub mod color;
pub mod components;
pub mod composition;
pub mod contrast;
mod cutout;
mod decode;
pub mod dehaze;
pub mod discs;
pub mod drawing;
pub mod encode;
pub mod equations;
pub mod exposure;
mod format;
pub mod geometry;
mod glance;
pub mod grading;
pub mod graph_cut;
mod header;
mod lanes;
pub mod lettering;
pub mod letters;
pub mod levels;
pub mod lut;
pub mod map;
pub mod mosaic;
pub mod neutral;
mod noise;
pub mod provenance;
mod reflection;
pub use safelight_resample as resize;
pub mod retouch;
mod rules;
pub mod sharpen;
pub mod skin;
pub mod strands;
#[cfg(test)]
mod testing;
pub mod tilt;
pub mod warp;

pub use blur_effect::blur_effect;
pub use color::lab_of;
pub use cutout::{Cutout, Region};
pub use decode::{Photo, decode};
pub use format::Format;
pub use header::{ColorModel, Header, Orientation, jpeg_quality, probe};
pub use noise::noise_level;
pub use reflection::erase_reflection;
pub use rules::Rules;
