//! Models that a server elsewhere runs, by KServe's inference protocol V2 over gRPC, as Triton, OpenVINO
//! Model Server and MLServer speak it. Tensors go as they lie in memory, so that pictures in bytes stay
//! bytes.

mod call;
pub mod messages;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::runtime::{Builder, Runtime};

use crate::breaker::Breaker;
use crate::engine::{Engine, EngineError, Outputs, Session};
use crate::manifest::{ModelSpec, Port};
use crate::settings::Remote;
use crate::tensor::{DType, Elements, Tensor};
use call::{Channel, Most};
use messages::{InferRequest, InferResponse, InferTensor, Metadata, ModelName, TensorKind, Wanted};

/// Most bytes of an answer that has tensors.
const ANSWER: usize = 256 << 20;
/// Of what says which tensors there are.
const METADATA: Most = Most { bytes: 1 << 20, fields: 1000 };

/// A server that runs models.
pub struct KServe {
    channel: Channel,
    /// What drives the connections, while callers block.
    runtime: Option<Runtime>,
}

impl KServe {
    /// The server of these settings. Nothing is asked of it yet.
    ///
    /// # Errors
    /// When the thread for its connections cannot be started.
    pub fn new(remote: &Remote) -> Result<Arc<Self>, EngineError> {
        let channel = Channel::new(&remote.url, Duration::from_millis(remote.timeout_ms));
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("kserve")
            .enable_all()
            .build()
            .map_err(|error| {
                EngineError::Failed(format!("no thread for {}: {error}", remote.url))
            })?;
        Ok(Arc::new(Self { channel, runtime: Some(runtime) }))
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        self.channel.base()
    }

    /// A model of this server, whose signature is compared before it is first run.
    pub fn session(self: &Arc<Self>, spec: &ModelSpec) -> KServeSession {
        KServeSession {
            server: self.clone(),
            spec: spec.clone(),
            is_checked: AtomicBool::new(false),
            breaker: Breaker::default(),
        }
    }

