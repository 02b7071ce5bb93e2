//! The OpenAPI 3.1 document, made from the catalogue's declarations and the table of codes.

use std::collections::BTreeMap;
use std::convert::Infallible;

use axum::body::Body;
use bytes::Bytes;
use safelight_contract::{Code, Edition};
use safelight_operation::{
    Delivery, Endpoint, FileField, FilePresence, InputField, Kind, Media, Method, Parameter,
    SOURCES, TASK_TYPE,
};
use serde_json::{Map, Value, json};

use crate::endpoints::recognition::RECOGNITION;
use crate::endpoints::{OWN, Own, submit_batch_tasks};

/// The document as text, for any base: answers share all of it but the base.
pub struct Template {
    before: Bytes,
    after: Bytes,
}

impl Template {
    /// The document for these services in this edition.
    pub fn new(catalogue: &[Endpoint], edition: Edition) -> Self {
        const MARK: &str = "\"base-url-goes-here\"";
        let text = document(catalogue, edition, MARK.trim_matches('"')).to_string();
        let (before, after) = text.split_once(MARK).unwrap_or((&text, ""));
        Self { before: before.to_owned().into(), after: after.to_owned().into() }
    }

    /// The document with this base, and its length in bytes.
    pub fn with_base(&self, base_url: &str) -> (usize, Body) {
        let base = Bytes::from(Value::from(base_url).to_string());
        let parts = [self.before.clone(), base, self.after.clone()];
        let length = parts.iter().map(Bytes::len).sum();
        let parts = parts.map(Ok::<_, Infallible>);
        (length, Body::from_stream(futures_util::stream::iter(parts)))
    }
}

/// SPDX expression of the licence of the API's description.
const LICENCE: &str = "MIT OR Apache-2.0";

/// The document for these services in this edition. `base_url` is where the API is reached.
pub fn document(catalogue: &[Endpoint], edition: Edition, base_url: &str) -> Value {
    let mut paths = common_paths();
    for endpoint in catalogue.iter().chain(RECOGNITION) {
        let method = match endpoint.spec().method {
            Method::Get => "get",
            Method::Post => "post",
        };
        paths.insert(endpoint.spec().path.into(), json!({ method: operation(endpoint) }));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Safelight",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": LICENCE, "identifier": LICENCE },
            "description": format!(
                "A self-hosted, drop-in replacement for the AILabTools AI image API. Every answer is \
                 JSON in one envelope; success is HTTP 200 with `error_code` 0. {SOURCES}"
            ),
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

fn operation(endpoint: &Endpoint) -> Value {
    let spec = endpoint.spec();
    let tag = spec.path.split('/').nth(2).unwrap_or("api");
    let accepted = object(json!({
        "task_type": { "type": "string", "const": "async" },
        "task_id": { "type": "string", "description": "To poll query-async-task-result with." },
    }));
    let result = endpoint.answer().schema();
    let answer = match spec.delivery {
        Delivery::Sync => result.clone(),
        Delivery::Async => accepted,
        Delivery::Either { .. } => json!({ "anyOf": [result.clone(), accepted] }),
    };
    let description = [spec.summary, spec.limitations].join("\n\n");
    let mut operation = json!({
        "operationId": spec.sign,
        "tags": [tag],
        "summary": spec.name,
        "description": description.trim(),
        "requestBody": {
            "required": true,
            "content": { "multipart/form-data": {
                "schema": form_schema(endpoint),
                "encoding": encoding(endpoint.fields()),
            } },
        },
        "responses": responses(answer),
        "x-price": spec.price,
        "x-credit-pool": spec.pool,
        "x-mode": match spec.delivery {
            Delivery::Sync => "sync",
            Delivery::Async => "async",
            Delivery::Either { .. } => "either",
        },
        "x-deadline-seconds": spec.deadline.as_secs(),
    });
    if spec.delivery != Delivery::Sync {
        operation["x-task-result"] = result;
    }
    operation
}

fn form_schema(endpoint: &Endpoint) -> Value {
    let mut schema = fields_schema(endpoint.fields());
    for parameter in endpoint.spec().delivery.parameters() {
        schema["properties"][parameter.name()] = parameter_schema(*parameter);
    }
    if let Delivery::Either { default_async } = endpoint.spec().delivery {
        let default = TASK_TYPE.kind.show(&default_async);
        schema["properties"][TASK_TYPE.name]["default"] = default;
    }
    schema
}

fn fields_schema(fields: &[InputField]) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in fields {
        let (schema, needed) = match field {
            InputField::File(file) => (files_schema(file), file.is_required()),
            InputField::Text(parameter) => (parameter_schema(*parameter), parameter.required()),
        };
        properties.insert(field.name().into(), schema);
        required.extend(needed.then_some(field.name()));
    }
    json!({ "type": "object", "properties": properties, "required": required })
}

