//! Bodies that are read whole before their fields are: `application/x-www-form-urlencoded` and
//! `application/json`.

use std::fmt;

use axum::body::Body;
use http_body_util::BodyExt;
use safelight_contract::{Code, Fault, Result};
use safelight_operation::{
    DATA_IDS, Fields, FileField, Form, Named, Parameter, Reference, Source, TASKS,
};
use serde::Deserializer as _;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::metered::{self, Metered};
use super::{MAX_TEXT, Room, keeps_another, too_large};

/// The fault for a text field of more than [`MAX_TEXT`] bytes.
pub(super) fn too_long(name: &str) -> Fault {
    Fault::new(
        Code::ContentTooLong,
        format!("{name} has more than {MAX_TEXT} bytes, which is the limit of a text"),
    )
}

/// Most bytes that a file of this field takes in Base64, with a `data:` prefix and line breaks.
pub(super) fn most_base64(field: &FileField) -> u64 {
    field.rules.max_bytes / 3 * 4 + field.rules.max_bytes / 24 + 1024
}

/// The fault for Base64 of more bytes than that.
pub(super) fn base64_too_large(name: &str, field: &FileField) -> Fault {
    let (limit, megabytes) = (field.rules.max_bytes, field.rules.max_megabytes());
    Fault::new(
        Code::FileSizeExceedsLimit,
        format!("{name} holds more than {limit} bytes ({megabytes} MB), which is the limit"),
    )
}

/// Adds a parameter of the query string.
pub(super) fn add_query(fields: Fields, name: &str, value: String, form: &mut Form) {
    match fields.find(name) {
        Some(Named::Reference(file, source)) => {
            form.add_reference(file.name, Reference { source, text: value });
        }
        Some(Named::File(_) | Named::Text(_)) => form.add_query(name, value),
        None => {}
    }
}

/// Reads a whole body.
pub(super) async fn read(body: &mut Metered<Body>, room: &Room<'_>) -> Result<Vec<u8>> {
    let (mut bytes, progress) = (Vec::new(), body.progress());
    while let Some(frame) = body.frame().await {
        progress.used();
        let frame = frame.map_err(|error| metered::fault(&error))?;
        let Some(data) = frame.data_ref() else { continue };
        if (bytes.len() + data.len()) as u64 > room.whole {
            return Err(too_large(room.whole, room.whole));
        }
        room.append(&mut bytes, data, room.whole).await?;
    }
    Ok(bytes)
}

/// Reads `application/x-www-form-urlencoded`.
pub(super) async fn url_encoded(
    body: &mut Metered<Body>,
    fields: Fields,
    room: &Room<'_>,
    form: &mut Form,
) -> Result<()> {
    let bytes = read(body, room).await?;
    room.take(bytes.len() as u64).await?;
    for (name, value) in form_urlencoded::parse(&bytes) {
        add(fields, &name, value.into_owned(), form)?;
    }
    Ok(())
}

/// Adds a value of one name.
fn add(fields: Fields, name: &str, value: String, form: &mut Form) -> Result<()> {
    let limit = MAX_TEXT as u64;
    match fields.find(name) {
        Some(Named::Reference(file, source)) => {
            if !keeps_another(form, file, source) {
                return Ok(());
            }
            let name = file.reference_name(source);
            match source {
                Source::Base64 if value.len() as u64 > most_base64(file) => {
                    return Err(base64_too_large(&name, file));
                }
                Source::Url | Source::FileId if value.len() as u64 > limit => {
                    return Err(too_long(&name));
                }
                _ => form.add_reference(file.name, Reference { source, text: value }),
            }
        }
        Some(Named::File(_) | Named::Text(_)) if value.len() as u64 > limit => {
            return Err(too_long(name));
        }
        Some(Named::File(_) | Named::Text(_)) => form.add_text(name, value),
        None => {}
    }
    Ok(())
}

/// Reads `application/json`.
pub(super) async fn json(
    body: &mut Metered<Body>,
    fields: Fields,
    room: &Room<'_>,
    form: &mut Form,
) -> Result<()> {
    let bytes = read(body, room).await?;
    room.take(bytes.len() as u64).await?;
    add_members(fields, object(&bytes, "the body")?, form)
}

/// The JSON object that is `text`.
///
/// # Errors
/// `ERROR_PARAMETERS` for what is no JSON, `ERROR_PARAMETER_CONVERSION_FAILED` for JSON that is no
/// object; `what` names it.
pub(crate) fn object<'a>(text: &'a [u8], what: &str) -> Result<&'a RawValue> {
    let value: &RawValue = serde_json::from_slice(text).map_err(|error| {
        Fault::new(Code::ErrorParameters, format!("{what} is not JSON: {error}"))
    })?;
    if value.get().starts_with('{') {
        return Ok(value);
    }
    Err(Fault::new(Code::ParameterConversionFailed, format!("{what} is JSON, but not an object")))
}

/// Adds the members of an object that are declared: a scalar as its text, `null` not at all, a list
/// as its items with commas, or as several files.
pub(crate) fn add_members(fields: Fields, object: &RawValue, form: &mut Form) -> Result<()> {
    each(object, &mut |name, value| match fields.find(name) {
        Some(Named::Text(parameter)) => {
            if let Some(text) = text_for(parameter, name, value)? {
                form.add_text(name, text);
            }
            Ok(())
        }
        Some(found @ (Named::Reference(file, _) | Named::File(file))) => {
            match (value.get().as_bytes().first(), found) {
                (Some(b'n'), _) => Ok(()),
                (Some(b'['), _) => add_list(fields, file, name, value, form),
                (Some(b'{'), Named::File(_)) => {
                    add_object(fields, file, name, value, form).map(drop)
                }
                _ => add(fields, name, parse(name, value)?, form),
            }
        }
        None => Ok(()),
    })
}

