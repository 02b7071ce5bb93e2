//! Strokes that look like hair: tapered quadratic curves, drawn one over the other into a plane of
//! coverage and one of value (the lightness that each stroke brings along).
//!
//! Drawn finer than the photo and averaged down; a stroke thinner than a pixel of the canvas is drawn
//! one pixel wide and paler instead.

use rayon::prelude::*;
use safelight_imaging::Region;
use safelight_imaging::map::Map;

/// A place in the photo, in pixels.
pub type Place = [f32; 2];

/// One stroke.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// Root, control point and tip of a quadratic Bézier curve, in pixels of the photo.
    pub points: [Place; 3],
    /// Width at the root and at the tip, in pixels of the photo.
    pub width: [f32; 2],
    /// Opacity, 0 to 1.
    pub alpha: f32,
    /// What it brings along, such as its lightness.
    pub value: f32,
    /// Whether the root is thinner than what follows.
    pub soft_root: bool,
}

impl Stroke {
    /// A place on the curve, `t` from 0 at the root to 1 at the tip.
    pub fn at(&self, t: f32) -> Place {
        let [a, b, c] = self.points;
        let s = 1.0 - t;
        std::array::from_fn(|i| s * s * a[i] + 2.0 * s * t * b[i] + t * t * c[i])
    }

    fn width_at(&self, t: f32) -> f32 {
        let [root, tip] = self.width;
        let soft = if self.soft_root { (t / 0.15 + 0.35).min(1.0) } else { 1.0 };
        (root * (1.0 - t).powf(TAPER) + tip * t) * soft
    }
}

/// How slowly a stroke tapers.
const TAPER: f32 = 0.75;
/// Straight pieces that a curve is drawn as.
const PIECES: usize = 8;
/// The canvas has no more pixels than this; larger regions are drawn less fine.
const MOST_PIXELS: u64 = 24_000_000;
/// Canvas pixels to a pixel of the photo at most.
const FINEST: u32 = 4;

/// What strokes cover.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Where it lies in the photo.
    pub region: Region,
    /// Coverage of each pixel, 0 to 1.
    pub coverage: Map,
    /// Mean value of the strokes that cover it; 0 where there are none.
    pub value: Map,
}

/// Draws strokes in their order, later ones on top. `region` is the part of the photo to draw on.
pub fn draw(strokes: &[Stroke], region: Region) -> Layer {
    let pixels = u64::from(region.width) * u64::from(region.height);
    let fine = (1..=FINEST).rev().find(|&f| pixels * u64::from(f * f) <= MOST_PIXELS).unwrap_or(1);
    let (width, height) = (region.width as usize, region.height as usize);
    let scale = fine as f32;
    // Bands of rows, each drawn by itself.
    let band = 64;
    let bands: Vec<Vec<(f32, f32)>> = (0..height.div_ceil(band))
        .into_par_iter()
        .map(|index| {
            let top = index * band;
            let rows = band.min(height - top);
            let mut canvas = Canvas::new(width * fine as usize, rows * fine as usize);
            let origin = [region.x as f32, (region.y as usize + top) as f32];
            strokes.iter().for_each(|stroke| canvas.draw(stroke, origin, scale));
            canvas.averaged(fine as usize)
        })
        .collect();
    let all = bands.concat();
    let plane = |values: Vec<f32>| Map { width, height, values };
    Layer {
        region,
        coverage: plane(all.iter().map(|&(coverage, _)| coverage).collect()),
        value: plane(all.iter().map(|&(c, v)| if c > 1e-6 { v / c } else { 0.0 }).collect()),
    }
}

struct Canvas {
    width: usize,
    height: usize,
    /// Coverage and value times coverage.
    cells: Vec<(f32, f32)>,
    /// Coverage of the stroke that is being drawn, over its box.
    own: Vec<f32>,
}

impl Canvas {
    fn new(width: usize, height: usize) -> Self {
        Self { width, height, cells: vec![(0.0, 0.0); width * height], own: Vec::new() }
    }

    fn draw(&mut self, stroke: &Stroke, [left, top]: Place, scale: f32) {
        let joints: [(Place, f32); PIECES + 1] = std::array::from_fn(|i| {
            let t = i as f32 / PIECES as f32;
            let [x, y] = stroke.at(t);
            // Places count from the middle of the first pixel.
            let place = [(x - left + 0.5) * scale - 0.5, (y - top + 0.5) * scale - 0.5];
            (place, stroke.width_at(t) * scale)
        });
        let thick = joints.iter().fold(1.0_f32, |most, &(_, width)| most.max(width)) / 2.0 + 1.0;
        let range = |axis: usize, length: usize| {
            let values = joints.iter().map(|(place, _)| place[axis]);
            let low = values.clone().fold(f32::INFINITY, f32::min) - thick;
            let high = values.fold(f32::NEG_INFINITY, f32::max) + thick;
            let usable = low.is_finite() && high.is_finite() && high >= 0.0 && low < length as f32;
            usable.then(|| low.floor().max(0.0) as usize..(high.ceil() as usize + 1).min(length))
        };
        let (Some(columns), Some(rows)) = (range(0, self.width), range(1, self.height)) else {
            return;
        };
        let across = columns.len();
        self.own.clear();
        self.own.resize(across * rows.len(), 0.0);
        for pair in joints.windows(2) {
            self.piece([pair[0], pair[1]], &columns, &rows);
        }
        for (y, line) in rows.zip(self.own.chunks_exact(across)) {
            let cells = &mut self.cells[y * self.width..][columns.clone()];
            for ((coverage, value), own) in cells.iter_mut().zip(line) {
                let alpha = own * stroke.alpha;
                *coverage += (1.0 - *coverage) * alpha;
                *value += (stroke.value - *value) * alpha;
            }
        }
    }

