//! The sources of configuration, a file, the environment and flags, and their values merged.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result, anyhow, bail};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Origin;

/// Keys with their values.
pub type Table = serde_json::Map<String, Value>;

const PREFIX: &str = "SAFELIGHT_";

/// The keys without a default whose values are numbers; those of all others are text.
pub const OPTIONAL_NUMBERS: [&str; 5] = [
    "limits.work_timeout_seconds",
    "limits.concurrency",
    "limits.requests_per_second",
    "models.threads",
    "models.streams",
];

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
    parts: Vec<(String, Table)>,
}

impl Layer {
    /// A TOML file.
    pub fn file(known: &Table, path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let table = read(path)?;
        check(known, &table, "", &name)?;
        Ok(Self { parts: vec![(name, table)] })
    }

    /// Variables `SAFELIGHT_<AREA>__<KEY>`.
    pub fn environment(
        known: &Table,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self> {
        let mut parts = Vec::new();
        for (name, value) in variables {
            let Some(name) = name.to_str().filter(|name| is_ours(name)) else { continue };
            let value =
                value.to_str().with_context(|| format!("the value of {name} is not Unicode"))?;
            let key = name[PREFIX.len()..].to_lowercase().replace("__", ".");
            let source = format!("the environment variable {name}");
            match nest(known, &key, value, &source) {
                Ok(table) => parts.push((source, table)),
                Err(_) if is_of_kubernetes(name, value) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self { parts })
    }

    /// Flags; a later one of the same key counts.
    pub fn flags(known: &Table, assignments: &[Assignment]) -> Result<Self> {
        let parts = assignments.iter().map(|Assignment { key, value }| {
            let source = format!("the flag that sets `{key}`");
            let table = nest(known, key, value, &source)?;
            Ok((source, table))
        });
        Ok(Self { parts: parts.collect::<Result<_>>()? })
    }

    /// The text of a top-level key.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.parts.iter().rev().find_map(|(_, table)| table.get(key)?.as_str())
    }
}

/// The defaults under all layers, and which layer set a key.
pub struct Merged {
    values: Table,
    /// By the dotted key.
    sources: BTreeMap<String, String>,
}

impl Merged {
    /// Later layers count before earlier ones.
    pub fn new(defaults: Table, layers: &[Layer]) -> Self {
        let mut merged = Self { values: defaults, sources: BTreeMap::new() };
        for (source, table) in layers.iter().flat_map(|layer| &layer.parts) {
            put(&mut merged.values, table, "", source, &mut merged.sources);
        }
        merged
    }

    /// The top-level keys that are `wanted`, as settings.
    ///
    /// # Errors
    ///
    /// One sentence: which value, from where, and what is wrong with it.
    pub fn read<T: DeserializeOwned>(&self, wanted: impl Fn(&str) -> bool) -> Result<T> {
        let wanted = self.values.iter().filter(|(key, _)| wanted(key));
        let table = wanted.map(|(key, value)| (key.clone(), value.clone())).collect();
        serde_path_to_error::deserialize(Value::Object(table)).map_err(|error| {
            let key = error.path().to_string();
            let source = self.source_of(&key).unwrap_or("the configuration");
            let reason = error.inner().to_string();
            match self.text_of(&key).filter(|text| !reason.contains(text)) {
                Some(text) if reason.contains("socket address") => anyhow!(
                    "`{key}` in {source} is `{text}`, which is not an address; write it as \
                     127.0.0.1:8080 or [::1]:8080"
                ),
                Some(text) => anyhow!("`{key}` in {source} is `{text}`: {reason}"),
                None => anyhow!("`{key}` in {source}: {reason}"),
            }
        })
    }

    /// The text at a dotted key, where it is short enough for a message.
    fn text_of(&self, key: &str) -> Option<&str> {
        let (areas, last) = key.rsplit_once('.').unwrap_or(("", key));
        let mut table = &self.values;
        for area in areas.split('.').filter(|area| !area.is_empty()) {
            table = table.get(area)?.as_object()?;
        }
        table.get(last)?.as_str().filter(|text| text.len() <= 100)
    }

