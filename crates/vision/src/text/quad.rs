//! Places of text: four corners, and the smallest rectangle around a set of points.

/// A place in a photo in pixels: (0, 0) is the corner of its first pixel, not its centre.
pub type Point = [f32; 2];

/// The corners of a line of text or a cell as it is read: top left, top right, bottom right, bottom left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quad(pub [Point; 4]);

impl Quad {
    /// A level rectangle: left, top, right, bottom.
    pub fn level([left, top, right, bottom]: [f32; 4]) -> Self {
        Self([[left, top], [right, top], [right, bottom], [left, bottom]])
    }

    /// Length of the line: the mean of its upper and its lower side.
    pub fn width(&self) -> f32 {
        let [a, b, c, d] = self.0;
        (distance(a, b) + distance(d, c)) / 2.0
    }

    /// Height of the line: the mean of its left and its right side.
    pub fn height(&self) -> f32 {
        let [a, b, c, d] = self.0;
        (distance(a, d) + distance(b, c)) / 2.0
    }

    /// How far the line is turned, in radians clockwise as seen in a picture.
    pub fn angle(&self) -> f32 {
        let [a, b, c, d] = self.0;
        (b[1] - a[1] + c[1] - d[1]).atan2(b[0] - a[0] + c[0] - d[0])
    }

    /// The place at these shares of the width and the height.
    pub fn at(&self, across: f32, down: f32) -> Point {
        let [a, b, c, d] = self.0;
        [0, 1].map(|axis| {
            let top = a[axis] + (b[axis] - a[axis]) * across;
            let bottom = d[axis] + (c[axis] - d[axis]) * across;
            top + (bottom - top) * down
        })
    }

    /// The middle.
    pub fn centre(&self) -> Point {
        self.at(0.5, 0.5)
    }

    /// The smallest level rectangle around it: left, top, right, bottom.
    pub fn bounds(&self) -> [f32; 4] {
        let least = |axis: usize| self.0.iter().map(|p| p[axis]).fold(f32::INFINITY, f32::min);
        let most = |axis: usize| self.0.iter().map(|p| p[axis]).fold(f32::NEG_INFINITY, f32::max);
        [least(0), least(1), most(0), most(1)]
    }

    /// Every corner moved.
    pub fn map(&self, to: impl Fn(Point) -> Point) -> Self {
        Self(self.0.map(to))
    }
}

fn distance(a: Point, b: Point) -> f32 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// A rectangle that may be turned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rectangle {
    centre: Point,
    /// The direction of one side, of length 1.
    along: Point,
    /// Lengths along that direction and across it.
    sides: [f32; 2],
}

impl Rectangle {
    /// The smallest one around the points; `None` where they lie on one line.
    pub fn around(points: &[Point]) -> Option<Self> {
        let hull = hull(points);
        let edges = hull.iter().zip(hull.iter().cycle().skip(1));
        let rectangles = edges.filter_map(|(a, b)| {
            let length = distance(*a, *b);
            let along = [(b[0] - a[0]) / length, (b[1] - a[1]) / length];
            (length > 0.0).then(|| Self::of(&hull, along))
        });
        let smallest = rectangles.min_by(|a, b| a.area().total_cmp(&b.area()));
        smallest.filter(|rectangle| rectangle.area() > 0.0)
    }

