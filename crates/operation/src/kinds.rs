//! The kinds of parameters: how a text becomes a value, and the JSON Schema of it.

use std::fmt::Display;
use std::marker::PhantomData;
use std::ops::RangeInclusive;

use safelight_contract::{Code, Fault, Result, shortened};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::param::Kind;

fn out_of_range(name: &str, got: impl Display, allowed: impl Display) -> Fault {
    Fault::new(Code::UnsupportedParameterValues, format!("{name} is {got}, allowed are {allowed}"))
}

fn not_a(name: &str, text: &str, what: &str) -> Fault {
    let shown = shortened(text);
    Fault::new(Code::ParameterConversionFailed, format!("{name} is `{shown}`, which is not {what}"))
}

/// One of a list of words, each with the value it stands for and what it means. Matched exactly
/// first, then without regard to case. A choice between `0` and `1` is a switch, and also reads
/// `true`, `yes`, `on` and their opposites.
pub struct Choice<T: 'static>(pub &'static [(&'static str, T, &'static str)]);

impl<T> Choice<T> {
    /// Where the words are `0` and `1`: the word that another spelling of a boolean stands for.
    fn switched(&self, text: &str) -> Option<&(&'static str, T, &'static str)> {
        let is_switch =
            self.0.len() == 2 && self.0.iter().all(|(word, ..)| matches!(*word, "0" | "1"));
        let word = if switch(text).filter(|_| is_switch)? { "1" } else { "0" };
        self.0.iter().find(|(other, ..)| *other == word)
    }
}

impl<T: Clone + PartialEq + Sync> Kind for Choice<T> {
    type Value = T;

