//! One source of configuration: a file, the environment, or flags.

use std::ffi::OsString;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result, anyhow, bail};
use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};

/// Names that Kubernetes sets in every container beside a service called `safelight`.
const FOREIGN: [&str; 2] = ["SAFELIGHT_SERVICE_", "SAFELIGHT_PORT_"];
const PREFIX: &str = "SAFELIGHT_";

/// `key=value` on the command line.
#[derive(Clone, Debug)]
pub struct Assignment {
    key: String,
    value: String,
}

impl Assignment {
    pub fn new(key: &str, value: &str) -> Self {
        Self { key: key.to_owned(), value: value.to_owned() }
    }
}

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok(Self::new(key.trim(), value.trim())),
            _ => Err("write it as key=value, e.g. log.level=debug".into()),
        }
    }
}

/// The values of one source, each known to the configuration.
pub struct Layer {
    /// Each part has a name of its own, so that errors can say which variable was wrong.
    parts: Vec<(String, Dict)>,
}

impl Layer {
    /// A TOML file.
    pub fn file(known: &Dict, path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let dict = super::read(path)?;
        check(known, &dict, "", &name)?;
        Ok(Self { parts: vec![(name, dict)] })
    }

    /// Variables `SAFELIGHT_<AREA>__<KEY>`.
    pub fn environment(
        known: &Dict,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self> {
        let mut parts = Vec::new();
        for (name, value) in variables {
            let Some(name) = name.to_str().filter(|name| is_ours(name)) else { continue };
            let value =
                value.to_str().with_context(|| format!("the value of {name} is not Unicode"))?;
            let key = name[PREFIX.len()..].to_lowercase().replace("__", ".");
            let source = format!("the environment variable {name}");
            let dict = nest(known, &key, value, &source)?;
            parts.push((source, dict));
        }
        Ok(Self { parts })
    }

    /// Flags; a later one of the same key counts.
    pub fn flags(known: &Dict, assignments: &[Assignment]) -> Result<Self> {
        let parts = assignments.iter().map(|Assignment { key, value }| {
            let source = format!("the flag that sets `{key}`");
            let dict = nest(known, key, value, &source)?;
            Ok((source, dict))
        });
        Ok(Self { parts: parts.collect::<Result<_>>()? })
    }

    /// The text of a top-level key.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.parts.iter().rev().find_map(|(_, dict)| dict.get(key)?.as_str())
    }

    /// The layer's parts as figment takes them, with the top-level keys that are `wanted`.
    pub fn parts(&self, wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = Part> {
        self.parts.iter().map(move |(name, dict)| {
            let dict = dict.iter().filter(|(key, _)| wanted(key));
            Part { name: name.clone(), dict: dict.map(|(k, v)| (k.clone(), v.clone())).collect() }
        })
    }
}

/// A named piece of a layer.
pub struct Part {
    name: String,
    dict: Dict,
}

impl Provider for Part {
    fn metadata(&self) -> Metadata {
        Metadata::from(self.name.clone(), self.name.as_str())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Map::from([(Profile::Default, self.dict.clone())]))
    }
}

fn is_ours(name: &str) -> bool {
    name.starts_with(PREFIX)
        && name != "SAFELIGHT_CONFIG"
        && name != "SAFELIGHT_PORT"
        && !FOREIGN.iter().any(|foreign| name.starts_with(foreign))
}

