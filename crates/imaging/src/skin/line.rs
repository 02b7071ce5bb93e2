//! Wrinkles and fine lines: dark ridges of lightness, found at several scales by the eigenvalues of
//! the Hessian (after Frangi et al. 1998, and Ng et al. 2014 for wrinkles), thinned and followed.

use super::blob::{AROUND, Blob, simplified};
use super::chip::Skin;
use super::mask::Mask;
use super::zone::{Side, Zone};
use crate::map::Map;

/// A ridge of a Gaussian profile with depth 1 answers with this at best, over all scales.
const RESPONSE: f32 = 0.385;
/// How far skin around a zone is looked at, in pixels.
const MARGIN: usize = 30;
/// Depth in L* from which a pixel can belong to a line, and from which a line is one.
pub(super) const WEAK: f32 = 1.0;
const STRONG: f32 = 2.0;
/// How much of the slope's answer is taken away: the border between light and shade is no line.
const SLOPE: f32 = 1.0;
/// The ends of a line are at least this share of its length apart.
const STRAIGHT: f32 = 0.65;
/// Depth in L* from which a line is a wrinkle rather than a fine line.
const DEEP: f32 = 3.6;
/// Depth in L* of the deepest folds, which counts as 1.
const DEEPEST: f32 = 18.0;

/// How the lines of a zone run.
struct Course {
    run: Run,
    /// Standard deviations in pixels of the ridges looked for.
    scales: &'static [f32],
    /// Shortest line, in pixels.
    shortest: usize,
    /// Pixels from what is no skin within which nothing counts: hair throws shadows.
    clear: usize,
}

fn course(zone: Zone) -> Course {
    let (fine, folds): (&[f32], &[f32]) = (&[2.2, 3.2, 4.8], &[3.5, 5.0, 7.5]);
    let mirrored = |side, angle: f32| if side == Side::Left { angle } else { 180.0 - angle };
    match zone {
        Zone::Forehead => Course {
            run: Run { angle: 0.0, tolerance: 30.0 },
            scales: fine,
            shortest: 60,
            clear: 22,
        },
        Zone::Glabella => Course {
            run: Run { angle: 90.0, tolerance: 35.0 },
            scales: fine,
            shortest: 36,
            clear: 1,
        },
        Zone::UnderEye(side) => Course {
            run: Run { angle: mirrored(side, 8.0), tolerance: 50.0 },
            scales: fine,
            shortest: 36,
            clear: 1,
        },
        Zone::CrowsFeet(side) => Course {
            run: Run { angle: mirrored(side, 0.0), tolerance: 60.0 },
            scales: fine,
            shortest: 34,
            clear: 1,
        },
        Zone::Nasolabial(side) => Course {
            run: Run { angle: mirrored(side, 125.0), tolerance: 40.0 },
            scales: folds,
            shortest: 60,
            clear: 1,
        },
        Zone::MouthCorner(side) => Course {
            run: Run { angle: mirrored(side, 100.0), tolerance: 45.0 },
            scales: folds,
            shortest: 34,
            clear: 1,
        },
        _ => Course {
            run: Run { angle: 0.0, tolerance: 90.0 },
            scales: fine,
            shortest: 50,
            clear: 9,
        },
    }
}

/// One line of the skin.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its path in chip pixels.
    pub path: Vec<[f32; 2]>,
    /// Mean depth in L*: how much darker than the skin beside it.
    pub depth: f32,
    /// Length in pixels.
    pub length: f32,
}

impl Line {
    /// Whether it is a wrinkle rather than a fine line.
    pub fn is_deep(&self) -> bool {
        self.depth >= DEEP
    }

    /// How far its ends are apart.
    fn span(&self) -> f32 {
        let (first, last) = (self.path[0], self.path[self.path.len() - 1]);
        (last[0] - first[0]).hypot(last[1] - first[1])
    }

    /// Its depth, 0 to 1 for the deepest folds.
    pub fn norm_depth(&self) -> f32 {
        (self.depth / DEEPEST).min(1.0)
    }
}

/// The lines of one zone.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    /// The lines, longest first.
    pub lines: Vec<Line>,
    /// Skin of the zone, in pixels.
    pub area: usize,
    /// Pixels of it that lines cover.
    pub covered: usize,
    /// The zone's diameter: of the circle with the area of its skin.
    pub diameter: f32,
}

impl Lines {
    /// Length of all lines over the zone's circumference (of the circle with its area).
    pub fn norm_length(&self) -> f32 {
        self.length() / (self.diameter * std::f32::consts::PI).max(1.0)
    }

