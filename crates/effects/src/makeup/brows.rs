//! Eyebrows: taken away, drawn hair by hair, and read from another photo.

use image::RgbImage;
use safelight_imaging::map::{Map, percentile};
use safelight_vision::face::Part;

use super::eye::{self, AROUND, BROW_LOWER, BROW_UPPER};
use super::{Canvas, step};
use crate::atlas::BROWS;
use crate::dice::Dice;
use crate::kit::{Kit, Skin};
use crate::lab::{Lab, mixed};
use crate::path::{Path, along, lerp, turned};
use crate::pull;
use crate::region;
use crate::strokes::{Place, Stroke};

/// Places along a brow where its shape is known.
pub const PLACES: usize = 12;

/// The shape of a brow along its length, from the inner end to the tail, in `fw`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BrowShape {
    /// How far its middle lies above that of the mesh.
    pub lift: [f32; PLACES],
    /// Half its width.
    pub half: [f32; PLACES],
    /// Hairs of a brow.
    pub count: f32,
    /// How much powder lies below them, 0 to 1.
    pub powder: f32,
}

/// How the width of drawn brows runs, by their thickness.
const PROFILE: ([f32; 6], [f32; 6]) =
    ([0.0, 0.08, 0.3, 0.6, 0.8, 1.0], [0.72, 0.9, 1.0, 0.85, 0.55, 0.16]);

impl BrowShape {
    /// Of a thickness, with the lift at six places from the inner end to the tail.
    pub fn new(thickness: f32, lift: [f32; 6], count: f32) -> Self {
        let at = |i: usize| i as f32 / (PLACES - 1) as f32;
        let sixth = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];
        Self {
            lift: std::array::from_fn(|i| lerp(at(i), &sixth, &lift)),
            half: std::array::from_fn(|i| thickness * lerp(at(i), &PROFILE.0, &PROFILE.1)),
            count,
            powder: 0.45,
        }
    }

    /// A natural brow.
    pub fn natural() -> Self {
        Self::new(0.021, [0.0, 0.0, 0.003, 0.004, 0.0, 0.0], 420.0)
    }

    fn along(&self, values: &[f32; PLACES], u: f32) -> f32 {
        let at = u.clamp(0.0, 1.0) * (PLACES - 1) as f32;
        let first = (at as usize).min(PLACES - 2);
        values[first] + (values[first + 1] - values[first]) * (at - first as f32)
    }
}

/// A brow covered by hair more than this is left alone.
const MOST_HAIR: f32 = 0.4;

/// Which brows of a face are free of hair and hands.
pub fn seen(kit: &Kit, photo: &RgbImage) -> [bool; 2] {
    let Some(canvas) = canvas(kit, photo) else { return [false; 2] };
    [0, 1].map(|side| is_free(&canvas, side))
}

fn canvas<'a>(kit: &'a Kit, photo: &RgbImage) -> Option<Canvas<'a>> {
    let points: Vec<usize> = AROUND.iter().chain(BROWS.as_flattened()).copied().collect();
    Canvas::around(kit, photo, &points, 0.2)
}

fn is_free(canvas: &Canvas, side: usize) -> bool {
    let brow = region::fill(&canvas.window, &canvas.kit.polygon(&BROWS[side]));
    let hair = canvas.likely(&[Part::Hair, Part::Hat]);
    let sum = |map: &Map| map.values.iter().sum::<f32>();
    let free = sum(&region::common(&brow, &hair)) < MOST_HAIR * sum(&brow) && sum(&brow) > 1.0;
    free && !eye::is_behind_skin(canvas, side)
}

/// Replaces the brows that are free by others of this shape.
pub fn paint(kit: &Kit, photo: &mut RgbImage, shape: &BrowShape) -> [bool; 2] {
    let Some(mut canvas) = canvas(kit, photo) else { return [false; 2] };
    let free = [0, 1].map(|side| is_free(&canvas, side));
    let colour = own_colour(&canvas);
    let mut dice = Dice::of(&canvas.window.cut(photo), "brows");
    remove(&mut canvas, free);
    for side in [0, 1].into_iter().filter(|&side| free[side]) {
        draw(&mut canvas, side, shape, colour, &mut dice);
    }
    canvas.paint(photo);
    free
}

/// Replaces the brows that are free by skin.
pub fn erase(kit: &Kit, photo: &mut RgbImage) -> [bool; 2] {
    let Some(mut canvas) = canvas(kit, photo) else { return [false; 2] };
    let free = [0, 1].map(|side| is_free(&canvas, side));
    remove(&mut canvas, free);
    canvas.paint(photo);
    free
}

