//! Engines that speak OpenAI's images API: `POST /v1/images/edits` as `multipart/form-data`, and
//! `/v1/images/generations` as JSON. A request that is given up closes its connection, which is all that the
//! protocol has to take it back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use safelight_operation::{MOST_ANSWER, Order};
use serde::Deserialize;
use serde_json::{Value, json};
use std::borrow::Cow;

use super::failure::Failure;
use super::link::{Link, MOST_WORDS};
use super::multipart::Multipart;
use super::settings::{Dialect, EngineSettings};

/// Most bytes of an answer whose picture is Base64.
const MOST_BODY: u64 = MOST_ANSWER / 3 * 4 + (64 << 10);

/// Such an engine.
pub(crate) struct OpenAi {
    link: Link,
    dialect: Dialect,
    model: Option<String>,
}

impl OpenAi {
    pub fn new(settings: &EngineSettings, link: Link) -> Self {
        let (dialect, model) = (settings.dialect, settings.model.clone());
        Self { link: link.without("/v1"), dialect, model }
    }

    /// Whether it answers. Servers without a list of models count, too.
    pub async fn probe(&self) -> Result<String, Failure> {
        match self.link.get("/v1/models", MOST_WORDS).await {
            Ok(_) => Ok("answers".into()),
            Err(Failure::Status { status: 404 | 405, .. }) => {
                Ok("answers, without a list of models".into())
            }
            Err(failure) => Err(failure),
        }
    }

    pub async fn generate(&self, order: Order) -> Result<Bytes, Failure> {
        let answer = match &order.image {
            None => {
                let body = self.generation(&order);
                self.link.post_json("/v1/images/generations", &body, MOST_BODY).await?
            }
            Some(image) => {
                let (kind, body) = self.edit(&order, image);
                drop(order);
                self.link.post("/v1/images/edits", &kind, body, MOST_BODY).await?
            }
        };
        let garbage = |error: serde_json::Error| Failure::Garbage(error.to_string());
        let made: Made = serde_json::from_slice(&answer.body).map_err(garbage)?;
        let first = made.data.into_iter().next();
        let first = first.ok_or_else(|| Failure::Garbage("`data` is empty".into()))?;
        match (first.b64_json, first.url) {
            (Some(text), _) => {
                // Some write it as a URL of its own.
                let text = text.rsplit_once("base64,").map_or(&*text, |(_, text)| text);
                let bytes = STANDARD.decode(text);
                bytes.map(Bytes::from).map_err(|error| Failure::Garbage(error.to_string()))
            }
            (None, Some(url)) => {
                let elsewhere = || Failure::Garbage("the picture's URL leads elsewhere".into());
                let path = self.link.own_path(&url).ok_or_else(elsewhere)?;
                Ok(self.link.get(path, MOST_ANSWER).await?.body)
            }
            (None, None) => Err(Failure::Garbage("`data[0]` holds no picture".into())),
        }
    }

    /// The newer models of OpenAI always answer Base64, and refuse to be asked for it.
    fn names_format(&self) -> bool {
        let newer = |model: &String| model.contains("gpt-image");
        self.dialect == Dialect::Plain && !self.model.as_ref().is_some_and(newer)
    }

    fn generation(&self, order: &Order) -> Value {
        let mut body = json!({ "prompt": self.prompt(order), "n": 1, "size": size(order) });
        let mut set = |key: &str, value: Value| body[key] = value;
        if let Some(model) = &self.model {
            set("model", json!(model));
        }
        if self.names_format() {
            set("response_format", json!("b64_json"));
        }
        for (key, value) in self.further(order) {
            set(key, value);
        }
        body
    }

    fn edit(&self, order: &Order, image: &[u8]) -> (String, Bytes) {
        let mut form = Multipart::new();
        if let Some(model) = &self.model {
            form.text("model", model);
        }
        form.text("prompt", &self.prompt(order));
        form.text("n", "1");
        form.text("size", &size(order));
        if self.names_format() {
            form.text("response_format", "b64_json");
        }
        for (key, value) in self.further(order) {
            form.text(key, value.as_str().unwrap_or(&value.to_string()));
        }
        let several = self.dialect == Dialect::SdCpp || !order.references.is_empty();
        form.png(if several { "image[]" } else { "image" }, "image.png", image);
        for reference in &order.references {
            form.png("image[]", "reference.png", reference);
        }
        if let Some(mask) = &order.mask {
            let name = if self.dialect == Dialect::VllmOmni { "mask_image" } else { "mask" };
            form.png(name, "mask.png", mask);
        }
        form.end()
    }

    fn prompt(&self, order: &Order) -> String {
        match self.dialect {
            Dialect::SdCpp => {
                let mut settings = json!({
                    "negative_prompt": order.negative,
                    "strength": order.strength,
                    "seed": order.seed,
                });
                if let Some(steps) = order.steps {
                    settings["sample_params"]["sample_steps"] = json!(steps);
                }
                if let Some(scale) = order.scale {
                    settings["sample_params"]["guidance"]["txt_cfg"] = json!(scale);
                }
                let prompt = &order.prompt;
                format!("{prompt} <sd_cpp_extra_args>{settings}</sd_cpp_extra_args>")
            }
            Dialect::Plain | Dialect::VllmOmni => order.prompt.clone(),
        }
    }

    /// Fields that the protocol does not have.
    fn further(&self, order: &Order) -> Vec<(&'static str, Value)> {
        if self.dialect != Dialect::VllmOmni {
            return Vec::new();
        }
        let mut fields = vec![
            ("output_format", json!("png")),
            ("negative_prompt", json!(order.negative)),
            ("seed", json!(order.seed)),
        ];
        fields.extend(order.steps.map(|steps| ("num_inference_steps", json!(steps))));
        fields.extend(order.scale.map(|scale| ("guidance_scale", json!(scale))));
        fields
    }
}

fn size(order: &Order) -> String {
    format!("{}x{}", order.size.0, order.size.1)
}

#[derive(Deserialize)]
struct Made<'a> {
    #[serde(borrow)]
    data: Vec<Picture<'a>>,
}

#[derive(Deserialize)]
struct Picture<'a> {
    #[serde(borrow)]
    b64_json: Option<Cow<'a, str>>,
    #[serde(borrow)]
    url: Option<Cow<'a, str>>,
}
