use safelight_services::CATALOG;

use super::*;

#[test]
fn every_service_and_every_code_is_in_the_document() {
    let document = document(CATALOG, Edition::E2025, "http://localhost:8080");
    for endpoint in CATALOG {
        let spec = endpoint.spec();
        let post = &document["paths"][spec.path]["post"];
        assert_eq!(post["operationId"], spec.sign);
        let form = &post["requestBody"]["content"]["multipart/form-data"]["schema"];
        for field in endpoint.fields() {
            assert!(form["properties"][field.name()].is_object(), "{}", field.name());
        }
    }
    assert_eq!(document["x-error-codes"].as_object().map(Map::len), Some(123));
}

#[tokio::test]
async fn the_template_makes_the_same_document() {
    let base = "https://example.com/\"quoted\"";
    let whole = document(CATALOG, Edition::E2025, base).to_string();
    let (length, body) = Template::new(CATALOG, Edition::E2025).with_base(base);
    let text = axum::body::to_bytes(body, usize::MAX).await.expect("no error");
    assert!(length == whole.len() && text == whole);
}

/// Every object of the document with its path.
fn objects<'a>(value: &'a Value, path: &str, found: &mut Vec<(String, &'a Map<String, Value>)>) {
    match value {
        Value::Object(map) => {
            found.push((path.to_owned(), map));
            map.iter().for_each(|(name, v)| objects(v, &format!("{path}/{name}"), found));
        }
        Value::Array(items) => items.iter().for_each(|v| objects(v, path, found)),
        _ => {}
    }
}

/// Answers of which one field of several is there, by what was asked for.
const ALTERNATIVES: [&str; 6] = [
    "/face-beauty-pro",
    "/identity-card-recognition",
    "/image-invisible-image-watermark",
    "/image-invisible-text-watermarking",
    "/smart-beauty",
    "/table-recognition",
];

/// What generators of clients refuse a document for.
#[test]
fn the_document_keeps_the_rules_of_its_standard() {
    let document = document(CATALOG, Edition::E2025, "http://localhost:8080");
    // A licence has an identifier or a URL, not both.
    let licence = document["info"]["license"].as_object().expect("a licence");
    assert!(licence.contains_key("identifier") && !licence.contains_key("url"));
    let mut found = Vec::new();
    objects(&document, "", &mut found);
    let mut identifiers = std::collections::BTreeSet::new();
    let mut enumerated = 0;
    for (path, object) in found {
        if let Some(Value::String(reference)) = object.get("$ref") {
            let target = document.pointer(reference.trim_start_matches('#'));
            assert!(target.is_some(), "{path} leads to no {reference}");
        }
        if let Some(Value::String(identifier)) = object.get("operationId") {
            assert!(identifiers.insert(identifier), "{identifier} twice");
            assert!(object.contains_key("responses"), "{path}");
        }
        if let (Some(Value::Array(names)), Some(Value::Object(properties))) =
            (object.get("required"), object.get("properties"))
        {
            let known = |name: &Value| name.as_str().is_some_and(|n| properties.contains_key(n));
            assert!(names.iter().all(known), "{path} requires what it does not have");
        }
        if let Some(Value::Array(values)) = object.get("enum") {
            enumerated += 1;
            assert!(!values.is_empty(), "{path}");
            let default = object.get("default");
            assert!(default.is_none_or(|default| values.contains(default)), "{path}");
        }
    }
    assert!(enumerated > 50, "{enumerated}");
    for (path, item) in document["paths"].as_object().expect("paths") {
        for operation in item.as_object().expect("operations").values() {
            let content = &operation["responses"]["200"]["content"]["application/json"];
            let parts = content["schema"]["allOf"].as_array().expect("envelope and answer");
            let required =
                |part: &Value| part.get("$ref").is_some() || part["required"].as_array().is_some();
            let alternatives = ALTERNATIVES.iter().any(|slug| path.ends_with(slug));
            assert!(alternatives != parts.iter().all(required), "{path} requires nothing");
        }
    }
}

/// An API change shows in review: the document is kept beside the code. To accept a change, run
/// the tests with `UPDATE_OPENAPI=1`.
#[test]
fn the_document_is_the_one_in_the_repository() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let document = document(CATALOG, Edition::E2025, "http://localhost:8080");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(path, format!("{document:#}\n")).expect("docs/openapi.json can be written");
    }
    let kept = std::fs::read_to_string(path).expect("docs/openapi.json can be read");
    let kept = serde_json::from_str(&kept).expect("docs/openapi.json is JSON");
    let mut found = Vec::new();
    differences(&kept, &document, "", &mut found);
    assert!(found.is_empty(), "docs/openapi.json is stale; run with UPDATE_OPENAPI=1:\n{found:#?}");
}

/// Where two documents differ, and how.
fn differences(kept: &Value, now: &Value, path: &str, found: &mut Vec<String>) {
    match (kept, now) {
        (Value::Object(kept), Value::Object(now)) => {
            for name in kept.keys().chain(now.keys().filter(|name| !kept.contains_key(*name))) {
                let path = format!("{path}/{name}");
                match (kept.get(name), now.get(name)) {
                    (Some(kept), Some(now)) => differences(kept, now, &path, found),
                    (Some(_), None) => found.push(format!("{path} is gone")),
                    _ => found.push(format!("{path} is new")),
                }
            }
        }
        (Value::Array(kept), Value::Array(now)) if kept.len() == now.len() => {
            for (at, (kept, now)) in kept.iter().zip(now).enumerate() {
                differences(kept, now, &format!("{path}/{at}"), found);
            }
        }
        _ if kept == now => {}
        _ => found.push(format!("{path}: was {kept}, is {now}")),
    }
}

#[test]
fn differences_are_named() {
    let kept = json!({ "same": [1, { "a": true }], "gone": 1, "list": [1, 2], "other": "x" });
    let now = json!({ "same": [1, { "a": true }], "new": 1, "list": [1, 3], "other": [] });
    let mut found = Vec::new();
    differences(&kept, &now, "", &mut found);
    assert_eq!(
        found,
        ["/gone is gone", "/list/1: was 2, is 3", "/other: was \"x\", is []", "/new is new"]
    );
    differences(&now, &now, "", &mut found);
    assert_eq!(found.len(), 4);
}