/// Where texture for the skin below a brow is taken from, along the face's up axis; the first that is
/// bare skin counts.
const SOURCES: [f32; 9] = [0.10, 0.13, 0.16, 0.20, 0.07, 0.25, -0.30, -0.34, -0.38];

/// Takes brows away: light and colour from around by a membrane, texture from the forehead.
fn remove(canvas: &mut Canvas, sides: [bool; 2]) {
    let likely = canvas.kit.parsing.likely(&[Part::LeftBrow, Part::RightBrow]);
    let parsed = canvas.window.map(|place| ((likely(place) - 0.45) * 8.0).clamp(0.0, 1.0));
    let mut hole = canvas.window.filled(0.0);
    for side in [0, 1].into_iter().filter(|&side| sides[side]) {
        let mesh = region::fill(&canvas.window, &canvas.kit.polygon(&BROWS[side]));
        let mesh = canvas.grown(&mesh, 0.006);
        // The parser's brow near this one.
        let near = canvas.grown(&mesh, 0.02);
        hole = region::union(&hole, &region::union(&mesh, &region::common(&parsed, &near)));
    }
    let eyes = region::union(&canvas.eye(0), &canvas.eye(1));
    let hole = region::without(&canvas.grown(&hole, 0.010), &canvas.grown(&eyes, 0.006));
    let hole = hole.each(|x, y| f32::from(hole.values[y * hole.width + x] > 0.25));
    if region::is_empty(&hole) {
        return;
    }
    let ring = canvas.grown(&hole, 0.008);
    let known = region::without(&bare_skin(canvas, &eyes), &ring);
    let planes = [0, 1, 2].map(|i| canvas.before.plane(i));
    let coarse = planes.each_ref().map(|plane| canvas.blurred(plane, 0.012));
    let filled = coarse.each_ref().map(|plane| {
        let inside = canvas.blurred(&pull::filled(plane, &known), 0.02);
        let unknown = &ring;
        plane.each(|x, y| {
            let i = y * plane.width + x;
            plane.values[i] + (inside.values[i] - plane.values[i]) * unknown.values[i]
        })
    });
    let fine: [Map; 3] = [0, 1, 2].map(|i| planes[i].join(&coarse[i], |own, coarse| own - coarse));
    let most = fine.each_ref().map(|fine| most_texture(fine, &known));
    let steps = texture_steps(canvas, &hole, &eyes);
    let alpha = canvas.blurred(&ring, 0.008);
    let free = canvas.covered();
    for index in 0..alpha.values.len() {
        let share = (1.25 * alpha.values[index]).min(1.0) * (1.0 - free.values[index]);
        if share <= 0.002 {
            continue;
        }
        let from = steps(index);
        let texture =
            |i: usize| from.map_or(0.0, |from| fine[i].values[from].clamp(-most[i], most[i]));
        let colour = [0, 1, 2].map(|i| filled[i].values[index] + texture(i));
        canvas.replace(index, colour, share);
    }
}

/// The 95th percentile of the texture of bare skin. Stronger texture is a fold, an edge or a stray hair.
fn most_texture(fine: &Map, known: &Map) -> f32 {
    let bare = fine.values.iter().zip(&known.values).filter(|(_, known)| **known > 0.8);
    let mut found: Vec<f32> = bare.map(|(value, _)| value.abs()).collect();
    if found.is_empty() { 0.0 } else { percentile(&mut found, 0.95) }
}

/// How far around a place its skin is what skin looks like there, in `fw`: light of two colours gives a
/// face two.
const LOCAL: f32 = 0.10;

/// Skin of the colour that skin has thereabouts, away from eyes, hair and rims.
fn bare_skin(canvas: &Canvas, eyes: &Map) -> Map {
    let skin = canvas.kit.parsing.likely(&[Part::Skin, Part::Nose, Part::Glasses]);
    let skin = canvas.window.map(|place| f32::from(skin(place) > 0.6));
    let taken = region::union(&canvas.grown(eyes, 0.012), &canvas.covered());
    let free = region::without(&skin, &taken);
    let own = canvas.kit.skin;
    let weight = canvas.blurred(&free, LOCAL);
    let around =
        [0, 1, 2].map(|i| canvas.blurred(&region::common(&canvas.before.plane(i), &free), LOCAL));
    free.each(|x, y| {
        let i = y * free.width + x;
        let lab = around.each_ref().map(|sum| sum.values[i] / weight.values[i].max(1e-3));
        free.values[i] * step(0.3, 0.9, Skin { lab, ..own }.likeness(canvas.before.colours[i]))
    })
}

