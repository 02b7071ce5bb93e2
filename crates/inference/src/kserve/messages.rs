//! The messages of KServe's inference protocol V2 that are used here
//! (`open_inference_grpc.proto` of kserve/open-inference-protocol). Fields that are left out are skipped
//! where they come.

use bytes::Bytes;
use prost::Message;

/// The service's name in paths.
pub const SERVICE: &str = "inference.GRPCInferenceService";

/// Names a model: `ModelMetadataRequest`.
#[derive(Clone, PartialEq, Message)]
pub struct ModelName {
    /// The model.
    #[prost(string, tag = "1")]
    pub name: String,
}

/// What a model takes and gives: `ModelMetadataResponse`.
#[derive(Clone, PartialEq, Message)]
pub struct Metadata {
    /// The model.
    #[prost(string, tag = "1")]
    pub name: String,
    /// What runs it.
    #[prost(string, tag = "3")]
    pub platform: String,
    /// Inputs.
    #[prost(message, repeated, tag = "4")]
    pub inputs: Vec<TensorKind>,
    /// Outputs.
    #[prost(message, repeated, tag = "5")]
    pub outputs: Vec<TensorKind>,
}

/// A tensor as a model declares it: `TensorMetadata`.
#[derive(Clone, PartialEq, Message)]
pub struct TensorKind {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// What its elements are, such as `FP32`.
    #[prost(string, tag = "2")]
    pub datatype: String,
    /// The length of each axis; -1 for any.
    #[prost(int64, repeated, tag = "3")]
    pub shape: Vec<i64>,
}

/// `ModelInferRequest`, its tensors' elements always raw.
#[derive(Clone, PartialEq, Message)]
pub struct InferRequest {
    /// The model.
    #[prost(string, tag = "1")]
    pub model_name: String,
    /// What it is given.
    #[prost(message, repeated, tag = "5")]
    pub inputs: Vec<InferTensor>,
    /// What it shall give.
    #[prost(message, repeated, tag = "6")]
    pub outputs: Vec<Wanted>,
    /// The elements of each input, little-endian, in row-major order.
    #[prost(bytes = "bytes", repeated, tag = "7")]
    pub raw_input_contents: Vec<Bytes>,
}

/// `InferRequestedOutputTensor`.
#[derive(Clone, PartialEq, Message)]
pub struct Wanted {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
}

/// `ModelInferResponse`.
#[derive(Clone, PartialEq, Message)]
pub struct InferResponse {
    /// The model.
    #[prost(string, tag = "1")]
    pub model_name: String,
    /// What it gave.
    #[prost(message, repeated, tag = "5")]
    pub outputs: Vec<InferTensor>,
    /// The elements of each output, where they are raw.
    #[prost(bytes = "bytes", repeated, tag = "6")]
    pub raw_output_contents: Vec<Bytes>,
}

/// `InferInputTensor` and `InferOutputTensor`.
#[derive(Clone, PartialEq, Message)]
pub struct InferTensor {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// What its elements are.
    #[prost(string, tag = "2")]
    pub datatype: String,
    /// The length of each axis.
    #[prost(int64, repeated, tag = "3")]
    pub shape: Vec<i64>,
    /// The elements, where they are not raw.
    #[prost(message, optional, tag = "5")]
    pub contents: Option<Contents>,
}

/// `InferTensorContents`.
#[derive(Clone, PartialEq, Message)]
pub struct Contents {
    /// Of `INT32`.
    #[prost(int32, repeated, tag = "2")]
    pub ints: Vec<i32>,
    /// Of `UINT8`.
    #[prost(uint32, repeated, tag = "4")]
    pub unsigned: Vec<u32>,
    /// Of `FP32`.
    #[prost(float, repeated, tag = "6")]
    pub floats: Vec<f32>,
}
