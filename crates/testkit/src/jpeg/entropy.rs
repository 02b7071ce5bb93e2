//! Huffman coding of blocks (T.81, annexes F.1.2 and G.1.2).

use super::Pass;

/// The tables of T.81, annex K.3.3, for luma, which serve all components: how many codes of each
/// length, and their symbols.
const DC: ([u8; 16], &[u8]) =
    ([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
const AC: ([u8; 16], &[u8]) = (
    [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d],
    b"\x01\x02\x03\x00\x04\x11\x05\x12\x21\x31\x41\x06\x13\x51\x61\x07\x22\x71\x14\x32\x81\x91\xa1\
      \x08\x23\x42\xb1\xc1\x15\x52\xd1\xf0\x24\x33\x62\x72\x82\x09\x0a\x16\x17\x18\x19\x1a\x25\x26\
      \x27\x28\x29\x2a\x34\x35\x36\x37\x38\x39\x3a\x43\x44\x45\x46\x47\x48\x49\x4a\x53\x54\x55\x56\
      \x57\x58\x59\x5a\x63\x64\x65\x66\x67\x68\x69\x6a\x73\x74\x75\x76\x77\x78\x79\x7a\x83\x84\x85\
      \x86\x87\x88\x89\x8a\x92\x93\x94\x95\x96\x97\x98\x99\x9a\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\
      \xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xc2\xc3\xc4\xc5\xc6\xc7\xc8\xc9\xca\xd2\xd3\xd4\xd5\xd6\
      \xd7\xd8\xd9\xda\xe1\xe2\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\
      \xfa",
);

/// The table of AC: the standard one, or for progressive files, whose symbols it lacks, one of all
/// bytes with 8 or 9 bits each.
fn ac(progressive: bool) -> ([u8; 16], Vec<u8>) {
    if progressive {
        ([0, 0, 0, 0, 0, 0, 0, 254, 2, 0, 0, 0, 0, 0, 0, 0], (0..=255).collect())
    } else {
        (AC.0, AC.1.to_vec())
    }
}

/// The segment that defines the tables.
pub(super) fn tables(progressive: bool) -> Vec<u8> {
    let (ac_counts, ac_symbols) = ac(progressive);
    let length = 2 + 17 + DC.1.len() + 17 + ac_symbols.len();
    let mut segment = vec![0xff, 0xc4];
    segment.extend((length as u16).to_be_bytes());
    for (class, counts, symbols) in [(0, DC.0, DC.1), (0x10, ac_counts, &ac_symbols[..])] {
        segment.push(class);
        segment.extend(counts);
        segment.extend(symbols);
    }
    segment
}

/// Bits, most significant first, with zeros stuffed after 0xFF.
#[derive(Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    held: u64,
    count: u32,
}

impl BitWriter {
    fn put(&mut self, value: u32, count: u32) {
        self.held = self.held << count | u64::from(value) & ((1 << count) - 1);
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.held >> self.count) as u8;
            self.bytes.push(byte);
            if byte == 0xff {
                self.bytes.push(0);
            }
        }
    }

    /// Fills the last byte with ones.
    fn align(&mut self) {
        if self.count > 0 {
            let missing = 8 - self.count;
            self.put((1 << missing) - 1, missing);
        }
    }

    pub(super) fn marker(&mut self, marker: u8) {
        self.align();
        self.bytes.extend([0xff, marker]);
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.align();
        self.bytes
    }
}

/// Code and length of each symbol (T.81, annex C).
struct Huffman([(u32, u32); 256]);

impl Huffman {
    fn new((counts, symbols): ([u8; 16], &[u8])) -> Self {
        let mut codes = [(0, 0); 256];
        let (mut code, mut symbols) = (0, symbols.iter());
        for (length, count) in (1..).zip(counts) {
            for &symbol in symbols.by_ref().take(count.into()) {
                codes[usize::from(symbol)] = (code, length);
                code += 1;
            }
            code <<= 1;
        }
        Self(codes)
    }

    fn put(&self, symbol: u8, bits: &mut BitWriter) {
        let (code, length) = self.0[usize::from(symbol)];
        assert!(length > 0, "the table has no code for {symbol:#04x}");
        bits.put(code, length);
    }
}

/// Bits of a magnitude (T.81, F.1.2.1: the category).
fn category(value: i32) -> u32 {
    32 - value.unsigned_abs().leading_zeros()
}

