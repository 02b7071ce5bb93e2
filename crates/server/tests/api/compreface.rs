//! CompreFace's REST API over HTTP, with the models that ship.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use image::{RgbImage, imageops};
use reqwest::Method;
use reqwest::multipart::Form;
use safelight_imaging::resize::{self, Filter};
use safelight_imaging::{decode, encode, probe};
use safelight_store::{Credits, ServiceState};
use serde_json::{Value, json};

use crate::common::{TestServer, file, text};

const SUBJECTS: &str = "/api/v1/recognition/subjects";
const FACES: &str = "/api/v1/recognition/faces";

fn photo(name: &str) -> RgbImage {
    let bytes = safelight_testkit::photo(name);
    decode(&bytes, &probe(&bytes).expect("a picture")).expect("a picture").rgb
}

fn png(pixels: &RgbImage) -> Vec<u8> {
    encode::png_rgb(pixels).expect("encoded")
}

fn astronaut() -> RgbImage {
    resize::rgb_part(&photo("astronaut.png"), [90, 0, 270, 270], 320, 320, Filter::Lanczos3)
}

fn hopper() -> RgbImage {
    let photo = photo("grace_hopper.jpg");
    let side = photo.width();
    resize::rgb_part(&photo, [0, 0, side, side], 320, 320, Filter::Lanczos3)
}

