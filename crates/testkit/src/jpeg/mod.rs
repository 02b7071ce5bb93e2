//! JPEG files out of coefficients, in every order of scans, sampling and restart interval that
//! ITU-T T.81 allows for Huffman coding, and the picture that the coefficients show.
//!
//! Files of the same [`Coefficients`] differ in nothing but their structure, so a decoder has to show
//! the same pixels for all of them.

mod dct;
mod entropy;

use entropy::{BitWriter, Code};

/// A luma or chroma plane: quantised coefficients in zigzag order, block by block, padded to whole
/// MCUs.
struct Plane {
    /// Sampling factors, horizontal and vertical.
    sampling: (usize, usize),
    /// Blocks in a row, padding included.
    columns: usize,
    /// Blocks in a row and rows of blocks as a scan of this component alone holds them.
    alone: (usize, usize),
    blocks: Vec<[i16; 64]>,
}

/// The quantised coefficients of a picture.
pub struct Coefficients {
    width: usize,
    height: usize,
    planes: Vec<Plane>,
}

/// How a file is laid out.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The components of each scan, by index.
    pub scans: Vec<Vec<usize>>,
    /// MCUs between restart markers; none where it is zero.
    pub restart: u16,
    /// Whether each scan is taken apart into a progressive sequence: spectral selection and
    /// successive approximation.
    pub progressive: bool,
}

impl Layout {
    /// One scan of all `components`.
    pub fn interleaved(components: usize) -> Self {
        Self { scans: vec![(0..components).collect()], restart: 0, progressive: false }
    }
}

/// Every way to distribute three components over scans: thirteen ordered partitions.
pub fn scan_scripts() -> Vec<Vec<Vec<usize>>> {
    let mut scripts = vec![vec![vec![0, 1, 2]]];
    for first in 0..3 {
        let others: Vec<usize> = (0..3).filter(|&c| c != first).collect();
        scripts.push(vec![vec![first], others.clone()]);
        scripts.push(vec![others.clone(), vec![first]]);
        scripts.push(vec![vec![first], vec![others[0]], vec![others[1]]]);
        scripts.push(vec![vec![first], vec![others[1]], vec![others[0]]]);
    }
    scripts
}

/// Quantisation step of all coefficients.
const STEP: i16 = 4;

/// Zigzag order (T.81, figure 5): position in the sequence to place in the block.
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

impl Coefficients {
    /// A picture of slopes and a disc, its corners all different, with one component for each pair
    /// of sampling factors: luma alone, YCbCr, or four channels.
    pub fn drawn(width: usize, height: usize, sampling: &[(usize, usize)]) -> Self {
        let (h_max, v_max) = maxima(sampling);
        let (mcu_columns, mcu_rows) = (width.div_ceil(8 * h_max), height.div_ceil(8 * v_max));
        let plane = |(component, &(h, v)): (usize, &(usize, usize))| {
            let columns = mcu_columns * h;
            // Each sample is the mean of the pixels that it covers.
            let (across, down) = (h_max as f32 / h as f32, v_max as f32 / v as f32);
            let sample = |x: usize, y: usize| {
                let (x, y) = ((x as f32 + 0.5) * across - 0.5, (y as f32 + 0.5) * down - 0.5);
                channel(component, x / width as f32, y / height as f32)
            };
            let block = |index: usize| {
                let (left, top) = (index % columns * 8, index / columns * 8);
                let samples = std::array::from_fn(|i| sample(left + i % 8, top + i / 8) - 128.0);
                let spectrum = dct::forward(&samples);
                ZIGZAG.map(|place| (spectrum[place] / f32::from(STEP)).round() as i16)
            };
            Plane {
                sampling: (h, v),
                columns,
                alone: ((width * h).div_ceil(8 * h_max), (height * v).div_ceil(8 * v_max)),
                blocks: (0..columns * mcu_rows * v).map(block).collect(),
            }
        };
        Self { width, height, planes: sampling.iter().enumerate().map(plane).collect() }
    }

    /// What the coefficients show, computed in floats, each sample repeated: three bytes for each
    /// pixel, of one component or of YCbCr.
    pub fn pixels(&self) -> Vec<u8> {
        let planes: Vec<Vec<f32>> = self.planes.iter().map(Plane::samples).collect();
        let (h_max, v_max) = maxima(&self.sampling());
        let mut pixels = Vec::with_capacity(self.width * self.height * 3);
        for y in 0..self.height {
            for x in 0..self.width {
                let at = |c: usize| {
                    let Plane { sampling: (h, v), columns, .. } = self.planes[c];
                    planes[c][y * v / v_max * columns * 8 + x * h / h_max]
                };
                let (luma, cb, cr) = match self.planes.len() {
                    1 => (at(0), 0.0, 0.0),
                    _ => (at(0), at(1) - 128.0, at(2) - 128.0),
                };
                let (red, blue) = (luma + 1.402 * cr, luma + 1.772 * cb);
                let green = luma - 0.344_136 * cb - 0.714_136 * cr;
                pixels.extend([red, green, blue].map(|v| v.round().clamp(0.0, 255.0) as u8));
            }
        }
        pixels
    }