/// For a cell of the hole, the cell of bare skin that its texture is taken from.
fn texture_steps<'a>(
    canvas: &Canvas,
    hole: &'a Map,
    eyes: &Map,
) -> impl Fn(usize) -> Option<usize> + use<'a> {
    let skin = canvas.kit.parsing.likely(&[Part::Skin, Part::Nose]);
    let skin = canvas.window.map(|place| f32::from(skin(place) > 0.8));
    let hair = canvas.grown(&canvas.likely(&[Part::Hair]), 0.01);
    let taken = region::union(&canvas.grown(eyes, 0.05), &hair);
    let bare = region::without(&skin, &region::union(&taken, &canvas.grown(hole, 0.01)));
    let [_, up] = canvas.axes();
    let steps = SOURCES.map(|by| [up[0] * by * canvas.fw, up[1] * by * canvas.fw].map(f32::round));
    let (width, height) = (hole.width as isize, hole.height as isize);
    move |index: usize| {
        let (x, y) = (index as isize % width, index as isize / width);
        steps.iter().find_map(|&[right, down]| {
            let (x, y) = (x + right as isize, y + down as isize);
            let inside = (0..width).contains(&x) && (0..height).contains(&y);
            let from = (y * width + x) as usize;
            (inside && bare.values[from] > 0.5).then_some(from)
        })
    }
}

/// The middle line of a brow from its inner end to its tail, a little longer than the mesh's.
fn spine(canvas: &Canvas, side: usize, longer: [f32; 2]) -> Path {
    let pairs = BROW_UPPER[side].iter().zip(&BROW_LOWER[side]);
    let middles: Vec<Place> = pairs
        .map(|(&upper, &lower)| crate::path::between(canvas.point(upper), canvas.point(lower), 0.5))
        .collect();
    let path = Path::through(&middles);
    let [inner, outer] = longer.map(|by| by * canvas.fw / path.length().max(1e-3));
    let all: Vec<Place> =
        std::iter::once(path.at(-inner)).chain(middles).chain([path.at(1.0 + outer)]).collect();
    Path::through(&all)
}

/// How much longer a drawn brow is at its inner end and at its tail.
const LONGER: [f32; 2] = [0.006, 0.012];

/// The normal of a line on a face that looks up.
fn upwards(canvas: &Canvas, direction: Place) -> Place {
    let [_, up] = canvas.axes();
    let normal = [direction[1], -direction[0]];
    let sign = if normal[0] * up[0] + normal[1] * up[1] < 0.0 { -1.0 } else { 1.0 };
    [normal[0] * sign, normal[1] * sign]
}

/// The colour of a face's brows: the darkest third of what the parser takes for them; dark brown where it
/// finds none.
pub(super) fn own_colour(canvas: &Canvas) -> Lab {
    let likely = canvas.kit.parsing.likely(&[Part::LeftBrow, Part::RightBrow]);
    let brows = canvas.window.map(|place| f32::from(likely(place) > 0.5));
    let mut light: Vec<f32> = canvas.before.chosen(&brows, 0.5).map(|c| c[0]).collect();
    if light.len() < 12 {
        return [25.0, 4.0, 8.0];
    }
    let dark = percentile(&mut light, 0.3);
    let mut channels: [Vec<f32>; 3] = Default::default();
    for colour in canvas.before.chosen(&brows, 0.5).filter(|colour| colour[0] <= dark) {
        channels.iter_mut().zip(colour).for_each(|(all, value)| all.push(value));
    }
    let [l, a, b] = channels.map(|mut all| percentile(&mut all, 0.5));
    // In warm light everything has more chroma, hair too.
    let [_, red, yellow] = canvas.kit.skin.lab;
    let warm = (red.hypot(yellow) / 22.0).clamp(1.0, 1.5);
    let most = (0.5 * l).clamp(9.0, 28.0) * warm;
    let scale = (most / a.hypot(b).max(1e-3)).min(1.0);
    [l, a * scale, b * scale]
}

