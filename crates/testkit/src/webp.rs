//! Lossless WebP files with many prefix codes (RFC 9649, section 3).

/// Order in which the lengths of the code for lengths are stored.
const ORDER: [u32; 19] = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// A picture of one tile whose entropy image names the last of `groups` groups of prefix codes, 1 to
/// 65,536, so that all of them follow, each in 67 bytes with codes of up to ten bits. The sides have
/// 1 to 512 pixels.
pub fn many_prefix_codes(width: u32, height: u32, groups: u32) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(0x2f, 8);
    bits.put(width - 1, 14);
    bits.put(height - 1, 14);
    // No alpha, version 0, no transform; a colour cache of eleven bits; an entropy image of tiles of
    // 512 pixels, without a cache.
    bits.put(0, 5);
    bits.put(1 | 11 << 1, 5);
    bits.put(1 | 7 << 1, 4);
    bits.put(0, 1);
    let last = groups - 1;
    for symbol in [last & 255, last >> 8, 0, 0, 0] {
        bits.put_single(symbol);
    }
    for _ in 0..groups {
        bits.put_flat(10, 1024);
        for _ in 0..4 {
            bits.put_skewed();
        }
    }
    // Zeros are symbols of every code: enough of them for all pixels.
    let mut stream = bits.finish();
    stream.resize(stream.len() + (width * height * 8) as usize, 0);
    stream.resize(stream.len().next_multiple_of(2), 0);
    let size = stream.len() as u32;
    let head = [&b"RIFF"[..], &(size + 12).to_le_bytes(), b"WEBPVP8L", &size.to_le_bytes()];
    [&head.concat()[..], &stream].concat()
}

/// Bits, least significant first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    held: u64,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        self.held |= u64::from(value) << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.held as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    fn finish(mut self) -> Vec<u8> {
        self.put(0, 7);
        self.bytes
    }

    /// A code of a single symbol, up to 255.
    fn put_single(&mut self, symbol: u32) {
        self.put(0b101, 3);
        self.put(symbol, 8);
    }

    /// A code whose first `symbols` symbols all have this length, 1 to 15.
    fn put_flat(&mut self, length: u32, symbols: u32) {
        let last = ORDER.iter().position(|&l| l == length).expect("a length of the order");
        self.put(0, 1);
        self.put(last as u32 - 3, 4);
        for &stored in &ORDER[..=last] {
            self.put(u32::from(stored == length), 3);
        }
        self.put_count(symbols);
    }

    /// A code of lengths 1 to 10, the last one twice.
    fn put_skewed(&mut self) {
        self.put(0, 1);
        self.put(15, 4);
        for stored in ORDER {
            self.put(if stored < 16 { 4 } else { 0 }, 3);
        }
        let lengths: Vec<u32> = (1..=10).chain([10]).collect();
        self.put_count(lengths.len() as u32);
        for length in lengths {
            // Codes start with their most significant bit.
            self.put(length.reverse_bits() >> 28, 4);
        }
    }

    /// How many lengths follow.
    fn put_count(&mut self, count: u32) {
        let pairs = (32 - (count - 2).leading_zeros()).div_ceil(2).max(1);
        self.put(1, 1);
        self.put(pairs - 1, 3);
        self.put(count - 2, pairs * 2);
    }
}
