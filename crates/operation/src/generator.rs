//! What an operation asks a generative engine elsewhere for: a picture, after words, from nothing or
//! from other pictures.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use safelight_contract::{Code, Fault, Result};

/// What an engine is given beside words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// Nothing: the picture is made after words alone.
    Words,
    /// A picture, which is changed as a whole.
    Picture,
    /// A picture, and a mask of what is changed.
    Mask,
    /// A picture, a mask where only a part is changed, and up to three further pictures.
    References,
    /// A picture, which is sorted into classes; no picture is made.
    Classes,
}

/// How a service uses engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineUse {
    /// What an engine is given.
    pub given: Given,
    /// Whether the service does nothing without one.
    pub required: bool,
}

/// What an engine is asked for. Pictures are PNG files of 8 bits a channel without a colour profile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Order {
    /// What the picture shall show, or what shall change.
    pub prompt: String,
    /// What it shall not show.
    pub negative: String,
    /// What is changed.
    pub image: Option<Bytes>,
    /// Of the size of `image`. White and transparent where it is changed, black and opaque elsewhere, so
    /// that readers of alpha and readers of gray understand the same.
    pub mask: Option<Bytes>,
    /// Further pictures, three at most.
    pub references: Vec<Bytes>,
    /// Width and height of the picture that is asked for, in pixels.
    pub size: (u32, u32),
    /// How far the picture may change, 0 to 1.
    pub strength: f32,
    /// Sampling steps, where the request names them.
    pub steps: Option<u32>,
    /// How closely words are followed, where the request names it.
    pub scale: Option<f32>,
    /// Another number gives another picture.
    pub seed: u32,
}

/// The sizes of pictures that an engine works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The longer side in pixels, at most.
    pub long_side: u32,
    /// Sides are multiples of this.
    pub multiple: u32,
}

/// Most bytes of an engine's answer.
pub const MOST_ANSWER: u64 = 24 << 20;
/// Most bytes that one pixel of a picture for an engine takes: five pictures and the answer, each as pixels
/// and as a file.
const BYTES_PER_PIXEL: u64 = 48;
/// Bytes that a pixel of the request's pictures takes while one is put back: the photo, the mask, the part
/// that was made, its weights.
const BYTES_PER_OWN_PIXEL: u64 = 16;

impl Frame {
    /// Peak bytes of the work around a request to an engine, where the pictures of the request have so many
    /// pixels.
    pub fn bytes(self, pixels: u64) -> u64 {
        let side = u64::from(self.long_side);
        side * side * BYTES_PER_PIXEL + pixels * BYTES_PER_OWN_PIXEL + 2 * MOST_ANSWER
    }
}

/// A generative engine, or one that sorts pictures into classes.
pub trait Generator: Send + Sync {
    /// What it works on.
    fn frame(&self) -> Frame;

    /// Makes a picture: a file of [`MOST_ANSWER`] bytes at most, which is not looked into. Dropped before
    /// its end, the request is taken back from the engine as far as that can be.
    fn generate(&self, order: Order) -> BoxFuture<'_, Result<Bytes>>;

    /// Sorts a picture, a PNG, into classes: their names, each with its probability, 0 to 1.
    fn classify(&self, picture: Bytes) -> BoxFuture<'_, Result<Vec<(String, f32)>>> {
        drop(picture);
        let fault = Fault::new(Code::AiServiceNotFound, "the engine does not sort into classes");
        Box::pin(std::future::ready(Err(fault)))
    }
}

/// What a service answers that needs an engine where none serves it: `ERROR_AI_NOT_EXISTS`.
pub fn no_engine(service: &str) -> Fault {
    Fault::new(
        Code::AiNotExists,
        format!(
            "{service} needs a generative engine, and none serves it here: the operator of this server \
             can attach one with [[engine]] and `serves = [\"{service}\"]`"
        ),
    )
}

/// The same for a request that asks for more than is done natively: `what` names the field and its value.
pub fn no_engine_for(service: &str, what: &str) -> Fault {
    Fault::new(Code::AiNotExists, format!("{what}: {}", no_engine(service).message()))
}
