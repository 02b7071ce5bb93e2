//! Generative engines: doubles on the loopback that keep their protocol, and that break it.

use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::{GrayImage, ImageFormat, Luma, Rgba, RgbaImage};
use reqwest::multipart::Form;
use safelight_server::engines::settings::{Dialect, EngineSettings, Mode, Way};
use safelight_testkit::engine::{Double, GREEN, Manner, parts};
use safelight_testkit::photo;
use serde_json::json;

use crate::common::{Answer, TestServer, eventually, file, files_below, text};

pub const REPLACER: &str = "/api/image/editing/ai-object-replacer";
const GLOSS: &str = "/api/portrait/effects/ai-red-lip-gloss";
const TRY_ON: &str = "/api/portrait/editing/try-on-clothes";

pub fn openai(double: &Double) -> EngineSettings {
    let settings = json!({
        "name": "images", "kind": "openai-images", "url": double.url(), "serves": ["*"],
        "timeout_seconds": 600, "max_parallel": 2, "long_side": 256,
    });
    serde_json::from_value(settings).expect("settings")
}

fn comfyui(double: &Double) -> EngineSettings {
    let settings = json!({
        "name": "comfy", "kind": "comfyui", "url": double.url(), "serves": ["*"],
        "timeout_seconds": 600, "workflow": "inpaint.json", "model": "any.safetensors",
        "long_side": 256,
    });
    serde_json::from_value(settings).expect("settings")
}

async fn server(engine: EngineSettings) -> TestServer {
    TestServer::shipping_with(|settings| {
        settings.engine = vec![engine];
        settings.effects.mode = Some(Mode::Engine);
    })
    .await
}

/// A photo whose answer is lossless, since one pixel is hardly transparent.
fn scene() -> RgbaImage {
    let mut scene = RgbaImage::from_fn(240, 180, |x, y| {
        let (fx, fy) = (x as f32, y as f32);
        let wave = (fx * 0.13 + (fy * 0.05).sin() * 4.0).sin() + (fy * 0.17 + fx * 0.03).cos();
        let value = (120.0 + 40.0 * wave) as u8;
        Rgba([value, value / 2 + 30, 190 - value / 2, 255])
    });
    scene.put_pixel(0, 0, Rgba([9, 9, 9, 254]));
    scene
}

fn is_masked(x: u32, y: u32) -> bool {
    (90..140).contains(&x) && (70..110).contains(&y)
}

fn png(picture: impl Into<image::DynamicImage>) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, ImageFormat::Png).expect("memory holds it");
    bytes.into_inner()
}

pub fn replace() -> Form {
    let mask = GrayImage::from_fn(240, 180, |x, y| Luma([if is_masked(x, y) { 255 } else { 0 }]));
    Form::new()
        .part("image", file(png(scene())))
        .part("mask", file(png(mask)))
        .text("custom_prompt", "a green apple")
        .text("seed", "5")
}

#[tokio::test]
async fn the_console_shows_and_probes_engines() {
    let double = Double::openai(Manner::Right).await;
    let server = server(openai(&double)).await;
    let operator = crate::console::Browser::operator(&server).await;
    let live = operator.get("/console/server/live").await.text;
    assert!(live.contains("engine images"), "{live}");
    let probed = operator.post("/console/engines/probe", &[]).await.text;
    assert!(probed.contains("Every engine was probed") && probed.contains(" ms</p>"), "{probed}");
}

/// The answer is the photo, green in the mask and untouched elsewhere.
pub fn assert_replaced(answer: &Answer) {
    let json = answer.success();
    let made = STANDARD.decode(text(&json["data"]["binary_data_base64"][0])).expect("Base64");
    let made = image::load_from_memory(&made).expect("a picture").to_rgba8();
    let scene = scene();
    for (x, y, pixel) in made.enumerate_pixels() {
        assert!(is_masked(x, y) || pixel == scene.get_pixel(x, y), "{x} {y} changed");
    }
    let [red, green, blue, _] = made.get_pixel(115, 90).0;
    assert!(green > red + 60 && green > blue + 40, "{red} {green} {blue}, {GREEN:?}");
    let changed = made.enumerate_pixels().filter(|(x, y, p)| *p != scene.get_pixel(*x, *y));
    assert!(changed.count() > 1500, "most of the mask is made anew");
}

