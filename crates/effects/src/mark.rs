//! Invisible marks: a short text or a small logo in a picture, found again after compression, scaling
//! and cropping.
//!
//! A tile of pseudo-random chips (spread spectrum, Cox 1997) is added to the brightness all over the
//! picture, as strongly as the surroundings hide it. The reader removes the contents with a high-pass,
//! finds the scale by autocorrelation, averages all tiles, finds their place by the known chips, and
//! decodes the others. The chips follow from fixed keys: every reader reads every mark, and a mark does
//! not prove who made it.

mod code;
mod embed;
mod fft;
mod logo;
mod residual;
mod tile;

use image::RgbImage;
use safelight_contract::{Code, Fault, Result};
use safelight_imaging::{Photo, decode, encode, probe};

pub use logo::Logo;
use residual::{LARGEST_SIDE, Residual};
use tile::{Reading, Tile};

/// Peak bytes of reading and embedding, whatever the picture.
pub const BASE_BYTES: u64 = 160 << 20;
/// Peak bytes of reading and embedding for each pixel of the picture.
pub const BYTES_PER_PIXEL: u64 = 4;

/// A trade between what a mark costs and what it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A text of up to 10 bytes, hidden best.
    Plain,
    /// A text of up to 22 bytes.
    Plus,
    /// A text of up to 22 bytes, marked most strongly.
    Bold,
}

impl Mode {
    /// Bytes of UTF-8 that a text may have.
    pub fn capacity(self) -> usize {
        if self == Self::Plain { 10 } else { 22 }
    }

    fn gain(self) -> f32 {
        match self {
            Self::Plain => 0.9,
            Self::Plus => 1.05,
            Self::Bold => 1.4,
        }
    }

    fn text_tile(self) -> Tile {
        Tile::new(128, if self == Self::Plain { 0x5afe_0001 } else { 0x5afe_0002 })
    }
}

fn logo_tile() -> Tile {
    Tile::new(256, 0x5afe_0003)
}

/// A score from which the checksum decides whether a text was found. Pictures without a mark stay
/// below it but for one in some hundreds.
const LEAST_SCORE: f32 = 5.8;
/// A score from which a logo, which has no checksum, counts as found.
const LEAST_LOGO_SCORE: f32 = 8.0;
/// A score that leaves no doubt of the scale.
const SURE_SCORE: f32 = 11.0;

/// Marks a picture with a text.
///
/// # Errors
/// `ERROR_CONTENT_TOO_LONG` for a text beyond the mode's [capacity](Mode::capacity);
/// `PROCESSING_FAILURE` where the picture is too small or too flat to hold the mark.
pub fn embed_text(photo: &mut RgbImage, text: &str, mode: Mode) -> Result<()> {
    let symbols = symbols(text, mode)?;
    let tile = mode.text_tile();
    let reads = |photo: &RgbImage| {
        let residual = Residual::of(photo);
        let found = unscaled(&residual, &tile, &|reading| decoded(&tile, reading, mode));
        found.is_some_and(|found| found == text)
    };
    embed(photo, &tile, &symbols, mode.gain(), reads)
}

/// Reads the text of a picture that was marked in this mode, or in the other one of the same capacity.
///
/// # Errors
/// `ERROR_NO_RECOGNITION_TARGET_DETECTED` where none is found.
pub fn read_text(photo: &RgbImage, mode: Mode) -> Result<String> {
    let tile = mode.text_tile();
    find(photo, &tile, &|reading| decoded(&tile, reading, mode)).ok_or_else(|| {
        Fault::new(Code::NoRecognitionTargetDetected, "no text was found in the picture")
    })
}

/// Marks a picture with a logo.
///
/// # Errors
/// `PROCESSING_FAILURE` where the picture is too small or too flat to hold the mark.
pub fn embed_logo(photo: &mut RgbImage, logo: &Logo, mode: Mode) -> Result<()> {
    let tile = logo_tile();
    let reads = |photo: &RgbImage| {
        let residual = Residual::of(photo);
        let found = unscaled(&residual, &tile, &|reading| read_as_logo(&tile, reading));
        found.is_some_and(|found| found.difference(logo) <= 0.03)
    };
    embed(photo, &tile, &logo.symbols(), mode.gain(), reads)
}

/// Reads the logo of a marked picture.
///
/// # Errors
/// `ERROR_NO_RECOGNITION_TARGET_DETECTED` where none is found.
pub fn read_logo(photo: &RgbImage) -> Result<Logo> {
    let tile = logo_tile();
    find(photo, &tile, &|reading| read_as_logo(&tile, reading)).ok_or_else(|| {
        Fault::new(Code::NoRecognitionTargetDetected, "no logo was found in the picture")
    })
}

