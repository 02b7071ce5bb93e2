//! Reading a request's body into a form, within limits: of the whole body, of each file as its
//! service declares it, of each text field, of memory and of time.

mod metered;
mod multipart;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, request};
use http_body_util::BodyExt;
use safelight_contract::{Code, Fault, Result};
use safelight_services::{Declaration, Form};
use tokio::time::timeout;

use crate::admission::{Load, Patience, Permit};
use crate::app::App;
use crate::settings::LimitSettings;
use crate::trace::Trace;
use metered::Metered;

/// Largest text field in bytes, and largest body of type `application/x-www-form-urlencoded`.
const MAX_TEXT: usize = 256 << 10;

/// What a body may take beside its files: texts, part headers, boundaries.
const ALLOWANCE: u64 = 1 << 20;

/// A form, and the permit for the memory that its files take.
pub(crate) struct Received {
    pub form: Form,
    pub permit: Option<Permit>,
}

/// The fields of the query string alone.
pub(crate) fn query(parts: &request::Parts) -> impl Iterator<Item = (String, String)> {
    let query = parts.uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).map(|(name, value)| (name.into(), value.into()))
}

/// Reads the fields that `declaration` names; others are skipped.
pub(crate) async fn receive(
    app: &App,
    trace: &Trace,
    declaration: &'static Declaration,
    request: Request,
) -> Result<Received> {
    let (parts, body) = request.into_parts();
    let mut form = Form::new();
    for (name, value) in query(&parts).filter(|(name, _)| declares(declaration, name)) {
        form.add_query(name, value);
    }
    let limits = &app.settings.limits;
    let length = content_length(&parts.headers, limits)?;
    let kind = kind(&parts.headers, length == Some(0))?;
    let need = length.unwrap_or(u64::MAX).min(largest(declaration, &kind, limits));
    let permit = match need {
        0 => None,
        need => {
            let patience = Patience::Client(limits.queue_wait());
            Some(trace.timed("queue", app.bodies.acquire(Load::bytes(need), patience)).await?)
        }
    };
    let metered = Metered::new(body, limits.max_body_bytes, limits.stall_timeout());
    let progress = metered.progress();
    let reading = async {
        match kind {
            Kind::Empty => Ok(()),
            Kind::Multipart { boundary } => {
                multipart::read(metered, &boundary, declaration, length, &mut form).await
            }
            Kind::UrlEncoded => url_encoded(metered, declaration, &mut form).await,
        }
    };
    let seconds = limits.body_timeout_seconds;
    let limit = std::time::Duration::from_secs(seconds);
    let outcome = trace.timed("receive", timeout(limit, reading)).await;
    trace.bytes_in(progress.received());
    outcome.unwrap_or_else(|_| {
        Err(transfer_failed(format!("the body did not arrive within {seconds} s")))
    })?;
    Ok(Received { permit: keep_for_files(permit, &form), form })
}

/// The permit for what the form really holds.
fn keep_for_files(permit: Option<Permit>, form: &Form) -> Option<Permit> {
    let bytes = form.files().map(|(_, bytes)| bytes.len() as u64).sum();
    let mut permit = permit.filter(|_| bytes > 0)?;
    permit.shrink_to_bytes(bytes);
    Some(permit)
}

fn declares(declaration: &Declaration, name: &str) -> bool {
    declaration.params.iter().any(|param| param.name() == name) || is_file(declaration, name)
}

fn is_file(declaration: &Declaration, name: &str) -> bool {
    declaration.files.iter().any(|field| field.name == name)
}

/// The most memory that a body of this kind can make us take.
fn largest(declaration: &Declaration, kind: &Kind, limits: &LimitSettings) -> u64 {
    let files: u64 = declaration.files.iter().map(|field| field.rules.max_bytes).sum();
    match kind {
        Kind::Empty => 0,
        Kind::UrlEncoded => MAX_TEXT as u64,
        Kind::Multipart { .. } => (files + ALLOWANCE).min(limits.max_body_bytes),
    }
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

async fn url_encoded(
    body: Metered<Body>,
    declaration: &Declaration,
    form: &mut Form,
) -> Result<()> {
    let limit = MAX_TEXT;
    let limited = http_body_util::Limited::new(body, limit);
    let bytes = limited.collect().await.map_err(|error| {
        if error.is::<http_body_util::LengthLimitError>() {
            too_large(limit as u64, limit as u64)
        } else {
            metered::fault(&*error)
        }
    })?;
    for (name, value) in form_urlencoded::parse(&bytes.to_bytes()) {
        if declares(declaration, &name) {
            form.add_text(name, value);
        }
    }
    Ok(())
}
