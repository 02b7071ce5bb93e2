//! A server that runs models for others, on the loopback: KServe's inference protocol V2 over gRPC, before
//! the models of this process. It does what a test tells it to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, Response};
use axum::routing::post;
use futures_util::stream;
use http_body_util::StreamBody;
use hyper::body::Frame;
use parking_lot::Mutex;
use prost::Message;
use safelight_inference::kserve::messages::{
    InferRequest, InferResponse, InferTensor, Metadata, ModelName, TensorKind,
};
use safelight_inference::manifest::Port;
use safelight_inference::{DType, Elements, Registry, Tensor};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

/// How it behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As the protocol says.
    Right,
    /// Declares every input one axis longer.
    OtherSignature,
    /// Ends each call with this status.
    Status(u16),
    /// Gives a hundred thousand outputs without a name.
    ManyOutputs,
    /// Answers nothing.
    Silent,
}

/// A running server. Dropped, it ends.
pub struct TensorServer {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

struct Shared {
    models: Arc<Registry>,
    manner: Mutex<Manner>,
    calls: AtomicUsize,
}

impl TensorServer {
    /// A server before these models, on any port.
    pub fn start(models: Arc<Registry>) -> Self {
        Self::start_at(models, SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// The same, at an address.
    pub fn start_at(models: Arc<Registry>, address: SocketAddr) -> Self {
        let shared = Arc::new(Shared {
            models,
            manner: Mutex::new(Manner::Right),
            calls: AtomicUsize::new(0),
        });
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind(address)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let service = "/inference.GRPCInferenceService";
        let router = Router::new()
            .route(&format!("{service}/ModelMetadata"), post(metadata))
            .route(&format!("{service}/ModelInfer"), post(infer))
            .layer(DefaultBodyLimit::max(256 << 20))
            .with_state(shared.clone());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { address, shared, runtime: Some(runtime) }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Changes how it behaves.
    pub fn set(&self, manner: Manner) {
        *self.shared.manner.lock() = manner;
    }

    /// Calls that came.
    pub fn calls(&self) -> usize {
        self.shared.calls.load(Ordering::SeqCst)
    }
}

impl Drop for TensorServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Its port is free then.
            runtime.shutdown_timeout(Duration::from_secs(10));
        }
    }
}

impl Shared {
    /// Counts a call; answers where it ends here.
    async fn begin(&self) -> Option<Response<Body>> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let manner = *self.manner.lock();
        match manner {
            Manner::Right | Manner::OtherSignature | Manner::ManyOutputs => None,
            Manner::Status(status) => Some(failed(status, "as the test wants it")),
            Manner::Silent => std::future::pending().await,
        }
    }
}

async fn metadata(State(shared): State<Arc<Shared>>, body: Bytes) -> Response<Body> {
    if let Some(answer) = shared.begin().await {
        return answer;
    }
    let asked = ModelName::decode(&body[5..]).expect("a message");
    let Some(spec) = shared.models.specs().find(|spec| spec.name == asked.name) else {
        return failed(5, "no such model");
    };
    let is_other = *shared.manner.lock() == Manner::OtherSignature;
    let kind = |port: &Port| TensorKind {
        name: port.name.clone(),
        datatype: datatype(port.dtype).to_owned(),
        shape: port.shape.iter().map(|&side| if side == 0 { -1 } else { side as i64 }).collect(),
    };
    let longer = |mut kind: TensorKind| {
        kind.shape.extend(is_other.then_some(2));
        kind
    };
    answered(&Metadata {
        name: spec.name.clone(),
        platform: "test".to_owned(),
        inputs: spec.inputs.iter().map(kind).map(longer).collect(),
        outputs: spec.outputs.iter().map(kind).collect(),
    })
}

async fn infer(State(shared): State<Arc<Shared>>, body: Bytes) -> Response<Body> {
    if let Some(answer) = shared.begin().await {
        return answer;
    }
    if *shared.manner.lock() == Manner::ManyOutputs {
        let outputs = vec![InferTensor::default(); 100_000];
        return answered(&InferResponse { outputs, ..InferResponse::default() });
    }
    let asked = InferRequest::decode(&body[5..]).expect("a message");
    let run = move || {
        let model = shared.models.get(&asked.model_name).expect("the model");
        let raw = asked.inputs.iter().zip(&asked.raw_input_contents);
        let tensors: Vec<_> = raw.map(|(input, raw)| (&*input.name, tensor(input, raw))).collect();
        let inputs: Vec<_> = tensors.iter().map(|(name, tensor)| (*name, tensor)).collect();
        let given = model.run(&inputs).expect("a run");
        let (outputs, contents) = model
            .spec()
            .outputs
            .iter()
            .map(|port| {
                let tensor = given.get(&port.name).expect("an output");
                let output = InferTensor {
                    name: port.name.clone(),
                    datatype: datatype(port.dtype).to_owned(),
                    shape: tensor.shape().iter().map(|&side| side as i64).collect(),
                    contents: None,
                };
                (output, bytes(tensor))
            })
            .unzip();
        InferResponse {
            model_name: asked.model_name.clone(),
            outputs,
            raw_output_contents: contents,
        }
    };
    answered(&tokio::task::spawn_blocking(run).await.expect("a run"))
}

fn tensor(input: &InferTensor, raw: &Bytes) -> Tensor {
    let shape: Vec<_> = input.shape.iter().map(|&side| side as usize).collect();
    let words = || raw.as_chunks::<4>().0.iter();
    let elements: Elements = match &*input.datatype {
        "UINT8" => raw.to_vec().into(),
        "INT32" => words().map(|word| i32::from_le_bytes(*word)).collect::<Vec<_>>().into(),
        _ => words().map(|word| f32::from_le_bytes(*word)).collect::<Vec<_>>().into(),
    };
    Tensor::new(shape, elements).expect("as many as the shape holds")
}

fn bytes(tensor: &Tensor) -> Bytes {
    match tensor.elements() {
        Elements::U8(bytes) => bytes.clone().into(),
        Elements::F32(numbers) => numbers.iter().flat_map(|n| n.to_le_bytes()).collect(),
        Elements::I32(numbers) => numbers.iter().flat_map(|n| n.to_le_bytes()).collect(),
    }
}

fn datatype(dtype: DType) -> &'static str {
    match dtype {
        DType::F32 => "FP32",
        DType::U8 => "UINT8",
        DType::I32 => "INT32",
    }
}

fn answered(message: &impl Message) -> Response<Body> {
    let mut framed = vec![0];
    framed.extend((message.encoded_len() as u32).to_be_bytes());
    framed.extend(message.encode_to_vec());
    let trailers =
        HeaderMap::from_iter([("grpc-status".parse().expect("a name"), HeaderValue::from(0))]);
    let frames = [Frame::data(Bytes::from(framed)), Frame::trailers(trailers)];
    let body = StreamBody::new(stream::iter(frames.map(Ok::<_, std::convert::Infallible>)));
    let response = Response::builder().header("content-type", "application/grpc");
    response.body(Body::new(body)).expect("a response")
}

fn failed(status: u16, why: &str) -> Response<Body> {
    let response = Response::builder()
        .header("content-type", "application/grpc")
        .header("grpc-status", status)
        .header("grpc-message", why);
    response.body(Body::empty()).expect("a response")
}
