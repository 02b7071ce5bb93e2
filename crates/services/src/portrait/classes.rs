//! Classes in answers.

use safelight_operation::{LeafKind, Node, Output, Shape};
use serde_json::json;

/// A class, a whole number from 0 to one less than `COUNT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Class<const COUNT: u8>(pub u8);

impl<const COUNT: u8> Output for Class<COUNT> {
    fn shape() -> Shape {
        Shape::Leaf {
            kind: LeafKind::Integer,
            values: (0..COUNT).map(|class| json!(class)).collect(),
        }
    }

    fn into_node(self) -> Option<Node> {
        self.0.into_node()
    }
}
