//! Texts of Exif: who made a picture, and what is said of it.

use crate::{Declared, text};

/// Most entries of a directory.
const MOST_ENTRIES: usize = 512;
/// How much of a text is read, in bytes.
const MOST_TEXT: usize = 64 << 10;
/// The directory of Exif in the first one.
const EXIF: u16 = 0x8769;
/// What texts are called whose tags are these.
const TEXTS: [(u16, &str); 5] = [
    (0x010e, "Description"),
    (0x0131, "Software"),
    (0x013b, "Artist"),
    (0x9286, "UserComment"),
    (0x9c9c, "Comment"),
];

/// Numbers in the order that a block declares.
#[derive(Clone, Copy)]
struct Block<'a> {
    bytes: &'a [u8],
    is_big: bool,
}

impl<'a> Block<'a> {
    fn short(self, at: usize) -> Option<u16> {
        let bytes = *self.bytes.get(at..)?.first_chunk::<2>()?;
        Some(if self.is_big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn long(self, at: usize) -> Option<usize> {
        let bytes = *self.bytes.get(at..)?.first_chunk::<4>()?;
        let number =
            if self.is_big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
        usize::try_from(number).ok()
    }

    /// The first [`MOST_TEXT`] bytes of an entry of single bytes or letters; they stand in the entry where
    /// four are enough.
    fn value(self, entry: usize) -> Option<&'a [u8]> {
        // 1, 2 and 7: bytes, letters, anything.
        if !matches!(self.short(entry + 2)?, 1 | 2 | 7) {
            return None;
        }
        let count = self.long(entry + 4)?;
        let start = if count <= 4 { entry + 8 } else { self.long(entry + 8)? };
        self.bytes.get(start..start.checked_add(count)?)?.get(..count.min(MOST_TEXT))
    }
}

/// Reads the first directory and that of Exif in it.
pub(crate) fn read(bytes: &[u8], declared: &mut Declared) {
    let is_big = match bytes.get(..4) {
        Some(b"MM\0*") => true,
        Some(b"II*\0") => false,
        _ => return,
    };
    let block = Block { bytes, is_big };
    let Some(first) = block.long(4) else { return };
    if let Some(exif) = directory(block, first, declared) {
        directory(block, exif, declared);
    }
}

/// Reads a directory, each text in it once, however often it is named; answers the place of that of Exif.
fn directory(block: Block<'_>, start: usize, declared: &mut Declared) -> Option<usize> {
    let count = usize::from(block.short(start)?).min(MOST_ENTRIES);
    let mut exif = None;
    let mut read = [false; TEXTS.len()];
    for number in 0..count {
        let entry = start.checked_add(2 + 12 * number)?;
        let tag = block.short(entry)?;
        if tag == EXIF {
            exif = block.long(entry + 8);
        }
        let Some(known) = TEXTS.iter().position(|(known, _)| *known == tag) else { continue };
        if !std::mem::replace(&mut read[known], true)
            && let Some(value) = block.value(entry)
        {
            text::named(TEXTS[known].1, &letters(value, block.is_big), declared);
        }
    }
    exif
}

/// A comment without the name of its alphabet, text of 16 bits as text of 8.
fn letters(value: &[u8], is_big: bool) -> Vec<u8> {
    if let Some(plain) = value.strip_prefix(b"ASCII\0\0\0") {
        return plain.to_vec();
    }
    let (wide, is_big) = match value.strip_prefix(b"UNICODE\0") {
        // Whatever the block says, a zero before a letter of ASCII tells.
        Some(wide) => (wide, wide.first() == Some(&0)),
        None if value.len() > 3 && value[1] == 0 && value[3] == 0 => {
            (value, is_big && value[0] == 0)
        }
        None => return value.to_vec(),
    };
    let pairs = wide.as_chunks::<2>().0.iter();
    let units = pairs.map(|pair| match is_big {
        true => u16::from_be_bytes(*pair),
        false => u16::from_le_bytes(*pair),
    });
    let text: String = char::decode_utf16(units).map(|letter| letter.unwrap_or(' ')).collect();
    text.into_bytes()
}
