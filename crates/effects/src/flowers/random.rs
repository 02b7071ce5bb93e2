//! Chance that repeats, and smooth noise.

/// The generator of Marsaglia (2003).
pub struct Random(u32);

impl Random {
    /// A generator for a text: equal texts give equal pictures.
    pub fn of(text: &str) -> Self {
        // FNV-1a.
        let hash = text
            .bytes()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        Self(hash | 1)
    }

    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// A number from `from` to `to`.
    pub fn within(&mut self, from: f32, to: f32) -> f32 {
        from + (to - from) * (self.next() >> 8) as f32 / (1 << 24) as f32
    }

    /// One of several.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.next() as usize % of.len()]
    }
}

/// Value noise of mean 0, about -1 to 1.
pub struct Noise(u32);

impl Noise {
    pub fn new(random: &mut Random) -> Self {
        Self(random.next())
    }

    pub fn at(&self, x: f32, y: f32) -> f32 {
        0.65 * self.octave(x, y) + 0.35 * self.octave(x * 2.3 + 17.0, y * 2.3 + 5.0)
    }

    fn octave(&self, x: f32, y: f32) -> f32 {
        let (column, row) = (x.floor(), y.floor());
        let smooth = |t: f32| t * t * (3.0 - 2.0 * t);
        let (across, down) = (smooth(x - column), smooth(y - row));
        let value = |dx: i32, dy: i32| {
            let mut hash = self.0
                ^ ((column as i32 + dx) as u32).wrapping_mul(0x9e37_79b1)
                ^ ((row as i32 + dy) as u32).wrapping_mul(0x85eb_ca77);
            hash = (hash ^ hash >> 15).wrapping_mul(0x2c1b_3c6d);
            hash = (hash ^ hash >> 12).wrapping_mul(0x297a_2d39);
            (hash ^ hash >> 15) as f32 / u32::MAX as f32 * 2.0 - 1.0
        };
        let upper = value(0, 0) + (value(1, 0) - value(0, 0)) * across;
        let lower = value(0, 1) + (value(1, 1) - value(0, 1)) * across;
        upper + (lower - upper) * down
    }
}
