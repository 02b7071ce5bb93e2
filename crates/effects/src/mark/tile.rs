//! The tile that covers a picture again and again: chips of plus and minus one, a quarter of them known
//! to the reader (they tell the tile's place), the others carrying symbols (spread spectrum).

use super::fft::Square;
use crate::dice::Dice;

/// Standard deviation in cells of the low-pass that chips go through.
const SOFTNESS: f32 = 1.0;
/// Standard deviation in pixels of the blur that the reader subtracts from the picture.
pub const BLUR: f32 = 2.0;
/// What the equaliser takes for the noise in each frequency.
const NOISE: f32 = 0.05;

/// Where the chips of a format lie, and their signs.
pub struct Tile {
    /// Cells of a side.
    pub side: usize,
    /// Cells in the order of their use: first those that the reader knows.
    order: Vec<u32>,
    signs: Vec<f32>,
    known: usize,
    square: Square,
}

/// What a fold of a picture tells of a tile.
pub struct Reading {
    /// How many standard deviations the best place of the known chips stands out.
    pub score: f32,
    /// The chips, equalised, one for each cell of the tile.
    chips: Vec<f32>,
}

impl Tile {
    /// A tile of `side` cells, a power of two, whose chips follow from `key`.
    pub fn new(side: usize, key: u64) -> Self {
        let mut dice = Dice::new(key);
        let cells = side * side;
        let mut order: Vec<u32> = (0..cells as u32).collect();
        for i in (1..cells).rev() {
            order.swap(i, dice.below(i + 1));
        }
        let signs = (0..cells).map(|_| if dice.below(2) == 0 { -1.0 } else { 1.0 }).collect();
        Self { side, order, signs, known: cells / 4, square: Square::new(side) }
    }

    /// The cells that carry each of `count` symbols.
    fn carriers(&self, count: usize) -> impl Iterator<Item = (usize, usize)> {
        let data = self.order[self.known..].iter();
        data.enumerate().map(move |(i, &cell)| (i % count, cell as usize))
    }

    /// The tile with these symbols, low-passed, of mean square 1.
    pub fn pattern(&self, symbols: &[bool]) -> Vec<f32> {
        let mut chips = self.signs.clone();
        for (symbol, cell) in self.carriers(symbols.len()) {
            chips[cell] *= if symbols[symbol] { 1.0 } else { -1.0 };
        }
        let mut spectrum = self.square.spectrum(&chips);
        for (value, frequency) in spectrum.iter_mut().zip(self.square.frequencies()) {
            *value = *value * low_pass(frequency, SOFTNESS);
        }
        let mut pattern = self.square.plane(spectrum);
        let square = pattern.iter().map(|value| value * value).sum::<f32>();
        let scale = (pattern.len() as f32 / square).sqrt();
        pattern.iter_mut().for_each(|value| *value *= scale);
        pattern
    }

    /// Reads a fold of a picture, one value for each cell, wherever the tile begins in it. `scale` is
    /// how many pixels of the picture a cell is wide.
    pub fn read(&self, fold: &[f32], scale: f32) -> Reading {
        let mut spectrum = self.square.spectrum(fold);
        for (value, frequency) in spectrum.iter_mut().zip(self.square.frequencies()) {
            let seen =
                low_pass(frequency, SOFTNESS) * (1.0 - low_pass(frequency, BLUR / scale.max(0.1)));
            *value = *value * (seen / (seen * seen + NOISE));
        }
        let mut known = vec![0.0; fold.len()];
        for &cell in &self.order[..self.known] {
            known[cell as usize] = self.signs[cell as usize];
        }
        let known = self.square.spectrum(&known);
        let product = spectrum.iter().zip(&known).map(|(&seen, known)| seen * known.conj());
        let agreement = self.square.plane(product.collect());
        let (place, score) = peak(&agreement);
        let chips = self.square.plane(spectrum);
        let (down, across) = (place / self.side, place % self.side);
        let at = |cell: usize| {
            let (y, x) = (cell / self.side + down, cell % self.side + across);
            chips[y % self.side * self.side + x % self.side]
        };
        Reading { score, chips: (0..fold.len()).map(at).collect() }
    }

    /// The symbols of a reading: positive for a one, of about unit deviation.
    pub fn symbols(&self, reading: &Reading, count: usize) -> Vec<f32> {
        let mut soft = vec![0.0; count];
        for (symbol, cell) in self.carriers(count) {
            soft[symbol] += reading.chips[cell] * self.signs[cell];
        }
        let square = soft.iter().map(|value| value * value).sum::<f32>() / count as f32;
        let scale = 1.0 / square.sqrt().max(1e-9);
        soft.iter().map(|value| value * scale).collect()
    }
}

/// What a Gaussian of this standard deviation leaves of a frequency.
fn low_pass([x, y]: [f32; 2], sigma: f32) -> f32 {
    (-0.5 * sigma * sigma * (x * x + y * y)).exp()
}

/// The place of the largest value, and how many standard deviations it stands out.
fn peak(values: &[f32]) -> (usize, f32) {
    let count = values.len() as f32;
    let mean = values.iter().sum::<f32>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / count;
    let best = values.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    best.map_or((0, 0.0), |(place, value)| (place, (value - mean) / variance.sqrt().max(1e-9)))
}
