//! Beards, drawn hair by hair on the canonical face.

mod ground;

use std::sync::LazyLock;

use image::RgbImage;
use serde::Deserialize;

use super::shave::{self, Beard};
use super::{Canvas, brows, step};
use crate::atlas::OVAL;
use crate::canonical::{Chart, Spot, WIDTH};
use crate::dice::{Dice, Noise};
use crate::kit::Kit;
use crate::lab::{Lab, mixed};
use crate::path::{along, lerp, unit};
use crate::strokes::{Place, Stroke};
use ground::Ground;

/// Where hair grows.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The upper lip.
    Moustache,
    /// A line above the upper lip.
    Pencil,
    /// Beside the corners of the mouth, down to the chin.
    Corners,
    /// Below the lower lip.
    Patch,
    /// The chin.
    Chin,
    /// Cheeks and jaw.
    Jaw,
    /// A band along the outline of the jaw.
    Strap,
}

/// A part of a style.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Growth {
    /// Where.
    pub part: Part,
    /// How dense, 1 for full.
    #[serde(default = "full")]
    pub density: f32,
    /// Length of its hairs in `fw`.
    pub length: f32,
    /// Half the width of a chin's beard in centimetres.
    #[serde(default)]
    pub width: f32,
    /// Where it begins.
    #[serde(default)]
    pub top: f32,
    /// Distance from the middle from which it grows.
    #[serde(default)]
    pub from: f32,
    /// Distance up to which it grows.
    #[serde(default = "everywhere")]
    pub to: f32,
    /// How far a moustache's hairs are turned outwards and up.
    #[serde(default)]
    pub sweep: f32,
}

fn full() -> f32 {
    1.0
}

fn everywhere() -> f32 {
    99.0
}

/// A style of beard.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Style {
    /// The API's name of it.
    pub name: String,
    /// What grows where.
    pub parts: Vec<Growth>,
    /// How far the hairs of the chin run together, 0 to 1.
    #[serde(default)]
    pub taper: f32,
    /// Whether skin shows between the hairs.
    #[serde(default)]
    pub stubble: bool,
}

/// The built-in styles.
pub static STYLES: LazyLock<Vec<Style>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        beard: Vec<Style>,
    }
    let read: Result<File, _> = toml::from_str(include_str!("../../data/beards.toml"));
    read.unwrap_or_else(|error| panic!("{error}")).beard
});

/// The lower edge of the face by the distance from its middle, in centimetres.
pub(super) fn contour(x: f32) -> f32 {
    lerp(
        x,
        &[0.0, 1.3, 2.3, 3.2, 4.1, 5.1, 5.9, 6.7, 7.3, 7.55, 7.7],
        &[-9.4, -9.3, -8.97, -8.5, -8.0, -7.2, -6.2, -4.8, -2.9, -1.0, 1.0],
    )
}

/// The edge of the upper lip.
fn lip(x: f32) -> f32 {
    lerp(x, &[0.0, 0.71, 1.43, 1.91, 2.46, 3.0], &[-3.36, -3.28, -3.44, -3.72, -4.30, -4.7])
}

