//! Running services of the catalogue from a form to the pictures that they answer.

#![allow(dead_code, reason = "each test file uses its part")]

use std::io::Cursor;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use crate::documents;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use image::{DynamicImage, ImageFormat};
use safelight_contract::{Code, Fault};
pub use safelight_operation::Form;
use safelight_operation::{
    Artifact, Cancel, Context, Endpoint, FileField, Frame, Generator, Inline, Node, Order,
};
use safelight_services::find;
use safelight_testkit as testkit;
use safelight_testkit::engine::{Manner, painted, reshaped};
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

/// Files that are sent though a request can do without them.
const SENT: [(&str, &str); 1] = [("image-invisible-image-watermark", "logo")];

/// The first file of a service and those that it needs.
pub fn sent(endpoint: &Endpoint) -> impl Iterator<Item = &'static FileField> {
    let slug = endpoint.spec().slug();
    let is_sent = move |index: usize, file: &FileField| {
        index == 0 || file.is_required() || SENT.contains(&(slug, file.name))
    };
    let files = endpoint.files().enumerate().filter(move |(index, file)| is_sent(*index, file));
    files.map(|(_, file)| file)
}

/// What a service of the catalogue answers; one that does nothing without an engine, with one that paints
/// what it may change green.
pub fn call(path: &str, form: &Form) -> Result<Node, Fault> {
    let endpoint = find(path).expect("a service");
    match endpoint.needs().is_engine_required() {
        true => call_with(path, form, Painter::new(Manner::Right)),
        false => endpoint.prepare(form)?.run_here(context()),
    }
}

/// The same by this engine.
pub fn call_with(path: &str, form: &Form, painter: Arc<Painter>) -> Result<Node, Fault> {
    find(path).expect("a service").prepare(form)?.made_by(painter).run_here(context())
}

/// An engine in this process.
pub struct Painter {
    /// How it behaves at each call; the last counts for all further ones.
    manners: Vec<Manner>,
    /// What it was asked for.
    pub orders: Mutex<Vec<Order>>,
}

impl Painter {
    pub fn new(manner: Manner) -> Arc<Self> {
        Self::changing([manner])
    }

    pub fn changing(manners: impl Into<Vec<Manner>>) -> Arc<Self> {
        Arc::new(Self { manners: manners.into(), orders: Mutex::default() })
    }
}

impl Generator for Painter {
    fn frame(&self) -> Frame {
        Frame { long_side: 512, multiple: 64 }
    }

    fn generate(&self, order: Order) -> BoxFuture<'_, Result<Bytes, Fault>> {
        let mut orders = self.orders.lock().expect("no panic under the lock");
        let manner = self.manners[orders.len().min(self.manners.len() - 1)];
        let image = order.image.as_deref().expect("every service here sends a picture");
        let made = painted(image, order.mask.as_deref(), manner);
        let made = match manner {
            Manner::OtherShape => made,
            _ => reshaped(&made, order.size.0, order.size.1),
        };
        orders.push(order);
        Box::pin(std::future::ready(Ok(made.into())))
    }

    fn classify(&self, _: Bytes) -> BoxFuture<'_, Result<Vec<(String, f32)>, Fault>> {
        let classes = vec![("nevus".to_owned(), 0.9), ("acne".to_owned(), 0.1)];
        Box::pin(std::future::ready(Ok(classes)))
    }
}

/// A context with every model and an hour of time.
pub fn context() -> Context {
    let vision = Vision::new(testkit::registry());
    Context::new(vision, Cancel::after(Duration::from_secs(3600)), Arc::new(Inline))
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

/// A picture as a PNG.
pub fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
    encoded(&picture.into(), ImageFormat::Png)
}

/// The portrait without colour.
pub const GRAY: &str = "gray";

/// A drawn page with a portrait, a headline, a table and a machine-readable zone.
pub const DOCUMENT: &str = "document";

static GRAY_FILE: LazyLock<Vec<u8>> =
    LazyLock::new(|| encoded(&portrait().to_luma8().into(), ImageFormat::Png));

static DOCUMENT_FILE: LazyLock<Vec<u8>> =
    LazyLock::new(|| encoded(&documents::passport(&documents::TD3).into(), ImageFormat::Png));

static HEAD_FILE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let head = portrait().crop_imm(110, 0, 230, 240);
    let large = head.resize_exact(1150, 1200, image::imageops::FilterType::CatmullRom);
    encoded(&large.to_rgb8().into(), ImageFormat::Jpeg)
});

fn portrait() -> DynamicImage {
    image::load_from_memory(&testkit::photo("astronaut.png")).expect("a photo")
}

/// A picture of the workspace's folder of photos, [`GRAY`] or [`DOCUMENT`].
pub fn photo(name: &str) -> Vec<u8> {
    match name {
        GRAY => GRAY_FILE.clone(),
        DOCUMENT => DOCUMENT_FILE.clone(),
        _ => testkit::photo(name),
    }
}

/// The head of the portrait as a JPEG of 1150 x 1200 px, for services that need a large face.
pub fn head() -> Vec<u8> {
    HEAD_FILE.clone()
}
