//! Shapes of the face and of the nose, from the mesh turned to look into the camera.

use super::{Trait, Traits};
use crate::face::pose::Turn;

/// The outline of a face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaceShape {
    /// A broad jaw.
    Square,
    /// A jaw broader than the forehead.
    Triangular,
    /// Longer than broad, round at both ends.
    Oval,
    /// A broad forehead over a narrow chin.
    Heart,
    /// About as long as broad.
    Round,
}

/// The shape of a nose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoseShape {
    /// The tip points up.
    Upturned,
    /// The bridge stands out over the line from root to tip.
    Hooked,
    /// None of the others.
    Ordinary,
    /// The tip is broad.
    RoundTip,
}

impl Traits<'_> {
    /// A point of the mesh turned to look into the camera: x to the right, y up, z to the camera.
    fn straight(&self, turn: &Turn, index: usize) -> [f32; 3] {
        let [x, y, z] = self.mesh.points[index].map(f64::from);
        turn.undone([x, -y, -z]).map(|value| value as f32)
    }

    /// The outline of the face.
    pub fn face_shape(&self) -> Trait<FaceShape> {
        let turn = Turn::of(self.mesh);
        let place = |index: usize| self.straight(&turn, index);
        let across = |a: usize, b: usize| (place(a)[0] - place(b)[0]).abs();
        let cheeks = across(234, 454).max(f32::MIN_POSITIVE);
        let length = (place(10)[1] - place(152)[1]).abs() / cheeks;
        let (forehead, jaw) = (across(103, 332) / cheeks, across(172, 397) / cheeks);
        let chin = across(176, 400) / cheeks;
        // How far each shape is from what it is known by; the nearest counts.
        let distance = [
            (FaceShape::Square, (0.86 - jaw).max(0.0) * 6.0 + (0.34 - chin).max(0.0) * 6.0),
            (FaceShape::Triangular, (jaw - forehead - 0.12).min(0.0).abs() * 6.0),
            (
                FaceShape::Heart,
                (forehead - jaw + 0.0).min(0.0).abs() * 6.0 + (chin - 0.26).max(0.0) * 8.0,
            ),
            (FaceShape::Round, (length - 1.12).max(0.0) * 5.0),
            (FaceShape::Oval, 0.30),
        ];
        nearest(&distance, 0.12)
    }

    /// The shape of the nose.
    pub fn nose_shape(&self) -> Trait<NoseShape> {
        let turn = Turn::of(self.mesh);
        let place = |index: usize| self.straight(&turn, index);
        let (root, tip, base, bridge) = (place(168), place(4), place(2), place(197));
        let height = (root[1] - base[1]).abs().max(f32::MIN_POSITIVE);
        // How far the bridge stands before the line from root to tip.
        let down = (root[1] - bridge[1]) / (root[1] - tip[1]).abs().max(f32::MIN_POSITIVE);
        let line = root[2] + (tip[2] - root[2]) * down;
        let hook = (bridge[2] - line) / height;
        // How steeply the underside rises to the tip.
        let rise = (tip[1] - base[1]) / (tip[2] - base[2]).abs().max(f32::MIN_POSITIVE);
        let breadth = (place(45)[0] - place(275)[0]).abs() / (place(129)[0] - place(358)[0]).abs();
        let distance = [
            (NoseShape::Hooked, (0.02 - hook).max(0.0) * 20.0),
            (NoseShape::Upturned, (1.05 - rise).max(0.0) * 2.5),
            (NoseShape::RoundTip, (0.62 - breadth).max(0.0) * 8.0),
            (NoseShape::Ordinary, 0.30),
        ];
        nearest(&distance, 0.12)
    }
}

/// The class with the smallest distance, and how much it stands out.
fn nearest<T: Copy>(distances: &[(T, f32)], softness: f32) -> Trait<T> {
    let weight = |distance: f32| (-distance / softness).exp();
    let total: f32 = distances.iter().map(|(_, distance)| weight(*distance)).sum();
    let best = distances.iter().min_by(|a, b| a.1.total_cmp(&b.1)).expect("there are classes");
    Trait { class: best.0, probability: weight(best.1) / total.max(f32::MIN_POSITIVE) }
}
