//! Connected parts of a mask, their shape and outline.

use super::mask::Mask;

/// A connected part of a mask (8 neighbours).
#[derive(Clone, Debug, PartialEq)]
pub struct Blob {
    pub(super) width: usize,
    /// Indices of its pixels.
    pub(super) pixels: Vec<usize>,
    /// Its middle in chip pixels.
    pub centre: [f32; 2],
    /// Lengths of its long and short axis in pixels: of the ellipse with the same second moments.
    pub axes: [f32; 2],
    /// Its box: left, top, and the first column and row beyond it.
    pub bounds: [usize; 4],
}

impl Blob {
    /// All parts of a mask, in the order of their first pixel.
    pub(super) fn all(mask: &Mask) -> Vec<Self> {
        let mut rest = mask.clone();
        let mut blobs = Vec::new();
        for start in 0..rest.bits.len() {
            if rest.bits[start] {
                blobs.push(Self::of(mask.width, flood(&mut rest, start)));
            }
        }
        blobs
    }

    fn of(width: usize, pixels: Vec<usize>) -> Self {
        let count = pixels.len() as f32;
        let places = || pixels.iter().map(|i| [(i % width) as f32, (i / width) as f32]);
        let mean = |axis: usize| places().map(|place| place[axis]).sum::<f32>() / count;
        let centre = [mean(0), mean(1)];
        let moment = |one: usize, two: usize| {
            let products = places().map(|p| (p[one] - centre[one]) * (p[two] - centre[two]));
            products.sum::<f32>() / count
        };
        // A pixel is a square, whose own moment keeps lines from having no width.
        let (xx, yy, xy) = (moment(0, 0) + 1.0 / 12.0, moment(1, 1) + 1.0 / 12.0, moment(0, 1));
        let root = ((xx - yy) * (xx - yy) / 4.0 + xy * xy).sqrt();
        let axes =
            [(xx + yy) / 2.0 + root, (xx + yy) / 2.0 - root].map(|m| 4.0 * m.max(0.0).sqrt());
        let bounds = places().fold([usize::MAX, usize::MAX, 0, 0], |[l, t, r, b], [x, y]| {
            let (x, y) = (x as usize, y as usize);
            [l.min(x), t.min(y), r.max(x + 1), b.max(y + 1)]
        });
        Self { width, pixels, centre, axes, bounds }
    }

    /// How many pixels it has.
    pub fn area(&self) -> usize {
        self.pixels.len()
    }

    /// Diameter of the circle with its area.
    pub fn diameter(&self) -> f32 {
        (self.area() as f32 * 4.0 / std::f32::consts::PI).sqrt()
    }

    /// Its long axis over its short one, from 1.
    pub fn elongation(&self) -> f32 {
        self.axes[0] / self.axes[1].max(1e-3)
    }

    /// Its area over that of the ellipse with its moments: 1 for ellipses, less for what is ragged.
    pub fn solidity(&self) -> f32 {
        self.area() as f32 * 4.0 / (std::f32::consts::PI * self.axes[0] * self.axes[1]).max(1.0)
    }

    /// Its outer border, clockwise, straightened within a pixel; at least three points for more
    /// than two pixels.
    pub fn outline(&self) -> Vec<[f32; 2]> {
        let [left, top, right, bottom] = self.bounds;
        let (columns, rows) = (right - left, bottom - top);
        let mut own = Mask::empty(columns, rows);
        for i in &self.pixels {
            own.bits[(i / self.width - top) * columns + i % self.width - left] = true;
        }
        let place = |(x, y): (isize, isize)| [x as f32 + left as f32, y as f32 + top as f32];
        let mut border: Vec<_> = trace(&own).into_iter().map(place).collect();
        border.push(border[0]);
        let mut outline = simplified(&border, 0.8);
        outline.pop();
        outline
    }
}

fn flood(rest: &mut Mask, start: usize) -> Vec<usize> {
    let (width, height) = (rest.width as isize, rest.height as isize);
    let mut pixels = vec![start];
    rest.bits[start] = false;
    let mut next = 0;
    while let Some(&i) = pixels.get(next) {
        next += 1;
        let (x, y) = (i as isize % width, i as isize / width);
        for (dx, dy) in AROUND {
            let (x, y) = (x + dx, y + dy);
            if (0..width).contains(&x) && (0..height).contains(&y) {
                let neighbour = (y * width + x) as usize;
                if std::mem::replace(&mut rest.bits[neighbour], false) {
                    pixels.push(neighbour);
                }
            }
        }
    }
    pixels
}