/// Text, zeros up to the capacity and the checksum, as symbols of the code.
fn symbols(text: &str, mode: Mode) -> Result<Vec<bool>> {
    let capacity = mode.capacity();
    if text.len() > capacity {
        let message =
            format!("text has {} bytes of UTF-8, a mark of this kind holds {capacity}", text.len());
        return Err(Fault::new(Code::ContentTooLong, message));
    }
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(capacity, 0);
    let sum = code::checksum(&bytes);
    bytes.extend(sum.to_be_bytes());
    let bits: Vec<bool> =
        bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1)).collect();
    Ok(code::encode(&bits))
}

fn decoded(tile: &Tile, reading: &Reading, mode: Mode) -> Option<String> {
    if reading.score < LEAST_SCORE {
        return None;
    }
    let bits = (mode.capacity() + 2) * 8;
    let bits = code::decode(&tile.symbols(reading, code::symbols(bits)));
    let byte = |bits: &[bool; 8]| bits.iter().fold(0, |byte, &bit| byte << 1 | u8::from(bit));
    let bytes: Vec<u8> = bits.as_chunks::<8>().0.iter().map(byte).collect();
    let (text, sum) = bytes.split_at(mode.capacity());
    if code::checksum(text).to_be_bytes() != sum {
        return None;
    }
    let text = String::from_utf8(text.to_vec()).ok()?;
    Some(text.trim_end_matches('\0').to_owned()).filter(|text| !text.is_empty())
}

fn read_as_logo(tile: &Tile, reading: &Reading) -> Option<Logo> {
    let is_there = reading.score >= LEAST_LOGO_SCORE;
    is_there.then(|| Logo::of_symbols(&tile.symbols(reading, Logo::PIXELS)))
}

/// Marks a picture so that the mark outlives a JPEG of quality 50, raising the strength where that
/// needs it; at least so that the picture itself can be read.
fn embed(
    photo: &mut RgbImage,
    tile: &Tile,
    symbols: &[bool],
    gain: f32,
    reads: impl Fn(&RgbImage) -> bool,
) -> Result<()> {
    let pattern = tile.pattern(symbols);
    let clean = middle(photo);
    for factor in [1.0, 1.3, 1.7] {
        let mut trial = clean.clone();
        let origin = origin(photo);
        embed::add(&mut trial, &pattern, tile.side, gain * factor, origin);
        let last = factor > 1.5;
        if reads(&compressed(&trial)?) || (last && reads(&trial)) {
            embed::add(photo, &pattern, tile.side, gain * factor, [0, 0]);
            return Ok(());
        }
    }
    Err(Fault::new(
        Code::ProcessingFailure,
        format!(
            "the picture of {}×{} pixels is too small or too flat to hold the mark",
            photo.width(),
            photo.height()
        ),
    ))
}

/// Where the part begins that is read.
fn origin(photo: &RgbImage) -> [u32; 2] {
    [photo.width(), photo.height()].map(|side| (side - side.min(LARGEST_SIDE)) / 2)
}

fn middle(photo: &RgbImage) -> RgbImage {
    let [left, top] = origin(photo);
    let (width, height) = (photo.width().min(LARGEST_SIDE), photo.height().min(LARGEST_SIDE));
    image::imageops::crop_imm(photo, left, top, width, height).to_image()
}

fn compressed(photo: &RgbImage) -> Result<RgbImage> {
    let bytes = encode::jpeg(photo, 50)?;
    let Photo { rgb, .. } = decode(&bytes, &probe(&bytes)?)?;
    Ok(rgb)
}

/// What `decode` makes of a mark at its own size, moved or not.
fn unscaled<T>(
    residual: &Residual,
    tile: &Tile,
    decode: &impl Fn(&Reading) -> Option<T>,
) -> Option<T> {
    decode(&tile.read(&residual.fold(tile.side, 1.0), 1.0))
}

/// Pixels of a side of the part in which scales are tried.
const TRIAL_SIDE: usize = 1024;

/// What `decode` makes of a mark at any scale.
fn find<T>(photo: &RgbImage, tile: &Tile, decode: &impl Fn(&Reading) -> Option<T>) -> Option<T> {
    let residual = Residual::of(photo);
    if let Some(found) = unscaled(&residual, tile, decode) {
        return Some(found);
    }
    let part = residual.middle(TRIAL_SIDE);
    for scale in part.scales(tile.side) {
        let read = |scale: f32| tile.read(&part.fold(tile.side, scale), scale);
        let (mut best, mut scale) = [-0.004, -0.002, 0.0, 0.002, 0.004]
            .map(|step| scale * (1.0 + step))
            .map(|scale| (read(scale).score, scale))
            .into_iter()
            .max_by(|a, b| a.0.total_cmp(&b.0))?;
        for step in [0.001, 0.0005, 0.0002] {
            for factor in [1.0 - step, 1.0 + step] {
                let score = read(scale * factor).score;
                if score > best {
                    (best, scale) = (score, scale * factor);
                }
            }
        }
        let reading = tile.read(&residual.fold(tile.side, scale), scale);
        let found = decode(&reading).or_else(|| decode(&read(scale)));
        if found.is_some() || best > SURE_SCORE {
            return found;
        }
    }
    None
}
