//! Reading a request's body into a form, within limits: of the whole body, of each file as its
//! service declares it, of each text field, of memory and of time. Memory is taken as bytes arrive.

mod encoding;
mod metered;
mod multipart;
mod pool;
mod whole;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, request};
use http_body_util::BodyExt;
use safelight_contract::{Code, Fault, Result, shortened};
use safelight_operation::{Fields, FileField, FilePresence, Form, Source};
use tokio::time::timeout;

use crate::app::App;
use crate::settings::LimitSettings;
use crate::trace::Trace;
use encoding::{Decoded, Encoding};
use metered::Metered;
pub(crate) use pool::{Memory, Pool};
pub(crate) use whole::{add_members, each, object};

/// Largest text field in bytes.
const MAX_TEXT: usize = 256 << 10;

/// Bytes that a body holds from its start, beside its fields: what its parser may have unused, as
/// are part headers and the text before the first boundary.
const UNUSED: u64 = 64 << 10;

/// A form, and the memory that it takes; none where there is no body.
pub(crate) struct Received {
    pub form: Form,
    pub memory: Option<Memory>,
}

/// The fields of the query string alone.
pub(crate) fn query(parts: &request::Parts) -> impl Iterator<Item = (String, String)> {
    let query = parts.uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).map(|(name, value)| (name.into(), value.into()))
}

/// Reads the declared `fields` into memory of `application`; others are skipped. References to
/// files are read, not followed.
pub(crate) async fn receive(
    app: &App,
    trace: &Trace,
    application: i64,
    fields: Fields,
    request: Request,
) -> Result<Received> {
    Receiver::of(app, trace, application).form(fields, request).await
}

/// Reads a body that must be `application/json`, whole.
pub(crate) async fn receive_json(
    app: &App,
    trace: &Trace,
    application: i64,
    request: Request,
) -> Result<(Vec<u8>, Option<Memory>)> {
    let (parts, body) = request.into_parts();
    let mut text = Vec::new();
    let into = Destination::Json(&mut text);
    let memory = Receiver::of(app, trace, application).arrive(&parts.headers, body, into).await?;
    Ok((text, memory))
}

/// What a body is read into.
enum Destination<'d> {
    Form(Fields, &'d mut Form),
    /// The text of JSON.
    Json(&'d mut Vec<u8>),
}

/// Within which limits a body is read, and in whose memory.
pub(crate) struct Receiver<'a> {
    pub limits: &'a LimitSettings,
    pub bodies: &'a Arc<Pool>,
    pub trace: &'a Trace,
    pub application: i64,
}

impl<'a> Receiver<'a> {
    fn of(app: &'a App, trace: &'a Trace, application: i64) -> Self {
        Self { limits: &app.settings.limits, bodies: &app.bodies, trace, application }
    }

    /// Reads the declared `fields`.
    pub async fn form(&self, fields: Fields, request: Request) -> Result<Received> {
        let (parts, body) = request.into_parts();
        let mut form = Form::new();
        for (name, value) in query(&parts) {
            whole::add_query(fields, &name, value, &mut form);
        }
        let into = Destination::Form(fields, &mut form);
        let memory = self.arrive(&parts.headers, body, into).await?;
        Ok(Received { form, memory })
    }

    /// Reads a body within the limits, and answers the memory that it takes; none where there is no
    /// body.
    async fn arrive(
        &self,
        headers: &HeaderMap,
        body: Body,
        into: Destination<'_>,
    ) -> Result<Option<Memory>> {
        let Self { limits, bodies, trace, application } = *self;
        let length = content_length(headers, limits)?;
        let encoding = Encoding::of(headers)?;
        let kind = kind(headers, length == Some(0))?;
        if let Kind::Empty = kind {
            return Ok(None);
        }
        // How long a compressed body is says nothing of what is in it.
        let length = length.filter(|_| encoding.is_none());
        let body = match encoding {
            Some(encoding) => Body::new(Decoded::new(body, encoding, limits.max_body_bytes)),
            None => body,
        };
        let (memory, wait) = (bodies.open(application), limits.queue_wait());
        let first = length.unwrap_or(UNUSED).min(UNUSED);
        trace.timed("queue", memory.grow(first, wait)).await?;
        let mut metered = Metered::new(body, limits);
        let progress = metered.progress();
        let most = length.unwrap_or(u64::MAX);
        let whole = bodies.largest_whole();
        let room = Room { memory: &memory, wait, most, whole, of_a_task: false };
        let reading = async {
            read(&mut metered, kind, &room, into).await?;
            if encoding.is_some() { finish(&mut metered).await } else { Ok(()) }
        };
        let reading = memory.unless_revoked(reading);
        let seconds = limits.body_timeout_seconds;
        let limit = Duration::from_secs(seconds);
        let outcome = trace.timed("receive", timeout(limit, reading)).await;
        trace.bytes_in(progress.received());
        outcome.unwrap_or_else(|_| {
            Err(transfer_failed(format!("the body did not arrive within {seconds} s")))
        })?;
        Ok(Some(memory))
    }
}

