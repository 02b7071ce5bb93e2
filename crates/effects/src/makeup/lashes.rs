//! Eyelashes, drawn one by one along the lids, with a liner at their roots.

use image::RgbImage;
use safelight_imaging::map::Map;

use super::Canvas;
use super::eye::{self, CLOSED, Eye, Unseen};
use crate::describe::Description;
use crate::dice::Dice;
use crate::kit::Kit;
use crate::lab::Lab;
use crate::path::{along, unit};
use crate::strokes::{Place, Stroke};

/// A set of lashes. Lengths in `fw`, angles in degrees from up to outwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lashes {
    /// Length of the longest.
    pub length: f32,
    /// Lashes of an upper lid.
    pub density: f32,
    /// How much longer the outer ones are, 0 to 1.
    pub wing: f32,
    /// How far they bend, in radians.
    pub curl: f32,
    /// Angles of the innermost and of the outermost.
    pub fan: [f32; 2],
    /// Thickness of the liner.
    pub liner: f32,
    /// Width of a lash.
    pub width: f32,
    /// Opacity of a lash.
    pub alpha: f32,
    /// How far they stick together in groups, 0 to 1.
    pub cluster: f32,
    /// Length of the lower lashes, 0 for none, 0.4 as usual.
    pub lower: f32,
    /// Whether those in the middle are the longest.
    pub middle: f32,
    /// Colour of lashes and liner.
    pub colour: Lab,
}

/// Natural lashes.
pub const NATURAL: Lashes = Lashes {
    length: 0.034,
    density: 85.0,
    wing: 0.15,
    curl: 0.5,
    fan: [-22.0, 56.0],
    liner: 0.0025,
    width: 0.0016,
    alpha: 0.75,
    cluster: 0.0,
    lower: 0.0,
    middle: 0.0,
    colour: [6.6, 2.4, 2.4],
};

impl Lashes {
    /// What a text asks for; natural lashes where it says nothing.
    pub fn described(text: &Description) -> Self {
        let base = NATURAL;
        let number = |name, default, from: f32, to: f32| text.number(name, default).clamp(from, to);
        let strength = text.strength.unwrap_or(1.0);
        let heavy = text.set.contains_key("liner") && !text.set.contains_key("width");
        let width = if heavy { 0.0019 } else { base.width };
        Self {
            length: number("length", base.length, 0.02, 0.07),
            density: number("density", base.density, 40.0, 180.0),
            wing: number("wing", base.wing, 0.0, 1.0),
            curl: number("curl", base.curl, 0.0, 1.2),
            fan: [
                number("start", base.fan[0], -40.0, 40.0),
                number("end", base.fan[1], 20.0, 75.0),
            ],
            liner: number("liner", base.liner, 0.0, 0.008),
            width: number("width", width, 0.001, 0.0026),
            alpha: (if heavy { 0.9 } else { base.alpha } * strength).clamp(0.0, 1.0),
            cluster: number("cluster", base.cluster, 0.0, 1.0),
            lower: number("lower", base.lower, 0.0, 1.0),
            middle: number("middle", base.middle, 0.0, 1.0),
            colour: text.colours.first().map_or(base.colour, |named| named.colour),
        }
    }
}

/// Draws lashes on the eyes that are seen; why the others are not painted.
pub fn paint(kit: &Kit, photo: &mut RgbImage, lashes: &Lashes) -> [Result<(), Unseen>; 2] {
    let Some(mut canvas) = eye::canvas(kit, photo) else { return [Err(Unseen::Small); 2] };
    let mut dice = Dice::of(&canvas.window.cut(photo), &format!("{lashes:?}"));
    let free = free(&canvas);
    let eyes = eye::both(&canvas);
    if lashes.alpha > 0.0 {
        let strokes: Vec<Stroke> = eyes
            .iter()
            .flatten()
            .flat_map(|eye| strokes(&canvas, eye, lashes, &mut dice))
            .collect();
        canvas.stroke(&strokes, lashes.colour, &free);
        canvas.paint(photo);
    }
    eyes.map(|eye| eye.map(drop))
}

/// Where nothing lies over the lashes.
fn free(canvas: &Canvas) -> Map {
    let covered = canvas.covered();
    covered.each(|x, y| 1.0 - covered.values[y * covered.width + x])
}

fn strokes(canvas: &Canvas, eye: &Eye, lashes: &Lashes, dice: &mut Dice) -> Vec<Stroke> {
    // Dense lashes on an eye that turns away become a bar.
    let turned = (canvas.kit.pose.yaw.abs() - 15.0).clamp(0.0, 10.0) / 10.0;
    let far = eye.side == usize::from(canvas.kit.pose.yaw > 0.0);
    let density = lashes.density * if far { 1.0 - 0.5 * turned } else { 1.0 };
    let mut all = liner(canvas, eye, lashes);
    let count = density.round() as usize;
    for k in 0..count {
        let t = (k as f32 + 0.5 + dice.even(-0.35, 0.35)) / count as f32;
        all.push(lash(canvas, eye, lashes, t.clamp(0.02, 0.995), count, dice));
    }
    if lashes.lower > 0.0 {
        let count = (0.45 * density).round() as usize;
        for k in 0..count {
            let t = 0.25 + 0.745 * (k as f32 + 0.5 + dice.even(-0.35, 0.35)) / count as f32;
            all.push(lower_lash(canvas, eye, lashes, t, dice));
        }
    }
    all
}