#[tokio::test]
async fn without_an_engine_the_setting_is_named() {
    let server = TestServer::shipping().await;
    let form = Form::new().part("person_image", file(photo("astronaut.png")));
    let message = server.post(TRY_ON, form).await.failure(404, "ERROR_AI_NOT_EXISTS");
    assert!(message.contains("[[engine]]") && message.contains("try-on-clothes"), "{message}");
    let message = server.post(REPLACER, replace()).await.failure(404, "ERROR_AI_NOT_EXISTS");
    assert!(message.contains("serves = [\"ai-object-replacer\"]"), "{message}");
    // What one value needs is known when the request is sent, although the answer would come later.
    let cut = Form::new().part("image", file(photo("astronaut.png"))).text("hair_style", "BuzzCut");
    let cut = server.post("/api/portrait/effects/hairstyle-editor-pro", cut).await;
    let message = cut.failure(404, "ERROR_AI_NOT_EXISTS");
    assert!(message.contains("BuzzCut") && message.contains("[[engine]]"), "{message}");
    let ready = server.get("/health/ready").await.json();
    let unavailable = ready["unavailable"].as_array().expect("a list");
    assert!(unavailable.contains(&json!(TRY_ON)) && !unavailable.contains(&json!(REPLACER)));
    server.assert_charges(0).await;
}

#[tokio::test]
async fn an_openai_engine_changes_what_the_mask_shows_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("key");
    std::fs::write(&key, "sesame\n").expect("written");
    let double = Double::openai(Manner::Right).await;
    let engine = EngineSettings { key_file: Some(key), ..openai(&double) };
    let server = server(engine).await;
    assert_replaced(&server.post(REPLACER, replace()).await);
    server.assert_charges(1).await;
    let seen = double.seen("/v1/images/edits");
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].key, "Bearer sesame");
    let parts = parts(&seen[0].body);
    let field = |name: &str| {
        let part = parts.iter().find(|(other, _)| other == name);
        part.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    };
    assert_eq!(
        field("prompt").as_deref(),
        Some("a green apple, photo, matching light and perspective")
    );
    assert_eq!(field("response_format").as_deref(), Some("b64_json"));
    assert!(field("size").is_some_and(|size| size.contains('x')) && field("image").is_some());
    let metrics = String::from_utf8(server.get("/metrics").await.body).expect("text");
    let line = "safelight_engine_calls_total{engine=\"images\",outcome=\"OK\"} 1";
    assert!(metrics.lines().any(|found| found == line), "{metrics}");
}

#[tokio::test]
async fn each_dialect_is_spoken() {
    for (dialect, name, words) in [
        (Dialect::SdCpp, "mask", "<sd_cpp_extra_args>"),
        (Dialect::VllmOmni, "mask_image", "num_inference_steps"),
    ] {
        let double = Double::openai(Manner::Right).await;
        let server = server(EngineSettings { dialect, ..openai(&double) }).await;
        assert_replaced(&server.post(REPLACER, replace()).await);
        let body = double.seen("/v1/images/edits").remove(0).body;
        let parts = parts(&body);
        assert!(parts.iter().any(|(part, _)| part == name), "{dialect:?}");
        assert!(String::from_utf8_lossy(&body).contains(words), "{dialect:?}");
    }
}

/// Fails with each manner in turn; a success between keeps the engine from resting.
async fn assert_codes(server: &TestServer, double: &Double, cases: &[(Manner, u16, &str)]) {
    for (number, &(manner, status, code)) in cases.iter().enumerate() {
        double.behave(manner);
        let answer = server.post(REPLACER, replace()).await;
        let message = answer.failure(status, code);
        assert!(!message.contains("on purpose") && !message.contains("127.0.0.1"), "{message}");
        if code == "AI_SERVICE_FLOW_RESTRICTION" {
            assert_eq!(answer.header("retry-after"), "7");
        }
        server.assert_charges(number as u64).await;
        assert_eq!(server.credits().await.1, 0, "{manner:?} leaves a hold");
        double.behave(Manner::Right);
        server.post(REPLACER, replace()).await.success();
    }
    assert_eq!(files_below(&server.files()), Vec::<std::path::PathBuf>::new(), "a file is kept");
}

