//! The canonical face: a flat frame in centimetres (x to the right, y up) in which every face has the
//! same places, and the way from it to a face in a photo and back.

mod points;

use std::sync::LazyLock;

use safelight_imaging::map::Map;

use crate::strokes::Place;

/// Points on the face.
pub const COUNT: usize = 468;
/// The width of the canonical face in centimetres: what `fw` is in a photo.
pub const WIDTH: f32 = 15.32;

/// Corners of the triangles between the points: their Delaunay triangulation by x and y.
static TRIANGLES: LazyLock<Vec<[usize; 3]>> = LazyLock::new(|| {
    let flat: Vec<[f64; 2]> =
        points::POINTS.iter().map(|&[x, y, _]| [f64::from(x), f64::from(y)]).collect();
    delaunay(&flat)
});

/// A point of the canonical face without its depth.
pub fn point(index: usize) -> Place {
    let [x, y, _] = points::POINTS[index];
    [x, y]
}

/// A point of the canonical face in space: z towards the camera.
pub fn place(index: usize) -> [f32; 3] {
    points::POINTS[index]
}

/// A face on the canonical one.
pub struct Chart {
    /// The points, and how far the surface at each faces the camera: the cosine of its normal.
    corners: Vec<(Place, f32)>,
}

/// What the chart says of a canonical place.
#[derive(Clone, Copy, Debug)]
pub struct Spot {
    /// Where it lies.
    pub place: Place,
    /// How far it faces the camera, -1 to 1.
    pub facing: f32,
    /// What one centimetre to the right and one up become.
    pub axes: [Place; 2],
}

impl Spot {
    /// What a canonical direction becomes, with its length: foreshortened where the face turns away.
    pub fn direction(&self, [x, y]: Place) -> Place {
        let [right, up] = self.axes;
        [right[0] * x + up[0] * y, right[1] * x + up[1] * y]
    }
}

/// The canonical frame over a grid of cells.
pub struct Grid {
    /// x of each cell in centimetres, not a number outside the face.
    pub x: Map,
    /// y.
    pub y: Map,
    /// How far each cell faces the camera.
    pub facing: Map,
}

impl Chart {
    /// Of the points of a face: x to the right and y down, z away from the camera, in one unit.
    pub fn of(mesh: &[[f32; 3]]) -> Self {
        let mut normals = vec![[0.0_f32; 3]; COUNT];
        for corners in TRIANGLES.iter() {
            let [a, b, c] = corners.map(|index| mesh[index]);
            // In the canonical frame the corners run counter-clockwise, so that this looks outwards.
            let normal = cross(minus(b, a), minus(c, a));
            for &index in corners {
                normals[index] = std::array::from_fn(|i| normals[index][i] + normal[i]);
            }
        }
        let facing = normals.iter().map(|&[x, y, z]| {
            let length = (x * x + y * y + z * z).sqrt().max(1e-9);
            -z / length
        });
        let places = mesh.iter().map(|&[x, y, _]| [x, y]);
        let corners: Vec<(Place, f32)> = places.zip(facing).collect();
        // The middle of the face looks at the camera, whichever way the corners run.
        let sign = if corners[4].1 + corners[9].1 < 0.0 { -1.0 } else { 1.0 };
        Self { corners: corners.into_iter().map(|(place, f)| (place, f * sign)).collect() }
    }

    /// Where a canonical place lies on the face; none outside it.
    pub fn spot(&self, place: Place) -> Option<Spot> {
        TRIANGLES.iter().find_map(|&corners| {
            let flat = corners.map(point);
            let weights = barycentric(flat, place)?;
            let seen = corners.map(|index| self.corners[index]);
            let sum = |value: [f32; 3]| (0..3).map(|i| value[i] * weights[i]).sum::<f32>();
            let axes = [[1.0, 0.0], [0.0, 1.0]].map(|[x, y]: Place| {
                let moved = weights_of(flat, [place[0] + x, place[1] + y]);
                let way: [f32; 3] = std::array::from_fn(|i| moved[i] - weights[i]);
                [0, 1].map(|axis| (0..3).map(|i| seen[i].0[axis] * way[i]).sum::<f32>())
            });
            Some(Spot {
                place: [0, 1].map(|axis| sum(seen.map(|(place, _)| place[axis]))),
                facing: sum(seen.map(|(_, facing)| facing)),
                axes,
            })
        })
    }