fn draw(canvas: &mut Canvas, side: usize, shape: &BrowShape, hair: Lab, dice: &mut Dice) {
    let spine = spine(canvas, side, LONGER);
    let fw = canvas.fw;
    let covered = canvas.covered();
    let free = covered.each(|x, y| 1.0 - covered.values[y * covered.width + x]);
    let frame = |u: f32| {
        let direction = spine.direction(u);
        let up = upwards(canvas, direction);
        let middle = along(spine.at(u), up, shape.along(&shape.lift, u) * fw);
        (middle, direction, up, shape.along(&shape.half, u) * fw)
    };
    let powder = powder(canvas, &frame);
    let pigment = mixed(hair, canvas.kit.skin.lab, 0.25);
    let light = canvas.blurred(&canvas.now.plane(0), 0.05);
    let skin = canvas.kit.skin.lab[0].max(1.0);
    let shade = |index: usize| (light.values[index] / skin).clamp(0.6, 1.25);
    let strokes = hairs(shape, &frame, hair[0], fw, dice, |[x, y]| {
        (light.between(x, y) / skin).clamp(0.6, 1.25)
    });
    for index in 0..powder.values.len() {
        let share = powder.values[index] * shape.powder * free.values[index];
        let colour = [pigment[0] * shade(index), pigment[1], pigment[2]];
        canvas.now.mix(index, colour, share);
    }
    canvas.stroke(&strokes, hair, &free);
}

/// The band of a brow, thinner than its hairs, pale at the inner end.
fn powder(canvas: &Canvas, frame: &dyn Fn(f32) -> (Place, Place, Place, f32)) -> Map {
    const PIECES: usize = 32;
    let edges = |i: usize| {
        let u = i as f32 / PIECES as f32;
        let (middle, _, up, half) = frame(u);
        [along(middle, up, 0.85 * half), along(middle, up, -0.85 * half)]
    };
    let mut band = canvas.window.filled(0.0);
    for i in 0..PIECES {
        let u = (i as f32 + 0.5) / PIECES as f32;
        let ([a, b], [c, d]) = (edges(i), edges(i + 1));
        let filled = canvas.filled(&[a, c, d, b]);
        let amount = ((u + 0.02) / 0.22).clamp(0.0, 1.0);
        band = band.join(&filled, |band, filled| (band + filled * amount).min(1.0));
    }
    canvas.blurred(&band, 0.007)
}

fn hairs(
    shape: &BrowShape,
    frame: &dyn Fn(f32) -> (Place, Place, Place, f32),
    dark: f32,
    fw: f32,
    dice: &mut Dice,
    shade: impl Fn(Place) -> f32,
) -> Vec<Stroke> {
    const AT: [f32; 5] = [0.0, 0.12, 0.35, 0.65, 1.0];
    const FROM_BELOW: [f32; 5] = [82.0, 62.0, 40.0, 24.0, 6.0];
    const FROM_ABOVE: [f32; 5] = [70.0, 38.0, 2.0, -12.0, -6.0];
    let thin = shape.half.iter().fold(0.0_f32, |most, &half| most.max(half)) < 0.013;
    let mut strokes = Vec::new();
    while strokes.len() < shape.count.round() as usize {
        let u = dice.even(0.0, 1.0);
        // The inner end begins sparsely.
        if u < 0.16 && !dice.happens(0.30 + 0.7 * u / 0.16) {
            continue;
        }
        let (middle, direction, up, half) = frame(u);
        let side = if dice.happens(0.5) { 1.0 } else { -1.0 };
        let v = side * dice.even(0.0, 1.0).powf(0.85);
        let (below, above) = (lerp(u, &AT, &FROM_BELOW), lerp(u, &AT, &FROM_ABOVE));
        let angle = below + (above - below) * (v + 1.0) / 2.0 + dice.normal(0.0, 7.0);
        let way = |angle: f32| -> Place {
            let (sin, cos) = angle.to_radians().sin_cos();
            [0, 1].map(|i| cos * direction[i] + sin * up[i])
        };
        let length = 0.034 * lerp(u, &[0.0, 0.2, 0.7, 1.0], &[0.72, 1.0, 0.85, 0.6]);
        let short = if v > 0.4 { 0.62 } else { 1.0 } * if thin { 0.75 } else { 1.0 };
        let length = length * short * dice.even(0.6, 1.1) * fw;
        let root = along(middle, up, v * half);
        let bend = along(root, way(angle), 0.3 * length);
        let tip = along(bend, way(angle - 16.0), 0.5 * length);
        strokes.push(Stroke {
            points: [along(root, way(angle), -0.25 * length), bend, tip],
            width: [0.0021 * fw, 0.0003 * fw],
            alpha: 0.72 * dice.even(0.55, 1.0),
            value: ((dark + dice.normal(0.0, 5.0)) * shade(root)).clamp(2.0, 90.0),
            soft_root: true,
        });
    }
    strokes
}

