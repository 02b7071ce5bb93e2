//! The kinds of parameters of libraries of faces.

use safelight_contract::{Code, Fault, Result, shortened};
use safelight_operation::{Kind, Text};
use serde_json::{Value, json};

/// Most bytes of an identifier.
const LENGTH: usize = 128;

/// An identifier that a client gives: letters, digits and `_`, up to 128.
pub(crate) struct Id;

impl Kind for Id {
    type Value = String;

    fn parse(&self, name: &str, text: &str) -> Result<String> {
        if text.len() > LENGTH {
            let length = text.len();
            let message = format!("{name} has {length} bytes, the limit is {LENGTH}");
            return Err(Fault::new(Code::ContentTooLong, message));
        }
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Ok(text.to_owned());
        }
        let message =
            format!("{name} is `{}`, allowed are letters, digits and `_`", shortened(text));
        Err(Fault::new(Code::InvalidParameterFormat, message))
    }

    fn schema(&self) -> Value {
        json!({ "type": "string", "pattern": format!("^[A-Za-z0-9_]{{1,{LENGTH}}}$") })
    }

    fn show(&self, value: &String) -> Value {
        json!(value)
    }
}

/// The word for every group.
pub(crate) const ALL: &str = "@ALL";

/// An identifier, or [`ALL`].
pub(crate) struct IdOrAll;

impl Kind for IdOrAll {
    type Value = String;

    fn parse(&self, name: &str, text: &str) -> Result<String> {
        if text == ALL { Ok(text.to_owned()) } else { Id.parse(name, text) }
    }

    fn schema(&self) -> Value {
        json!({ "type": "string", "pattern": format!("^([A-Za-z0-9_]{{1,{LENGTH}}}|{ALL})$") })
    }

    fn show(&self, value: &String) -> Value {
        json!(value)
    }
}

/// Several identifiers: a JSON list, or with commas between; each counts once. More than these many are refused with
/// this code.
pub(crate) struct Ids(pub usize, pub Code);

impl Kind for Ids {
    type Value = Vec<String>;

    fn parse(&self, name: &str, text: &str) -> Result<Vec<String>> {
        let listed: Vec<String> = match text.starts_with('[') {
            true => safelight_operation::Json::new().parse(name, text)?,
            false => text.split(',').map(str::to_owned).collect(),
        };
        let mut ids: Vec<String> = Vec::new();
        for part in listed.iter().map(|part| part.trim()).filter(|part| !part.is_empty()) {
            let id = Id.parse(name, part)?;
            if !ids.contains(&id) {
                ids.push(id);
            }
            if ids.len() > self.0 {
                let message = format!("{name} has more than {} identifiers, the limit", self.0);
                return Err(Fault::new(self.1, message));
            }
        }
        match ids.is_empty() {
            true => Err(Fault::new(Code::ParametersCannotEmpty, format!("{name} is empty"))),
            false => Ok(ids),
        }
    }

    fn schema(&self) -> Value {
        let description =
            format!("Up to {} identifiers with commas between, or a JSON list", self.0);
        json!({ "type": "string", "description": description })
    }

    fn show(&self, value: &Vec<String>) -> Value {
        json!(value.join(","))
    }
}

/// Names of applications: a JSON list, or with commas between. An empty JSON list is no name.
pub(crate) struct Names(pub usize);

impl Kind for Names {
    type Value = Vec<String>;

    fn parse(&self, name: &str, text: &str) -> Result<Vec<String>> {
        let names: Vec<String> = match text.starts_with('[') {
            true => safelight_operation::Json::new().parse(name, text)?,
            false => text.split(',').map(|part| part.trim().to_owned()).collect(),
        };
        if names.len() > self.0 {
            let message = format!("{name} has {} names, {} are the most", names.len(), self.0);
            return Err(Fault::new(Code::TooManyAppsInAppList, message));
        }
        Ok(names)
    }

    fn schema(&self) -> Value {
        let description = format!("A JSON list of up to {} names", self.0);
        json!({
            "type": "string",
            "contentMediaType": "application/json",
            "description": description,
        })
    }

    fn show(&self, value: &Vec<String>) -> Value {
        json!(value)
    }
}

/// Text of at most so many bytes; more is `ERROR_CONTENT_TOO_LONG`.
pub(crate) struct Bytes(pub usize);

impl Kind for Bytes {
    type Value = String;

    fn parse(&self, name: &str, text: &str) -> Result<String> {
        if text.len() <= self.0 {
            return Ok(text.to_owned());
        }
        let message = format!("{name} has {} bytes, the limit is {}", text.len(), self.0);
        Err(Fault::new(Code::ContentTooLong, message))
    }

    fn schema(&self) -> Value {
        // As many characters where each has one byte.
        Text(self.0).schema()
    }

    fn is_prose(&self) -> bool {
        true
    }

    fn show(&self, value: &String) -> Value {
        json!(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_plain() {
        assert_eq!(Id.parse("group_id", "Staff_1"), Ok("Staff_1".to_owned()));
        let code = |text: &str| Id.parse("group_id", text).expect_err("refused").code();
        assert_eq!(code("a b"), Code::InvalidParameterFormat);
        assert_eq!(code("ä"), Code::InvalidParameterFormat);
        assert_eq!(code(&"a".repeat(129)), Code::ContentTooLong);
    }

    #[test]
    fn lists_count_each_identifier_once() {
        let two = Ids(2, Code::TooManyUidsInUidList);
        assert_eq!(two.parse("ids", "a, b,a,"), Ok(vec!["a".to_owned(), "b".to_owned()]));
        let code = |text: &str| two.parse("ids", text).expect_err("refused").code();
        assert_eq!(code("a,b,c"), Code::TooManyUidsInUidList);
        assert_eq!(code(","), Code::ParametersCannotEmpty);
        assert_eq!(code("a,b c"), Code::InvalidParameterFormat);
        assert_eq!(Names(2).parse("apps", "[]"), Ok(vec![]));
        assert_eq!(Names(2).parse("apps", r#"["a, b","c"]"#).map(|names| names.len()), Ok(2));
        assert!(Names(2).parse("apps", "a,b,c").is_err());
    }
}