    /// A JPEG of this layout.
    pub fn write(&self, layout: &Layout) -> Vec<u8> {
        let mut file = b"\xff\xd8\xff\xdb\0\x43\0".to_vec();
        file.extend([STEP as u8; 64]);
        file.extend([0xff, if layout.progressive { 0xc2 } else { 0xc0 }, 0]);
        file.extend([8 + 3 * self.planes.len() as u8, 8]);
        file.extend((self.height as u16).to_be_bytes());
        file.extend((self.width as u16).to_be_bytes());
        file.push(self.planes.len() as u8);
        for (id, plane) in (1..).zip(&self.planes) {
            file.extend([id, (plane.sampling.0 << 4 | plane.sampling.1) as u8, 0]);
        }
        file.extend(entropy::tables(layout.progressive));
        if layout.restart > 0 {
            file.extend([0xff, 0xdd, 0, 4]);
            file.extend(layout.restart.to_be_bytes());
        }
        for scan in &layout.scans {
            if layout.progressive {
                self.write_progressive(scan, layout.restart, &mut file);
            } else {
                self.write_scan(scan, Pass::WHOLE, layout.restart, &mut file);
            }
        }
        file.extend([0xff, 0xd9]);
        file
    }

    /// DC with one bit held back, all of AC in two bands with one bit held back, then those bits.
    fn write_progressive(&self, scan: &[usize], restart: u16, file: &mut Vec<u8>) {
        let pass = |from, to, high, low| Pass { from, to, high, low };
        self.write_scan(scan, pass(0, 0, 0, 1), restart, file);
        for &component in scan {
            self.write_scan(&[component], pass(1, 5, 0, 1), restart, file);
            self.write_scan(&[component], pass(6, 63, 0, 1), restart, file);
        }
        self.write_scan(scan, pass(0, 0, 1, 0), restart, file);
        for &component in scan {
            self.write_scan(&[component], pass(1, 63, 1, 0), restart, file);
        }
    }

    fn write_scan(&self, scan: &[usize], pass: Pass, restart: u16, file: &mut Vec<u8>) {
        file.extend([0xff, 0xda, 0, 6 + 2 * scan.len() as u8, scan.len() as u8]);
        for &component in scan {
            file.extend([component as u8 + 1, 0]);
        }
        file.extend([pass.from as u8, pass.to as u8, pass.high << 4 | pass.low]);
        let mut bits = BitWriter::default();
        let mut code = Code::new(pass, self.planes.len());
        for (done, mcu) in self.mcus(scan).enumerate() {
            if restart > 0 && done > 0 && done % usize::from(restart) == 0 {
                code.restart(&mut bits);
                bits.marker(0xd0 + (done / usize::from(restart) - 1) as u8 % 8);
            }
            for (component, block) in mcu {
                code.block(component, block, &mut bits);
            }
        }
        code.restart(&mut bits);
        file.extend(bits.finish());
    }

    /// The blocks of each MCU, with the component of each.
    fn mcus<'a>(&'a self, scan: &'a [usize]) -> impl Iterator<Item = Vec<(usize, &'a [i16; 64])>> {
        let (h_max, v_max) = maxima(&self.sampling());
        let alone = (scan.len() == 1).then(|| &self.planes[scan[0]]);
        let (columns, rows) = alone
            .map_or((self.width.div_ceil(8 * h_max), self.height.div_ceil(8 * v_max)), |plane| {
                plane.alone
            });
        (0..columns * rows).map(move |mcu| {
            let (left, top) = (mcu % columns, mcu / columns);
            let mut blocks = Vec::new();
            for &component in scan {
                let plane = &self.planes[component];
                let (h, v) = if alone.is_some() { (1, 1) } else { plane.sampling };
                for y in top * v..(top + 1) * v {
                    let row = &plane.blocks[y * plane.columns..];
                    blocks.extend(row[left * h..(left + 1) * h].iter().map(|b| (component, b)));
                }
            }
            blocks
        })
    }

    fn sampling(&self) -> Vec<(usize, usize)> {
        self.planes.iter().map(|plane| plane.sampling).collect()
    }
}

impl Plane {
    /// Samples row by row, 0 to 255.
    fn samples(&self) -> Vec<f32> {
        let width = self.columns * 8;
        let mut samples = vec![0.0; self.blocks.len() * 64];
        for (index, block) in self.blocks.iter().enumerate() {
            let mut spectrum = [0.0; 64];
            for (&place, &value) in ZIGZAG.iter().zip(block) {
                spectrum[place] = f32::from(value) * f32::from(STEP);
            }
            let start = index / self.columns * 8 * width + index % self.columns * 8;
            for (i, value) in dct::inverse(&spectrum).into_iter().enumerate() {
                samples[start + i / 8 * width + i % 8] = (value + 128.0).clamp(0.0, 255.0);
            }
        }
        samples
    }
}

/// Which part of the coefficients a scan holds: the band and the bits (T.81, G.1.1).
#[derive(Clone, Copy)]
struct Pass {
    from: usize,
    to: usize,
    high: u8,
    low: u8,
}

impl Pass {
    /// All of them, as sequential modes write it.
    const WHOLE: Self = Self { from: 0, to: 63, high: 0, low: 0 };
}

fn maxima(sampling: &[(usize, usize)]) -> (usize, usize) {
    sampling.iter().fold((1, 1), |max, s| (max.0.max(s.0), max.1.max(s.1)))
}

/// A channel of the picture, 0 to 255, at a place of 0 to 1.
fn channel(component: usize, x: f32, y: f32) -> f32 {
    let distance = (x - 0.4).hypot(y - 0.45);
    let disc = ((0.25 - distance) * 20.0).clamp(0.0, 1.0);
    match component {
        0 => 50.0 + 110.0 * x + 40.0 * y - 30.0 * disc,
        1 => 90.0 + 60.0 * y + 30.0 * disc,
        2 => 150.0 - 60.0 * x + 20.0 * disc,
        _ => 250.0 - 60.0 * y,
    }
}
