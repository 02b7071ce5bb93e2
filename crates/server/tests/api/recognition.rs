//! Recognition through HTTP with the models that ship: faces into a library, and out of it.

mod concurrent;

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use image::{RgbImage, imageops};
use parking_lot::Mutex;
use safelight_imaging::resize::{self, Filter};
use safelight_imaging::{decode, encode, probe};
use safelight_library::MasterKey;
use safelight_store::{Faces as _, Sqlite, StoredFace};
use serde_json::{Value, json};

use crate::common::{Answer, TestServer, file, text};

const L: &str = "/api/portrait/library/";
const R: &str = "/api/portrait/recognition/";

fn photo(name: &str) -> RgbImage {
    let bytes = safelight_testkit::photo(name);
    decode(&bytes, &probe(&bytes).expect("a picture")).expect("a picture").rgb
}

/// The upper part of a portrait, 320 pixels wide.
fn astronaut() -> RgbImage {
    resize::rgb_part(&photo("astronaut.png"), [90, 0, 270, 270], 320, 320, Filter::Lanczos3)
}

fn hopper() -> RgbImage {
    let photo = photo("grace_hopper.jpg");
    let side = photo.width();
    resize::rgb_part(&photo, [0, 0, side, side], 320, 320, Filter::Lanczos3)
}

/// Both beside each other, the second smaller.
fn both() -> RgbImage {
    let mut pixels = RgbImage::new(580, 320);
    imageops::replace(&mut pixels, &astronaut(), 0, 0);
    let small = resize::rgb(&hopper(), 260, 260, Filter::Lanczos3);
    imageops::replace(&mut pixels, &small, 320, 0);
    pixels
}

fn png(pixels: &RgbImage) -> String {
    BASE64_STANDARD.encode(encode::png_rgb(pixels).expect("encoded"))
}

struct Pictures {
    ada: String,
    /// The same person in another picture.
    mirrored: String,
    grace: String,
    both: String,
    blurred: String,
    cup: String,
}

impl Pictures {
    fn new() -> Self {
        let cup = resize::rgb(&photo("coffee.png"), 300, 200, Filter::Lanczos3);
        Self {
            ada: png(&astronaut()),
            mirrored: png(&imageops::flip_horizontal(&astronaut())),
            grace: png(&hopper()),
            both: png(&both()),
            blurred: png(&imageops::blur(&astronaut(), 3.0)),
            cup: png(&cup),
        }
    }
}

async fn post(server: &TestServer, path: &str, body: Value) -> Answer {
    server.post_json(path, &body).await
}

/// `body` with the members of `more`.
fn with(body: &Value, more: Value) -> Value {
    let mut body = body.clone();
    let members = more.as_object().expect("an object").clone();
    body.as_object_mut().expect("an object").extend(members);
    body
}

async fn refuse(server: &TestServer, path: &str, cases: Vec<(Value, u16, &str)>) {
    for (body, status, code) in cases {
        let answer = post(server, path, body.clone()).await;
        let json = answer.json();
        let found = (answer.status, json["error_detail"]["code"].as_str());
        let fields: Vec<_> = body.as_object().expect("an object").keys().collect();
        assert_eq!(found, (status, Some(code)), "{path} {fields:?}: {json}");
    }
}

