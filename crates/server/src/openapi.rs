//! The OpenAPI 3.1 document, made from the catalogue's declarations and the table of codes, and the
//! page that shows it without any help from the internet.

use std::collections::BTreeMap;

use safelight_contract::{Code, Edition};
use safelight_services::{Declaration, Entry, Field, FieldKind, FileField, Mode};
use serde_json::{Map, Value, json};

/// The page at `/docs`: reads `/openapi.json` and shows it; everything it needs is in it.
pub const DOCS_PAGE: &str = include_str!("openapi/docs.html");

/// The document for these services in this edition. `base_url` is where the API is reached.
pub fn document(catalogue: &[Entry], edition: Edition, base_url: &str) -> Value {
    let mut paths = common_paths();
    for entry in catalogue {
        let declaration = entry.declaration();
        paths.insert(declaration.path.into(), json!({ "post": operation(declaration) }));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Safelight",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0" },
            "description": "A self-hosted, drop-in replacement for the AILabTools AI image API. \
                Every answer is JSON in one envelope; success is HTTP 200 with `error_code` 0.",
        },
        "servers": [{ "url": base_url }],
        "security": [{ "key": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": { "type": "apiKey", "in": "header", "name": "ailabapi-api-key" },
            },
            "schemas": { "Envelope": envelope(), "Failure": failure(edition) },
            "responses": { "Failure": {
                "description": "Any failure: the HTTP status is that of `error_detail.code`.",
                "content": json_content(reference("Failure")),
            } },
        },
        "x-error-codes": codes(edition),
    })
}

fn operation(declaration: &Declaration) -> Value {
    let tag = declaration.path.split('/').nth(2).unwrap_or("api");
    let answer = match declaration.mode {
        Mode::Sync => fields_schema(declaration.answer),
        Mode::Async => object(json!({
            "task_type": { "type": "string", "const": "async" },
            "task_id": { "type": "string", "description": "To poll query-async-task-result with." },
        })),
    };
    let mut operation = json!({
        "operationId": declaration.sign,
        "tags": [tag],
        "summary": declaration.name,
        "description": declaration.summary,
        "requestBody": {
            "required": true,
            "content": { "multipart/form-data": { "schema": form_schema(declaration) } },
        },
        "responses": responses(answer),
        "x-price": declaration.price,
        "x-credit-pool": declaration.pool,
        "x-mode": match declaration.mode { Mode::Sync => "sync", Mode::Async => "async" },
        "x-deadline-seconds": declaration.deadline.as_secs(),
    });
    if declaration.mode == Mode::Async {
        operation["x-task-result"] = fields_schema(declaration.answer);
    }
    operation
}

fn form_schema(declaration: &Declaration) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for file in declaration.files {
        properties.insert(file.name.into(), file_schema(file));
        required.extend(file.required.then_some(file.name));
    }
    for param in declaration.params {
        let mut schema = param.schema();
        let meaning = schema["description"].as_str().map(|m| format!(" ({m})")).unwrap_or_default();
        schema["description"] = format!("{}{meaning}", param.doc()).into();
        properties.insert(param.name().into(), schema);
        required.extend(param.required().then_some(param.name()));
    }
    json!({ "type": "object", "properties": properties, "required": required })
}

fn file_schema(file: &FileField) -> Value {
    let rules = &file.rules;
    let formats: Vec<_> = rules.formats.iter().map(|format| format.name()).collect();
    let media: Vec<_> = rules.formats.iter().map(|format| format.media_type()).collect();
    let aspect =
        rules.max_aspect.map(|a| format!(", aspect ratio up to {a}:1")).unwrap_or_default();
    let gray = if rules.grayscale { "" } else { ", in colour" };
    json!({
        "type": "string",
        "format": "binary",
        "contentMediaType": media.join(", "),
        "description": format!(
            "{} {}, up to {} MB, {}x{} to {}x{} px{aspect}{gray}.",
            file.doc,
            formats.join(", "),
            rules.max_bytes / safelight_imaging::Rules::MB,
            rules.min.0, rules.min.1, rules.max.0, rules.max.1,
        ),
    })
}

