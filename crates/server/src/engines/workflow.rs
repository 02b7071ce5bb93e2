//! Graphs of ComfyUI in the API's format, whose places are filled for each order.
//!
//! An input that is one of the places as a whole becomes what the place stands for, a number where that is
//! one; places within longer texts are filled as text.

use std::fs;
use std::path::Path;

use safelight_operation::{Given, Order};
use serde_json::{Value, json};

/// The graphs that ship; each uses nodes of the core alone.
const SHIPPED: [(&str, &str); 3] = [
    ("inpaint.json", include_str!("workflows/inpaint.json")),
    ("edit.json", include_str!("workflows/edit.json")),
    ("text.json", include_str!("workflows/text.json")),
];

/// Places of pictures, in the order of [`Pictures`].
const REFERENCES: [&str; 3] = ["%reference%", "%reference2%", "%reference3%"];

/// A graph with places.
pub(crate) struct Workflow {
    graph: Value,
    model: Option<String>,
}

/// What pictures of an order are called in the engine's folders.
pub(crate) struct Pictures {
    pub image: Option<String>,
    pub mask: Option<String>,
    pub references: Vec<String>,
}

impl Workflow {
    /// Reads a file, or the graph that ships under this name.
    ///
    /// # Errors
    /// When there is none, or it is no graph of nodes.
    pub fn read(path: &Path, model: Option<String>) -> Result<Self, String> {
        let shipped = SHIPPED.iter().find(|(name, _)| Path::new(name) == path);
        let text = match (fs::read_to_string(path), shipped) {
            (Ok(text), _) => text,
            (Err(_), Some((_, text))) => (*text).to_owned(),
            (Err(error), None) => return Err(format!("workflow {}: {error}", path.display())),
        };
        Self::parse(&text, model).map_err(|why| format!("workflow {}: {why}", path.display()))
    }

    fn parse(text: &str, model: Option<String>) -> Result<Self, String> {
        let graph: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let nodes = graph.as_object().ok_or("it is no table of nodes")?;
        let is_node = |node: &Value| node["class_type"].is_string() && node["inputs"].is_object();
        if nodes.is_empty() || !nodes.values().all(is_node) {
            return Err(
                "it is no workflow in the API's format: export it with `Export (API)`".into()
            );
        }
        let workflow = Self { graph, model };
        if workflow.has("%model%") && workflow.model.is_none() {
            return Err("it has the place %model%, so the engine needs `model`, the checkpoint's \
                        file"
                .into());
        }
        Ok(workflow)
    }

    /// The kinds of nodes, each once.
    pub fn nodes(&self) -> Vec<&str> {
        let nodes = self.graph.as_object().into_iter().flat_map(|nodes| nodes.values());
        let mut kinds: Vec<_> = nodes.filter_map(|node| node["class_type"].as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    /// Whether a service gives what its places are filled with, and it has the places that the service needs. A
    /// picture that a mask comes with is enough, since what is outside the mask is kept by whoever asks.
    pub fn takes(&self, given: Given) -> bool {
        let (image, mask, further) = (self.has("%image%"), self.has("%mask%"), self.references());
        match given {
            Given::Words => !image && !mask && further == 0,
            Given::Picture => image && !mask && further == 0,
            Given::Mask => image && further == 0,
            Given::References => image && self.has("%reference%"),
            Given::Classes => false,
        }
    }

    /// How many further pictures it takes.
    pub fn references(&self) -> usize {
        REFERENCES.iter().filter(|place| self.has(place)).count()
    }

    /// Whether it has a place.
    pub fn has(&self, place: &str) -> bool {
        self.graph.to_string().contains(place)
    }

    /// The graph for an order.
    pub fn filled(&self, order: &Order, pictures: &Pictures) -> Value {
        let mut graph = self.graph.clone();
        let first = pictures.references.first();
        let references = REFERENCES.iter().enumerate().filter_map(|(index, place)| {
            // Fewer than the graph takes: the first stands in.
            let name = pictures.references.get(index).or(first)?;
            Some((*place, json!(name)))
        });
        let texts = [
            ("%image%", pictures.image.as_ref().map(|name| json!(name))),
            ("%mask%", pictures.mask.as_ref().map(|name| json!(name))),
            ("%model%", self.model.as_ref().map(|name| json!(name))),
            ("%prompt%", Some(json!(order.prompt))),
            ("%negative%", Some(json!(order.negative))),
            ("%seed%", Some(json!(order.seed))),
            ("%steps%", Some(json!(order.steps.unwrap_or(STEPS)))),
            ("%cfg%", Some(json!(order.scale.unwrap_or(SCALE)))),
            ("%denoise%", Some(json!(order.strength))),
            ("%width%", Some(json!(order.size.0))),
            ("%height%", Some(json!(order.size.1))),
        ];
        let texts = texts.into_iter().filter_map(|(place, value)| Some((place, value?)));
        let places: Vec<(&str, Value)> = texts.chain(references).collect();
        fill(&mut graph, &places);
        graph
    }
}

/// What `%steps%` and `%cfg%` are where a request does not say.
const STEPS: u32 = 28;
const SCALE: f32 = 6.0;

fn fill(value: &mut Value, places: &[(&str, Value)]) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|value| fill(value, places)),
        Value::Array(items) => items.iter_mut().for_each(|value| fill(value, places)),
        Value::String(text) if text.contains('%') => {
            if let Some((_, whole)) = places.iter().find(|(place, _)| place == text) {
                *value = whole.clone();
                return;
            }
            let mut filled = String::new();
            let mut rest = text.as_str();
            // Once from left to right, so that nothing in what is filled in is taken for a place.
            'text: while let Some(at) = rest.find('%') {
                filled += &rest[..at];
                rest = &rest[at..];
                for (place, value) in places {
                    if let Some(after) = rest.strip_prefix(place) {
                        filled += value.as_str().unwrap_or(&value.to_string());
                        rest = after;
                        continue 'text;
                    }
                }
                filled.push('%');
                rest = &rest[1..];
            }
            *text = filled + rest;
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Order {
        Order {
            prompt: "a \"red\" coat %seed%".into(),
            negative: "blur".into(),
            size: (512, 768),
            strength: 0.5,
            seed: 9,
            ..Order::default()
        }
    }

