//! The parameters of a sequence of H.264 (ISO/IEC 14496-10, 7.3.2.1), as far as they say how large its
//! pictures are: the decoder takes memory for what they say.

use safelight_contract::{Code, Fault, Result};

/// The kind of units of a sequence's parameters.
const SEQUENCE: u8 = 7;
/// Largest side in macroblocks of 16 pixels, whatever is asked of a video.
const MOST_BLOCKS: u32 = 256;
/// Profiles whose parameters say more of colours.
const HIGH: [u32; 12] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134];

/// What is read of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parameters {
    /// Width and height in pixels, what is cut off left out.
    pub size: (u32, u32),
    /// Width and height in pixels of what is decoded.
    pub coded: (u32, u32),
}

impl Parameters {
    /// Of the units of a file, all of which must say the same.
    pub fn read<'a>(units: impl Iterator<Item = &'a [u8]>) -> Result<Self> {
        let mut found: Option<Self> = None;
        for unit in units.filter(|unit| Self::is_sequence(unit)) {
            let own = Self::of(unit)?;
            if found.is_some_and(|other| other != own) {
                return Err(damaged());
            }
            found = Some(own);
        }
        found.ok_or_else(damaged)
    }

    pub fn is_sequence(unit: &[u8]) -> bool {
        unit.first().is_some_and(|head| head & 0x1f == SEQUENCE)
    }

    /// Of one unit.
    pub fn of(unit: &[u8]) -> Result<Self> {
        let bytes = without_guards(unit.get(1..).unwrap_or_default());
        read(&mut Bits { bytes: &bytes, at: 0 }).ok_or_else(damaged)
    }
}

fn damaged() -> Fault {
    Fault::new(Code::FileDecodingFailure, "the video is damaged: the parameters of its pictures")
}

/// The bytes without those that keep start codes from appearing. Parameters are short.
fn without_guards(bytes: &[u8]) -> Vec<u8> {
    let bytes = &bytes[..bytes.len().min(4096)];
    let mut plain: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut zeros = 0;
    for byte in bytes {
        if zeros >= 2 && *byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        plain.push(*byte);
    }
    plain
}

fn read(bits: &mut Bits<'_>) -> Option<Parameters> {
    let profile = bits.number(8)?;
    bits.number(16)?;
    bits.unsigned()?;
    let mut chroma = 1;
    if HIGH.contains(&profile) {
        chroma = bits.unsigned()?;
        if chroma == 3 {
            bits.number(1)?;
        }
        bits.unsigned()?;
        bits.unsigned()?;
        bits.number(1)?;
        if bits.number(1)? == 1 {
            for list in 0..if chroma == 3 { 12 } else { 8 } {
                if bits.number(1)? == 1 {
                    scaling(bits, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
    }
    bits.unsigned()?;
    match bits.unsigned()? {
        0 => drop(bits.unsigned()?),
        1 => {
            bits.number(1)?;
            bits.unsigned()?;
            bits.unsigned()?;
            for _ in 0..bits.unsigned()?.min(255) {
                bits.unsigned()?;
            }
        }
        _ => {}
    }
    bits.unsigned()?;
    bits.number(1)?;
    let blocks = |count: u32| count.checked_add(1).filter(|count| *count <= MOST_BLOCKS);
    let (wide, high) = (blocks(bits.unsigned()?)?, blocks(bits.unsigned()?)?);
    let frames_only = bits.number(1)?;
    if frames_only == 0 {
        bits.number(1)?;
    }
    let high = high * (2 - frames_only);
    bits.number(1)?;
    let mut cut = [0; 4];
    if bits.number(1)? == 1 {
        for side in &mut cut {
            *side = bits.unsigned()?;
        }
    }
    // Of pictures whose colours are stored for squares of four pixels, in pairs of rows and columns.
    let unit = match chroma {
        1 => (2, 2),
        2 => (2, 1),
        _ => (1, 1),
    };
    let across = cut[0].checked_add(cut[1])?.checked_mul(unit.0)?;
    let down = cut[2].checked_add(cut[3])?.checked_mul(unit.1 * (2 - frames_only))?;
    let coded = (wide * 16, high * 16);
    let size = (coded.0.checked_sub(across)?, coded.1.checked_sub(down)?);
    (size.0 > 0 && size.1 > 0).then_some(Parameters { size, coded })
}

/// Skips a list of factors.
fn scaling(bits: &mut Bits<'_>, count: u32) -> Option<()> {
    let (mut last, mut next) = (8_i64, 8_i64);
    for _ in 0..count {
        if next != 0 {
            let code = i64::from(bits.unsigned()?);
            let change = if code % 2 == 1 { (code + 1) / 2 } else { -(code / 2) };
            next = (last + change).rem_euclid(256);
        }
        last = if next == 0 { last } else { next };
    }
    Some(())
}

/// Bits one after the other, the most significant first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn number(&mut self, count: u32) -> Option<u32> {
        let mut number = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            number = number << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(number)
    }

    /// A number in the code of Golomb, up to 32 bits.
    fn unsigned(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.number(1)? == 0 {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        let rest = self.number(zeros)?;
        Some(((1_u64 << zeros) - 1 + u64::from(rest)) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_what_is_cut_off() {
        // Of x264, high profile, 1920 by 1080; 1088 lines are coded.
        let unit = [
            0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40, 0x78, 0x02, 0x27, 0xe5, 0xc0, 0x44, 0x00,
            0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xf0, 0x3c, 0x60, 0xc6, 0x58,
        ];
        assert_eq!(Parameters::of(&unit).map(|found| found.size), Ok((1920, 1080)));
        assert!(Parameters::of(&unit[..6]).is_err());
        assert!(Parameters::of(&[0x67]).is_err());
        assert!(Parameters::read(std::iter::empty()).is_err());
    }
}
