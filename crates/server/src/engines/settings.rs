//! What an operator sets about generative engines.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use safelight_operation::Endpoint;
use serde::{Deserialize, Serialize};

use crate::fetch::is_address;
use crate::settings::between;

/// A generative engine: a table `[[engine]]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineSettings {
    /// Its name in `[effects]`, metrics and the log.
    pub name: String,
    /// The protocol that it speaks.
    pub kind: EngineKind,
    /// Its base, e.g. `http://127.0.0.1:8188`. The operator's word: no rule of `[fetch]` holds for it.
    pub url: String,
    /// A file with the key that goes into the header `Authorization`. Default: none.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// Longest time of one call, waiting in the engine's own queue included. Default 60.
    #[serde(default = "timeout")]
    pub timeout_seconds: u64,
    /// Calls at the same time; more wait here. Default 1.
    #[serde(default = "parallel")]
    pub max_parallel: u32,
    /// The services that it does, by the last segments of their paths; `*` alone means all.
    pub serves: Vec<String>,
    /// `openai-images`: which server it is. Default `plain`.
    #[serde(default)]
    pub dialect: Dialect,
    /// The model; for the graphs of `comfyui` that ship, the checkpoint's file. Default: none, the engine's own.
    #[serde(default)]
    pub model: Option<String>,
    /// `comfyui`: a file with a workflow in the API's format, or `inpaint.json`, `edit.json`, `text.json`,
    /// which ship.
    #[serde(default)]
    pub workflow: Option<PathBuf>,
    /// `kserve`: the name of the model's input, a text of bytes. Default `IMAGE`.
    #[serde(default)]
    pub input: Option<String>,
    /// `kserve`: the name of its output. Default `PROBABILITIES`.
    #[serde(default)]
    pub output: Option<String>,
    /// Longer side of the pictures that it works on. Default 1024.
    #[serde(default = "long_side")]
    pub long_side: u32,
    /// Their sides are multiples of this. Default 64.
    #[serde(default = "multiple")]
    pub multiple: u32,
}

fn timeout() -> u64 {
    60
}

fn parallel() -> u32 {
    1
}

fn long_side() -> u32 {
    1024
}

fn multiple() -> u32 {
    64
}

/// A protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EngineKind {
    /// `POST /v1/images/edits` and `/v1/images/generations`.
    OpenaiImages,
    /// A graph of nodes that is queued and polled.
    Comfyui,
    /// A classifier: the inference protocol V2, with Triton's extension for classification.
    Kserve,
}

/// What servers of `openai-images` add to the protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dialect {
    /// Nothing.
    #[default]
    #[serde(rename = "plain")]
    Plain,
    /// stable-diffusion.cpp: steps, seed and more stand in the prompt.
    #[serde(rename = "sd.cpp")]
    SdCpp,
    /// vLLM-Omni: further fields.
    #[serde(rename = "vllm-omni")]
    VllmOmni,
}

/// Who does the services that engines can do: the area `[effects]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EffectSettings {
    /// For all services that say nothing else: `native`, `engine` or `auto`. Default `auto`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// For the applications of these names, in place of the rest. Default: none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub applications: BTreeMap<String, ModeSettings>,
    /// By the last segment of a service's path: a mode, or the name of an engine. Default: none.
    #[serde(flatten)]
    pub services: BTreeMap<String, Way>,
}

/// The same for one application.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModeSettings {
    /// For all services that say nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// By the last segment of a service's path.
    #[serde(flatten)]
    pub services: BTreeMap<String, Way>,
}

/// Who does it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// This server itself.
    Native,
    /// An engine.
    Engine,
    /// An engine whose last call or probe succeeded, else this server itself.
    #[default]
    Auto,
}

/// A mode, or one engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Way {
    /// A mode.
    Mode(Mode),
    /// The engine of this name, and no other.
    Named(String),
}

impl EngineSettings {
    /// Whether a service is among those that it does.
    pub fn does(&self, service: &str) -> bool {
        self.serves.iter().any(|name| name == service || name == "*")
    }

    /// Longest time of one call.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds)
    }

    fn validate(&self) -> Result<(), String> {
        let name = &self.name;
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || name.len() > 40 || !name.chars().all(fits) {
            return Err(format!(
                "engine.name is `{name}`, allowed are 1 to 40 letters, digits, `-`, `_` and `.`"
            ));
        }
        if ["native", "engine", "auto"].contains(&name.as_str()) {
            return Err(format!("engine.name is `{name}`, which is a mode in [effects]"));
        }
        let field = |key: &str| format!("{key} of the engine `{name}`");
        if !is_address(&self.url) || self.url.contains(['?', '#']) {
            let url = &self.url;
            return Err(format!(
                "{} is `{url}`, it must be a URL of http or https without user name and query",
                field("url")
            ));
        }
        between(&field("timeout_seconds"), self.timeout_seconds, 1, 3600)?;
        between(&field("max_parallel"), self.max_parallel.into(), 1, 64)?;
        between(&field("long_side"), self.long_side.into(), 256, 2048)?;
        between(&field("multiple"), self.multiple.into(), 1, 128)?;
        if self.serves.is_empty() {
            return Err(format!("{} is empty, name services or `*`", field("serves")));
        }
        match self.kind {
            EngineKind::Comfyui if self.workflow.is_none() => {
                Err(format!("{} is missing, a comfyui engine needs one", field("workflow")))
            }
            EngineKind::Kserve if !self.model.as_deref().is_some_and(is_model) => Err(format!(
                "{} must be the name of a model: letters, digits, `-`, `_` and `.`",
                field("model")
            )),
            EngineKind::OpenaiImages | EngineKind::Kserve if self.workflow.is_some() => {
                Err(format!("{} is set, which comfyui engines alone have", field("workflow")))
            }
            _ => Ok(()),
        }
    }
}

