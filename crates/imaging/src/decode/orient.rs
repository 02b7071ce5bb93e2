//! Turning pictures upright.

use rayon::prelude::*;

use crate::Orientation;

/// Side of the squares in which a quarter turn works, so that both pictures stay in the cache.
const TILE: usize = 32;

/// Turns `width` × `height` pixels of `N` bytes upright: in place where the sides stay, otherwise
/// into a second buffer of the same size.
pub(super) fn upright<const N: usize>(
    mut pixels: Vec<u8>,
    width: u32,
    height: u32,
    orientation: Orientation,
) -> Vec<u8> {
    let (width, height) = (width as usize, height as usize);
    let (grid, _) = pixels.as_chunks_mut::<N>();
    if width == 0 || grid.len() != width * height {
        return pixels;
    }
    match orientation {
        Orientation::Upright => pixels,
        Orientation::MirrorHorizontal => {
            grid.par_chunks_mut(width).for_each(<[_]>::reverse);
            pixels
        }
        Orientation::Rotate180 => {
            grid.reverse();
            pixels
        }
        Orientation::MirrorVertical => {
            let (top, bottom) = grid.split_at_mut(height / 2 * width);
            let below = bottom.chunks_exact_mut(width).rev();
            top.chunks_exact_mut(width).zip(below).for_each(|(a, b)| a.swap_with_slice(b));
            pixels
        }
        Orientation::Transpose => quarter(grid, width, height, |x, y| y * width + x),
        Orientation::Rotate90 => quarter(grid, width, height, |x, y| (height - 1 - y) * width + x),
        Orientation::Transverse => {
            quarter(grid, width, height, |x, y| (height - 1 - y) * width + (width - 1 - x))
        }
        Orientation::Rotate270 => quarter(grid, width, height, |x, y| y * width + (width - 1 - x)),
    }
}

/// A picture of `height` × `width` pixels; row `x`, column `y` of it comes from `source(x, y)`.
fn quarter<const N: usize>(
    stored: &[[u8; N]],
    width: usize,
    height: usize,
    source: impl Fn(usize, usize) -> usize + Sync,
) -> Vec<u8> {
    let mut shown = vec![0; stored.len() * N];
    let (rows, _) = shown.as_chunks_mut::<N>();
    rows.par_chunks_mut(height * TILE).enumerate().for_each(|(band, rows)| {
        let first = band * TILE;
        debug_assert!(first < width);
        for left in (0..height).step_by(TILE) {
            for (x, row) in rows.chunks_exact_mut(height).enumerate() {
                let right = (left + TILE).min(height);
                for (y, pixel) in (left..right).zip(&mut row[left..right]) {
                    *pixel = stored[source(first + x, y)];
                }
            }
        }
    });
    shown
}
