//! Ellipses through points.

use crate::equations::least_squares;

/// An ellipse.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ellipse {
    pub middle: [f32; 2],
    /// Half its width and height: how far it reaches across and down.
    pub reach: [f32; 2],
    /// Correlation of across and down along it: 0 where its axes are level and upright, or for a circle.
    pub tilt: f32,
    /// The form that is 1 along it: of the squares across and down, and of their product.
    form: [f32; 3],
}

impl Ellipse {
    /// The ellipse nearest to points, by the least squares of its equation; `None` for other conics.
    /// The equation is that of a curve around the mean of the points, as outlines that are seen for the most
    /// part are.
    pub fn through(points: &[[f32; 2]]) -> Option<Self> {
        let count = points.len().max(1) as f64;
        let mean = [0, 1].map(|i| points.iter().map(|p| f64::from(p[i])).sum::<f64>() / count);
        let scale = points
            .iter()
            .map(|p| (f64::from(p[0]) - mean[0]).hypot(f64::from(p[1]) - mean[1]))
            .sum::<f64>()
            / count;
        let samples = points.iter().map(|point| {
            let [x, y] = [0, 1].map(|i| (f64::from(point[i]) - mean[i]) / scale);
            ([x * x, x * y, y * y, x, y], [1.0])
        });
        let [[a, b, c, d, e]] = least_squares(samples)?;
        let determinant = 4.0 * a * c - b * b;
        if a <= 0.0 || determinant <= 1e-9 {
            return None;
        }
        let [x, y] = [(b * e - 2.0 * c * d) / determinant, (b * d - 2.0 * a * e) / determinant];
        // What the form is along the ellipse, seen from its middle.
        let level = 1.0 + a * x * x + b * x * y + c * y * y;
        let reach = [c, a].map(|other| scale * (4.0 * other * level / determinant).sqrt());
        Some(Self {
            middle: [(mean[0] + scale * x) as f32, (mean[1] + scale * y) as f32],
            reach: reach.map(|side| side as f32),
            tilt: (-b / (2.0 * (a * c).sqrt())) as f32,
            form: [a, c, b].map(|factor| (factor / level / (scale * scale)) as f32),
        })
    }

    /// How far a point is from the middle, where the ellipse is at 1.
    fn distance(&self, point: [f32; 2]) -> f32 {
        let [x, y] = [0, 1].map(|i| point[i] - self.middle[i]);
        (self.form[0] * x * x + self.form[1] * y * y + self.form[2] * x * y).max(0.0).sqrt()
    }

    /// How far points are off in the mean, over the size.
    pub fn off(&self, points: &[[f32; 2]]) -> f32 {
        let squares = points.iter().map(|&point| (self.distance(point) - 1.0).powi(2));
        (squares.sum::<f32>() / points.len().max(1) as f32).sqrt()
    }

    /// The direction away from the ellipse at a point, of length 1.
    pub fn normal(&self, point: [f32; 2]) -> [f32; 2] {
        let [x, y] = [0, 1].map(|i| point[i] - self.middle[i]);
        let normal =
            [self.form[0] * x + self.form[2] * y / 2.0, self.form[1] * y + self.form[2] * x / 2.0];
        let length = normal[0].hypot(normal[1]).max(1e-12);
        normal.map(|part| part / length)
    }

    /// How far a direction at a point goes away from the ellipse.
    pub fn outwards(&self, point: [f32; 2], way: [f32; 2]) -> f32 {
        let normal = self.normal(point);
        normal[0] * way[0] + normal[1] * way[1]
    }

    /// The point that lies in this direction, given as an angle about a circle that was made to it.
    pub fn point(&self, angle: f32) -> [f32; 2] {
        let (sin, cos) = angle.sin_cos();
        let down = self.tilt * cos + (1.0 - self.tilt * self.tilt).max(0.0).sqrt() * sin;
        [self.middle[0] + self.reach[0] * cos, self.middle[1] + self.reach[1] * down]
    }
}
