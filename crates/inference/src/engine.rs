//! What any inference engine offers: a model of the manifest becomes a session, a session turns
//! named tensors into named tensors.

use std::path::Path;

use crate::manifest::ModelSpec;
use crate::tensor::{DType, Tensor};

/// Something that runs models: the built-in CPU engine, or a server elsewhere.
///
/// Calls block; they belong on worker threads, never on the threads of an async runtime. An engine
/// decides by itself how many of them proceed at a time and lets the others wait in order.
pub trait Engine: Send + Sync {
    /// Name and version, for logs and diagnosis.
    fn describe(&self) -> String;

    /// Makes a model ready. `file` is the model's file, whose digest has been verified; an engine
    /// that has its models elsewhere identifies the model by `spec` alone.
    fn load(&self, spec: &ModelSpec, file: &Path) -> Result<Box<dyn Session>, EngineError>;

    /// What the graph of a file takes and gives. The graph is made ready for this machine, so that one
    /// that cannot run here is told as well; nothing is kept. Fails for what is not a graph, or cannot run
    /// here.
    fn signature(&self, _file: &Path) -> Result<Signature, EngineError> {
        Err(EngineError::Failed("this engine reads no files".into()))
    }
}

/// An input or an output as it was found in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPort {
    /// Name in the graph.
    pub name: String,
    /// Type of the elements; `None` for one that tensors here do not have.
    pub dtype: Option<DType>,
    /// Length of each axis; 0 stands for any length.
    pub shape: Vec<usize>,
}

/// What a graph takes and gives, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Inputs.
    pub inputs: Vec<FoundPort>,
    /// Outputs.
    pub outputs: Vec<FoundPort>,
}

/// A model that is ready to run, from any number of threads at once.
pub trait Session: Send + Sync {
    /// Runs the model once. The inputs must be the ones that the manifest declares, in any order;
    /// the outputs come in the manifest's order.
    fn run(&self, inputs: &[(&str, &Tensor)]) -> Result<Outputs, EngineError>;
}

/// Why an engine could not load or run a model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The tensors are not those that the model takes or gives: a mistake in the program or the
    /// manifest, never in a request.
    #[error("{0}")]
    Mismatch(String),
    /// The engine itself failed, and will again with the same model.
    #[error("{0}")]
    Failed(String),
    /// The engine could not load the model for a cause that may pass: files or memory ran out.
    #[error("{0}")]
    Unavailable(String),
}

/// What a model gave, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outputs(Vec<(String, Tensor)>);

impl Outputs {
    /// From named tensors, in the manifest's order.
    pub fn new(tensors: Vec<(String, Tensor)>) -> Self {
        Self(tensors)
    }

    /// The output of this name.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, tensor)| tensor)
    }
}