impl Growth {
    /// How dense hair grows at a canonical place.
    pub(super) fn at(&self, x: f32, y: f32) -> f32 {
        let ax = x.abs();
        let fall = |from, to, value| 1.0 - step(from, to, value);
        let own = match self.part {
            Part::Moustache | Part::Pencil => {
                let top = match self.part {
                    Part::Pencil => lip(ax) + 0.47,
                    _ => lerp(
                        ax,
                        &[0.0, 0.8, 1.6, 2.2, 2.8, 3.1],
                        &[-2.42, -2.28, -2.38, -2.75, -3.55, -4.3],
                    ),
                };
                let band =
                    step(lip(ax) - 0.10, lip(ax) + 0.14, y) * fall(top - 0.30, top + 0.12, y);
                let wide = 1.25 * band * fall(2.4, 2.75, ax);
                // Thin in the groove below the nose.
                wide.min(1.25) * (0.5 + 0.5 * step(0.05, 0.30, ax))
            }
            Part::Corners => {
                let middle = lerp(y, &[-8.0, -6.0, -4.6, -3.8], &[2.15, 2.6, 2.85, 2.65]);
                fall(0.45, 0.80, (ax - middle).abs()) * step(-8.4, -7.9, y) * fall(-4.2, -3.7, y)
            }
            Part::Patch => fall(0.30, 0.62, ax) * step(-6.9, -6.5, y) * fall(-5.75, -5.5, y),
            Part::Chin => {
                let far = (ax / self.width.max(0.1)).hypot((y + 8.5) / 1.9);
                fall(0.8, 1.08, far) * fall(self.top - 0.25, self.top + 0.25, y)
            }
            Part::Jaw => {
                let line = lerp(
                    ax,
                    &[2.6, 3.2, 4.0, 5.0, 6.0, 6.8, 7.4],
                    &[-4.3, -4.2, -4.0, -3.3, -2.0, -0.2, 1.8],
                );
                let beside = ((y + 3.0) / 3.0).clamp(0.0, 1.0);
                fall(line - 0.7, line + 0.15, y)
                    * step(2.3, 2.9, ax + 3.0 * (-6.6 - y).clamp(0.0, 2.0))
                    * (1.0 - beside * fall(6.2, 6.9, ax))
            }
            Part::Strap => {
                let above = if ax < 6.4 { y - contour(ax) } else { 1.2 * (7.75 - ax) };
                fall(0.75, 1.25, above) * fall(0.6, 1.5, y)
            }
        };
        let within =
            step(self.from - 0.3, self.from + 0.3, ax) * fall(self.to - 0.3, self.to + 0.3, ax);
        let within = if self.from > 0.0 { within } else { fall(self.to - 0.3, self.to + 0.3, ax) };
        own * within * self.density
    }
}

impl Style {
    /// Density at a canonical place, and the growth that it belongs to.
    fn at(&self, x: f32, y: f32) -> (f32, &Growth) {
        let parts = self.parts.iter().map(|growth| (growth.at(x, y), growth));
        parts.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((0.0, &self.parts[0]))
    }

    /// The direction that hair grows in at a canonical place.
    fn flow(&self, [x, y]: Place, growth: &Growth) -> Place {
        let (ax, side) = (x.abs(), x.signum());
        let outwards = 0.18 * step(3.0, 6.0, ax) - 0.10 * (1.0 - step(1.5, 3.0, ax));
        let inwards = self.taper * step(0.0, 3.0, ax) * (1.0 - step(-6.4, -5.4, y));
        let beard = [side * (outwards - inwards), -1.0];
        let across = lerp(ax, &[0.0, 0.3, 1.2, 2.0, 2.8], &[0.15, 0.55, 0.95, 0.85, 0.45]);
        let down = lerp(ax, &[0.0, 0.3, 1.2, 2.0, 2.8], &[1.0, 0.85, 0.55, 0.75, 1.0]);
        let up = growth.sweep * step(1.5, 2.7, ax);
        let moustache = [side * (across + 0.5 * up), up * 1.1 - down * (1.0 - 0.55 * up.min(1.0))];
        let share = match growth.sweep > 0.0 {
            true => 1.0,
            false => step(-4.6, -4.1, y) * (1.0 - step(2.6, 3.2, ax)),
        };
        unit([0, 1].map(|i| beard[i] + (moustache[i] - beard[i]) * share))
    }
}

/// Roots of a square centimetre at full density.
const ROOTS: f32 = 95.0;
/// The least and the greatest L* of hair that is taken from brows.
const HAIR: [f32; 2] = [9.0, 40.0];

/// A beard's lower edge gets less light, over this height in centimetres.
const TURNED: (f32, f32) = (1.8, 0.66);

/// How much light a beard gets at a canonical place: it turns away to the jaw's lower edge.
fn rounded([x, y]: Place) -> f32 {
    let (height, least) = TURNED;
    least + (1.0 - least) * step(0.0, height, y - contour(x.abs()))
}

/// Draws a beard; its colour is that of the brows.
pub fn paint(kit: &Kit, photo: &mut RgbImage, style: &Style) {
    let Some(mut canvas) = Canvas::around(kit, photo, &OVAL, 0.16) else { return };
    let mut dice = Dice::of(&canvas.window.cut(photo), &style.name);
    let colour = brows::own_colour(&canvas);
    let hair = [colour[0].clamp(HAIR[0], HAIR[1]) - 3.0, colour[1], colour[2]];
    let ground = Ground::of(&canvas);
    let chart = Chart::of(&canvas.points);
    let roots = roots(style, &chart, &ground, &mut dice);
    shadow(&mut canvas, style, &roots, &ground, hair);
    let mut strokes = hairs(&canvas, style, &roots, &ground, hair, &mut dice);
    strokes.extend(tips(&canvas, style, &chart, hair, &mut dice));
    let free = ground.lips.each(|x, y| 1.0 - 0.92 * ground.lips.values[y * ground.lips.width + x]);
    canvas
        .stroke_in(&strokes, &free, |index, light| ground.tinted([light, hair[1], hair[2]], index));
    canvas.paint(photo);
}

