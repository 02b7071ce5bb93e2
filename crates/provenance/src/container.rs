//! The parts of JPEG, PNG and WebP files that hold metadata.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::ZlibDecoder;

/// Most bytes that a compressed text becomes.
const MOST_TEXT: u64 = 1 << 20;
/// Most parts of a file that are looked at, metadata or not.
const MOST_PARTS: usize = 10_000;
/// Most compressed texts of a file.
const MOST_COMPRESSED: usize = 8;

/// A part of a file.
pub(crate) enum Part<'a> {
    /// A packet of XMP.
    Xmp(Cow<'a, [u8]>),
    /// A block of Exif, which begins with its byte order.
    Exif(&'a [u8]),
    /// A text of a name.
    Text { name: Cow<'a, str>, value: Cow<'a, [u8]> },
    /// A piece of a C2PA manifest store.
    C2pa(&'a [u8]),
}

/// Calls `act` with each part that holds metadata.
pub(crate) fn each_part<'a>(file: &'a [u8], act: &mut dyn FnMut(Part<'a>)) {
    // A damaged file ends the walk, which has found what came before.
    let _ = match file {
        [0xff, 0xd8, rest @ ..] => jpeg(rest, act),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', rest @ ..] => png(rest, act),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', rest @ ..] => webp(rest, act),
        _ => None,
    };
}

/// Segments of a JPEG up to the start of its pixels.
fn jpeg<'a>(mut rest: &'a [u8], act: &mut dyn FnMut(Part<'a>)) -> Option<()> {
    for _ in 0..MOST_PARTS {
        // Any number of fill bytes may stand before a marker.
        let [0xff, after @ ..] = rest else { return None };
        let fills = after.iter().take_while(|byte| **byte == 0xff).count();
        let (marker, after) = after.get(fills..)?.split_first()?;
        if matches!(marker, 0x01 | 0xd0..=0xd7) {
            rest = after;
            continue;
        }
        if matches!(marker, 0xda | 0xd9) {
            return None;
        }
        let (length, after) = after.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length)).checked_sub(2)?;
        let (segment, after) = after.split_at_checked(length)?;
        rest = after;
        match marker {
            0xe1 => app1(segment, act),
            0xeb => {
                // JUMBF of ISO 19566-5: "JP", a number of the box, one of the piece, then the piece.
                if let Some(piece) = segment.strip_prefix(b"JP").and_then(|rest| rest.get(6..)) {
                    act(Part::C2pa(piece));
                }
            }
            0xfe => act(Part::Text { name: "Comment".into(), value: segment.into() }),
            _ => {}
        }
    }
    None
}

fn app1<'a>(segment: &'a [u8], act: &mut dyn FnMut(Part<'a>)) {
    const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
    const MORE_XMP: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
    if let Some(packet) = segment.strip_prefix(XMP) {
        act(Part::Xmp(packet.into()));
    } else if let Some(more) = segment.strip_prefix(MORE_XMP) {
        // A digest of 32 digits, the whole length and the place of this piece come first.
        act(Part::Xmp(more.get(40..).unwrap_or_default().into()));
    } else if let Some(block) = segment.strip_prefix(b"Exif\0\0") {
        act(Part::Exif(block));
    }
}

/// Chunks of a PNG, also those behind its pixels.
fn png<'a>(mut rest: &'a [u8], act: &mut dyn FnMut(Part<'a>)) -> Option<()> {
    let mut compressed = 0;
    for _ in 0..MOST_PARTS {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (kind, after) = after.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (body, after) = after.split_at_checked(length)?;
        rest = after.get(4..)?;
        match kind {
            b"tEXt" => {
                let (name, value) = split_zero(body)?;
                text(name, value.into(), act);
            }
            b"zTXt" => {
                let (name, value) = split_zero(body)?;
                compressed += 1;
                if let Some(value) = inflated(value.get(1..)?, compressed) {
                    text(name, value.into(), act);
                }
            }
            b"iTXt" => {
                let (name, more) = split_zero(body)?;
                let (flags, more) = more.split_first_chunk::<2>()?;
                let (_language, more) = split_zero(more)?;
                let (_translated, value) = split_zero(more)?;
                if flags[0] == 0 {
                    text(name, value.into(), act);
                    continue;
                }
                compressed += 1;
                if let Some(value) = inflated(value, compressed) {
                    text(name, value.into(), act);
                }
            }
            b"eXIf" => act(Part::Exif(body)),
            b"caBX" => act(Part::C2pa(body)),
            b"IEND" => return None,
            _ => {}
        }
    }
    None
}

fn text<'a>(name: &'a [u8], value: Cow<'a, [u8]>, act: &mut dyn FnMut(Part<'a>)) {
    match name {
        b"XML:com.adobe.xmp" => act(Part::Xmp(value)),
        _ => act(Part::Text { name: String::from_utf8_lossy(name), value }),
    }
}

fn split_zero(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(0, bytes)?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

fn inflated(bytes: &[u8], number: usize) -> Option<Vec<u8>> {
    if number > MOST_COMPRESSED {
        return None;
    }
    let mut text = Vec::new();
    // A text that is cut at the limit, or damaged behind some of it, still says what it says.
    let _ = ZlibDecoder::new(bytes).take(MOST_TEXT).read_to_end(&mut text);
    Some(text)
}

/// Chunks of a WebP.
fn webp<'a>(mut rest: &'a [u8], act: &mut dyn FnMut(Part<'a>)) -> Option<()> {
    for _ in 0..MOST_PARTS {
        let (kind, after) = rest.split_first_chunk::<4>()?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (body, after) = after.split_at_checked(length)?;
        rest = after.get(length % 2..)?;
        match kind {
            b"XMP " => act(Part::Xmp(body.into())),
            // Some writers leave the name of JPEG before it.
            b"EXIF" => act(Part::Exif(body.strip_prefix(b"Exif\0\0").unwrap_or(body))),
            b"C2PA" => act(Part::C2pa(body)),
            _ => {}
        }
    }
    None
}
