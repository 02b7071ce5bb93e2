//! Shapes of face paint, in centimetres on the canonical face: x to the right from the middle of the
//! face, y up from the bridge of the nose.

use safelight_imaging::color::smoothstep;
use serde::Deserialize;

use crate::canonical;
use crate::dice::Noise;
use crate::path::{Path, along, distance, inside, turned, unit};
use crate::strokes::Place;

/// A shape as designs name it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Shape {
    /// The whole face.
    Face {},
    /// A filled ellipse; at `eye` its middle is counted from that of the eye.
    Ellipse {
        at: Place,
        radii: Place,
        #[serde(default)]
        eye: bool,
    },
    /// A soft spot: a bell of these standard deviations.
    Glow {
        at: Place,
        radii: Place,
        #[serde(default)]
        eye: bool,
    },
    /// A filled polygon.
    Polygon { points: Vec<Place> },
    /// A smooth line, its width at both ends.
    Line { points: Vec<Place>, width: Place },
    /// Round dots.
    Dots { points: Vec<Place>, radius: f32 },
    /// Discs in a ring.
    Petals {
        at: Place,
        #[serde(default)]
        eye: bool,
        count: usize,
        ring: f32,
        size: f32,
    },
    /// Short strokes across a line.
    Stitches { points: Vec<Place>, pitch: f32, length: f32, width: f32 },
    /// Upright bars along a bent row: teeth.
    Teeth { y: f32, bend: f32, half: f32, pitch: f32, reach: f32, width: f32 },
    /// Threads from a place, and threads across them: a web.
    Web { at: Place, from: f32, to: f32, rays: usize, rings: usize, length: f32, width: f32 },
    /// Scales in a region.
    Scales { at: Place, radii: Place, size: f32, width: f32 },
    /// Blotches of noise all over the face: their size, and how much stays free, -1 to 1.
    Mottle { size: f32, above: f32 },
    /// Bands all over the face: how far apart, how wide as a share, their direction in degrees.
    Bands { pitch: f32, share: f32, angle: f32 },
}

/// What is left of shapes when they are painted.
#[derive(Clone, Debug)]
pub(super) enum Mark {
    Face,
    Ellipse {
        at: Place,
        radii: Place,
    },
    Glow {
        at: Place,
        radii: Place,
    },
    Polygon(Vec<Place>),
    /// Places with the width of the line there.
    Line(Vec<(Place, f32)>),
    Mottle {
        size: f32,
        above: f32,
    },
    Bands {
        pitch: f32,
        share: f32,
        angle: f32,
    },
}

/// The middle of the eye on the right of the picture.
fn eye_middle() -> Place {
    let [outer, inner] = [263, 362].map(canonical::point);
    [(outer[0] + inner[0]) / 2.0, (outer[1] + inner[1]) / 2.0]
}

/// 0 in the middle of the face, 1 at its rim.
pub(super) fn rim(x: f32, y: f32) -> f32 {
    (x / 8.0).hypot((y + 0.3) / 9.6)
}

impl Shape {
    /// The marks that it is made of.
    pub fn marks(&self) -> Vec<Mark> {
        let middle = |at: &Place, eye: bool| {
            let from = if eye { eye_middle() } else { [0.0; 2] };
            [at[0] + from[0], at[1] + from[1]]
        };
        match self {
            Self::Face {} => vec![Mark::Face],
            Self::Ellipse { at, radii, eye } => {
                vec![Mark::Ellipse { at: middle(at, *eye), radii: *radii }]
            }
            Self::Glow { at, radii, eye } => {
                vec![Mark::Glow { at: middle(at, *eye), radii: *radii }]
            }
            Self::Polygon { points } => {
                // Over the middle of the face, so that mirrored halves have no seam.
                let over = |&[x, y]: &Place| if x == 0.0 { [-0.4, y] } else { [x, y] };
                vec![Mark::Polygon(points.iter().map(over).collect())]
            }
            Self::Line { points, width } => vec![line(points, *width)],
            Self::Dots { points, radius } => {
                points.iter().map(|&at| Mark::Ellipse { at, radii: [*radius; 2] }).collect()
            }
            Self::Petals { at, eye, count, ring, size } => {
                let at = middle(at, *eye);
                let turn = |i: usize| std::f32::consts::TAU * i as f32 / (*count).max(1) as f32;
                let disc = |i| {
                    let way = turned([0.0, 1.0], turn(i));
                    Mark::Ellipse { at: along(at, way, *ring), radii: [*size; 2] }
                };
                (0..*count).map(disc).collect()
            }
            Self::Stitches { points, pitch, length, width } => {
                let path = Path::through(points);
                let count = (path.length() / pitch).floor().max(1.0) as usize;
                let stitch = |i: usize| {
                    let t = (i as f32 + 0.5) / count as f32;
                    let across = turned(path.direction(t), std::f32::consts::FRAC_PI_2);
                    let ends = [-0.5, 0.5].map(|half| along(path.at(t), across, half * length));
                    line(&ends, [*width; 2])
                };
                (0..count).map(stitch).collect()
            }
            Self::Teeth { y, bend, half, pitch, reach, width } => {
                teeth([*y, *bend, *half], *pitch, *reach, *width)
            }
            Self::Web { at, from, to, rays, rings, length, width } => {
                web(*at, [*from, *to], [*rays, *rings], *length, *width)
            }
            Self::Scales { at, radii, size, width } => scales(*at, *radii, *size, *width),
            Self::Mottle { size, above } => vec![Mark::Mottle { size: *size, above: *above }],
            Self::Bands { pitch, share, angle } => {
                vec![Mark::Bands { pitch: *pitch, share: *share, angle: angle.to_radians() }]
            }
        }
    }
}

