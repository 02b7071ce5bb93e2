//! An answer: a tree of JSON with the pictures still as bytes, so that whoever runs the operation
//! decides where they go (a result URL, Base64, a file).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use safelight_imaging::Format;
use serde_json::{Map, Value};

/// A file that an operation made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// The file's content.
    pub bytes: Vec<u8>,
    /// What it is; decides content type and extension.
    pub format: FileFormat,
}

impl Artifact {
    /// An encoded picture.
    pub fn picture(bytes: Vec<u8>, format: Format) -> Self {
        Self { bytes, format: FileFormat::Picture(format) }
    }
}

/// The format of a result file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// A picture.
    Picture(Format),
    /// A video: MPEG-4.
    Mp4,
    /// A spreadsheet: Office Open XML.
    Xlsx,
    /// JSON values, one a line.
    Ndjson,
}

impl FileFormat {
    /// Media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Picture(format) => format.media_type(),
            Self::Mp4 => "video/mp4",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    /// File extension without dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Picture(format) => format.extension(),
            Self::Mp4 => "mp4",
            Self::Xlsx => "xlsx",
            Self::Ndjson => "ndjson",
        }
    }
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

    /// The pictures of the tree where they are, in its order.
    pub fn pictures(&self) -> Vec<&Artifact> {
        match self {
            Node::Json(_) => Vec::new(),
            Node::Object(fields) => fields.iter().flat_map(|(_, node)| node.pictures()).collect(),
            Node::List(nodes) => nodes.iter().flat_map(Node::pictures).collect(),
            Node::Url(artifact) | Node::Base64(artifact) => match artifact.format {
                FileFormat::Picture(_) => vec![artifact],
                FileFormat::Mp4 | FileFormat::Xlsx | FileFormat::Ndjson => Vec::new(),
            },
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

/// A number with this many digits after the point: no more than it means.
pub fn rounded(value: f32, digits: i32) -> f64 {
    let factor = 10_f64.powi(digits);
    // Adding zero keeps a negative zero out of answers.
    (f64::from(value) * factor).round() / factor + 0.0
}
