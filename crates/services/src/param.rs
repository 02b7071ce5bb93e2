//! Typed scalar parameters. A parameter is a `static` that says name, meaning, kind and presence;
//! reading it yields the Rust type that follows, or a fault that names the field.

use std::fmt::Display;
use std::ops::RangeInclusive;

use safelight_contract::{Code, Fault, Result};
use serde_json::{Value, json};

use crate::Form;

/// How a parameter's text becomes a value.
pub trait Kind: Sync {
    /// The value.
    type Value;
    /// Reads text that is not empty. The fault's message starts with the field's `name`.
    fn parse(&self, name: &str, text: &str) -> Result<Self::Value>;
    /// JSON Schema of the parameter.
    fn schema(&self) -> Value;
    /// How a value would be written, for default values in the documentation.
    fn show(&self, value: &Self::Value) -> Value;
}

/// What a request without the parameter means.
pub trait Presence<K: Kind>: Sync {
    /// What reading yields.
    type Output;
    /// Wraps a parsed value.
    fn present(&self, value: K::Value) -> Self::Output;
    /// Stands in for a value that is absent (`empty` false) or empty (`empty` true).
    fn absent(&self, name: &str, empty: bool) -> Result<Self::Output>;
    /// Whether the documentation says "required".
    const REQUIRED: bool = false;
    /// The default to show in the documentation.
    fn default(&self) -> Option<&K::Value> {
        None
    }
}

/// A scalar parameter of a service.
pub struct Param<K, P = Optional> {
    /// Field name, in the form or on the query string.
    pub name: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// How its text is read.
    pub kind: K,
    /// What its absence means.
    pub presence: P,
}

impl<K: Kind, P: Presence<K>> Param<K, P> {
    /// Reads the parameter: form first, then query string. An empty value is a fault for a
    /// required parameter and counts as absent for the others.
    pub fn read(&self, form: &Form) -> Result<P::Output> {
        match form.text(self.name).map(str::trim) {
            None => self.presence.absent(self.name, false),
            Some("") => self.presence.absent(self.name, true),
            Some(text) => self.kind.parse(self.name, text).map(|v| self.presence.present(v)),
        }
    }
}

/// A parameter seen from outside, without its type.
pub trait Parameter: Sync {
    /// Field name.
    fn name(&self) -> &'static str;
    /// What it does.
    fn doc(&self) -> &'static str;
    /// Whether it must be sent.
    fn required(&self) -> bool;
    /// JSON Schema, with the default where there is one.
    fn schema(&self) -> Value;
    /// Checks a request's value without using it.
    fn check(&self, form: &Form) -> Result<()>;
}

impl<K: Kind, P: Presence<K>> Parameter for Param<K, P> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn doc(&self) -> &'static str {
        self.doc
    }

    fn required(&self) -> bool {
        P::REQUIRED
    }

    fn schema(&self) -> Value {
        let mut schema = self.kind.schema();
        if let Some(default) = self.presence.default() {
            schema["default"] = self.kind.show(default);
        }
        schema
    }

    fn check(&self, form: &Form) -> Result<()> {
        self.read(form).map(drop)
    }
}

/// Must be sent: missing is `MISSING_PARAMETERS`, empty is `PARAMETERS_CANNOT_EMPTY`.
pub struct Required;

impl<K: Kind> Presence<K> for Required {
    type Output = K::Value;
    const REQUIRED: bool = true;

    fn present(&self, value: K::Value) -> K::Value {
        value
    }

    fn absent(&self, name: &str, empty: bool) -> Result<K::Value> {
        Err(if empty {
            Fault::new(Code::ParametersCannotEmpty, format!("{name} is empty"))
        } else {
            Fault::new(Code::MissingParameters, format!("{name} is missing"))
        })
    }
}

/// Must be sent, and has a code of its own for when it is missing; empty is `PARAMETERS_CANNOT_EMPTY`.
pub struct RequiredOr(pub Code);

impl<K: Kind> Presence<K> for RequiredOr {
    type Output = K::Value;
    const REQUIRED: bool = true;

