//! Warp fields: where each place of a result comes from.
//!
//! A field is a sum of parts with compact support over a window: nothing outside moves, and lines of the
//! background stay straight. Shapes are pushed by bumps (Gustafsson 1993) and scaled by radial zooms.

use image::RgbImage;
use safelight_imaging::Region;
use safelight_imaging::color::smoothstep;
use safelight_imaging::map::Map;
use safelight_vision::face::{Point, Rect};

use crate::window::Window;

/// The least determinant of the map's derivative: what shrinks further folds soon.
pub const LEAST_JACOBIAN: f32 = 0.3;
/// A bump ends at this many of its standard deviations.
const REACH: f32 = 3.0;
/// Cells of a field for the width of a face.
const CELLS: f32 = 160.0;
/// How much a field is lowered at a time while it folds.
const LOWER: f32 = 0.85;

/// A push of what is at a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bump {
    /// Where, in pixels of the photo.
    pub at: Point,
    /// By how much, in pixels of the photo.
    pub shift: Point,
    /// How wide the push is: its standard deviation in pixels.
    pub sigma: f32,
}

/// An ellipse, turned as a face is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ellipse {
    /// Its middle, in pixels of the photo.
    pub centre: Point,
    /// The directions of its half axes, unit vectors.
    pub axes: [Point; 2],
    /// Their lengths in pixels.
    pub radii: [f32; 2],
}

impl Ellipse {
    /// How far out a place lies: 0 in the middle, 1 on the edge.
    pub fn radius(&self, place: Point) -> f32 {
        let (x, y) = (place.x - self.centre.x, place.y - self.centre.y);
        let along = |i: usize| (x * self.axes[i].x + y * self.axes[i].y) / self.radii[i].max(1e-3);
        along(0).hypot(along(1))
    }
}

/// Displacements in pixels over a window of the photo: a result's place is taken from that place plus
/// its displacement.
#[derive(Clone, Debug)]
pub struct Field {
    window: Window,
    x: Map,
    y: Map,
}

impl Field {
    /// A field over a part of a photo of `size` that moves nothing yet; `fw` is the width of the face. None
    /// where the part lies outside the photo.
    pub fn still(around: Rect, fw: f32, size: (u32, u32)) -> Option<Self> {
        let window = Window::of(around, fw / CELLS, size)?;
        Some(Self { window, x: window.filled(0.0), y: window.filled(0.0) })
    }

    /// The part of the photo that it may move.
    pub fn region(&self) -> Region {
        self.window.region
    }

    /// The displacement at a place.
    pub fn at(&self, place: Point) -> Point {
        let Region { x, y, width, height } = self.window.region;
        let inside = |at: f32, first: u32, length: u32| {
            at >= first as f32 - 0.5 && at < (first + length) as f32 - 0.5
        };
        if !inside(place.x, x, width) || !inside(place.y, y, height) {
            return Point::default();
        }
        let cell = self.window.cell(place);
        Point { x: self.x.between(cell.x, cell.y), y: self.y.between(cell.x, cell.y) }
    }

    /// Adds pushes. Where several overlap, they share: the displacement is their weighted mean.
    pub fn push(&mut self, bumps: &[Bump]) {
        self.add(|place| {
            let (mut sum, mut total, mut free) = (Point::default(), 0.0, 1.0);
            for bump in bumps {
                let weight = bell(place.distance(bump.at) / bump.sigma.max(1e-3));
                sum.x += weight * bump.shift.x;
                sum.y += weight * bump.shift.y;
                total += weight;
                free *= 1.0 - weight;
            }
            let share = if total > 0.0 { (1.0 - free) / total } else { 0.0 };
            Point { x: -sum.x * share, y: -sum.y * share }
        });
    }

    /// Enlarges what is around `centre` by `scale` (0.2 is a fifth larger, negative is smaller) in its
    /// middle, less and less towards the radius.
    pub fn zoom(&mut self, centre: Point, radius: f32, scale: f32) {
        self.add(|place| {
            let r = place.distance(centre) / radius.max(1e-3);
            let weight = (1.0 - r * r).max(0.0).powi(2) * -scale / (1.0 + scale.max(0.0));
            Point { x: (place.x - centre.x) * weight, y: (place.y - centre.y) * weight }
        });
    }