/// The schema of a parameter with what it does and what its values mean.
pub(crate) fn parameter_schema(parameter: &dyn Parameter) -> Value {
    let mut schema = parameter.schema();
    let meaning = schema["description"].as_str().map(|m| format!(" ({m})")).unwrap_or_default();
    schema["description"] = format!("{}{meaning}", parameter.doc()).into();
    schema
}

/// One file, or a list of them.
pub(crate) fn files_schema(field: &FileField) -> Value {
    let schema = file_schema(field);
    match &field.presence {
        FilePresence::Required | FilePresence::Optional => schema,
        FilePresence::Several(counts) => json!({
            "type": "array",
            "items": schema,
            "minItems": counts.start(),
            "maxItems": counts.end(),
        }),
    }
}

/// The content types of the files.
fn encoding(fields: &[InputField]) -> Map<String, Value> {
    let types = |file: &FileField| {
        if file.media == Media::Video {
            return json!({ "contentType": "video/mp4" });
        }
        let media: Vec<_> = file.rules.formats.iter().map(|format| format.media_type()).collect();
        json!({ "contentType": media.join(", ") })
    };
    let files = fields.iter().filter_map(InputField::file);
    files.map(|file| (file.name.to_owned(), types(file))).collect()
}

fn file_schema(file: &FileField) -> Value {
    let rules = &file.rules;
    if file.media == Media::Video {
        let description = format!("{} MP4, up to {} MB.", file.doc, rules.max_megabytes());
        return json!({ "type": "string", "format": "binary", "description": description });
    }
    let formats: Vec<_> = rules.formats.iter().map(|format| format.name()).collect();
    let aspect =
        rules.max_aspect.map(|a| format!(", aspect ratio up to {a}:1")).unwrap_or_default();
    let gray = if rules.grayscale { "" } else { ", in colour" };
    json!({
        "type": "string",
        "format": "binary",
        "description": format!(
            "{} {}, up to {} MB, {}x{} to {}x{} px{}{aspect}{gray}.",
            file.doc,
            formats.join(", "),
            rules.max_megabytes(),
            rules.min.0, rules.min.1, rules.max.0, rules.max.1, rules.either_way(", either way up"),
        ),
    })
}

/// An endpoint of the server's own.
fn own_operation(own: &Own) -> Value {
    let mut operation = json!({
        "operationId": own.sign,
        "tags": [own.path.split('/').nth(2).unwrap_or("api")],
        "summary": own.name,
        "description": own.summary,
        "responses": responses((own.answer)().schema()),
        "x-price": 0,
    });
    let schema = fields_schema(own.fields);
    match own.method {
        Method::Get => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let parameters = schema["properties"].as_object().into_iter().flatten();
            let parameters = parameters.map(|(name, schema)| {
                parameter(name, required.iter().any(|other| other == name), schema.clone())
            });
            operation["parameters"] = parameters.collect();
        }
        Method::Post => {
            let media = if own.path == submit_batch_tasks::OWN.path {
                json!({ "application/json": { "schema": schema } })
            } else {
                let encoding = encoding(own.fields);
                json!({ "multipart/form-data": { "schema": schema, "encoding": encoding } })
            };
            operation["requestBody"] = json!({ "required": true, "content": media });
        }
    }
    operation
}