/// The bits that follow a category.
fn extra(value: i32) -> u32 {
    if value < 0 { (value - 1) as u32 } else { value as u32 }
}

/// The state of a scan.
pub(super) struct Code {
    pass: Pass,
    dc: Huffman,
    ac: Huffman,
    /// The DC before, of each component.
    previous: Vec<i32>,
    /// Blocks whose band ended since the last symbol, and the correction bits that they hold.
    ended: u32,
    corrections: Vec<u32>,
}

impl Code {
    pub(super) fn new(pass: Pass, components: usize) -> Self {
        let progressive = (pass.from, pass.to) != (0, 63);
        let (counts, symbols) = ac(progressive);
        let (dc, ac) = (Huffman::new(DC), Huffman::new((counts, &symbols)));
        Self { pass, dc, ac, previous: vec![0; components], ended: 0, corrections: Vec::new() }
    }

    /// Writes what is held back and forgets the DC before.
    pub(super) fn restart(&mut self, bits: &mut BitWriter) {
        self.end_of_bands(bits);
        self.previous.fill(0);
    }

    pub(super) fn block(&mut self, component: usize, block: &[i16; 64], bits: &mut BitWriter) {
        let Pass { from, to, high, low } = self.pass;
        if from == 0 {
            let dc = i32::from(block[0]) >> low;
            if high > 0 {
                bits.put(dc as u32 & 1, 1);
            } else {
                let difference = dc - self.previous[component];
                self.previous[component] = dc;
                self.dc.put(category(difference) as u8, bits);
                bits.put(extra(difference), category(difference));
            }
        }
        // AC is divided by powers of two, towards zero.
        let band = from.max(1)..=to;
        let values: Vec<i32> = block[band].iter().map(|&v| i32::from(v) / (1 << low)).collect();
        match (to, high) {
            (0, _) => {}
            (_, 0) => self.first(&values, bits),
            _ => self.refine(&values, bits),
        }
    }

    fn first(&mut self, band: &[i32], bits: &mut BitWriter) {
        let mut rest = band;
        while let Some(zeros) = rest.iter().position(|&v| v != 0) {
            self.end_of_bands(bits);
            for _ in 0..zeros / 16 {
                self.ac.put(0xf0, bits);
            }
            let value = rest[zeros];
            self.ac.put(((zeros % 16) << 4) as u8 | category(value) as u8, bits);
            bits.put(extra(value), category(value));
            rest = &rest[zeros + 1..];
        }
        if !rest.is_empty() {
            self.ended += 1;
            if self.pass.to - self.pass.from == 63 {
                self.end_of_bands(bits);
            }
        }
    }

    /// Successive approximation (T.81, G.1.2.3): new coefficients are ±1, known ones get a bit.
    fn refine(&mut self, band: &[i32], bits: &mut BitWriter) {
        let (mut zeros, mut pending) = (0, Vec::new());
        let last_new = band.iter().rposition(|v| v.abs() == 1);
        for (at, &value) in band.iter().enumerate() {
            if value.abs() > 1 {
                pending.push(value.unsigned_abs() & 1);
            } else if value == 0 {
                zeros += 1;
            } else {
                self.end_of_bands(bits);
                self.ac.put(zeros << 4 | 1, bits);
                bits.put(u32::from(value > 0), 1);
                pending.drain(..).for_each(|bit| bits.put(bit, 1));
                zeros = 0;
            }
            // A run of sixteen ends at its last zero, and only if something new follows.
            if zeros == 16 && last_new.is_some_and(|last| last > at) {
                self.end_of_bands(bits);
                self.ac.put(0xf0, bits);
                pending.drain(..).for_each(|bit| bits.put(bit, 1));
                zeros = 0;
            }
        }
        if zeros > 0 || !pending.is_empty() {
            self.ended += 1;
            self.corrections.append(&mut pending);
        }
    }

    /// Writes the run of blocks whose band ended.
    fn end_of_bands(&mut self, bits: &mut BitWriter) {
        if self.ended > 0 {
            let size = self.ended.ilog2();
            self.ac.put((size << 4) as u8, bits);
            bits.put(self.ended, size);
            self.ended = 0;
            self.corrections.drain(..).for_each(|bit| bits.put(bit, 1));
        }
    }
}
