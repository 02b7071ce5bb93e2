//! Points and boxes in pictures.

use image::RgbImage;

/// A place in a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f32,
    /// Down.
    pub y: f32,
}

impl Point {
    /// How far another point is.
    pub fn distance(self, other: Point) -> f32 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    /// The point half way.
    pub fn middle(self, other: Point) -> Point {
        Point { x: (self.x + other.x) / 2.0, y: (self.y + other.y) / 2.0 }
    }

    /// Its coordinates, as maps take them.
    pub fn pair(self) -> [f64; 2] {
        [f64::from(self.x), f64::from(self.y)]
    }
}

impl From<[f64; 2]> for Point {
    fn from([x, y]: [f64; 2]) -> Self {
        Self { x: x as f32, y: y as f32 }
    }
}

/// An upright box.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    /// Its left edge.
    pub x: f32,
    /// Its top edge.
    pub y: f32,
    /// Across.
    pub width: f32,
    /// Down.
    pub height: f32,
}

impl Rect {
    /// A whole picture.
    pub fn whole(photo: &RgbImage) -> Self {
        Self { x: 0.0, y: 0.0, width: photo.width() as f32, height: photo.height() as f32 }
    }

    /// The box of points; empty for none.
    pub fn around(points: impl IntoIterator<Item = Point>) -> Self {
        let mut points = points.into_iter();
        let Some(first) = points.next() else { return Self::default() };
        let (mut low, mut high) = (first, first);
        for Point { x, y } in points {
            low = Point { x: low.x.min(x), y: low.y.min(y) };
            high = Point { x: high.x.max(x), y: high.y.max(y) };
        }
        Self { x: low.x, y: low.y, width: high.x - low.x, height: high.y - low.y }
    }

    /// The right edge.
    pub fn right(&self) -> f32 {
        self.x + self.width
    }

    /// The lower edge.
    pub fn bottom(&self) -> f32 {
        self.y + self.height
    }

    /// The middle.
    pub fn centre(&self) -> Point {
        Point { x: self.x + self.width / 2.0, y: self.y + self.height / 2.0 }
    }

    /// Its content in square pixels.
    pub fn area(&self) -> f32 {
        self.width * self.height
    }

    /// The longer of its sides.
    pub fn longer_side(&self) -> f32 {
        self.width.max(self.height)
    }

    /// The shorter of its sides.
    pub fn shorter_side(&self) -> f32 {
        self.width.min(self.height)
    }

    /// What both cover; empty where they do not touch.
    pub fn common(&self, other: &Rect) -> Rect {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let width = (self.right().min(other.right()) - x).max(0.0);
        let height = (self.bottom().min(other.bottom()) - y).max(0.0);
        Rect { x, y, width, height }
    }

    /// Intersection over union, 0..1.
    pub fn overlap(&self, other: &Rect) -> f32 {
        let both = self.common(other).area();
        both / (self.area() + other.area() - both).max(f32::MIN_POSITIVE)
    }

    /// How much of the smaller box lies in the other, 0..1.
    pub fn shared(&self, other: &Rect) -> f32 {
        let smaller = self.area().min(other.area()).max(f32::MIN_POSITIVE);
        self.common(other).area() / smaller
    }

    /// Whether a point lies in it or on its edge.
    pub fn contains(&self, point: Point) -> bool {
        (self.x..=self.right()).contains(&point.x) && (self.y..=self.bottom()).contains(&point.y)
    }

    /// Larger by a factor, around the same middle.
    pub fn grown(&self, factor: f32) -> Rect {
        let Point { x, y } = self.centre();
        let (width, height) = (self.width * factor, self.height * factor);
        Rect { x: x - width / 2.0, y: y - height / 2.0, width, height }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_overlap_by_what_they_share() {
        let one = Rect { x: 0.0, y: 0.0, width: 10.0, height: 10.0 };
        let two = Rect { x: 5.0, ..one };
        assert!((one.overlap(&two) - 50.0 / 150.0).abs() < 1e-6);
        assert!((one.shared(&two) - 0.5).abs() < 1e-6);
        assert_eq!(one.overlap(&Rect { x: 20.0, ..one }), 0.0);
        assert_eq!(Rect::default().overlap(&Rect::default()), 0.0);
    }

    #[test]
    fn the_box_of_points_holds_them_all() {
        let points = [(3.0, -1.0), (0.0, 4.0), (2.0, 2.0)].map(|(x, y)| Point { x, y });
        let around = Rect::around(points);
        assert_eq!(around, Rect { x: 0.0, y: -1.0, width: 3.0, height: 5.0 });
        assert!(points.iter().all(|&point| around.contains(point)));
        assert_eq!(Rect::around([]), Rect::default());
        assert_eq!(around.grown(2.0), Rect { x: -1.5, y: -3.5, width: 6.0, height: 10.0 });
    }
}