/// Builds the nested schema of an answer from its flat fields (`data.items[].url`).
fn fields_schema(fields: &[Field]) -> Value {
    let mut root = object(json!({}));
    for field in fields {
        let mut place = &mut root;
        let mut parts = field.path.split('.').peekable();
        while let Some(part) = parts.next() {
            let name = part.trim_end_matches("[]");
            let lists = (part.len() - name.len()) / 2;
            let leaf = parts.peek().is_none();
            let inner = if leaf { leaf_schema(field) } else { object(json!({})) };
            let list = |inner, _| json!({ "type": "array", "items": inner });
            let schema = (0..lists).fold(inner, list);
            let slot = &mut place["properties"][name];
            if slot.is_null() {
                *slot = schema;
            }
            place = (0..lists).fold(slot, |place, _| &mut place["items"]);
        }
    }
    root
}

fn leaf_schema(field: &Field) -> Value {
    let mut schema = match field.kind {
        FieldKind::Url => json!({ "type": "string", "format": "uri" }),
        FieldKind::Base64 => json!({ "type": "string", "contentEncoding": "base64" }),
        FieldKind::Text => json!({ "type": "string" }),
        FieldKind::Integer => json!({ "type": "integer" }),
        FieldKind::Number => json!({ "type": "number" }),
        FieldKind::Flag => json!({ "type": "boolean" }),
    };
    schema["description"] = field.doc.into();
    schema
}

/// The endpoints that are no services: credits and task queries.
fn common_paths() -> Map<String, Value> {
    let number = json!({ "type": "number" });
    let time = json!({ "type": "integer", "description": "Unix seconds." });
    let pool = object(json!({
        "unique_sign": { "type": "string", "description": "`common`, or a service's pool." },
        "name": { "type": "string" },
        "balance": number, "total": number, "last_recharge_balance": number,
        "balance_warning": number, "first_buy_time": time, "last_update_time": time,
    }));
    let credits = object(json!({ "data": { "type": "array", "items": pool } }));
    let task = object(json!({
        "task_status": {
            "type": "integer",
            "enum": [0, 1, 2],
            "description": "1 while the task waits or is at work, 2 when it is done.",
        },
        "data": {
            "type": "object",
            "description": "The service's result, only when done; holds `task_status` too.",
        },
    }));
    let legacy = object(json!({ "data": object(json!({
        "status": { "type": "string", "enum": [
            "QUEUING", "PROCESSING", "PROCESS_SUCCESS", "PROCESS_FAILED", "TIMEOUT_FAILED",
            "LIMIT_RETRY_FAILED",
        ] },
        "result_url": { "type": "string", "format": "uri" },
        "image_list": { "type": "array", "items": { "type": "string", "format": "uri" } },
    })) }));
    let types = json!({
        "type": "string",
        "enum": ["HD_COLOUR_MIGRATION", "GENERATE_CARTOONIZED_IMAGE"],
    });
    let text = json!({ "type": "string" });
    let get = |sign: &str, summary: &str, params: &[(&str, &Value)], answer: Value| {
        let parameters: Vec<_> = params
            .iter()
            .map(|(name, schema)| {
                json!({ "name": name, "in": "query", "required": true, "schema": schema })
            })
            .collect();
        json!({ "get": {
            "operationId": sign, "tags": ["common"], "summary": summary,
            "parameters": parameters, "responses": responses(answer), "x-price": 0,
        } })
    };
    let mut paths = Map::new();
    paths.insert(
        "/api/common/query-credits".into(),
        get("common_query_credits", "Credits of each pool", &[], credits),
    );
    paths.insert(
        "/api/common/query-async-task-result".into(),
        get("common_query_async_task_result", "Result of a task", &[("task_id", &text)], task),
    );
    paths.insert(
        "/api/image/asyn-task-results".into(),
        get(
            "image_asyn_task_results",
            "Result of a task, in the older form",
            &[("job_id", &text), ("type", &types)],
            legacy,
        ),
    );
    paths
}

fn responses(answer: Value) -> Value {
    json!({
        "200": {
            "description": "Success.",
            "content": json_content(json!({ "allOf": [reference("Envelope"), answer] })),
        },
        "default": { "$ref": "#/components/responses/Failure" },
    })
}

