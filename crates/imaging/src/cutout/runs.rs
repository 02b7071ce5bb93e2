//! Short runs of a row in fixed arrays, for loops that vectorise whatever the span's length. Whole
//! runs are read and written, also where a span ends earlier: rows have room for it, and what is
//! written beyond a span is either overwritten by the next one or never read.

use super::plane::{SLACK, Span};
use crate::lanes::{LANES, Lanes};

/// With one neighbour on both sides.
const WIDER: usize = LANES + 2;
const _: () = assert!(SLACK > LANES);

/// Where the runs start that cover the spans.
#[inline(always)]
pub(super) fn runs(spans: &[Span]) -> impl Iterator<Item = usize> {
    spans.iter().flat_map(|span| span.clone().step_by(LANES))
}

/// The run that starts at cell `x`.
#[inline(always)]
pub(super) fn load(row: &[f32], x: usize) -> Lanes {
    *row[x..].first_chunk().expect("rows have slack")
}

/// Writes the run that starts at cell `x`.
#[inline(always)]
pub(super) fn store(row: &mut [f32], x: usize, lanes: &Lanes) {
    *row[x..].first_chunk_mut().expect("rows have slack") = *lanes;
}

#[inline(always)]
fn wider(row: &[f32], x: usize) -> &[f32; WIDER] {
    row[x - 1..].first_chunk().expect("rows have slack")
}

/// Sums over columns of three cells, one cell wider than the run on both sides.
pub(super) struct Columns<const N: usize>([[f32; WIDER]; N]);

impl<const N: usize> Columns<N> {
    /// Means over windows of 3 by 3 cells.
    #[inline(always)]
    pub fn means(&self) -> [Lanes; N] {
        let mut means = [[0.0; LANES]; N];
        for (means, sums) in means.iter_mut().zip(&self.0) {
            for i in 0..LANES {
                means[i] = (sums[i] + sums[i + 1] + sums[i + 2]) * (1.0 / 9.0);
            }
        }
        means
    }

    /// Sums of three rows.
    #[inline(always)]
    pub fn of(rows: [[&[f32]; N]; 3], x: usize) -> Self {
        let mut sums = [[0.0; WIDER]; N];
        for row in rows {
            for (sums, row) in sums.iter_mut().zip(row) {
                let row = wider(row, x);
                for i in 0..WIDER {
                    sums[i] += row[i];
                }
            }
        }
        Self(sums)
    }
}

impl Columns<4> {
    /// Sums of alpha and of its products with the colours; each row is alpha, then colours.
    #[inline(always)]
    pub fn products(rows: [(&[f32], [&[f32]; 3]); 3], x: usize) -> Self {
        let mut sums = [[0.0; WIDER]; 4];
        for (alpha, colours) in rows {
            let alpha = wider(alpha, x);
            for i in 0..WIDER {
                sums[0][i] += alpha[i];
            }
            for (sums, colour) in sums[1..].iter_mut().zip(colours) {
                let colour = wider(colour, x);
                for i in 0..WIDER {
                    sums[i] += alpha[i] * colour[i];
                }
            }
        }
        Self(sums)
    }
}

impl Columns<9> {
    /// Sums of the colours and of their products: r g b rr rg rb gg gb bb.
    #[inline(always)]
    pub fn moments(rows: [[&[f32]; 3]; 3], x: usize) -> Self {
        let mut sums = [[0.0; WIDER]; 9];
        for row in rows {
            let [r, g, b] = row.map(|row| wider(row, x));
            for i in 0..WIDER {
                sums[0][i] += r[i];
                sums[1][i] += g[i];
                sums[2][i] += b[i];
                sums[3][i] += r[i] * r[i];
                sums[4][i] += r[i] * g[i];
                sums[5][i] += r[i] * b[i];
                sums[6][i] += g[i] * g[i];
                sums[7][i] += g[i] * b[i];
                sums[8][i] += b[i] * b[i];
            }
        }
        Self(sums)
    }
}
