//! `POST /api/common/upload-file`: keeps a picture for later requests.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use safelight_contract::{Code, Fault, Result};
use safelight_operation::{Form, Input, Method, Output, Picture, Reference, Source};
use safelight_store::{Upload, UploadState};

use crate::app::App;
use crate::body::{Received, Room};
use crate::disk;
use crate::endpoints::{Asked, Own};
use crate::references;
use crate::reply::{Reply, apart};
use crate::uploads::{self, FILE};

/// What is said of it.
pub(crate) static OWN: Own = Own {
    method: Method::Post,
    path: "/api/common/upload-file",
    sign: "common_upload_file",
    name: "Upload a file",
    summary: "Keeps a picture for later requests, which name it by its `file_id`.",
    fields: Request::FIELDS,
    answer: Answer::shape,
    reads: false,
};

/// How long a fetch behind the answer waits for its turn.
const PATIENCE: Duration = Duration::from_secs(600);

#[derive(Input)]
struct Request {
    /// The picture.
    #[shared(FILE)]
    file: Option<Picture>,
    /// Whether the answer waits until the file is there. Without waiting, the file must come from
    /// `file_url`.
    #[flag]
    #[field(default = true)]
    wait: bool,
    /// How long the file is kept.
    #[integer(60..=86_400)]
    #[field(default = 3600)]
    ttl_seconds: u32,
}

/// What is told of an upload.
#[derive(Output)]
pub(super) struct Answer {
    /// Identifier of the file.
    #[output(path = "data.file_id")]
    file_id: String,
    /// `ready`, or `in_transit` while the file is on its way.
    #[output(path = "data.state")]
    state: &'static str,
    /// Size in bytes, when it is ready.
    #[output(path = "data.bytes")]
    bytes: Option<u64>,
    /// Format of the picture, when it is ready.
    #[output(path = "data.format")]
    format: Option<String>,
    /// Width in pixels, when it is ready.
    #[output(path = "data.width")]
    width: Option<u32>,
    /// Height in pixels, when it is ready.
    #[output(path = "data.height")]
    height: Option<u32>,
    /// When its life is over, in Unix seconds.
    #[output(path = "data.expires_at")]
    expires_at: i64,
}

impl From<Upload> for Answer {
    fn from(upload: Upload) -> Self {
        let Upload { id, state, picture, expires_at, .. } = upload;
        let picture = picture.as_ref();
        Self {
            file_id: id,
            state: state.name(),
            bytes: picture.map(|picture| picture.size),
            format: picture.map(|picture| picture.format.clone()),
            width: picture.map(|picture| picture.width),
            height: picture.map(|picture| picture.height),
            expires_at: expires_at / 1000,
        }
    }
}

pub(crate) async fn handle(asked: Asked) -> Result<Reply> {
    let Asked { app, trace, principal, received, _at_work } = asked;
    let application = principal.application.id;
    disk::check_room(&app, principal.kind).await?;
    let Received { form, memory } = received;
    // The file may still have to be fetched; what was sent is checked already.
    let (Request { wait, ttl_seconds, .. }, form) =
        apart("reading the request", move || Ok((Request::read(&form)?, form))).await?;
    let received = Received { form, memory };
    let id = if wait {
        let fields = OWN.accepts();
        let received = references::resolve(&app, &trace, application, fields, received).await?;
        keep(&app, application, received, ttl_seconds).await?
    } else {
        fetch_behind(&app, application, received.form, ttl_seconds).await?
    };
    let upload = uploads::find(&app, application, "file_id", &id).await?;
    Reply::of(&trace, Answer::from(upload))
}

/// Keeps the file of a form.
async fn keep(app: &App, application: i64, received: Received, ttl_seconds: u32) -> Result<String> {
    let Received { form, memory: _memory } = received;
    let (picture, bytes) = picture(form).await?;
    let id = uploads::admit(app, application, bytes.len() as u64, ttl_seconds).await?;
    if let Err(fault) = uploads::complete(app, application, &id, &picture, bytes).await {
        let reclaimed = app.store.reclaim_upload(&id).await;
        reclaimed.unwrap_or_else(|error| tracing::error!(%error, "an upload stays recorded"));
        return Err(fault);
    }
    Ok(id)
}

/// The picture that a form holds, and its bytes.
async fn picture(form: Form) -> Result<(Picture, Bytes)> {
    let bytes = form.files().next().map(|(_, bytes)| bytes.clone()).unwrap_or_default();
    let picture = apart("reading the file", move || FILE.read(&form)).await?;
    Ok((picture, bytes))
}

/// Records an upload whose file is fetched after the answer.
async fn fetch_behind(
    app: &Arc<App>,
    application: i64,
    form: Form,
    ttl_seconds: u32,
) -> Result<String> {
    let references = FILE.references(&form)?;
    let [Reference { source: Source::Url, text: url }] = references.as_slice() else {
        let message = "wait is false, which only goes with file_url";
        return Err(Fault::new(Code::UnsupportedParameterValues, message));
    };
    app.fetcher.check(application, "file_url", url.trim()).await?;
    let id = uploads::admit(app, application, FILE.rules.max_bytes, ttl_seconds).await?;
    tokio::spawn(fetch(app.clone(), application, form, id.clone()));
    Ok(id)
}

/// Fetches the file of a form, and ends the upload one way or the other.
async fn fetch(app: Arc<App>, application: i64, mut form: Form, id: String) {
    let fetched = async {
        let memory = app.bodies.open(application);
        let (fields, room) = (OWN.accepts(), Room::for_files(&memory, PATIENCE));
        let following = references::follow(&app, application, fields, &mut form, &room);
        memory.unless_revoked(following).await?;
        let (picture, bytes) = picture(form).await?;
        uploads::complete(&app, application, &id, &picture, bytes).await
    };
    if let Err(fault) = fetched.await
        && let Err(error) = app.store.end_upload(&id, &Err(fault)).await
    {
        tracing::error!(%error, "an upload stays in transit until the next start");
    }
}

/// What is told of an upload that may have failed.
pub(super) fn told(upload: Upload) -> Result<Answer> {
    match (upload.state, upload.fault.clone()) {
        (UploadState::Failed, Some(fault)) => Err(fault),
        _ => Ok(upload.into()),
    }
}
