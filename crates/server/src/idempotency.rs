//! Requests with the header `Idempotency-Key`: a repetition gets the first answer again, and nothing
//! is done or charged twice.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName};
use bytes::Bytes;
use safelight_contract::{Code, Edition, Fault, Result, failure};
use safelight_operation::Form;
use safelight_store::{
    BlobError, KeyKind, KeyedAnswer, KeyedRequest, Millis, Principal, RequestKey, ResultFile,
};

use crate::admission::{Load, Patience};
use crate::app::{App, Stored, now};
use crate::reply::{Reply, apart, internal};
use crate::trace::Trace;
use crate::urls::{blob_key, new_key};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Most characters of a key.
const LENGTH: usize = 128;

/// How long an answer is kept.
const REMEMBERED: Millis = 24 * 3_600_000;

/// How long a request counts as in flight whose process says nothing of its end.
const IN_FLIGHT: Millis = 3_600_000;

/// The key that a request carries; quotes around it, as the standard's draft has them, do not count.
/// What a live key was answered and what a sandbox key was answered stay apart.
///
/// # Errors
/// `ERROR_INVALID_PARAMETER_FORMAT` and `ERROR_CONTENT_TOO_LONG` for what is no key.
pub(crate) fn key(principal: &Principal, headers: &HeaderMap) -> Result<Option<String>> {
    let key = read(headers)?;
    Ok(match principal.kind {
        KeyKind::Live => key,
        // No client's key holds a `/`.
        KeyKind::Sandbox => key.map(|key| format!("sandbox/{key}")),
    })
}

fn read(headers: &HeaderMap) -> Result<Option<String>> {
    let Some(value) = headers.get(KEY) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    if inner.is_empty() || !inner.bytes().all(allowed) {
        return Err(Fault::new(
            Code::InvalidParameterFormat,
            "the header Idempotency-Key may hold letters, digits, `_`, `.`, `:` and `-`",
        ));
    }
    if inner.len() > LENGTH {
        let length = inner.len();
        let message =
            format!("the header Idempotency-Key has {length} characters, the limit is {LENGTH}");
        return Err(Fault::new(Code::ContentTooLong, message));
    }
    Ok(Some(inner.to_owned()))
}

/// A request that carries a key, and the digest of what it sent.
pub(crate) struct Keyed {
    key: String,
    digest: [u8; 32],
}

impl Keyed {
    /// A request that sent a form: all fields by name, so that the boundaries of a multipart body do
    /// not count. Gives the form back; does nothing without a key.
    pub async fn form(key: Option<String>, form: Form) -> Result<(Option<Self>, Form)> {
        let Some(key) = key else { return Ok((None, form)) };
        let hash = move || Ok((digest(&parts(&form)), form));
        let (digest, form) = apart("hashing the request", hash).await?;
        Ok((Some(Self { key, digest }), form))
    }

    /// A request that sent a body that is read as it is.
    pub async fn body(key: Option<String>, body: &Bytes) -> Result<Option<Self>> {
        let Some(key) = key else { return Ok(None) };
        let body = body.clone();
        let digest = apart("hashing the request", move || Ok(digest(&[&body]))).await?;
        Ok(Some(Self { key, digest }))
    }
}

fn parts(form: &Form) -> Vec<&[u8]> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for (name, value) in form.texts() {
        parts.extend([b"text", name.as_bytes(), value.as_bytes()]);
    }
    for (name, bytes) in form.files() {
        parts.extend([b"file", name.as_bytes(), bytes]);
    }
    for (name, reference) in form.references() {
        let source = reference.source.suffix();
        parts.extend([source.as_bytes(), name.as_bytes(), reference.text.as_bytes()]);
    }
    parts
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    *hasher.finalize().as_bytes()
}