    /// Mean depth by length, 0 to 1 for the deepest folds; 0 without lines.
    pub fn norm_depth(&self) -> f32 {
        let sum: f32 = self.lines.iter().map(|line| line.norm_depth() * line.length).sum();
        sum / self.length().max(1.0)
    }

    /// Length of all lines in pixels over the zone's area in pixels, tenfold.
    pub fn density(&self) -> f32 {
        10.0 * self.length() / self.area.max(1) as f32
    }

    /// The share of the zone that lines cover, 0 to 1.
    pub fn area_ratio(&self) -> f32 {
        self.covered as f32 / self.area.max(1) as f32
    }

    /// The share of the lines' length that is wrinkles, 0 to 1.
    pub fn deep_ratio(&self) -> f32 {
        let deep = self.lines.iter().filter(|line| line.is_deep());
        deep.map(|line| line.length).sum::<f32>() / self.length().max(1.0)
    }

    /// How lined the zone is, 0 to 100: the mean depth of its lines in full where they are as long
    /// as 15 % of the zone's circumference, less where they are shorter.
    pub fn score(&self) -> f32 {
        100.0 * self.norm_depth() * (self.norm_length() / 0.15).min(1.0)
    }

    fn length(&self) -> f32 {
        self.lines.iter().map(|line| line.length).sum()
    }
}

/// Finds the lines of a zone.
pub fn lines(skin: &Skin, zone: Zone) -> Lines {
    let mask = skin.zone(zone);
    let area = mask.count();
    let diameter = (area as f32 * 4.0 / std::f32::consts::PI).sqrt();
    let course = course(zone);
    let Some(window) = Window::around(&mask) else {
        return Lines { lines: Vec::new(), area, covered: 0, diameter };
    };
    let depth = ridges(&window.cut(&skin.layers().lightness), course.scales, |_, _| course.run);
    let clear = skin.mask.eroded(course.clear);
    let mask = window.cut_mask(&mask.and(&clear));
    let weak = Mask::of(depth.width, depth.height, |x, y| {
        let i = y * depth.width + x;
        depth.values[i] >= WEAK && mask.bits[i]
    });
    let mut found: Vec<(Line, usize)> = Blob::all(&weak)
        .into_iter()
        .filter_map(|blob| {
            let line = follow(&blob, &depth, &window)?;
            let long = line.length >= course.shortest as f32;
            let strong = line.depth >= STRONG;
            let straight = line.span() >= STRAIGHT * line.length;
            (long && strong && straight).then(|| (line, blob.area()))
        })
        .collect();
    found.sort_by(|(a, _), (b, _)| b.length.total_cmp(&a.length));
    let covered = found.iter().map(|(_, area)| area).sum();
    Lines { lines: found.into_iter().map(|(line, _)| line).collect(), area, covered, diameter }
}

/// A part of the chip.
pub(super) struct Window {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

impl Window {
    /// Around a mask, with some skin beyond it; none for an empty mask.
    pub fn around(mask: &Mask) -> Option<Self> {
        let (mut left, mut top, mut right, mut bottom) = (usize::MAX, usize::MAX, 0, 0);
        for i in mask.indices() {
            let (x, y) = (i % mask.width, i / mask.width);
            (left, top) = (left.min(x), top.min(y));
            (right, bottom) = (right.max(x + 1), bottom.max(y + 1));
        }
        let (left, top) = (left.saturating_sub(MARGIN), top.saturating_sub(MARGIN));
        let (right, bottom) =
            ((right + MARGIN).min(mask.width), (bottom + MARGIN).min(mask.height));
        (right > left + MARGIN).then(|| Self {
            left,
            top,
            width: right - left,
            height: bottom - top,
        })
    }

    pub fn cut(&self, map: &Map) -> Map {
        let rows = map.values.chunks_exact(map.width).skip(self.top).take(self.height);
        let values = rows.flat_map(|row| &row[self.left..][..self.width]).copied().collect();
        Map { width: self.width, height: self.height, values }
    }

    pub fn cut_mask(&self, mask: &Mask) -> Mask {
        Mask::of(self.width, self.height, |x, y| {
            mask.bits[(y + self.top) * mask.width + x + self.left]
        })
    }

