//! The operator's moderation of pictures and texts through HTTP. Harmless photos stand for those that are
//! not: the threshold lies below what the network says of them.

use std::io::Write;

use reqwest::multipart::Form;
use safelight_operation::{Delivery, Endpoint};
use safelight_server::engines::settings::Mode;
use safelight_server::moderation::settings::{Action, ModerationOverride};
use safelight_services::CATALOG;
use safelight_testkit::engine::{Double, Manner};
use safelight_testkit::photo;

use crate::common::{Answer, TestServer, eventually, file, files_below, text};
use crate::engines::{REPLACER, assert_replaced, openai, replace};
use crate::twin::request;

const CONTRAST: &str = "/api/image/enhance/image-contrast-enhancement";
const GLOSS: &str = "/api/portrait/effects/ai-red-lip-gloss";
/// The network gives chelsea.png 0.0001, coffee.png 0.013 and astronaut.png 0.015.
const BETWEEN: f64 = 0.005;

fn image(name: &str) -> Form {
    Form::new().part("image", file(photo(name)))
}

async fn assert_nothing_kept(server: &TestServer) {
    // The input of a task goes after its end.
    eventually(async || files_below(&server.files()).is_empty().then_some(())).await;
    assert_eq!(server.credits().await, (1000, 0), "something is charged or held");
    server.assert_charges(0).await;
}

#[tokio::test]
async fn pictures_above_the_threshold_are_refused_and_others_are_not() {
    let server = TestServer::shipping_with(|settings| {
        settings.moderation.inputs = Action::Block;
        settings.moderation.threshold = BETWEEN;
        let own = ModerationOverride { inputs: Some(Action::Off), ..Default::default() };
        settings.moderation.applications.insert("admin/free".into(), own);
    })
    .await;
    let refused = server.post(CONTRAST, image("astronaut.png")).await;
    let message = refused.failure(403, "ERROR_ILLEGAL_FILE");
    assert!(message.starts_with("image is refused") && message.contains("0.00"), "{message}");
    assert!(refused.header("server-timing").contains("moderation"));
    // A task is accepted, and fails where its picture is decoded.
    let task = text(&server.post(GLOSS, image("astronaut.png")).await.success()["task_id"]);
    server.wait(&task).await.failure(403, "ERROR_ILLEGAL_FILE");
    assert_nothing_kept(&server).await;
    server.post(CONTRAST, image("chelsea.png")).await.success();
    server.assert_charges(1).await;
    let (key, _) = server.another("free").await;
    server.post_as(&key, CONTRAST, image("astronaut.png")).await.success();
    // What tells how pictures are judged does so still.
    let tasks = Form::new().part("tasks", file(photo("astronaut.png")));
    let answer = server.post("/api/image/moderation/image-moderation", tasks).await.success();
    assert_eq!(answer["data"]["elements"][0]["results"][0]["suggestion"], "pass");
}

#[tokio::test]
async fn at_the_default_threshold_ordinary_photos_pass() {
    let server = TestServer::shipping_with(|settings| {
        settings.moderation.inputs = Action::Block;
        settings.moderation.results = Action::Block;
    })
    .await;
    for name in ["chelsea.png", "coffee.png", "astronaut.png", "grace_hopper.jpg", "flower.jpg"] {
        server.post(CONTRAST, image(name)).await.success();
    }
    server.assert_charges(5).await;
}

/// The answer of a service: where it comes as a task, that of the task.
async fn outcome(server: &TestServer, endpoint: &Endpoint) -> Answer {
    let spec = endpoint.spec();
    let answer = server.post(spec.path, request(endpoint)).await;
    let accepted = answer.status == 200 && answer.json()["task_id"].is_string();
    match spec.delivery {
        Delivery::Async | Delivery::Either { .. } if accepted => {
            server.wait(&text(&answer.json()["task_id"])).await
        }
        _ => answer,
    }
}

#[tokio::test]
async fn no_service_lets_a_picture_in_that_is_forbidden() {
    let server = TestServer::shipping_with(|settings| {
        settings.moderation.inputs = Action::Block;
        settings.moderation.threshold = 0.0;
    })
    .await;
    let shows = CATALOG.iter().filter(|endpoint| endpoint.files().next().is_some());
    // Which tell what the network says, and read what a file declares without decoding it.
    let exempt = ["image-moderation", "synthetic-face-detection"];
    let judged = shows.filter(|endpoint| !exempt.contains(&endpoint.spec().slug()));
    let mut passed = Vec::new();
    for endpoint in judged {
        let answer = outcome(&server, endpoint).await;
        let code = answer.json()["error_detail"]["code"].clone();
        // What does nothing without an engine refuses before it looks.
        let off = code == "ERROR_AI_NOT_EXISTS" && endpoint.needs().engine.is_some();
        if code != "ERROR_ILLEGAL_FILE" && !off {
            passed.push(format!("{}: {}", endpoint.spec().path, answer.json()["error_detail"]));
        }
    }
    assert_eq!(passed, Vec::<String>::new(), "services that let pictures in");
    assert_nothing_kept(&server).await;
}

#[tokio::test]
async fn pictures_that_are_made_are_withheld() {
    let double = Double::openai(Manner::Right).await;
    for (threshold, is_withheld) in [(0.0, true), (0.99, false)] {
        let server = TestServer::shipping_with(|settings| {
            settings.moderation.results = Action::Block;
            settings.moderation.threshold = threshold;
            settings.engine = vec![openai(&double)];
            settings.effects.mode = Some(Mode::Engine);
        })
        .await;
        let made = server.post(REPLACER, replace()).await;
        let own = server.post(CONTRAST, image("coffee.png")).await;
        match is_withheld {
            true => {
                for answer in [made, own] {
                    let message = answer.failure(422, "ERROR_CONTENT_NON_COMPLIANCE");
                    assert!(message.starts_with("the result is withheld"), "{message}");
                }
                assert_nothing_kept(&server).await;
            }
            false => {
                assert_replaced(&made);
                own.success();
                server.assert_charges(2).await;
            }
        }
    }
}

#[tokio::test]
async fn texts_with_words_of_the_list_are_refused() {
    let mut list = tempfile::NamedTempFile::new().expect("a file");
    list.write_all(b"# fruit\n\\bAPPLES?\\b\n").expect("written");
    let double = Double::openai(Manner::Right).await;
    let server = TestServer::shipping_with(|settings| {
        settings.moderation.prompts = Action::Block;
        settings.moderation.words = Some(list.path().to_owned());
        settings.engine = vec![openai(&double)];
        settings.effects.mode = Some(Mode::Engine);
    })
    .await;
    let message =
        server.post(REPLACER, replace()).await.failure(422, "ERROR_CONTENT_NON_COMPLIANCE");
    assert!(message.starts_with("custom_prompt") && message.contains("line 2"), "{message}");
    assert!(!message.to_lowercase().contains("apple"), "{message}");
    assert!(double.seen("/v1/images/edits").is_empty(), "the engine is not asked");
    assert_nothing_kept(&server).await;
    // The list's words are whole ones.
    let watermark = "/api/image/editing/image-invisible-text-watermarking";
    let marked = |text: &'static str| {
        let form = Form::new().part("origin_image", file(photo("coffee.png")));
        form.text("function_type", "encode_text").text("text", text)
    };
    server.post(watermark, marked("an apple")).await.failure(422, "ERROR_CONTENT_NON_COMPLIANCE");
    server.post(watermark, marked("pineapple")).await.success();
}
