//! Smooth lines through points.

use crate::strokes::Place;

/// Straight pieces between two points.
const STEPS: usize = 10;

/// A Catmull-Rom curve, measured along its length.
#[derive(Clone, Debug)]
pub struct Path {
    places: Vec<Place>,
    /// Length of the way to each of them.
    lengths: Vec<f32>,
}

impl Path {
    /// Through these points, at least one.
    pub fn through(points: &[Place]) -> Self {
        let last = points.len().saturating_sub(1);
        let point = |index: usize, step: isize| points[index.saturating_add_signed(step).min(last)];
        let mut places = Vec::with_capacity(last * STEPS + 1);
        for index in 0..last {
            let [a, b, c, d] = [-1, 0, 1, 2].map(|step| point(index, step));
            places.extend((0..STEPS).map(|step| {
                let t = step as f32 / STEPS as f32;
                std::array::from_fn(|i| catmull_rom([a[i], b[i], c[i], d[i]], t))
            }));
        }
        places.extend(points.last());
        let mut length = 0.0;
        let mut lengths = Vec::with_capacity(places.len());
        for (index, place) in places.iter().enumerate() {
            length += distance(places[index.saturating_sub(1)], *place);
            lengths.push(length);
        }
        Self { places, lengths }
    }

    /// Length of the whole.
    pub fn length(&self) -> f32 {
        self.lengths.last().copied().unwrap_or(0.0)
    }

    /// The place at a share of the length, 0 to 1; beyond the ends the line goes straight on.
    pub fn at(&self, t: f32) -> Place {
        let last = self.places.len() - 1;
        if last == 0 {
            return self.places[0];
        }
        let way = t * self.length();
        let next = self.lengths.partition_point(|&length| length < way).clamp(1, last);
        let (from, to) = (self.places[next - 1], self.places[next]);
        let span = (self.lengths[next] - self.lengths[next - 1]).max(1e-6);
        let share = (way - self.lengths[next - 1]) / span;
        std::array::from_fn(|i| from[i] + (to[i] - from[i]) * share)
    }

    /// The unit direction of the line at a share of its length.
    pub fn direction(&self, t: f32) -> Place {
        let (from, to) = (self.at((t - 0.02).max(0.0)), self.at((t + 0.02).min(1.0)));
        unit([to[0] - from[0], to[1] - from[1]])
    }
}

fn catmull_rom([a, b, c, d]: [f32; 4], t: f32) -> f32 {
    let (square, cube) = (t * t, t * t * t);
    0.5 * (2.0 * b
        + (c - a) * t
        + (2.0 * a - 5.0 * b + 4.0 * c - d) * square
        + (3.0 * b - a - 3.0 * c + d) * cube)
}

/// How far two places are apart.
pub fn distance(a: Place, b: Place) -> f32 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// A direction at length 1.
pub fn unit([x, y]: Place) -> Place {
    let length = x.hypot(y).max(1e-9);
    [x / length, y / length]
}

/// `start + a·direction`.
pub fn along(start: Place, direction: Place, a: f32) -> Place {
    [start[0] + direction[0] * a, start[1] + direction[1] * a]
}

/// A direction turned by an angle in radians, from x to y.
pub fn turned([x, y]: Place, angle: f32) -> Place {
    let (sin, cos) = angle.sin_cos();
    [x * cos - y * sin, x * sin + y * cos]
}

/// `share` of the way from one place to another.
pub fn between(a: Place, b: Place, share: f32) -> Place {
    [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share]
}

/// Linear between the points `xs` → `ys`, constant beyond them.
pub fn lerp(x: f32, xs: &[f32], ys: &[f32]) -> f32 {
    let next = xs.partition_point(|&from| from < x);
    match (next, xs.len()) {
        (_, 0) => 0.0,
        (0, _) => ys[0],
        (next, count) if next >= count => ys[count - 1],
        (next, _) => {
            let share = (x - xs[next - 1]) / (xs[next] - xs[next - 1]).max(1e-9);
            ys[next - 1] + (ys[next] - ys[next - 1]) * share
        }
    }
}

/// Whether a place lies in a polygon (even-odd rule).
pub fn inside(polygon: &[Place], [x, y]: Place) -> bool {
    let next = polygon.iter().cycle().skip(1);
    let crossed = polygon.iter().zip(next).filter(|(a, b)| {
        (a[1] <= y) != (b[1] <= y) && x < a[0] + (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1])
    });
    crossed.count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_runs_through_its_points_at_even_pace() {
        let points = [[0.0, 0.0], [10.0, 0.0], [30.0, 0.0]];
        let path = Path::through(&points);
        assert!((path.length() - 30.0).abs() < 0.5);
        for t in [0.0, 0.25, 0.5, 0.9, 1.0, 1.2] {
            let [x, y] = path.at(t);
            assert!((x - t * path.length()).abs() < 0.3 && y.abs() < 1e-4, "{t}: {x}");
        }
        assert_eq!(Path::through(&[[4.0, 5.0]]).at(0.7), [4.0, 5.0]);
    }

    #[test]
    fn lines_between_points() {
        let (xs, ys) = ([0.0, 1.0, 3.0], [5.0, 7.0, 3.0]);
        assert_eq!([-1.0, 0.5, 2.0, 9.0].map(|x| lerp(x, &xs, &ys)), [5.0, 6.0, 5.0, 3.0]);
    }
}
