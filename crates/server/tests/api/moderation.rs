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

    server.post_json(PATH, &json!({})).await.failure(400, "ERROR_MISSING_TASKS_PARAMETER");
    let unknown = json!({"tasks_base64": pictures[0], "scenes": "terrorism"});
    server.post_json(PATH, &unknown).await.failure(422, "UNSUPPORTED_PARAMETER_VALUES");
    let eleven = json!({"tasks_base64": vec![&pictures[0]; 11]});
    server.post_json(PATH, &eleven).await.failure(400, "ERROR_TOO_MANY_FILES");
    assert_eq!(server.credits().await, (1000 - 6, 0));
}