#[tokio::test]
async fn each_way_in_which_an_openai_engine_fails_is_its_code() {
    let double = Double::openai(Manner::Right).await;
    let server = server(openai(&double)).await;
    let cases = [
        (Manner::Status(401), 403, "AI_SERVICE_UNAUTHORIZED"),
        (Manner::Status(404), 404, "AI_SERVICE_NOT_FOUND"),
        (Manner::Status(429), 503, "AI_SERVICE_FLOW_RESTRICTION"),
        (Manner::Status(500), 500, "AI_SERVICE_ERROR"),
        (Manner::Status(502), 502, "ERROR_GATEWAY"),
        (Manner::Status(504), 504, "AI_SERVICE_TIMEOUT"),
        (Manner::Status(418), 500, "UNKNOWN_ERROR"),
        (Manner::Refuses, 422, "ERROR_CONTENT_NON_COMPLIANCE"),
        (Manner::Html, 502, "ERROR_GATEWAY"),
        (Manner::LosesJob, 502, "ERROR_GATEWAY"),
        (Manner::FailsJob(true), 502, "ERROR_GATEWAY"),
        (Manner::OtherShape, 500, "AI_SERVICE_INTERNAL_ERROR"),
        (Manner::OtherPicture, 400, "PROCESSING_FAILURE"),
        (Manner::Moves(30), 400, "PROCESSING_FAILURE"),
    ];
    assert_codes(&server, &double, &cases).await;
    for manner in [Manner::IgnoresMask, Manner::Moves(3)] {
        double.behave(manner);
        assert_replaced(&server.post(REPLACER, replace()).await);
    }
}

#[tokio::test]
async fn an_engine_that_is_slow_or_gone_is_its_code() {
    let double = Double::openai(Manner::Waits).await;
    let slow = EngineSettings { timeout_seconds: 1, ..openai(&double) };
    let waiting = server(slow).await;
    waiting.post(REPLACER, replace()).await.failure(504, "AI_SERVICE_TIMEOUT");
    waiting.assert_charges(0).await;
    let gone = openai(&double);
    drop(double);
    let alone = server(gone).await;
    eventually(async || {
        let answer = alone.post(REPLACER, replace()).await;
        (answer.json()["error_detail"]["code"] == "ERROR_GATEWAY").then_some(())
    })
    .await;
    alone.assert_charges(0).await;
}

#[tokio::test]
async fn five_failures_in_a_row_are_a_rest() {
    let double = Double::openai(Manner::Status(500)).await;
    let server = server(openai(&double)).await;
    for _ in 0..5 {
        server.post(REPLACER, replace()).await.failure(500, "AI_SERVICE_ERROR");
    }
    let answer = server.post(REPLACER, replace()).await;
    answer.failure(400, "ERROR_RESOURCE_UNAVAILABLE");
    assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|wait| (1..=30).contains(&wait)));
    assert_eq!(double.seen("/v1/images/edits").len(), 5, "it is not asked");
    server.assert_charges(0).await;
}

#[tokio::test]
async fn a_call_holds_no_worker_slot() {
    let double = Double::openai(Manner::Waits).await;
    let server = TestServer::shipping_with(|settings| {
        settings.limits.workers = 1;
        settings.engine = vec![openai(&double)];
        settings.effects.services.insert("ai-object-replacer".into(), Way::Named("images".into()));
    })
    .await;
    let ask = || {
        let request = server.request(REPLACER).multipart(replace());
        tokio::spawn(async move { Answer::of(request.send().await.expect("an answer")).await })
    };
    let calls = [ask(), ask()];
    double.reached("/v1/images/edits", 2).await;
    server.gauge("safelight_jobs_at_work", 0).await;
    // The one slot is free for work of this server's own.
    let form = Form::new().part("image", file(photo("coffee.png")));
    server.post("/api/image/enhance/image-contrast-enhancement", form).await.success();
    double.go_on();
    for call in calls {
        assert_replaced(&call.await.expect("no panic"));
    }
}

