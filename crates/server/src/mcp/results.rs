//! What a tool answers: the service's fields as JSON, its pictures as image content or as files.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use axum::body::Bytes;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rmcp::model::{CallToolResult, ContentBlock};
use safelight_imaging::probe;
use safelight_operation::{Endpoint, LeafKind, Shape};
use serde_json::{Value, json};

use super::api::Client;
use crate::reply::apart;
use crate::urls::RESULTS;

/// The largest picture that is part of an answer, in bytes; larger ones stay at their URL.
const LARGEST_SHOWN: u64 = 4 << 20;

/// Files that are looked for a free name.
const MOST_NAMES: u32 = 10_000;

/// A picture or another file of an answer.
struct File {
    bytes: Bytes,
    media: String,
}

/// Shows the answer of a service. With a folder, files are written there, and their paths stand in
/// their places; without, pictures are image content.
///
/// # Errors
/// One sentence where a file cannot be written.
pub(super) async fn show(
    client: &Client,
    endpoint: &Endpoint,
    mut answer: Value,
    folder: Option<&Path>,
) -> Result<CallToolResult, String> {
    if let Value::Object(fields) = &mut answer {
        fields.retain(|name, _| name != "error_code" && name != "error_detail");
    }
    let mut leaves = Vec::new();
    collect(&endpoint.answer(), &mut answer, &mut leaves);
    let mut content = Vec::new();
    for (kind, leaf) in leaves {
        if folder.is_none() && kind == LeafKind::Url && !is_shown_at(client, leaf).await {
            continue;
        }
        let Some(file) = file(client, kind, leaf).await else { continue };
        if let Some(folder) = folder {
            let path = write(folder, endpoint.spec().slug(), file).await?;
            *leaf = json!(path);
            continue;
        }
        let number = content.len() + 1;
        let (size, media) = (file.bytes.len(), &file.media);
        let is_shown = is_shown(media, size as u64);
        if is_shown {
            content.push(ContentBlock::image(BASE64_STANDARD.encode(&file.bytes), media.clone()));
        }
        match (is_shown, kind) {
            (true, LeafKind::Base64) => *leaf = json!(format!("picture {number} ({media})")),
            (false, LeafKind::Base64) => {
                *leaf = json!(format!("{size} bytes of {media}, not shown"))
            }
            _ => {}
        }
    }
    let mut result = CallToolResult::structured(answer);
    result.content.extend(content);
    Ok(result)
}

/// The leaves of an answer that hold files.
fn collect<'a>(shape: &Shape, value: &'a mut Value, leaves: &mut Vec<(LeafKind, &'a mut Value)>) {
    match (shape, value) {
        (Shape::Object(object), Value::Object(fields)) => {
            for (name, value) in fields.iter_mut() {
                let found = object.properties().iter().find(|property| property.name == name);
                if let Some(property) = found {
                    collect(&property.shape, value, leaves);
                }
            }
        }
        (Shape::List(items), Value::Array(values)) => {
            values.iter_mut().for_each(|value| collect(items, value, leaves));
        }
        (Shape::Leaf { kind: kind @ (LeafKind::Url | LeafKind::Base64), .. }, value) => {
            leaves.push((*kind, value));
        }
        _ => {}
    }
}

/// Whether a file is part of the answer.
fn is_shown(media: &str, size: u64) -> bool {
    media.starts_with("image/") && size <= LARGEST_SHOWN
}

/// The same for the file at a URL, which is not read for it.
async fn is_shown_at(client: &Client, leaf: &Value) -> bool {
    let Some(path) = leaf.as_str().and_then(path_of) else { return false };
    client.size(path).await.is_some_and(|(size, media)| is_shown(&media, size))
}

/// The path of a result file's URL.
fn path_of(url: &str) -> Option<&str> {
    Some(&url[url.find(RESULTS)?..])
}

/// The file that a leaf names or holds; `None` where it is none.
async fn file(client: &Client, kind: LeafKind, leaf: &Value) -> Option<File> {
    let text = leaf.as_str()?;
    match kind {
        LeafKind::Url => {
            let (bytes, media) = client.file(path_of(text)?).await?;
            Some(File { bytes, media })
        }
        _ => {
            let text = text.to_owned();
            let decode = move || Ok(BASE64_STANDARD.decode(text).ok());
            let bytes = apart("decoding an answer", decode).await.ok()??;
            let media = match (probe(&bytes), bytes.get(4..8)) {
                (Ok(header), _) => header.format.media_type(),
                (_, Some(b"ftyp")) => "video/mp4",
                _ => "application/octet-stream",
            };
            Some(File { bytes: bytes.into(), media: media.to_owned() })
        }
    }
}

/// Writes a file under a name that is free, and answers its path.
async fn write(folder: &Path, stem: &'static str, file: File) -> Result<PathBuf, String> {
    let folder = folder.to_owned();
    let written = apart("writing a file", move || Ok(write_free(&folder, stem, &file))).await;
    written.map_err(|fault| fault.message().to_owned())?
}

fn write_free(folder: &Path, stem: &str, file: &File) -> Result<PathBuf, String> {
    let extension = match file.media.as_str() {
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "video/mp4" => "mp4",
        "application/x-ndjson" => "ndjson",
        _ => "bin",
    };
    for number in 1..=MOST_NAMES {
        let path = folder.join(format!("{stem}-{number}.{extension}"));
        let failed = |error| format!("{} cannot be written: {error}", path.display());
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut opened) => {
                opened.write_all(&file.bytes).map_err(failed)?;
                return Ok(path);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Err(format!("{} is full of files {stem}-…", folder.display()))
}