/// Most bytes of JSON of what a client calls a file.
const MAX_DATA_ID: usize = 1024;

/// Adds several files: each a text, or an object that names one.
fn add_list(
    fields: Fields,
    file: &'static FileField,
    name: &str,
    list: &RawValue,
    form: &mut Form,
) -> Result<()> {
    let mut ids = Vec::new();
    each(list, &mut |_, item| {
        let is_object =
            item.get().starts_with('{') && matches!(fields.find(name), Some(Named::File(_)));
        let index = ids.len();
        if file.name == TASKS && index >= file.most() {
            let message = format!("{name} holds more than {} tasks, the limit", file.most());
            return Err(Fault::new(Code::BatchTaskLimitExceeded, message));
        }
        // One more than the field takes is noticed later, by whoever counts its files.
        if index > file.most() {
            return Ok(());
        }
        ids.push(if is_object {
            add_object(fields, file, &format!("{name}[{index}]"), item, form)?
        } else {
            add(fields, name, parse(name, item)?, form)?;
            Value::Null
        });
        Ok(())
    })?;
    if ids.is_empty() && file.is_required() {
        return Err(Fault::new(Code::ParametersCannotEmpty, format!("{name} is an empty list")));
    }
    if ids.iter().any(|id| !id.is_null()) && fields.find(DATA_IDS).is_some() {
        form.add_text(DATA_IDS, Value::Array(ids).to_string());
    }
    Ok(())
}

/// Adds the file that an object names, and answers what the client calls it. `name` is for messages.
fn add_object(
    fields: Fields,
    file: &'static FileField,
    name: &str,
    object: &RawValue,
    form: &mut Form,
) -> Result<Value> {
    let (mut found, mut id) = (0, Value::Null);
    each(object, &mut |key, value| {
        if key == "data_id" && fields.find(DATA_IDS).is_some() {
            if value.get().len() > MAX_DATA_ID {
                let (bytes, name) = (value.get().len(), format!("{name}.data_id"));
                let message = format!("{name} has {bytes} bytes, the limit is {MAX_DATA_ID}");
                return Err(Fault::new(Code::ContentTooLong, message));
            }
            id = parse(key, value)?;
        }
        // `url`, `image_url`, and `tasks_url` of the field `tasks`.
        let names = |source: &Source| {
            let suffix = source.suffix();
            key == &suffix[1..]
                || key.strip_suffix(suffix).is_some_and(|stem| stem == "image" || stem == file.name)
        };
        match file.sources().find(names) {
            Some(source) if value.get() != "null" => {
                found += 1;
                add(fields, &file.reference_name(source), parse(name, value)?, form)
            }
            _ => Ok(()),
        }
    })?;
    match found {
        1 => Ok(id),
        0 => {
            let message = format!("{name} has none of url, base64 and file_id");
            Err(Fault::new(Code::MissingParameters, message))
        }
        _ => {
            let message = format!("{name} has several of url, base64 and file_id, one is needed");
            Err(Fault::new(Code::InvalidParameter, message))
        }
    }
}

/// Calls `act` with each member of an object, or with each item of a list, whose name is empty.
/// Nothing else is kept in memory. The first fault ends it.
pub(crate) fn each<'a>(
    value: &'a RawValue,
    act: &mut dyn FnMut(&str, &'a RawValue) -> Result<()>,
) -> Result<()> {
    let mut each = Each { act, outcome: Ok(()) };
    let mut text = serde_json::Deserializer::from_str(value.get());
    // It was parsed before, so that nothing can fail but `act`.
    drop(text.deserialize_any(&mut each));
    each.outcome
}

struct Each<'f, 'a> {
    act: &'f mut dyn FnMut(&str, &'a RawValue) -> Result<()>,
    outcome: Result<()>,
}

impl<'a> Visitor<'a> for &mut Each<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while self.outcome.is_ok() {
            let Some(name) = map.next_key::<String>()? else { return Ok(()) };
            self.outcome = (self.act)(&name, map.next_value()?);
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut items: A) -> Result<(), A::Error> {
        while self.outcome.is_ok() {
            let Some(item) = items.next_element()? else { return Ok(()) };
            self.outcome = (self.act)("", item);
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// The text of a parameter.
fn text_for(parameter: &dyn Parameter, name: &str, raw: &RawValue) -> Result<Option<String>> {
    if raw.get().len() > MAX_TEXT {
        return Err(too_long(name));
    }
    let is_json = parameter.schema()["contentMediaType"] == "application/json";
    Ok(match parse::<Value>(name, raw)? {
        Value::Null => None,
        Value::String(text) => Some(text),
        Value::Array(items) if !is_json && items.iter().all(is_scalar) => {
            Some(items.iter().map(scalar).collect::<Vec<_>>().join(","))
        }
        _ => Some(raw.get().to_owned()),
    })
}

fn is_scalar(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

fn scalar(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn no_text(name: &str) -> Fault {
    Fault::new(Code::ParameterConversionFailed, format!("{name} is not a text or a list of texts"))
}

fn parse<T: DeserializeOwned>(name: &str, raw: &RawValue) -> Result<T> {
    serde_json::from_str(raw.get()).map_err(|_| no_text(name))
}