#[tokio::test]
async fn each_way_in_which_comfyui_ends_is_its_code() {
    let double = Double::comfyui(Manner::Right).await;
    let server = server(comfyui(&double)).await;
    assert_replaced(&server.post(REPLACER, replace()).await);
    let graph = String::from_utf8(double.seen("/prompt")[0].body.to_vec()).expect("text");
    assert!(graph.contains("a green apple") && graph.contains("[temp]"), "{graph}");
    assert_eq!(double.seen("/history").iter().filter(|seen| !seen.body.is_empty()).count(), 1);
    let cases = [
        (Manner::LosesJob, 400, "PROCESSING_FAILURE"),
        (Manner::FailsJob(false), 400, "PROCESSING_FAILURE"),
        (Manner::FailsJob(true), 500, "AI_SERVICE_ERROR"),
        (Manner::Status(401), 403, "AI_SERVICE_UNAUTHORIZED"),
        (Manner::Status(500), 500, "AI_SERVICE_ERROR"),
        (Manner::Html, 502, "ERROR_GATEWAY"),
        (Manner::OtherShape, 500, "AI_SERVICE_INTERNAL_ERROR"),
    ];
    // One was charged already.
    let charged = server.store.audit().await.expect("audit").charges;
    assert_eq!(charged, 1);
    for (number, (manner, status, code)) in cases.into_iter().enumerate() {
        double.behave(manner);
        server.post(REPLACER, replace()).await.failure(status, code);
        server.assert_charges(charged + number as u64).await;
        double.behave(Manner::Right);
        server.post(REPLACER, replace()).await.success();
    }
    for manner in [Manner::IgnoresMask, Manner::Moves(3)] {
        double.behave(manner);
        assert_replaced(&server.post(REPLACER, replace()).await);
    }
}

#[tokio::test]
async fn a_task_that_is_stopped_is_taken_back_from_the_engine() {
    let double = Double::comfyui(Manner::Waits).await;
    let server = server(comfyui(&double)).await;
    let form = Form::new().part("image", file(photo("astronaut.png")));
    let task = text(&server.post(GLOSS, form).await.success()["task_id"]);
    double.reached("/prompt", 1).await;
    let stop = Form::new().text("task_id", task.clone());
    server.post("/api/common/stop-async-task", stop).await.success();
    double.reached("/queue", 1).await;
    double.reached("/interrupt", 1).await;
    let said = |path: &str| String::from_utf8_lossy(&double.seen(path)[0].body).into_owned();
    assert!(said("/queue").contains("job-0") && said("/interrupt").contains("job-0"));
    server.assert_charges(0).await;
}

#[tokio::test]
async fn a_task_waits_while_its_engine_has_too_much_to_do() {
    let double = Double::openai(Manner::Status(503)).await;
    let server = server(openai(&double)).await;
    let form = Form::new().part("image", file(photo("astronaut.png")));
    let task = text(&server.post(GLOSS, form).await.success()["task_id"]);
    double.reached("/v1/images/edits", 1).await;
    double.behave(Manner::Right);
    server.wait(&task).await.success();
    server.assert_charges(1).await;
}

#[tokio::test]
async fn tasks_wait_while_their_engine_rests_and_keep_no_other_waiting() {
    let double = Double::openai(Manner::Status(503)).await;
    let server = server(openai(&double)).await;
    let form = || Form::new().part("image", file(photo("astronaut.png")));
    let waiting = text(&server.post(GLOSS, form()).await.success()["task_id"]);
    double.reached("/v1/images/edits", 1).await;
    eventually(async || {
        let answer = server.post(REPLACER, replace()).await;
        (answer.json()["error_detail"]["code"] == "ERROR_RESOURCE_UNAVAILABLE").then_some(())
    })
    .await;
    let own = "/api/portrait/effects/ai-square-face-filter";
    let native = text(&server.post(own, form()).await.success()["task_id"]);
    server.wait(&native).await.success();
    assert_eq!(server.poll(&waiting).await.json()["task_status"], 1, "it waits");
    server.assert_charges(1).await;
}