    fn of(hull: &[Point], along: Point) -> Self {
        let across = [-along[1], along[0]];
        let range = |axis: Point| {
            let places = hull.iter().map(|p| p[0] * axis[0] + p[1] * axis[1]);
            places.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), at| {
                (low.min(at), high.max(at))
            })
        };
        let ((left, right), (top, bottom)) = (range(along), range(across));
        let (u, v) = ((left + right) / 2.0, (top + bottom) / 2.0);
        let centre = [0, 1].map(|axis| along[axis] * u + across[axis] * v);
        Self { centre, along, sides: [right - left, bottom - top] }
    }

    pub fn area(&self) -> f32 {
        self.sides[0] * self.sides[1]
    }

    pub fn shorter(&self) -> f32 {
        self.sides[0].min(self.sides[1])
    }

    /// Each side moved outwards by so much.
    pub fn grown(&self, by: f32) -> Self {
        Self { sides: self.sides.map(|side| side + 2.0 * by), ..*self }
    }

    /// By how much each side moves so that a shrunken region of text becomes the whole line (Liao et al.
    /// 2020, Differentiable Binarization): area times `ratio` over the length of the outline.
    pub fn unclipped(&self, ratio: f32) -> Self {
        let outline = 2.0 * (self.sides[0] + self.sides[1]);
        self.grown(self.area() * ratio / outline)
    }

    /// As a line of text: to the right; downwards where it is half as high again as wide.
    pub fn as_line(&self) -> Quad {
        let [x, y] = self.along;
        // The side that is nearer to level, to the right.
        let (right, [wide, high]) = match x.abs() >= y.abs() {
            true => ([x, y].map(|c| c * x.signum()), self.sides),
            false => ([y, -x].map(|c| c * y.signum()), [self.sides[1], self.sides[0]]),
        };
        let down = [-right[1], right[0]];
        let corner = |across: f32, below: f32| {
            [0, 1].map(|axis| {
                self.centre[axis] + right[axis] * wide * across + down[axis] * high * below
            })
        };
        let [a, b, c, d] =
            [corner(-0.5, -0.5), corner(0.5, -0.5), corner(0.5, 0.5), corner(-0.5, 0.5)];
        if high >= 1.5 * wide { Quad([b, c, d, a]) } else { Quad([a, b, c, d]) }
    }
}

/// The convex hull (Andrew 1979), in order around it.
fn hull(points: &[Point]) -> Vec<Point> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    sorted.dedup();
    let half = |points: &mut dyn Iterator<Item = &Point>| {
        let mut chain = Vec::<Point>::new();
        for &point in points {
            while let [.., a, b] = chain[..]
                && (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]) <= 0.0
            {
                chain.pop();
            }
            chain.push(point);
        }
        chain.pop();
        chain
    };
    let mut around = half(&mut sorted.iter());
    around.extend(half(&mut sorted.iter().rev()));
    around
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(quad: Quad, wanted: [Point; 4]) {
        let far = quad.0.iter().zip(wanted).any(|(a, b)| distance(*a, b) > 0.02);
        assert!(!far, "{quad:?} is not {wanted:?}");
    }

    #[test]
    fn the_smallest_rectangle_is_turned_as_its_points_are() {
        let turned = |[x, y]: Point| [50.0 + 0.8 * x - 0.6 * y, 40.0 + 0.6 * x + 0.8 * y];
        let corners = [[0.0, 0.0], [30.0, 0.0], [30.0, 10.0], [0.0, 10.0]];
        let mut points = corners.map(turned).to_vec();
        points.extend([[3.0, 5.0], [29.0, 9.0], [15.0, 0.5]].map(turned));
        let found = Rectangle::around(&points).expect("an area");
        assert!((found.area() - 300.0).abs() < 0.1 && (found.shorter() - 10.0).abs() < 0.01);
        close(found.as_line(), corners.map(turned));
        let line = found.as_line();
        assert!((line.width() - 30.0).abs() < 0.01 && (line.height() - 10.0).abs() < 0.01);
        assert!((line.angle() - 0.6_f32.asin()).abs() < 1e-3);
        close(
            found.grown(1.0).as_line(),
            [[-1.0, -1.0], [31.0, -1.0], [31.0, 11.0], [-1.0, 11.0]].map(turned),
        );
    }

    #[test]
    fn what_is_high_is_read_downwards() {
        let points = [[0.0, 0.0], [10.0, 0.0], [10.0, 40.0], [0.0, 40.0]];
        let line = Rectangle::around(&points).expect("an area").as_line();
        close(line, [[10.0, 0.0], [10.0, 40.0], [0.0, 40.0], [0.0, 0.0]]);
        assert_eq!(line.bounds(), [0.0, 0.0, 10.0, 40.0]);
        assert_eq!((line.centre(), line.at(0.0, 1.0)), ([5.0, 20.0], [0.0, 0.0]));
    }

    #[test]
    fn points_on_a_line_have_no_rectangle() {
        assert!(Rectangle::around(&[]).is_none());
        assert!(Rectangle::around(&[[1.0, 1.0]]).is_none());
        assert!(Rectangle::around(&[[1.0, 1.0], [2.0, 2.0], [5.0, 5.0]]).is_none());
    }
}