/// A smooth line whose width goes from one to the other.
fn line(points: &[Place], [from, to]: Place) -> Mark {
    let path = Path::through(points);
    let count = points.len() * 5;
    let places = (0..=count).map(|i| {
        let t = i as f32 / count as f32;
        (path.at(t), from + (to - from) * t)
    });
    Mark::Line(places.collect())
}

fn teeth([y, bend, half]: [f32; 3], pitch: f32, reach: f32, width: f32) -> Vec<Mark> {
    let row = |x: f32| y + bend * x * x;
    let count = (reach / pitch) as usize;
    let mut marks: Vec<Mark> = (0..=count)
        .map(|i| {
            let x = i as f32 * pitch;
            let half = half * (1.0 - (x / (reach * 1.05)).powi(2)).max(0.0).sqrt();
            line(&[[x, row(x) + half], [x, row(x)], [x, row(x) - half]], [width, width])
        })
        .collect();
    let ends: Vec<Place> = [0.0, 0.33, 0.66, 1.0].map(|s| [reach * s, row(reach * s)]).to_vec();
    marks.push(line(&ends, [width * 1.1, width * 0.5]));
    marks
}

fn web(
    at: Place,
    [from, to]: Place,
    [rays, rings]: [usize; 2],
    length: f32,
    width: f32,
) -> Vec<Mark> {
    let way = |i: usize| {
        let angle = from + (to - from) * i as f32 / (rays - 1).max(1) as f32;
        turned([1.0, 0.0], angle.to_radians())
    };
    let mut marks: Vec<Mark> = (0..rays)
        .map(|i| {
            line(&[at, along(at, way(i), length * 0.5), along(at, way(i), length)], [width; 2])
        })
        .collect();
    for ring in 1..=rings {
        let far = length * ring as f32 / (rings as f32 + 0.4);
        for i in 1..rays {
            let [one, two] = [i - 1, i].map(|i| along(at, way(i), far));
            let half = unit([(way(i - 1)[0] + way(i)[0]), (way(i - 1)[1] + way(i)[1])]);
            let sag = along(at, half, far * 0.86);
            marks.push(line(&[one, sag, two], [width * 0.8; 2]));
        }
    }
    marks
}

fn scales(at: Place, radii: Place, size: f32, width: f32) -> Vec<Mark> {
    let rows = (radii[1] / size) as i32 + 1;
    let columns = (radii[0] / (2.0 * size)) as i32 + 1;
    let mut marks = Vec::new();
    for row in -rows..=rows {
        for column in -columns..=columns {
            let shift = if row.rem_euclid(2) == 0 { 0.0 } else { size };
            let place = [at[0] + column as f32 * 2.0 * size + shift, at[1] + row as f32 * size];
            let out = ((place[0] - at[0]) / radii[0]).hypot((place[1] - at[1]) / radii[1]);
            if out < 1.0 && place[0] > -size {
                let arc = [0.15, 0.5, 0.85].map(|t: f32| {
                    along(place, turned([1.0, 0.0], -std::f32::consts::PI * t), size)
                });
                let fade = width * (1.1 - 0.6 * out);
                marks.push(line(&arc, [fade; 2]));
            }
        }
    }
    marks
}

