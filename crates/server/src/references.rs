//! Files that a request names instead of sending: in Base64, by a URL, as an upload.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use bytes::Bytes;
use safelight_contract::{Code, Fault, Result};
use safelight_operation::{Fields, FileField, Form, Reference, Source};

use crate::app::App;
use crate::body::{Received, Room};
use crate::fetch::Wanted;
use crate::reply::apart;
use crate::trace::Trace;
use crate::uploads;

/// Follows the references of a form, so that the form holds every file. Identifiers of uploads stay
/// in it beside their files. Keeps no more memory than the files take.
///
/// # Errors
/// `ERROR_INVALID_PARAMETER` where a file comes from two sources; those of the sources.
pub(crate) async fn resolve(
    app: &App,
    trace: &Trace,
    application: i64,
    fields: Fields,
    received: Received,
) -> Result<Received> {
    let Received { mut form, memory } = received;
    let memory = memory.unwrap_or_else(|| app.bodies.open(application));
    let room = Room::for_files(&memory, app.settings.limits.queue_wait());
    let following = follow(app, application, fields, &mut form, &room);
    trace.timed("inputs", memory.unless_revoked(following)).await?;
    let bytes = form.files().map(|(_, bytes)| bytes.len() as u64).sum();
    memory.shrink_to(bytes);
    Ok(Received { form, memory: (bytes > 0).then_some(memory) })
}

/// Follows the references of a form within `room`.
pub(crate) async fn follow(
    app: &App,
    application: i64,
    fields: Fields,
    form: &mut Form,
    room: &Room<'_>,
) -> Result<()> {
    for file in fields.files() {
        let wanted = file.references(form)?.len().min(file.most() + 1);
        if wanted == 0 {
            continue;
        }
        let filled = |reference: &Reference| !reference.text.trim().is_empty();
        let references = form.take_references(file.name).into_iter().filter(filled);
        for reference in references.take(wanted) {
            let upload = (reference.source == Source::FileId).then(|| reference.clone());
            let bytes = one(app, application, file, reference, room).await?;
            form.add_file(file.name, bytes);
            upload.into_iter().for_each(|upload| form.add_reference(file.name, upload));
        }
    }
    Ok(())
}

/// The file that one reference stands for.
async fn one(
    app: &App,
    application: i64,
    file: &FileField,
    reference: Reference,
    room: &Room<'_>,
) -> Result<Bytes> {
    let name = &file.reference_name(reference.source);
    let bytes = match reference.source {
        Source::Base64 => {
            let text = reference.text.into_bytes();
            let decoded = apart("decoding Base64", || Ok(decode(text))).await?;
            let wrong = || Fault::new(Code::FileDecodingFailure, format!("{name} is not Base64"));
            decoded.map(Bytes::from).ok_or_else(wrong)?
        }
        Source::Url => {
            let wanted = Wanted { name, url: reference.text.trim(), rules: &file.rules };
            app.fetcher.fetch(application, wanted, room).await?
        }
        Source::FileId => {
            uploads::read(app, application, name, reference.text.trim(), room).await?
        }
    };
    // A blank part is what nobody filled in; who names a file means one.
    if bytes.is_empty() {
        let message = format!("{name} stands for a file of 0 bytes");
        return Err(Fault::new(Code::ParametersCannotEmpty, message));
    }
    Ok(bytes)
}

/// The uploads that a form works on.
pub(crate) fn uploads_of(form: &Form) -> Vec<String> {
    let uploads = form.references().filter(|(_, other)| other.source == Source::FileId);
    uploads.map(|(_, upload)| upload.text.trim().to_owned()).collect()
}

/// How a form calls the uploads that it works on, for messages.
pub(crate) fn names_of_uploads(fields: Fields, form: &Form) -> String {
    let is_upload = |other: &Reference| other.source == Source::FileId;
    let named = fields.files().filter(|file| form.references_of(file.name).iter().any(is_upload));
    let names: Vec<_> = named.map(|file| file.reference_name(Source::FileId)).collect();
    names.join(" or ")
}

