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

/// Rings around the face, by the size of its outline, and how much of its movement they take.
const RINGS: [(f32, f32); 2] = [(1.25, 0.35), (1.5, 0.0)];
/// How wide movements are smoothed, but on lips and lids, around which they are kept so far and so
/// softly.
const SMOOTH: f32 = 0.03;
const KEPT: f32 = 0.02;
/// Movements of less than this many pixels are none.
const LEAST: f32 = 0.02;

/// Points of a face and where they go.
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
        let Point { x, y } = self.kit.mesh.point(index);
        let [right, down] = self.shifts.get(index).copied().unwrap_or_default();
        Point { x: x + right, y: y + down }
    }

    /// The same of several.
    pub fn all_after(&self, indices: &[usize]) -> Vec<Point> {
        indices.iter().map(|&index| self.after(index)).collect()
    }

    /// The field that takes the photo along. None where nothing moves, or outside the photo. It may be
    /// steep where lids and lips meet.
    pub fn field(&self) -> Option<Field> {
        if self.shifts.iter().flatten().all(|shift| shift.abs() < LEAST) {
            return None;
        }
        let outer = self.ring(RINGS[1].0);
        let window = self.kit.window_around(Rect::around(outer.iter().copied()), 0.02)?;
        let [mut x, mut y] = self.mapped(&window);
        let kept = self.kept(&window);
        let inside = region::fill(&window, &outer);
        let soft = region::fill(&window, &self.ring(1.38));
        let soft = region::feathered(&soft, self.kit.cells(&window, 0.04));
        let free = region::common(&inside, &soft);
        let free = match self.kit.glasses {
            true => {
                let frame = shape::glasses(self.kit);
                free.join(&window.map(|place| shape::held(&frame, place)), |free, held| {
                    free * (1.0 - held)
                })
            }
            false => free,
        };
        for map in [&mut x, &mut y] {
            let smooth = region::feathered(map, self.kit.cells(&window, SMOOTH));
            *map = map.each(|column, row| {
                let i = row * window.width + column;
                let (own, kept) = (map.values[i], kept.values[i]);
                (own * kept + smooth.values[i] * (1.0 - kept)) * free.values[i]
            });
        }
        Some(Field::of(window, x, y))
    }

    /// The outline of the face, larger about its middle.
    fn ring(&self, scale: f32) -> Vec<Point> {
        let middle = self.kit.middle(&OVAL);
        let place = |Point { x, y }: Point| Point {
            x: middle.x + (x - middle.x) * scale,
            y: middle.y + (y - middle.y) * scale,
        };
        self.kit.polygon(&OVAL).into_iter().map(place).collect()
    }

    /// Lips and lids where they come to lie.
    fn kept(&self, window: &Window) -> Map {
        let outlines: [&[usize]; 3] = [&LIPS, &LIDS[0], &LIDS[1]];
        let outlines = outlines.map(|indices| self.all_after(indices));
        let all = region::fill_all(window, outlines.iter().map(Vec::as_slice));
        let cells = self.kit.cells(window, KEPT);
        region::feathered(&region::grown(&all, cells), cells)
    }

    /// Displacements in pixels, linear over triangles between the points.
    fn mapped(&self, window: &Window) -> [Map; 2] {
        let mut before: Vec<Point> = (0..COUNT).map(|index| self.kit.mesh.point(index)).collect();
        let mut shifts = self.shifts.clone();
        shifts.truncate(COUNT);
        for (scale, share) in RINGS {
            before.extend(self.ring(scale));
            let moves = OVAL.iter().map(|&index| self.shifts[index].map(|shift| shift * share));
            shifts.extend(moves.collect::<Vec<_>>());
        }
        let flat: Vec<[f64; 2]> = before
            .iter()
            .map(|point| [point.x, -point.y].map(|value| f64::from(value / self.kit.fw)))
            .collect();
        let [mut x, mut y] = [window.filled(0.0), window.filled(0.0)];
        for corners in delaunay(&flat) {
            let ways = corners.map(|index| shifts[index]);
            let places = corners.map(|index| {
                let Point { x, y } = before[index];
                let [right, down] = shifts[index];
                let cell = window.cell(Point { x: x + right, y: y + down });
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
