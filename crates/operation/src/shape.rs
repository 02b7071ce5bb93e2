//! The shape of an answer: what a JSON value may hold, for schemas, documentation and tests.

use serde_json::{Map, Value, json};

use crate::node::FileFormat;
use crate::output::Output;

/// The type of a value that has no parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeafKind {
    /// Text: the URL of a result file.
    Url,
    /// Text: a picture in Base64, without `data:` prefix.
    Base64,
    /// Text.
    Text,
    /// Whole number.
    Integer,
    /// Number.
    Number,
    /// Boolean.
    Flag,
}

/// The shape of a JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Anything.
    Any,
    /// A value without parts; where `values` is not empty, one of them.
    Leaf {
        /// Its type.
        kind: LeafKind,
        /// The closed set that it is of; empty where it is not.
        values: Vec<Value>,
    },
    /// A list of such values.
    List(Box<Shape>),
    /// An object.
    Object(ObjectShape),
}

/// The properties of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObjectShape {
    properties: Vec<Property>,
}

/// A property of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// Whether some successful answers lack it.
    pub optional: bool,
    /// What it holds.
    pub shape: Shape,
    /// The format of the files in it, where it is always the same and no PNG.
    pub format: Option<FileFormat>,
}

/// A leaf of an answer, for listings.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerField {
    /// Where it stands, with dots between levels and `[]` after a list, e.g. `data.image_url`.
    pub path: String,
    /// Its type.
    pub kind: LeafKind,
    /// What it means.
    pub doc: String,
    /// The closed set that it is of; empty where it is not.
    pub values: Vec<Value>,
    /// Whether some successful answers lack it: a group that was not asked for, an item of a list
    /// that may be empty.
    pub optional: bool,
}

impl Shape {
    /// A leaf of any value.
    pub fn leaf(kind: LeafKind) -> Self {
        Self::Leaf { kind, values: Vec::new() }
    }

    /// JSON Schema (draft 2020-12) of it.
    pub fn schema(&self) -> Value {
        match self {
            Self::Any => json!({}),
            Self::List(items) => json!({ "type": "array", "items": items.schema() }),
            Self::Object(object) => object.schema(),
            Self::Leaf { kind, values } => {
                let mut schema = match kind {
                    LeafKind::Url => json!({ "type": "string", "format": "uri" }),
                    LeafKind::Base64 => json!({ "type": "string", "contentEncoding": "base64" }),
                    LeafKind::Text => json!({ "type": "string" }),
                    LeafKind::Integer => json!({ "type": "integer" }),
                    LeafKind::Number => json!({ "type": "number" }),
                    LeafKind::Flag => json!({ "type": "boolean" }),
                };
                if !values.is_empty() {
                    schema["enum"] = json!(values);
                }
                schema
            }
        }
    }

    /// Its leaves, in the order of their declaration.
    pub fn leaves(&self) -> Vec<AnswerField> {
        let mut leaves = Vec::new();
        self.collect(String::new(), "", false, &mut leaves);
        leaves
    }

    fn collect(&self, path: String, doc: &str, optional: bool, leaves: &mut Vec<AnswerField>) {
        match self {
            Self::Any => {}
            Self::Leaf { kind, values } => {
                let (kind, values) = (*kind, values.clone());
                leaves.push(AnswerField { path, kind, doc: doc.to_owned(), values, optional });
            }
            Self::List(items) => items.collect(format!("{path}[]"), doc, true, leaves),
            Self::Object(object) => {
                for property in &object.properties {
                    let below = match path.as_str() {
                        "" => property.name.to_owned(),
                        _ => format!("{path}.{}", property.name),
                    };
                    let doc = [doc, property.doc].join(" ");
                    let optional = optional || property.optional;
                    property.shape.collect(below, doc.trim(), optional, leaves);
                }
            }
        }
    }
}

impl ObjectShape {
    /// Of no properties.
    pub fn new() -> Self {
        Self::default()
    }

    /// The properties, in the order of their declaration.
    pub fn properties(&self) -> &[Property] {
        &self.properties
    }

    /// Adds a property of the type `T` at a path of nested objects; where `values` is not empty, its
    /// leaf is one of them.
    pub fn add<T: Output>(&mut self, path: &[&'static str], doc: &'static str, values: Vec<Value>) {
        let Some((&name, outer)) = path.split_last() else { return };
        let mut shape = T::shape();
        if !values.is_empty() {
            shape.restrict(&values);
        }
        let object = outer.iter().fold(self, |object, name| object.nested(name, T::OPTIONAL));
        object.properties.push(Property { name, doc, optional: T::OPTIONAL, shape, format: None });
    }

    /// Says of which format the files at a path are.
    pub fn set_format(&mut self, path: &[&str], format: FileFormat) {
        let Some((first, below)) = path.split_first() else { return };
        let found = self.properties.iter_mut().find(|property| property.name == *first);
        match (found, below.is_empty()) {
            (Some(property), true) => property.format = Some(format),
            (Some(Property { shape: Shape::Object(object), .. }), false) => {
                object.set_format(below, format);
            }
            _ => {}
        }
    }

    /// Adds the properties of `T`, an object.
    pub fn flatten<T: Output>(&mut self) {
        let Shape::Object(other) = T::shape() else { return };
        for property in other.properties {
            self.properties
                .push(Property { optional: property.optional || T::OPTIONAL, ..property });
        }
    }

    /// The object at a property, which is made where there is none. It is there where anything in it
    /// is.
    fn nested(&mut self, name: &'static str, optional: bool) -> &mut Self {
        let found = self.properties.iter().position(|property| property.name == name);
        let at = found.unwrap_or_else(|| {
            let shape = Shape::Object(Self::new());
            self.properties.push(Property { name, doc: "", optional: true, shape, format: None });
            self.properties.len() - 1
        });
        let property = &mut self.properties[at];
        property.optional &= optional;
        if !matches!(property.shape, Shape::Object(_)) {
            property.shape = Shape::Object(Self::new());
        }
        match &mut property.shape {
            Shape::Object(object) => object,
            _ => unreachable!("it was made one"),
        }
    }

    fn schema(&self) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for property in &self.properties {
            let mut schema = property.shape.schema();
            if let Some(format) = property.format {
                property.shape.add_media_type(&mut schema, format);
            }
            if !property.doc.is_empty() {
                schema["description"] = property.doc.into();
            }
            if !property.optional {
                required.push(property.name);
            }
            properties.insert(property.name.into(), schema);
        }
        let mut schema = json!({ "type": "object", "properties": properties });
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        schema
    }
}

impl Shape {
    /// Adds the media type of the files that stand in the answer itself to the schema of this shape.
    fn add_media_type(&self, schema: &mut Value, format: FileFormat) {
        match self {
            Self::Leaf { kind: LeafKind::Base64, .. } => {
                schema["contentMediaType"] = format.media_type().into();
            }
            Self::List(items) => items.add_media_type(&mut schema["items"], format),
            Self::Leaf { .. } | Self::Any | Self::Object(_) => {}
        }
    }

    /// Restricts the leaf of this shape, through lists, to a closed set.
    fn restrict(&mut self, set: &[Value]) {
        match self {
            Self::Leaf { values, .. } => *values = set.to_vec(),
            Self::List(items) => items.restrict(set),
            Self::Any | Self::Object(_) => {}
        }
    }
}