    fn present(&self, value: K::Value) -> K::Value {
        value
    }

    fn absent(&self, name: &str, empty: bool) -> Result<K::Value> {
        match empty {
            true => Presence::<K>::absent(&Required, name, empty),
            false => Err(Fault::new(self.0, format!("{name} is missing"))),
        }
    }
}

/// May be left out; reading yields an `Option`.
pub struct Optional;

impl<K: Kind> Presence<K> for Optional {
    type Output = Option<K::Value>;

    fn present(&self, value: K::Value) -> Self::Output {
        Some(value)
    }

    fn absent(&self, _: &str, _: bool) -> Result<Self::Output> {
        Ok(None)
    }
}

/// May be left out; then this value counts.
pub struct Defaulted<V>(pub V);

impl<K: Kind> Presence<K> for Defaulted<K::Value>
where
    K::Value: Clone + Sync,
{
    type Output = K::Value;

    fn present(&self, value: K::Value) -> K::Value {
        value
    }

    fn absent(&self, _: &str, _: bool) -> Result<K::Value> {
        Ok(self.0.clone())
    }

    fn default(&self) -> Option<&K::Value> {
        Some(&self.0)
    }
}

fn out_of_range(name: &str, got: impl Display, allowed: impl Display) -> Fault {
    Fault::new(Code::UnsupportedParameterValues, format!("{name} is {got}, allowed are {allowed}"))
}

fn not_a(name: &str, text: &str, what: &str) -> Fault {
    // A long value is cut, so that an answer stays short whatever was sent.
    let shown: String = text.chars().take(60).collect();
    Fault::new(Code::ParameterConversionFailed, format!("{name} is `{shown}`, which is not {what}"))
}

/// One of a list of words, each with the value it stands for and what it means. Matched exactly
/// first, then without regard to case.
pub struct Choice<T: 'static>(pub &'static [(&'static str, T, &'static str)]);

impl<T: Clone + PartialEq + Sync> Kind for Choice<T> {
    type Value = T;

    fn parse(&self, name: &str, text: &str) -> Result<T> {
        let exact = self.0.iter().find(|(word, ..)| *word == text);
        let found = exact.or_else(|| self.0.iter().find(|(w, ..)| w.eq_ignore_ascii_case(text)));
        found.map(|(_, value, _)| value.clone()).ok_or_else(|| {
            let words: Vec<_> = self.0.iter().map(|(word, ..)| *word).collect();
            let shown: String = text.chars().take(60).collect();
            out_of_range(name, format!("`{shown}`"), words.join(", "))
        })
    }

    fn schema(&self) -> Value {
        let words: Vec<_> = self.0.iter().map(|(word, ..)| *word).collect();
        let meanings: Vec<_> =
            self.0.iter().map(|(word, _, doc)| format!("{word}: {doc}")).collect();
        json!({ "type": "string", "enum": words, "description": meanings.join("; ") })
    }

    fn show(&self, value: &T) -> Value {
        self.0.iter().find(|(_, v, _)| v == value).map_or(Value::Null, |(word, ..)| json!(word))
    }
}

/// A list of words with commas between, each one of these, with the value it stands for and what it
/// means; matched as [`Choice`] does. Each value is read once, in the order of the words here.
pub struct Words<T: 'static>(pub &'static [(&'static str, T, &'static str)]);

impl<T: Clone + PartialEq + Sync> Kind for Words<T> {
    type Value = Vec<T>;

    fn parse(&self, name: &str, text: &str) -> Result<Vec<T>> {
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        let found = words.map(|word| Choice(self.0).parse(name, word));
        let found = found.collect::<Result<Vec<T>>>()?;
        let all = self.0.iter().map(|(_, value, _)| value);
        Ok(all.filter(|value| found.contains(value)).cloned().collect())
    }

    fn schema(&self) -> Value {
        let meanings: Vec<_> =
            self.0.iter().map(|(word, _, doc)| format!("{word}: {doc}")).collect();
        let meanings = meanings.join("; ");
        json!({ "type": "string", "description": format!("A list with commas. {meanings}") })
    }