    /// The canonical place of every cell of a grid whose cells the points count in. Where parts of the
    /// face lie one over the other, the one that faces the camera more counts.
    pub fn grid(&self, width: usize, height: usize) -> Grid {
        let filled = |value: f32| Map { width, height, values: vec![value; width * height] };
        let mut grid = Grid { x: filled(f32::NAN), y: filled(f32::NAN), facing: filled(-2.0) };
        for &corners in TRIANGLES.iter() {
            let seen = corners.map(|index| self.corners[index]);
            let (places, flat) = (seen.map(|(place, _)| place), corners.map(point));
            cells(places, width, height, |at, weights| {
                let sum = |value: [f32; 3]| (0..3).map(|i| value[i] * weights[i]).sum::<f32>();
                let facing = sum(seen.map(|(_, facing)| facing));
                if facing > grid.facing.values[at] {
                    grid.facing.values[at] = facing;
                    grid.x.values[at] = sum(flat.map(|[x, _]| x));
                    grid.y.values[at] = sum(flat.map(|[_, y]| y));
                }
            });
        }
        grid
    }
}

/// Calls `paint` with every cell of a grid whose middle lies in a triangle, by its index row by row, and
/// with its barycentric coordinates.
pub(crate) fn cells(
    corners: [Place; 3],
    width: usize,
    height: usize,
    mut paint: impl FnMut(usize, [f32; 3]),
) {
    let range = |axis: usize, length: usize| {
        let values = corners.map(|place| place[axis]);
        let low = values.into_iter().fold(f32::INFINITY, f32::min).ceil().max(0.0);
        let high = values.into_iter().fold(f32::NEG_INFINITY, f32::max).floor();
        low as usize..((high + 1.0).max(0.0) as usize).min(length)
    };
    for y in range(1, height) {
        for x in range(0, width) {
            if let Some(weights) = barycentric(corners, [x as f32, y as f32]) {
                paint(y * width + x, weights);
            }
        }
    }
}

fn minus(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    std::array::from_fn(|i| a[i] - b[i])
}

fn cross([a, b, c]: [f32; 3], [x, y, z]: [f32; 3]) -> [f32; 3] {
    [b * z - c * y, c * x - a * z, a * y - b * x]
}

