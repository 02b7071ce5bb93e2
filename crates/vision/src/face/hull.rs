//! What lies between points: their convex hull.

use std::ops::Range;

use super::Point;

/// The convex hull of points.
pub(super) struct Hull {
    /// Its corners, in the order in which the inside is always on one side.
    corners: Vec<Point>,
}

impl Hull {
    /// Around points (Andrew 1979).
    pub fn of(points: impl IntoIterator<Item = Point>) -> Self {
        let mut points: Vec<Point> = points.into_iter().collect();
        points.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
        let half = |points: &mut dyn Iterator<Item = Point>| {
            let mut chain: Vec<Point> = vec![];
            for point in points {
                while let [.., a, b] = chain[..]
                    && turn(a, b, point) <= 0.0
                {
                    chain.pop();
                }
                chain.push(point);
            }
            chain.pop();
            chain
        };
        let mut corners = half(&mut points.iter().copied());
        corners.extend(half(&mut points.iter().rev().copied()));
        Self { corners }
    }

    /// Whether a point lies in it or on its edge.
    pub fn holds(&self, point: Point) -> bool {
        self.corners.len() > 2 && self.edges().all(|(a, b)| turn(a, b, point) >= 0.0)
    }

    /// The cells of a square grid of `side` x `side` whose middles it holds, as column and row, row by
    /// row.
    pub fn cells(&self, side: u32) -> impl Iterator<Item = (u32, u32)> + '_ {
        let last = side.saturating_sub(1) as f32;
        let top = self.corners.iter().map(|corner| corner.y).fold(f32::INFINITY, f32::min);
        let bottom = self.corners.iter().map(|corner| corner.y).fold(f32::NEG_INFINITY, f32::max);
        let flat = self.corners.len() < 3;
        let rows = if flat { 0..0 } else { whole(top.max(0.0), bottom.min(last)) };
        rows.flat_map(move |y| self.row(y as f32, last).map(move |x| (x, y)))
    }

    /// The columns that it holds of a row, up to the last one.
    fn row(&self, y: f32, last: f32) -> Range<u32> {
        let (mut from, mut to) = (0.0_f32, last);
        for (a, b) in self.edges() {
            let (dx, dy) = (b.x - a.x, b.y - a.y);
            // Inside is where dx * (y - a.y) >= dy * (x - a.x).
            let across = a.x + dx * (y - a.y) / dy;
            if dy > 0.0 {
                to = to.min(across);
            } else if dy < 0.0 {
                from = from.max(across);
            }
        }
        whole(from, to)
    }

    fn edges(&self) -> impl Iterator<Item = (Point, Point)> + '_ {
        let next = self.corners.iter().cycle().skip(1);
        self.corners.iter().zip(next).map(|(&a, &b)| (a, b))
    }
}

/// The whole numbers from one to another, neither below zero; none where they are not in this order.
fn whole(from: f32, to: f32) -> Range<u32> {
    if from <= to { from.ceil() as u32..to.floor() as u32 + 1 } else { 0..0 }
}

/// Above zero where the way from a over b to c turns left (in a frame with y up).
fn turn(a: Point, b: Point, c: Point) -> f32 {
    (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hulls_hold_their_points() {
        let points: Vec<Point> = (0..40)
            .map(|i| Point { x: ((i * 37) % 23) as f32, y: ((i * 17) % 19) as f32 })
            .collect();
        let hull = Hull::of(points.clone());
        assert!(hull.corners.len() < points.len());
        assert!(points.iter().all(|&point| hull.holds(point)));
        assert!(!hull.holds(Point { x: 30.0, y: 5.0 }));
        let nothing = Hull::of([Point::default(); 3]);
        assert!(!nothing.holds(Point::default()));
        assert_eq!(nothing.cells(9).count(), 0);
    }

    #[test]
    fn cells_are_those_that_it_holds() {
        let corners = [(3.3, -2.0), (17.9, 4.4), (12.1, 25.0), (-4.0, 9.6), (6.2, 7.1)];
        let hull = Hull::of(corners.map(|(x, y)| Point { x, y }));
        let all = (0..20).flat_map(|y| (0..20).map(move |x| (x, y)));
        let held = all.filter(|&(x, y)| hull.holds(Point { x: x as f32, y: y as f32 }));
        assert_eq!(hull.cells(20).collect::<Vec<_>>(), held.collect::<Vec<_>>());
        let away = Hull::of(corners.map(|(x, y)| Point { x: x + 90.0, y }));
        assert_eq!(away.cells(20).count(), 0);
    }
}
