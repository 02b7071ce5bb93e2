//! How much the prefix codes of a lossless bitstream (RFC 9649, section 3) take in memory.
//!
//! A bitstream may define up to 65,536 groups of five codes whatever its picture's size, and a group
//! of 67 bytes becomes tables of 20 KiB in the decoder. So their size is found out before: this reads
//! a bitstream up to its pixels, and of the images before those nothing but their length and their
//! largest value, which takes a few kilobytes on the stack.

/// The bitstream breaks off or contradicts itself.
pub(super) struct Broken;

type Result<T> = std::result::Result<T, Broken>;

/// Whether the decoder's tables for all prefix codes take at most `limit` bytes. The picture has this
/// size, and `bytes` starts behind the header of its bitstream.
pub(super) fn codes_fit(bytes: &[u8], (width, height): (u32, u32), limit: u64) -> Result<bool> {
    let mut bits = Bits { bytes, at: 0 };
    let width = skip_transforms(&mut bits, width, height)?;
    let cache = cache_size(&mut bits)?;
    let mut groups = 1;
    if bits.take(1)? == 1 {
        let tile = bits.take(3)? + 2;
        groups += skip_image(&mut bits, tiles(width, tile) * tiles(height, tile))?;
    }
    let (mut size, mut group) = (0, Group::default());
    for _ in 0..groups {
        group.read(&mut bits, cache)?;
        size += group.size();
        if size > limit {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Bits, least significant first.
struct Bits<'a> {
    bytes: &'a [u8],
    /// In bits.
    at: usize,
}

impl Bits<'_> {
    /// The next `count` bits, at most 24.
    fn take(&mut self, count: u32) -> Result<u32> {
        let first = self.at / 8;
        let mut four = [0; 4];
        let rest = self.bytes.get(first..).unwrap_or_default();
        let held = rest.len().min(4);
        four[..held].copy_from_slice(&rest[..held]);
        if self.at + count as usize > self.bytes.len() * 8 {
            return Err(Broken);
        }
        let value = u32::from_le_bytes(four) >> (self.at % 8);
        self.at += count as usize;
        Ok(value & ((1 << count) - 1))
    }
}

fn tiles(side: u32, bits: u32) -> u32 {
    side.div_ceil(1 << bits)
}

/// Passes over the transforms and their images; the width that is left.
fn skip_transforms(bits: &mut Bits, mut width: u32, height: u32) -> Result<u32> {
    let mut seen = 0;
    while bits.take(1)? == 1 {
        let kind = bits.take(2)?;
        if seen >> kind & 1 == 1 {
            return Err(Broken);
        }
        seen |= 1 << kind;
        match kind {
            // Prediction and colour: a value for each tile.
            0 | 1 => {
                let tile = bits.take(3)? + 2;
                skip_image(bits, tiles(width, tile) * tiles(height, tile))?;
            }
            // The green channel is subtracted.
            2 => {}
            // A palette; several pixels share a byte where it is small.
            _ => {
                let colors = bits.take(8)? + 1;
                skip_image(bits, colors)?;
                width = tiles(
                    width,
                    match colors {
                        0..=2 => 3,
                        3..=4 => 2,
                        5..=16 => 1,
                        _ => 0,
                    },
                );
            }
        }
    }
    Ok(width)
}

/// Symbols that a colour cache adds.
fn cache_size(bits: &mut Bits) -> Result<usize> {
    Ok(match bits.take(1)? {
        0 => 0,
        _ => match bits.take(4)? {
            size @ 1..=11 => 1 << size,
            _ => return Err(Broken),
        },
    })
}

/// Passes over an image without prefix codes by tile; the largest value of red and green in it.
/// Copies and the cache only repeat what was there.
fn skip_image(bits: &mut Bits, pixels: u32) -> Result<u32> {
    let cache = cache_size(bits)?;
    let mut group = Group::default();
    group.read(bits, cache)?;
    let Group { codes: [green, red, blue, alpha, distance] } = &group;
    let (mut left, mut largest) = (pixels, 0);
    while left > 0 {
        let symbol = green.symbol(bits)?;
        let done = match symbol {
            0..256 => {
                largest = largest.max(red.symbol(bits)? << 8 | symbol);
                blue.symbol(bits)?;
                alpha.symbol(bits)?;
                1
            }
            256..280 => {
                let length = number(bits, symbol - 256)?;
                let code = distance.symbol(bits)?;
                number(bits, code)?;
                length
            }
            _ => 1,
        };
        left = left.checked_sub(done).ok_or(Broken)?;
    }
    Ok(largest)
}

/// Codes of distances; a code of one or two symbols may name one that is none of them.
const DISTANCES: u32 = 40;

/// A length or distance by its prefix code (section 5.2.2).
fn number(bits: &mut Bits, code: u32) -> Result<u32> {
    if code < 4 {
        return Ok(code + 1);
    }
    if code >= DISTANCES {
        return Err(Broken);
    }
    let extra = (code - 2) >> 1;
    Ok(((2 + (code & 1)) << extra) + bits.take(extra)? + 1)
}

/// Symbols of the largest code: literals, lengths and the largest colour cache.
const MOST: usize = 256 + 24 + (1 << 11);
const LONGEST: usize = 15;

/// The five prefix codes of a group: green with lengths, red, blue, alpha, distances.
#[derive(Default)]
struct Group {
    codes: [Code; 5],
}

impl Group {
    fn read(&mut self, bits: &mut Bits, cache: usize) -> Result<()> {
        for (code, alphabet) in self.codes.iter_mut().zip([256 + 24 + cache, 256, 256, 256, 40]) {
            code.read(bits, alphabet)?;
        }
        Ok(())
    }

    /// What it takes in the decoder `image-webp`: a table of up to 1,024 entries of four bytes for
    /// each code, two nodes of sixteen bytes for each symbol that is longer, and the group itself, in
    /// a list that doubles.
    fn size(&self) -> u64 {
        let code = |code: &Code| {
            let longest = code.counts.iter().rposition(|&count| count > 0).unwrap_or(0);
            let long: u32 = code.counts[11..].iter().map(|&count| u32::from(count)).sum();
            (4 << longest.min(10)) + 32 * u64::from(long) + 3 * 64
        };
        self.codes.iter().map(code).sum()
    }
}

/// A canonical prefix code.
struct Code {
    /// Symbols by their length; of a code of one symbol that has none.
    counts: [u16; LONGEST + 1],
    /// Sorted by length.
    symbols: [u16; MOST],
}

impl Default for Code {
    fn default() -> Self {
        Self { counts: [0; LONGEST + 1], symbols: [0; MOST] }
    }
}

impl Code {
    fn read(&mut self, bits: &mut Bits, alphabet: usize) -> Result<()> {
        self.counts = [0; LONGEST + 1];
        if bits.take(1)? == 1 {
            let two = bits.take(1)? == 1;
            let wide = bits.take(1)?;
            self.symbols[0] = bits.take(1 + 7 * wide)? as u16;
            if two {
                self.symbols[1] = bits.take(8)? as u16;
                self.counts[1] = 2;
            }
            return Ok(());
        }
        let mut lengths = [0; MOST];
        read_lengths(bits, &mut lengths[..alphabet])?;
        self.build(&lengths[..alphabet])
    }

    /// The code of symbols with these lengths.
    fn build(&mut self, lengths: &[u8]) -> Result<()> {
        self.counts = [0; LONGEST + 1];
        for &length in lengths {
            self.counts[usize::from(length)] += 1;
        }
        self.counts[0] = 0;
        let mut starts = [0u16; LONGEST + 2];
        let mut room = 1i32;
        for length in 1..=LONGEST {
            starts[length + 1] = starts[length] + self.counts[length];
            room = room * 2 - i32::from(self.counts[length]);
            if room < 0 {
                return Err(Broken);
            }
        }
        for (symbol, &length) in lengths.iter().enumerate().filter(|(_, length)| **length > 0) {
            let place = &mut starts[usize::from(length)];
            self.symbols[usize::from(*place)] = symbol as u16;
            *place += 1;
        }
        match starts[LONGEST + 1] {
            0 => Err(Broken),
            // The only symbol takes no bits.
            1 => {
                self.counts = [0; LONGEST + 1];
                Ok(())
            }
            _ if room == 0 => Ok(()),
            _ => Err(Broken),
        }
    }

    /// The next symbol.
    fn symbol(&self, bits: &mut Bits) -> Result<u32> {
        if self.counts == [0; LONGEST + 1] {
            return Ok(self.symbols[0].into());
        }
        let (mut code, mut first, mut place) = (0, 0, 0);
        for &count in &self.counts[1..] {
            code = code << 1 | bits.take(1)?;
            first <<= 1;
            let count = u32::from(count);
            if code < first + count {
                return Ok(self.symbols[(place + code - first) as usize].into());
            }
            (first, place) = (first + count, place + count);
        }
        Err(Broken)
    }
}

/// Reads the lengths of a code's symbols (section 6.2.2).
fn read_lengths(bits: &mut Bits, lengths: &mut [u8]) -> Result<()> {
    const ORDER: [usize; 19] = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    let mut own = [0; ORDER.len()];
    let count = bits.take(4)? as usize + 4;
    for &place in ORDER.iter().take(count) {
        own[place] = bits.take(3)? as u8;
    }
    let mut code = Code::default();
    code.build(&own)?;
    let mut left = lengths.len() as u32;
    if bits.take(1)? == 1 {
        let size = bits.take(3)? * 2 + 2;
        left = bits.take(size)? + 2;
    }
    let (mut at, mut before) = (0, 8);
    while at < lengths.len() && left > 0 {
        left -= 1;
        let symbol = code.symbol(bits)?;
        let (length, repeat) = match symbol {
            0..16 => (symbol as u8, 1),
            16 => (before, bits.take(2)? + 3),
            17 => (0, bits.take(3)? + 3),
            _ => (0, bits.take(7)? + 11),
        };
        let run = lengths.get_mut(at..at + repeat as usize).ok_or(Broken)?;
        run.fill(length);
        at += repeat as usize;
        if symbol < 16 && length > 0 {
            before = length;
        }
    }
    Ok(())
}
