//! What every service of the catalogue keeps to, whoever adds it.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use safelight_imaging::Format;
use safelight_services::{CATALOG, Declaration, FieldKind, FileField, Form, Node, find, samples};
use safelight_testkit as testkit;
use serde_json::Value;

fn declarations() -> impl Iterator<Item = &'static Declaration> {
    CATALOG.iter().map(|entry| entry.declaration())
}

#[test]
fn names_are_unique() {
    let unique = |name: fn(&Declaration) -> &'static str| {
        let mut seen = BTreeSet::new();
        declarations().map(name).for_each(|name| assert!(seen.insert(name), "{name} twice"));
    };
    unique(|d| d.path);
    unique(|d| d.name);
    unique(|d| d.sign);
    unique(|d| d.path.rsplit('/').next().unwrap_or_default());
}

#[test]
fn declarations_are_complete() {
    for declaration in declarations() {
        let path = declaration.path;
        assert!(path.starts_with("/api/") && !path.ends_with('/'), "{path}");
        assert!(!declaration.summary.is_empty() && declaration.price > 0, "{path}");
        assert!(!declaration.answer.is_empty() && !declaration.deadline.is_zero(), "{path}");
        let mut fields: Vec<_> = declaration.files.iter().map(|file| file.name).collect();
        fields.extend(declaration.params.iter().map(|param| param.name()));
        let count = fields.len();
        fields.sort_unstable();
        fields.dedup();
        assert_eq!(fields.len(), count, "{path} names a field twice");
        assert!(declaration.params.iter().all(|param| !param.doc().is_empty()), "{path}");
        for file in declaration.files {
            let rules = &file.rules;
            assert!(!file.doc.is_empty() && !rules.formats.is_empty() && rules.max_bytes > 0);
            assert!(rules.min.0 <= rules.max.0 && rules.min.1 <= rules.max.1, "{path}");
        }
        assert_eq!(find(path).map(|entry| entry.declaration().path), Some(path));
    }
}

#[test]
fn defaults_are_in_their_own_range() {
    for declaration in declarations() {
        for param in declaration.params {
            let shown = match &param.schema()["default"] {
                Value::Null => continue,
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            assert!(!param.required(), "{} has a default", param.name());
            let form = support::with(Form::new(), param.name(), &shown);
            assert_eq!(param.check(&form), Ok(()), "{} {}", declaration.path, param.name());
        }
    }
}

/// Where each leaf of an answer stands, and what it is.
fn leaves(node: &Node, path: String, found: &mut BTreeMap<String, FieldKind>) {
    let below =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match node {
        Node::Object(fields) => fields.iter().for_each(|(name, n)| leaves(n, below(name), found)),
        Node::List(items) => items.iter().for_each(|n| leaves(n, format!("{path}[]"), found)),
        Node::Url(_) => drop(found.insert(path, FieldKind::Url)),
        Node::Base64(_) => drop(found.insert(path, FieldKind::Base64)),
        Node::Json(Value::Object(map)) => {
            map.iter().for_each(|(name, v)| leaves(&Node::Json(v.clone()), below(name), found))
        }
        Node::Json(Value::Array(items)) => {
            items.iter().for_each(|v| leaves(&Node::Json(v.clone()), format!("{path}[]"), found))
        }
        Node::Json(Value::String(_)) => drop(found.insert(path, FieldKind::Text)),
        Node::Json(Value::Bool(_)) => drop(found.insert(path, FieldKind::Flag)),
        Node::Json(Value::Number(n)) if n.is_f64() => drop(found.insert(path, FieldKind::Number)),
        Node::Json(_) => drop(found.insert(path, FieldKind::Integer)),
    }
}

/// The portrait; where a service takes no PNG, its head as a large JPEG.
fn photo_for(file: &FileField) -> Vec<u8> {
    if file.rules.formats.contains(&Format::Png) {
        return testkit::photo("astronaut.png");
    }
    support::head()
}

/// A photo that a service accepts gives every declared field that is not optional, of its
/// declared kind, and no other.
#[test]
fn answers_are_as_declared() {
    for declaration in declarations() {
        let call = |photo: fn(&FileField) -> Vec<u8>| {
            let mut form = Form::new();
            for file in declaration.files {
                form.add_file(file.name, photo(file).into());
            }
            for (name, value) in samples(declaration).swap_remove(0).values {
                form.add_text(name, value);
            }
            support::call(declaration.path, &form)
        };
        // No service for food takes a portrait.
        let node = call(photo_for).or_else(|_| call(|_| testkit::photo("coffee.png")));
        let node = node.unwrap_or_else(|fault| panic!("{}: {fault}", declaration.path));
        let mut found = BTreeMap::new();
        leaves(&node, String::new(), &mut found);
        for field in declaration.answer {
            match found.remove(field.path) {
                Some(kind) => assert_eq!(kind, field.kind, "{} {}", declaration.path, field.path),
                None => assert!(field.optional, "{} {}", declaration.path, field.path),
            }
        }
        assert!(found.is_empty(), "{} declares no {found:?}", declaration.path);
    }
}

/// Whatever is sent, the answer is a fault of the caller or a job; nothing panics.
#[test]
fn garbage_is_refused() {
    let texts =
        ["", " ", "NaN", "-1", "1e999", "\u{0}\u{ffff}", "true", "999999999999999999999999"];
    let files: Vec<Vec<u8>> = vec![
        Vec::new(),
        vec![0; 64],
        b"\xff\xd8\xff\xe0\x00\x10JFIF".to_vec(),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xff\xff\xff\xff\xff\xff\xff\x08\x06\0\0\0".to_vec(),
        b"BM\xff\xff\xff\xff\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec(),
        b"RIFF\xff\xff\xff\xffWEBPVP8X\xff\xff\xff\xff".to_vec(),
        testkit::photo("flower.jpg")[..5000].to_vec(),
    ];
    for entry in CATALOG {
        let declaration = entry.declaration();
        for file in &files {
            for text in texts.into_iter().chain(["x".repeat(100_000).as_str()]) {
                let mut form = Form::new();
                for field in declaration.files {
                    form.add_file(field.name, file.clone().into());
                }
                declaration.params.iter().for_each(|param| form.add_text(param.name(), text));
                if let Err(fault) = entry.prepare(&form) {
                    assert!((400..500).contains(&fault.code().status(Default::default())));
                    assert!(!fault.message().is_empty() && fault.message().len() < 1000);
                }
            }
        }
        let mut swapped = Form::new();
        declaration.files.iter().for_each(|field| swapped.add_text(field.name, "text"));
        declaration.params.iter().for_each(|p| swapped.add_file(p.name(), vec![1].into()));
        assert!(entry.prepare(&swapped).is_err(), "{}", declaration.path);
    }
}