fn envelope() -> Value {
    object(json!({
        "request_id": { "type": "string", "description": "Upper-case UUID." },
        "log_id": { "type": "string", "description": "Decimal number." },
        "error_code": { "type": "integer", "const": 0 },
        "error_detail": object(json!({
            "status_code": { "type": "integer", "const": 200 },
            "code": { "type": "string", "const": "" },
            "code_message": { "type": "string", "const": "" },
            "message": { "type": "string", "const": "" },
        })),
    }))
}

fn failure(edition: Edition) -> Value {
    let names: Vec<_> = known(edition).map(Code::name).collect();
    let coarse: Vec<_> = known(edition).filter(|code| code.is_coarse()).map(Code::name).collect();
    object(json!({
        "request_id": { "type": "string" },
        "log_id": { "type": "string" },
        "error_code": { "type": "integer", "description": "Equals the HTTP status." },
        "error_detail": object(json!({
            "status_code": { "type": "integer" },
            "code": { "type": "string", "enum": names },
            "code_message": { "type": "string" },
            "message": { "type": "string", "description": "What to act on." },
        })),
        "error_code_str": { "type": "string", "enum": coarse },
        "error_msg": { "type": "string" },
    }))
}

fn codes(edition: Edition) -> BTreeMap<&'static str, Value> {
    known(edition)
        .map(|code| {
            let row = json!({
                "status": code.status(edition),
                "message": code.message(),
                "coarse": code.coarse().name(),
            });
            (code.name(), row)
        })
        .collect()
}

fn known(edition: Edition) -> impl Iterator<Item = Code> {
    Code::ALL.iter().copied().filter(move |code| code.in_edition(edition) == *code)
}

fn object(properties: Value) -> Value {
    json!({ "type": "object", "properties": properties })
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn json_content(schema: Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}

#[cfg(test)]
mod tests {
    use safelight_services::CATALOG;

    use super::*;

    #[test]
    fn every_service_and_every_code_is_in_the_document() {
        let document = document(CATALOG, Edition::E2025, "http://localhost:8080");
        for entry in CATALOG {
            let declaration = entry.declaration();
            let post = &document["paths"][declaration.path]["post"];
            assert_eq!(post["operationId"], declaration.sign);
            let form = &post["requestBody"]["content"]["multipart/form-data"]["schema"];
            for file in declaration.files {
                assert!(form["properties"][file.name].is_object(), "{}", file.name);
            }
            for param in declaration.params {
                assert!(form["properties"][param.name()].is_object(), "{}", param.name());
            }
        }
        assert_eq!(document["x-error-codes"].as_object().map(Map::len), Some(123));
    }

    #[test]
    fn flat_fields_become_nested_schemas() {
        let field = |path, kind| Field::new(path, kind, "d");
        let schema = fields_schema(&[
            field("data.images[]", FieldKind::Url),
            field("data.elements[].width", FieldKind::Integer),
            field("data.elements[].height", FieldKind::Integer),
            field("data.outlines[][].x", FieldKind::Number),
        ]);
        let data = &schema["properties"]["data"]["properties"];
        assert_eq!(data["images"]["items"]["format"], "uri");
        let element = &data["elements"]["items"]["properties"];
        assert_eq!(element["width"]["type"], "integer");
        assert_eq!(element["height"]["type"], "integer");
        let point = &data["outlines"]["items"]["items"]["properties"];
        assert_eq!(point["x"]["type"], "number");
    }

    /// An API change shows in review: the document is kept beside the code. To accept a change, run
    /// the tests with `UPDATE_OPENAPI=1`.
    #[test]
    fn the_document_is_the_one_in_the_repository() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
        let document = document(CATALOG, Edition::E2025, "http://localhost:8080");
        let rendered = format!("{document:#}\n");
        if std::env::var_os("UPDATE_OPENAPI").is_some() {
            std::fs::write(path, &rendered).expect("docs/openapi.json can be written");
        }
        let kept = std::fs::read_to_string(path).expect("docs/openapi.json can be read");
        assert!(kept == rendered, "docs/openapi.json is stale; run with UPDATE_OPENAPI=1");
    }
}