    fn parse(&self, name: &str, text: &str) -> Result<T> {
        let exact = self.0.iter().find(|(word, ..)| *word == text);
        let found = exact.or_else(|| self.0.iter().find(|(w, ..)| w.eq_ignore_ascii_case(text)));
        let found = found.or_else(|| self.switched(text));
        found.map(|(_, value, _)| value.clone()).ok_or_else(|| {
            let words: Vec<_> = self.0.iter().map(|(word, ..)| *word).collect();
            out_of_range(name, format!("`{}`", shortened(text)), words.join(", "))
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

/// An integer type that parameters are read as.
pub trait Whole: Copy + Display + PartialOrd + Send + Sync + 'static {
    /// The value as this type, where it fits.
    fn narrow(value: i64) -> Option<Self>;
}

macro_rules! whole {
    ($($ty:ty)*) => {
        $(impl Whole for $ty {
            fn narrow(value: i64) -> Option<Self> {
                Self::try_from(value).ok()
            }
        })*
    };
}

whole!(u8 u16 u32 u64 usize i32 i64);

/// A whole number in a range; `3.0` is accepted for 3, as some clients send it. Where the range is
/// 0 to 1, the spellings of [`Flag`] are accepted too.
pub struct Integer<T: Whole = i64>(pub RangeInclusive<T>);

impl<T: Whole> Integer<T> {
    fn is_switch(&self) -> bool {
        self.0.start().to_string() == "0" && self.0.end().to_string() == "1"
    }
}

impl<T: Whole> Kind for Integer<T> {
    type Value = T;

    fn parse(&self, name: &str, text: &str) -> Result<T> {
        let whole = text.parse::<i64>().ok().or_else(|| {
            let number = text.parse::<f64>().ok()?;
            (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
        });
        let switch = || self.is_switch().then(|| switch(text).map(i64::from)).flatten();
        let value = whole.or_else(switch).ok_or_else(|| not_a(name, text, "a whole number"))?;
        if let Some(value) = T::narrow(value).filter(|value| self.0.contains(value)) {
            return Ok(value);
        }
        Err(out_of_range(name, value, format!("{} to {}", self.0.start(), self.0.end())))
    }

    fn schema(&self) -> Value {
        let bound = |value: &T| json!(value.to_string().parse::<i64>().unwrap_or(i64::MAX));
        json!({
            "type": "integer",
            "minimum": bound(self.0.start()),
            "maximum": bound(self.0.end()),
        })
    }

    fn show(&self, value: &T) -> Value {
        json!(value.to_string().parse::<i64>().unwrap_or(i64::MAX))
    }
}

/// A whole number in a range whose violation has a code of its own.
pub struct Scale<T: Whole>(pub RangeInclusive<T>, pub Code);

impl<T: Whole> Scale<T> {
    fn integer(&self) -> Integer<T> {
        Integer(self.0.clone())
    }
}

impl<T: Whole> Kind for Scale<T> {
    type Value = T;

    fn parse(&self, name: &str, text: &str) -> Result<T> {
        self.integer().parse(name, text).map_err(|fault| match fault.code() {
            Code::UnsupportedParameterValues => Fault::new(self.1, fault.message()),
            _ => fault,
        })
    }

    fn schema(&self) -> Value {
        self.integer().schema()
    }

    fn show(&self, value: &T) -> Value {
        self.integer().show(value)
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

/// A boolean as clients write it.
fn switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" | "1.0" => Some(true),
        "false" | "0" | "no" | "off" | "0.0" => Some(false),
        _ => None,
    }
}

/// A boolean: `true`, `false`, `1`, `0`, `yes`, `no`, `on`, `off`, in any case.
pub struct Flag;

impl Kind for Flag {
    type Value = bool;

    fn parse(&self, name: &str, text: &str) -> Result<bool> {
        switch(text).ok_or_else(|| not_a(name, text, "true or false"))
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

    fn is_prose(&self) -> bool {
        true
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

    fn is_prose(&self) -> bool {
        true
    }
}

/// A name that the server or a client gave: letters, digits, `_` and `-`, at most this many. Anything else
/// is `ERROR_INVALID_PARAMETER_FORMAT`.
pub struct Identifier(pub usize);

impl Kind for Identifier {
    type Value = String;

    fn parse(&self, name: &str, text: &str) -> Result<String> {
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
        if text.len() <= self.0 && text.chars().all(allowed) {
            return Ok(text.to_owned());
        }
        Err(Fault::new(
            Code::InvalidParameterFormat,
            format!(
                "{name} is `{}`, allowed are up to {} letters, digits, `_` and `-`",
                shortened(text),
                self.0
            ),
        ))
    }

    fn schema(&self) -> Value {
        json!({ "type": "string", "pattern": format!("^[A-Za-z0-9_-]{{1,{}}}$", self.0) })
    }

    fn show(&self, value: &String) -> Value {
        json!(value)
    }
}

/// A JSON value of the type `T`; other text is `ERROR_PARAMETER_CONVERSION_FAILED`.
pub struct Json<T>(PhantomData<fn() -> T>);

impl<T> Json<T> {
    /// The kind.
    #[expect(clippy::new_without_default, reason = "a constant, used in declarations")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: DeserializeOwned> Kind for Json<T> {
    type Value = T;

    fn parse(&self, name: &str, text: &str) -> Result<T> {
        serde_json::from_str(text).map_err(|error| {
            let message = format!("{name} is `{}`, which does not fit: {error}", shortened(text));
            Fault::new(Code::ParameterConversionFailed, message)
        })
    }

    fn schema(&self) -> Value {
        json!({ "type": "string", "contentMediaType": "application/json" })
    }

    fn show(&self, _: &T) -> Value {
        Value::Null
    }
}

/// A kind with a value that shows what the parameter does, which samples and documentation use.
pub struct Example<K>(pub K, pub &'static str);

impl<K: Kind> Kind for Example<K> {
    type Value = K::Value;

    fn parse(&self, name: &str, text: &str) -> Result<K::Value> {
        self.0.parse(name, text)
    }

    fn schema(&self) -> Value {
        let mut schema = self.0.schema();
        let is_text = schema["type"] == "string";
        let number = serde_json::from_str(self.1).ok().filter(|_| !is_text);
        schema["examples"] = json!([number.unwrap_or_else(|| json!(self.1))]);
        schema
    }

    fn show(&self, value: &K::Value) -> Value {
        self.0.show(value)
    }

    fn is_prose(&self) -> bool {
        self.0.is_prose()
    }
}

/// An enum whose values are words that clients send; derived with the macro of the same name.
pub trait ValueEnum: Sized + 'static {
    /// Word, value and meaning of each.
    const VALUES: &'static [(&'static str, Self, &'static str)];
}

#[cfg(test)]
mod tests;