impl Mark {
    /// How much paint lies at a place, 0 to 1; edges are `cell` wide.
    pub fn at(&self, place: Place, noise: &Noise, cell: f32) -> f32 {
        let soft = cell.max(0.06);
        let [x, y] = place;
        match self {
            Self::Face => {
                let wavy = rim(x, y) - 1.0 + 0.02 * noise.at(x * 1.4, y * 1.4);
                1.0 - smoothstep(-0.20, 0.10, wavy)
            }
            Self::Ellipse { at, radii } => {
                let out = ((x - at[0]) / radii[0]).hypot((y - at[1]) / radii[1]);
                let far = (out - 1.0) * radii[0].min(radii[1]);
                1.0 - smoothstep(-soft, soft, far)
            }
            Self::Glow { at, radii } => {
                let (u, v) = ((x - at[0]) / radii[0], (y - at[1]) / radii[1]);
                (-(u * u + v * v)).exp()
            }
            Self::Polygon(points) => {
                let next = points.iter().cycle().skip(1);
                let far = points.iter().zip(next).map(|(a, b)| to_piece(place, *a, *b).0);
                let far = far.fold(f32::INFINITY, f32::min);
                let far = if inside(points, place) { -far } else { far };
                1.0 - smoothstep(-soft, soft, far)
            }
            Self::Line(places) => {
                let most = places.windows(2).map(|pair| {
                    let ((a, from), (b, to)) = (pair[0], pair[1]);
                    let (far, t) = to_piece(place, a, b);
                    let width = from + (to - from) * t;
                    let held = width.max(0.8 * cell);
                    let share = width / held.max(1e-3);
                    share * (1.0 - smoothstep(-soft / 2.0, soft / 2.0, far - held / 2.0))
                });
                most.fold(0.0, f32::max)
            }
            Self::Mottle { size, above } => {
                let value = 0.65 * noise.at(x / size, y / size)
                    + 0.35 * noise.at(x * 2.3 / size, y * 2.3 / size);
                let on_face = 1.0 - smoothstep(0.8, 1.0, rim(x, y));
                smoothstep(above - 0.12, above + 0.12, value) * on_face
            }
            Self::Bands { pitch, share, angle } => {
                let wavy = 0.12 * noise.at(x * 0.7, y * 0.7);
                let way = turned([x, y], -angle)[1] / pitch + wavy;
                let far = (way.rem_euclid(1.0) - 0.5).abs() * pitch - share * pitch / 2.0;
                let on_face = 1.0 - smoothstep(0.88, 1.0, rim(x, y));
                (1.0 - smoothstep(-soft, soft, far)) * on_face
            }
        }
    }
}

/// How far a place is from a piece of a line, and where along it the nearest place lies, 0 to 1.
fn to_piece([x, y]: Place, a: Place, b: Place) -> (f32, f32) {
    let way = [b[0] - a[0], b[1] - a[1]];
    let square = (way[0] * way[0] + way[1] * way[1]).max(1e-9);
    let t = (((x - a[0]) * way[0] + (y - a[1]) * way[1]) / square).clamp(0.0, 1.0);
    (distance([x, y], [a[0] + t * way[0], a[1] + t * way[1]]), t)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::Dice;

    #[test]
    fn marks_cover_what_they_name() {
        let noise = Dice::new(3).noise();
        let at = |shape: Shape, place| {
            shape.marks().iter().fold(0.0, |m: f32, mark| m.max(mark.at(place, &noise, 0.1)))
        };
        assert!(at(Shape::Face {}, [0.0, 0.0]) > 0.99 && at(Shape::Face {}, [9.5, 0.0]) < 0.01);
        let eye = || Shape::Ellipse { at: [0.0; 2], radii: [1.0; 2], eye: true };
        assert!(at(eye(), [3.2, 2.4]) > 0.99 && at(eye(), [0.0, 2.4]) < 0.01);
        let line = || Shape::Line { points: vec![[0.0, 0.0], [4.0, 0.0]], width: [0.5, 0.1] };
        assert!(at(line(), [0.2, 0.0]) > 0.99 && at(line(), [2.0, 1.0]) < 0.01);
        let square = vec![[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]];
        let square = || Shape::Polygon { points: square.clone() };
        assert!(at(square(), [1.0, 1.0]) > 0.99 && at(square(), [3.0, 1.0]) < 0.01);
    }
}
