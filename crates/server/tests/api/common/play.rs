//! Services that do what a test tells them to.

use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use safelight_contract::{Code, Fault, Result};
use safelight_imaging::{Format, Rules};
use safelight_operation::{
    Artifact, Base64, CpuOperation, Delivery, Endpoint, Input, Memory, Needs, Node, ObjectShape,
    Output, Picture, Shape, Spec, Url, Work,
};
use serde_json::{Value, json};

use super::gate;

pub const SYNC: &str = "/api/test/sync";
pub const ASYNC: &str = "/api/test/async";
/// Needs three quarters of the memory budget of the tests' servers.
pub const HEAVY: &str = "/api/test/heavy";
/// Has a deadline of one second.
pub const SLOW: &str = "/api/test/slow";
/// Needs a model that is not there.
pub const MODELLESS: &str = "/api/test/modelless";
/// That model.
pub const NO_SUCH_MODEL: &str = "no-such-model";
/// Two paths that the vendor's SDK knows.
const SDK_SYNC: &str = "/api/cutout/general/universal-background-removal";
const SDK_ASYNC: &str = "/api/cutout/general/hd-universal-background-removal";

pub static CATALOG: &[Endpoint] = &[
    Endpoint::of::<Play<0>>(),
    Endpoint::of::<Play<1>>(),
    Endpoint::of::<Play<2>>(),
    Endpoint::of::<Play<3>>(),
    Endpoint::of::<Play<4>>(),
    Endpoint::of::<Play<5>>(),
    Endpoint::of::<Play<6>>(),
];

/// A deadline that no test meets, however slow the machine.
const LONG: Duration = Duration::from_secs(3600);

const VARIANTS: [(&str, Delivery, u64, Duration, &[&str]); 7] = [
    (SYNC, Delivery::Sync, 1 << 20, LONG, &[]),
    (ASYNC, Delivery::Async, 1 << 20, LONG, &[]),
    (HEAVY, Delivery::Sync, 384 << 20, LONG, &[]),
    (SLOW, Delivery::Sync, 1 << 20, Duration::from_secs(1), &[]),
    (MODELLESS, Delivery::Sync, 1 << 20, LONG, &[NO_SUCH_MODEL]),
    (SDK_SYNC, Delivery::Sync, 1 << 20, LONG, &[]),
    (SDK_ASYNC, Delivery::Async, 1 << 20, LONG, &[]),
];

struct Play<const VARIANT: usize>;

/// What works are held by, and the notes of those that started, in their order.
static HELD: LazyLock<Mutex<(Vec<String>, Vec<String>)>> = LazyLock::new(Mutex::default);

fn with_held<T>(use_it: impl FnOnce(&mut Vec<String>, &mut Vec<String>) -> T) -> T {
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    let (names, notes) = &mut *held;
    use_it(names, notes)
}

/// Holds all work that names it; until it is dropped.
pub struct Hold(&'static str);

impl Hold {
    pub fn new(name: &'static str) -> Self {
        with_held(|names, _| names.push(name.to_owned()));
        Self(name)
    }

    pub fn release(self) {}
}

impl Drop for Hold {
    fn drop(&mut self) {
        with_held(|names, _| names.retain(|name| name != self.0));
    }
}

/// The notes of works that started, in their order: those that begin so.
pub fn started(prefix: &str) -> Vec<String> {
    with_held(|_, notes| notes.iter().filter(|n| n.starts_with(prefix)).cloned().collect())
}

/// What a test tells.
#[derive(Input)]
struct Told {
    /// A picture.
    #[picture(Rules {
        formats: &[Format::Png],
        max_bytes: 2 * Rules::MB,
        min: (8, 8),
        max: (1000, 1000),
        ..Rules::ORDINARY
    })]
    image: Option<Picture>,
    /// The gate to stand at.
    #[integer(0..=u64::MAX >> 1)]
    #[field(default = 0)]
    gate: u64,
    /// Stays at the gate when told to stop.
    #[flag]
    #[field(default = false)]
    stubborn: bool,
    /// Panics.
    #[flag]
    #[field(default = false)]
    panic: bool,
    /// Fails with this code.
    #[text(60)]
    fail: Option<String>,
    /// How many.
    #[integer(0..=4)]
    #[field(default = 1)]
    pictures: usize,
    /// Size of each picture.
    #[integer(0..=50_000_000)]
    #[field(default = 1000)]
    bytes: usize,
    /// As Base64.
    #[flag]
    #[field(default = false)]
    inline: bool,
    /// Comes back.
    #[text(100)]
    note: Option<String>,
    /// Works until the test lets go of what has this name.
    #[text(100)]
    hold: Option<String>,
}