    /// A pixel of the window, in the chip.
    pub fn place(&self, x: usize, y: usize) -> [f32; 2] {
        [(x + self.left) as f32, (y + self.top) as f32]
    }
}

/// Second derivatives of a blurred map at a pixel: across, down, mixed.
pub(super) fn hessian(map: &Map, x: isize, y: isize) -> [f32; 3] {
    let v = |dx, dy| map.near(x + dx, y + dy);
    let middle = 2.0 * v(0, 0);
    let mixed = (v(1, 1) + v(-1, -1) - v(1, -1) - v(-1, 1)) / 4.0;
    [v(1, 0) + v(-1, 0) - middle, v(0, 1) + v(0, -1) - middle, mixed]
}

/// The larger and the smaller eigenvalue of a Hessian, and the direction (radians) of the larger.
pub(super) fn eigen([xx, yy, xy]: [f32; 3]) -> (f32, f32, f32) {
    let root = ((xx - yy) * (xx - yy) / 4.0 + xy * xy).sqrt();
    let mean = (xx + yy) / 2.0;
    (mean + root, mean - root, 0.5 * (2.0 * xy).atan2(xx - yy))
}

/// How a ridge runs: degrees clockwise from the picture's right, and how far it may deviate.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub angle: f32,
    pub tolerance: f32,
}

/// For every pixel the depth in L* of the dark ridge through it, 0 where none runs as it should.
pub(super) fn ridges(lightness: &Map, scales: &[f32], run: impl Fn(usize, usize) -> Run) -> Map {
    let mut depth = Map { values: vec![0.0; lightness.values.len()], ..*lightness };
    for &scale in scales {
        let blurred = lightness.gaussian(scale);
        for (i, depth) in depth.values.iter_mut().enumerate() {
            let (x, y) = ((i % blurred.width) as isize, (i / blurred.width) as isize);
            let (across, along, direction) = eigen(hessian(&blurred, x, y));
            // A ridge bends across, and hardly along.
            if across <= 0.0 || along > 0.5 * across {
                continue;
            }
            let runs = direction.to_degrees() + 90.0;
            let Run { angle, tolerance } = run(x as usize, y as usize);
            let off = (runs - angle + 90.0).rem_euclid(180.0) - 90.0;
            if off.abs() > tolerance {
                continue;
            }
            let (sin, cos) = direction.sin_cos();
            let v = |dx, dy| blurred.near(x + dx, y + dy);
            let slope = (v(1, 0) - v(-1, 0)) / 2.0 * cos + (v(0, 1) - v(0, -1)) / 2.0 * sin;
            let bend = scale * scale * (across + along.min(0.0).abs() * -0.5);
            *depth = depth.max((bend - SLOPE * scale * slope.abs()) / RESPONSE);
        }
    }
    depth
}

/// The longest path along the middle of a ridge.
fn follow(blob: &Blob, depth: &Map, window: &Window) -> Option<Line> {
    let [left, top, right, bottom] = blob.bounds;
    let (columns, rows) = (right - left + 2, bottom - top + 2);
    let mut thin = Mask::empty(columns, rows);
    for i in &blob.pixels {
        let (x, y) = (i % depth.width, i / depth.width);
        thin.bits[(y - top + 1) * columns + x - left + 1] = true;
    }
    thinned(&mut thin);
    let start = thin.bits.iter().position(|&bit| bit)?;
    let (one, _) = farthest(&thin, start);
    let (other, before) = farthest(&thin, one);
    let mut cells = vec![other];
    while let Some(previous) = cells.last().and_then(|&cell| before[cell]) {
        cells.push(previous);
    }
    let places: Vec<_> =
        cells.iter().map(|cell| (cell % columns + left - 1, cell / columns + top - 1)).collect();
    let depths: f32 = places.iter().map(|&(x, y)| depth.values[y * depth.width + x]).sum();
    let path: Vec<_> = places.iter().map(|&(x, y)| window.place(x, y)).collect();
    let steps =
        path.windows(2).map(|pair| (pair[1][0] - pair[0][0]).hypot(pair[1][1] - pair[0][1]));
    let length = steps.sum();
    let depth = depths / places.len() as f32;
    Some(Line { path: simplified(&path, 0.8), depth, length })
}

/// Thins a shape to lines one pixel wide (Zhang and Suen 1984). Its border must be free.
fn thinned(mask: &mut Mask) {
    loop {
        let before = mask.count();
        for second in [false, true] {
            let gone: Vec<usize> = mask.indices().filter(|&i| removable(mask, i, second)).collect();
            gone.into_iter().for_each(|i| mask.bits[i] = false);
        }
        if mask.count() == before {
            return;
        }
    }
}

fn removable(mask: &Mask, i: usize, second: bool) -> bool {
    let (x, y) = ((i % mask.width) as isize, (i / mask.width) as isize);
    let around = AROUND.map(|(dx, dy)| mask.has(x + dx, y + dy));
    let count = around.iter().filter(|&&bit| bit).count();
    let rises = (0..8).filter(|&k| !around[k] && around[(k + 1) % 8]).count();
    let [east, _, south, _, west, _, north, _] = around;
    let open = if second {
        !(north && west && (east || south))
    } else {
        !(east && south && (north || west))
    };
    (2..=6).contains(&count) && rises == 1 && open
}

