//! Fuller lips: their outline moved outwards, the opening of the mouth kept.

use image::RgbImage;
use safelight_imaging::map::Map;
use safelight_vision::face::{Point, Rect};

use super::Canvas;
use crate::atlas::{LIPS, MOUTH};
use crate::field::{Bump, Field, warp};
use crate::kit::Kit;
use crate::path::Path;
use crate::strokes::Place;

/// The outer lines of the lips from the picture's left to its right.
const UPPER: [usize; 11] = [61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291];
const LOWER: [usize; 11] = [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291];
/// Further points that stay: nose, chin, corners of the mouth's surroundings.
const STILL: [usize; 11] = [2, 97, 326, 98, 327, 200, 199, 212, 432, 57, 287];
/// How far each outline moves, by the height of both lips.
const RISE: f32 = 0.07 * 1.4;
const FALL: f32 = 0.09 * 1.4;
/// The width of a push in `fw`.
const SIGMA: f32 = 0.022;
/// Pushes along a line.
const POINTS: usize = 41;
/// How much lighter the crest of the lower lip gets.
const CREST: f32 = 6.0;

/// Makes the lips fuller; `strength` is 1 as usual.
pub fn paint(kit: &Kit, photo: &mut RgbImage, strength: f32) {
    if strength <= 0.0 {
        return;
    }
    light(kit, photo, strength);
    let around = Rect::around(kit.polygon(&LIPS));
    let reach = 0.16 * kit.fw;
    let around = Rect {
        x: around.x - reach,
        y: around.y - reach,
        width: around.width + 2.0 * reach,
        height: around.height + 2.0 * reach,
    };
    let Some(mut field) = Field::still(around, kit.fw, kit.photo_size) else { return };
    field.push(&bumps(kit, strength));
    *photo = warp(photo, vec![field]);
}

fn place(kit: &Kit, index: usize) -> Place {
    let Point { x, y } = kit.mesh.point(index);
    [x, y]
}

fn line(kit: &Kit, indices: &[usize]) -> Path {
    Path::through(&indices.iter().map(|&index| place(kit, index)).collect::<Vec<_>>())
}

/// Heights of the upper and of the lower lip together, in pixels.
fn height(kit: &Kit) -> f32 {
    let between = |a: usize, b: usize| kit.mesh.point(a).distance(kit.mesh.point(b));
    between(0, 13) + between(14, 17)
}

fn bumps(kit: &Kit, strength: f32) -> Vec<Bump> {
    let [_, down] = kit.axes();
    let (height, sigma) = (height(kit) * strength, SIGMA * kit.fw);
    let bump = |[x, y]: Place, up: f32| Bump {
        at: Point { x, y },
        shift: Point { x: -down.x * up, y: -down.y * up },
        sigma,
    };
    let mut bumps = Vec::new();
    for (line, amount) in [(line(kit, &UPPER), RISE), (line(kit, &LOWER), -FALL)] {
        for i in 0..POINTS {
            let s = i as f32 / (POINTS - 1) as f32;
            let full = (std::f32::consts::PI * s).sin().max(0.0).powf(0.7);
            // The bow of the upper lip keeps its shape.
            let bow = match amount > 0.0 {
                true => {
                    1.0 - 0.4 * bell((s - 0.5) / 0.05)
                        - 0.15 * bell(((s - 0.5).abs() - 0.11) / 0.04)
                }
                false => 1.0,
            };
            bumps.push(bump(line.at(s), amount * height * full * bow));
        }
    }
    let still = MOUTH.iter().chain(&STILL);
    bumps.extend(still.map(|&index| bump(place(kit, index), 0.0)));
    bumps
}

fn bell(x: f32) -> f32 {
    (-x * x).exp()
}

/// Lightens the crest of the lower lip, which then looks rounder.
fn light(kit: &Kit, photo: &mut RgbImage, strength: f32) {
    let Some(mut canvas) = Canvas::around(kit, photo, &LIPS, 0.08) else { return };
    let inner = canvas.path(&[78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308]);
    let outer = canvas.path(&LOWER);
    let edge = |i: usize, share: f32| {
        let t = 0.22 + 0.56 * i as f32 / 20.0;
        crate::path::between(inner.at(t), outer.at(t), share)
    };
    let there = (0..=20).map(|i| edge(i, 0.3));
    let back = (0..=20).rev().map(|i| edge(i, 0.72));
    let crest = canvas.filled(&there.chain(back).collect::<Vec<_>>());
    let soft: Map = canvas.blurred(&crest, 0.014);
    let lips = canvas.kit.lips(&canvas.window);
    for (index, &share) in soft.values.iter().enumerate() {
        let add = CREST * strength * share * lips.values[index];
        if add > 0.0 {
            let [l, a, b] = canvas.before.colours[index];
            canvas.now.colours[index] = [(l + add).min(97.0_f32.max(l)), a, b];
        }
    }
    canvas.paint(photo);
}