    /// Waits for an answer; not to be called from a runtime's thread.
    fn block_on<T>(
        &self,
        asking: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, EngineError> {
        let ended = || EngineError::Failed("the connections have ended".to_owned());
        self.runtime.as_ref().ok_or_else(ended)?.block_on(asking)
    }
}

impl Drop for KServe {
    fn drop(&mut self) {
        // It may be dropped where nothing may wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A model of a server.
pub struct KServeSession {
    server: Arc<KServe>,
    spec: ModelSpec,
    is_checked: AtomicBool,
    breaker: Breaker,
}

impl KServeSession {
    /// Asks whether the model is there and takes and gives what the manifest says.
    ///
    /// # Errors
    /// `Mismatch` where it takes or gives something else; those of the call.
    pub fn check(&self) -> Result<(), EngineError> {
        let name = ModelName { name: self.spec.name.clone() };
        let found: Metadata =
            self.server.block_on(self.server.channel.call("ModelMetadata", &name, METADATA))?;
        compare("input", &self.spec.inputs, &found.inputs, &self.spec.name)?;
        compare("output", &self.spec.outputs, &found.outputs, &self.spec.name)?;
        self.is_checked.store(true, Ordering::Release);
        Ok(())
    }

    fn infer(&self, inputs: &[(&str, &Tensor)]) -> Result<Outputs, EngineError> {
        let request = request(&self.spec, inputs)?;
        if !self.is_checked.load(Ordering::Acquire) {
            self.check()?;
        }
        // A tensor and its elements for each output; parameters of the server's own.
        let most = Most { bytes: ANSWER, fields: 64 + 2 * self.spec.outputs.len() };
        let answer: InferResponse =
            self.server.block_on(self.server.channel.call("ModelInfer", &request, most))?;
        outputs(&self.spec, answer)
    }
}

impl Session for KServeSession {
    fn run(&self, inputs: &[(&str, &Tensor)]) -> Result<Outputs, EngineError> {
        if let Some(rest) = self.breaker.rest(Instant::now()) {
            return Err(EngineError::Unavailable(format!(
                "{} failed again and again, and is asked in {} s",
                self.server.url(),
                rest.as_secs() + 1
            )));
        }
        let outcome = self.infer(inputs);
        match &outcome {
            Ok(_) => self.breaker.succeeded(),
            // A mistake in the program says nothing of the server.
            Err(EngineError::Mismatch(_)) => {}
            Err(EngineError::Failed(_) | EngineError::Unavailable(_)) => {
                // After a restart it may have another model.
                self.is_checked.store(false, Ordering::Release);
                self.breaker.failed(Instant::now());
            }
        }
        outcome
    }
}

/// The name of a type in the protocol.
const fn datatype(dtype: DType) -> &'static str {
    match dtype {
        DType::F32 => "FP32",
        DType::U8 => "UINT8",
        DType::I32 => "INT32",
    }
}

/// Compares what the manifest declares with what the server does; one that declares nothing is compared
/// by its answers.
fn compare(
    side: &str,
    declared: &[Port],
    found: &[TensorKind],
    model: &str,
) -> Result<(), EngineError> {
    if found.is_empty() {
        return Ok(());
    }
    let fits = |port: &Port, kind: &TensorKind| {
        let axes = port.shape.iter().zip(&kind.shape);
        kind.name == port.name
            && kind.datatype == datatype(port.dtype)
            && kind.shape.len() == port.shape.len()
            && axes
                .clone()
                .all(|(&side, &theirs)| theirs < 0 || usize::try_from(theirs) == Ok(side))
    };
    let missing = declared.iter().find(|port| !found.iter().any(|kind| fits(port, kind)));
    if let Some(port) = missing {
        let listed: Vec<_> =
            found.iter().map(|k| format!("`{}` {} {:?}", k.name, k.datatype, k.shape)).collect();
        return Err(EngineError::Mismatch(format!(
            "the manifest declares the {side} `{}` of `{model}` as {} {:?}, the server has {}",
            port.name,
            datatype(port.dtype),
            port.shape,
            listed.join(", ")
        )));
    }
    match found.iter().find(|kind| !declared.iter().any(|port| port.name == kind.name)) {
        Some(kind) if side == "input" => Err(EngineError::Mismatch(format!(
            "the server's `{model}` takes `{}`, which the manifest does not declare",
            kind.name
        ))),
        _ => Ok(()),
    }
}

fn request(spec: &ModelSpec, inputs: &[(&str, &Tensor)]) -> Result<InferRequest, EngineError> {
    let mismatch = |why: String| EngineError::Mismatch(format!("`{}`: {why}", spec.name));
    if inputs.len() != spec.inputs.len() {
        let (given, wanted) = (inputs.len(), spec.inputs.len());
        return Err(mismatch(format!("{given} tensors are given, it takes {wanted}")));
    }
    let (mut tensors, mut contents) = (Vec::new(), Vec::new());
    for port in &spec.inputs {
        let tensor = inputs.iter().find(|(name, _)| *name == port.name).map(|(_, tensor)| *tensor);
        let tensor = tensor.filter(|t| t.dtype() == port.dtype && port.accepts(t.shape()));
        let tensor = tensor.ok_or_else(|| {
            let (dtype, shape) = (port.dtype.name(), &port.shape);
            mismatch(format!("no tensor {dtype} {shape:?} is given as `{}`", port.name))
        })?;
        tensors.push(InferTensor {
            name: port.name.clone(),
            datatype: datatype(port.dtype).to_owned(),
            shape: tensor.shape().iter().map(|&side| side as i64).collect(),
            contents: None,
        });
        contents.push(raw(tensor.elements()));
    }
    let outputs = spec.outputs.iter().map(|port| Wanted { name: port.name.clone() }).collect();
    let model_name = spec.name.clone();
    Ok(InferRequest { model_name, inputs: tensors, outputs, raw_input_contents: contents })
}

fn raw(elements: &Elements) -> Bytes {
    match elements {
        Elements::U8(bytes) => Bytes::copy_from_slice(bytes),
        Elements::F32(numbers) => little_endian(numbers, |n| n.to_le_bytes()),
        Elements::I32(numbers) => little_endian(numbers, |n| n.to_le_bytes()),
    }
}

fn little_endian<T: Copy>(numbers: &[T], bytes: impl Fn(T) -> [u8; 4]) -> Bytes {
    let mut raw = Vec::with_capacity(numbers.len() * 4);
    for number in numbers {
        raw.extend_from_slice(&bytes(*number));
    }
    raw.into()
}

fn outputs(spec: &ModelSpec, answer: InferResponse) -> Result<Outputs, EngineError> {
    let InferResponse { outputs, raw_output_contents, .. } = answer;
    let read = |port: &Port| {
        let wrong = |why: String| {
            EngineError::Failed(format!("`{}` gave {why} as `{}`", spec.name, port.name))
        };
        let found = outputs.iter().enumerate().find(|(_, output)| output.name == port.name);
        let (index, output) = found.ok_or_else(|| wrong("nothing".to_owned()))?;
        let shape: Option<Vec<usize>> =
            output.shape.iter().map(|&side| usize::try_from(side).ok()).collect();
        let shape = shape.filter(|shape| port.accepts(shape));
        let shape = shape.ok_or_else(|| wrong(format!("the shape {:?}", output.shape)))?;
        if output.datatype != datatype(port.dtype) {
            return Err(wrong(output.datatype.clone()));
        }
        let elements = elements(port.dtype, output, raw_output_contents.get(index));
        let tensor = Tensor::new(shape, elements).map_err(|error| wrong(error.to_string()))?;
        Ok((port.name.clone(), tensor))
    };
    Ok(Outputs::new(spec.outputs.iter().map(read).collect::<Result<_, _>>()?))
}

/// The elements of an output: raw, or in the field of their type.
fn elements(dtype: DType, output: &InferTensor, raw: Option<&Bytes>) -> Elements {
    let contents = output.contents.as_ref();
    match (dtype, raw) {
        (DType::U8, Some(raw)) => raw.to_vec().into(),
        (DType::F32, Some(raw)) => words(raw, f32::from_le_bytes).into(),
        (DType::I32, Some(raw)) => words(raw, i32::from_le_bytes).into(),
        (DType::U8, None) => {
            let values = contents.map(|c| c.unsigned.as_slice()).unwrap_or_default();
            values.iter().map(|&value| value as u8).collect::<Vec<_>>().into()
        }
        (DType::F32, None) => contents.map(|c| c.floats.clone()).unwrap_or_default().into(),
        (DType::I32, None) => contents.map(|c| c.ints.clone()).unwrap_or_default().into(),
    }
}

fn words<T>(raw: &[u8], word: impl Fn([u8; 4]) -> T) -> Vec<T> {
    raw.as_chunks::<4>().0.iter().map(|bytes| word(*bytes)).collect()
}

/// A model elsewhere that is run here while its server fails, where it is installed here.
pub(crate) struct WithFallback {
    pub remote: KServeSession,
    pub local: Option<Local>,
}

/// A model that is loaded when it is first needed.
pub(crate) struct Local {
    pub engine: Arc<dyn Engine>,
    pub spec: ModelSpec,
    pub file: PathBuf,
    pub session: Mutex<Option<Arc<dyn Session>>>,
}

impl Local {
    /// The model, loaded by now; what could not be loaded is tried again.
    fn session(&self) -> Result<Arc<dyn Session>, EngineError> {
        let mut loaded = self.session.lock();
        if let Some(session) = &*loaded {
            return Ok(session.clone());
        }
        let session: Arc<dyn Session> = self.engine.load(&self.spec, &self.file)?.into();
        Ok(loaded.insert(session).clone())
    }
}

impl Session for WithFallback {
    fn run(&self, inputs: &[(&str, &Tensor)]) -> Result<Outputs, EngineError> {
        let error = match self.remote.run(inputs) {
            Ok(outputs) => return Ok(outputs),
            Err(error @ EngineError::Mismatch(_)) => return Err(error),
            Err(error) => error,
        };
        let Some(local) = &self.local else { return Err(error) };
        tracing::warn!(model = local.spec.name, %error, "a model is run here in place of its server");
        local.session()?.run(inputs)
    }
}