#[tokio::test]
async fn faces_are_added_found_and_forgotten() {
    let server = TestServer::shipping_with(|settings| {
        settings.library.max_faces_per_user = 2;
        settings.library.store_images = true;
    })
    .await;
    let faces = Pictures::new();
    for (group, scene) in [("staff", "LIVE"), ("cards", "IDCARD"), ("empty", "LIVE")] {
        let new = json!({"group_id": group, "scene_type": scene});
        post(&server, &format!("{L}group-create"), new).await.success();
    }
    let ada = json!({"image_base64": faces.ada, "group_id": "staff", "user_id": "ada"});
    let add = format!("{L}face-add");
    refuse(
        &server,
        &add,
        vec![
            (json!({"group_id": "staff", "user_id": "ada"}), 400, "MISSING_PARAMETERS"),
            (with(&ada, json!({"quality_control": "BEST"})), 422, "ERROR_QUALITY_CONTROL_ERROR"),
            (with(&ada, json!({"liveness_control": "BEST"})), 422, "ERROR_LIVENESS_CONTROL_ERROR"),
            (with(&ada, json!({"action_type": "ADD"})), 422, "UNSUPPORTED_PARAMETER_VALUES"),
            (with(&ada, json!({"image_base64": vec![&faces.cup; 5]})), 400, "ERROR_TOO_MANY_FILES"),
            (with(&ada, json!({"group_id": "none"})), 404, "ERROR_USER_GROUP_NOT_FOUND"),
            (with(&ada, json!({"scene_type": "IDCARD"})), 422, "ERROR_SCENE_TYPE_MISMATCH"),
            (with(&ada, json!({"image_base64": faces.cup})), 422, "ERROR_NO_FACE_IN_FILE"),
            (
                with(&ada, json!({"image_base64": faces.both, "single_face": true})),
                422,
                "FILE_CONTENT_NON_COMPLIANCE",
            ),
            (
                with(&ada, json!({"min_face_size": 2000})),
                422,
                "ERROR_FACE_SIZE_NOT_MEET_REQUIREMENTS",
            ),
            (
                with(&ada, json!({"image_base64": faces.blurred, "quality_score_threshold": 99})),
                422,
                "ERROR_QUALITY_SCORE_NOT_MEET_REQUIREMENTS",
            ),
        ],
    )
    .await;
    server.assert_charges(0).await;
    let added = post(&server, &add, with(&ada, json!({"store_image": true}))).await.success();
    let token = text(&added["data"]["face_token"]);
    assert_eq!((token.len(), &added["data"]["minor_caution"]), (32, &json!(false)));
    server.assert_charges(1).await;
    refuse(
        &server,
        &add,
        vec![
            (ada.clone(), 409, "ERROR_FACE_ALREADY_EXISTS"),
            (
                with(
                    &ada,
                    json!({
                        "image_base64": faces.mirrored, "user_id": "eve",
                        "unique_person_control": "NORMAL",
                    }),
                ),
                409,
                "ERROR_FACE_ALREADY_EXISTS",
            ),
        ],
    )
    .await;
    // A second picture of one user, as one of two of which one shows nobody; then no third.
    let two = json!({"image_base64": [&faces.cup, &faces.mirrored]});
    let logged = post(&server, &add, with(&ada, two)).await.success();
    let log = logged["data"]["log"].as_array().expect("a list");
    assert_eq!(log[0]["error_detail"]["code"], "ERROR_NO_FACE_IN_FILE");
    assert_eq!(log[1]["face_token"], logged["data"]["face_token"]);
    let third = with(&ada, json!({"image_base64": faces.grace}));
    refuse(&server, &add, vec![(third, 400, "ERROR_FACE_TRACE_LIMIT_EXCEEDED")]).await;
    let grace = json!({"image_base64": faces.grace, "group_id": "staff", "user_id": "grace"});
    let update = format!("{L}face-update");
    let elsewhere = with(&grace, json!({"scene_type": "IDCARD"}));
    let unknown = |body: Value| (body, 404, "ERROR_USER_NOT_FOUND");
    refuse(&server, &update, vec![unknown(grace.clone()), unknown(elsewhere)]).await;
    post(&server, &update, with(&grace, json!({"action_type": "REPLACE"}))).await.success();

    search(&server, &faces).await;
    verify_and_compare(&server, &faces, &token).await;
    images(&server, &faces, &token).await;
    let listed = json!({"group_id": "staff", "user_id": "ada"});
    let listed = post(&server, &format!("{L}face-list"), listed).await.success();
    assert_eq!(listed["data"]["face_list"].as_array().map(Vec::len), Some(2));
    copies(&server, &faces).await;
    export_and_erase(&server, &faces).await;
}

