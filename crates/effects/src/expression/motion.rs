//! A movement of the points of a face, and the field that follows from it.

use safelight_imaging::map::Map;
use safelight_vision::face::{Point, Rect};

use crate::atlas::{LIDS, LIPS, OVAL};
use crate::canonical::{COUNT, cells, delaunay};
use crate::field::Field;
use crate::kit::Kit;
use crate::region;
use crate::shape;
use crate::strokes::Place;
use crate::window::Window;

/// How far what is around a face goes along.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Rings around the face, by the size of its outline, and how much of its movement they take. The
    /// last one takes none.
    pub rings: &'static [(f32, f32)],
    /// How much of a ring's movement is the mean of the outline's.
    pub mean: f32,
    /// How wide movements are smoothed, in `fw`.
    pub smooth: f32,
    /// Whether lips and lids keep their movements unsmoothed.
    pub keeps: bool,
}

/// How an expression spreads: hardly.
pub const EXPRESSION: Spread =
    Spread { rings: &[(1.25, 0.35), (1.5, 0.0)], mean: 0.0, smooth: 0.03, keeps: true };
/// How a turn of the head spreads: hair and ears go along.
pub const HEAD: Spread = Spread {
    rings: &[(1.35, 0.85), (1.9, 0.35), (2.6, 0.0)],
    mean: 0.5,
    smooth: 0.024,
    keeps: false,
};

/// How far around lips and lids movements are kept, and how softly.
const KEPT: f32 = 0.02;
/// Movements of less than this many pixels are none.
const LEAST: f32 = 0.02;
/// How far inside the last ring movements begin to fade, by its size.
const FADE: f32 = 0.08;

/// The points of a face and of the rings around it, with triangles between them.
#[derive(Clone, Debug)]
pub struct Net<'a> {
    kit: &'a Kit,
    spread: Spread,
    points: Vec<Point>,
    triangles: Vec<[usize; 3]>,
    window: Window,
    /// How much of a movement is left at each cell.
    free: Map,
}

impl<'a> Net<'a> {
    /// Around a face, on its own window. None where that lies outside the photo.
    pub fn of(kit: &'a Kit, spread: Spread) -> Option<Self> {
        let size = spread.rings.last().map_or(1.0, |ring| ring.0);
        let outer = ring(kit, size);
        let window = kit.window_around(Rect::around(outer.iter().copied()), 0.02)?;
        let mut points: Vec<Point> = (0..COUNT).map(|index| kit.mesh.point(index)).collect();
        spread.rings.iter().for_each(|(scale, _)| points.extend(ring(kit, *scale)));
        let flat: Vec<[f64; 2]> = points
            .iter()
            .map(|point| [point.x, -point.y].map(|value| f64::from(value / kit.fw)))
            .collect();
        let inside = region::fill(&window, &outer);
        let soft = region::fill(&window, &ring(kit, size * (1.0 - FADE)));
        let soft = region::feathered(&soft, kit.cells(&window, 0.04));
        let free = region::common(&inside, &soft);
        Some(Self { kit, spread, points, triangles: delaunay(&flat), window, free })
    }

    /// The field that takes the photo along where the points of the face move so, in pixels. It may be
    /// steep where lids and lips meet.
    pub fn field(&self, shifts: &[Place]) -> Field {
        let (kit, window) = (self.kit, &self.window);
        let [mut x, mut y] = self.mapped(shifts);
        let kept = self.spread.keeps.then(|| self.kept(shifts));
        for map in [&mut x, &mut y] {
            let smooth = region::feathered(map, kit.cells(window, self.spread.smooth));
            *map = map.each(|column, row| {
                let i = row * window.width + column;
                let kept = kept.as_ref().map_or(0.0, |kept| kept.values[i]);
                let (own, smooth) = (map.values[i], smooth.values[i]);
                (smooth + (own - smooth) * kept) * self.free.values[i]
            });
        }
        Field::of(*window, x, y)
    }