/// The eight neighbours, clockwise from the one to the right.
pub(super) const AROUND: [(isize, isize); 8] =
    [(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)];

/// Moore's walk around the outside of a mask that is one part.
fn trace(mask: &Mask) -> Vec<(isize, isize)> {
    let Some(first) = mask.bits.iter().position(|&bit| bit) else { return Vec::new() };
    let start = ((first % mask.width) as isize, (first / mask.width) as isize);
    let mut border = vec![start];
    let (mut at, mut from) = (start, 4);
    // No pixel is passed more than four times.
    for _ in 0..4 * mask.bits.len() {
        let step = (1..=8).map(|turn| (from + turn) % 8).find(|&direction| {
            let (dx, dy) = AROUND[direction];
            mask.has(at.0 + dx, at.1 + dy)
        });
        let Some(direction) = step else { break };
        at = (at.0 + AROUND[direction].0, at.1 + AROUND[direction].1);
        // Where it came from lies behind; the walk goes on just past that.
        from = (direction + 4) % 8;
        if at == start {
            break;
        }
        border.push(at);
    }
    border
}

/// A closed or open path without the points that lie within `tolerance` of the line between
/// their neighbours (Douglas and Peucker 1973).
pub(super) fn simplified(path: &[[f32; 2]], tolerance: f32) -> Vec<[f32; 2]> {
    if path.len() < 4 {
        return path.to_vec();
    }
    let mut keep = vec![false; path.len()];
    let (first, last) = (0, path.len() - 1);
    keep[first] = true;
    keep[last] = true;
    let far = |from: usize| {
        let gap = |i: &usize| (path[*i][0] - path[from][0]).hypot(path[*i][1] - path[from][1]);
        (0..path.len()).max_by(|a, b| gap(a).total_cmp(&gap(b))).unwrap_or(0)
    };
    // A closed path begins where it ends, so its farthest point divides it.
    let middle = far(first);
    keep[middle] = true;
    let mut spans = vec![(first, middle), (middle, last)];
    while let Some((from, to)) = spans.pop() {
        let worst = (from + 1..to)
            .map(|i| (distance(path[i], path[from], path[to]), i))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((_, i)) = worst.filter(|&(off, _)| off > tolerance) {
            keep[i] = true;
            spans.extend([(from, i), (i, to)]);
        }
    }
    path.iter().zip(keep).filter(|&(_, keep)| keep).map(|(&point, _)| point).collect()
}

/// How far a point is from the line between two others.
fn distance(point: [f32; 2], from: [f32; 2], to: [f32; 2]) -> f32 {
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let (px, py) = (point[0] - from[0], point[1] - from[1]);
    let length = dx.hypot(dy);
    if length < 1e-6 { px.hypot(py) } else { (dx * py - dy * px).abs() / length }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_told_apart() {
        let mask = Mask::of(200, 100, |x, y| {
            let disc = (x as f32 - 40.0).hypot(y as f32 - 50.0) < 15.0;
            disc || ((90..180).contains(&x) && (48..52).contains(&y))
        });
        let [bar, disc] = <[Blob; 2]>::try_from(Blob::all(&mask)).map_or_else(
            |blobs| panic!("{} blobs", blobs.len()),
            |mut blobs| {
                blobs.sort_by(|a, b| b.elongation().total_cmp(&a.elongation()));
                blobs
            },
        );
        assert!((disc.diameter() - 30.0).abs() < 1.0 && disc.elongation() < 1.05);
        assert!((disc.axes[0] - 30.0).abs() < 1.0 && (disc.solidity() - 1.0).abs() < 0.05);
        assert!(bar.elongation() > 15.0 && bar.bounds == [90, 48, 180, 52]);
        assert_eq!(bar.outline(), [[90.0, 48.0], [179.0, 48.0], [179.0, 51.0], [90.0, 51.0]]);
        assert!((6..40).contains(&disc.outline().len()), "{:?}", disc.outline());
    }

    #[test]
    fn single_pixels_and_lines_have_outlines() {
        for (width, height) in [(1, 1), (5, 1), (1, 4)] {
            let blobs = Blob::all(&Mask::of(width, height, |_, _| true));
            assert_eq!(blobs.len(), 1);
            assert!(!blobs[0].outline().is_empty() && blobs[0].solidity() > 0.5);
        }
        assert!(Blob::all(&Mask::empty(9, 9)).is_empty());
    }
}