async fn read(
    body: &mut Metered<Body>,
    kind: Kind,
    room: &Room<'_>,
    into: Destination<'_>,
) -> Result<()> {
    match (into, kind) {
        (_, Kind::Empty) => Ok(()),
        (Destination::Form(fields, form), Kind::Multipart { boundary }) => {
            multipart::read(body, &boundary, fields, room, form).await
        }
        (Destination::Form(fields, form), Kind::UrlEncoded) => {
            whole::url_encoded(body, fields, room, form).await
        }
        (Destination::Form(fields, form), Kind::Json) => {
            whole::json(body, fields, room, form).await
        }
        (Destination::Json(text), Kind::Json) => {
            *text = whole::read(body, room).await?;
            Ok(())
        }
        (Destination::Json(_), _) => {
            Err(Fault::new(Code::ErrorParameters, "the body must be application/json"))
        }
    }
}

/// Where the bytes of a body go.
pub(crate) struct Room<'a> {
    memory: &'a Memory,
    wait: Duration,
    /// The length of the whole body where it is known.
    most: u64,
    /// The largest body that is read whole before its fields are.
    whole: u64,
    /// Whether a task works on it, which keeps the uploads that it works on.
    of_a_task: bool,
}

impl<'a> Room<'a> {
    /// Room for files of unknown size beside what `memory` holds already.
    pub fn for_files(memory: &'a Memory, wait: Duration) -> Self {
        Self { memory, wait, most: u64::MAX, whole: 0, of_a_task: false }
    }

    /// The same for the files of a task.
    pub fn for_task(memory: &'a Memory, wait: Duration) -> Self {
        Self { of_a_task: true, ..Self::for_files(memory, wait) }
    }

    pub fn is_of_a_task(&self) -> bool {
        self.of_a_task
    }

    /// The longest wait for room.
    pub fn wait(&self) -> Duration {
        self.wait
    }

    /// Takes `more` bytes.
    pub async fn take(&self, more: u64) -> Result<()> {
        self.memory.grow(more, self.wait).await
    }

    /// Appends to a field of at most `limit` bytes. Memory is taken before it is allocated: twice
    /// as much each time.
    pub async fn append(&self, field: &mut Vec<u8>, more: &[u8], limit: u64) -> Result<()> {
        let (length, capacity) = ((field.len() + more.len()) as u64, field.capacity() as u64);
        if length > capacity {
            let size = (2 * capacity).min(limit.min(self.most)).max(length);
            self.memory.grow(size - capacity, self.wait).await?;
            field.reserve_exact(size as usize - field.len());
        }
        field.extend_from_slice(more);
        Ok(())
    }
}

/// How many files of a field are kept: one more than it takes, where it takes several, so that too many
/// are noticed.
fn most(field: &FileField) -> usize {
    match field.presence {
        FilePresence::Several(_) => field.most() + 1,
        FilePresence::Required | FilePresence::Optional => 1,
    }
}

/// Whether one more reference of this source to a file of the field is kept.
pub(crate) fn keeps_another(form: &Form, field: &FileField, source: Source) -> bool {
    let of_source = form.references_of(field.name).iter().filter(|other| other.source == source);
    of_source.count() < most(field)
}

fn content_length(headers: &HeaderMap, limits: &LimitSettings) -> Result<Option<u64>> {
    let Some(value) = headers.get(CONTENT_LENGTH) else { return Ok(None) };
    let length = value.to_str().ok().and_then(|text| text.parse().ok());
    let length: u64 = length.ok_or_else(|| {
        Fault::new(Code::ErrorParameters, "the header Content-Length is not a number")
    })?;
    if length > limits.max_body_bytes {
        return Err(too_large(length, limits.max_body_bytes));
    }
    Ok(Some(length))
}

fn too_large(size: u64, limit: u64) -> Fault {
    Fault::new(
        Code::RequestBodyTooLarge,
        format!("the body has {size} bytes or more, the limit is {limit}"),
    )
}

fn transfer_failed(message: String) -> Fault {
    Fault::new(Code::DataTransferFailed, message)
}

/// How the fields are written in the body.
enum Kind {
    Empty,
    Multipart { boundary: String },
    UrlEncoded,
    Json,
}

/// What a body may be.
const MEDIA: &str = "multipart/form-data, application/x-www-form-urlencoded or application/json";

fn kind(headers: &HeaderMap, empty: bool) -> Result<Kind> {
    let wrong = |what: String| Fault::new(Code::ErrorParameters, format!("{what}, send {MEDIA}"));
    let Some(value) = headers.get(CONTENT_TYPE) else {
        let no_body = empty
            || !headers.contains_key(axum::http::header::TRANSFER_ENCODING)
                && !headers.contains_key(CONTENT_LENGTH);
        return if no_body {
            Ok(Kind::Empty)
        } else {
            Err(wrong("the header Content-Type is missing".to_owned()))
        };
    };
    let text = value.to_str().map_err(|_| wrong("Content-Type is not text".to_owned()))?;
    let media = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media.as_str() {
        "multipart/form-data" => {
            let boundary = multer::parse_boundary(text);
            let boundary = boundary.map_err(|_| wrong("Content-Type lacks a boundary".into()))?;
            Ok(Kind::Multipart { boundary })
        }
        "application/x-www-form-urlencoded" => Ok(Kind::UrlEncoded),
        "application/json" => Ok(Kind::Json),
        _ => Err(wrong(format!("Content-Type is {}", shortened(&media)))),
    }
}

/// Reads what comes after the last field: with the end comes the checksum of compressed data.
async fn finish(body: &mut Metered<Body>) -> Result<()> {
    let progress = body.progress();
    while let Some(frame) = body.frame().await {
        frame.map_err(|broken| metered::fault(&broken))?;
        progress.used();
    }
    Ok(())
}
