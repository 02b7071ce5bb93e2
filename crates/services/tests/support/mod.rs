//! Running services of the catalogue from a form to the pictures that they answer.

#![allow(dead_code, reason = "each test file uses its part")]

use std::io::Cursor;
use std::time::Duration;

use bytes::Bytes;
use image::{DynamicImage, ImageFormat};
use safelight_contract::{Code, Fault};
use safelight_services::{Artifact, Cancel, Form, Node, Work, find};
use safelight_testkit as testkit;
use safelight_vision::Vision;

/// A form with a picture.
pub fn form(image: impl Into<Bytes>) -> Form {
    let mut form = Form::new();
    form.add_file("image", image.into());
    form
}

/// The same with one more text field.
pub fn with(mut form: Form, name: &str, value: &str) -> Form {
    form.add_text(name, value);
    form
}

/// What a service of the catalogue answers.
pub fn call(path: &str, form: &Form) -> Result<Node, Fault> {
    let vision = Vision::new(testkit::registry());
    let work = Work::new(&vision, Cancel::after(Duration::from_secs(300)));
    find(path).expect("a service").prepare(form)?.run(&work)
}

/// The code that a service refuses a form with.
pub fn code(path: &str, form: &Form) -> Code {
    call(path, form).map(|_| ()).expect_err("must be refused").code()
}

/// The one picture of an answer, with whether it is meant for a URL.
pub fn artifact(node: Node) -> (Artifact, bool) {
    match node {
        Node::Url(artifact) => (artifact, true),
        Node::Base64(artifact) => (artifact, false),
        Node::Object(mut fields) if fields.len() == 1 => artifact(fields.remove(0).1),
        other => panic!("no single picture: {other:?}"),
    }
}

/// The one picture that a service answers.
pub fn picture(path: &str, form: &Form) -> DynamicImage {
    let (artifact, _) = artifact(call(path, form).unwrap_or_else(|fault| panic!("{fault}")));
    image::load_from_memory(&artifact.bytes).expect("a picture")
}

pub fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("encodes");
    bytes.into_inner()
}
