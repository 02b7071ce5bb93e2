//! Services that do what a test tells them to.

use std::time::{Duration, Instant};

use safelight_contract::{Code, Fault, Result};
use safelight_imaging::{Format, Rules};
use safelight_services::{
    Answer, Artifact, Declaration, Defaulted, Entry, Field, FieldKind, FileField, Flag, Form,
    Integer, Memory, Mode, Node, Optional, Param, Service, Text, Upload, Work,
};
use serde_json::json;

pub const SYNC: &str = "/api/test/sync";
pub const ASYNC: &str = "/api/test/async";
/// Needs three quarters of the memory budget of the tests' servers.
pub const HEAVY: &str = "/api/test/heavy";
/// Has a deadline of one second.
pub const SLOW: &str = "/api/test/slow";
/// Needs a model that is not there.
pub const MODELLESS: &str = "/api/test/modelless";
/// Two paths that the vendor's SDK knows.
const SDK_SYNC: &str = "/api/cutout/general/universal-background-removal";
const SDK_ASYNC: &str = "/api/cutout/general/hd-universal-background-removal";

pub static CATALOG: &[Entry] = &[
    Entry::of::<Play<0>>(),
    Entry::of::<Play<1>>(),
    Entry::of::<Play<2>>(),
    Entry::of::<Play<3>>(),
    Entry::of::<Play<4>>(),
    Entry::of::<Play<5>>(),
    Entry::of::<Play<6>>(),
];

const VARIANTS: [(&str, Mode, u64, Duration, &[&str]); 7] = [
    (SYNC, Mode::Sync, 1 << 20, Duration::from_secs(25), &[]),
    (ASYNC, Mode::Async, 1 << 20, Duration::from_secs(25), &[]),
    (HEAVY, Mode::Sync, 384 << 20, Duration::from_secs(25), &[]),
    (SLOW, Mode::Sync, 1 << 20, Duration::from_secs(1), &[]),
    (MODELLESS, Mode::Sync, 1 << 20, Duration::from_secs(25), &["no-such-model"]),
    (SDK_SYNC, Mode::Sync, 1 << 20, Duration::from_secs(25), &[]),
    (SDK_ASYNC, Mode::Async, 1 << 20, Duration::from_secs(25), &[]),
];

struct Play<const VARIANT: usize>;

static IMAGE: FileField = FileField::optional(
    "image",
    "A picture.",
    Rules {
        formats: &[Format::Png],
        max_bytes: 2 * Rules::MB,
        min: (8, 8),
        max: (1000, 1000),
        ..Rules::ORDINARY
    },
);
static SLEEP: Param<Integer, Defaulted<i64>> = Param {
    name: "sleep",
    doc: "Milliseconds.",
    kind: Integer(0..=60_000),
    presence: Defaulted(0),
};
static STUBBORN: Param<Flag, Defaulted<bool>> = Param {
    name: "stubborn",
    doc: "Sleeps on when told to stop.",
    kind: Flag,
    presence: Defaulted(false),
};
static PANIC: Param<Flag, Defaulted<bool>> =
    Param { name: "panic", doc: "Panics.", kind: Flag, presence: Defaulted(false) };
static FAIL: Param<Text, Optional> =
    Param { name: "fail", doc: "Fails with this code.", kind: Text(60), presence: Optional };
static PICTURES: Param<Integer, Defaulted<i64>> =
    Param { name: "pictures", doc: "How many.", kind: Integer(0..=4), presence: Defaulted(1) };
static BYTES: Param<Integer, Defaulted<i64>> = Param {
    name: "bytes",
    doc: "Size of each picture.",
    kind: Integer(0..=50_000_000),
    presence: Defaulted(1000),
};
static INLINE: Param<Flag, Defaulted<bool>> =
    Param { name: "inline", doc: "As Base64.", kind: Flag, presence: Defaulted(false) };
static NOTE: Param<Text, Optional> =
    Param { name: "note", doc: "Comes back.", kind: Text(100), presence: Optional };

struct Input {
    image: Option<Upload>,
    sleep: Duration,
    stubborn: bool,
    panic: bool,
    fail: Option<String>,
    pictures: i64,
    bytes: usize,
    inline: bool,
    note: Option<String>,
}

struct Output(Node);

impl Answer for Output {
    fn into_node(self) -> Node {
        self.0
    }
}

impl<const VARIANT: usize> Service for Play<VARIANT> {
    type Input = Input;
    type Output = Output;

    const DECLARATION: &'static Declaration = &Declaration {
        path: VARIANTS[VARIANT].0,
        name: "Play",
        sign: "play",
        pool: "play_pool",
        price: 3,
        summary: "Does what it is told.",
        mode: VARIANTS[VARIANT].1,
        deadline: VARIANTS[VARIANT].3,
        files: &[&IMAGE],
        params: &[&SLEEP, &STUBBORN, &PANIC, &FAIL, &PICTURES, &BYTES, &INLINE, &NOTE],
        answer: &[Field::new("data.image_url", FieldKind::Url, "A picture.")],
        models: VARIANTS[VARIANT].4,
        memory: Memory { base: VARIANTS[VARIANT].2, per_pixel: 4 },
    };

    fn read(form: &Form) -> Result<Input> {
        let has_image = form.file("image").is_some() || form.text("image").is_some();
        Ok(Input {
            image: has_image.then(|| IMAGE.read(form)).transpose()?,
            sleep: Duration::from_millis(SLEEP.read(form)? as u64),
            stubborn: STUBBORN.read(form)?,
            panic: PANIC.read(form)?,
            fail: FAIL.read(form)?,
            pictures: PICTURES.read(form)?,
            bytes: BYTES.read(form)? as usize,
            inline: INLINE.read(form)?,
            note: NOTE.read(form)?,
        })
    }

    fn run(input: Input, work: &Work) -> Result<Output> {
        let size = match &input.image {
            Some(image) => Some(image.decode(work)?.rgb.dimensions()),
            None => None,
        };
        work.stage("play", || {
            let end = Instant::now() + input.sleep;
            while Instant::now() < end {
                std::thread::sleep(Duration::from_millis(5));
                if !input.stubborn {
                    work.check()?;
                }
            }
            assert!(!input.panic, "told to panic");
            Ok(())
        })?;
        if let Some(code) = &input.fail {
            let code: Code = code.parse().map_err(|e| Fault::new(Code::ErrorParameters, e))?;
            return Err(Fault::new(code, "told to fail"));
        }
        Ok(Output(answer(&input, size)))
    }
}

fn answer(input: &Input, size: Option<(u32, u32)>) -> Node {
    let picture = || Artifact { bytes: vec![b'x'; input.bytes], format: Format::Png };
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