/// The cell that most steps lead to, and for each cell the one before it.
fn farthest(mask: &Mask, start: usize) -> (usize, Vec<Option<usize>>) {
    let mut before = vec![None; mask.bits.len()];
    let mut seen = vec![false; mask.bits.len()];
    let mut queue = vec![start];
    seen[start] = true;
    let mut next = 0;
    while let Some(&cell) = queue.get(next) {
        next += 1;
        let (x, y) = ((cell % mask.width) as isize, (cell / mask.width) as isize);
        for (dx, dy) in AROUND {
            if mask.has(x + dx, y + dy) {
                let neighbour = (y + dy) as usize * mask.width + (x + dx) as usize;
                if !std::mem::replace(&mut seen[neighbour], true) {
                    before[neighbour] = Some(cell);
                    queue.push(neighbour);
                }
            }
        }
    }
    (queue[queue.len() - 1], before)
}

#[cfg(test)]
mod tests {
    use super::super::phantom::Phantom;
    use super::*;

    /// Every zone with lines, and how far (right, down) a line there leads from its middle.
    const ZONES: [(Zone, [f32; 2]); 8] = [
        (Zone::Forehead, [90.0, 8.0]),
        (Zone::Glabella, [3.0, 40.0]),
        (Zone::UnderEye(Side::Left), [40.0, 6.0]),
        (Zone::CrowsFeet(Side::Right), [32.0, 14.0]),
        (Zone::Nasolabial(Side::Left), [-40.0, 52.0]),
        (Zone::Nasolabial(Side::Right), [40.0, 52.0]),
        (Zone::MouthCorner(Side::Left), [-4.0, 34.0]),
        (Zone::OuterCheek(Side::Right), [20.0, 36.0]),
    ];

    fn painted(zone: Zone, [dx, dy]: [f32; 2], depth: f32) -> Lines {
        let mut phantom = Phantom::clean();
        let [x, y] = phantom.centre(zone);
        phantom.groove([x - dx, y - dy], [x + dx, y + dy], 3.0, depth);
        lines(&phantom.skin(), zone)
    }

    #[test]
    fn clean_skin_has_no_lines() {
        let skin = Phantom::clean().skin();
        for (zone, _) in ZONES {
            let found = lines(&skin, zone);
            assert!(
                found.lines.is_empty() && found.score() == 0.0 && found.area > 2000,
                "{zone:?}"
            );
        }
    }

    #[test]
    fn a_line_is_found_where_it_is_and_is_deeper_with_strength() {
        for (zone, [dx, dy]) in ZONES {
            let ladder: Vec<Lines> =
                [0.12, 0.25, 0.5].iter().map(|&depth| painted(zone, [dx, dy], depth)).collect();
            for found in &ladder {
                assert_eq!(found.lines.len(), 1, "{zone:?}: {found:?}");
                let whole = 2.0 * dx.hypot(dy);
                assert!(
                    (0.6..1.3).contains(&(found.lines[0].length / whole)),
                    "{zone:?} {found:?}"
                );
            }
            let scores: Vec<_> = ladder.iter().map(Lines::score).collect();
            assert!(scores.windows(2).all(|pair| pair[0] + 3.0 < pair[1]), "{zone:?} {scores:?}");
            assert!(!ladder[0].lines[0].is_deep() && ladder[2].lines[0].is_deep(), "{zone:?}");
        }
    }

    #[test]
    fn the_border_of_a_shadow_and_a_line_across_are_none() {
        let mut phantom = Phantom::clean();
        let [x, y] = phantom.centre(Zone::Forehead);
        phantom.spot([x, y + 400.0], 400.0, 8.0, [0.25; 3]);
        assert_eq!(lines(&phantom.skin(), Zone::Forehead).lines, []);
        assert_eq!(painted(Zone::Forehead, [0.0, 50.0], 0.4).lines, []);
    }

    #[test]
    fn depth_is_in_lightness() {
        let found = painted(Zone::Forehead, [80.0, 0.0], 0.25);
        let at = |absorbed: f32| 116.0 * (0.45 * (-absorbed).exp()).cbrt();
        let wanted = at(0.0) - at(0.25);
        assert!((found.lines[0].depth / wanted - 1.0).abs() < 0.3, "{found:?} for {wanted}");
    }
}
