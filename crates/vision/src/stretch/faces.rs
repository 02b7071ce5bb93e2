//! The proportions of faces.
//!
//! Seen from afar, a face is its solid shape, turned, seen from the front and scaled: the two rows of
//! the affine map from the canonical face to its points in the photo are equally long. Where the photo
//! was stretched they are not, whichever way the face looks. People's faces differ by some 7 %.

use image::RgbImage;
use safelight_contract::Result;
use safelight_imaging::equations::solved;
use safelight_imaging::resize::{Filter, rgb};

use super::{Evidence, MOST};
use crate::Vision;
use crate::face::pose::CANONICAL;
use crate::face::{Mesh, Pose};

/// How much people's faces differ, as a logarithm.
const DEVIATION: f32 = 0.07;
/// Long side of what is looked at.
const SIDE: u32 = 1024;
/// Faces that are looked at, the largest first.
const FACES: usize = 8;
/// Smaller faces, in pixels of what is looked at, are too coarse.
const LEAST_FACE: f32 = 40.0;
/// A face that is turned further shows too little of its width.
const MOST_TURNED: f32 = 40.0;
/// How much wider than the canonical face the model finds faces of undistorted portraits: 1.15 and 1.17
/// on the two in `photos/`, whichever way they were stretched before.
const USUAL: f32 = 1.16;
/// Faces of one photo that differ by more than this, as a logarithm, tell nothing.
const MOST_SPREAD: f32 = 0.16;

/// What the faces of a photo tell; `None` without faces, or where they differ.
pub(super) fn evidence(vision: &Vision, photo: &RgbImage) -> Result<Option<Evidence>> {
    let mut found = None;
    // Strongly stretched faces are no faces for the detector, until the stretch is undone.
    for guess in [1.0, 1.6, 1.0 / 1.6] {
        found = settle(vision, photo, guess)?;
        if found.is_some() {
            break;
        }
    }
    Ok(found.map(|stretch| Evidence { ln_stretch: stretch.ln(), deviation: DEVIATION }))
}

/// Undoes the stretch found so far and looks again, as the models are best on natural faces.
fn settle(vision: &Vision, photo: &RgbImage, guess: f32) -> Result<Option<f32>> {
    let mut stretch = guess;
    for _ in 0..5 {
        let Some(rest) = measure(vision, &undone(photo, stretch))? else { return Ok(None) };
        stretch *= rest;
        if rest.ln().abs() < 0.015 || !(1.0 / MOST..=MOST).contains(&stretch) {
            break;
        }
    }
    Ok(Some(stretch))
}

/// A smaller version of the photo without the stretch.
fn undone(photo: &RgbImage, stretch: f32) -> RgbImage {
    let own = [photo.width() as f32 / stretch.sqrt(), photo.height() as f32 * stretch.sqrt()];
    let scale = (SIDE as f32 / own[0].max(own[1])).min(1.0);
    let [width, height] = own.map(|side| ((side * scale).round() as u32).max(1));
    rgb(photo, width, height, Filter::Bilinear)
}

/// The stretch that the faces of a photo agree on.
fn measure(vision: &Vision, photo: &RgbImage) -> Result<Option<f32>> {
    let mut logs = Vec::new();
    for face in vision.detect_faces(photo)?.iter().take(FACES) {
        if face.rect.width.max(face.rect.height) < LEAST_FACE {
            continue;
        }
        let mesh = vision.mesh(photo, face)?;
        if mesh.presence > 0.7 && Pose::of(&mesh).yaw.abs() < MOST_TURNED {
            logs.extend(proportion(&mesh).map(|factor| (factor / USUAL).ln()));
        }
    }
    if logs.is_empty() {
        return Ok(None);
    }
    logs.sort_by(f32::total_cmp);
    let spread = logs[logs.len() * 3 / 4] - logs[logs.len() / 4];
    let middle = (logs[(logs.len() - 1) / 2] + logs[logs.len() / 2]) / 2.0;
    Ok((spread <= MOST_SPREAD).then(|| middle.exp()))
}

/// How much longer the first row of the affine map from the canonical face is than the second.
fn proportion(mesh: &Mesh) -> Option<f32> {
    let total: f64 = CANONICAL.iter().map(|(_, weight, _)| weight).sum();
    let (mut middle, mut seen_middle) = ([0.0; 3], [0.0; 2]);
    let seen = |index: usize| [0, 1].map(|axis| f64::from(mesh.points[index][axis]));
    for (index, weight, point) in CANONICAL {
        (0..3).for_each(|i| middle[i] += weight * point[i] / total);
        (0..2).for_each(|i| seen_middle[i] += weight * seen(*index)[i] / total);
    }
    let (mut own, mut joint) = ([[0.0; 3]; 3], [[0.0; 3]; 2]);
    for (index, weight, point) in CANONICAL {
        let place: [f64; 3] = std::array::from_fn(|i| point[i] - middle[i]);
        let seen = seen(*index);
        for i in 0..3 {
            (0..3).for_each(|j| own[i][j] += weight * place[i] * place[j]);
            (0..2).for_each(|j| joint[j][i] += weight * (seen[j] - seen_middle[j]) * place[i]);
        }
    }
    let rows = [solved(own, joint[0])?, solved(own, joint[1])?];
    let [across, down] = rows.map(|row| row.iter().map(|v| v * v).sum::<f64>().sqrt());
    (across > 1e-9 && down > 1e-9).then(|| (across / down) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::mesh::POINTS;

    /// The canonical face turned about the vertical and the horizontal axis, then stretched.
    fn mesh(yaw: f64, pitch: f64, stretch: f64) -> Mesh {
        let mut points = [[0.0; 3]; POINTS];
        for (index, _, [x, y, z]) in CANONICAL {
            let (x, z) = (x * yaw.cos() + z * yaw.sin(), z * yaw.cos() - x * yaw.sin());
            let y = y * pitch.cos() - z * pitch.sin();
            points[*index] = [(x * 20.0 * stretch) as f32, (-y * 20.0) as f32, 0.0];
        }
        Mesh { points, presence: 1.0 }
    }

    #[test]
    fn the_stretch_is_found_whichever_way_the_face_looks() {
        for (yaw, pitch) in [(0.0, 0.0), (0.4, 0.1), (-0.6, -0.3), (0.1, 0.5)] {
            for stretch in [0.5, 0.8, 1.0, 1.3, 2.0] {
                let found = proportion(&mesh(yaw, pitch, stretch)).expect("a proportion");
                assert!((f64::from(found) / stretch - 1.0).abs() < 1e-3, "{found} for {stretch}");
            }
        }
    }

    #[test]
    fn a_point_has_no_proportions() {
        assert_eq!(proportion(&Mesh { points: [[0.0; 3]; POINTS], presence: 1.0 }), None);
    }
}
