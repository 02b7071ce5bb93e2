//! Inference engines behind one trait (OpenVINO here, KServe elsewhere), the model registry, and the
//! native runtime.
//!
//! A process that uses models goes through these steps, none of which belongs on the threads of an
//! async runtime: [`runtime::Places`] finds or fetches the native library, [`OpenVino::load`] loads
//! it, [`Registry::open`] reads the manifests, [`Registry::warm`] loads models ahead of their first
//! use, [`Registry::get`] gives a [`Model`], and [`Model::run`] runs it.

mod added;
pub mod breaker;
mod choices;
mod digest;
mod engine;
mod installation;
pub mod kserve;
pub mod manifest;
mod models;
pub mod notice;
mod openvino;
mod registry;
pub mod runtime;
pub mod scheduler;
mod settings;
mod tensor;

pub use added::{Added, AddedError, Arrived, write_whole};
pub use choices::Choices;
pub use digest::sha256_of;
pub use engine::{Engine, EngineError, FoundPort, Outputs, Session, Signature};
pub use installation::{Installation, InstallationError};
pub use models::Models;
pub use openvino::OpenVino;
pub use registry::{Model, Reason, Registry, RegistryError, memory_of};
pub use settings::{Remote, Settings};
pub use tensor::{DType, Elements, ShapeError, Tensor};