    fn show(&self, value: &Vec<T>) -> Value {
        let shown = self.0.iter().filter(|(_, v, _)| value.contains(v)).map(|(word, ..)| *word);
        json!(shown.collect::<Vec<_>>().join(","))
    }
}

/// A whole number in a range; `3.0` is accepted for 3, as some clients send it.
pub struct Integer(pub RangeInclusive<i64>);

impl Kind for Integer {
    type Value = i64;

    fn parse(&self, name: &str, text: &str) -> Result<i64> {
        let whole = text.parse::<i64>().ok().or_else(|| {
            let number = text.parse::<f64>().ok()?;
            (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
        });
        let value = whole.ok_or_else(|| not_a(name, text, "a whole number"))?;
        if self.0.contains(&value) {
            return Ok(value);
        }
        Err(out_of_range(name, value, format!("{} to {}", self.0.start(), self.0.end())))
    }

    fn schema(&self) -> Value {
        json!({ "type": "integer", "minimum": self.0.start(), "maximum": self.0.end() })
    }

    fn show(&self, value: &i64) -> Value {
        json!(value)
    }
}

/// A finite number in a range.
pub struct Number(pub RangeInclusive<f64>);

impl Kind for Number {
    type Value = f64;

    fn parse(&self, name: &str, text: &str) -> Result<f64> {
        let value = text.parse::<f64>().ok().filter(|v| v.is_finite());
        let value = value.ok_or_else(|| not_a(name, text, "a number"))?;
        if self.0.contains(&value) {
            return Ok(value);
        }
        Err(out_of_range(name, value, format!("{} to {}", self.0.start(), self.0.end())))
    }

    fn schema(&self) -> Value {
        json!({ "type": "number", "minimum": self.0.start(), "maximum": self.0.end() })
    }

    fn show(&self, value: &f64) -> Value {
        json!(value)
    }
}

/// A boolean: `true`, `false`, `1`, `0`, `yes`, `no`, `on`, `off`, in any case.
pub struct Flag;

impl Kind for Flag {
    type Value = bool;

    fn parse(&self, name: &str, text: &str) -> Result<bool> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" | "1.0" => Ok(true),
            "false" | "0" | "no" | "off" | "0.0" => Ok(false),
            _ => Err(not_a(name, text, "true or false")),
        }
    }

    fn schema(&self) -> Value {
        json!({ "type": "boolean" })
    }

    fn show(&self, value: &bool) -> Value {
        json!(value)
    }
}

/// Text of at most this many characters; more is `ERROR_CONTENT_TOO_LONG`.
pub struct Text(pub usize);

impl Kind for Text {
    type Value = String;

    fn parse(&self, name: &str, text: &str) -> Result<String> {
        let length = text.chars().count();
        if length <= self.0 {
            return Ok(text.to_owned());
        }
        let limit = self.0;
        Err(Fault::new(
            Code::ContentTooLong,
            format!("{name} has {length} characters, the limit is {limit}"),
        ))
    }

    fn schema(&self) -> Value {
        json!({ "type": "string", "maxLength": self.0 })
    }

    fn show(&self, value: &String) -> Value {
        json!(value)
    }
}

/// Text of which this many characters count; what is beyond them is cut off without a word.
pub struct Cut(pub usize);

impl Kind for Cut {
    type Value = String;

    fn parse(&self, _: &str, text: &str) -> Result<String> {
        Ok(text.chars().take(self.0).collect())
    }

    fn schema(&self) -> Value {
        json!({ "type": "string" })
    }