struct Root {
    canonical: Place,
    spot: Spot,
    density: f32,
}

fn roots(style: &Style, chart: &Chart, ground: &Ground, dice: &mut Dice) -> Vec<Root> {
    let per_centimetre = (ROOTS * if style.stubble { 1.3 } else { 1.0 }).sqrt();
    let [sway, rise, patches] = [dice.noise(), dice.noise(), dice.noise()];
    let mut roots = Vec::new();
    let (across, down) = ((15.8 * per_centimetre) as usize, (12.3 * per_centimetre) as usize);
    for j in 0..down {
        for i in 0..across {
            let x = -7.9 + (i as f32 + dice.even(0.0, 1.0)) / per_centimetre;
            let y = -10.3 + (j as f32 + dice.even(0.0, 1.0)) / per_centimetre;
            let chance = dice.even(0.0, 1.0);
            let moved = [
                x + x.signum() * 0.06 * sway.at(0.8 * x, 0.8 * y),
                y + 0.14 * rise.at(1.1 * x, 1.1 * y),
            ];
            let (density, _) = style.at(moved[0], moved[1]);
            if density <= 0.02 {
                continue;
            }
            let uneven = (1.0 + 0.22 * patches.at(0.9 * x, 0.9 * y)).clamp(0.5, 1.2);
            let inside = step(-0.9, -0.1, y - contour(x.abs()));
            let Some(spot) = chart.spot([x, y]) else { continue };
            let density = density * uneven * inside * step(-0.04, 0.12, spot.facing);
            let [column, row] = spot.place;
            let bare = ground.skin.between(column, row) > 0.35;
            if chance < density && bare && ground.lips.between(column, row) <= 0.35 {
                roots.push(Root { canonical: [x, y], spot, density: density.min(1.25) });
            }
        }
    }
    // The lowest first, so that hair hangs over hair.
    let mut keyed: Vec<(f32, Root)> = roots
        .into_iter()
        .map(|root| (root.canonical[1] + dice.normal(0.0, 0.012 * WIDTH), root))
        .collect();
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
    keyed.into_iter().map(|(_, root)| root).collect()
}

/// The shade that lies between hairs.
fn shadow(canvas: &mut Canvas, style: &Style, roots: &[Root], ground: &Ground, hair: Lab) {
    let mut counts = canvas.window.filled(0.0);
    for root in roots {
        let [x, y] = root.spot.place.map(|at| at.round().max(0.0) as usize);
        if x < counts.width && y < counts.height {
            counts.values[y * counts.width + x] += 1.0;
        }
    }
    let per_cell = ROOTS * (WIDTH / canvas.fw).powi(2) * if style.stubble { 1.3 } else { 1.0 };
    let counts = canvas.blurred(&counts, 0.013);
    let skin = canvas.kit.skin.lab;
    let (colour, most) = match style.stubble {
        true => ([0.5 * skin[0], 0.45 * skin[1], 0.35 * skin[2]], 0.26),
        false => (mixed(skin, hair, 0.7), 0.62),
    };
    for (index, &count) in counts.values.iter().enumerate() {
        let share = (count / per_cell).min(1.15) * most * (1.0 - ground.lips.values[index]);
        let share = share * (ground.skin.values[index] * 2.0).min(1.0);
        let shaded = [colour[0] * ground.light.values[index], colour[1], colour[2]];
        canvas.now.mix(index, ground.tinted(shaded, index), share);
    }
}