    /// Raises the stroke's coverage to that of one straight piece of it.
    fn piece(
        &mut self,
        [(from, start), (to, end)]: [(Place, f32); 2],
        columns: &std::ops::Range<usize>,
        rows: &std::ops::Range<usize>,
    ) {
        let way = [to[0] - from[0], to[1] - from[1]];
        let length = (way[0] * way[0] + way[1] * way[1]).max(1e-9);
        let reach = start.max(end).max(1.0) / 2.0 + 1.0;
        let cut = |axis: usize, range: &std::ops::Range<usize>| {
            let low = (from[axis].min(to[axis]) - reach).floor().max(range.start as f32) as usize;
            let high = (from[axis].max(to[axis]) + reach).ceil().max(0.0) as usize + 1;
            low..high.min(range.end)
        };
        for y in cut(1, rows) {
            let line = (y - rows.start) * columns.len();
            for x in cut(0, columns) {
                let off = [x as f32 - from[0], y as f32 - from[1]];
                let t = ((off[0] * way[0] + off[1] * way[1]) / length).clamp(0.0, 1.0);
                let distance = (off[0] - t * way[0]).hypot(off[1] - t * way[1]);
                let true_width = start + (end - start) * t;
                let held = true_width.max(1.0);
                let covered = (held / 2.0 + 0.5 - distance).clamp(0.0, 1.0);
                let own = &mut self.own[line + x - columns.start];
                *own = own.max(covered * true_width / held);
            }
        }
    }

    /// The mean of each square of `fine` by `fine` cells.
    fn averaged(&self, fine: usize) -> Vec<(f32, f32)> {
        let (width, height) = (self.width / fine, self.height / fine);
        let share = 1.0 / (fine * fine) as f32;
        let mut means = vec![(0.0, 0.0); width * height];
        for (y, line) in self.cells.chunks_exact(self.width).enumerate() {
            let row = &mut means[y / fine * width..][..width];
            for (mean, cells) in row.iter_mut().zip(line.chunks_exact(fine)) {
                for (coverage, value) in cells {
                    mean.0 += coverage * share;
                    mean.1 += value * share;
                }
            }
        }
        means
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGION: Region = Region { x: 10, y: 20, width: 80, height: 90 };

    fn stroke(width: f32, value: f32) -> Stroke {
        Stroke {
            points: [[20.0, 60.0], [45.0, 60.0], [70.0, 60.0]],
            width: [width; 2],
            alpha: 1.0,
            value,
            soft_root: false,
        }
    }

    fn sum(map: &Map) -> f32 {
        map.values.iter().sum()
    }

    #[test]
    fn coverage_is_the_area_however_thin() {
        for width in [0.1, 0.3, 1.0, 3.0] {
            // A stroke of constant width `w` tapers to w·((1−t)^.75 + t).
            let mean = 1.0 / 1.75 + 0.5;
            let found = sum(&draw(&[stroke(width, 1.0)], REGION).coverage);
            let wanted = 50.0 * width * mean;
            assert!(
                (found - wanted).abs() < 0.12 * wanted + width * width,
                "{width}: {found} {wanted}"
            );
        }
        assert_eq!(sum(&draw(&[], REGION).coverage), 0.0);
    }

    #[test]
    fn later_strokes_lie_on_top() {
        let layer = draw(&[stroke(4.0, 10.0), stroke(4.0, 70.0)], REGION);
        let at = (60 - 20) * 80 + (45 - 10);
        assert!(layer.coverage.values[at] > 0.99 && layer.value.values[at] > 69.0);
        let other = draw(&[stroke(4.0, 70.0), stroke(4.0, 10.0)], REGION);
        assert!(other.value.values[at] < 11.0);
    }

    #[test]
    fn mirrored_strokes_give_mirrored_layers_and_bands_have_no_seams() {
        // Crosses the border of the bands.
        let one = Stroke {
            points: [[30.0, 30.0], [60.0, 60.0], [40.0, 105.0]],
            soft_root: true,
            ..stroke(2.0, 50.0)
        };
        let mirrored = Stroke { points: one.points.map(|[x, y]| [99.0 - x, y]), ..one };
        let (a, b) = (draw(&[one], REGION), draw(&[mirrored], REGION));
        for y in 0..90 {
            for x in 0..80 {
                let (left, right) = (y * 80 + x, y * 80 + 79 - x);
                assert!((a.coverage.values[left] - b.coverage.values[right]).abs() < 1e-3);
            }
        }
        let rows: Vec<f32> =
            a.coverage.values.chunks_exact(80).map(|row| row.iter().sum()).collect();
        assert!(rows[15..80].iter().all(|&sum| sum > 0.5), "{rows:?}");
    }

    #[test]
    fn what_lies_outside_is_not_drawn() {
        let far = Stroke { points: [[-500.0, -500.0]; 3], ..stroke(3.0, 1.0) };
        let broken = Stroke { points: [[f32::NAN; 2]; 3], ..stroke(3.0, 1.0) };
        assert_eq!(sum(&draw(&[far, broken], REGION).coverage), 0.0);
    }
}
