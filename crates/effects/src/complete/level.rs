//! One size of the picture that is completed: colours, what is missing, what may be copied.

use image::RgbImage;
use safelight_imaging::color::lab_of;

use super::Part;

/// Half of a patch's side, the middle left out: patches are 7 x 7 pixels.
pub const REACH: usize = 3;
/// Bytes of features for each pixel, of which five are used.
pub const FEATURES: usize = 8;
/// Distances from the rim are clamped to this, in pixels.
pub const FARTHEST: u8 = 40;

/// One size of the picture.
pub struct Level {
    pub width: usize,
    pub height: usize,
    pub colors: Vec<[u8; 3]>,
    /// What is missing.
    pub hole: Vec<bool>,
    /// What is known and must not be copied.
    pub barred: Vec<bool>,
    /// L*, a*, b* and the two derivatives of L*, scaled to bytes.
    pub features: Vec<u8>,
    /// Where patches lie that touch the hole, by their middles, row by row.
    pub targets: Vec<u32>,
    /// The missing pixels, row by row.
    pub missing: Vec<u32>,
    /// Whether the patch around a pixel is known, inside the frame and may be copied.
    pub sources: Vec<bool>,
    /// How far a missing pixel is from what is known.
    pub depth: Vec<u8>,
}

impl Level {
    /// The part of the photo at `scale` pixels for each of its own; a missing pixel has no say in a mean,
    /// and whatever is missing or barred in part is so whole.
    pub fn of(photo: &RgbImage, part: &Part, hole: &[u8], barred: Option<&[u8]>) -> Self {
        let (width, height) = part.work;
        let row_width = photo.width() as usize;
        let span = |at: usize, scale: f32, start: usize, end: usize| {
            let from = start + (at as f32 * scale) as usize;
            from..((start + ((at + 1) as f32 * scale) as usize).clamp(from + 1, end.max(from + 1)))
        };
        let mut level = Self::empty(width, height);
        for y in 0..height {
            let rows = span(y, part.scale[1], part.top, part.bottom);
            for x in 0..width {
                let columns = span(x, part.scale[0], part.left, part.right);
                // Of known pixels, and of those in the hole: a guess, if anything.
                let mut sums = [([0_u32; 3], 0); 2];
                let mut kept = false;
                for row in rows.clone() {
                    for column in columns.clone() {
                        let at = row * row_width + column;
                        kept |= barred.is_some_and(|barred| barred[at] > 0);
                        let (sum, count) = &mut sums[usize::from(hole[at] > 0)];
                        let pixel = photo.get_pixel(column as u32, row as u32).0;
                        (0..3).for_each(|c| sum[c] += u32::from(pixel[c]));
                        *count += 1;
                    }
                }
                let at = y * width + x;
                let (sum, count) = if sums[0].1 > 0 { sums[0] } else { sums[1] };
                level.colors[at] = sum.map(|sum| ((sum + count / 2) / count.max(1)) as u8);
                level.hole[at] = sums[1].1 > 0;
                level.barred[at] = kept;
            }
        }
        level.prepare();
        level
    }

    fn empty(width: usize, height: usize) -> Self {
        let pixels = width * height;
        Self {
            width,
            height,
            colors: vec![[0; 3]; pixels],
            hole: vec![false; pixels],
            barred: vec![false; pixels],
            features: vec![0; pixels * FEATURES],
            targets: Vec::new(),
            missing: Vec::new(),
            sources: Vec::new(),
            depth: Vec::new(),
        }
    }

    /// The level of half the size: a pixel is missing where fewer than two of its four are known.
    pub fn half(&self) -> Self {
        let mut half = Self::empty(self.width / 2, self.height / 2);
        for y in 0..half.height {
            for x in 0..half.width {
                let corner = 2 * y * self.width + 2 * x;
                let four = [corner, corner + 1, corner + self.width, corner + self.width + 1];
                let known = four.iter().filter(|&&at| !self.hole[at]).count();
                let counts = |at: &&usize| known == 0 || !self.hole[**at];
                let count = if known == 0 { 4 } else { known };
                let at = y * half.width + x;
                half.colors[at] = std::array::from_fn(|c| {
                    let values =
                        four.iter().filter(counts).map(|&at| usize::from(self.colors[at][c]));
                    ((values.sum::<usize>() + count / 2) / count) as u8
                });
                half.hole[at] = known < 2;
                half.barred[at] = four.iter().any(|&at| self.barred[at]);
            }
        }
        half.prepare();
        half
    }