/// Whatever was told.
struct Answer(Node);

impl Output for Answer {
    const HOLDS_FILES: bool = true;

    fn shape() -> Shape {
        let mut object = ObjectShape::new();
        object.add::<Option<Base64>>(&["image"], "A picture.", vec![]);
        object.add::<Option<Url>>(&["data", "image_url"], "A picture.", vec![]);
        object.add::<Option<Vec<Url>>>(&["data", "images"], "Pictures.", vec![]);
        object.add::<Option<Value>>(&["data", "note"], "What was told.", vec![]);
        object.add::<Option<Value>>(&["data", "size"], "Of the picture.", vec![]);
        Shape::Object(object)
    }

    fn into_node(self) -> Option<Node> {
        Some(self.0)
    }
}

impl<const VARIANT: usize> CpuOperation for Play<VARIANT> {
    const SPEC: &'static Spec = &Spec {
        path: VARIANTS[VARIANT].0,
        name: "Play",
        sign: "play",
        pool: "play_pool",
        price: 3,
        summary: "Does what it is told.",
        delivery: VARIANTS[VARIANT].1,
        deadline: VARIANTS[VARIANT].3,
        memory: Memory { base: VARIANTS[VARIANT].2, per_pixel: 4 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(VARIANTS[VARIANT].4);
    type Input = Told;
    type Output = Answer;

    fn run(input: Told, work: &Work) -> Result<Answer> {
        let size = match &input.image {
            Some(image) => Some(image.decode(work)?.rgb.dimensions()),
            None => None,
        };
        work.stage("play", || {
            with_held(|_, notes| notes.extend(input.note.clone()));
            while input.hold.as_ref().is_some_and(|name| with_held(|names, _| names.contains(name)))
            {
                std::thread::sleep(Duration::from_millis(5));
                work.check()?;
            }
            gate::pass(input.gate, || if input.stubborn { Ok(()) } else { work.check() })?;
            assert!(!input.panic, "told to panic");
            Ok(())
        })?;
        if let Some(code) = &input.fail {
            let code: Code = code.parse().map_err(|e| Fault::new(Code::ErrorParameters, e))?;
            return Err(Fault::new(code, "told to fail"));
        }
        Ok(Answer(answer(&input, size)))
    }
}

fn answer(input: &Told, size: Option<(u32, u32)>) -> Node {
    let picture = || Artifact::picture(vec![b'x'; input.bytes], Format::Png);
    if input.inline {
        return Node::Object(vec![("image", Node::Base64(picture()))]);
    }
    let mut data = vec![("note", Node::Json(json!(input.note))), ("size", Node::Json(json!(size)))];
    if input.pictures == 1 {
        data.push(("image_url", Node::Url(picture())));
    } else {
        let all = (0..input.pictures).map(|_| Node::Url(picture())).collect();
        data.push(("images", Node::List(all)));
    }
    Node::Object(vec![("data", Node::Object(data))])
}

/// A PNG of these RGB bytes.
pub fn encode(width: u32, height: u32, pixels: Vec<u8>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().expect("header");
    writer.write_image_data(&pixels).expect("pixels");
    writer.finish().expect("end");
    out
}