    /// Every key with its value and where that comes from.
    pub fn origins(&self) -> Vec<Origin> {
        let mut origins = Vec::new();
        self.collect(&self.values, "", &mut origins);
        origins
    }

    fn collect(&self, table: &Table, prefix: &str, origins: &mut Vec<Origin>) {
        for (key, value) in table {
            let key = format!("{prefix}{key}");
            match value {
                Value::Object(inner) if !inner.is_empty() => {
                    self.collect(inner, &format!("{key}."), origins);
                }
                _ => {
                    let source = self.sources.get(&key).map_or("default", String::as_str);
                    origins.push(Origin { value: value.clone(), source: source.to_owned(), key });
                }
            }
        }
    }

    /// Who set a key such as `limits.rate` or the list that holds `engine[0].url`.
    fn source_of(&self, key: &str) -> Option<&str> {
        let is_part = |whole: &str| {
            key.strip_prefix(whole)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.sources.iter().rev().find(|(whole, _)| is_part(whole)).map(|(_, s)| s.as_str())
    }
}

/// Puts one part over the values: areas are merged, anything else is replaced.
fn put(
    values: &mut Table,
    part: &Table,
    prefix: &str,
    source: &str,
    sources: &mut BTreeMap<String, String>,
) {
    for (key, value) in part {
        let whole = format!("{prefix}{key}");
        match (values.get_mut(key), value) {
            (Some(Value::Object(area)), Value::Object(part)) => {
                put(area, part, &format!("{whole}."), source, sources);
            }
            _ => {
                values.insert(key.clone(), value.clone());
                sources.insert(whole, source.to_owned());
            }
        }
    }
}

fn is_ours(name: &str) -> bool {
    name.starts_with(PREFIX) && name != "SAFELIGHT_CONFIG"
}

/// Whether Kubernetes sets this variable in every container beside a service whose name begins with
/// `safelight`, such as `safelight-worker`.
fn is_of_kubernetes(name: &str, value: &str) -> bool {
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.contains("_PORT_")
        || value.starts_with("tcp://")
        || value.starts_with("udp://")
}

/// Reads a TOML file.
fn read(path: &Path) -> Result<Table> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the configuration file {} cannot be read", path.display()))?;
    toml::from_str(&text).map_err(|error: toml::de::Error| {
        let reason: Vec<_> = error.to_string().split_whitespace().map(str::to_owned).collect();
        anyhow!("{} is not valid TOML: {}", path.display(), reason.join(" "))
    })
}

/// Refuses keys that the configuration does not have. A table that is empty by default takes any.
fn check(known: &Table, table: &Table, prefix: &str, source: &str) -> Result<()> {
    for (key, value) in table {
        let Some(expected) = known.get(key) else {
            return Err(unknown(known, prefix, key, source));
        };
        match (expected, value) {
            (Value::Object(known), _) if known.is_empty() => {}
            (Value::Object(known), Value::Object(inner)) => {
                check(known, inner, &format!("{prefix}{key}."), source)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn unknown(known: &Table, prefix: &str, key: &str, source: &str) -> anyhow::Error {
    let names: Vec<_> = known.keys().map(String::as_str).collect();
    let place = match prefix.trim_end_matches('.') {
        "" => "at the top level".to_owned(),
        area => format!("in [{area}]"),
    };
    anyhow!("unknown key `{prefix}{key}` in {source}; {place} there are {}", names.join(", "))
}

/// A table with one value at a dotted key, of the type that its default has.
fn nest(known: &Table, key: &str, text: &str, source: &str) -> Result<Table> {
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
            Some(Value::Object(inner)) => known = inner,
            _ => return Err(unknown(known, &prefix, area, source)),
        }
        prefix += &format!("{area}.");
        open = known.is_empty();
    }
    let value = match known.get(last) {
        Some(Value::Object(_)) => bail!("`{key}` in {source} is an area, name one of its keys"),
        Some(Value::Null) if !OPTIONAL_NUMBERS.contains(&key) => Value::from(text),
        Some(default) => typed(default, text),
        None if open => literal(text),
        None => return Err(unknown(known, &prefix, last, source)),
    };
    let mut table = Table::from_iter([(last.to_owned(), value)]);
    for area in areas.iter().rev() {
        table = Table::from_iter([((*area).to_owned(), Value::from(table))]);
    }
    Ok(table)
}

/// Reads text as the type of the default. What does not fit stays text, so that the settings'
/// own types say what is wrong with it.
fn typed(default: &Value, text: &str) -> Value {
    match default {
        Value::String(_) => Value::from(text),
        Value::Array(_) if !text.trim_start().starts_with('[') => {
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
        .and_then(|table| serde_json::to_value(table.get("value")?).ok())
        .unwrap_or_else(|| Value::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Table {
        toml::from_str("listen = 'x'\n[limits]\nrate = 1\non = true\nnames = []\n[prices]")
            .expect("valid")
    }

    fn variable(name: &str, value: &str) -> Result<Layer> {
        let pair = (OsString::from(name), OsString::from(value));
        Layer::environment(&known(), std::iter::once(pair))
    }

    #[test]
    fn values_take_the_type_of_their_default() {
        let number = nest(&known(), "limits.rate", "7", "f").expect("known");
        assert_eq!(number["limits"]["rate"], 7);
        let text = nest(&known(), "listen", "7", "f").expect("known");
        assert_eq!(text["listen"], "7");
        let list = nest(&known(), "limits.names", "a, b", "f").expect("known");
        assert_eq!(list["limits"]["names"], serde_json::json!(["a", "b"]));
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
        for (name, value) in [
            ("SAFELIGHT_PORT", "tcp://10.0.0.1:8080"),
            ("SAFELIGHT_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
            ("SAFELIGHT_SERVICE_HOST", "10.0.0.1"),
            ("SAFELIGHT_WORKER_SERVICE_HOST", "10.0.0.1"),
            ("SAFELIGHT_WORKER_SERVICE_PORT_HTTP", "8080"),
            ("SAFELIGHT_WORKER_PORT", "tcp://10.0.0.1:8080"),
            ("SAFELIGHT_WORKER_PORT_8080_TCP_PROTO", "tcp"),
        ] {
            let layer = variable(name, value).unwrap_or_else(|error| panic!("{error}"));
            assert!(layer.parts.is_empty(), "{name}");
        }
        assert!(variable("SAFELIGHT_PORTS", "1").is_err());
        // A setting stays one, whatever its value looks like.
        let listen = variable("SAFELIGHT_LISTEN", "tcp://10.0.0.1:8080").expect("known");
        assert_eq!(listen.text("listen"), Some("tcp://10.0.0.1:8080"));
    }

    #[test]
    fn later_layers_count_and_every_value_names_its_source() {
        #[derive(Debug, serde::Deserialize)]
        struct Limits {
            rate: u32,
        }
        #[derive(Debug, serde::Deserialize)]
        struct Settings {
            limits: Limits,
        }
        let layers = |rate: &str| {
            let first = variable("SAFELIGHT_LIMITS__RATE", "5").expect("known");
            let flag = Assignment::new("limits.rate", rate);
            [first, Layer::flags(&known(), &[flag]).expect("known")]
        };
        let merged = Merged::new(known(), &layers("7"));
        assert_eq!(merged.read::<Settings>(|_| true).expect("read").limits.rate, 7);
        let origins = merged.origins();
        let source = |key: &str| origins.iter().find(|o| o.key == key).map(|o| o.source.as_str());
        assert_eq!(source("limits.rate"), Some("the flag that sets `limits.rate`"));
        assert_eq!(source("limits.on"), Some("default"));
        assert_eq!(source("prices"), Some("default"), "an empty area is a value");

        let wrong = Merged::new(known(), &layers("many")).read::<Settings>(|_| true);
        let error = wrong.expect_err("no number").to_string();
        assert!(
            error.starts_with("`limits.rate` in the flag that sets `limits.rate`: "),
            "{error}"
        );
    }
}
