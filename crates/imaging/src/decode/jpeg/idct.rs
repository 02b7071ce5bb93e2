//! The inverse discrete cosine transform: the algorithm of Arai, Agui and Nakajima (1988) in floats,
//! whose scale factors are part of the quantisation table. Eight at a time, so that the compiler
//! vectorises it.

use std::array::from_fn;
use std::f32::consts::SQRT_2;

/// Quantisation steps in columns, with the transform's factors.
pub(super) type Steps = [[f32; 8]; 8];

/// Steps of a quantisation table.
pub(super) fn steps(table: &[u16; 64]) -> Steps {
    /// cos(kπ/16) · √2 for k > 0.
    const SCALE: [f32; 8] =
        [1.0, 1.387_039_8, 1.306_563, 1.175_875_6, 1.0, 0.785_694_96, 0.541_196_1, 0.275_899_38];
    from_fn(|y| from_fn(|x| f32::from(table[y * 8 + x]) * SCALE[y] * SCALE[x] / 8.0))
}

/// Writes the samples of a block whose upper left one is the first of `samples`.
pub(super) fn block(coefficients: &[i16; 64], steps: &Steps, samples: &mut [u8], stride: usize) {
    if coefficients[1..].iter().fold(0, |or, &c| or | c) == 0 {
        let value = byte(f32::from(coefficients[0]) * steps[0][0]);
        for row in samples.chunks_mut(stride).take(8) {
            row[..8].fill(value);
        }
        return;
    }
    // Loops of a fixed length, which the compiler vectorises.
    let mut block = [[0.0; 8]; 8];
    let steps = steps.as_flattened();
    for (i, value) in block.as_flattened_mut().iter_mut().enumerate() {
        *value = f32::from(coefficients[i]) * steps[i];
    }
    let columns = transform(&block);
    for y in 0..8 {
        for x in 0..8 {
            block[y][x] = columns[x][y];
        }
    }
    let block = transform(&block);
    let mut bytes = [0; 64];
    for (sample, &value) in bytes.iter_mut().zip(block.as_flattened()) {
        *sample = byte(value);
    }
    for (row, bytes) in samples.chunks_mut(stride).zip(bytes.as_chunks::<8>().0) {
        row[..8].copy_from_slice(bytes);
    }
}

/// A sample of a signed value: shifted by 128, rounded, cut to what a byte holds.
#[inline(always)]
fn byte(value: f32) -> u8 {
    // Adding 1.5 · 2²³ leaves the rounded value in the lowest bits, which is faster than a cast.
    ((value + 128.0).clamp(0.0, 255.0) + 12_582_912.0).to_bits() as u8
}

/// Transforms along the first index, for all of the second.
fn transform(input: &[[f32; 8]; 8]) -> [[f32; 8]; 8] {
    let add = |a: [f32; 8], b: [f32; 8]| -> [f32; 8] { from_fn(|i| a[i] + b[i]) };
    let sub = |a: [f32; 8], b: [f32; 8]| -> [f32; 8] { from_fn(|i| a[i] - b[i]) };
    let times = |a: [f32; 8], by: f32| a.map(|value| value * by);
    let [i0, i1, i2, i3, i4, i5, i6, i7] = *input;

    let (sum, difference) = (add(i0, i4), sub(i0, i4));
    let inner = add(i2, i6);
    let outer = sub(times(sub(i2, i6), SQRT_2), inner);
    let (e0, e3) = (add(sum, inner), sub(sum, inner));
    let (e1, e2) = (add(difference, outer), sub(difference, outer));

    let (z13, z10) = (add(i5, i3), sub(i5, i3));
    let (z11, z12) = (add(i1, i7), sub(i1, i7));
    let o7 = add(z11, z13);
    let z5 = times(add(z10, z12), 1.847_759_1);
    let o6 = sub(sub(z5, times(z10, 2.613_126)), o7);
    let o5 = sub(times(sub(z11, z13), SQRT_2), o6);
    let o4 = sub(sub(z5, times(z12, 1.082_392_2)), o5);

    [
        add(e0, o7),
        add(e1, o6),
        add(e2, o5),
        add(e3, o4),
        sub(e3, o4),
        sub(e2, o5),
        sub(e1, o6),
        sub(e0, o7),
    ]
}