/// A call with JSON, or without a body; answers status and JSON.
async fn call(
    server: &TestServer,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> (u16, Value) {
    let request = server.http.request(method, server.url(path)).header("x-api-key", &server.key);
    let request = match body {
        Some(body) => request.json(&body),
        None => request.header("content-type", "application/json"),
    };
    read(request.send().await.expect("an answer")).await
}

async fn read(answer: reqwest::Response) -> (u16, Value) {
    let (status, body) = (answer.status().as_u16(), answer.bytes().await.expect("a body"));
    (status, serde_json::from_slice(&body).expect("JSON"))
}

/// A call with pictures as files.
async fn send(server: &TestServer, path: &str, files: &[(&str, &[u8])]) -> (u16, Value) {
    let mut form = Form::new();
    for (name, bytes) in files {
        form = form.part((*name).to_owned(), file(bytes.to_vec()));
    }
    let request = server.http.post(server.url(path)).header("x-api-key", &server.key);
    read(request.multipart(form).send().await.expect("an answer")).await
}

fn close(value: &Value, to: f64) -> bool {
    (value.as_f64().expect("a number") - to).abs() < 0.01
}

async fn served() -> TestServer {
    TestServer::shipping_with(|settings| {
        settings.compat.compreface = true;
        settings.library.store_images = true;
    })
    .await
}

#[tokio::test]
async fn the_layer_is_off_unless_it_is_asked_for() {
    let server = TestServer::shipping().await;
    let (status, answer) = call(&server, Method::GET, SUBJECTS, None).await;
    assert_eq!((status, &answer["error_detail"]["code"]), (404, &json!("ERROR_AI_NOT_EXISTS")));
}

#[tokio::test]
async fn subjects_are_kept_renamed_and_joined() {
    let server = served().await;
    let refused = |(status, answer): (u16, Value)| (status, answer["code"].clone());
    let nobody = server.http.get(server.url(SUBJECTS)).send().await.expect("an answer");
    assert_eq!(refused(read(nobody).await), (400, json!(20)));
    let stranger = server.http.get(server.url(SUBJECTS)).header("x-api-key", "other");
    assert_eq!(refused(read(stranger.send().await.expect("an answer")).await), (404, json!(10)));

    let list = async || call(&server, Method::GET, SUBJECTS, None).await.1["subjects"].clone();
    assert_eq!(list().await, json!([]));
    for name in ["Ann Smith", "Bob"] {
        let made = call(&server, Method::POST, SUBJECTS, Some(json!({"subject": name}))).await;
        assert_eq!(made, (201, json!({"subject": name})));
    }
    let post = async |body| refused(call(&server, Method::POST, SUBJECTS, Some(body)).await);
    assert_eq!(post(json!({"subject": "Bob"})).await, (400, json!(43)));
    assert_eq!(post(json!({"subject": " "})).await, (400, json!(36)));
    assert_eq!(post(json!({})).await, (400, json!(33)));
    assert_eq!(list().await, json!(["Ann Smith", "Bob"]));

    let (ada, grace) = (png(&astronaut()), png(&hopper()));
    let add = |subject: &str| format!("{FACES}?subject={subject}&det_prob_threshold=0.5");
    let (status, face) = send(&server, &add("Ann%20Smith"), &[("file", &ada)]).await;
    assert_eq!((status, &face["subject"]), (201, &json!("Ann Smith")));
    let id = text(&face["image_id"]);
    let again = send(&server, &add("Ann%20Smith"), &[("file", &ada)]).await.1;
    assert_eq!(again["image_id"], id, "the same picture is the same face");
    let other = send(&server, &add("Bob"), &[("file", &ada)]).await.1;
    assert_ne!(other["image_id"], id, "a face belongs to one subject");
    let base64 = json!({"file": BASE64_STANDARD.encode(&grace)});
    let made = call(&server, Method::POST, &add("Cyd"), Some(base64)).await;
    assert_eq!(made.0, 201, "a subject comes with its first face: {}", made.1);

    let rename = async |from: &str, to: &str| {
        let path = format!("{SUBJECTS}/{from}");
        // The Python SDK sends the old name, too.
        let body = json!({"subject": to, "api_endpoint": from});
        call(&server, Method::PUT, &path, Some(body)).await
    };
    assert_eq!(rename("Ann%20Smith", "Anne").await, (200, json!({"updated": true})));
    assert_eq!(refused(rename("Ann%20Smith", "Eve").await), (404, json!(42)));
    let picture = server.http.get(server.url(&format!("{FACES}/{id}/img")));
    let picture = picture.header("x-api-key", &server.key).send().await.expect("an answer");
    assert_eq!(picture.headers()["content-type"], "image/png");
    assert_eq!(picture.bytes().await.expect("a body"), ada, "the picture went along");
    assert_eq!(rename("Bob", "Anne").await, (200, json!({"updated": true})));
    let path = format!("/api/v1/static/{}/images/{}", server.key, text(&other["image_id"]));
    let picture = server.http.get(server.url(&path)).send().await.expect("an answer");
    assert_eq!(picture.bytes().await.expect("a body"), ada);
    assert_eq!(list().await, json!(["Anne", "Cyd"]));

    let page =
        async |query: &str| call(&server, Method::GET, &format!("{FACES}{query}"), None).await.1;
    let all = page("").await;
    assert_eq!((&all["total_elements"], &all["total_pages"]), (&json!(3), &json!(1)));
    let second = page("?page=1&size=2").await;
    assert_eq!(
        (second["faces"].as_array().map(Vec::len), &second["total_pages"]),
        (Some(1), &json!(2))
    );
    assert_eq!(page("?subject=Anne").await["total_elements"], 2);

    let delete = async |path: &str| call(&server, Method::DELETE, path, None).await;
    let gone = delete(&format!("{FACES}/{id}")).await;
    assert_eq!(gone, (200, json!({"image_id": id, "subject": "Anne"})));
    assert_eq!(refused(delete(&format!("{FACES}/{id}")).await), (404, json!(44)));
    let some = json!([id, other["image_id"]]);
    let gone = call(&server, Method::POST, &format!("{FACES}/delete"), Some(some)).await;
    assert_eq!(gone.1.as_array().map(Vec::len), Some(1), "{}", gone.1);
    assert_eq!(delete(&format!("{FACES}?subject=Cyd")).await, (200, json!({"deleted": 1})));
    assert_eq!(delete(&format!("{SUBJECTS}/Cyd")).await, (200, json!({"subject": "Cyd"})));
    assert_eq!(delete(SUBJECTS).await, (200, json!({"deleted": 1})));
    assert_eq!(list().await, json!([]));
}

#[tokio::test]
async fn a_subject_joins_another_with_all_its_faces_or_none() {
    let server = TestServer::shipping_with(|settings| {
        settings.compat.compreface = true;
        settings.library.max_faces_per_user = 2;
        settings.library.max_faces_per_group = 3;
    })
    .await;
    let (ada, grace) = (png(&astronaut()), png(&hopper()));
    let mut ids = Vec::new();
    for (subject, picture) in [("Ann", &ada), ("Ann", &grace), ("Bob", &ada)] {
        let path = format!("{FACES}?subject={subject}");
        ids.push(text(&send(&server, &path, &[("file", picture)]).await.1["image_id"]));
    }
    let join = async || {
        let body = json!({"subject": "Bob"});
        call(&server, Method::PUT, &format!("{SUBJECTS}/Ann"), Some(body)).await
    };
    let count = async |subject: &str| {
        let path = format!("{FACES}?subject={subject}");
        call(&server, Method::GET, &path, None).await.1["total_elements"].clone()
    };
    let (status, answer) = join().await;
    let why = text(&answer["message"]);
    assert!(status == 400 && why.contains("has 1 faces and would get 2 more, 2 is"), "{why}");
    assert_eq!((count("Ann").await, count("Bob").await), (json!(2), json!(1)), "nothing changed");
    let (status, _) = call(&server, Method::DELETE, &format!("{FACES}/{}", ids[0]), None).await;
    // The group is full, which keeps nobody from moving within it.
    let more = send(&server, &format!("{FACES}?subject=Cyd"), &[("file", &grace)]).await;
    assert_eq!((status, more.0), (200, 201), "{}", more.1);
    assert_eq!(join().await, (200, json!({"updated": true})));
    assert_eq!((count("Ann").await, count("Bob").await), (json!(0), json!(2)));
}

#[tokio::test]
async fn switches_and_prices_are_those_of_the_library() {
    let server = served().await;
    let path = "/api/v1/recognition/embeddings/recognize";
    let body = json!({"embeddings": [vec![0.1; 128]]});
    let recognize = async || call(&server, Method::POST, path, Some(body.clone())).await;
    let set = async |enabled, price| {
        let (id, same) = (server.application.id, "/api/portrait/recognition/face-search");
        let state = ServiceState { enabled, price };
        server.store.set_service(id, same, state).await.expect("set");
    };
    set(true, Some(Credits::whole(5))).await;
    let (status, answer) = recognize().await;
    assert_eq!((status, server.credits().await), (200, (995, 0)), "{answer}");
    set(false, None).await;
    let (status, answer) = recognize().await;
    assert_eq!((status, server.credits().await), (404, (995, 0)), "{answer}");
    assert!(answer["message"].as_str().is_some_and(|why| why.contains("is switched off")));
}

#[tokio::test]
async fn an_answer_names_so_many_subjects_at_most() {
    let server = served().await;
    for number in 0..11 {
        let name = json!({"subject": format!("Subject {number}")});
        assert_eq!(call(&server, Method::POST, SUBJECTS, Some(name)).await.0, 201);
    }
    let recognize = async |faces: usize| {
        let path = "/api/v1/recognition/embeddings/recognize";
        let body = json!({"embeddings": vec![vec![1; 128]; faces], "prediction_count": 1000});
        call(&server, Method::POST, path, Some(body)).await
    };
    let (status, answer) = recognize(10).await;
    assert_eq!((status, answer["result"].as_array().map(Vec::len)), (200, Some(10)), "{answer}");
    let (status, answer) = recognize(950).await;
    assert_eq!((status, &answer["code"]), (400, &json!(36)), "{answer}");
    let why = text(&answer["message"]);
    assert!(why.contains("prediction_count is 1000") && why.contains("up to 10 "), "{why}");
}

#[tokio::test]
async fn sandbox_keys_are_those_of_the_rest() {
    let server = served().await;
    let key = server.sandbox_key().await;
    let ask = async |key: &str, path: &str, simulate: &str| {
        let request = server.http.get(server.url(path)).header("x-api-key", key);
        let request = request.header("x-safelight-simulate", simulate);
        let answer = request.send().await.expect("an answer");
        let sandbox = answer.headers().contains_key("x-safelight-sandbox");
        let (status, answer) = read(answer).await;
        (status, sandbox, text(&answer["message"]))
    };
    let (status, sandbox, why) = ask(&key, SUBJECTS, "code=ERROR_USER_NOT_FOUND").await;
    assert!((status, sandbox) == (404, true) && why.contains("simulated"), "{status} {why}");
    let (status, sandbox, why) = ask(&server.key, SUBJECTS, "code=UNKNOWN_ERROR").await;
    assert!((status, sandbox) == (405, false) && why.contains("--sandbox"), "{status} {why}");
    let post = server.http.post(server.url("/api/v1/detection/detect")).header("x-api-key", &key);
    let post = post.header("x-safelight-simulate", "code=ERROR_NO_FACE_IN_FILE");
    let post = post.multipart(Form::new().part("file", file(png(&astronaut()))));
    let (status, answer) = read(post.send().await.expect("an answer")).await;
    assert_eq!((status, &answer["code"]), (400, &json!(28)), "{answer}");
    // A key that is not known is said to be where it was sent.
    let image = "/api/v1/static/nobody/images/none";
    let none = server.http.get(server.url(image)).send().await.expect("an answer");
    let (_, answer) = read(none).await;
    assert!(text(&answer["message"]).contains("the key in the path"), "{answer}");
}

#[tokio::test]
async fn faces_are_recognised_and_verified() {
    let server = served().await;
    let (ada, mirrored) = (astronaut(), png(&imageops::flip_horizontal(&astronaut())));
    let (ada, grace) = (png(&ada), png(&hopper()));
    let recognize = "/api/v1/recognition/recognize";
    let found = send(&server, recognize, &[("file", &ada)]).await;
    assert_eq!(found.1["result"][0]["subjects"], json!([]), "nobody is known yet");
    let path = format!("{FACES}?subject=Ada");
    let id = text(&send(&server, &path, &[("file", &ada)]).await.1["image_id"]);
    send(&server, &format!("{FACES}?subject=Grace"), &[("file", &grace)]).await;

    let all = "age,gender,mask,pose,landmarks,calculator";
    let path = format!("{recognize}?&limit=0&prediction_count=2&status=True&face_plugins={all}");
    let (status, found) = send(&server, &path, &[("file", &mirrored)]).await;
    let face = &found["result"][0];
    let subjects = face["subjects"].as_array().expect("a list");
    assert_eq!((status, subjects.len()), (200, 2), "{found}");
    assert_eq!(subjects[0]["subject"], "Ada");
    assert!(subjects[0]["similarity"].as_f64() > Some(0.9), "{face}");
    assert!(subjects[1]["similarity"].as_f64() < Some(0.3), "{face}");
    assert_eq!(face["gender"]["value"], "female");
    assert_eq!(face["mask"]["value"], "without_mask");
    assert_eq!(face["landmarks"].as_array().map(Vec::len), Some(5));
    assert!(face["age"]["low"].as_i64() < face["age"]["high"].as_i64());
    assert!(face["box"]["x_min"].as_i64() < face["box"]["x_max"].as_i64());
    assert!(face["execution_time"]["detector"].as_f64() > Some(0.0));
    assert!(found["plugins_versions"]["calculator"].is_string());

    let vector = face["embedding"].clone();
    let vectors = json!({"embeddings": [vector], "prediction_count": 1});
    let path = "/api/v1/recognition/embeddings/recognize";
    let known = call(&server, Method::POST, path, Some(vectors.clone())).await.1;
    assert_eq!(known["result"][0]["similarities"][0]["subject"], "Ada");
    // The audit names a subject once, however many of the faces are its.
    let twice = json!({"embeddings": [vector, vector]});
    let known = call(&server, Method::POST, path, Some(twice)).await.1;
    assert_eq!(known["result"][1]["similarities"][0]["subject"], "Ada");
    let audit = server.store.face_audit(server.application.id, None, 1).await.expect("the audit");
    let (users, count) = (audit[0].user_ids.as_str(), audit[0].count);
    assert!(users.starts_with("s_") && !users.contains(',') && count == 2, "{users} {count}");
    let path = format!("/api/v1/recognition/embeddings/faces/{id}/verify");
    let same = call(&server, Method::POST, &path, Some(vectors)).await.1;
    let pair = json!({"source": vector, "targets": [vector]});
    let itself = call(&server, Method::POST, "/api/v1/verification/embeddings/verify", Some(pair));
    assert!(close(&itself.await.1["result"][0]["similarity"], 1.0));

    // The path says which face, whatever the query string does.
    let path = format!("{FACES}/{id}/verify?image_id=00000000-0000-0000-0000-000000000000");
    assert_eq!(send(&server, &path, &[("file", &mirrored)]).await.1["result"][0]["subject"], "Ada");

    let verified = send(&server, &format!("{FACES}/{id}/verify"), &[("file", &mirrored)]).await.1;
    assert_eq!(verified["result"][0]["subject"], "Ada");
    let similarity = verified["result"][0]["similarity"].as_f64().expect("a number");
    assert!(close(&same["result"][0]["similarity"], similarity), "{same} {verified}");
    let two = [("source_image", &ada[..]), ("target_image", &grace[..])];
    let compared = send(&server, "/api/v1/verification/verify", &two).await.1;
    let compared = &compared["result"][0];
    assert!(compared["face_matches"][0]["similarity"].as_f64() < Some(0.3), "{compared}");
    assert!(compared["source_image_face"]["box"].is_object());
    let detected = send(&server, "/api/v1/detection/detect", &[("file", &grace)]).await.1;
    assert_eq!(detected["result"].as_array().map(Vec::len), Some(1));

    let cup = png(&resize::rgb(&photo("coffee.png"), 300, 200, Filter::Lanczos3));
    let mut both = RgbImage::new(640, 320);
    imageops::replace(&mut both, &astronaut(), 0, 0);
    imageops::replace(&mut both, &hopper(), 320, 0);
    let (balance, held) = server.credits().await;
    for (path, body, seen) in [
        (recognize, &cup[..], (400, 28)),
        (recognize, b"no picture", (400, 21)),
        (&format!("{FACES}?subject=Two")[..], &png(&both)[..], (400, 31)),
        (FACES, &ada, (400, 33)),
        (&format!("{recognize}?prediction_count=0"), &ada, (400, 12)),
        (&format!("{recognize}?det_prob_threshold=2"), &ada, (400, 36)),
        (&format!("{recognize}?face_plugins=horns"), &ada, (400, 36)),
        (&format!("{FACES}/nobody/verify"), &ada, (404, 44)),
    ] {
        let (status, answer) = send(&server, path, &[("file", body)]).await;
        let found = (status, answer["code"].as_i64().unwrap_or(-1));
        assert_eq!(found, seen, "{path}: {answer}");
        assert!(answer["message"].as_str().is_some_and(|message| !message.is_empty()));
    }
    let (status, answer) = send(&server, recognize, &[]).await;
    assert_eq!((status, &answer["code"]), (400, &json!(34)), "{answer}");
    assert_eq!(server.credits().await, (balance, held), "what failed was free");
    assert_eq!(balance, 1000 - 8, "each look at pictures costs one credit");
}