fn hairs(
    canvas: &Canvas,
    style: &Style,
    roots: &[Root],
    ground: &Ground,
    hair: Lab,
    dice: &mut Dice,
) -> Vec<Stroke> {
    let [waves, clumps]: [Noise; 2] = [dice.noise(), dice.noise()];
    let fw = canvas.fw;
    let one = fw / WIDTH;
    let (width, alpha) = if style.stubble { (0.0016, 0.5) } else { (0.0023, 0.68) };
    let hair_of = |root: &Root| {
        let [x, y] = root.canonical;
        let (_, growth) = style.at(x, y);
        let stray = dice.happens(0.12);
        let spread = if stray { 22.0 } else { 9.0 };
        let wave = if growth.sweep > 0.0 { 6.0 } else { 14.0 };
        let angle = wave * waves.at(1.3 * x, 1.3 * y) + dice.normal(0.0, spread);
        let flow = brows::bent(style.flow([x, y], growth), angle);
        // A hair follows the surface, which turns away.
        let seen = root.spot.direction(flow);
        let foreshortened = (seen[0].hypot(seen[1]) / one).clamp(0.05, 1.5).powf(0.6);
        let way = unit(seen);
        let grown = 0.45 * root.density.min(1.0) + 0.55;
        let length = growth.length * fw * dice.even(0.55, 1.15) * grown * foreshortened;
        // The ends of a moustache that is turned up are long.
        let ends = 1.0 + 0.7 * growth.sweep * step(1.2, 2.4, x.abs());
        let length = length * ends * if stray { 1.35 } else { 1.0 };
        let bend = along(root.spot.place, way, 0.5 * length);
        let lift = growth.sweep * 30.0 * x.signum() * step(1.4, 2.6, x.abs());
        let second = brows::bent(way, dice.normal(0.0, 14.0) - lift);
        let bright = if dice.happens(0.1) { 7.0 } else { 0.0 };
        let light = hair[0] + 4.0 * clumps.at(2.2 * x, 2.2 * y) + dice.normal(0.0, 5.0) + bright;
        let [column, row] = root.spot.place;
        let light = light * ground.light.between(column, row) * rounded(root.canonical);
        let opaque = alpha * dice.even(0.6, 1.0) * (0.45 + 0.55 * root.density.min(1.0));
        Stroke {
            points: [root.spot.place, bend, along(bend, second, 0.5 * length)],
            width: [width * fw * if stray { 0.75 } else { 1.0 }, 0.0005 * fw],
            alpha: opaque * if stray { 0.6 } else { 1.0 },
            value: light.clamp(2.0, 95.0),
            soft_root: true,
        }
    };
    roots.iter().map(hair_of).collect()
}

/// Steps of the grid on which a beard is read, in centimetres.
const STEP: f32 = 0.3;
/// A style whose density follows what is seen less than this (correlation) does not fit.
const LEAST_FIT: f32 = 0.35;
/// Places that are darker than the bare cheek by this many L* are full of hair.
const FULL: f32 = 28.0;
/// In the mean over its hair, stubble is darker than the cheek by less.
const STUBBLE: f32 = 13.0;

/// The built-in style that fits the beard of a face best; none where no beard is seen.
pub fn read(kit: &Kit, photo: &RgbImage) -> Option<&'static Style> {
    if shave::look(kit, photo) == Beard::None {
        return None;
    }
    let canvas = Canvas::around(kit, photo, &OVAL, 0.1)?;
    let chart = Chart::of(&canvas.points);
    let light = canvas.blurred(&canvas.before.plane(0), 0.012);
    let lips = Ground::of(&canvas).lips;
    // The cheeks as they are lit on each side, against which hair is dark.
    let own = kit.skin.lab[0];
    let mut seen: Vec<(Place, f32)> = Vec::new();
    let (across, down) = ((15.0 / STEP) as usize, (9.6 / STEP) as usize);
    for (i, j) in (0..across).flat_map(|i| (0..down).map(move |j| (i, j))) {
        let place = [-7.5 + i as f32 * STEP, -9.4 + j as f32 * STEP];
        let Some(spot) = chart.spot(place).filter(|spot| spot.facing > 0.45) else { continue };
        let [column, row] = spot.place;
        if place[1] > -1.0 || lips.between(column, row) > 0.2 {
            continue;
        }
        seen.push((place, ((own - light.between(column, row)) / FULL).clamp(0.0, 1.2)));
    }
    let fits = STYLES.iter().filter(|style| !style.stubble).map(|style| {
        let wanted = seen.iter().map(|&([x, y], _)| style.at(x, y).0.min(1.0));
        (correlation(wanted, seen.iter().map(|(_, dark)| *dark)), style)
    });
    let (fit, best) = fits.max_by(|a, b| a.0.total_cmp(&b.0))?;
    if fit < LEAST_FIT {
        return None;
    }
    let hair = seen.iter().filter(|([x, y], _)| best.at(*x, *y).0 > 0.6);
    let (sum, count) = hair.fold((0.0, 0), |(sum, count), (_, dark)| (sum + dark, count + 1));
    let faint = sum / count.max(1) as f32 * FULL < STUBBLE;
    let all_over = best.parts.iter().any(|growth| growth.part == Part::Jaw);
    let stubble = STYLES.iter().find(|style| style.stubble);
    if faint && all_over { stubble } else { Some(best) }
}

