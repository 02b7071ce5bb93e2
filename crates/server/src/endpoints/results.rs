//! `GET /results/<day>/<file>`: a result file, for whoever knows its name.

use std::future::ready;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    IF_RANGE, LAST_MODIFIED, LOCATION, RANGE,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use safelight_contract::{Code, Fault, Result, failure};
use safelight_store::{BlobError, ResultFile};

use crate::app::{App, Stored, now};
use crate::endpoints::Call;
use crate::protection::allow_embedding;
use crate::reply::{internal, json_response};
use crate::trace::Trace;
use crate::urls::{FETCH_SITE, RESULTS, SAME_ORIGIN, blob_key, key_of_path};

/// Bytes that are read of a file at a time.
const PIECE: u64 = 64 << 10;

/// Where they are, as the router writes it.
pub(crate) const ROUTE: &str = "/results/{*key}";

/// The file, or a part of it.
pub(crate) async fn handle(call: Call) -> Result<Response> {
    let Call { app, trace, request } = call;
    let (request, _) = request.into_parts();
    let file = find(&app, request.uri.path()).await?;
    let etag = etag(&file);
    let mut response = Response::new(Body::empty());
    describe(response.headers_mut(), &file, &etag);
    if lists(&request.headers, &etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        trace.answered(304, "");
        return Ok(response);
    }
    if request.method == Method::GET
        && may_lead_away(&request.headers)
        && let Some(response) = redirect(&app, &file).await?
    {
        trace.answered(response.status().as_u16(), "");
        return Ok(response);
    }
    let range = match range(&request.headers, &etag, file.size) {
        Wanted::All => None,
        Wanted::Part(range) => Some(range),
        Wanted::Nothing => return Ok(unsatisfiable(&app, &trace, &file)),
    };
    if let Some(part) = &range {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let text = format!("bytes {}-{}/{}", part.start, part.end - 1, file.size);
        insert(response.headers_mut(), CONTENT_RANGE, &text);
    }
    let length = range.as_ref().map_or(file.size, |part| part.end - part.start);
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    trace.answered(response.status().as_u16(), "");
    trace.bytes_out(length);
    if request.method != Method::HEAD {
        *response.body_mut() = read(app, &file, range.unwrap_or(0..file.size)).await?;
    }
    Ok(response)
}

/// Whether an answer may be a redirect. The pages of the console load pictures of their own origin alone,
/// and tools of the Model Context Protocol call the API inside the process.
fn may_lead_away(headers: &HeaderMap) -> bool {
    headers.get(FETCH_SITE).is_none_or(|site| site != SAME_ORIGIN)
}

/// The way to the file in its bucket, for as long as it lives, where clients may read it there.
async fn redirect(app: &App, file: &ResultFile) -> Result<Option<Response>> {
    let life = Duration::from_millis((file.expires_at - now()).max(1000).unsigned_abs());
    let link = app.blobs.link(&blob_key(&file.key), life).await;
    let link = link.map_err(|error| internal("signing the URL of the result file", &error))?;
    let Some(link) = link else { return Ok(None) };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    insert(response.headers_mut(), LOCATION, &link);
    insert(response.headers_mut(), CACHE_CONTROL, "no-store");
    allow_embedding(response.headers_mut());
    Ok(Some(response))
}

async fn find(app: &App, path: &str) -> Result<ResultFile> {
    let unknown = || Fault::new(Code::ResourceNotFound, "there is no result file of this name");
    let key = path.strip_prefix(RESULTS).and_then(key_of_path).ok_or_else(unknown)?;
    let file = app.store.file(key).await.or_internal("looking up the result file")?;
    let file = file.ok_or_else(unknown)?;
    if file.reclaimed || file.expires_at <= now() {
        return Err(reclaimed(app));
    }
    Ok(file)
}

fn reclaimed(app: &App) -> Fault {
    let hours = app.settings.results.ttl_hours;
    let message = format!("result files are deleted after {hours} hours, this one is gone");
    Fault::new(Code::ResourceReclaimed, message)
}

/// The bytes of a range, read as the client takes them. The file is open only while a piece is
/// read, so that clients that take nothing cannot use up the files that the process may open.
async fn read(app: Arc<App>, file: &ResultFile, range: Range<u64>) -> Result<Body> {
    if range.is_empty() {
        return Ok(Body::empty());
    }
    let key = blob_key(&file.key);
    let (first, rest) = pieces(range);
    let first = match app.blobs.get_range(&key, first).await {
        Ok(first) => first,
        Err(BlobError::NotFound(_)) => return Err(reclaimed(&app)),
        Err(error) => return Err(internal("reading the result file", &error)),
    };
    let rest = stream::try_unfold(
        (app, key, rest),
        |(app, key, rest): (Arc<App>, String, Range<u64>)| async move {
            let (next, rest) = pieces(rest);
            if next.is_empty() {
                return Ok(None);
            }
            let piece = app.blobs.get_range(&key, next).await?;
            Ok::<_, BlobError>(Some((piece, (app, key, rest))))
        },
    );
    Ok(Body::from_stream(stream::once(ready(Ok(first))).chain(rest)))
}

