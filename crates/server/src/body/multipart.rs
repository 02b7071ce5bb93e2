//! Reading `multipart/form-data`.

use axum::body::Body;
use bytes::Bytes;
use futures_util::TryStreamExt;
use http_body_util::BodyDataStream;
use multer::{Field, Multipart};
use parking_lot::Mutex;
use safelight_contract::{Code, Fault, Result};
use safelight_operation::{Fields, FileField, Form, Named, Reference, Source};

use super::metered::{self, Broken, Metered, Progress};
use super::{MAX_TEXT, Room, keeps_another, most, whole};

/// A form has a few fields; more than this is an attack.
const MAX_FIELDS: usize = 1000;

/// The fault for a body that is not what its content type says.
pub(super) fn broken(why: &str) -> Fault {
    Fault::new(Code::ErrorParameters, format!("the body is broken multipart/form-data: {why}"))
}

/// Reads the declared `fields` into `form`.
pub(super) async fn read(
    body: &mut Metered<Body>,
    boundary: &str,
    fields: Fields,
    room: &Room<'_>,
    form: &mut Form,
) -> Result<()> {
    let progress = body.progress();
    let opening = Opening::default();
    let stream = BodyDataStream::new(body).inspect_ok(|data| opening.note(data));
    let mut parts = Multipart::new(stream, boundary);
    let mut count = 0;
    loop {
        let field = match parts.next_field().await {
            Ok(Some(field)) => field,
            Ok(None) => return Ok(()),
            // Some clients send a form of no fields as no bytes at all.
            Err(multer::Error::IncompleteStream) if progress.received() == 0 => return Ok(()),
            Err(error) => {
                let foreign = opening.lacks(boundary).filter(|_| found_no_boundary(&error));
                return Err(foreign.unwrap_or_else(|| fault(error)));
            }
        };
        progress.used();
        count += 1;
        if count > MAX_FIELDS {
            return Err(broken(&format!("it has more than {MAX_FIELDS} fields")));
        }
        let name = field.name().unwrap_or_default().to_owned();
        match fields.find(&name) {
            Some(Named::File(declared)) if form.files_of(&name).len() < most(declared) => {
                let called_file = is_called_file(&field);
                let bytes = read_file(field, declared, room, &progress).await?;
                match text(&bytes).filter(|_| !called_file) {
                    Some(text) => form.add_text(name, text),
                    None => form.add_file(name, bytes),
                }
            }
            Some(Named::Reference(declared, source)) if keeps_another(form, declared, source) => {
                let text = read_reference(field, declared, source, room, &progress).await?;
                form.add_reference(declared.name, Reference { source, text });
            }
            Some(Named::Text(_)) => {
                let text = read_text(field, &name, room, &progress).await?;
                form.add_text(name, text);
            }
            _ => skip(field, &progress).await?,
        }
    }
}

/// The first bytes of a body.
#[derive(Default)]
struct Opening(Mutex<Vec<u8>>);

impl Opening {
    /// More than a boundary may have, which is 70.
    const LENGTH: usize = 200;

    fn note(&self, data: &[u8]) {
        let mut bytes = self.0.lock();
        let free = Self::LENGTH - bytes.len();
        bytes.extend_from_slice(&data[..data.len().min(free)]);
    }

    /// The fault for a body that begins with something else than this boundary.
    fn lacks(&self, boundary: &str) -> Option<Fault> {
        let bytes = self.0.lock();
        let text = String::from_utf8_lossy(&bytes);
        if text.contains(&format!("--{boundary}")) {
            return None;
        }
        let line: String = text.lines().next().unwrap_or_default().chars().take(80).collect();
        Some(broken(&format!(
            "it begins with `{}`, the boundary in Content-Type is `{boundary}`",
            line.escape_debug()
        )))
    }
}

/// Whether the parser came to its end, or gave up, without meeting a boundary.
fn found_no_boundary(error: &multer::Error) -> bool {
    match error {
        multer::Error::IncompleteStream => true,
        multer::Error::StreamReadFailed(cause) => {
            matches!(cause.downcast_ref(), Some(Broken::NotUsed))
        }
        _ => false,
    }
}

/// A part with a file name or a content type that is not text. Clients send parameters without
/// either, some with `text/plain`, and some send files so.
fn is_called_file(field: &Field<'_>) -> bool {
    field.file_name().is_some() || field.content_type().is_some_and(|media| media.type_() != "text")
}

/// What was sent as text where a file belongs: a path, a URL, Base64. No picture is without control
/// characters.
fn text(bytes: &[u8]) -> Option<&str> {
    let plain = |text: &&str| !text.contains(|c: char| c.is_control() && !c.is_whitespace());
    std::str::from_utf8(bytes).ok().filter(|text| text.len() <= MAX_TEXT).filter(plain)
}

async fn read_file(
    mut field: Field<'_>,
    declared: &FileField,
    room: &Room<'_>,
    progress: &Progress,
) -> Result<Bytes> {
    let limit = declared.rules.max_bytes;
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(fault)? {
        progress.used();
        if (bytes.len() + chunk.len()) as u64 > limit {
            return Err(Fault::new(
                Code::FileSizeExceedsLimit,
                format!(
                    "{} has more than {limit} bytes ({} MB), which is the limit",
                    declared.name,
                    declared.rules.max_megabytes(),
                ),
            ));
        }
        room.append(&mut bytes, &chunk, limit).await?;
    }
    bytes.shrink_to_fit();
    Ok(bytes.into())
}

async fn read_text(
    field: Field<'_>,
    name: &str,
    room: &Room<'_>,
    progress: &Progress,
) -> Result<String> {
    read_up_to(field, MAX_TEXT as u64, name, whole::too_long, room, progress).await
}

async fn read_reference(
    field: Field<'_>,
    declared: &FileField,
    source: Source,
    room: &Room<'_>,
    progress: &Progress,
) -> Result<String> {
    let name = declared.reference_name(source);
    match source {
        Source::Base64 => {
            let too_large = |name: &str| whole::base64_too_large(name, declared);
            let limit = whole::most_base64(declared);
            read_up_to(field, limit, &name, too_large, room, progress).await
        }
        Source::Url | Source::FileId => read_text(field, &name, room, progress).await,
    }
}

/// Reads a text of at most `limit` bytes; a longer one is the fault that `too_long` makes.
async fn read_up_to(
    mut field: Field<'_>,
    limit: u64,
    name: &str,
    too_long: impl Fn(&str) -> Fault,
    room: &Room<'_>,
    progress: &Progress,
) -> Result<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(fault)? {
        progress.used();
        if (bytes.len() + chunk.len()) as u64 > limit {
            return Err(too_long(name));
        }
        room.append(&mut bytes, &chunk, limit).await?;
    }
    String::from_utf8(bytes)
        .map_err(|_| Fault::new(Code::ErrorParameters, format!("{name} is not UTF-8 text")))
}

async fn skip(mut field: Field<'_>, progress: &Progress) -> Result<()> {
    while field.chunk().await.map_err(fault)?.is_some() {
        progress.used();
    }
    Ok(())
}

fn fault(error: multer::Error) -> Fault {
    match error {
        multer::Error::StreamReadFailed(cause) => metered::fault(&*cause),
        multer::Error::IncompleteFieldData { field_name } => {
            let name = field_name.unwrap_or_default();
            broken(&format!("it ends within the field `{name}`"))
        }
        multer::Error::IncompleteStream => broken("it ends before its last boundary"),
        multer::Error::IncompleteHeaders => broken("it ends within a part's header"),
        other => broken(&other.to_string()),
    }
}
