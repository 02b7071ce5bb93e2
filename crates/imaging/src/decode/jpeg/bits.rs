//! Bits of a scan, and Huffman codes (T.81, annexes C and F.2.2).

use super::Damage;

/// Bits that a symbol's fast tables look at.
const LOOKUP: u32 = 10;

/// What a truncated file says.
pub(super) const TRUNCATED: Damage = "its pixels end before the picture is full";

/// The entropy-coded data of a scan, bit by bit. Where a marker or the end of the file comes first it
/// goes on with zeros, and [`Bits::check`] finds that out.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The next bits, from the most significant one on.
    held: u64,
    count: u32,
    /// How many bits of zeros were added after the end.
    added: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, held: 0, count: 0, added: 0 }
    }

    /// Where to look for the marker that ends the scan.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Makes sure that at least 32 bits are held: enough for a code and what follows it.
    #[inline(always)]
    fn fill(&mut self) {
        if self.count < 32 {
            self.refill();
        }
    }

    #[inline]
    fn refill(&mut self) {
        if let Some(four) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk()) {
            let four = u32::from_be_bytes(*four);
            // No byte is 0xFF, so none is special.
            if (!four).wrapping_sub(0x0101_0101) & four & 0x8080_8080 == 0 {
                self.held |= u64::from(four) << (32 - self.count);
                self.count += 32;
                self.at += 4;
                return;
            }
        }
        self.refill_slowly();
    }

    #[cold]
    fn refill_slowly(&mut self) {
        while self.count <= 56 {
            let byte = match self.bytes.get(self.at..).unwrap_or_default() {
                [0xff, 0, ..] => {
                    self.at += 2;
                    0xff
                }
                [] | [0xff, ..] => {
                    self.added = self.added.saturating_add(8);
                    0
                }
                [byte, ..] => {
                    self.at += 1;
                    *byte
                }
            };
            self.held |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    #[inline(always)]
    fn peek(&self, count: u32) -> u32 {
        // Twice, as `count` may be zero.
        (self.held >> 1 >> (63 - count)) as u32
    }

    #[inline(always)]
    fn skip(&mut self, count: u32) {
        self.held <<= count;
        self.count -= count;
    }

    /// The next `count` bits, at most 16.
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        self.fill();
        let value = self.peek(count);
        self.skip(count);
        value
    }

    /// A number of `size` bits, at most 16, whose first bit is its sign (T.81, F.2.2.1).
    #[inline(always)]
    pub(super) fn number(&mut self, size: u32) -> i32 {
        signed(self.take(size), size)
    }

    /// Fails where more bits were read than the scan has.
    pub(super) fn check(&self) -> Result<(), Damage> {
        if self.added > self.count { Err(TRUNCATED) } else { Ok(()) }
    }

    /// Goes on behind the restart marker of this number, 0 to 7.
    pub(super) fn restart(&mut self, number: usize) -> Result<(), Damage> {
        self.check()?;
        (self.held, self.count, self.added) = (0, 0, 0);
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let next = rest.windows(2).position(|w| w[0] == 0xff && !matches!(w[1], 0 | 0xff));
        let next = next.ok_or(TRUNCATED)?;
        if rest[next + 1] != 0xd0 + number as u8 {
            return Err("a restart marker is missing");
        }
        self.at += next + 2;
        Ok(())
    }
}

#[inline(always)]
fn signed(value: u32, size: u32) -> i32 {
    let value = value as i32;
    if size > 0 && value >> (size - 1) == 0 { value - (1 << size) + 1 } else { value }
}

/// A Huffman table.
pub(super) struct Huffman {
    /// Length and symbol by the next [`LOOKUP`] bits; zero where the code is longer.
    symbols: [u16; 1 << LOOKUP],
    /// The same, with the number that follows the symbol where both fit: the number, the run of
    /// zeros before it and the length of both.
    numbers: [(i16, u8, u8); 1 << LOOKUP],
    /// The first code that is longer than 0 to 16 bits, aligned to 16 bits.
    limits: [u32; 17],
    /// What to add to a code of each length to get the place of its symbol.
    offsets: [i32; 17],
    values: [u8; 256],
}

impl Huffman {
    /// The table of these counts by length and these symbols.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Result<Self, Damage> {
        let mut table = Self {
            symbols: [0; 1 << LOOKUP],
            numbers: [(0, 0, 0); 1 << LOOKUP],
            limits: [0; 17],
            offsets: [0; 17],
            values: [0; 256],
        };
        table.values.get_mut(..symbols.len()).ok_or(BAD_TABLE)?.copy_from_slice(symbols);
        let (mut code, mut place) = (0u32, 0usize);
        for (length, &count) in (1u32..).zip(counts) {
            table.offsets[length as usize] = place as i32 - code as i32;
            for _ in 0..count {
                let symbol = *symbols.get(place).ok_or(BAD_TABLE)?;
                if code >> length != 0 {
                    return Err(BAD_TABLE);
                }
                table.note(code, length, symbol);
                (code, place) = (code + 1, place + 1);
            }
            table.limits[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Ok(table)
    }

    /// Enters a code into the tables by its first bits.
    fn note(&mut self, code: u32, length: u32, symbol: u8) {
        let Some(spare) = LOOKUP.checked_sub(length) else { return };
        let size = u32::from(symbol & 15);
        for rest in 0..1u32 << spare {
            let at = (code << spare | rest) as usize;
            self.symbols[at] = (length as u16) << 8 | u16::from(symbol);
            if size > 0 && size <= spare {
                let number = signed(rest >> (spare - size), size) as i16;
                self.numbers[at] = (number, symbol >> 4, (length + size) as u8);
            }
        }
    }

    /// The next symbol.
    #[inline(always)]
    pub(super) fn symbol(&self, bits: &mut Bits) -> Result<u8, Damage> {
        bits.fill();
        let entry = self.symbols[bits.peek(LOOKUP) as usize & ((1 << LOOKUP) - 1)];
        if entry != 0 {
            bits.skip(u32::from(entry >> 8));
            return Ok(entry as u8);
        }
        self.long_symbol(bits)
    }

    /// A number and the zeros before it, where both are short.
    #[inline(always)]
    pub(super) fn number(&self, bits: &mut Bits) -> Option<(i16, u8)> {
        bits.fill();
        let (number, run, length) = self.numbers[bits.peek(LOOKUP) as usize & ((1 << LOOKUP) - 1)];
        (length > 0).then(|| {
            bits.skip(length.into());
            (number, run)
        })
    }

    #[cold]
    fn long_symbol(&self, bits: &mut Bits) -> Result<u8, Damage> {
        let next = bits.peek(16);
        let length = (LOOKUP as usize + 1..17).find(|&length| next < self.limits[length]);
        let length = length.ok_or("it has an invalid Huffman code")?;
        let place = (next >> (16 - length)) as i32 + self.offsets[length];
        bits.skip(length as u32);
        Ok(self.values[place as usize & 255])
    }
}

const BAD_TABLE: Damage = "it has an invalid Huffman table";
