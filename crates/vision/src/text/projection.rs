//! A photographed plane, seen straight: the map between a rectangle and the four corners that it has in a
//! picture.

use image::{GrayImage, Luma};
use safelight_imaging::equations::solved;

use super::quad::{Point, Quad};

/// A projective map of the plane, its ninth number 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Projection([f64; 8]);

impl Projection {
    /// The map that takes four points to four others, in their order. `None` where three of them lie on
    /// one line.
    pub fn between(from: &Quad, to: &Quad) -> Option<Self> {
        let (mut rows, mut right) = ([[0.0; 8]; 8], [0.0; 8]);
        for (index, (p, q)) in from.0.iter().zip(to.0).enumerate() {
            let [x, y, u, v] = [p[0], p[1], q[0], q[1]].map(f64::from);
            rows[2 * index] = [x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y];
            rows[2 * index + 1] = [0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y];
            (right[2 * index], right[2 * index + 1]) = (u, v);
        }
        solved(rows, right).map(Self)
    }

    /// Where a point goes.
    pub fn apply(&self, [x, y]: Point) -> Point {
        let [a, b, c, d, e, f, g, h] = self.0;
        let (x, y) = (f64::from(x), f64::from(y));
        let depth = g * x + h * y + 1.0;
        [(a * x + b * y + c) / depth, (d * x + e * y + f) / depth].map(|at| at as f32)
    }

    /// A picture of so many pixels, each taken where this map says, bilinear; the edge goes on outside.
    pub fn picture(&self, from: &GrayImage, width: u32, height: u32) -> GrayImage {
        let most = [from.width() - 1, from.height() - 1].map(|at| at as f32);
        GrayImage::from_fn(width, height, |x, y| {
            let [x, y] = self.apply([x as f32 + 0.5, y as f32 + 0.5]);
            let (x, y) = ((x - 0.5).clamp(0.0, most[0]), (y - 0.5).clamp(0.0, most[1]));
            let (left, top) = (x as u32, y as u32);
            let (right, bottom) = ((left + 1).min(most[0] as u32), (top + 1).min(most[1] as u32));
            let (across, down) = (x - left as f32, y - top as f32);
            let at = |x, y| f32::from(from.get_pixel(x, y).0[0]);
            let upper = at(left, top) + (at(right, top) - at(left, top)) * across;
            let lower = at(left, bottom) + (at(right, bottom) - at(left, bottom)) * across;
            Luma([(upper + (lower - upper) * down + 0.5) as u8])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_go_to_corners_and_lines_stay_straight() {
        let square = Quad::level([0.0, 0.0, 100.0, 50.0]);
        let seen = Quad([[10.0, 20.0], [210.0, 35.0], [190.0, 140.0], [22.0, 120.0]]);
        let there = Projection::between(&square, &seen).expect("no three on a line");
        let back = Projection::between(&seen, &square).expect("no three on a line");
        let near = |a: Point, b: Point| (a[0] - b[0]).abs() < 1e-3 && (a[1] - b[1]).abs() < 1e-3;
        for (from, to) in square.0.iter().zip(seen.0) {
            assert!(near(there.apply(*from), to) && near(back.apply(to), *from));
        }
        let [a, b, c] = [[0.0, 25.0], [30.0, 25.0], [100.0, 25.0]].map(|p| there.apply(p));
        let bend = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
        assert!(bend.abs() < 0.01, "{bend}");
        assert!(near(back.apply(b), [30.0, 25.0]));
    }

    #[test]
    fn flat_corners_have_no_map() {
        let flat = Quad([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]);
        assert!(Projection::between(&flat, &Quad::level([0.0, 0.0, 1.0, 1.0])).is_none());
    }

    #[test]
    fn a_picture_is_taken_from_where_the_map_says() {
        let ramp = GrayImage::from_fn(40, 40, |x, y| Luma([(3 * x + 2 * y) as u8]));
        let part = Quad::level([5.0, 6.0, 15.0, 26.0]);
        let map = Projection::between(&Quad::level([0.0, 0.0, 10.0, 20.0]), &part);
        let cut = map.expect("a rectangle").picture(&ramp, 10, 20);
        assert!(
            cut.enumerate_pixels().all(|(x, y, p)| p.0[0] == (3 * (x + 5) + 2 * (y + 6)) as u8)
        );
    }
}
