//! The discrete cosine transform of T.81, A.3.3, as its formula says.

use std::f32::consts::{FRAC_1_SQRT_2, PI};

/// `cosine(x, u)` of sample `x` and frequency `u`, normalised.
fn basis() -> [[f32; 8]; 8] {
    std::array::from_fn(|x| {
        std::array::from_fn(|u| {
            let scale = if u == 0 { FRAC_1_SQRT_2 } else { 1.0 };
            scale / 2.0 * ((2 * x + 1) as f32 * u as f32 * PI / 16.0).cos()
        })
    })
}

/// Spectrum of an 8×8 block, both row by row.
pub(super) fn forward(samples: &[f32; 64]) -> [f32; 64] {
    let basis = basis();
    both(|from, to| basis[from][to], samples)
}

/// Samples of an 8×8 spectrum, both row by row.
pub(super) fn inverse(spectrum: &[f32; 64]) -> [f32; 64] {
    let basis = basis();
    both(|from, to| basis[to][from], spectrum)
}

/// Applies a one-dimensional transform to rows, then to columns.
fn both(weight: impl Fn(usize, usize) -> f32, block: &[f32; 64]) -> [f32; 64] {
    let rows: [f32; 64] = std::array::from_fn(|i| {
        let (y, to) = (i / 8, i % 8);
        (0..8).map(|from| weight(from, to) * block[y * 8 + from]).sum()
    });
    std::array::from_fn(|i| {
        let (to, x) = (i / 8, i % 8);
        (0..8).map(|from| weight(from, to) * rows[from * 8 + x]).sum()
    })
}