/// The barycentric coordinates of a place, whether it lies inside or not.
fn weights_of([a, b, c]: [Place; 3], [x, y]: Place) -> [f32; 3] {
    let area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
    let area = if area.abs() < 1e-9 { 1e-9_f32.copysign(area) } else { area };
    let second = ((x - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (y - a[1])) / area;
    let third = ((b[0] - a[0]) * (y - a[1]) - (x - a[0]) * (b[1] - a[1])) / area;
    [1.0 - second - third, second, third]
}

/// The same for a place inside the triangle, or on its edge.
fn barycentric(corners: [Place; 3], place: Place) -> Option<[f32; 3]> {
    let weights = weights_of(corners, place);
    weights.iter().all(|&weight| weight >= -1e-4).then_some(weights)
}

/// Delaunay triangulation (Bowyer 1981, Watson 1981), corners counter-clockwise.
pub(crate) fn delaunay(points: &[[f64; 2]]) -> Vec<[usize; 3]> {
    const FAR: f64 = 1e5;
    let count = points.len();
    let mut all = points.to_vec();
    all.extend([[-FAR, -FAR], [FAR, -FAR], [0.0, FAR]]);
    let mut triangles = vec![[count, count + 1, count + 2]];
    for (index, place) in points.iter().enumerate() {
        let (hit, kept): (Vec<_>, Vec<_>) =
            triangles.into_iter().partition(|&t: &[usize; 3]| in_circle(t.map(|i| all[i]), *place));
        triangles = kept;
        let edges: Vec<[usize; 2]> =
            hit.iter().flat_map(|&[a, b, c]| [[a, b], [b, c], [c, a]]).collect();
        // The border of the hole: edges that no second triangle of it has.
        let border = edges.iter().filter(|[a, b]| !edges.contains(&[*b, *a]));
        triangles.extend(border.map(|&[a, b]| [a, b, index]));
    }
    triangles.retain(|triangle| triangle.iter().all(|&corner| corner < count));
    triangles
}

/// Whether a place lies in the circle around a triangle whose corners run counter-clockwise.
fn in_circle([a, b, c]: [[f64; 2]; 3], place: [f64; 2]) -> bool {
    let [a, b, c] = [a, b, c].map(|[x, y]| {
        let (x, y) = (x - place[0], y - place[1]);
        [x, y, x * x + y * y]
    });
    let minor = |p: [f64; 3], q: [f64; 3]| p[1] * q[2] - p[2] * q[1];
    a[0] * minor(b, c) - b[0] * minor(a, c) + c[0] * minor(a, b) > 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The canonical face as a mesh in a photo, turned to a side by an angle.
    fn mesh(angle: f32) -> Vec<[f32; 3]> {
        let (sin, cos) = angle.sin_cos();
        let turned = |[x, y, z]: [f32; 3]| [x * cos + z * sin, y, z * cos - x * sin];
        points::POINTS
            .iter()
            .map(|&place| {
                let [x, y, z] = turned(place);
                [200.0 + 10.0 * x, 150.0 - 10.0 * y, -10.0 * z]
            })
            .collect()
    }

    #[test]
    fn triangles_cover_the_whole_face() {
        // 2·points - 2 - corners of the convex hull.
        assert_eq!(TRIANGLES.len(), 898);
        let mut hull = 0.0;
        for &[a, b, c] in TRIANGLES.iter() {
            let [a, b, c] = [a, b, c].map(point);
            let area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
            assert!(area > -1e-6);
            hull += area / 2.0;
        }
        assert!((180.0..300.0).contains(&hull), "{hull}");
        let chart = Chart::of(&mesh(0.0));
        for y in -8..8 {
            for x in -5..=5 {
                assert!(chart.spot([x as f32, y as f32 * 0.9]).is_some(), "{x} {y}");
            }
        }
    }

    #[test]
    fn there_and_back() {
        let chart = Chart::of(&mesh(0.0));
        let spot = chart.spot([1.5, -3.0]).expect("on the face");
        assert!((spot.place[0] - 215.0).abs() < 0.01 && (spot.place[1] - 180.0).abs() < 0.01);
        let right = spot.direction([1.0, 0.0]);
        assert!((right[0] - 10.0).abs() < 0.01 && right[1].abs() < 0.01, "{right:?}");
        assert!(chart.spot([30.0, 0.0]).is_none());
        let grid = chart.grid(400, 300);
        let at = 180 * 400 + 215;
        assert!((grid.x.values[at] - 1.5).abs() < 0.01 && (grid.y.values[at] + 3.0).abs() < 0.01);
        assert!(grid.x.values[0].is_nan());
    }

    #[test]
    fn the_far_cheek_turns_away() {
        let chart = Chart::of(&mesh(0.6));
        let facing = |place| chart.spot(place).expect("on the face").facing;
        assert!(facing([0.0, 0.0]) > 0.5);
        let (near, far) = (facing([6.5, -2.0]), facing([-6.5, -2.0]));
        assert!((near - far).abs() > 0.5, "{near} {far}");
    }
}