/// The first piece of a range, and what remains of it.
fn pieces(range: Range<u64>) -> (Range<u64>, Range<u64>) {
    let middle = range.end.min(range.start.saturating_add(PIECE));
    (range.start..middle, middle..range.end)
}

fn insert(headers: &mut HeaderMap, name: axum::http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// A file never changes, so that its name says what is in it.
fn etag(file: &ResultFile) -> String {
    let name = file.key.rsplit('/').next().unwrap_or_default();
    format!("\"{name}\"")
}

fn describe(headers: &mut HeaderMap, file: &ResultFile, etag: &str) {
    insert(headers, CONTENT_TYPE, &file.content_type);
    insert(headers, ETAG, etag);
    let left = ((file.expires_at - now()) / 1000).max(0);
    insert(headers, CACHE_CONTROL, &format!("private, max-age={left}, immutable"));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    allow_embedding(headers);
    let written = Timestamp::from_millisecond(file.created_at);
    let printed =
        written.ok().and_then(|at| DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok());
    if let Some(text) = printed {
        insert(headers, LAST_MODIFIED, &text);
    }
}

/// Whether `If-None-Match` names the file.
fn lists(headers: &HeaderMap, etag: &str) -> bool {
    let value = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    value.is_some_and(|value| {
        let mut tags = value.split(',').map(|tag| tag.trim().trim_start_matches("W/"));
        tags.any(|tag| tag == etag || tag == "*")
    })
}

/// What of a file is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    All,
    Part(Range<u64>),
    /// A part that lies outside.
    Nothing,
}

/// Reads `Range`, unless `If-Range` names something else. Several ranges, other units and what
/// makes no sense mean the whole file, as the standard has it.
pub(crate) fn range(headers: &HeaderMap, etag: &str, size: u64) -> Wanted {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if headers.contains_key(IF_RANGE) && text(IF_RANGE) != Some(etag) {
        return Wanted::All;
    }
    text(RANGE).map_or(Wanted::All, |range| parse_range(range, size))
}

fn parse_range(text: &str, size: u64) -> Wanted {
    let bounds = text.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-'));
    let Some((first, last)) = bounds else { return Wanted::All };
    let part = |start: u64, end: u64| {
        if start < end { Wanted::Part(start..end) } else { Wanted::Nothing }
    };
    match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(first), Ok(last)) if first > last => Wanted::All,
        (Ok(first), Ok(last)) => part(first, last.saturating_add(1).min(size)),
        (Ok(first), Err(_)) if last.trim().is_empty() => part(first, size),
        (Err(_), Ok(count)) if first.trim().is_empty() => part(size - count.min(size), size),
        _ => Wanted::All,
    }
}

/// The contract has no code of HTTP status 416, so the envelope of the nearest one bears it.
fn unsatisfiable(app: &App, trace: &Trace, file: &ResultFile) -> Response {
    let size = file.size;
    let fault = Fault::new(
        Code::UnsupportedParameterValues,
        format!("the header Range names no byte of the file, which has {size}"),
    );
    let (_, mut body) = failure(&trace.ids, &fault, app.edition());
    let status = StatusCode::RANGE_NOT_SATISFIABLE;
    body["error_code"] = status.as_u16().into();
    body["error_detail"]["status_code"] = status.as_u16().into();
    trace.answered(status.as_u16(), fault.code().name());
    let mut response = json_response(status, Body::from(body.to_string()));
    insert(response.headers_mut(), CONTENT_RANGE, &format!("bytes */{size}"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_this_server_are_not_led_away() {
        let sent = |site: &'static str| {
            HeaderMap::from_iter([(FETCH_SITE, HeaderValue::from_static(site))])
        };
        assert!(may_lead_away(&HeaderMap::new()));
        assert!(may_lead_away(&sent("cross-site")) && may_lead_away(&sent("none")));
        assert!(!may_lead_away(&sent("same-origin")));
    }

    #[test]
    fn ranges_follow_the_standard() {
        for (text, wanted) in [
            ("bytes=0-3", Wanted::Part(0..4)),
            ("bytes=5-", Wanted::Part(5..10)),
            ("bytes=-3", Wanted::Part(7..10)),
            ("bytes=-30", Wanted::Part(0..10)),
            ("bytes=5-100", Wanted::Part(5..10)),
            ("bytes=10-", Wanted::Nothing),
            ("bytes=10-12", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=4-2", Wanted::All),
            ("bytes=0-1,4-5", Wanted::All),
            ("pages=1-2", Wanted::All),
            ("bytes=x-y", Wanted::All),
            ("bytes=-", Wanted::All),
        ] {
            assert_eq!(parse_range(text, 10), wanted, "{text}");
        }
        assert_eq!(parse_range("bytes=0-", 0), Wanted::Nothing);
    }
}
