//! Moderation through HTTP.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use crate::common::TestServer;

const PATH: &str = "/api/image/moderation/image-moderation";

#[tokio::test]
async fn pictures_are_judged_one_by_one_and_each_is_charged() {
    let server = TestServer::shipping().await;
    let photo = |name: &str| BASE64_STANDARD.encode(safelight_testkit::photo(name));
    // How harmless each is, by the package's own model in onnxruntime.
    let photos = [
        ("chelsea.png", 99.99),
        ("coffee.png", 98.72),
        ("astronaut.png", 98.48),
        ("grace_hopper.jpg", 99.99),
        ("flower.jpg", 99.85),
    ];
    let mut pictures: Vec<_> = photos.iter().map(|(name, _)| photo(name)).collect();
    let whole = safelight_testkit::photo("rocket.jpg");
    pictures.push(BASE64_STANDARD.encode(&whole[..whole.len() / 2]));
    let body = json!({"tasks_base64": pictures, "scenes": "porn,ad"});
    let answer = server.post_json(PATH, &body).await.success();
    let elements = answer["data"]["elements"].as_array().expect("a list");
    for (element, (name, harmless)) in elements.iter().zip(photos) {
        println!("{name}: {element}");
        let [porn, ad] = [0, 1].map(|at| &element["results"][at]);
        assert_eq!((&porn["label"], &porn["suggestion"]), (&json!("normal"), &json!("pass")));
        let rate = porn["rate"].as_f64().expect("a rate");
        assert!((rate - harmless).abs() < 0.5, "{name}: {rate}, the reference is {harmless}");
        assert_eq!((&ad["scene"], &ad["label"]), (&json!("ad"), &json!("normal")));
    }
    assert_eq!(elements[5]["error_detail"]["code"], "FILE_DECODING_FAILURE");
    let (balance, held) = server.credits().await;
    assert_eq!((balance, held), (1000 - 6, 0), "each picture is charged");

    for count in [1, 3] {
        let torn = json!({"tasks_base64": vec![&pictures[5]; count]});
        server.post_json(PATH, &torn).await.failure(400, "FILE_DECODING_FAILURE");
    }
    server.post_json(PATH, &json!({})).await.failure(400, "ERROR_MISSING_TASKS_PARAMETER");
    let unknown = json!({"tasks_base64": pictures[0], "scenes": "terrorism"});
    server.post_json(PATH, &unknown).await.failure(422, "UNSUPPORTED_PARAMETER_VALUES");
    let eleven = json!({"tasks_base64": vec![&pictures[0]; 11]});
    server.post_json(PATH, &eleven).await.failure(400, "ERROR_BATCH_TASK_LIMIT_EXCEEDED");
    assert_eq!(server.credits().await, (1000 - 6, 0));
}

#[tokio::test]
async fn each_picture_may_be_an_object_with_its_own_name() {
    let server = TestServer::shipping().await;
    let picture = BASE64_STANDARD.encode(safelight_testkit::photo("chelsea.png"));
    let tasks = json!([
        {"base64": picture, "data_id": "a"},
        {"image_base64": picture, "image_url": null},
        {"tasks_base64": picture, "data_id": 7},
    ]);
    let long = json!({"tasks": [{"base64": picture, "data_id": "a".repeat(2000)}]});
    let refused = server.post_json(PATH, &long).await.failure(413, "ERROR_CONTENT_TOO_LONG");
    assert!(refused.contains("tasks[0].data_id has 2002 bytes, the limit is 1024"), "{refused}");
    let answer = server.post_json(PATH, &json!({"tasks": tasks})).await.success();
    let names = ["a", "", "7"].map(|name| (!name.is_empty()).then(|| json!(name)));
    for (index, name) in names.iter().enumerate() {
        let element = &answer["data"]["elements"][index];
        assert_eq!(element.get("data_id"), name.as_ref(), "{element}");
    }
    let url = json!({"url": "http://127.0.0.1:9/a.png"});
    for (tasks, status, code) in [
        (json!([]), 400, "PARAMETERS_CANNOT_EMPTY"),
        (json!([{"data_id": "a"}]), 400, "MISSING_PARAMETERS"),
        (json!([{"base64": picture, "file_id": "f_1"}]), 400, "ERROR_INVALID_PARAMETER"),
        (json!(vec![&url; 11]), 400, "ERROR_BATCH_TASK_LIMIT_EXCEEDED"),
        (json!(["a.png"]), 400, "ERROR_PARAMETERS"),
    ] {
        server.post_json(PATH, &json!({"tasks": tasks})).await.failure(status, code);
    }
    // Of a field for one file, one object.
    let one = json!({"image": {"base64": picture}});
    let path = "/api/image/rating/image-exposure-score";
    server.post_json(path, &one).await.success();
}
