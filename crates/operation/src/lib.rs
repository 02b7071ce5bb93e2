//! What an endpoint is: a typed input read from a form, a typed output that knows its JSON Schema,
//! what the work needs, and the work itself. Knows neither HTTP nor storage.
//!
//! An endpoint is a type that implements [`Operation`] (asynchronous) or [`CpuOperation`] (one
//! blocking function over the models). [`Endpoint::of`] makes it an entry of a catalogue, from
//! which routes, limits, documentation, the OpenAPI document, the command line and samples follow.
//!
//! ```
//! use safelight_operation::{
//!     CpuOperation, Endpoint, Input, Needs, Output, Picture, Result, Rules, Spec, Work,
//! };
//!
//! #[derive(Input)]
//! struct Photo {
//!     /// The photo.
//!     #[picture(Rules::ORDINARY)]
//!     image: Picture,
//!     /// How many colours to name.
//!     #[integer(1..=8)]
//!     #[field(default = 1)]
//!     count: u32,
//! }
//!
//! #[derive(Output)]
//! struct Size {
//!     /// Width in pixels.
//!     #[output(path = "data.width")]
//!     width: u32,
//! }
//!
//! struct Measure;
//!
//! impl CpuOperation for Measure {
//!     const SPEC: &'static Spec = &Spec {
//!         path: "/api/example/measure",
//!         name: "Measure",
//!         sign: "example_measure",
//!         pool: "example",
//!         price: 1,
//!         summary: "Answers how wide a photo is.",
//!         ..Spec::DEFAULT
//!     };
//!     const NEEDS: Needs = Needs::NOTHING;
//!     type Input = Photo;
//!     type Output = Size;
//!
//!     fn run(input: Photo, _: &Work) -> Result<Size> {
//!         Ok(Size { width: input.image.header().width * input.count })
//!     }
//! }
//!
//! static CATALOG: &[Endpoint] = &[Endpoint::of::<Measure>()];
//! assert_eq!(CATALOG[0].fields().len(), 2);
//! ```

#![forbid(unsafe_code)]

mod context;
mod endpoint;
mod field;
mod form;
mod generator;
mod kinds;
mod moderation;
mod node;
mod output;
mod param;
mod picture;
mod sample;
mod sample_answer;
mod shape;
mod source;
mod spec;
mod work;

// Lets the derive macros name this crate inside itself.
extern crate self as safelight_operation;

pub use safelight_contract::{Code, Fault, Result};
pub use safelight_imaging::Rules;
pub use safelight_operation_derive::{Input, Output, ValueEnum};

pub use context::{Context, Inline, Piece, Threads};
pub use endpoint::{Cost, CpuOperation, Endpoint, Input, Job, Lane, Operation};
pub use field::{Fields, FileField, FilePresence, InputField, Media, Named};
pub use form::Form;
pub use generator::{
    EngineUse, Frame, Generator, Given, MOST_ANSWER, Order, no_engine, no_engine_for,
};
pub use kinds::{
    Choice, Cut, Example, Flag, Identifier, Integer, Json, Number, Scale, Text, ValueEnum, Whole,
    Words,
};
pub use moderation::{Moderation, Passage};
pub use node::{Artifact, FileFormat, Node, rounded};
pub use output::{Base64, ObjectNode, Output, Url, json_value};
pub use param::{Defaulted, Kind, Optional, Param, Parameter, Presence, Required, RequiredOr};
pub use picture::{Mask, Picture, Pictures, Video};
pub use sample::{Sample, sample_mask, samples};
pub use shape::{AnswerField, LeafKind, ObjectShape, Property, Shape};
pub use source::{DATA_IDS, Reference, SOURCES, Source, TASKS};
pub use spec::{CALLBACK_URL, Delivery, MAX_URL, Memory, Method, Needs, Spec, TASK_TYPE};
pub use work::{Cancel, Stage, Work};