#[tokio::test]
async fn what_needs_an_engine_asks_it_before_it_is_seen_to_work() {
    let double = Double::openai(Manner::Right).await;
    let server =
        TestServer::shipping_with(|settings| settings.engine = vec![openai(&double)]).await;
    assert_replaced(&server.post(REPLACER, replace()).await);
    // While the engine rests, that is what is said.
    double.behave(Manner::Status(500));
    for _ in 0..5 {
        server.post(REPLACER, replace()).await;
    }
    let rests = server.post(REPLACER, replace()).await;
    rests.failure(400, "ERROR_RESOURCE_UNAVAILABLE");
    assert!(!rests.header("retry-after").is_empty());
}

#[tokio::test]
async fn a_service_is_native_until_the_engine_is_seen_to_work() {
    let double = Double::comfyui(Manner::Right).await;
    let server = TestServer::shipping_with(|settings| {
        settings.engine = vec![comfyui(&double)];
        let own = json!({ "ai-red-lip-gloss": "native" });
        let own = serde_json::from_value(own).expect("settings");
        settings.effects.applications.insert("default".into(), own);
    })
    .await;
    // The application's own word counts first, and it is native.
    let form = || Form::new().part("image", file(photo("astronaut.png")));
    let task = text(&server.post(GLOSS, form()).await.success()["task_id"]);
    server.wait(&task).await.success();
    assert!(double.seen("/prompt").is_empty());
    let up = "safelight_engine_up{engine=\"comfy\"} 1";
    eventually(async || {
        let metrics = String::from_utf8(server.get("/metrics").await.body).expect("text");
        metrics.lines().any(|line| line == up).then_some(())
    })
    .await;
    // Another application has no word of its own: the engine is well.
    let (key, _) = server.another("other").await;
    let task = text(&server.post_as(&key, GLOSS, form()).await.success()["task_id"]);
    let poll = format!("/api/common/query-async-task-result?task_id={task}");
    let done = eventually(async || {
        let answer = server.get_as(&key, &poll).await;
        (answer.json()["task_status"] != 1).then_some(answer)
    })
    .await;
    assert!(text(&done.success()["data"]["image"]).starts_with("http"));
    assert_eq!(double.seen("/prompt").len(), 1);
}

#[tokio::test]
async fn a_classifier_answers_under_the_keys_of_the_api() {
    const SKIN: &str = "/api/portrait/analysis/skin-disease-detection";
    let double = Double::kserve(Manner::Right).await;
    let settings = json!({
        "name": "skin", "kind": "kserve", "url": double.url(), "model": "skin",
        "serves": ["skin-disease-detection"],
    });
    let server = server(serde_json::from_value(settings).expect("settings")).await;
    let form = || Form::new().part("image", file(photo("astronaut.png")));
    let answer = server.post(SKIN, form()).await.success();
    let data = &answer["data"];
    assert_eq!(data["results_english"], json!({ "acne": 0.2, "nevus": 0.75 }));
    assert_eq!(data["body_part"], "face");
    assert!(text(&data["notice"]).contains("not a diagnosis"));
    assert!(data["image_quality"].as_f64().is_some_and(|quality| (0.2..=1.0).contains(&quality)));
    for (manner, status, code) in [
        (Manner::OtherShape, 502, "ERROR_GATEWAY"),
        (Manner::OtherPicture, 500, "AI_SERVICE_INTERNAL_ERROR"),
        (Manner::Status(404), 404, "AI_SERVICE_NOT_FOUND"),
    ] {
        double.behave(manner);
        server.post(SKIN, form()).await.failure(status, code);
    }
    server.assert_charges(1).await;
}
