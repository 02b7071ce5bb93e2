//! Result files on their way into the store.

use bytes::Bytes;
use safelight_contract::{Code, Fault, Result};
use safelight_operation::{Artifact, Node};
use safelight_store::ResultFile;
use serde_json::{Map, Value};

use crate::app::{App, Stored, now};
use crate::urls::{blob_key, new_key};

/// A picture that becomes a result file.
pub(crate) struct NewFile {
    key: String,
    artifact: Artifact,
}

/// Turns a service's answer into JSON. Pictures that go out as URLs are set aside, with the text
/// that `reference` makes of their key in their place.
pub(crate) fn separate(
    node: Node,
    reference: impl Fn(&str) -> String,
) -> Result<(Map<String, Value>, Vec<NewFile>)> {
    let mut files = Vec::new();
    let answer = node.into_json(&mut |artifact: Artifact| {
        let key = new_key(artifact.format.extension());
        let text = reference(&key);
        files.push(NewFile { key, artifact });
        Ok::<_, Fault>(text)
    })?;
    match answer {
        Value::Object(fields) => Ok((fields, files)),
        _ => Err(Fault::new(Code::ServiceInternalError, "the service's answer is no object")),
    }
}

/// Writes result files: first the row, which counts against the disk budget, then the bytes.
/// Answers their keys. When one cannot be written, the ones before are withdrawn.
pub(crate) async fn publish(
    app: &App,
    application: i64,
    files: Vec<NewFile>,
) -> Result<Vec<String>> {
    let mut keys = Vec::with_capacity(files.len());
    for NewFile { key, artifact } in files {
        keys.push(key.clone());
        if let Err(fault) = write(app, application, key, artifact).await {
            withdraw(app, &keys).await;
            return Err(fault);
        }
    }
    Ok(keys)
}

async fn write(app: &App, application: i64, key: String, artifact: Artifact) -> Result<()> {
    let results = &app.settings.results;
    let now = now();
    let size = artifact.bytes.len() as u64;
    let row = ResultFile {
        key,
        application,
        content_type: artifact.format.media_type().to_owned(),
        size,
        created_at: now,
        expires_at: now + results.ttl_millis(),
        reclaimed: false,
    };
    let fits = app.store.add_file(&row, results.disk_budget).await;
    if !fits.or_internal("recording a result file")? {
        return Err(Fault::new(
            Code::FileServiceError,
            format!(
                "the result has {size} bytes, which no longer fit into the {} bytes for result \
                 files and the inputs of tasks; older files make room after {} hours",
                results.disk_budget, results.ttl_hours,
            ),
        ));
    }
    let written = app.blobs.put(&blob_key(&row.key), Bytes::from(artifact.bytes)).await;
    written.map_err(|error| {
        tracing::error!(%error, "a result file could not be written");
        Fault::new(Code::FileServiceError, "the result could not be written to the file store")
    })
}

/// Removes result files that nobody was told of.
pub(crate) async fn withdraw(app: &App, keys: &[String]) {
    for key in keys {
        reclaim(app, key).await;
    }
}

/// Deletes a file and marks its row, in this order, so that a crash between them is made up for by
/// the next sweep.
pub(crate) async fn reclaim(app: &App, key: &str) {
    if let Err(error) = app.blobs.delete(&blob_key(key)).await {
        tracing::error!(%error, "a result file could not be deleted");
        return;
    }
    if let Err(error) = app.store.reclaim_file(key).await {
        tracing::error!(%error, "a result file could not be marked as reclaimed");
    }
}
