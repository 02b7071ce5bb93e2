//! Reading a request's body into a form, within limits: of the whole body, of each file as its
//! service declares it, of each text field, of memory and of time. Memory is taken as bytes arrive.

mod encoding;
mod metered;
mod multipart;
mod pool;

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, request};
use http_body_util::BodyExt;
use safelight_contract::{Code, Fault, Result};
use safelight_operation::{Delivery, Endpoint, Form, TASK_TYPE};
use tokio::time::timeout;

use crate::app::App;
use crate::settings::LimitSettings;
use crate::trace::Trace;
use encoding::{Decoded, Encoding};
use metered::Metered;
pub(crate) use pool::{Memory, Pool};

/// Largest text field in bytes, and largest body of type `application/x-www-form-urlencoded`.
const MAX_TEXT: usize = 256 << 10;

/// Bytes that a body holds from its start, beside its fields: what its parser may have unused, as
/// are part headers and the text before the first boundary.
const UNUSED: u64 = 64 << 10;

/// A form, and the memory that its files take.
pub(crate) struct Received {
    pub form: Form,
    pub memory: Option<Memory>,
}

/// The fields of the query string alone.
pub(crate) fn query(parts: &request::Parts) -> impl Iterator<Item = (String, String)> {
    let query = parts.uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).map(|(name, value)| (name.into(), value.into()))
}

/// Reads the fields that `endpoint` declares into memory of `application`; others are skipped.
pub(crate) async fn receive(
    app: &App,
    trace: &Trace,
    application: i64,
    endpoint: &'static Endpoint,
    request: Request,
) -> Result<Received> {
    let (parts, body) = request.into_parts();
    let mut form = Form::new();
    for (name, value) in query(&parts).filter(|(name, _)| declares(endpoint, name)) {
        form.add_query(name, value);
    }
    let limits = &app.settings.limits;
    let length = content_length(&parts.headers, limits)?;
    let encoding = Encoding::of(&parts.headers)?;
    let kind = kind(&parts.headers, length == Some(0))?;
    if let Kind::Empty = kind {
        return Ok(Received { form, memory: None });
    }
    // How long a compressed body is says nothing of what is in it.
    let length = length.filter(|_| encoding.is_none());
    let body = match encoding {
        Some(encoding) => Body::new(Decoded::new(body, encoding, limits.max_body_bytes)),
        None => body,
    };
    let (memory, wait) = (app.bodies.open(application), limits.queue_wait());
    let first = length.unwrap_or(UNUSED).min(UNUSED);
    trace.timed("queue", memory.grow(first, wait)).await?;
    let mut metered = Metered::new(body, limits);
    let progress = metered.progress();
    let room = Room { memory: &memory, wait, most: length.unwrap_or(u64::MAX) };
    let reading = async {
        read(&mut metered, kind, endpoint, &room, &mut form).await?;
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
    Ok(Received { memory: keep_for_files(memory, &form), form })
}

async fn read(
    body: &mut Metered<Body>,
    kind: Kind,
    endpoint: &Endpoint,
    room: &Room<'_>,
    form: &mut Form,
) -> Result<()> {
    match kind {
        Kind::Empty => Ok(()),
        Kind::Multipart { boundary } => {
            multipart::read(body, &boundary, endpoint, room, form).await
        }
        Kind::UrlEncoded => url_encoded(body, endpoint, room, form).await,
    }
}

/// Where the bytes of a body go.
struct Room<'a> {
    memory: &'a Memory,
    wait: Duration,
    /// The length of the whole body where it is known.
    most: u64,
}

impl Room<'_> {
    /// Appends to a field of at most `limit` bytes. Memory is taken before it is allocated: twice
    /// as much each time.
    async fn append(&self, field: &mut Vec<u8>, more: &[u8], limit: u64) -> Result<()> {
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

/// The memory for what the form really holds.
fn keep_for_files(memory: Memory, form: &Form) -> Option<Memory> {
    let bytes = form.files().map(|(_, bytes)| bytes.len() as u64).sum();
    memory.shrink_to(bytes);
    (bytes > 0).then_some(memory)
}

fn declares(endpoint: &Endpoint, name: &str) -> bool {
    let chooses = matches!(endpoint.spec().delivery, Delivery::Either { .. });
    endpoint.field(name).is_some() || name == TASK_TYPE.name && chooses
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
}

fn kind(headers: &HeaderMap, empty: bool) -> Result<Kind> {
    let wrong = |what: String| {
        Fault::new(Code::ErrorParameters, format!("{what}, send multipart/form-data"))
    };
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
        _ => {
            let shown: String = media.chars().take(60).collect();
            Err(wrong(format!("Content-Type is {shown}")))
        }
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

async fn url_encoded(
    body: &mut Metered<Body>,
    endpoint: &Endpoint,
    room: &Room<'_>,
    form: &mut Form,
) -> Result<()> {
    let limit = MAX_TEXT as u64;
    let (mut bytes, progress) = (Vec::new(), body.progress());
    while let Some(frame) = body.frame().await {
        progress.used();
        let frame = frame.map_err(|error| metered::fault(&error))?;
        let Some(data) = frame.data_ref() else { continue };
        if (bytes.len() + data.len()) as u64 > limit {
            return Err(too_large(limit, limit));
        }
        room.append(&mut bytes, data, limit).await?;
    }
    for (name, value) in form_urlencoded::parse(&bytes) {
        if declares(endpoint, &name) {
            form.add_text(name, value);
        }
    }
    Ok(())
}
