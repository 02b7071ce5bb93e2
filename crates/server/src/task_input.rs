//! The input of a task between its submission and its work: one blob for each file, and one for
//! the texts, under `inputs/<application>/<task>`.

use bytes::Bytes;
use futures_util::TryStreamExt;
use safelight_contract::{Code, Fault, Result};
use safelight_operation::{Form, Reference, Source};
use safelight_store::BlobError;
use serde::{Deserialize, Serialize};

use crate::app::{App, Stored, now};
use crate::disk;
use crate::reply::{internal, to_json};
use crate::sandbox::Simulation;

/// What all inputs lie under.
pub(crate) const PREFIX: &str = "inputs";

/// The blob with the texts; it is written last, so that it stands for the whole.
const TEXTS: &str = "form.json";

/// The input of a task.
pub(crate) struct TaskInput {
    /// What its request sent.
    pub form: Form,
    /// Number of the key of its request, where one was used.
    pub key: Option<i64>,
    /// What a sandbox request asked for.
    pub simulation: Option<Simulation>,
}

impl From<Form> for TaskInput {
    fn from(form: Form) -> Self {
        Self { form, key: None, simulation: None }
    }
}

#[derive(Serialize, Deserialize)]
struct Saved {
    texts: Vec<(String, String)>,
    /// The names of the files; their blobs are numbered in this order.
    files: Vec<String>,
    /// The fields whose files are uploads, each with the upload's id.
    #[serde(default)]
    uploads: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<i64>,
    /// Of sandbox requests only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    simulation: Option<Simulation>,
}

/// Saves an input, and answers where: first the row, which counts against the disk budget, then the
/// bytes.
pub(crate) async fn save(
    app: &App,
    application: i64,
    task: &str,
    input: impl Into<TaskInput>,
) -> Result<String> {
    let TaskInput { form, key, simulation } = input.into();
    let input = format!("{PREFIX}/{application}/{task}");
    let texts = form.texts().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    // Uploads stay where they are as long as the task has not ended.
    let own = form.files().filter(|(name, _)| form.references_of(name).is_empty());
    let (files, blobs): (Vec<_>, Vec<_>) =
        own.map(|(name, bytes)| (name.to_owned(), bytes.clone())).unzip();
    let uploads = form.references().map(|(name, upload)| (name.to_owned(), upload.text.clone()));
    let uploads = uploads.collect();
    let texts = to_json(&Saved { texts, files, uploads, key, simulation })?;
    let size = blobs.iter().chain([&texts]).map(|bytes| bytes.len() as u64).sum();
    let budget = app.settings.results.disk_budget;
    let fits = app.store.add_input(&input, size, budget, now()).await;
    if !fits.or_internal("recording the input of a task")? {
        let used = app.store.disk_use().await.or_internal("measuring the disk")?;
        let full = disk::full(used, budget);
        return Err(disk::no_room(&format!("the task's input has {size} bytes; {full}")));
    }
    if let Err(error) = write(app, &input, blobs, texts).await {
        tracing::error!(%error, "the input of a task could not be written");
        delete(app, &input).await;
        let message = "the input could not be written to the file store";
        return Err(Fault::new(Code::FileServiceError, message));
    }
    Ok(input)
}

async fn write(app: &App, input: &str, files: Vec<Bytes>, texts: Bytes) -> Result<(), BlobError> {
    for (number, bytes) in files.into_iter().enumerate() {
        app.blobs.put(&format!("{input}/{number}"), bytes).await?;
    }
    app.blobs.put(&format!("{input}/{TEXTS}"), texts).await
}

/// Reads an input back, its form with references to the uploads.
pub(crate) async fn load(app: &App, input: &str) -> Result<TaskInput> {
    let lost = |error: &dyn std::fmt::Display| internal("reading the input of the task", error);
    let texts = get(app, input, TEXTS).await?;
    let stored: Saved = serde_json::from_slice(&texts).map_err(|error| lost(&error))?;
    let mut form = Form::new();
    for (name, value) in stored.texts {
        form.add_text(name, value);
    }
    for (number, name) in stored.files.into_iter().enumerate() {
        form.add_file(name, get(app, input, &number.to_string()).await?);
    }
    for (name, text) in stored.uploads {
        form.add_reference(name, Reference { source: Source::FileId, text });
    }
    Ok(TaskInput { form, key: stored.key, simulation: stored.simulation })
}

async fn get(app: &App, input: &str, part: &str) -> Result<Bytes> {
    let bytes = app.blobs.get(&format!("{input}/{part}")).await;
    bytes.map_err(|error| unreadable(&error))
}

/// Why an input is not read: it is gone, or the file store fails at the moment.
fn unreadable(error: &BlobError) -> Fault {
    if matches!(error, BlobError::NotFound(_)) {
        return internal("reading the input of the task", error);
    }
    tracing::error!(%error, "the input of a task could not be read");
    Fault::new(Code::FileServiceError, "the input could not be read from the file store")
}

/// Bytes that reading a form back takes, without the uploads.
pub(crate) async fn size(app: &App, input: &str) -> Result<u64> {
    let blobs = app.blobs.list(input).map_err(|error| unreadable(&error))?;
    let sum = blobs.try_fold(0, |sum, blob| async move { Ok(sum + blob.size) }).await;
    sum.map_err(|error| unreadable(&error))
}

/// Deletes an input, first the bytes, then the row. What remains after a failure is an orphan that
/// the sweep finds.
pub(crate) async fn delete(app: &App, input: &str) {
    let outcome = async {
        let blobs = app.blobs.list(input)?;
        blobs.try_for_each(|blob| async move { app.blobs.delete(&blob.key).await.map(drop) }).await
    };
    if let Err::<(), BlobError>(error) = outcome.await {
        tracing::warn!(%error, "the input of a task could not be deleted");
        return;
    }
    if let Err(error) = app.store.remove_input(input).await {
        tracing::warn!(%error, "the input of a task could not be forgotten");
    }
}

/// The application and the task of an input's blob.
pub(crate) fn owner(key: &str) -> Option<(i64, &str)> {
    let mut segments = key.split('/');
    let prefix = segments.next()?;
    let (application, task) = (segments.next()?, segments.next()?);
    (prefix == PREFIX).then_some((application.parse().ok()?, task))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blobs_name_their_owner() {
        assert_eq!(owner("inputs/7/abc/0"), Some((7, "abc")));
        assert_eq!(owner("results/7/abc"), None);
        assert_eq!(owner("inputs/x/abc/0"), None);
        assert_eq!(owner("inputs/7"), None);
    }
}
