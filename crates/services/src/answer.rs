//! A service's answer: a tree of JSON with the pictures still as bytes, so that whoever runs the
//! service decides where they go (a result URL, Base64, a file).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use safelight_imaging::Format;
use serde_json::{Map, Value};

/// An encoded picture that a service made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// The file's content.
    pub bytes: Vec<u8>,
    /// What it is; decides content type and extension.
    pub format: Format,
}

/// A node of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Finished JSON.
    Json(Value),
    /// An object.
    Object(Vec<(&'static str, Node)>),
    /// A list.
    List(Vec<Node>),
    /// A picture that becomes the URL of a result file.
    Url(Artifact),
    /// A picture that goes into the answer as Base64.
    Base64(Artifact),
}

impl Node {
    /// The pictures of the tree, in its order.
    pub fn artifacts(self) -> Vec<Artifact> {
        match self {
            Node::Json(_) => Vec::new(),
            Node::Object(fields) => {
                fields.into_iter().flat_map(|(_, node)| node.artifacts()).collect()
            }
            Node::List(nodes) => nodes.into_iter().flat_map(Node::artifacts).collect(),
            Node::Url(artifact) | Node::Base64(artifact) => vec![artifact],
        }
    }

    /// Turns the tree into JSON. Each URL picture is handed to `publish`, in order, which answers
    /// the text to put in its place; its error ends the walk.
    pub fn into_json<E>(
        self,
        publish: &mut impl FnMut(Artifact) -> Result<String, E>,
    ) -> Result<Value, E> {
        Ok(match self {
            Node::Json(value) => value,
            Node::Object(fields) => {
                let mut object = Map::with_capacity(fields.len());
                for (name, node) in fields {
                    object.insert(name.to_owned(), node.into_json(publish)?);
                }
                Value::Object(object)
            }
            Node::List(items) => {
                let items = items.into_iter().map(|node| node.into_json(publish));
                Value::Array(items.collect::<Result<_, E>>()?)
            }
            Node::Url(artifact) => Value::String(publish(artifact)?),
            Node::Base64(artifact) => Value::String(STANDARD.encode(&artifact.bytes)),
        })
    }
}

/// The answer of a service that makes one picture.
pub struct Picture(Node);

impl Picture {
    /// As the URL of a result file, in `data.<name>`.
    pub fn url(name: &'static str, artifact: Artifact) -> Self {
        Self(Node::Object(vec![("data", Node::Object(vec![(name, Node::Url(artifact))]))]))
    }

    /// As the URL of a result file, the only one of the list `data.<name>`.
    pub fn listed(name: &'static str, artifact: Artifact) -> Self {
        let urls = Node::List(vec![Node::Url(artifact)]);
        Self(Node::Object(vec![("data", Node::Object(vec![(name, urls)]))]))
    }

    /// In Base64, in the field `<name>` beside the envelope.
    pub fn base64(name: &'static str, artifact: Artifact) -> Self {
        Self(Node::Object(vec![(name, Node::Base64(artifact))]))
    }
}

impl Answer for Picture {
    fn into_node(self) -> Node {
        self.0
    }
}

/// A number with this many digits after the point: no more than it means.
pub(crate) fn rounded(value: f32, digits: i32) -> f64 {
    let factor = 10_f64.powi(digits);
    // Adding zero keeps a negative zero out of answers.
    (f64::from(value) * factor).round() / factor + 0.0
}

/// A typed output that knows its place in the answer.
pub trait Answer {
    /// The business fields that stand beside the envelope: always an object.
    fn into_node(self) -> Node;
}