/// Does `work` once for each key of an application at a path. Without a key, it is just done, as long as
/// the client waits; with one it is done to its end, so that whoever repeats the request finds what it
/// was charged for.
///
/// # Errors
/// `ERROR_TASK_CONFLICT` while the first request is in flight, `UNSUPPORTED_PARAMETER_VALUES` where
/// it sent something else; those of the work.
pub(crate) async fn once(
    app: &Arc<App>,
    trace: &Arc<Trace>,
    (application, path): (i64, &'static str),
    keyed: Option<Keyed>,
    work: impl Future<Output = Result<Reply>> + Send + 'static,
) -> Result<Reply> {
    let Some(Keyed { key, digest }) = keyed else { return work.await };
    let request = RequestKey { application, path: path.to_owned(), key };
    let begun = app.store.begin_request(&request, &digest, now() + IN_FLIGHT, now()).await;
    match begun.or_internal("recording the request")? {
        KeyedRequest::New => {}
        KeyedRequest::InFlight => {
            let message = "the first request with this Idempotency-Key is still at work";
            return Err(Fault::new(Code::TaskConflict, message));
        }
        KeyedRequest::Other => {
            let message =
                "the header Idempotency-Key belongs to a request that sent something else";
            return Err(Fault::new(Code::UnsupportedParameterValues, message));
        }
        KeyedRequest::Answered(answer) => return replay(app, application, answer).await,
    }
    let (app, trace) = (app.clone(), trace.clone());
    let working = tokio::spawn(async move {
        let mut in_flight = InFlight { app, request: Some(request) };
        let outcome = work.await;
        in_flight.end(&trace, &outcome).await;
        outcome
    });
    working.await.unwrap_or_else(|panicked| Err(internal("the work of a request", &panicked)))
}

async fn replay(app: &App, application: i64, answer: KeyedAnswer) -> Result<Reply> {
    let failed = |error| match error {
        BlobError::NotFound(_) => {
            let message = "the answer that the header Idempotency-Key names is over";
            Fault::new(Code::ResourceReclaimed, message)
        }
        error => internal("reading an answer that was given before", &error),
    };
    let key = blob_key(&answer.file);
    let size = app.blobs.head(&key).await.map_err(failed)?;
    let patience = Patience::Client(app.settings.limits.queue_wait());
    let permit = app.work.acquire(application, Load::bytes(size), patience).await?;
    let body = app.blobs.get(&key).await.map_err(failed)?;
    let code = answer.code.parse().map_or("", Code::name);
    Ok(Reply::replayed(body, answer.status, code).holding(permit))
}

/// A request that is in flight. Dropped without an end, it may come again.
struct InFlight {
    app: Arc<App>,
    request: Option<RequestKey>,
}

impl InFlight {
    /// Keeps the answer, or forgets the request where the answer may be another next time.
    async fn end(&mut self, trace: &Trace, outcome: &Result<Reply>) {
        let edition = self.app.edition();
        let answer = match outcome {
            Ok(reply) => Some((200, "", reply.body())),
            Err(fault) => {
                let (status, body) = failure(&trace.ids, fault, edition);
                // The later edition says of more failures that they are not the request's.
                let cause = fault.code().status(Edition::E2026);
                let passes = matches!(fault.code(), Code::ResourceInUse | Code::TaskConflict);
                let lasts = cause < 500 && cause != 429 && fault.wait().is_none() && !passes;
                let code = fault.code().in_edition(edition).name();
                lasts.then(|| (status, code, Bytes::from(body.to_string())))
            }
        };
        let kept = match (answer, self.request.clone()) {
            (Some((status, code, body)), Some(request)) => {
                self.keep(&request, status, code, body).await
            }
            _ => return,
        };
        if let Err(fault) = &kept {
            tracing::warn!(%fault, "an answer is not kept for repetitions");
        }
        // What succeeded was charged, and must not be charged again: where its answer is not kept, the
        // key stays in use until its time is over.
        if kept.is_ok() || outcome.is_ok() {
            self.request = None;
        }
    }

    async fn keep(&self, request: &RequestKey, status: u16, code: &str, body: Bytes) -> Result<()> {
        let app = &self.app;
        let expires_at = now() + REMEMBERED.min(app.settings.results.ttl_millis());
        let file = ResultFile {
            key: new_key("json"),
            application: request.application,
            content_type: "application/json".to_owned(),
            size: body.len() as u64,
            created_at: now(),
            expires_at,
            reclaimed: false,
        };
        let fits = app.store.add_file(&file, app.settings.results.disk_budget).await;
        if !fits.or_internal("recording an answer")? {
            return Err(Fault::new(Code::InsufficientResources, "the disk budget is used up"));
        }
        let written = app.blobs.put(&blob_key(&file.key), body).await;
        written.map_err(|error| internal("writing an answer", &error))?;
        let answer = KeyedAnswer { status, code: code.to_owned(), file: file.key };
        let kept = app.store.answer_request(request, &answer, expires_at).await;
        kept.or_internal("recording an answer")
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let (app, Some(request)) = (self.app.clone(), self.request.take()) else { return };
        tokio::spawn(async move {
            if let Err(error) = app.store.abandon_request(&request).await {
                tracing::error!(%error, "a request stays in flight until its time is over");
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn keys_are_read_with_quotes_and_without() {
        let of = |value: &str| {
            let value = HeaderValue::from_str(value).expect("a header");
            read(&HeaderMap::from_iter([(KEY, value)])).map_err(|fault| fault.code())
        };
        assert_eq!(read(&HeaderMap::new()), Ok(None));
        for text in ["a-B.c:1_", "\"a-B.c:1_\"", " a-B.c:1_ "] {
            assert_eq!(of(text), Ok(Some("a-B.c:1_".to_owned())), "{text}");
        }
        for text in ["", "\"\"", "a b", "a/b", "\"a"] {
            assert_eq!(of(text), Err(Code::InvalidParameterFormat), "{text}");
        }
        assert!(of(&"a".repeat(128)).is_ok());
        assert_eq!(of(&"a".repeat(129)), Err(Code::ContentTooLong));
    }
}
