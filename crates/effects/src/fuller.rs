//! A fuller face: cheeks and jaw, the neck below, and a second chin.

use image::RgbImage;
use safelight_imaging::color::smoothstep;
use safelight_vision::face::{Part, Point};

use crate::change::Change;
use crate::field::{Bump, Field, warp};
use crate::kit::Kit;

/// How far the angle of the jaw moves outwards at full strength, in `fw`.
const JAW: f32 = 0.085;
/// How much of that points of the jaw and of the cheeks take.
const OUTWARDS: [([usize; 2], f32); 10] = [
    ([234, 454], 0.1),
    ([93, 323], 0.35),
    ([132, 361], 0.65),
    ([58, 288], 0.9),
    ([172, 397], 1.0),
    ([136, 365], 1.0),
    ([150, 379], 0.8),
    ([149, 378], 0.5),
    ([205, 425], 0.3),
    ([50, 280], 0.15),
];
/// How far the chin goes down.
const CHIN: f32 = 0.02;
/// Where the neck is pushed: beside and below the chin; and by how much.
const NECK: ([f32; 2], f32) = ([0.30, 0.24], 0.045);
const SIGMA: f32 = 0.085;
/// The fold below the chin: how deep it lies, how much it rises to the sides, and its width.
const FOLD: [f32; 3] = [0.105, 0.55, 0.02];
/// How dark it is in L*, and how light the roll above it.
const SHADE: f32 = 8.0;
const LIGHT: f32 = 3.0;

/// Makes a face fuller; `strength` from 0 to 1. Less where the head is turned, nothing from 45 degrees on.
pub fn face(photo: &mut RgbImage, kit: &Kit, strength: f32) {
    let strength = strength.clamp(0.0, 1.0) * kit.frontal();
    let window = kit.window(0.5);
    let (Some(window), true) = (window, strength > 0.0) else { return };
    let field = Field::still(kit.mesh.rect().grown(2.0), kit.fw, kit.photo_size);
    if let Some(mut field) = field {
        field.push(&bumps(kit, strength));
        *photo = warp(photo, vec![field]);
    }
    let mut change = Change::none(window);
    let ([right, down], chin) = (kit.axes(), kit.mesh.point(152));
    let skin = kit.parsing.likely(&[Part::Neck, Part::Skin]);
    change.lab[0] = window.map(|place| {
        let (x, y) = ((place.x - chin.x) / kit.fw, (place.y - chin.y) / kit.fw);
        let (across, below) =
            (x * right.x + y * right.y, x * down.x + y * down.y - CHIN * strength);
        let [depth, rise, width] = FOLD;
        let fold = depth - rise * across * across;
        let bell = |at: f32, width: f32| (-((below - at) / width).powi(2)).exp();
        let ends = smoothstep(0.24, 0.08, across.abs());
        let light = LIGHT * bell(fold - 2.2 * width, 1.3 * width);
        let shade = SHADE * bell(fold, width) + 0.3 * SHADE * bell(fold + 2.0 * width, 2.0 * width);
        let seen = ((skin(place) - 0.3) * 3.0).clamp(0.0, 1.0);
        (light - shade) * ends * seen * strength
    });
    change.apply(photo);
}

fn bumps(kit: &Kit, strength: f32) -> Vec<Bump> {
    let ([right, down], fw) = (kit.axes(), kit.fw);
    let sigma = SIGMA * fw;
    let towards = |x: f32, y: f32| Point {
        x: (right.x * x + down.x * y) * fw * strength,
        y: (right.y * x + down.y * y) * fw * strength,
    };
    let mut bumps = vec![];
    for (points, share) in OUTWARDS {
        for (point, side) in points.into_iter().zip([-1.0, 1.0]) {
            let shift = towards(side * JAW * share, 0.0);
            bumps.push(Bump { at: kit.mesh.point(point), shift, sigma });
        }
    }
    let chin = kit.mesh.point(152);
    bumps.push(Bump { at: chin, shift: towards(0.0, CHIN), sigma });
    let ([beside, below], by) = NECK;
    for side in [-1.0, 1.0] {
        let (x, y) = (side * beside, below);
        let at = Point {
            x: chin.x + (right.x * x + down.x * y) * fw,
            y: chin.y + (right.y * x + down.y * y) * fw,
        };
        bumps.push(Bump { at, shift: towards(side * by, 0.0), sigma });
    }
    bumps
}
