//! `safelight services`.

use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::Args;
use safelight_operation::{Delivery, Endpoint, FileField, Media, Parameter};
use safelight_server::RECOGNITION;
use safelight_services::CATALOG;
use serde::Serialize;
use serde_json::{Value, json};

use super::Context;
use crate::data::DataFolder;
use crate::engine::Inventory;
use crate::output::{Row, print, table};

const EXAMPLES: &str = "\
Examples:
  safelight services                                  all of them
  safelight services universal-background-removal     its parameters and picture rules
  safelight services --json";

/// Lists the services: path, mode, price, and whether each can be used here
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Services {
    /// Shows one service in full, by its path or the last segment of it
    service: Option<String>,
}

/// A service as listings show it.
#[derive(Serialize)]
struct ServiceRow {
    path: &'static str,
    name: &'static str,
    mode: &'static str,
    price: u32,
    pool: &'static str,
    available: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why_not: Option<String>,
    summary: &'static str,
    limitations: &'static str,
    deadline_seconds: u64,
    models: &'static [&'static str],
    files: Vec<Value>,
    parameters: Vec<Value>,
}

impl Row for ServiceRow {
    const HEAD: &'static [&'static str] = &["path", "mode", "price", "available"];

    fn cells(&self) -> Vec<String> {
        let available = self.why_not.as_ref().map_or("yes".into(), |why| format!("no: {why}"));
        vec![self.path.into(), self.mode.into(), self.price.to_string(), available]
    }
}

impl Services {
    pub fn run(self, context: &Context) -> Result<ExitCode> {
        let loaded = context.load()?;
        let data = DataFolder::new(loaded.data.clone());
        let models = Inventory::take(&data, &loaded.config.own.models)?;
        let server = &loaded.config.server;
        let row = |endpoint| {
            let lacks = || safelight_server::engines::why_not(server, endpoint);
            ServiceRow::new(endpoint, models.why_not(endpoint).or_else(lacks))
        };
        match self.service {
            None => {
                let rows: Vec<_> = CATALOG.iter().chain(RECOGNITION).map(row).collect();
                context.output.list(&rows, "")?;
            }
            Some(name) => {
                let endpoint = find_any(&name)?;
                match context.output.is_json() {
                    true => context.output.json(&row(endpoint))?,
                    false => print(&describe(endpoint))?,
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The service of that path or last segment.
pub fn find(name: &str) -> Result<&'static Endpoint> {
    safelight_services::find(name)
        .ok_or_else(|| anyhow!("`{name}` is no service; `safelight services` lists them all"))
}

/// The same, of the operations on libraries of faces too, which run in a server alone.
pub fn find_any(name: &str) -> Result<&'static Endpoint> {
    let is_called = |endpoint: &&Endpoint| {
        let spec = endpoint.spec();
        spec.path == name || spec.slug() == name
    };
    RECOGNITION.iter().find(is_called).map_or_else(|| find(name), Ok)
}

/// `sync`, `async`, or both.
pub fn delivery(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Sync => "sync",
        Delivery::Async => "async",
        Delivery::Either { .. } => "sync or async",
    }
}

impl ServiceRow {
    fn new(endpoint: &Endpoint, why_not: Option<String>) -> Self {
        let spec = endpoint.spec();
        let files = endpoint.files().map(|field| {
            json!({ "name": field.name, "required": field.is_required(), "description": field.doc })
        });
        let parameters = endpoint.parameters().map(|parameter| {
            json!({
                "name": parameter.name(),
                "required": parameter.required(),
                "description": parameter.doc(),
                "schema": parameter.schema(),
            })
        });
        Self {
            path: spec.path,
            name: spec.name,
            mode: delivery(spec.delivery),
            price: spec.price,
            pool: spec.pool,
            available: why_not.is_none(),
            why_not,
            summary: spec.summary,
            limitations: spec.limitations,
            deadline_seconds: spec.deadline.as_secs(),
            models: endpoint.needs().models,
            files: files.collect(),
            parameters: parameters.collect(),
        }
    }
}

/// A service in full, for people.
fn describe(endpoint: &Endpoint) -> String {
    let spec = endpoint.spec();
    let mut text = format!(
        "{}\n{}, {}, {} (pool {}, else common), deadline {} s\n\n{}\n",
        spec.path,
        spec.name,
        delivery(spec.delivery),
        credits(spec.price),
        spec.pool,
        spec.deadline.as_secs(),
        spec.summary
    );
    if !spec.limitations.is_empty() {
        text += &format!("\nLimits: {}\n", spec.limitations);
    }
    text += &format!("\nFiles\n{}", table(&["name", "what", "pictures"], &files(endpoint)));
    let parameters = parameters(endpoint);
    if !parameters.is_empty() {
        text += &format!("\nParameters\n{}", table(PARAMETER_HEAD, &parameters));
    }
    text
}

/// A price for people.
pub fn credits(price: u32) -> String {
    if price == 1 { "1 credit".into() } else { format!("{price} credits") }
}

/// Titles of [`parameters`].
pub const PARAMETER_HEAD: &[&str] = &["name", "values", "default", "what"];

/// The parameters of a service, one line each.
pub fn parameters(endpoint: &Endpoint) -> Vec<Vec<String>> {
    let line = |parameter: &'static dyn Parameter| {
        let schema = parameter.schema();
        let default = match (&schema["default"], parameter.required()) {
            (_, true) => "required".to_owned(),
            (Value::Null, false) => String::new(),
            (Value::String(text), false) => text.clone(),
            (value, false) => value.to_string(),
        };
        vec![parameter.name().into(), values(&schema), default, parameter.doc().into()]
    };
    endpoint.parameters().map(line).collect()
}

/// The values that a schema allows, in a few words.
fn values(schema: &Value) -> String {
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ");
    }
    match (schema["type"].as_str(), &schema["minimum"], &schema["maximum"], &schema["maxLength"]) {
        (Some("boolean"), ..) => "true, false".into(),
        (_, Value::Number(least), Value::Number(most), _) => format!("{least} to {most}"),
        (_, _, _, Value::Number(length)) => format!("text, at most {length} characters"),
        (kind, ..) => kind.unwrap_or("text").into(),
    }
}

/// The files of a service, one line each.
pub fn files(endpoint: &Endpoint) -> Vec<Vec<String>> {
    let line = |field: &FileField| {
        let rules = &field.rules;
        let required = if field.is_required() { "" } else { "optional: " };
        if field.media == Media::Video {
            let video = format!("MP4, up to {} MB", rules.max_megabytes());
            return vec![field.name.into(), format!("{required}{}", field.doc), video];
        }
        let formats: Vec<_> = rules.formats.iter().map(|format| format.name()).collect();
        let ((least_width, least_height), (width, height)) = (rules.min, rules.max);
        let pictures = format!(
            "{}, up to {} MB, {least_width}×{least_height} to {width}×{height} px{}",
            formats.join(", "),
            rules.max_megabytes(),
            rules.either_way(", either way up")
        );
        vec![field.name.into(), format!("{required}{}", field.doc), pictures]
    };
    endpoint.files().map(line).collect()
}
