//! Classifiers that speak the inference protocol V2 of KServe, with Triton's extension for classification:
//! the picture goes as one text of bytes (Base64 of a PNG), and what comes back are texts
//! `probability:index:name`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::failure::Failure;
use super::link::{Link, MOST_WORDS, json};
use super::settings::EngineSettings;

/// Most classes that are asked for.
const CLASSES: u32 = 100;

/// Such an engine.
pub(crate) struct KServe {
    link: Link,
    model: String,
    input: String,
    output: String,
}

impl KServe {
    pub fn new(settings: &EngineSettings, link: Link) -> Self {
        let name = |name: &Option<String>, usual: &str| name.clone().unwrap_or(usual.to_owned());
        Self {
            link: link.without("/v2"),
            model: name(&settings.model, ""),
            input: name(&settings.input, "IMAGE"),
            output: name(&settings.output, "PROBABILITIES"),
        }
    }

    /// Whether the model is ready.
    pub async fn probe(&self) -> Result<String, Failure> {
        let model = &self.model;
        self.link.get(&format!("/v2/models/{model}/ready"), MOST_WORDS).await?;
        Ok(format!("has the model {model} ready"))
    }

    pub async fn classify(&self, picture: Bytes) -> Result<Vec<(String, f32)>, Failure> {
        let body = json!({
            "inputs": [{
                "name": self.input,
                "shape": [1],
                "datatype": "BYTES",
                "data": [STANDARD.encode(&picture)],
            }],
            "outputs": [{ "name": self.output, "parameters": { "classification": CLASSES } }],
        });
        drop(picture);
        let path = format!("/v2/models/{}/infer", self.model);
        let answer = json(&self.link.post_json(&path, &body, MOST_WORDS).await?)?;
        let data = answer["outputs"][0]["data"].as_array();
        let data = data.ok_or_else(|| Failure::Garbage("no `outputs[0].data`".into()))?;
        let classes: Option<Vec<_>> = data.iter().map(class).collect();
        let none = || Failure::Garbage("what is no `probability:index:name`".into());
        classes.filter(|classes| !classes.is_empty()).ok_or_else(none)
    }
}

/// A class of the form `probability:index:name`.
fn class(text: &Value) -> Option<(String, f32)> {
    let mut parts = text.as_str()?.splitn(3, ':');
    let probability: f32 = parts.next()?.trim().parse().ok()?;
    let name = parts.nth(1)?;
    (0.0..=1.0).contains(&probability).then(|| (name.to_owned(), probability))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_read() {
        assert_eq!(class(&json!("0.75:12:nevus")), Some(("nevus".to_owned(), 0.75)));
        assert_eq!(class(&json!("0.5:1:a:b")), Some(("a:b".to_owned(), 0.5)));
        for wrong in
            [json!("0.75:12"), json!("x:1:a"), json!("1.5:1:a"), json!("NaN:1:a"), json!(1)]
        {
            assert_eq!(class(&wrong), None, "{wrong}");
        }
    }
}
