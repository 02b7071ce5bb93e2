//! What every service of the catalogue keeps to, whoever adds it.

use std::collections::BTreeSet;

use crate::support;
use safelight_operation::{Form, Spec, samples};
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
