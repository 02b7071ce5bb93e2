//! What is read of strangers, each from any bytes: nothing may panic, run on or break its promise.
//! For the targets of `fuzz/`, which seek bytes that do, and for the test that replays what they
//! start from.

use std::convert::Infallible;
use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, RANGE};
use axum::http::{HeaderMap, HeaderValue};
use bytes::Bytes;
use safelight_imaging::Header;
use safelight_inference::manifest::Manifest;
use safelight_services::CATALOG;

use crate::accept;
use crate::body::{Pool, Received, Receiver};
use crate::endpoints::results::{Wanted, range};
use crate::settings::LimitSettings;
use crate::trace::Trace;

/// What reads bytes.
pub type Target = fn(&[u8]);

/// The targets, each with its folder of `fuzz/seeds`.
pub const TARGETS: [(&str, Target); 9] = [
    ("pictures", probe),
    ("pictures", decode),
    ("multipart", multipart),
    ("json", json),
    ("parameters", parameters),
    ("encoding", encoding),
    ("range", ranges),
    ("accept", accepts),
    ("manifest", manifest),
];

/// Largest picture that is decoded, in pixels.
const MOST_PIXELS: u64 = 1 << 20;

/// The header of a picture.
pub fn probe(bytes: &[u8]) {
    let Some(header) = header(bytes) else { return };
    assert!(header.width > 0 && header.height > 0 && header.decode_bytes() >= header.pixels());
}

fn header(bytes: &[u8]) -> Option<Header> {
    safelight_imaging::probe(bytes).ok()
}

/// A picture: where it can be decoded, it is as large as its header says.
pub fn decode(bytes: &[u8]) {
    let Some(header) = header(bytes).filter(|header| header.pixels() <= MOST_PIXELS) else {
        return;
    };
    let Ok(photo) = safelight_imaging::decode(bytes, &header) else { return };
    assert_eq!(photo.rgb.dimensions(), (header.width, header.height));
    assert!(photo.alpha.is_none_or(|alpha| alpha.dimensions() == photo.rgb.dimensions()));
}

/// A body of multipart/form-data with the boundary `x`, after a byte for the endpoint and one for
/// the size of its pieces.
pub fn multipart(bytes: &[u8]) {
    post(bytes, "multipart/form-data; boundary=x", None);
}

/// A body of JSON, after the same two bytes.
pub fn json(bytes: &[u8]) {
    post(bytes, "application/json", None);
}

/// A urlencoded body, after the same two bytes.
pub fn parameters(bytes: &[u8]) {
    post(bytes, "application/x-www-form-urlencoded", None);
}

/// A compressed body: the second byte also says how.
pub fn encoding(bytes: &[u8]) {
    let name = if bytes.get(1).is_some_and(|byte| byte % 2 == 0) { "gzip" } else { "deflate" };
    post(bytes, "application/x-www-form-urlencoded", Some(name));
}

/// The bytes of a result file, after eight bytes for its size.
pub fn ranges(bytes: &[u8]) {
    let Some((size, text)) = bytes.split_first_chunk() else { return };
    let Ok(value) = HeaderValue::from_bytes(text) else { return };
    let size = u64::from_le_bytes(*size);
    let headers = HeaderMap::from_iter([(RANGE, value)]);
    if let Wanted::Part(part) = range(&headers, "\"x\"", size) {
        promised(&part, size);
    }
}

/// A part of a file has a byte, and lies in it.
fn promised(part: &Range<u64>, size: u64) {
    assert!(part.start < part.end && part.end <= size, "{part:?} of {size}");
}

/// What a client takes.
pub fn accepts(bytes: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
    let headers = HeaderMap::from_iter([(ACCEPT, value.clone())]);
    let named = |word: &[u8]| bytes.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    assert!(!accept::html(&headers) || named(b"text/html"));
    let is_nothing = bytes.iter().all(|byte| b", \t".contains(byte));
    let not_text = value.to_str().is_err();
    assert!(!accept::json(&headers) || is_nothing || not_text || named(b"*") || named(b"json"));
}

/// The manifest of a folder of models.
pub fn manifest(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(manifest) = Manifest::parse(text) else { return };
    for model in &manifest.models {
        assert!(!model.file.contains('/') && model.sha256.len() == 64, "{model:?}");
        let ports = model.inputs.iter().chain(&model.outputs);
        assert!(ports.into_iter().all(|port| port.layout.chars().count() == port.shape.len()));
    }
}

/// Receives a body in pieces and reads its fields as the endpoint does.
fn post(bytes: &[u8], media: &'static str, encoding: Option<&'static str>) {
    let [which, piece, body @ ..] = bytes else { return };
    let endpoint = &CATALOG[usize::from(*which) % CATALOG.len()];
    let pieces: Vec<_> = body.chunks(usize::from(*piece) + 1).map(Bytes::copy_from_slice).collect();
    let pieces = futures_util::stream::iter(pieces.into_iter().map(Ok::<_, Infallible>));
    let mut request = Request::post("/").header(CONTENT_TYPE, media);
    if let Some(encoding) = encoding {
        request = request.header(CONTENT_ENCODING, encoding);
    }
    let request = request.body(Body::from_stream(pieces)).expect("a request");
    let limits = LimitSettings { max_body_bytes: 1 << 20, ..LimitSettings::default() };
    let (bodies, trace) = (Pool::new(4 << 20, 1), Trace::new(Arc::default()));
    let receiver = Receiver { limits: &limits, bodies: &bodies, trace: &trace, application: 1 };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let received = runtime.expect("a runtime").block_on(receiver.form(endpoint.accepts(), request));
    let Ok(Received { form, memory }) = received else { return };
    let held = bodies.occupancy().0;
    let files = endpoint.files().flat_map(|file| form.files_of(file.name));
    let size: usize = files.map(Bytes::len).sum();
    assert!(size as u64 <= held, "{size} bytes of files in {held} of memory");
    drop(memory);
    for parameter in endpoint.parameters() {
        let _ = parameter.check(&form);
    }
    if let Ok(job) = endpoint.prepare(&form) {
        assert!(job.units() > 0);
    }
}

#[cfg(test)]
mod tests;
