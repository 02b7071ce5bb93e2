//! Answers against the document that describes them: `/openapi.json`.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};

use boon::{Compiler, Draft, SchemaIndex, Schemas};
use reqwest::header::{ACCESS_CONTROL_ALLOW_METHODS, CONTENT_TYPE, HeaderMap};
use safelight_contract::Edition;
use safelight_operation::Endpoint;
use serde_json::{Value, json};

/// Where the document stands while its schemas refer to each other.
const PLACE: &str = "http://safelight/openapi.json";

/// What a server's answers are held to.
pub struct Contract {
    document: Value,
    schemas: Schemas,
    /// The schema of a success, by path.
    successes: HashMap<String, SchemaIndex>,
    /// The schema of a task's result, by the path of its service.
    results: HashMap<String, SchemaIndex>,
    failure: SchemaIndex,
}

/// The contracts of this process by catalogue and edition, and the servers by port.
type Contracts = (HashMap<(usize, Edition), Arc<Contract>>, HashMap<u16, Arc<Contract>>);

static CONTRACTS: LazyLock<Mutex<Contracts>> = LazyLock::new(Mutex::default);

fn contracts() -> MutexGuard<'static, Contracts> {
    CONTRACTS.lock().expect("no panic under the lock")
}

/// Holds the server at a port to the document of its catalogue.
pub fn hold(port: u16, catalog: &'static [Endpoint], edition: Edition) {
    let (known, servers) = &mut *contracts();
    let contract = known.entry((catalog.as_ptr().addr(), edition)).or_insert_with(|| {
        Arc::new(Contract::of(safelight_server::openapi(catalog, edition, "http://localhost")))
    });
    servers.insert(port, contract.clone());
}

/// Checks an answer of a server of these tests.
///
/// # Panics
/// When it is not what the document says.
pub fn check(url: &reqwest::Url, status: u16, headers: &HeaderMap, body: &[u8]) {
    let port = url.port().expect("servers of tests have ports of their own");
    let contract = contracts().1.get(&port).cloned().expect("a server of these tests");
    if let Err(fault) = contract.check(url.path(), status, headers, body) {
        panic!("{url} answered {status}: {fault}\n{}", String::from_utf8_lossy(body));
    }
}

impl Contract {
    /// The contract of a document.
    pub fn of(document: Value) -> Self {
        let mut strict = document.clone();
        let mut compiler = Compiler::new();
        compiler.set_default_draft(Draft::V2020_12);
        compiler.enable_format_assertions();
        let paths = strict["paths"].as_object_mut().expect("paths");
        let (mut places, mut results) = (Vec::new(), Vec::new());
        for (path, operations) in paths {
            for (method, operation) in operations.as_object_mut().expect("operations") {
                let schema = "responses/200/content/application~1json/schema";
                let answer = operation.pointer_mut(&format!("/{schema}")).expect("an answer");
                forbid_others(&mut answer["allOf"][1]);
                // Beside its own fields the answer of a task has those of its service.
                answer["unevaluatedProperties"] = path.ends_with("/query-async-task-result").into();
                let escaped = path.replace('~', "~0").replace('/', "~1");
                let place = |part| format!("{PLACE}#/paths/{escaped}/{method}/{part}");
                places.push((path.clone(), place(schema)));
                if operation.get("x-task-result").is_some() {
                    results.push((path.clone(), place("x-task-result")));
                }
            }
        }
        compiler.add_resource(PLACE, strict).expect("the document is a resource");
        let mut schemas = Schemas::new();
        let mut compile = |place: &str| {
            let compiled = compiler.compile(place, &mut schemas);
            compiled.unwrap_or_else(|error| panic!("{place}: {error:#}"))
        };
        let failure = compile(&format!("{PLACE}#/components/schemas/Failure"));
        let mut all = |places: Vec<(String, String)>| {
            places.into_iter().map(|(path, place)| (path, compile(&place))).collect()
        };
        let (successes, results) = (all(places), all(results));
        Self { document, schemas, successes, results, failure }
    }

    /// Says what of the result of a service's task is not as the document has it.
    pub fn check_result(&self, path: &str, result: &Value) -> Result<(), String> {
        let schema = self.results.get(path).ok_or("the document has no result of it")?;
        self.schemas.validate(result, *schema).map_err(|error| format!("{error:#}"))
    }

    /// Says what of an answer is not as the document has it. Pictures, pages and answers about the
    /// server's health are not of it, nor is what a browser is told before it asks.
    pub fn check(
        &self,
        path: &str,
        status: u16,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<(), String> {
        let words: Vec<_> = path.split('/').filter(|word| !word.is_empty()).collect();
        let api = words.first() == Some(&"api");
        let preflight = headers.contains_key(ACCESS_CONTROL_ALLOW_METHODS);
        let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let json = kind == Some("application/json");
        let failed = status >= 400 && json && words.first() != Some(&"health");
        if preflight || !(api || failed) {
            return Ok(());
        }
        if !json {
            return Err(format!("{kind:?} is no JSON"));
        }
        let answer: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let schema = match status {
            200 => {
                let path = format!("/{}", words.join("/"));
                *self.successes.get(&path).ok_or("the document does not have it")?
            }
            _ => self.failure,
        };
        let valid = self.schemas.validate(&answer, schema);
        valid.map_err(|error| format!("{error:#}"))?;
        if status != 200 {
            let code = answer["error_detail"]["code"].as_str().unwrap_or_default();
            let told = &self.document["x-error-codes"][code]["status"];
            if api && *told != json!(status) || answer["error_code"] != json!(status) {
                return Err(format!("{code} has the status {told}"));
            }
        }
        Ok(())
    }
}

/// Makes objects that name their properties refuse others, at every level below the answer's own.
fn forbid_others(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            for (name, part) in map.iter_mut() {
                match (name.as_str(), part) {
                    ("properties", Value::Object(properties)) => {
                        properties.values_mut().for_each(close);
                    }
                    ("items", part) => close(part),
                    (_, part) => forbid_others(part),
                }
            }
        }
        Value::Array(parts) => parts.iter_mut().for_each(forbid_others),
        _ => {}
    }
}

fn close(schema: &mut Value) {
    if schema.get("properties").is_some() {
        schema["additionalProperties"] = false.into();
    }
    forbid_others(schema);
}
