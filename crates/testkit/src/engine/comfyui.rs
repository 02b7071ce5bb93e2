//! Uploads, the queue, the history and the pictures of ComfyUI; a graph is run by its nodes `LoadImage` and
//! `LoadImageMask` alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State as Shared};
use axum::http::{Response, StatusCode, Uri};
use axum::routing::{get, post};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::paint::{Reader, read};
use super::{Manner, State, json as answered, parts};

/// Nodes that it knows.
const NODES: [&str; 10] = [
    "CheckpointLoaderSimple",
    "CLIPTextEncode",
    "LoadImage",
    "LoadImageMask",
    "InpaintModelConditioning",
    "KSampler",
    "VAEDecode",
    "VAEEncode",
    "ImageScale",
    "PreviewImage",
];

#[derive(Default)]
struct Folders {
    uploads: BTreeMap<String, Vec<u8>>,
    /// Jobs by their identifier: the picture, once it is made.
    jobs: BTreeMap<String, Option<Vec<u8>>>,
}

type App = (Arc<State>, Arc<Mutex<Folders>>);

pub(super) fn routes(state: Arc<State>) -> Router {
    Router::new()
        .route("/object_info/{node}", get(object_info))
        .route("/upload/image", post(upload))
        .route("/prompt", post(prompt))
        .route("/history/{id}", get(history))
        .route("/history", post(forget))
        .route("/queue", get(queue).post(forget))
        .route("/interrupt", post(forget))
        .route("/view", get(view))
        .layer(axum::extract::DefaultBodyLimit::max(64 << 20))
        .with_state((state, Arc::default()))
}

async fn object_info(Shared((state, _)): Shared<App>, Path(node): Path<String>) -> Response<Body> {
    let info = if NODES.contains(&node.as_str()) { json!({ node: {} }) } else { json!({}) };
    state.answer().unwrap_or_else(|| answered(&info))
}

async fn upload(Shared((state, folders)): Shared<App>, uri: Uri, body: Bytes) -> Response<Body> {
    state.note(uri.to_string(), String::new(), body.clone());
    if let Some(answer) = state.answer() {
        return answer;
    }
    let mut folders = folders.lock();
    let name = format!("{}.png", folders.uploads.len());
    let file = parts(&body).into_iter().find(|(name, _)| name == "image").expect("a file").1;
    folders.uploads.insert(format!("safelight/{name} [temp]"), file);
    answered(&json!({ "name": name, "subfolder": "safelight", "type": "temp" }))
}

async fn prompt(Shared((state, folders)): Shared<App>, uri: Uri, body: Bytes) -> Response<Body> {
    state.note(uri.to_string(), String::new(), body.clone());
    let asked: Value = serde_json::from_slice(&body).expect("JSON");
    let graph = asked["prompt"].as_object().expect("a graph").clone();
    let id = format!("job-{}", folders.lock().jobs.len());
    folders.lock().jobs.insert(id.clone(), None);
    let job = id.clone();
    tokio::spawn(async move {
        state.wait().await;
        let mut folders = folders.lock();
        let file = |kind: &str| {
            let node = graph.values().find(|node| node["class_type"] == kind)?;
            folders.uploads.get(node["inputs"]["image"].as_str()?)
        };
        let image = file("LoadImage").expect("an image that was uploaded");
        let mask = file("LoadImageMask").map(Vec::as_slice);
        let made = read(image, mask, state.manner(), Reader::Red);
        folders.jobs.insert(job, Some(made));
    });
    answered(&json!({ "prompt_id": id, "number": 1, "node_errors": {} }))
}

async fn history(
    Shared((state, folders)): Shared<App>,
    uri: Uri,
    Path(id): Path<String>,
) -> Response<Body> {
    state.note(uri.to_string(), String::new(), Bytes::new());
    let made = folders.lock().jobs.get(&id).is_some_and(Option::is_some);
    let entry = match state.manner() {
        Manner::LosesJob => return answered(&json!({})),
        _ if !made => return answered(&json!({})),
        Manner::FailsJob(says) => {
            let messages = match says {
                true => json!([["execution_error", { "exception_message": "out of memory" }]]),
                false => json!([]),
            };
            let status = json!({ "status_str": "error", "completed": false, "messages": messages });
            json!({ "outputs": {}, "status": status })
        }
        _ => json!({
            "outputs": { "9": { "images": [{ "filename": id, "subfolder": "", "type": "temp" }] } },
            "status": { "status_str": "success", "completed": true, "messages": [] },
        }),
    };
    answered(&json!({ id: entry }))
}

async fn queue(Shared((state, folders)): Shared<App>) -> Response<Body> {
    let folders = folders.lock();
    let open = folders.jobs.iter().filter(|(_, made)| made.is_none());
    let open = open.map(|(id, _)| json!([1, id, {}, {}, []]));
    let running: Vec<_> = open.filter(|_| state.manner() != Manner::LosesJob).collect();
    answered(&json!({ "queue_running": running, "queue_pending": [] }))
}

async fn forget(Shared((state, _)): Shared<App>, uri: Uri, body: Bytes) -> Response<Body> {
    state.note(uri.to_string(), String::new(), body);
    answered(&json!({}))
}

async fn view(Shared((_, folders)): Shared<App>, uri: Uri) -> Response<Body> {
    let query = uri.query().unwrap_or_default();
    let name = query.split('&').find_map(|pair| pair.strip_prefix("filename="));
    let made = name.and_then(|name| folders.lock().jobs.get(name).cloned().flatten());
    let mut answer = Response::new(Body::from(made.clone().unwrap_or_default()));
    *answer.status_mut() = if made.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    answer
}
