//! What a tool is asked for: the parameters of a service, as members of a JSON body of the API.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rmcp::model::JsonObject;
use safelight_operation::{Endpoint, FileField, Source};
use serde_json::{Map, Value};

use crate::reply::apart;

/// What follows the name of a file's field where a file of this machine is meant.
const PATH_SUFFIX: &str = "_path";

/// The names that a file may be given under.
pub(super) fn names(file: &FileField, reads_files: bool) -> Vec<String> {
    let path = reads_files.then(|| format!("{}{PATH_SUFFIX}", file.name));
    let sources = file.sources().map(|source| file.reference_name(source));
    path.into_iter().chain(sources).collect()
}

/// The body of the request to the service. Paths become the Base64 of their files.
///
/// # Errors
/// One sentence for a name that the service does not have, and for a file that cannot be read.
pub(super) async fn body(
    endpoint: &'static Endpoint,
    asked: &JsonObject,
    reads_files: bool,
) -> Result<Value, String> {
    let parameters = match asked.get("parameters") {
        None | Some(Value::Null) => return Ok(Value::Object(Map::new())),
        Some(Value::Object(parameters)) => parameters,
        Some(_) => return Err("parameters is not an object".to_owned()),
    };
    let mut body = Map::new();
    for (name, value) in parameters {
        let file = name.strip_suffix(PATH_SUFFIX).and_then(|stem| {
            let mut files = endpoint.files().filter(|_| reads_files);
            files.find(|file| file.name == stem)
        });
        match file {
            Some(file) => {
                let encoded = read(file, name, value).await?;
                body.insert(file.reference_name(Source::Base64), encoded);
            }
            None if endpoint.accepts().find(name).is_some() => {
                body.insert(name.clone(), value.clone());
            }
            None => return Err(unknown(endpoint, name, reads_files)),
        }
    }
    Ok(Value::Object(body))
}

fn unknown(endpoint: &Endpoint, name: &str, reads_files: bool) -> String {
    let files = endpoint.files().flat_map(|file| names(file, reads_files));
    let parameters = endpoint.parameters().map(|parameter| parameter.name().to_owned());
    let all: Vec<_> = files.chain(parameters).collect();
    format!("{} has no parameter `{name}`; it has: {}", endpoint.spec().slug(), all.join(", "))
}

/// The Base64 of one file, or of a list of them.
async fn read(file: &'static FileField, name: &str, value: &Value) -> Result<Value, String> {
    let (paths, is_list): (Vec<&Value>, bool) = match value {
        Value::Array(paths) => (paths.iter().collect(), true),
        path => (vec![path], false),
    };
    if paths.len() > file.most() {
        return Err(format!("{name} names {} files, {} are the most", paths.len(), file.most()));
    }
    let mut encoded = Vec::with_capacity(paths.len());
    for path in paths {
        let path = path.as_str().ok_or_else(|| format!("{name} is neither a path nor a list"))?;
        let path = PathBuf::from(path);
        let max_bytes = file.rules.max_bytes;
        let read = apart("reading a file", move || Ok(encode(&path, max_bytes))).await;
        encoded.push(Value::String(read.map_err(|fault| fault.message().to_owned())??));
    }
    match (is_list, encoded.pop()) {
        (false, Some(one)) => Ok(one),
        (_, last) => Ok(encoded.into_iter().chain(last).collect()),
    }
}

fn encode(path: &Path, max_bytes: u64) -> Result<String, String> {
    let failed = |error| format!("{} cannot be read: {error}", path.display());
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > max_bytes {
        return Err(format!("{} has {length} bytes, the limit is {max_bytes}", path.display()));
    }
    Ok(BASE64_STANDARD.encode(std::fs::read(path).map_err(failed)?))
}

/// The folder that pictures are written to.
///
/// # Errors
/// One sentence where it is not an absolute path of this machine.
pub(super) fn folder(asked: &JsonObject, reads_files: bool) -> Result<Option<PathBuf>, String> {
    match asked.get("output_folder") {
        None | Some(Value::Null) => Ok(None),
        Some(_) if !reads_files => {
            Err("output_folder is for servers on the caller's machine".to_owned())
        }
        Some(Value::String(path)) if Path::new(path).is_absolute() => Ok(Some(path.into())),
        Some(_) => Err("output_folder is not an absolute path".to_owned()),
    }
}
