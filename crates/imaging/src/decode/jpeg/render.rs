//! From samples to pixels: rows of MCUs, upsampling and colour.
//!
//! Chroma at half the resolution is interpolated linearly, with the rounding of libjpeg ("fancy
//! upsampling"); at other ratios samples are repeated, as there.

use super::idct::{self, Steps};
use crate::header::jpeg::Frame;

/// What the components of a picture are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channels {
    /// One; it is written to all three channels.
    Gray,
    /// Three, to be converted.
    YCbCr,
    /// Three, as they are.
    Rgb,
    /// Four, as they are.
    Four,
}

/// How samples become as many as pixels.
#[derive(Clone, Copy)]
enum Upsampling {
    None,
    /// Linear in x.
    Horizontal,
    /// Linear in y.
    Vertical,
    /// Linear in both.
    Both,
    Repeat,
}

/// Samples of a row of MCUs, below the last row of those before.
struct Band {
    samples: Vec<u8>,
    stride: usize,
    /// Sampling factors, and their maxima over all components.
    sampling: (usize, usize),
    most: (usize, usize),
    /// Size in samples, padding excluded.
    size: (usize, usize),
    upsampling: Upsampling,
    /// The row at hand, upsampled, and sums of two rows on the way there.
    row: Vec<u8>,
    sums: Vec<u16>,
}

/// Takes blocks row by row of MCUs and writes pixels.
pub(super) struct Renderer<'a> {
    bands: Vec<Band>,
    channels: Channels,
    width: usize,
    height: usize,
    /// How many rows of pixels are written.
    done: usize,
    pixels: &'a mut [u8],
}

impl<'a> Renderer<'a> {
    /// `pixels` has three bytes for each pixel, or four.
    pub(super) fn new(frame: &Frame, channels: Channels, pixels: &'a mut [u8]) -> Self {
        let bands = (0..frame.components().len()).map(|component| Band::new(frame, component));
        Self {
            bands: bands.collect(),
            channels,
            width: frame.width.into(),
            height: frame.height.into(),
            done: 0,
            pixels,
        }
    }

    /// Transforms a block of the row of MCUs at hand; `row` counts blocks from its top.
    #[inline]
    pub(super) fn block(
        &mut self,
        component: usize,
        (column, row): (usize, usize),
        coefficients: &[i16; 64],
        steps: &Steps,
    ) {
        let band = &mut self.bands[component];
        let start = (1 + row * 8) * band.stride + column * 8;
        idct::block(coefficients, steps, &mut band.samples[start..], band.stride);
    }

    /// Writes the pixels that have all their samples once the row of MCUs with this number is there.
    pub(super) fn row_of_mcus(&mut self, number: usize) {
        let most = self.bands[0].most.1;
        // The last row needs the samples below it.
        let below = (number + 1) * 8 * most;
        let end = if below >= self.height { self.height } else { below - 1 };
        let size = self.width * if self.channels == Channels::Four { 4 } else { 3 };
        for y in self.done..end {
            for band in &mut self.bands {
                band.upsample(y, number);
            }
            let line = &mut self.pixels[y * size..][..size];
            let row = |component: usize| &self.bands[component].row[..];
            match self.channels {
                Channels::Gray => interleave([row(0); 3], line),
                Channels::Rgb => interleave([row(0), row(1), row(2)], line),
                Channels::YCbCr => ycbcr([row(0), row(1), row(2)], line),
                Channels::Four => interleave([row(0), row(1), row(2), row(3)], line),
            }
        }
        self.done = end;
        for band in &mut self.bands {
            let last = band.samples.len() - band.stride;
            band.samples.copy_within(last.., 0);
        }
    }
}

impl Band {
    fn new(frame: &Frame, component: usize) -> Self {
        let (h, v) = frame.components()[component].sampling();
        let most = frame.max_sampling();
        let stride = frame.mcus().0 * h * 8;
        let size = (
            (usize::from(frame.width) * h).div_ceil(most.0),
            (usize::from(frame.height) * v).div_ceil(most.1),
        );
        let half = (h * 2 == most.0 && size.0 > 2, v * 2 == most.1);
        let upsampling = match (half, (h == most.0, v == most.1)) {
            (_, (true, true)) => Upsampling::None,
            ((true, _), (_, true)) => Upsampling::Horizontal,
            ((_, true), (true, _)) => Upsampling::Vertical,
            ((true, true), _) => Upsampling::Both,
            _ => Upsampling::Repeat,
        };
        Self {
            samples: vec![0; stride * (8 * v + 1)],
            stride,
            sampling: (h, v),
            most,
            size,
            upsampling,
            row: vec![0; (frame.mcus().0 * most.0 * 8).next_multiple_of(LANES)],
            sums: vec![0; if matches!(upsampling, Upsampling::Both) { size.0 } else { 0 }],
        }
    }

