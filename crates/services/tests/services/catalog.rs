//! What every service of the catalogue keeps to, whoever adds it.

use std::collections::{BTreeMap, BTreeSet};

use crate::support;
use safelight_imaging::Format;
use safelight_operation::{FileField, Form, LeafKind, Node, Spec, sample_mask, samples};
use safelight_services::{CATALOG, find};
use safelight_testkit as testkit;
use serde_json::Value;

fn specs() -> impl Iterator<Item = &'static Spec> {
    CATALOG.iter().map(|endpoint| endpoint.spec())
}

#[test]
fn names_are_unique() {
    let unique = |name: fn(&Spec) -> &'static str| {
        let mut seen = BTreeSet::new();
        specs().map(name).for_each(|name| assert!(seen.insert(name), "{name} twice"));
    };
    unique(|d| d.path);
    unique(|d| d.name);
    unique(|d| d.sign);
    unique(|d| d.slug());
}

#[test]
fn declarations_are_complete() {
    for endpoint in CATALOG {
        let spec = endpoint.spec();
        let path = spec.path;
        assert!(path.starts_with("/api/") && !path.ends_with('/'), "{path}");
        assert!(!spec.summary.is_empty() && spec.price > 0, "{path}");
        assert!(!endpoint.answer().leaves().is_empty() && !spec.deadline.is_zero(), "{path}");
        let mut fields: Vec<_> = endpoint.fields().iter().map(|field| field.name()).collect();
        let count = fields.len();
        fields.sort_unstable();
        fields.dedup();
        assert_eq!(fields.len(), count, "{path} names a field twice");
        assert!(endpoint.parameters().all(|parameter| !parameter.doc().is_empty()), "{path}");
        for file in endpoint.files() {
            let rules = &file.rules;
            assert!(!file.doc.is_empty() && !rules.formats.is_empty() && rules.max_bytes > 0);
            assert!(rules.min.0 <= rules.max.0 && rules.min.1 <= rules.max.1, "{path}");
        }
        for leaf in endpoint.answer().leaves() {
            assert!(!leaf.doc.is_empty(), "{path} {} has no description", leaf.path);
        }
        assert_eq!(find(path).map(|endpoint| endpoint.spec().path), Some(path));
    }
}

#[test]
fn defaults_are_in_their_own_range() {
    for endpoint in CATALOG {
        for parameter in endpoint.parameters() {
            let shown = match &parameter.schema()["default"] {
                Value::Null => continue,
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            assert!(!parameter.required(), "{} has a default", parameter.name());
            let form = support::with(Form::new(), parameter.name(), &shown);
            let path = endpoint.spec().path;
            assert_eq!(parameter.check(&form), Ok(()), "{path} {}", parameter.name());
        }
    }
}

#[test]
fn each_choice_is_tried_once() {
    let of = |name: &str| samples(find(name).expect("a service"));
    let labels: Vec<_> =
        of("universal-background-removal").into_iter().map(|sample| sample.label).collect();
    assert_eq!(labels, ["", "return_form=mask", "return_form=whiteBK", "return_form=crop"]);
    let graded = of("image-color-enhancement");
    let first = &graded[0].values;
    assert!(first.contains(&("output_format", "png".to_owned())), "{first:?}");
    assert!(graded.iter().all(|sample| sample.values.len() == 2), "required ones are sent");
    assert_eq!(of("image-defogging").len(), 1);
}

/// Where each leaf of an answer stands, what it is, and its values.
type Leaves = BTreeMap<String, (LeafKind, Vec<Value>)>;

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

/// The portrait; where a service takes no PNG, its head as a large JPEG.
fn photo_for(file: &FileField) -> Vec<u8> {
    if file.rules.formats.contains(&Format::Png) {
        return testkit::photo("astronaut.png");
    }
    support::head()
}

/// A mask of the size of a photo.
fn mask_for(photo: &[u8]) -> Vec<u8> {
    let photo = image::load_from_memory(photo).expect("a photo");
    sample_mask(photo.width(), photo.height()).expect("a mask")
}

/// A photo that a service accepts gives every declared field that is not optional, of its
/// declared kind and values, and no other.
#[test]
fn answers_are_as_declared() {
    for endpoint in CATALOG {
        let path = endpoint.spec().path;
        let call = |photo: fn(&FileField) -> Vec<u8>| {
            let mut form = Form::new();
            for file in endpoint.files() {
                let bytes = photo(file);
                let bytes = if file.mask_of.is_some() { mask_for(&bytes) } else { bytes };
                form.add_file(file.name, bytes.into());
            }
            for (name, value) in samples(endpoint).swap_remove(0).values {
                form.add_text(name, value);
            }
            support::call(path, &form)
        };
        // No service for food takes a portrait, and some take a head alone.
        let coffee = || call(|_| testkit::photo("coffee.png"));
        let node = call(photo_for)
            .or_else(|_| coffee())
            .or_else(|_| call(|_| support::head()))
            .or_else(|_| call(|_| testkit::photo("standing.png")))
            .or_else(|_| call(|_| testkit::photo("short_hair.png")))
            .or_else(|_| call(|_| testkit::photo("hand.png")))
            .or_else(|_| call(|_| support::photo(support::GRAY)))
            .or_else(|_| call(|_| support::photo(support::DOCUMENT)));
        let node = node.unwrap_or_else(|fault| panic!("{path}: {fault}"));
        let mut found = BTreeMap::new();
        leaves(&node, String::new(), &mut found);
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
    for endpoint in CATALOG {
        for file in &files {
            for text in texts.into_iter().chain(["x".repeat(100_000).as_str()]) {
                let mut form = Form::new();
                for field in endpoint.files() {
                    form.add_file(field.name, file.clone().into());
                }
                endpoint.parameters().for_each(|parameter| form.add_text(parameter.name(), text));
                if let Err(fault) = endpoint.prepare(&form) {
                    assert!((400..500).contains(&fault.code().status(Default::default())));
                    assert!(!fault.message().is_empty() && fault.message().len() < 1000);
                }
            }
        }
        let mut swapped = Form::new();
        endpoint.files().for_each(|field| swapped.add_text(field.name, "text"));
        endpoint.parameters().for_each(|p| swapped.add_file(p.name(), vec![1].into()));
        // Where nothing is required, nothing is missed.
        let is_free = endpoint.files().next().is_none()
            && endpoint.parameters().all(|parameter| !parameter.required());
        assert!(is_free || endpoint.prepare(&swapped).is_err(), "{}", endpoint.spec().path);
    }
}
