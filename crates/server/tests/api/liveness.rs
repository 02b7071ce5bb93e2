//! Liveness through HTTP with the models that ship.

#[path = "../../../services/tests/services/moving.rs"]
mod moving;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use image::RgbImage;
use reqwest::multipart::Form;
use safelight_imaging::resize::{self, Filter};
use safelight_imaging::{Format, decode, encode, probe, provenance};
use safelight_vision::Vision;
use serde_json::{Value, json};

use crate::common::{TestServer, file, text};

const N: &str = "/api/portrait/liveness/";

fn photo(name: &str) -> RgbImage {
    let bytes = safelight_testkit::photo(name);
    decode(&bytes, &probe(&bytes).expect("a picture")).expect("a picture").rgb
}

/// The upper part of a portrait.
fn portrait() -> RgbImage {
    let photo = photo("astronaut.png");
    resize::rgb_part(&photo, [70, 0, 300, 300], 360, 360, Filter::Lanczos3)
}

fn astronaut() -> Vec<u8> {
    encode::png_rgb(&portrait()).expect("encoded")
}

/// Two seconds of the portrait: it blinks once.
fn video() -> Vec<u8> {
    let moves: Vec<_> = (0..2 * moving::RATE)
        .map(|number| {
            let closed = if (8..10).contains(&number) { 1.0 } else { 0.0 };
            moving::Move { closed, ..moving::STILL }
        })
        .collect();
    let vision = Vision::new(safelight_testkit::registry());
    moving::clip(&vision, &portrait(), &moves)
}

/// The file with a number of 32 bits in the first box of a kind changed.
fn changed(file: &[u8], kind: &[u8; 4], at: usize, number: u32) -> Vec<u8> {
    let mut file = file.to_vec();
    let place = file.windows(4).position(|part| part == kind).expect("a box") + 4 + at;
    file[place..place + 4].copy_from_slice(&number.to_be_bytes());
    file
}

/// A session that asks for this code.
async fn session(server: &TestServer, code: &str) -> String {
    let path = format!("{N}action-session");
    for _ in 0..500 {
        let one = json!({"min_code_length": 1, "max_code_length": 1});
        let begun = server.post_json(&path, &one).await.success();
        if begun["data"]["code"] == code {
            return text(&begun["data"]["session_id"]);
        }
    }
    panic!("no session asks for {code}");
}

fn sent(session: &str, video: &[u8]) -> Form {
    Form::new().text("session_id", session.to_owned()).part("video", file(video.to_vec()))
}