/// Pearson's correlation of two rows of numbers; 0 where one is constant.
fn correlation(
    one: impl Iterator<Item = f32> + Clone,
    two: impl Iterator<Item = f32> + Clone,
) -> f32 {
    let count = one.clone().count().max(1) as f32;
    let mean = |row: &mut dyn Iterator<Item = f32>| row.sum::<f32>() / count;
    let (first, second) = (mean(&mut one.clone()), mean(&mut two.clone()));
    let sums = one.zip(two).fold([0.0_f32; 3], |[ab, aa, bb], (a, b)| {
        let (a, b) = (a - first, b - second);
        [ab + a * b, aa + a * a, bb + b * b]
    });
    sums[0] / (sums[1] * sums[2]).sqrt().max(1e-6)
}

/// The ends of a moustache that is turned up: hairs that run together beside the mouth.
fn tips(canvas: &Canvas, style: &Style, chart: &Chart, hair: Lab, dice: &mut Dice) -> Vec<Stroke> {
    const HAIRS: usize = 110;
    let swept = style.parts.iter().find(|growth| growth.sweep >= 0.7);
    let Some(growth) = swept else { return vec![] };
    let mut hair_of = |side: f32| {
        let from = dice.even(1.7, 2.7);
        let height = dice.even(0.0, 1.0);
        let reach = dice.even(0.75, 1.05) * growth.sweep;
        let places = [
            [side * from, lip(from) + 0.10 + 0.75 * height],
            [side * (3.0 + 0.15 * height), -3.95 + 0.25 * height],
            [side * (3.05 + 0.55 * reach), -3.9 + 0.95 * reach + dice.normal(0.0, 0.05)],
        ];
        let points = places.map(|place| chart.spot(place).map(|spot| spot.place));
        let [Some(root), Some(bend), Some(tip)] = points else { return None };
        Some(Stroke {
            points: [root, bend, tip],
            width: [0.0023 * canvas.fw, 0.0004 * canvas.fw],
            alpha: 0.68 * dice.even(0.6, 1.0),
            value: (hair[0] + dice.normal(0.0, 5.0)).clamp(2.0, 95.0),
            soft_root: true,
        })
    };
    (0..2 * HAIRS).filter_map(|i| hair_of(if i % 2 == 0 { 1.0 } else { -1.0 })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_style_grows_hair_below_the_nose_and_outside_the_mouth() {
        assert_eq!(STYLES.len(), 24);
        for style in STYLES.iter() {
            let places = (-79..=79).flat_map(|x| (-103..=20).map(move |y| (x, y)));
            let mut grown = 0;
            for (x, y) in places.map(|(x, y)| (x as f32 / 10.0, y as f32 / 10.0)) {
                let (density, growth) = style.at(x, y);
                grown += usize::from(density > 0.5);
                assert!(density <= 1.6 && (0.008..=0.1).contains(&growth.length), "{}", style.name);
                let in_mouth = x.abs() < 1.5 && (-4.9..-3.8).contains(&y);
                assert!(!in_mouth || density < 0.05, "{} grows at {x} {y}", style.name);
                assert!(y < 1.6 || density < 0.6, "{} grows at {x} {y}", style.name);
            }
            assert!(grown > 40, "{}: {grown}", style.name);
        }
    }

    #[test]
    fn styles_are_symmetric_and_differ() {
        let sums: Vec<Vec<u32>> = STYLES
            .iter()
            .map(|style| {
                let at = |x: f32, y: f32| style.at(x, y).0;
                (0..300)
                    .map(|i| {
                        let (x, y) = ((i % 20) as f32 * 0.4, -10.0 + (i / 20) as f32 * 0.6);
                        assert!((at(x, y) - at(-x, y)).abs() < 1e-4);
                        (at(x, y) * style.at(x, y).1.length * 10_000.0) as u32
                    })
                    .collect()
            })
            .collect();
        for (i, one) in sums.iter().enumerate() {
            assert!(sums[i + 1..].iter().all(|other| other != one), "{}", STYLES[i].name);
        }
    }
}
