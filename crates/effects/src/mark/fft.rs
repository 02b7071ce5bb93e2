//! Fourier transforms of square planes whose side is a power of two (Cooley and Tukey 1965).

use std::ops::{Add, Mul, Sub};

/// A complex number.
#[derive(Clone, Copy, Debug, Default)]
pub struct Complex {
    pub re: f32,
    pub im: f32,
}

impl Complex {
    pub fn conj(self) -> Self {
        Self { im: -self.im, ..self }
    }

    pub fn square(self) -> f32 {
        self.re * self.re + self.im * self.im
    }
}

impl Add for Complex {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { re: self.re + other.re, im: self.im + other.im }
    }
}

impl Sub for Complex {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { re: self.re - other.re, im: self.im - other.im }
    }
}

impl Mul for Complex {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self {
            re: self.re * other.re - self.im * other.im,
            im: self.re * other.im + self.im * other.re,
        }
    }
}

impl Mul<f32> for Complex {
    type Output = Self;

    fn mul(self, factor: f32) -> Self {
        Self { re: self.re * factor, im: self.im * factor }
    }
}

/// Transforms planes of one size.
pub struct Square {
    side: usize,
    /// The roots of unity, one for each cell of a line.
    roots: Vec<Complex>,
    /// Where each cell of a line goes: its number with the bits reversed.
    places: Vec<usize>,
}

impl Square {
    /// Planes of `side` cells, a power of two.
    pub fn new(side: usize) -> Self {
        let angle = |i: usize| -std::f64::consts::TAU * i as f64 / side as f64;
        let root = |i: usize| Complex { re: angle(i).cos() as f32, im: angle(i).sin() as f32 };
        let bits = side.trailing_zeros();
        let reversed =
            |i: usize| if bits == 0 { 0 } else { i.reverse_bits() >> (usize::BITS - bits) };
        Self {
            side,
            roots: (0..side).map(root).collect(),
            places: (0..side).map(reversed).collect(),
        }
    }

    /// The spectrum of a plane of real values, with rows and columns exchanged.
    pub fn spectrum(&self, plane: &[f32]) -> Vec<Complex> {
        let mut values: Vec<_> = plane.iter().map(|&re| Complex { re, im: 0.0 }).collect();
        self.rows(&mut values);
        self.transpose(&mut values);
        self.rows(&mut values);
        values
    }

    /// The plane of real values of such a spectrum.
    pub fn plane(&self, mut spectrum: Vec<Complex>) -> Vec<f32> {
        // The inverse is the transform of the conjugate, conjugated; the plane is real.
        spectrum.iter_mut().for_each(|value| *value = value.conj());
        self.rows(&mut spectrum);
        self.transpose(&mut spectrum);
        self.rows(&mut spectrum);
        let share = 1.0 / (self.side * self.side) as f32;
        spectrum.iter().map(|value| value.re * share).collect()
    }

    fn rows(&self, values: &mut [Complex]) {
        values.chunks_exact_mut(self.side).for_each(|row| self.row(row));
    }

    fn row(&self, row: &mut [Complex]) {
        for (i, &place) in self.places.iter().enumerate() {
            if i < place {
                row.swap(i, place);
            }
        }
        let mut half = 1;
        while half < self.side {
            let step = self.side / (2 * half);
            for group in row.chunks_exact_mut(2 * half) {
                let (low, high) = group.split_at_mut(half);
                let roots = self.roots.iter().step_by(step);
                for ((low, high), root) in low.iter_mut().zip(high).zip(roots) {
                    let turned = *high * *root;
                    (*low, *high) = (*low + turned, *low - turned);
                }
            }
            half *= 2;
        }
    }

    fn transpose(&self, values: &mut [Complex]) {
        for y in 0..self.side {
            for x in y + 1..self.side {
                values.swap(y * self.side + x, x * self.side + y);
            }
        }
    }

    /// For each place of a spectrum: its frequency along both axes, in radians for each cell.
    pub fn frequencies(&self) -> impl Iterator<Item = [f32; 2]> {
        let side = self.side;
        let frequency = move |i: usize| {
            let i = if i > side / 2 { i as f32 - side as f32 } else { i as f32 };
            std::f32::consts::TAU * i / side as f32
        };
        (0..side * side).map(move |i| [i / side, i % side].map(frequency))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let plane: Vec<f32> = (0..256).map(|i| (i * i % 31) as f32).collect();
        let square = Square::new(16);
        let spectrum = square.spectrum(&plane);
        let sum: f32 = plane.iter().sum();
        assert!((spectrum[0].re - sum).abs() < 1e-2 && spectrum[0].im.abs() < 1e-2);
        let back = square.plane(spectrum);
        assert!(plane.iter().zip(back).all(|(a, b)| (a - b).abs() < 1e-3));
    }

    #[test]
    fn a_wave_is_one_frequency() {
        let wave = |i: usize| (std::f32::consts::TAU * 3.0 * (i % 32) as f32 / 32.0).cos();
        let spectrum = Square::new(32).spectrum(&(0..1024).map(wave).collect::<Vec<_>>());
        let large: Vec<usize> = (0..1024).filter(|&i| spectrum[i].square() > 1.0).collect();
        // Columns stand first.
        assert_eq!(large, [3 * 32, 29 * 32]);
    }
}