    /// Finds targets, sources and depths, and the features of what is known.
    fn prepare(&mut self) {
        let (width, height) = (self.width, self.height);
        let bad: Vec<bool> = self.hole.iter().zip(&self.barred).map(|(a, b)| *a || *b).collect();
        let near_bad = dilated(&bad, width, height, REACH);
        let near_hole = dilated(&self.hole, width, height, REACH);
        let inside = |at: usize| {
            let (x, y) = (at % width, at / width);
            x >= REACH && y >= REACH && x + REACH < width && y + REACH < height
        };
        let indices = || (0..width * height).map(|at| at as u32);
        self.sources = near_bad.iter().enumerate().map(|(at, bad)| !bad && inside(at)).collect();
        self.targets =
            indices().filter(|&at| near_hole[at as usize] && inside(at as usize)).collect();
        self.missing = indices().filter(|&at| self.hole[at as usize]).collect();
        self.depth = depths(&self.hole, width, height);
        (0..width * height).for_each(|at| self.describe(at));
    }

    /// Computes the features of a pixel anew.
    fn describe(&mut self, at: usize) {
        let (x, y) = (at % self.width, at / self.width);
        let light = |x: usize, y: usize| lab_of(self.colors[y * self.width + x])[0];
        let [lightness, a, b] = lab_of(self.colors[at]);
        let across = light((x + 1).min(self.width - 1), y) - light(x.saturating_sub(1), y);
        let down = light(x, (y + 1).min(self.height - 1)) - light(x, y.saturating_sub(1));
        // Derivatives count half.
        let features = [
            2.55 * lightness,
            128.0 + 1.6 * a,
            128.0 + 1.6 * b,
            128.0 + 0.635 * across,
            128.0 + 0.635 * down,
        ];
        let place = &mut self.features[at * FEATURES..][..features.len()];
        place.iter_mut().zip(features).for_each(|(byte, value)| *byte = value as u8);
    }

    /// Computes the features of all patches around the hole anew, after its colours changed.
    pub fn describe_hole(&mut self) {
        for i in 0..self.targets.len() {
            self.describe(self.targets[i] as usize);
        }
    }

    /// Whether every row that holds a target has sources within `reach` rows.
    pub fn has_sources_within(&self, reach: usize) -> bool {
        let row_has: Vec<bool> =
            self.sources.chunks_exact(self.width).map(|row| row.contains(&true)).collect();
        self.targets.iter().all(|&target| {
            let row = target as usize / self.width;
            row_has[row.saturating_sub(reach)..(row + reach + 1).min(self.height)].contains(&true)
        })
    }
}

/// Where something lies within `reach` pixels, in both directions.
fn dilated(mask: &[bool], width: usize, height: usize, reach: usize) -> Vec<bool> {
    let along = |mask: &[bool], length: usize, lines: usize, at: &dyn Fn(usize, usize) -> usize| {
        let mut out = vec![false; mask.len()];
        for line in 0..lines {
            let mut last = None;
            let mut next = 0;
            for i in 0..length {
                while next < length && next <= i + reach {
                    if mask[at(line, next)] {
                        last = Some(next);
                    }
                    next += 1;
                }
                out[at(line, i)] = last.is_some_and(|last| last + reach >= i);
            }
        }
        out
    };
    let rows = along(mask, width, height, &|line, i| line * width + i);
    along(&rows, height, width, &|line, i| i * width + line)
}

/// Chamfer distance (3-4) in pixels from what is known; 0 there.
fn depths(hole: &[bool], width: usize, height: usize) -> Vec<u8> {
    let far = u16::from(FARTHEST) * 3;
    let mut depth: Vec<u16> = hole.iter().map(|&hole| if hole { far } else { 0 }).collect();
    let mut relax = |x: usize, y: usize, steps: [(isize, isize, u16); 4]| {
        let at = y * width + x;
        for (dx, dy, cost) in steps {
            let (Some(x), Some(y)) = (x.checked_add_signed(dx), y.checked_add_signed(dy)) else {
                continue;
            };
            if x < width && y < height {
                depth[at] = depth[at].min(depth[y * width + x] + cost);
            }
        }
    };
    for y in 0..height {
        for x in 0..width {
            relax(x, y, [(-1, 0, 3), (0, -1, 3), (-1, -1, 4), (1, -1, 4)]);
        }
    }
    for y in (0..height).rev() {
        for x in (0..width).rev() {
            relax(x, y, [(1, 0, 3), (0, 1, 3), (1, 1, 4), (-1, 1, 4)]);
        }
    }
    depth.into_iter().map(|depth| (depth / 3) as u8).collect()
}