    /// Scales what lies in an ellipse about `fixed`; beyond `INNER` of its half axes less and less, to
    /// nothing at its edge.
    pub fn scale(&mut self, ellipse: &Ellipse, fixed: Point, scale: f32) {
        const INNER: f32 = 0.68;
        self.add(|place| {
            let weight = smoothstep(1.0, INNER, ellipse.radius(place)) * -scale;
            Point { x: (place.x - fixed.x) * weight, y: (place.y - fixed.y) * weight }
        });
    }

    /// Moves nothing where `kept` is 1, and less where it is between 0 and 1.
    pub fn pin(&mut self, kept: impl Fn(Point) -> f32 + Sync) {
        let left = self.window.map(|place| 1.0 - kept(place));
        self.x = self.x.join(&left, |value, left| value * left);
        self.y = self.y.join(&left, |value, left| value * left);
    }

    fn add(&mut self, displacement: impl Fn(Point) -> Point + Sync) {
        let x = self.window.map(|place| displacement(place).x);
        let y = self.window.map(|place| displacement(place).y);
        self.x = self.x.join(&x, |one, two| one + two);
        self.y = self.y.join(&y, |one, two| one + two);
    }

    fn lower(&mut self, factor: f32) {
        self.x.values.iter_mut().chain(&mut self.y.values).for_each(|value| *value *= factor);
    }

    /// The largest displacement, in pixels.
    pub fn largest(&self) -> f32 {
        self.x.values.iter().zip(&self.y.values).map(|(x, y)| x.hypot(*y)).fold(0.0, f32::max)
    }
}

/// A bell of height 1 that is 0 from [`REACH`] on.
fn bell(distance: f32) -> f32 {
    let end = (-REACH * REACH / 2.0).exp();
    (((-distance * distance / 2.0).exp() - end) / (1.0 - end)).max(0.0)
}

/// The least determinant of the derivative of all fields together, over the cells of the first.
pub fn least_jacobian(field: &Field, fields: &[Field]) -> f32 {
    let step = field.window.per_cell();
    let there = |x: usize, y: usize| {
        let place = field.window.place(Point { x: x as f32, y: y as f32 });
        let moved = sum(fields, place);
        Point { x: place.x + moved.x, y: place.y + moved.y }
    };
    let determinants = field.x.each(|x, y| {
        if x + 1 >= field.window.width || y + 1 >= field.window.height {
            return 1.0;
        }
        let (here, right, below) = (there(x, y), there(x + 1, y), there(x, y + 1));
        let (u, v) = ((right.x - here.x) / step, (right.y - here.y) / step);
        let (s, t) = ((below.x - here.x) / step, (below.y - here.y) / step);
        u * t - v * s
    });
    determinants.values.into_iter().fold(f32::INFINITY, f32::min)
}

fn sum(fields: &[Field], place: Point) -> Point {
    fields.iter().fold(Point::default(), |sum, field| {
        let moved = field.at(place);
        Point { x: sum.x + moved.x, y: sum.y + moved.y }
    })
}

/// Lowers fields until nothing folds, each alone and where several meet.
pub fn unfold(fields: &mut [Field]) {
    const MOST_STEPS: usize = 24;
    for _ in 0..MOST_STEPS {
        let folded: Vec<bool> =
            fields.iter().map(|field| least_jacobian(field, fields) < LEAST_JACOBIAN).collect();
        if !folded.contains(&true) {
            return;
        }
        let pairs = fields.iter_mut().zip(folded).filter(|(_, folded)| *folded);
        pairs.for_each(|(field, _)| field.lower(LOWER));
    }
    // Too steep whatever its height, which no shape here is.
    fields.iter_mut().for_each(|field| field.lower(0.0));
}

/// The photo with every field at work at once, taken by bicubic interpolation (Catmull and Rom 1974).
/// What does not move is the photo's own, to the byte.
pub fn warp(photo: &RgbImage, mut fields: Vec<Field>) -> RgbImage {
    unfold(&mut fields);
    let mut target = photo.clone();
    for field in fields.iter().filter(|field| field.largest() > 0.0) {
        let Region { x, y, .. } = field.region();
        field.window.rows(&mut target, |row, pixels| {
            for (column, pixel) in pixels.iter_mut().enumerate() {
                let place = Point { x: (x as usize + column) as f32, y: (y + row) as f32 };
                let moved = sum(&fields, place);
                if moved.x.abs().max(moved.y.abs()) > 1.0 / 256.0 {
                    *pixel = bicubic(photo, place.x + moved.x, place.y + moved.y);
                }
            }
        });
    }
    target
}

