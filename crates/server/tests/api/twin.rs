//! The twin: the checks of the real server, and answers that fit what is declared.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};
use reqwest::multipart::Form;
use safelight_imaging::{Format, probe};
use safelight_operation::{Delivery, Endpoint, FileField, LeafKind, sample_mask, samples};
use safelight_server::RECOGNITION;
use safelight_services::CATALOG;
use serde_json::{Value, json};

use crate::common::{Contract, TestServer, file, form, png};

const CUTOUT: &str = "/api/cutout/general/universal-background-removal";
const LATER: &str = "/api/portrait/editing/ai-hair-color";

/// Width and height of a photo that the rules of a file allow.
fn size_for(field: &FileField) -> (u32, u32) {
    let side = |least: u32, most: u32| 400.clamp(least, most);
    (side(field.rules.min.0, field.rules.max.0), side(field.rules.min.1, field.rules.max.1))
}

fn photo_for(field: &FileField) -> Vec<u8> {
    let (width, height) = size_for(field);
    let picture = RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, 90]));
    let format = match field.rules.formats.contains(&Format::Png) {
        true => ImageFormat::Png,
        false => ImageFormat::Jpeg,
    };
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("a picture");
    bytes.into_inner()
}

/// A request that the service accepts: its first sample, with all files that it takes.
pub fn request(endpoint: &Endpoint) -> Form {
    let mut form = Form::new();
    for field in endpoint.files() {
        let bytes = match field.mask_of {
            None => photo_for(field),
            Some(photo) => {
                let photo = endpoint.files().find(|other| other.name == photo).expect("a photo");
                let (width, height) = size_for(photo);
                sample_mask(width, height).expect("a mask")
            }
        };
        // Two where a list is taken: some compare its first two.
        for _ in 0..field.most().min(2) {
            form = form.part(field.name, file(bytes.clone()));
        }
    }
    let values = samples(endpoint).swap_remove(0).values;
    values.into_iter().fold(form, |form, (name, value)| form.text(name, value))
}

/// What is wrong with a service's answer beside what every answer of these tests is held to.
async fn checked(server: &TestServer, contract: &Contract, endpoint: &Endpoint) -> Vec<String> {
    let path = endpoint.spec().path;
    let answer = server.post(path, request(endpoint)).await;
    let json = answer.success();
    assert_eq!(answer.header("x-safelight-sandbox"), "true", "{path}");
    let result = match json["task_id"].as_str() {
        Some(task) => server.wait(task).await.success(),
        None => json,
    };
    let mut found = Vec::new();
    if endpoint.spec().delivery != Delivery::Sync {
        found.extend(contract.check_result(path, &result).err());
    }
    for leaf in endpoint.answer().leaves() {
        let pointer = format!("/{}", leaf.path.replace("[]", ".0").replace('.', "/"));
        if result.pointer(&pointer).is_none() {
            found.push(format!("{} is missing", leaf.path));
        }
    }
    found.into_iter().map(|problem| format!("{path} {problem}")).collect()
}

#[tokio::test]
async fn every_service_answers_what_it_declares() {
    let server = TestServer::twin().await;
    let contract = Contract::of(server.get("/openapi.json").await.json());
    let mut wrong = Vec::new();
    for endpoint in CATALOG.iter().chain(RECOGNITION) {
        wrong.extend(checked(&server, &contract, endpoint).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(server.credits().await, (1000, 0), "a twin charges nothing");
}

/// What finds no fault with the results above finds one with these.
#[tokio::test]
async fn what_is_not_declared_does_not_pass() {
    let server = TestServer::twin().await;
    let contract = Contract::of(server.get("/openapi.json").await.json());
    let endpoint = safelight_services::find(LATER).expect("a service");
    let accepted = server.post(LATER, request(endpoint)).await.success();
    let right = server.wait(accepted["task_id"].as_str().expect("a task")).await.success();
    contract.check_result(LATER, &right).expect("as it is, it is right");
    for (pointer, value) in [
        ("/data/result_urls", json!(7)),
        ("/data/result_urls/0", json!("no URL at all")),
        ("/data", json!({})),
    ] {
        let mut wrong = right.clone();
        *wrong.pointer_mut(pointer).expect("it is there") = value.clone();
        assert!(contract.check_result(LATER, &wrong).is_err(), "{pointer} = {value}");
    }
}

#[tokio::test]
async fn pictures_have_the_size_of_the_photo_and_the_declared_format() {
    let server = TestServer::twin().await;
    let download = async |url: &Value| {
        let answer = server.http.get(url.as_str().expect("a URL")).send().await.expect("answer");
        let kind = answer.headers()["content-type"].to_str().expect("text").to_owned();
        (kind, answer.bytes().await.expect("body").to_vec())
    };
    let photo = || Form::new().part("image", file(png(300, 200)));
    let answer = server.post(CUTOUT, photo()).await.success();
    let (kind, bytes) = download(&answer["data"]["image_url"]).await;
    let header = probe(&bytes).expect("a picture");
    assert_eq!((kind.as_str(), header.width, header.height), ("image/png", 300, 200));
    assert_eq!(image::load_from_memory(&bytes).expect("PNG").to_rgba8().get_pixel(0, 0).0[3], 0);

    // Where the declaration says so, it is a JPEG or a clip.
    for (slug, start) in [("ai-flower-wallpaper", &b"\xff\xd8\xff"[..]), ("live-photo", b"ftyp")] {
        let endpoint = safelight_services::find(slug).expect("a service");
        let leaf = endpoint.answer().leaves().swap_remove(0);
        let answer = server.post(endpoint.spec().path, request(endpoint)).await.success();
        let answer = match answer["task_id"].as_str() {
            Some(task) => server.wait(task).await.success(),
            None => answer,
        };
        let pointer = format!("/{}", leaf.path.replace("[]", "/0").replace('.', "/"));
        let value = answer.pointer(&pointer).expect(&leaf.path);
        let bytes = match leaf.kind {
            LeafKind::Url => download(value).await.1,
            _ => {
                use base64::Engine as _;
                let text = value.as_str().expect("Base64");
                base64::prelude::BASE64_STANDARD.decode(text).expect("Base64")
            }
        };
        assert!(bytes[..12].windows(start.len()).any(|part| part == start), "{slug}");
    }
}

#[tokio::test]
async fn requests_are_checked_as_by_the_real_server() {
    let server = TestServer::twin().await;
    let post = async |form| server.post(CUTOUT, form).await;
    post(form([])).await.failure(400, "MISSING_PARAMETERS");
    let image = |bytes| Form::new().part("image", file(bytes));
    post(image(b"no picture".to_vec())).await.failure(415, "UNSUPPORTED_FILE_TYPES");
    post(image(png(4, 4))).await.failure(422, "ERROR_LOW_RESOLUTION");
    let unknown = image(png(64, 64)).text("return_form", "hologram");
    post(unknown).await.failure(422, "UNSUPPORTED_PARAMETER_VALUES");
    let other = server.post_as("no-such-key", CUTOUT, image(png(64, 64))).await;
    other.failure(401, "ERROR_APPLICATIONS_NOT_EXISTS");
    let ready = server.get("/health/ready").await;
    assert_eq!((ready.status, &ready.json()["unavailable"]), (200, &json!([])));
}