/// The endpoints that are no services: credits and task queries, and those of the table `OWN`.
fn common_paths() -> Map<String, Value> {
    let text = || json!({ "type": "string" });
    let types = json!({
        "type": "string",
        "enum": ["HD_COLOUR_MIGRATION", "GENERATE_CARTOONIZED_IMAGE"],
    });
    let mut paths = Map::new();
    paths.insert(
        "/api/common/query-credits".into(),
        query("common_query_credits", "Credits of each pool", vec![], credits()),
    );
    paths.insert(
        "/api/common/query-async-task-result".into(),
        query(
            "common_query_async_task_result",
            "Result of a task",
            vec![parameter("task_id", true, text())],
            task_result(),
        ),
    );
    paths.insert(
        "/api/image/asyn-task-results".into(),
        query(
            "image_asyn_task_results",
            "Result of a task, in the older form",
            vec![parameter("job_id", true, text()), parameter("type", true, types)],
            older_task_result(),
        ),
    );
    for own in OWN {
        let method = match own.method {
            Method::Get => "get",
            Method::Post => "post",
        };
        paths.insert(own.path.into(), json!({ method: own_operation(own) }));
    }
    paths
}

/// An endpoint that is asked with parameters on the query string.
fn query(sign: &str, summary: &str, parameters: Vec<Value>, answer: Value) -> Value {
    json!({ "get": {
        "operationId": sign, "tags": ["common"], "summary": summary,
        "parameters": parameters, "responses": responses(answer), "x-price": 0,
    } })
}

/// A parameter of the query string.
fn parameter(name: &str, required: bool, schema: Value) -> Value {
    json!({ "name": name, "in": "query", "required": required, "schema": schema })
}

/// What `query-credits` answers.
fn credits() -> Value {
    let number = json!({ "type": "number" });
    let time = json!({ "type": "integer", "description": "Unix seconds." });
    let pool = object(json!({
        "unique_sign": { "type": "string", "description": "`common`, or a service's pool." },
        "name": { "type": "string" },
        "balance": number, "total": number, "last_recharge_balance": number,
        "balance_warning": number, "first_buy_time": time, "last_update_time": time,
    }));
    object(json!({ "data": { "type": "array", "items": pool } }))
}

/// What `query-async-task-result` answers.
fn task_result() -> Value {
    let status = object(json!({
        "task_status": {
            "type": "integer",
            "enum": [0, 1, 2],
            "description": "1 while the task waits or is at work, 2 when it is done.",
        },
    }));
    let results = json!({
        "data": {
            "type": "object",
            "description": "The service's result, only when done; holds `task_status` too, which is all \
                that it holds where the result stands in one of the members below.",
        },
        "output": {
            "type": "object",
            "description": "The result of the services for try-on, only when done.",
        },
        "usage": {
            "type": "object",
            "description": "Beside `output`: how many pictures were made.",
        },
        "result": {
            "type": "object",
            "description": "The result of the services that answer a `result`, only when done.",
        },
        "result_url": {
            "type": "string",
            "format": "uri",
            "description": "The result of services that answer one picture at top level, only when done.",
        },
    });
    with(status, results)
}

/// What `asyn-task-results` answers.
fn older_task_result() -> Value {
    let state = object(json!({
        "status": { "type": "string", "enum": [
            "QUEUING", "PROCESSING", "PROCESS_SUCCESS", "PROCESS_FAILED", "TIMEOUT_FAILED",
            "LIMIT_RETRY_FAILED",
        ] },
    }));
    let results = json!({
        "result_url": { "type": "string", "format": "uri" },
        "image_list": { "type": "array", "items": { "type": "string", "format": "uri" } },
    });
    object(json!({ "data": with(state, results) }))
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

/// An object with all of these properties.
fn object(properties: Value) -> Value {
    let names: Vec<_> = properties.as_object().into_iter().flat_map(Map::keys).cloned().collect();
    json!({ "type": "object", "properties": properties, "required": names })
}

/// The same object with these further properties, which it may lack.
fn with(mut object: Value, optional: Value) -> Value {
    for (name, schema) in optional.as_object().into_iter().flatten() {
        object["properties"][name] = schema.clone();
    }
    object
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn json_content(schema: Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}

#[cfg(test)]
mod tests;
