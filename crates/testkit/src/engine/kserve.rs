//! A model that is ready, and its classes.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State as Shared;
use axum::http::{Response, Uri};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Manner, State, json as answered};

pub(super) fn routes(state: Arc<State>) -> Router {
    Router::new()
        .route("/v2/models/{model}/ready", get(ready))
        .route("/v2/models/{model}/infer", post(infer))
        .layer(axum::extract::DefaultBodyLimit::max(64 << 20))
        .with_state(state)
}

async fn ready(Shared(state): Shared<Arc<State>>) -> Response<Body> {
    state.answer().unwrap_or_else(|| answered(&json!({})))
}

async fn infer(Shared(state): Shared<Arc<State>>, uri: Uri, body: Bytes) -> Response<Body> {
    state.note(uri.to_string(), String::new(), body.clone());
    state.wait().await;
    if let Some(answer) = state.answer() {
        return answer;
    }
    let asked: Value = serde_json::from_slice(&body).expect("JSON");
    let data = asked["inputs"][0]["data"][0].as_str().expect("a picture");
    let picture = STANDARD.decode(data).expect("Base64");
    image::load_from_memory(&picture).expect("a picture");
    let classes = match state.manner() {
        Manner::OtherShape => json!([0.25, 0.75]),
        Manner::OtherPicture => json!(["0.9:0:cat", "0.1:1:dog"]),
        _ => json!(["0.75:22:nevus", "0.2:0:Acne", "0.05:3:cat"]),
    };
    let name = asked["outputs"][0]["name"].clone();
    let output = json!({ "name": name, "datatype": "BYTES", "shape": [1, 3], "data": classes });
    answered(&json!({ "model_name": "skin", "outputs": [output] }))
}
