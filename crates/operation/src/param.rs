//! Typed scalar parameters: name, meaning, kind and presence. Reading one yields the Rust type that
//! follows, or a fault that names the field.

use safelight_contract::{Code, Fault, Result};
use serde_json::Value;

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
    /// Whether it is whatever a person wants to say.
    fn is_prose(&self) -> bool {
        false
    }
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
    /// Further names that clients send it under.
    pub aliases: &'static [&'static str],
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
        let names = std::iter::once(&self.name).chain(self.aliases);
        let sent = names.into_iter().find_map(|name| form.text(name));
        match sent.map(str::trim) {
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
    /// Further names that clients send it under.
    fn aliases(&self) -> &'static [&'static str];
    /// What it does.
    fn doc(&self) -> &'static str;
    /// Whether it must be sent.
    fn required(&self) -> bool;
    /// JSON Schema, with the default where there is one.
    fn schema(&self) -> Value;
    /// Checks a request's value without using it.
    fn check(&self, form: &Form) -> Result<()>;
    /// Whether it is whatever a person wants to say, such as a prompt.
    fn is_prose(&self) -> bool;
}

impl<K: Kind, P: Presence<K>> Parameter for Param<K, P> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn aliases(&self) -> &'static [&'static str] {
        self.aliases
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

    fn is_prose(&self) -> bool {
        self.kind.is_prose()
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