/// Reads Base64 of either alphabet, padded or not.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, NO_PAD.with_decode_allow_trailing_bits(true));

/// Base64 is decoded in blocks of so many characters.
const BLOCK: usize = 4096;

/// Decodes Base64 in place, so that it takes no further memory. A prefix `data:…;base64,` and line
/// breaks are skipped; the alphabet may be that of URLs. `None` for anything else.
fn decode(mut text: Vec<u8>) -> Option<Vec<u8>> {
    let start = text.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let prefix = data_prefix(&text[start..])?;
    text.drain(..start + prefix);
    text.retain(|byte| !matches!(byte, b'\r' | b'\n'));
    while text.last().is_some_and(|byte| byte.is_ascii_whitespace()) {
        text.pop();
    }
    for _ in 0..2 {
        text.pop_if(|byte| *byte == b'=');
    }
    for byte in &mut text {
        *byte = match *byte {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        };
    }
    let mut block = [0; BLOCK / 4 * 3];
    let (mut read, mut written) = (0, 0);
    while read < text.len() {
        let end = text.len().min(read + BLOCK);
        let size = BASE64.decode_slice(&text[read..end], &mut block).ok()?;
        text[written..written + size].copy_from_slice(&block[..size]);
        (read, written) = (end, written + size);
    }
    text.truncate(written);
    text.shrink_to_fit();
    Some(text)
}

/// The length of a prefix `data:…;base64,`, zero where there is none; `None` for another `data:`.
fn data_prefix(text: &[u8]) -> Option<usize> {
    /// More than media types with their parameters have.
    const LONGEST: usize = 200;
    let head = &text[..text.len().min(LONGEST)];
    if !head.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"data:")) {
        return Some(0);
    }
    let comma = head.iter().position(|byte| *byte == b',')?;
    head[..comma].to_ascii_lowercase().ends_with(b";base64").then_some(comma + 1)
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
    use safelight_operation::InputField;

    use super::*;

    #[test]
    fn uploads_are_called_as_the_form_calls_them() {
        const FIELDS: &[InputField] = &[
            InputField::File(&uploads::FILE),
            InputField::File(&FileField { name: "mask", ..uploads::FILE }),
            InputField::File(&FileField { name: "other", ..uploads::FILE }),
        ];
        let mut form = Form::new();
        for (name, source) in
            [("file", Source::FileId), ("mask", Source::FileId), ("other", Source::Url)]
        {
            form.add_reference(name, Reference { source, text: "f_1".to_owned() });
        }
        let names = names_of_uploads(Fields::new(FIELDS, &[]), &form);
        assert_eq!(names, "file_file_id or mask_file_id");
    }

    #[test]
    fn base64_is_read_as_clients_write_it() {
        for length in [1, 2, 3, 100, 3071, 3072, 3073, 10_000] {
            let bytes: Vec<u8> = (0..length).map(|at| (at * 37 % 251) as u8).collect();
            let text = BASE64_STANDARD.encode(&bytes);
            let lines: Vec<_> = text.as_bytes().chunks(76).map(<[u8]>::to_vec).collect();
            for form in [
                text.clone(),
                format!(" {text}\n"),
                format!("data:image/png;base64,{text}"),
                format!("DATA:image/jpeg;charset=x;Base64,{text}"),
                BASE64_URL_SAFE_NO_PAD.encode(&bytes),
                String::from_utf8(lines.join(&b"\r\n"[..])).expect("text"),
            ] {
                assert_eq!(decode(form.into_bytes()).as_ref(), Some(&bytes), "{length}");
            }
        }
    }

    #[test]
    fn what_is_no_base64_is_refused() {
        for wrong in
            ["%%%", "a", "ab c", "abc=d", "ab===", "data:text/plain,abcd", "data:,", "äöü="]
        {
            assert_eq!(decode(wrong.as_bytes().to_vec()), None, "{wrong}");
        }
    }
}
