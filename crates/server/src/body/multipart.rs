//! Reading `multipart/form-data`.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyDataStream;
use multer::{Field, Multipart};
use safelight_contract::{Code, Fault, Result};
use safelight_services::{Declaration, FileField, Form};

use super::metered::{self, Metered, Progress};
use super::{MAX_TEXT, declares};

/// A form has a few fields; more than this is an attack.
const MAX_FIELDS: usize = 1000;

/// The fault for a body that is not what its content type says.
pub(super) fn broken(why: &str) -> Fault {
    Fault::new(Code::ErrorParameters, format!("the body is broken multipart/form-data: {why}"))
}

/// Reads the fields that `declaration` names into `form`; `length` is that of the whole body where
/// it is known.
pub(super) async fn read(
    body: Metered<Body>,
    boundary: &str,
    declaration: &Declaration,
    length: Option<u64>,
    form: &mut Form,
) -> Result<()> {
    let progress = body.progress();
    let mut parts = Multipart::new(BodyDataStream::new(body), boundary);
    let mut count = 0;
    loop {
        let field = match parts.next_field().await {
            Ok(Some(field)) => field,
            Ok(None) => return Ok(()),
            // Some clients send a form of no fields as no bytes at all.
            Err(_) if progress.received() == 0 => return Ok(()),
            Err(error) => return Err(fault(error)),
        };
        progress.used();
        count += 1;
        if count > MAX_FIELDS {
            return Err(broken(&format!("it has more than {MAX_FIELDS} fields")));
        }
        let name = field.name().unwrap_or_default().to_owned();
        let file = declaration.files.iter().find(|declared| declared.name == name);
        match file {
            Some(declared) if is_file(&field) && form.file(&name).is_none() => {
                let bytes = read_file(field, declared, length, &progress).await?;
                form.add_file(name, bytes);
            }
            _ if declares(declaration, &name) && !(file.is_some() && is_file(&field)) => {
                let text = read_text(field, &name, &progress).await?;
                form.add_text(name, text);
            }
            _ => skip(field, &progress).await?,
        }
    }
}

/// A part with a file name or a content type that is not text. Clients send parameters without
/// either, some with `text/plain`.
fn is_file(field: &Field<'_>) -> bool {
    field.file_name().is_some() || field.content_type().is_some_and(|media| media.type_() != "text")
}

async fn read_file(
    mut field: Field<'_>,
    declared: &FileField,
    length: Option<u64>,
    progress: &Progress,
) -> Result<Bytes> {
    let limit = declared.rules.max_bytes;
    // One allocation of the most that can come; memory that is not written to is not taken.
    let capacity = length.unwrap_or(limit).min(limit) as usize;
    let mut bytes = BytesMut::with_capacity(capacity);
    while let Some(chunk) = field.chunk().await.map_err(fault)? {
        progress.used();
        if (bytes.len() + chunk.len()) as u64 > limit {
            return Err(Fault::new(
                Code::FileSizeExceedsLimit,
                format!(
                    "{} has more than {limit} bytes ({} MB), which is the limit",
                    declared.name,
                    limit >> 20,
                ),
            ));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

async fn read_text(mut field: Field<'_>, name: &str, progress: &Progress) -> Result<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(fault)? {
        progress.used();
        if bytes.len() + chunk.len() > MAX_TEXT {
            return Err(Fault::new(
                Code::ContentTooLong,
                format!("{name} has more than {MAX_TEXT} bytes, which is the limit of a text"),
            ));
        }
        bytes.extend_from_slice(&chunk);
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