    fn show(&self, value: &String) -> Value {
        json!(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static COUNT: Param<Integer, Required> =
        Param { name: "count", doc: "", kind: Integer(1..=4), presence: Required };
    static LEVEL: Param<Number, Defaulted<f64>> =
        Param { name: "level", doc: "", kind: Number(0.0..=1.0), presence: Defaulted(0.5) };
    static FORM: Param<Choice<u8>> = Param {
        name: "form",
        doc: "",
        kind: Choice(&[("mask", 1, "a mask"), ("whiteBK", 2, "on white")]),
        presence: Optional,
    };
    static FORMAT: Param<Flag, RequiredOr> = Param {
        name: "format",
        doc: "",
        kind: Flag,
        presence: RequiredOr(Code::MissingOutputFormat),
    };
    static HINT: Param<Cut> = Param { name: "hint", doc: "", kind: Cut(3), presence: Optional };
    static FLAG: Param<Flag> = Param { name: "flag", doc: "", kind: Flag, presence: Optional };
    static NOTE: Param<Text> = Param { name: "note", doc: "", kind: Text(3), presence: Optional };

    fn form(name: &str, value: &str) -> Form {
        let mut form = Form::new();
        form.add_text(name, value);
        form
    }

    fn code<T: std::fmt::Debug>(result: Result<T>, field: &str) -> Code {
        let fault = result.expect_err("must be refused");
        assert!(fault.message().starts_with(field), "{fault}");
        fault.code()
    }

    #[test]
    fn each_way_to_be_wrong_has_its_code() {
        assert_eq!(code(COUNT.read(&Form::new()), "count"), Code::MissingParameters);
        assert_eq!(code(COUNT.read(&form("count", " ")), "count"), Code::ParametersCannotEmpty);
        assert_eq!(code(FORMAT.read(&Form::new()), "format"), Code::MissingOutputFormat);
        assert_eq!(code(FORMAT.read(&form("format", "")), "format"), Code::ParametersCannotEmpty);
        assert_eq!(
            code(COUNT.read(&form("count", "many")), "count"),
            Code::ParameterConversionFailed
        );
        assert_eq!(
            code(COUNT.read(&form("count", "5")), "count"),
            Code::UnsupportedParameterValues
        );
        assert_eq!(
            code(LEVEL.read(&form("level", "NaN")), "level"),
            Code::ParameterConversionFailed
        );
        assert_eq!(code(FORM.read(&form("form", "gif")), "form"), Code::UnsupportedParameterValues);
        assert_eq!(
            code(FLAG.read(&form("flag", "maybe")), "flag"),
            Code::ParameterConversionFailed
        );
        assert_eq!(code(NOTE.read(&form("note", "long")), "note"), Code::ContentTooLong);
    }

    #[test]
    fn values_are_read_leniently() {
        assert_eq!(COUNT.read(&form("count", "3.0")), Ok(3));
        assert_eq!(LEVEL.read(&Form::new()), Ok(0.5));
        assert_eq!(LEVEL.read(&form("level", "")), Ok(0.5));
        assert_eq!(FORM.read(&form("form", "WhiteBk")), Ok(Some(2)));
        assert_eq!(FORM.read(&Form::new()), Ok(None));
        assert_eq!(HINT.read(&form("hint", "längst")), Ok(Some("län".to_owned())));
        assert_eq!(FLAG.read(&form("flag", "True")), Ok(Some(true)));
        assert_eq!(FLAG.read(&form("flag", "0")), Ok(Some(false)));
    }

    #[test]
    fn lists_are_of_their_words() {
        static LIST: Param<Words<u8>> = Param {
            name: "list",
            doc: "",
            kind: Words(&[("one", 1, "the first"), ("two", 2, "the second")]),
            presence: Optional,
        };
        assert_eq!(LIST.read(&form("list", "two, ONE,two,")), Ok(Some(vec![1, 2])));
        assert_eq!(LIST.read(&form("list", ",")), Ok(Some(vec![])));
        assert_eq!(
            code(LIST.read(&form("list", "one,three")), "list"),
            Code::UnsupportedParameterValues
        );
    }

    #[test]
    fn body_counts_before_query() {
        let mut both = form("count", "2");
        both.add_query("count", "4");
        assert_eq!(COUNT.read(&both), Ok(2));
        let mut query = Form::new();
        query.add_query("count", "4");
        assert_eq!(COUNT.read(&query), Ok(4));
    }
}
