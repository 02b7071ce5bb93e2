//! Chance that repeats: the same photo and the same request give the same numbers.

use image::RgbImage;

/// A generator of random numbers (SplitMix64, Steele, Lea and Flood 2014).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// From a picture and the words of a request (FNV-1a).
    pub fn of(picture: &RgbImage, words: &str) -> Self {
        let bytes = picture.iter().chain(words.as_bytes());
        Self(bytes.fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        }))
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        scrambled(self.0)
    }

    /// A whole number from 0 to below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.bits() % bound as u64) as usize
    }

    /// Evenly between two numbers.
    pub fn even(&mut self, from: f32, to: f32) -> f32 {
        from + (to - from) * unit(self.bits())
    }

    /// Normally distributed (Box and Muller 1958).
    pub fn normal(&mut self, mean: f32, deviation: f32) -> f32 {
        let (radius, angle) = (self.even(1e-6, 1.0), self.even(0.0, std::f32::consts::TAU));
        mean + deviation * (-2.0 * radius.ln()).sqrt() * angle.cos()
    }

    /// Whether something of this probability happens.
    pub fn happens(&mut self, probability: f32) -> bool {
        self.even(0.0, 1.0) < probability
    }

    /// A field of noise of its own.
    pub fn noise(&mut self) -> Noise {
        Noise(self.bits())
    }
}

/// Value noise: random at whole places, smooth between them.
#[derive(Clone, Copy, Debug)]
pub struct Noise(u64);

impl Noise {
    /// The noise at a place, -1 to 1.
    pub fn at(&self, x: f32, y: f32) -> f32 {
        let (left, top) = (x.floor(), y.floor());
        let smooth = |t: f32| t * t * (3.0 - 2.0 * t);
        let (across, down) = (smooth(x - left), smooth(y - top));
        let (left, top) = (left as i64, top as i64);
        let row = |y: i64| {
            let (from, to) = (self.corner(left, y), self.corner(left + 1, y));
            from + (to - from) * across
        };
        let (upper, lower) = (row(top), row(top + 1));
        (upper + (lower - upper) * down) * 2.0 - 1.0
    }

    fn corner(&self, x: i64, y: i64) -> f32 {
        let place = (x as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let place = place ^ (y as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
        unit(scrambled(self.0 ^ place))
    }
}

fn scrambled(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// 0 to below 1.
fn unit(bits: u64) -> f32 {
    (bits >> 40) as f32 / (1u64 << 24) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_repeat_and_have_their_distribution() {
        let mut dice = Dice::new(7);
        let numbers: Vec<f32> = (0..20_000).map(|_| dice.normal(3.0, 2.0)).collect();
        let mean = numbers.iter().sum::<f32>() / numbers.len() as f32;
        let spread = numbers.iter().map(|n| (n - mean).powi(2)).sum::<f32>() / numbers.len() as f32;
        assert!((mean - 3.0).abs() < 0.05 && (spread.sqrt() - 2.0).abs() < 0.05);
        let picture = RgbImage::new(3, 3);
        assert_eq!(Dice::of(&picture, "a").bits(), Dice::of(&picture, "a").bits());
        assert_ne!(Dice::of(&picture, "a").bits(), Dice::of(&picture, "b").bits());
    }

    #[test]
    fn noise_is_smooth_and_fills_its_range() {
        let noise = Dice::new(1).noise();
        let values: Vec<f32> = (0..4000).map(|i| noise.at(i as f32 * 0.05, 3.3)).collect();
        assert!(values.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 0.17));
        assert!(values.iter().any(|&v| v > 0.6) && values.iter().any(|&v| v < -0.6));
        assert!(values.iter().all(|v| v.abs() <= 1.0));
    }
}
