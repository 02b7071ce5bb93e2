//! An answer against what its service declares.

use std::collections::BTreeMap;

use safelight_operation::{Endpoint, LeafKind, Node};
use serde_json::Value;

/// Where each leaf of an answer stands, what it is, and its values.
type Leaves = BTreeMap<String, (LeafKind, Vec<Value>)>;

/// An answer has every declared field that is not optional, of its declared kind and values, and no other.
pub fn check(endpoint: &Endpoint, answer: &Node) {
    let path = endpoint.spec().path;
    let mut found = Leaves::new();
    leaves(answer, String::new(), &mut found);
    for field in endpoint.answer().leaves() {
        match found.remove(&field.path) {
            Some((kind, values)) => {
                assert_eq!(kind, field.kind, "{path} {}", field.path);
                let fits = |value| field.values.is_empty() || field.values.contains(value);
                assert!(values.iter().all(fits), "{path} {} {values:?}", field.path);
            }
            None => assert!(field.optional, "{path} {}", field.path),
        }
    }
    assert!(found.is_empty(), "{path} declares no {found:?}");
}

fn leaves(node: &Node, path: String, found: &mut Leaves) {
    let below =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let mut add = |path, kind, value: &Value| {
        let leaf = found.entry(path).or_insert((kind, Vec::new()));
        assert_eq!(leaf.0, kind, "of one kind everywhere");
        leaf.1.push(value.clone());
    };
    match node {
        Node::Url(_) => add(path, LeafKind::Url, &Value::Null),
        Node::Base64(_) => add(path, LeafKind::Base64, &Value::Null),
        Node::Json(value @ Value::String(_)) => add(path, LeafKind::Text, value),
        Node::Json(value @ Value::Bool(_)) => add(path, LeafKind::Flag, value),
        Node::Json(value @ Value::Number(n)) if n.is_f64() => add(path, LeafKind::Number, value),
        Node::Object(fields) => fields.iter().for_each(|(name, n)| leaves(n, below(name), found)),
        Node::List(items) => items.iter().for_each(|n| leaves(n, format!("{path}[]"), found)),
        Node::Json(Value::Object(map)) => {
            map.iter().for_each(|(name, v)| leaves(&Node::Json(v.clone()), below(name), found))
        }
        Node::Json(Value::Array(items)) => {
            items.iter().for_each(|v| leaves(&Node::Json(v.clone()), format!("{path}[]"), found))
        }
        Node::Json(value) => add(path, LeafKind::Integer, value),
    }
}