    /// Lips and lids where they come to lie.
    fn kept(&self, shifts: &[Place]) -> Map {
        let outlines: [&[usize]; 3] = [&LIPS, &LIDS[0], &LIDS[1]];
        let outlines: [Vec<Point>; 3] = outlines.map(|indices| {
            indices.iter().map(|&index| moved(self.points[index], shifts[index])).collect()
        });
        let all = region::fill_all(&self.window, outlines.iter().map(Vec::as_slice));
        let cells = self.kit.cells(&self.window, KEPT);
        region::feathered(&region::grown(&all, cells), cells)
    }

    /// Displacements in pixels, linear over the triangles.
    fn mapped(&self, shifts: &[Place]) -> [Map; 2] {
        let window = &self.window;
        let mut shifts = shifts[..COUNT].to_vec();
        let own: Vec<Place> = OVAL.iter().map(|&index| shifts[index]).collect();
        let mean =
            [0, 1].map(|axis| own.iter().map(|shift| shift[axis]).sum::<f32>() / own.len() as f32);
        for (_, share) in self.spread.rings {
            let part = |shift: &Place| -> Place {
                std::array::from_fn(|i| {
                    (shift[i] + (mean[i] - shift[i]) * self.spread.mean) * share
                })
            };
            shifts.extend(own.iter().map(part));
        }
        let [mut x, mut y] = [window.filled(0.0), window.filled(0.0)];
        for corners in &self.triangles {
            let ways = corners.map(|index| shifts[index]);
            let places = corners.map(|index| {
                let cell = window.cell(moved(self.points[index], shifts[index]));
                [cell.x, cell.y]
            });
            let [a, b, c] = places;
            // Counter-clockwise with y up is clockwise here; what has turned over is hidden.
            let area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
            if area > 0.0 {
                continue;
            }
            cells(places, window.width, window.height, |at, weights| {
                let sum = |axis: usize| (0..3).map(|i| ways[i][axis] * weights[i]).sum::<f32>();
                x.values[at] = -sum(0);
                y.values[at] = -sum(1);
            });
        }
        [x, y]
    }
}

/// The outline of a face, larger about its middle.
fn ring(kit: &Kit, scale: f32) -> Vec<Point> {
    let middle = kit.middle(&OVAL);
    let place = |Point { x, y }: Point| Point {
        x: middle.x + (x - middle.x) * scale,
        y: middle.y + (y - middle.y) * scale,
    };
    kit.polygon(&OVAL).into_iter().map(place).collect()
}

fn moved(Point { x, y }: Point, [right, down]: Place) -> Point {
    Point { x: x + right, y: y + down }
}

/// Points of a face and where they go for an expression.
#[derive(Clone, Debug)]
pub struct Motion<'a> {
    /// The face.
    pub kit: &'a Kit,
    /// By how much each of its points moves, in pixels.
    shifts: Vec<Place>,
}

impl<'a> Motion<'a> {
    /// Of shifts of the points, in pixels of the photo.
    pub fn of(kit: &'a Kit, shifts: Vec<Place>) -> Self {
        Self { kit, shifts }
    }

    /// Where a point of the mesh comes to lie.
    pub fn after(&self, index: usize) -> Point {
        moved(self.kit.mesh.point(index), self.shifts.get(index).copied().unwrap_or_default())
    }

    /// The same of several.
    pub fn all_after(&self, indices: &[usize]) -> Vec<Point> {
        indices.iter().map(|&index| self.after(index)).collect()
    }

    /// The field that takes the photo along; glasses stay. None where nothing moves, or outside the
    /// photo.
    pub fn field(&self) -> Option<Field> {
        if self.shifts.iter().flatten().all(|shift| shift.abs() < LEAST) {
            return None;
        }
        let mut field = Net::of(self.kit, EXPRESSION)?.field(&self.shifts);
        if self.kit.glasses {
            let frame = shape::glasses(self.kit);
            field.pin(|place| shape::held(&frame, place));
        }
        Some(field)
    }
}