/// Refuses keys that the configuration does not have. A table that is empty by default takes any.
fn check(known: &Dict, dict: &Dict, prefix: &str, source: &str) -> Result<()> {
    for (key, value) in dict {
        let Some(expected) = known.get(key) else {
            return Err(unknown(known, prefix, key, source));
        };
        match (expected, value) {
            (Value::Dict(_, known), _) if known.is_empty() => {}
            (Value::Dict(_, known), Value::Dict(_, inner)) => {
                check(known, inner, &format!("{prefix}{key}."), source)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn unknown(known: &Dict, prefix: &str, key: &str, source: &str) -> anyhow::Error {
    let names: Vec<_> = known.keys().map(String::as_str).collect();
    let place = match prefix.trim_end_matches('.') {
        "" => "at the top level".to_owned(),
        area => format!("in [{area}]"),
    };
    anyhow!("unknown key `{prefix}{key}` in {source}; {place} there are {}", names.join(", "))
}

/// A dictionary with one value at a dotted key, of the type that its default has.
fn nest(known: &Dict, key: &str, text: &str, source: &str) -> Result<Dict> {
    let mut areas: Vec<_> = key.split('.').collect();
    let last = areas.pop().unwrap_or_default();
    let mut known = known;
    let mut prefix = String::new();
    let mut open = false;
    for area in &areas {
        if open {
            break;
        }
        match known.get(*area) {
            Some(Value::Dict(_, inner)) => known = inner,
            _ => return Err(unknown(known, &prefix, area, source)),
        }
        prefix += &format!("{area}.");
        open = known.is_empty();
    }
    let value = match known.get(last) {
        Some(Value::Dict(..)) => bail!("`{key}` in {source} is an area, name one of its keys"),
        Some(default) => typed(default, text),
        None if open => literal(text),
        None => return Err(unknown(known, &prefix, last, source)),
    };
    let mut dict = Dict::from([(last.to_owned(), value)]);
    for area in areas.iter().rev() {
        dict = Dict::from([((*area).to_owned(), Value::from(dict))]);
    }
    Ok(dict)
}

/// Reads text as the type of the default. What does not fit stays text, so that the settings'
/// own types say what is wrong with it.
fn typed(default: &Value, text: &str) -> Value {
    match default {
        Value::String(..) | Value::Char(..) => Value::from(text),
        Value::Array(..) if !text.trim_start().starts_with('[') => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Value::from(items.map(Value::from).collect::<Vec<_>>())
        }
        _ => literal(text),
    }
}

/// A TOML value where the text is one, else the text.
fn literal(text: &str) -> Value {
    toml::from_str::<toml::Table>(&format!("value = {text}"))
        .ok()
        .and_then(|table| Value::serialize(table.get("value")?).ok())
        .unwrap_or_else(|| Value::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Dict {
        let table: toml::Table =
            toml::from_str("listen = 'x'\n[limits]\nrate = 1\non = true\nnames = []\n[prices]")
                .expect("valid");
        match Value::serialize(table) {
            Ok(Value::Dict(_, dict)) => dict,
            _ => unreachable!("a table is a dictionary"),
        }
    }

    fn variable(name: &str, value: &str) -> Result<Layer> {
        let pair = (OsString::from(name), OsString::from(value));
        Layer::environment(&known(), std::iter::once(pair))
    }

    #[test]
    fn values_take_the_type_of_their_default() {
        let number = nest(&known(), "limits.rate", "7", "f").expect("known");
        assert_eq!(Value::from(number).find("limits.rate").and_then(|v| v.to_i128()), Some(7));
        let text = nest(&known(), "listen", "7", "f").expect("known");
        assert_eq!(text["listen"].as_str(), Some("7"));
        let list = nest(&known(), "limits.names", "a, b", "f").expect("known");
        let list = Value::from(list).find("limits.names").expect("set");
        assert_eq!(list.as_array().map(<[_]>::len), Some(2));
        assert!(
            nest(&known(), "prices.any-thing", "7", "f").is_ok(),
            "an open table takes any key"
        );
    }

    #[test]
    fn unknown_keys_are_named_with_their_place() {
        let error = variable("SAFELIGHT_LIMITS__RATES", "1").err().expect("unknown").to_string();
        assert!(error.contains("`limits.rates`"), "{error}");
        assert!(error.contains("SAFELIGHT_LIMITS__RATES"), "{error}");
        assert!(error.contains("names, on, rate"), "{error}");
        assert!(nest(&known(), "limits", "1", "f").is_err());
        assert!(nest(&known(), "listen.x", "1", "f").is_err());
    }

    #[test]
    fn variables_of_a_cluster_are_left_alone() {
        assert!(variable("SAFELIGHT_PORT_8080_TCP", "tcp://10.0.0.1:8080").is_ok());
        assert!(variable("SAFELIGHT_SERVICE_HOST", "10.0.0.1").is_ok());
        assert!(variable("SAFELIGHT_PORTS", "1").is_err());
    }
}