/// Names of models go into paths.
fn is_model(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !name.is_empty() && name.chars().all(fits) && !name.starts_with('.')
}

impl EffectSettings {
    /// What is set for a service, for an application of these names: its own service, its own mode, the
    /// service, the mode.
    pub fn way(&self, service: &str, names: &[String]) -> Way {
        let own = names.iter().find_map(|name| self.applications.get(name));
        let own =
            own.and_then(|own| own.services.get(service).cloned().or(own.mode.map(Way::Mode)));
        let of_all = || self.services.get(service).cloned().or(self.mode.map(Way::Mode));
        own.or_else(of_all).unwrap_or(Way::Mode(Mode::Auto))
    }
}

/// Says what contradicts itself, naming the key, the value and what is allowed.
pub(crate) fn validate(engines: &[EngineSettings], effects: &EffectSettings) -> Result<(), String> {
    for (index, engine) in engines.iter().enumerate() {
        engine.validate()?;
        if engines[..index].iter().any(|other| other.name == engine.name) {
            return Err(format!("there are two engines called `{}`", engine.name));
        }
    }
    let own = effects.applications.values().map(|own| &own.services);
    for (service, way) in own.chain([&effects.services]).flatten() {
        let Way::Named(name) = way else { continue };
        if !engines.iter().any(|engine| engine.name == *name) {
            return Err(format!(
                "effects has `{service}` = `{name}`, allowed are native, engine, auto and the names \
                 of engines"
            ));
        }
    }
    Ok(())
}

/// Refuses names of services that these are not, or that no engine does.
///
/// # Errors
/// Which name, where, and which there are.
pub fn check_names(
    engines: &[EngineSettings],
    effects: &EffectSettings,
    catalog: &[Endpoint],
) -> Result<(), String> {
    let known = || {
        let used = catalog.iter().filter(|endpoint| endpoint.needs().engine.is_some());
        used.map(|endpoint| endpoint.spec().slug())
    };
    let check = |place: &str, name: &str| match known().any(|service| service == name) {
        true => Ok(()),
        false => {
            let all = known().collect::<Vec<_>>().join(", ");
            Err(format!("{place} has `{name}`, the services that engines do are {all}"))
        }
    };
    for engine in engines {
        let place = format!("serves of the engine `{}`", engine.name);
        let mut named = engine.serves.iter().filter(|name| *name != "*");
        named.try_for_each(|name| check(&place, name))?;
    }
    let own = effects.applications.iter();
    let own = own.map(|(name, own)| (format!("effects.applications.{name}"), &own.services));
    for (place, services) in own.chain([("effects".to_owned(), &effects.services)]) {
        services.keys().try_for_each(|name| check(&place, name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effects(text: &str) -> EffectSettings {
        serde_json::from_str(text).expect("settings")
    }

    #[test]
    fn an_application_counts_before_a_service_and_that_before_the_mode() {
        let effects = effects(
            r#"{ "mode": "native", "a": "engine", "b": "comfy",
                 "applications": { "shop": { "mode": "auto", "a": "native" } } }"#,
        );
        let way = |service, names: &[&str]| {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            effects.way(service, &names)
        };
        assert_eq!(way("a", &[]), Way::Mode(Mode::Engine));
        assert_eq!(way("b", &["other"]), Way::Named("comfy".into()));
        assert_eq!(way("c", &[]), Way::Mode(Mode::Native));
        assert_eq!(way("a", &["shop"]), Way::Mode(Mode::Native));
        assert_eq!(way("c", &["admin/shop", "shop"]), Way::Mode(Mode::Auto));
        assert_eq!(EffectSettings::default().way("a", &[]), Way::Mode(Mode::Auto));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let refusal = |change: &str| {
            let mut engine = serde_json::json!({
                "name": "comfy", "kind": "comfyui", "url": "http://127.0.0.1:8188",
                "serves": ["*"], "workflow": "edit.json",
            });
            let change: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(change).expect("a table");
            engine.as_object_mut().expect("a table").extend(change);
            let engine: EngineSettings = serde_json::from_value(engine).expect("settings");
            validate(&[engine], &EffectSettings::default())
        };
        assert_eq!(refusal("{}"), Ok(()));
        for (change, named) in [
            (r#"{ "url": "ftp://a" }"#, "url of the engine `comfy` is `ftp://a`"),
            (r#"{ "url": "http://me@a" }"#, "url of the engine"),
            (r#"{ "serves": [] }"#, "serves of the engine"),
            (r#"{ "workflow": null }"#, "workflow of the engine"),
            (r#"{ "kind": "openai-images" }"#, "workflow of the engine"),
            (r#"{ "kind": "kserve", "workflow": null }"#, "model of the engine"),
            (r#"{ "max_parallel": 0 }"#, "max_parallel of the engine `comfy` is 0"),
            (r#"{ "name": "auto" }"#, "engine.name is `auto`"),
        ] {
            let why = refusal(change).expect_err(change);
            assert!(why.contains(named), "{why}");
        }
        let effects = effects(r#"{ "a": "nobody" }"#);
        assert!(validate(&[], &effects).expect_err("no such engine").contains("`nobody`"));
    }
}