async fn search(server: &TestServer, faces: &Pictures) {
    let path = format!("{R}face-search");
    let body = json!({"image_base64": faces.mirrored, "group_id_list": "staff,empty", "limit": 3});
    let eleven: Vec<_> = (0..11).map(|number| format!("g{number}")).collect();
    let users: Vec<_> = (0..21).map(|number| format!("u{number}")).collect();
    refuse(
        server,
        &path,
        vec![
            (
                json!({"image_base64": faces.ada, "group_id_list": "staff"}),
                400,
                "ERROR_MISSING_LIMIT_PARAMETER",
            ),
            (with(&body, json!({"group_id_list": ""})), 400, "PARAMETERS_CANNOT_EMPTY"),
            (
                with(&body, json!({"group_id_list": eleven})),
                400,
                "ERROR_TOO_MANY_GROUPS_IN_GROUP_LIST",
            ),
            (with(&body, json!({"user_id_list": users})), 400, "ERROR_TOO_MANY_UIDS_IN_UID_LIST"),
            (with(&body, json!({"limit": 51})), 422, "UNSUPPORTED_PARAMETER_VALUES"),
            (with(&body, json!({"image_token": "t"})), 400, "ERROR_INVALID_PARAMETER"),
            (with(&body, json!({"group_id_list": "none"})), 404, "ERROR_USER_GROUP_NOT_FOUND"),
            (with(&body, json!({"scene_type": "IDCARD"})), 422, "ERROR_SCENE_TYPE_MISMATCH"),
            (
                json!({"image_token": "a".repeat(32), "group_id_list": "staff", "limit": 1}),
                404,
                "ERROR_FACE_TOKEN_NOT_FOUND",
            ),
            (with(&body, json!({"group_id_list": "empty"})), 404, "ERROR_USER_NOT_FOUND"),
            (with(&body, json!({"user_id_list": "grace"})), 404, "ERROR_USER_NOT_FOUND"),
        ],
    )
    .await;
    let found = post(server, &path, body.clone()).await.success();
    let users = found["data"]["user_list"].as_array().expect("a list");
    assert_eq!((users.len(), &users[0]["user_id"]), (1, &json!("ada")));
    assert!(users[0]["score"].as_f64().is_some_and(|score| score > 99.0), "the picture itself");
    assert_eq!(
        (&found["data"]["searched"], &found["data"]["thresholds"]["1e-4"]),
        (&json!(3), &json!(80.0))
    );
    // By the token that it answered, with everybody in the order of their scores.
    let all = json!({
        "image_token": found["data"]["face_token"], "group_id_list": ["staff"], "max_user_num": 9,
        "match_threshold": 0,
    });
    let all = post(server, &path, all).await.success();
    let order: Vec<_> = all["data"]["user_list"].as_array().expect("a list").iter().collect();
    assert_eq!((&order[0]["user_id"], &order[1]["user_id"]), (&json!("ada"), &json!("grace")));
    assert!(order[1]["score"].as_f64().is_some_and(|score| score < 60.0), "{order:?}");

    let multi = json!({"image_base64": faces.both, "group_id_list": "staff", "limit": 2});
    let multi = post(server, &format!("{R}face-multi-search"), multi).await.success();
    let people = multi["data"]["face_list"].as_array().expect("a list");
    let mut people: Vec<_> =
        people.iter().map(|face| text(&face["user_list"][0]["user_id"])).collect();
    people.sort();
    assert_eq!(people, ["ada", "grace"]);
    let several = format!("{R}face-multi-search");
    let both = json!({"image_base64": faces.both, "group_id_list": "staff", "limit": 2});
    refuse(
        server,
        &several,
        vec![
            (with(&both, json!({"single_face": true})), 422, "FILE_CONTENT_NON_COMPLIANCE"),
            (with(&both, json!({"image_token": "t"})), 400, "ERROR_INVALID_PARAMETER"),
        ],
    )
    .await;
    // By a token; the groups as a JSON list in a form.
    let form = reqwest::multipart::Form::new()
        .text("image_token", text(&found["data"]["face_token"]))
        .text("group_id_list", r#"["staff", "empty"]"#)
        .text("limit", "2");
    let named = server.post(&several, form).await.success();
    assert_eq!(named["data"]["face_list"][0]["user_list"][0]["user_id"], "ada");
    let nobody = json!({"image_base64": faces.both, "group_id_list": "empty", "limit": 2});
    let nobody = post(server, &format!("{R}face-multi-search"), nobody).await;
    nobody.failure(404, "ERROR_USER_NOT_FOUND");
    let audit = server.store.face_audit(server.application.id, Some("grace"), 9).await;
    let audit = audit.expect("the audit");
    assert_eq!(
        (audit[0].action.as_str(), audit[0].user_ids.as_str()),
        ("face-multi-search", "ada,grace")
    );
    assert!(audit[0].key.is_some(), "the key that asked");

    // A group that is shared can be searched, and no more.
    let (key, _) = server.another("other").await;
    let ask = async |path: &str, body: Value| {
        let request = server.http.post(server.url(path)).header("ailabapi-api-key", &key);
        Answer::of(request.json(&body).send().await.expect("answer")).await
    };
    let search = async || ask(&path, body.clone()).await;
    search().await.failure(404, "ERROR_USER_GROUP_NOT_FOUND");
    for group in ["staff", "empty"] {
        let share = json!({"group_id": group, "app_list": ["other"]});
        post(server, &format!("{L}group-share"), share).await.success();
    }
    let found = search().await.success();
    assert_eq!(found["data"]["user_list"][0]["user_id"], "ada");
    let audit = server.store.face_audit(server.application.id, Some("ada"), 1).await;
    assert_eq!(audit.expect("the audit")[0].action, "face-search", "its owner knows");
    // What the other one does with its own groups is not the owner's business.
    let private = json!({"group_id": "private"});
    ask(&format!("{L}group-create"), private).await.success();
    let add = json!({"image_base64": faces.ada, "group_id": "private", "user_id": "secret"});
    ask(&format!("{L}face-add"), add).await.success();
    let both = with(&body, json!({"group_id_list": "private,staff", "max_user_num": 9}));
    let found = ask(&path, both).await.success();
    assert_eq!(found["data"]["user_list"].as_array().map(Vec::len), Some(2));
    let audit = server.store.face_audit(server.application.id, None, 1).await.expect("the audit");
    let (groups, users) = (audit[0].group_id.as_str(), audit[0].user_ids.as_str());
    assert_eq!((groups, users, audit[0].key), ("staff", "ada", None));
}

async fn verify_and_compare(server: &TestServer, faces: &Pictures, token: &str) {
    let path = format!("{R}face-verify");
    let body = json!({"image_base64": faces.ada, "group_id": "staff", "user_id": "ada"});
    let verified = post(server, &path, body.clone()).await.success();
    assert_eq!(
        (&verified["data"]["match"], &verified["data"]["face_token"]),
        (&json!(true), &json!(token))
    );
    let other = with(&body, json!({"user_id": "grace"}));
    let verified = post(server, &path, other).await.success();
    assert_eq!(verified["data"]["match"], false);
    refuse(
        server,
        &path,
        vec![
            (with(&body, json!({"user_id": "x"})), 404, "ERROR_USER_NOT_FOUND"),
            (with(&body, json!({"match_threshold": 101})), 422, "UNSUPPORTED_PARAMETER_VALUES"),
        ],
    )
    .await;
    let path = format!("{R}face-compare");
    let same = json!({"images_base64": [faces.ada, faces.mirrored]});
    let same = post(server, &path, same).await.success();
    let differ = json!({"images_base64": faces.grace, "image_tokens": token});
    let differ = post(server, &path, differ).await.success();
    let score = |answer: &Value| answer["data"]["score"].as_f64().expect("a score");
    println!("same {} differ {}", score(&same), score(&differ));
    assert!(score(&same) > 90.0 && score(&differ) < 60.0);
    refuse(
        server,
        &path,
        vec![
            (json!({}), 400, "MISSING_PARAMETERS"),
            (json!({"images_base64": faces.ada}), 422, "ERROR_INCORRECT_FILE_COUNT"),
            (
                json!({"images_base64": [faces.ada, faces.ada, faces.ada]}),
                422,
                "ERROR_INCORRECT_FILE_COUNT",
            ),
        ],
    )
    .await;
    let path = format!("{R}face-detect");
    let two = json!({"image_base64": faces.both, "max_face_num": 5});
    let two = post(server, &path, two).await.success();
    assert_eq!(two["data"]["face_num"], 2);
    let sides: Vec<_> =
        [0, 1].map(|at| two["data"]["face_list"][at]["location"]["width"].as_i64()).into();
    assert!(sides[0] > sides[1], "the largest first");
    refuse(server, &path, vec![(json!({"image_base64": faces.cup}), 422, "ERROR_NO_FACE_IN_FILE")])
        .await;
    let wide = RgbImage::new(4097, 100);
    let wide = json!({"image_base64": png(&wide)});
    refuse(server, &path, vec![(wide, 422, "ERROR_HIGH_RESOLUTION")]).await;
}

/// The picture of a face, while its blob is there and whole.
async fn images(server: &TestServer, faces: &Pictures, token: &str) {
    let path = format!("{L}face-image");
    let body = json!({"group_id": "staff", "user_id": "ada", "face_token": token});
    let kept = post(server, &path, body.clone()).await.success();
    assert_eq!(text(&kept["data"]["image"]), faces.ada);
    let blobs = crate::common::files_below(&server.files().join("faces"));
    let [blob] = blobs.as_slice() else { panic!("{blobs:?}") };
    let mut bytes = std::fs::read(blob).expect("read");
    let sent = BASE64_STANDARD.decode(&faces.ada).expect("Base64");
    assert!(!bytes.windows(64).any(|part| part == &sent[64..128]), "it is encrypted");
    bytes[100] ^= 1;
    std::fs::write(blob, bytes).expect("written");
    post(server, &path, body.clone()).await.failure(400, "ERROR_GET_FACE_IMAGE_FAILED");
    let list = json!({"group_id": "staff", "user_id": "grace"});
    let list = post(server, &format!("{L}face-list"), list).await.success();
    let other =
        json!({"user_id": "grace", "face_token": list["data"]["face_list"][0]["face_token"]});
    post(server, &path, with(&body, other)).await.failure(404, "ERROR_CONTENT_NOT_FOUND");
    // Where the folder cannot be written to, nothing is added.
    std::fs::remove_dir_all(server.files().join("faces")).expect("removed");
    std::fs::write(server.files().join("faces"), "in the way").expect("written");
    let add = json!({
        "image_base64": faces.grace, "group_id": "staff", "user_id": "eve", "store_image": true,
    });
    let failed = post(server, &format!("{L}face-add"), add).await;
    failed.failure(400, "ERROR_FACE_IMAGE_ADDITION_FAILED");
}

/// A token of a face that is in no group.
async fn token_in_no_group(server: &TestServer, faces: &Pictures) -> Value {
    let body = json!({"image_base64": faces.both});
    let seen = post(server, &format!("{R}face-detect"), body).await.success();
    seen["data"]["face_list"][0]["face_token"].clone()
}

/// A deletion leaves no token behind.
async fn forgotten(server: &TestServer, token: &Value) {
    let body = json!({"image_token": token, "group_id_list": "staff", "limit": 1});
    let search = post(server, &format!("{R}face-search"), body).await;
    search.failure(404, "ERROR_FACE_TOKEN_NOT_FOUND");
}

/// Copies are found in their new group, encrypted with another key.
async fn copies(server: &TestServer, faces: &Pictures) {
    let copy =
        json!({"src_group_id": "staff", "dst_group_id": "empty", "user_id_list": ["ada", "grace"]});
    let copied = post(server, &format!("{L}user-copy"), copy).await.success();
    assert_eq!((&copied["data"]["copied"], &copied["data"]["faces"]), (&json!(2), &json!(3)));
    let body = json!({"image_base64": faces.grace, "group_id_list": "empty", "limit": 1});
    let found = post(server, &format!("{R}face-search"), body.clone()).await.success();
    assert_eq!(found["data"]["user_list"][0]["user_id"], "grace");
    let other = token_in_no_group(server, faces).await;
    let gone = json!({"user_id": "grace"});
    post(server, &format!("{L}user-delete"), gone).await.success();
    forgotten(server, &found["data"]["face_token"]).await;
    forgotten(server, &other).await;
    let search = post(server, &format!("{R}face-search"), body).await;
    search.failure(404, "ERROR_USER_NOT_FOUND");
}

async fn export_and_erase(server: &TestServer, faces: &Pictures) {
    let task = post(server, &format!("{L}library-export"), json!({})).await.success();
    let done = server.wait(&text(&task["task_id"])).await.success();
    let url = text(&done["data"]["file_url"]);
    let lines = server.http.get(url).send().await.expect("answer").text().await.expect("text");
    let kinds: Vec<_> = lines.lines().filter_map(|line| line.split('"').nth(1)).collect();
    assert_eq!(
        kinds,
        ["library", "group", "group", "user", "face", "face", "group", "user", "face", "face"]
    );

    // A copy of the database made after a group was deleted opens nothing of it, with the key.
    let rows = |path: std::path::PathBuf, group: i64| async move {
        let store = Sqlite::open(path).expect("database");
        let group_is_there = store.face_group_at(group).await.expect("read").is_some();
        let faces = Arc::new(Mutex::new(Vec::new()));
        let all = faces.clone();
        let sink = move |_, faces: Vec<StoredFace>| all.lock().extend(faces);
        store.read_group_faces(group, 9, Arc::new(sink)).await.expect("read");
        let faces = std::mem::take(&mut *faces.lock());
        (group_is_there, faces)
    };
    let database = server.folder().join("safelight.db");
    let id = server.application.id;
    let group = server.store.face_group(id, "empty", false).await.expect("there");
    let key = MasterKey::new([7; 32]);
    let place = format!("{id}/empty");
    let wrapped = group.wrapped_key.clone().expect("a key");
    let key = key.unwrap(&wrapped, place.as_bytes()).expect("it is the master key");
    server.store.scrub().await.expect("the log is folded into the database");
    let copy = server.folder().join("before.db");
    std::fs::copy(&database, &copy).expect("copied");
    let (there, sealed) = rows(copy, group.row).await;
    let place = format!("{}/{}", group.row, sealed[0].token);
    assert!(there && key.open_embedding(&sealed[0].sealed, place.as_bytes()).is_ok());
    let other = token_in_no_group(server, faces).await;
    post(server, &format!("{L}group-delete"), json!({"group_id": "empty"})).await.success();
    let copy = server.folder().join("after.db");
    std::fs::copy(&database, &copy).expect("copied");
    let (there, _) = rows(copy.clone(), group.row).await;
    let bytes = std::fs::read(copy).expect("read");
    assert!(!there && !bytes.windows(16).any(|part| part == &wrapped[..16]), "no key is left");
    forgotten(server, &other).await;

    let erase = json!({"confirm": "default"});
    post(server, &format!("{L}library-erase"), erase).await.success();
    let search = json!({"image_base64": faces.ada, "group_id_list": "staff", "limit": 1});
    let search = post(server, &format!("{R}face-search"), search).await;
    search.failure(404, "ERROR_USER_GROUP_NOT_FOUND");
    let bytes = std::fs::read(&database).expect("read");
    assert!(!sealed.iter().any(|face| bytes.windows(64).any(|p| p == &face.sealed[..64])));
}

/// Files go as parts too, and pictures are kept only where the operator allows it.
#[tokio::test]
async fn pictures_are_kept_where_the_operator_allows_it_alone() {
    let server = TestServer::shipping().await;
    let group = json!({"group_id": "g"});
    post(&server, &format!("{L}group-create"), group).await.success();
    let form = |store: &str| {
        let image = file(encode::png_rgb(&astronaut()).expect("encoded"));
        let form = crate::common::form([("group_id", "g"), ("user_id", "u")]);
        form.part("image", image).text("store_image", store.to_owned())
    };
    let path = format!("{L}face-add");
    server.post(&path, form("true")).await.failure(400, "ERROR_IMAGE_STORAGE_NOT_SUPPORTED");
    server.post(&path, form("false")).await.success();
    assert!(!server.files().join("faces").exists());
    server.assert_charges(1).await;
}