/// The shape of the brows of a face; none where hair or glasses hide both, or there are none.
pub fn read(kit: &Kit, photo: &RgbImage) -> Option<BrowShape> {
    let canvas = canvas(kit, photo)?;
    let mut healed = Canvas { now: canvas.before.clone(), ..canvas };
    let sides = [0, 1].map(|side| is_free(&healed, side));
    remove(&mut healed, sides);
    let depth = healed.now.plane(0).join(&healed.before.plane(0), |healed, own| healed - own);
    let depth = healed.blurred(&depth, 0.004);
    let shapes: Vec<BrowShape> = [0, 1]
        .into_iter()
        .filter(|&side| sides[side])
        .filter_map(|side| measured(&healed, side, &depth))
        .collect();
    let count = shapes.len() as f32;
    let mean = |value: &dyn Fn(&BrowShape) -> f32| shapes.iter().map(value).sum::<f32>() / count;
    (!shapes.is_empty()).then(|| BrowShape {
        lift: std::array::from_fn(|i| mean(&|shape| shape.lift[i])),
        half: std::array::from_fn(|i| mean(&|shape| shape.half[i])),
        count: mean(&|shape| shape.count),
        powder: mean(&|shape| shape.powder),
    })
}

/// A brow whose darkest places are lighter than this against its skin is none.
const LEAST_DEPTH: f32 = 5.0;

fn measured(canvas: &Canvas, side: usize, depth: &Map) -> Option<BrowShape> {
    const ACROSS: usize = 48;
    const REACH: f32 = 0.055;
    let spine = spine(canvas, side, LONGER);
    let sample = |u: f32, j: usize| {
        let v = REACH * (2.0 * (j as f32 + 0.5) / ACROSS as f32 - 1.0);
        let up = upwards(canvas, spine.direction(u));
        let [x, y] = along(spine.at(u), up, v * canvas.fw);
        (v, depth.between(x, y))
    };
    let at = |i: usize| i as f32 / (PLACES - 1) as f32;
    let mut all: Vec<f32> = (0..PLACES * 8)
        .flat_map(|i| (0..ACROSS).map(move |j| (i as f32 / (PLACES * 8) as f32, j)))
        .map(|(u, j)| sample(u, j).1)
        .collect();
    let deep = percentile(&mut all, 0.97);
    if deep < LEAST_DEPTH {
        return None;
    }
    let column = |u: f32| {
        let weights = (0..ACROSS).map(|j| {
            let (v, depth) = sample(u, j);
            (v, (depth / deep - 0.25).clamp(0.0, 1.0))
        });
        let (sum, first, second) = weights
            .fold((1e-6, 0.0, 0.0), |(sum, first, second), (v, w)| {
                (sum + w, first + w * v, second + w * v * v)
            });
        let middle = first / sum;
        let half = 1.9 * (second / sum - middle * middle).max(0.0).sqrt();
        // Where the brow has ended nothing is measured.
        let there = step(0.2, 1.5, sum);
        (middle, (half * there).clamp(0.004, 0.034), there)
    };
    let mut measured: [(f32, f32, f32); PLACES] = std::array::from_fn(|i| column(at(i)));
    // There it goes on at its height: back on the line of the mesh its ends would be hooks.
    let middle = PLACES / 2;
    for (from, to) in
        (middle..PLACES - 1).map(|i| (i, i + 1)).chain((1..=middle).rev().map(|i| (i, i - 1)))
    {
        let (near, (own, _, there)) = (measured[from].0, measured[to]);
        measured[to].0 = near + (own - near) * there;
    }
    let smooth = |value: &dyn Fn(usize) -> f32| -> [f32; PLACES] {
        std::array::from_fn(|i| {
            let (before, after) = (i.saturating_sub(1), (i + 1).min(PLACES - 1));
            (value(before) + 2.0 * value(i) + value(after)) / 4.0
        })
    };
    let half = smooth(&|i| measured[i].1);
    let mean = half.iter().sum::<f32>() / PLACES as f32;
    Some(BrowShape {
        lift: smooth(&|i| measured[i].0),
        half,
        count: (420.0 * mean / 0.019).clamp(240.0, 750.0),
        powder: (0.25 + deep / 110.0).clamp(0.3, 0.55),
    })
}

/// The direction of a line turned, for hairs of a beard.
pub(super) fn bent(direction: Place, degrees: f32) -> Place {
    turned(direction, degrees.to_radians())
}