#[tokio::test]
async fn sessions_ask_for_actions_and_videos_show_them() {
    let server = TestServer::shipping().await;
    let (begin, verify) = (format!("{N}action-session"), format!("{N}action-verify"));
    let voice = server.post_json(&begin, &json!({"type": "voice"})).await;
    voice.failure(422, "UNSUPPORTED_PARAMETER_VALUES");
    let crossed = json!({"min_code_length": 3, "max_code_length": 2});
    server.post_json(&begin, &crossed).await.failure(422, "UNSUPPORTED_PARAMETER_VALUES");
    let begun = server.post_json(&begin, &json!({"min_code_length": 3})).await.success();
    assert_eq!(text(&begun["data"]["code"]).split(',').count(), 3);

    let video = video();
    let (balance, _) = server.credits().await;
    let outcome = async |code: &str, video: &[u8]| {
        let session = session(&server, code).await;
        server.post(&verify, sent(&session, video)).await
    };
    let number = |kind: &[u8], at: usize| {
        let start = video.windows(4).position(|part| part == kind).expect("a box") + 4 + at;
        u32::from_be_bytes(*video[start..].first_chunk().expect("a number"))
    };
    let (scale, frames) = (number(b"mdhd", 12), number(b"stts", 8));
    let lasting = |seconds: u32| changed(&video, b"stts", 12, (scale * seconds).div_ceil(frames));
    let slow = changed(&changed(&video, b"stsz", 8, 4), b"stts", 12, scale / 2);
    for (video, status, code) in [
        (b"RIFF0000AVI LIST".to_vec(), 415, "UNSUPPORTED_FILE_TYPES"),
        (vec![], 400, "PARAMETERS_CANNOT_EMPTY"),
        (lasting(11), 413, "ERROR_VIDEO_DURATION_EXCEEDED"),
        (lasting(0), 422, "ERROR_INVALID_FILE"),
        (slow, 422, "FILE_CONTENT_NON_COMPLIANCE"),
        (video[..video.len() / 2].to_vec(), 400, "FILE_DECODING_FAILURE"),
    ] {
        outcome("0", &video).await.failure(status, code);
    }
    let unknown = server.post(&verify, sent("none", &video)).await;
    unknown.failure(404, "ERROR_RESOURCE_NOT_FOUND");
    // A head that does not turn does not show both sides.
    outcome("7", &video).await.failure(422, "ERROR_ACTION_VERIFICATION_FAILED");
    assert_eq!(server.credits().await, (balance, 0), "what failed was free");

    let turned = session(&server, "7").await;
    let form = sent(&turned, &video).text("strict", "false");
    let told = server.post(&verify, form).await.success();
    assert_eq!(told["data"]["passed"], false);
    assert_eq!(told["data"]["actions"], json!([{"code": "7", "done": false}]));
    let again = server.post(&verify, sent(&turned, &video)).await;
    again.failure(410, "ERROR_RESOURCE_RECLAIMED");

    let blinked = sent(&session(&server, "0").await, &video).text("liveness_control", "NONE");
    let seen = server.post(&verify, blinked).await.success();
    println!("{} {}", seen["data"]["score"], seen["data"]["actions"]);
    assert_eq!(seen["data"]["passed"], true);
    let at = seen["data"]["actions"][0]["at"].as_f64().expect("a time");
    assert!((0.7..1.1).contains(&at), "the eyes are open again after 0.83 s: {at}");
    let best = BASE64_STANDARD.decode(text(&seen["data"]["best_image"])).expect("Base64");
    assert_eq!(probe(&best).expect("a picture").format, Format::Jpeg);
    assert_eq!(server.credits().await, (balance - 10, 0));
    // The token stands for the face in the video.
    let pair = json!({
        "image_tokens": seen["data"]["face_token"],
        "images_base64": [BASE64_STANDARD.encode(astronaut())],
    });
    let compared =
        server.post_json("/api/portrait/recognition/face-compare", &pair).await.success();
    assert!(compared["data"]["score"].as_f64() > Some(80.0), "{compared}");
}

#[tokio::test]
async fn faces_that_declare_themselves_made_are_not_added() {
    let server = TestServer::shipping().await;
    let group = json!({"group_id": "staff"});
    server.post_json("/api/portrait/library/group-create", &group).await.success();
    let made = provenance::composite(astronaut(), Format::Png);
    let base = |picture: &[u8], more: Value| {
        let mut body = json!({
            "image_base64": BASE64_STANDARD.encode(picture), "group_id": "staff", "user_id": "ada",
        });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("one").clone());
        body
    };
    let add = "/api/portrait/library/face-add";
    let checked = json!({"spoofing_control": "NORMAL"});
    let refused = server.post_json(add, &base(&made, checked.clone())).await;
    let message = refused.failure(422, "ERROR_SYNTHESIS_DETECTION_FAILED");
    assert!(message.contains("compositeSynthetic"), "{message}");
    let wrong = json!({"spoofing_control": "HIGH"});
    server.post_json(add, &base(&made, wrong)).await.failure(422, "UNSUPPORTED_PARAMETER_VALUES");
    server.post_json(add, &base(&astronaut(), checked)).await.success();

    let body = json!({"image_base64": BASE64_STANDARD.encode(&made)});
    let told = server.post_json(&format!("{N}synthetic-face-detection"), &body).await.success();
    assert_eq!(told["data"]["synthetic"], true);

    let silent = format!("{N}silent-liveness-detection");
    server.post_json(&silent, &json!({})).await.failure(400, "ERROR_MISSING_TASKS_PARAMETER");
    let (balance, _) = server.credits().await;
    let two = json!({"tasks_base64": vec![BASE64_STANDARD.encode(astronaut()); 2]});
    let told = server.post_json(&silent, &two).await.success();
    assert_eq!(told["data"]["elements"].as_array().map(Vec::len), Some(2));
    assert_eq!(server.credits().await, (balance - 2, 0), "each picture is charged");
}
