//! `POST /v1/images/edits`, and the list of models.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State as Shared;
use axum::http::{HeaderMap, Response, Uri};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::paint::{Reader, read, reshaped};
use super::{Manner, State, json as answered, parts};

pub(super) fn routes(state: Arc<State>) -> Router {
    Router::new()
        .route("/v1/models", get(models))
        .route("/v1/images/edits", post(edits))
        .layer(axum::extract::DefaultBodyLimit::max(64 << 20))
        .with_state(state)
}

async fn models(Shared(state): Shared<Arc<State>>) -> Response<Body> {
    state.answer().unwrap_or_else(|| answered(&json!({ "data": [{ "id": "double" }] })))
}

async fn edits(
    Shared(state): Shared<Arc<State>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let key = headers.get("authorization").and_then(|key| key.to_str().ok()).unwrap_or_default();
    state.note(uri.to_string(), key.to_owned(), body.clone());
    state.wait().await;
    if let Some(answer) = state.answer() {
        return answer;
    }
    match state.manner() {
        Manner::LosesJob => return answered(&json!({ "data": [] })),
        Manner::FailsJob(_) => return answered(&json!({ "created": 1 })),
        _ => {}
    }
    let parts = parts(&body);
    let part = |names: [&str; 2]| {
        parts.iter().find(|(name, _)| names.contains(&name.as_str())).map(|(_, part)| part)
    };
    let image = part(["image", "image[]"]).expect("an image");
    // stable-diffusion.cpp reads one channel of gray, OpenAI reads alpha.
    let prompt = String::from_utf8_lossy(part(["prompt", ""]).expect("a prompt"));
    let reader = if prompt.contains("sd_cpp_extra_args") { Reader::Red } else { Reader::Alpha };
    let mask = part(["mask", "mask_image"]);
    let made = read(image, mask.map(Vec::as_slice), state.manner(), reader);
    let size = part(["size", ""]).map(|size| String::from_utf8_lossy(size).into_owned());
    let size = size.as_deref().and_then(|size| size.split_once('x'));
    let made = match (size, state.manner()) {
        (_, Manner::OtherShape) | (None, _) => made,
        (Some((width, height)), _) => {
            reshaped(&made, width.parse().expect("a width"), height.parse().expect("a height"))
        }
    };
    answered(&json!({ "created": 1, "data": [{ "b64_json": STANDARD.encode(made) }] }))
}
