//! Typed answers: how a value becomes a node of the answer, and which shape it has.

use serde_json::Value;

use crate::node::{Artifact, Node};
use crate::shape::{LeafKind, Shape};

/// A value that stands in an answer; derived for structs with the macro of the same name.
pub trait Output {
    /// Whether it may be absent.
    const OPTIONAL: bool = false;

    /// Whether it may refer to result files.
    const HOLDS_FILES: bool = false;

    /// Its shape where it is there.
    fn shape() -> Shape;

    /// The value as a node; `None` where it is absent.
    fn into_node(self) -> Option<Node>;
}

/// A picture that becomes the URL of a result file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url(pub Artifact);

/// A picture that goes into the answer as Base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base64(pub Artifact);

impl Output for Url {
    const HOLDS_FILES: bool = true;

    fn shape() -> Shape {
        Shape::leaf(LeafKind::Url)
    }

    fn into_node(self) -> Option<Node> {
        Some(Node::Url(self.0))
    }
}

impl Output for Base64 {
    fn shape() -> Shape {
        Shape::leaf(LeafKind::Base64)
    }

    fn into_node(self) -> Option<Node> {
        Some(Node::Base64(self.0))
    }
}

macro_rules! leaf {
    ($kind:ident: $($ty:ty)*) => {
        $(impl Output for $ty {
            fn shape() -> Shape {
                Shape::leaf(LeafKind::$kind)
            }

            fn into_node(self) -> Option<Node> {
                Some(Node::Json(self.into()))
            }
        })*
    };
}

leaf!(Integer: i8 i16 i32 i64 u8 u16 u32 u64 usize);
leaf!(Number: f64);
leaf!(Flag: bool);
leaf!(Text: String &'static str);

/// Any JSON.
impl Output for Value {
    fn shape() -> Shape {
        Shape::Any
    }

    fn into_node(self) -> Option<Node> {
        Some(Node::Json(self))
    }
}

impl<T: Output> Output for Option<T> {
    const OPTIONAL: bool = true;
    const HOLDS_FILES: bool = T::HOLDS_FILES;

    fn shape() -> Shape {
        T::shape()
    }

    fn into_node(self) -> Option<Node> {
        self.and_then(T::into_node)
    }
}

impl<T: Output> Output for Vec<T> {
    const HOLDS_FILES: bool = T::HOLDS_FILES;

    fn shape() -> Shape {
        Shape::List(Box::new(T::shape()))
    }

    fn into_node(self) -> Option<Node> {
        Some(Node::List(self.into_iter().filter_map(T::into_node).collect()))
    }
}

impl<T: Output, const N: usize> Output for [T; N] {
    const HOLDS_FILES: bool = T::HOLDS_FILES;

    fn shape() -> Shape {
        Vec::<T>::shape()
    }

    fn into_node(self) -> Option<Node> {
        Vec::from(self).into_node()
    }
}

impl<T: Output> Output for Box<T> {
    const OPTIONAL: bool = T::OPTIONAL;
    const HOLDS_FILES: bool = T::HOLDS_FILES;

    fn shape() -> Shape {
        T::shape()
    }

    fn into_node(self) -> Option<Node> {
        (*self).into_node()
    }
}

/// An object while it is put together.
#[derive(Default)]
pub struct ObjectNode(Vec<(&'static str, Node)>);

impl ObjectNode {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the value at a path of nested objects, where it is not absent.
    pub fn set(&mut self, path: &[&'static str], value: impl Output) {
        let (Some((name, outer)), Some(node)) = (path.split_last(), value.into_node()) else {
            return;
        };
        let object = outer.iter().fold(&mut self.0, |object, name| nested(object, name));
        object.push((name, node));
    }

    /// Sets the properties of an object.
    pub fn flatten(&mut self, value: impl Output) {
        if let Some(Node::Object(properties)) = value.into_node() {
            self.0.extend(properties);
        }
    }
}

/// The object at a property, which is made where there is none.
fn nested<'a>(
    object: &'a mut Vec<(&'static str, Node)>,
    name: &'static str,
) -> &'a mut Vec<(&'static str, Node)> {
    let found =
        object.iter().position(|(other, node)| *other == name && matches!(node, Node::Object(_)));
    let at = found.unwrap_or_else(|| {
        object.push((name, Node::Object(Vec::new())));
        object.len() - 1
    });
    match &mut object[at].1 {
        Node::Object(properties) => properties,
        _ => unreachable!("it was found or made as one"),
    }
}

impl From<ObjectNode> for Node {
    fn from(object: ObjectNode) -> Self {
        Node::Object(object.0)
    }
}

/// A value of a closed set, as JSON.
pub fn json_value(value: impl Into<Value>) -> Value {
    value.into()
}