/// The colour at a place between pixels; outside the photo its nearest pixel goes on.
pub(crate) fn bicubic(photo: &RgbImage, x: f32, y: f32) -> [u8; 3] {
    let (width, height) = (photo.width() as i64, photo.height() as i64);
    let (left, top) = (x.floor(), y.floor());
    let (across, down) = (weights(x - left), weights(y - top));
    let (left, top) = (left as i64, top as i64);
    let pixels = photo.as_chunks::<3>().0;
    let mut sum = [0.0_f32; 3];
    for (j, down) in down.into_iter().enumerate() {
        let row = (top + j as i64 - 1).clamp(0, height - 1) * width;
        for (i, across) in across.into_iter().enumerate() {
            let column = (left + i as i64 - 1).clamp(0, width - 1);
            let pixel = pixels[(row + column) as usize];
            for (sum, value) in sum.iter_mut().zip(pixel) {
                *sum += f32::from(value) * across * down;
            }
        }
    }
    sum.map(|value| (value + 0.5).clamp(0.0, 255.0) as u8)
}

fn weights(t: f32) -> [f32; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [
        0.5 * (-t + 2.0 * t2 - t3),
        0.5 * (2.0 - 5.0 * t2 + 3.0 * t3),
        0.5 * (t + 4.0 * t2 - 3.0 * t3),
        0.5 * (t3 - t2),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (u32, u32) = (200, 200);

    fn still() -> Field {
        let around = Rect { x: 40.0, y: 40.0, width: 120.0, height: 120.0 };
        Field::still(around, 100.0, SIZE).expect("a field")
    }

    fn picture() -> RgbImage {
        RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| image::Rgb([x as u8, y as u8, (x ^ y) as u8]))
    }

    fn push(shift: f32) -> Field {
        let mut field = still();
        let at = Point { x: 100.0, y: 100.0 };
        field.push(&[Bump { at, shift: Point { x: shift, y: 0.0 }, sigma: 12.0 }]);
        field
    }

    #[test]
    fn a_still_field_is_the_identity() {
        assert_eq!(warp(&picture(), vec![still()]), picture());
    }

    #[test]
    fn a_push_moves_what_is_there_and_nothing_far_away() {
        let moved = warp(&picture(), vec![push(5.0)]);
        // Red tells where a pixel comes from.
        assert!((i16::from(moved.get_pixel(100, 100).0[0]) - 95).abs() <= 1);
        let far = |x: u32, y: u32| {
            (Point { x: x as f32, y: y as f32 }).distance(Point { x: 100.0, y: 100.0 }) > 37.0
        };
        let changed = moved
            .enumerate_pixels()
            .filter(|(x, y, p)| far(*x, *y) && *p != picture().get_pixel(*x, *y));
        assert_eq!(changed.count(), 0);
    }

    #[test]
    fn nothing_folds_however_strong_the_push() {
        let mut fields = [push(60.0), push(60.0)];
        assert!(least_jacobian(&fields[0], &fields) < 0.0, "it would fold");
        unfold(&mut fields);
        assert!(least_jacobian(&fields[0], &fields) >= LEAST_JACOBIAN);
        assert!(fields[0].largest() > 2.0);
    }

    #[test]
    fn bumps_in_a_row_push_as_one_does() {
        let mut field = still();
        let bump = |x: f32| Bump {
            at: Point { x, y: 100.0 },
            shift: Point { x: 0.0, y: 4.0 },
            sigma: 12.0,
        };
        field.push(&[80.0, 86.0, 92.0, 98.0, 104.0, 110.0, 116.0].map(bump));
        assert!((field.at(Point { x: 98.0, y: 100.0 }).y + 4.0).abs() < 0.1);
    }

    #[test]
    fn zooms_enlarge_and_pins_hold() {
        let mut field = still();
        let centre = Point { x: 100.0, y: 100.0 };
        field.zoom(centre, 40.0, 0.25);
        let grown = warp(&picture(), vec![field.clone()]);
        let span = |p: &RgbImage| p.get_pixel(116, 100).0[0] - p.get_pixel(84, 100).0[0];
        assert!(span(&grown) < span(&picture()) - 2);
        field.pin(|place| f32::from(u8::from(place.x < 100.0)));
        assert_eq!(field.at(Point { x: 90.0, y: 100.0 }), Point::default());
        assert!(field.at(Point { x: 110.0, y: 100.0 }).x < -1.0);
    }
}
