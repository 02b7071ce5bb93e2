//! Values to try an endpoint with, taken from its fields: for galleries and tests.

use image::{GrayImage, Luma};
use safelight_contract::Result;
use safelight_imaging::encode;
use serde_json::Value;

use crate::Endpoint;

/// Values for the parameters of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// What is special about it, `name=value`; empty for the first sample, which sends no more than
    /// it must.
    pub label: String,
    /// Name and value of each parameter that is sent.
    pub values: Vec<(&'static str, String)>,
}

/// The endpoint with its required parameters only, and those whose schema has `examples`, each at its
/// example or the first value that its schema allows; then, one parameter at a time, every further value
/// of the parameters that have few.
pub fn samples(endpoint: &Endpoint) -> Vec<Sample> {
    let mut required = Vec::new();
    for parameter in endpoint.parameters() {
        let schema = parameter.schema();
        if parameter.required() || schema["examples"].is_array() {
            required.push((parameter.name(), first(&schema)));
        }
    }
    let mut samples = vec![Sample { label: String::new(), values: required.clone() }];
    for parameter in endpoint.parameters() {
        let (name, schema) = (parameter.name(), parameter.schema());
        let usual = match &schema["default"] {
            Value::Null => {
                required.iter().find(|(other, _)| *other == name).map(|(_, v)| v.clone())
            }
            default => Some(text(default)),
        };
        for value in choices(&schema).into_iter().filter(|value| Some(value) != usual.as_ref()) {
            let label = format!("{name}={value}");
            let others = required.iter().filter(|(other, _)| *other != name).cloned();
            samples.push(Sample { label, values: others.chain([(name, value)]).collect() });
        }
    }
    samples
}

/// The example of a schema, else the first value that it allows; of a scale, an eighth of the way up, where
/// sizes are neither nothing nor huge; of a free text, a word.
fn first(schema: &Value) -> String {
    let other = || match (schema["minimum"].as_i64(), schema["maximum"].as_i64()) {
        (Some(from), Some(to)) => (from + (to - from) / 8).to_string(),
        _ if schema["type"] == "string" => "classic".to_owned(),
        _ => text(&schema["minimum"]),
    };
    let example = schema["examples"][0].clone();
    let shown = (!example.is_null()).then(|| text(&example));
    shown.or_else(|| choices(schema).into_iter().next()).unwrap_or_else(other)
}

/// A whole number of more values than this is no choice but a scale.
const MOST_CHOICES: i64 = 12;

/// The values that a schema allows, where they are few.
fn choices(schema: &Value) -> Vec<String> {
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(text).collect();
    }
    match (schema["type"].as_str(), schema["minimum"].as_i64(), schema["maximum"].as_i64()) {
        (Some("integer"), Some(from), Some(to)) if to.saturating_sub(from) < MOST_CHOICES => {
            (from..=to).map(|number| number.to_string()).collect()
        }
        (Some("boolean"), ..) => vec!["true".to_owned(), "false".to_owned()],
        _ => vec![],
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A mask for a picture of this size, a PNG: an ellipse low in its middle.
///
/// # Errors
/// `PROCESSING_FAILURE` for a size without pixels.
pub fn sample_mask(width: u32, height: u32) -> Result<Vec<u8>> {
    let ellipse = GrayImage::from_fn(width, height, |x, y| {
        let across = (f64::from(x) + 0.5) / f64::from(width) - 0.5;
        let down = (f64::from(y) + 0.5) / f64::from(height) - 0.8;
        Luma([if (across / 0.12).hypot(down / 0.12) <= 1.0 { 255 } else { 0 }])
    });
    encode::png_gray(&ellipse)
}