    /// Makes row `y` of the pixels, while the row of MCUs with this number is at hand.
    fn upsample(&mut self, y: usize, mcus: usize) {
        let (v, most) = (self.sampling.1, self.most.1);
        let (width, height) = self.size;
        let row = |y: usize| &self.samples[(y + 1 - mcus * 8 * v) * self.stride..][..width];
        let near = row(y * v / most);
        // The row on the other side of the pixel, for half the resolution.
        let far = || {
            let below = y % 2 == 1;
            row(if below { (y / 2 + 1).min(height - 1) } else { (y / 2).saturating_sub(1) })
        };
        match self.upsampling {
            Upsampling::None => self.row[..width].copy_from_slice(near),
            Upsampling::Horizontal => double(near, &mut self.row, 2, [1, 2]),
            Upsampling::Vertical => {
                let bias = 1 + (y % 2) as u16;
                for (pixel, (&near, &far)) in self.row.iter_mut().zip(near.iter().zip(far())) {
                    *pixel = ((u16::from(near) * 3 + u16::from(far) + bias) >> 2) as u8;
                }
            }
            Upsampling::Both => {
                for (sum, (&near, &far)) in self.sums.iter_mut().zip(near.iter().zip(far())) {
                    *sum = u16::from(near) * 3 + u16::from(far);
                }
                double(&self.sums, &mut self.row, 4, [8, 7]);
            }
            Upsampling::Repeat => {
                let (h, most) = (self.sampling.0, self.most.0);
                for (x, pixel) in self.row.iter_mut().enumerate() {
                    *pixel = near[(x * h / most).min(width - 1)];
                }
            }
        }
    }
}

/// Twice as many samples, each of three quarters of the nearer one and a quarter of the other: divided
/// by `1 << shift` after `bias` is added, on even places and on odd ones.
fn double<T: Copy + Into<u16>>(samples: &[T], pixels: &mut [u8], shift: u32, bias: [u16; 2]) {
    let mix = |near: T, far: T, bias: u16| ((near.into() * 3 + far.into() + bias) >> shift) as u8;
    let ([first, ..], [.., last]) = (samples, samples) else { return };
    pixels[0] = mix(*first, *first, bias[0]);
    pixels[samples.len() * 2 - 1] = mix(*last, *last, bias[1]);
    let inner = pixels[1..].as_chunks_mut::<2>().0;
    for (pixels, (&left, &right)) in inner.iter_mut().zip(samples.iter().zip(&samples[1..])) {
        *pixels = [mix(left, right, bias[1]), mix(right, left, bias[0])];
    }
}

/// Pixels of one row out of a row of each channel.
fn interleave<const N: usize>(rows: [&[u8]; N], line: &mut [u8]) {
    for (x, pixel) in line.as_chunks_mut::<N>().0.iter_mut().enumerate() {
        *pixel = rows.map(|row| row[x]);
    }
}

/// Pixels that are converted at once: rows are padded to a multiple of it.
const LANES: usize = 16;

/// YCbCr to RGB (T.871), in fixed point with six bits, so that sixteen are enough for everything.
fn ycbcr(rows: [&[u8]; 3], line: &mut [u8]) {
    let chunks = rows.map(|row| row.as_chunks::<LANES>().0);
    for (at, pixels) in line.chunks_mut(LANES * 3).enumerate() {
        let [y, cb, cr] = chunks.map(|row| row[at].map(i16::from));
        let mut colors = [[0; LANES]; 3];
        for i in 0..LANES {
            let (luma, cb, cr) = ((y[i] << 6) + 32, cb[i] - 128, cr[i] - 128);
            // Chroma times a factor below 1, which is given in 1/32768.
            let share = |chroma: i16, factor: i32| ((i32::from(chroma << 7) * factor) >> 16) as i16;
            let red = luma + (cr << 6) + share(cr, 13_173);
            let green = luma + share(cb, -11_277) + share(cr, -23_401);
            let blue = luma + (cb << 7) + share(cb, -7_471);
            for (color, value) in colors.iter_mut().zip([red, green, blue]) {
                color[i] = (value >> 6).clamp(0, 255) as u8;
            }
        }
        let [red, green, blue] = colors;
        let mut colors = [0; LANES * 3];
        for (i, color) in colors.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            *color = [red[i], green[i], blue[i]];
        }
        pixels.copy_from_slice(&colors[..pixels.len()]);
    }
}
