//! Rendered clips of a head that moves, for the tests of this crate and of the server: a portrait, warped
//! frame by frame, encoded as somebody's telephone would.

use image::RgbImage;
use safelight_effects::atlas::EARS;
use safelight_effects::canonical::COUNT;
use safelight_effects::expression::{self, HEAD, Motion, Net};
use safelight_effects::{Kit, field};
use safelight_video::Clip;
use safelight_vision::Vision;
use safelight_vision::face::Face;

/// What the head does at a moment: turns to the side and up, in degrees, and closes its eyes.
#[derive(Clone, Copy)]
pub struct Move {
    pub yaw: f32,
    pub pitch: f32,
    pub closed: f32,
}

/// It does nothing.
pub const STILL: Move = Move { yaw: 0.0, pitch: 0.0, closed: 0.0 };
/// Frames of a second.
pub const RATE: u32 = 12;

/// A clip of a portrait that moves, rendered by warps.
pub fn clip(vision: &Vision, photo: &RgbImage, moves: &[Move]) -> Vec<u8> {
    let found = vision.detect_faces(photo).expect("a face");
    let kit = Kit::of(&Face::new(vision, photo, found[0])).expect("a kit");
    let net = Net::of(&kit, HEAD).expect("in the photo");
    let blink = expression::find("blink").expect("an expression");
    let mut clip = Clip::new(photo.dimensions(), RATE).expect("starts");
    for step in moves {
        let mut fields = vec![net.field(&turned(&kit, *step))];
        if step.closed > 0.0 {
            fields.extend(Motion::of(&kit, blink.shifts(&kit, step.closed)).field());
        }
        clip.push(&field::bent(photo, &fields)).expect("encodes");
    }
    clip.finish().expect("a file")
}

/// The way of each point of a head that turns about the middle of its ears.
fn turned(kit: &Kit, step: Move) -> Vec<[f32; 2]> {
    let points = &kit.mesh.points;
    let middle: [f32; 3] = std::array::from_fn(|i| (points[EARS[0]][i] + points[EARS[1]][i]) / 2.0);
    let (sy, cy) = step.yaw.to_radians().sin_cos();
    let (sp, cp) = step.pitch.to_radians().sin_cos();
    let way = |point: &[f32; 3]| {
        let [x, y, z]: [f32; 3] = std::array::from_fn(|i| point[i] - middle[i]);
        let (across, depth) = (x * cy - z * sy, x * sy + z * cy);
        [across - x, y * cp + depth * sp - y]
    };
    points[..COUNT].iter().map(way).collect()
}