    fn pictures() -> Pictures {
        Pictures {
            image: Some("safelight/a.png [temp]".into()),
            mask: Some("safelight/b.png [temp]".into()),
            references: vec!["safelight/c.png [temp]".into()],
        }
    }

    #[test]
    fn shipped_graphs_have_their_places_and_leave_none_open() {
        for (name, given) in [
            ("inpaint.json", Given::Mask),
            ("edit.json", Given::Picture),
            ("text.json", Given::Words),
        ] {
            let read = Workflow::read(Path::new(name), Some("model.safetensors".into()));
            let workflow = read.expect("it ships");
            assert!(workflow.takes(given), "{name}");
            assert!(!workflow.takes(Given::References), "{name}");
            let filled = workflow.filled(&order(), &pictures());
            let left = ["%image%", "%mask%", "%model%", "%prompt%", "%steps%", "%width%", "%cfg%"];
            let text = filled.to_string();
            assert!(left.iter().all(|place| !text.contains(place)), "{text}");
            let sampler = filled.as_object().expect("nodes").values();
            let mut sampler = sampler.filter(|node| node["class_type"] == "KSampler");
            let inputs = &sampler.next().expect("a sampler")["inputs"];
            assert_eq!(inputs["seed"], 9, "a number stays one");
            // Every link leads to a node that is there.
            for node in filled.as_object().expect("nodes").values() {
                for input in node["inputs"].as_object().expect("inputs").values() {
                    let link = input.as_array().and_then(|link| link[0].as_str());
                    assert!(link.is_none_or(|link| filled[link].is_object()), "{name} {input}");
                }
            }
            let missing = Workflow::read(Path::new(name), None).err().expect("no model");
            assert!(missing.contains("%model%"), "{missing}");
        }
    }

    #[test]
    fn a_graph_takes_what_fills_its_places() {
        let kinds = [Given::Words, Given::Picture, Given::Mask, Given::References];
        for (places, taken) in [
            ("", [true, false, false, false]),
            ("%image%", [false, true, true, false]),
            ("%mask%", [false; 4]),
            ("%reference%", [false; 4]),
            ("%image% %mask%", [false, false, true, false]),
            ("%image% %reference%", [false, false, false, true]),
            ("%image% %reference2%", [false; 4]),
            ("%image% %mask% %reference% %reference2%", [false, false, false, true]),
        ] {
            let graph = json!({ "1": { "class_type": "A", "inputs": { "files": places } } });
            let workflow = Workflow::parse(&graph.to_string(), None).expect("a graph");
            assert_eq!(kinds.map(|given| workflow.takes(given)), taken, "{places}");
        }
    }

    #[test]
    fn words_of_a_prompt_are_no_places() {
        let text = r#"{ "1": { "class_type": "A", "inputs":
            { "text": "photo of %prompt%, %cfg% and 5 % more", "n": "%seed%" } } }"#;
        let filled = Workflow::parse(text, None).expect("a graph").filled(&order(), &pictures());
        let inputs = &filled["1"]["inputs"];
        assert_eq!(inputs["text"], "photo of a \"red\" coat %seed%, 6.0 and 5 % more");
        assert_eq!(inputs["n"], 9);
    }

    #[test]
    fn what_is_no_graph_is_refused() {
        for text in ["", "[]", "{}", r#"{ "nodes": [], "links": [] }"#] {
            assert!(Workflow::parse(text, None).is_err(), "{text}");
        }
        let missing = Workflow::read(Path::new("/nowhere/x.json"), None).err().expect("no file");
        assert!(missing.contains("/nowhere/x.json"), "{missing}");
    }
}