/// The line under the lashes, thin at the inner corner.
fn liner(canvas: &Canvas, eye: &Eye, lashes: &Lashes) -> Vec<Stroke> {
    const PIECES: usize = 24;
    let at = |k: usize| k as f32 / PIECES as f32;
    (0..PIECES)
        .filter(|_| lashes.liner > 0.0)
        .map(|k| {
            let (from, to) = (at(k), at(k + 1));
            let width =
                |t: f32| lashes.liner * canvas.fw * (0.35 + 0.9 * t) * (t / 0.08).clamp(0.0, 1.0);
            Stroke {
                points: [from, (from + to) / 2.0, to].map(|t| eye.upper.at(t)),
                width: [width(from), width(to)],
                alpha: 0.55 * (lashes.alpha / 0.9).min(1.0),
                value: lashes.colour[0],
                soft_root: false,
            }
        })
        .collect()
}

/// How long a lash at a share of the lid is, by the longest.
fn relative_length(lashes: &Lashes, t: f32) -> f32 {
    let rising = 0.30 + 0.70 * (t / 0.72).clamp(0.0, 1.0).powf(0.8);
    let falling = 0.22 * ((t - 0.86) / 0.14).clamp(0.0, 1.0);
    let wing = 1.0 + lashes.wing * (t - 0.45).max(0.0) / 0.55;
    let round = 1.0 + lashes.middle * (0.35 * (-((t - 0.5) / 0.22).powi(2)).exp() - 0.2 * t * t);
    (rising - falling) * wing * round
}

fn lash(
    canvas: &Canvas,
    eye: &Eye,
    lashes: &Lashes,
    t: f32,
    count: usize,
    dice: &mut Dice,
) -> Stroke {
    let [start, end] = lashes.fan;
    // Lashes stick together in groups of seven.
    let group = 7.0 / count.max(1) as f32;
    let middle = ((t / group).floor() + 0.5) * group;
    let together = 60.0 * (middle - t) * lashes.cluster * count as f32 / 100.0;
    let angle = start + (end - start) * t.powf(1.15) + dice.normal(0.0, 6.5) + together;
    let random = if dice.happens(0.7) { dice.even(0.85, 1.1) } else { dice.even(0.45, 0.8) };
    let length = lashes.length * canvas.fw * relative_length(lashes, t) * random;
    // A closed eye shows its lashes from above.
    let closing = if eye.openness < CLOSED + 0.02 {
        -0.75
    } else {
        ((eye.openness - 0.14) / 0.10).clamp(-1.0, 1.0)
    };
    let (sin, cos) = angle.to_radians().sin_cos();
    let tip = eye.sum(closing * cos, sin);
    let bent = angle.to_radians() + 0.9 * lashes.curl * angle.signum();
    let root_way = unit(eye.sum(0.7 * closing * bent.cos(), bent.sin()));
    let root = along(eye.upper.at(t), eye.up, 0.0015 * canvas.fw);
    let curl = 0.12 * length * lashes.curl * closing;
    Stroke {
        points: [
            along(root, root_way, -0.03 * length),
            along(root, root_way, 0.5 * length),
            along(along(root, tip, length), eye.up, curl),
        ],
        width: [(lashes.width + 0.0003) * canvas.fw, 0.0002 * canvas.fw],
        alpha: lashes.alpha * dice.even(0.75, 1.0),
        value: lashes.colour[0],
        soft_root: false,
    }
}

fn lower_lash(canvas: &Canvas, eye: &Eye, lashes: &Lashes, t: f32, dice: &mut Dice) -> Stroke {
    let [start, end] = lashes.fan;
    let angle = start + (end - start) * t.powf(1.15) + dice.normal(0.0, 6.5);
    let random = if dice.happens(0.7) { dice.even(0.85, 1.1) } else { dice.even(0.45, 0.8) };
    let share = 0.34 * (lashes.lower / 0.4).min(1.5);
    let length = lashes.length * canvas.fw * relative_length(lashes, t) * random * share;
    let (sin, cos) = angle.to_radians().sin_cos();
    let way: Place = eye.sum(-cos, sin);
    let root = eye.lower.at(t);
    Stroke {
        points: [root, along(root, way, 0.5 * length), along(root, way, length)],
        width: [0.7 * lashes.width * canvas.fw, 0.0002 * canvas.fw],
        alpha: 0.6 * lashes.alpha * dice.even(0.75, 1.0),
        value: lashes.colour[0],
        soft_root: false,
    }
}
