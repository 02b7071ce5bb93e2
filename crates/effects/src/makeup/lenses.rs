//! Coloured contact lenses.

use image::RgbImage;
use safelight_imaging::map::{Map, percentile};

use super::eye::{self, CLOSED, Unseen};
use super::{Canvas, step};
use crate::describe::{Description, blended};
use crate::kit::Kit;
use crate::lab::Lab;
use crate::region;
use crate::strokes::Place;

/// A lens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lens {
    /// Its colour.
    pub colour: Lab,
    /// How much it covers, 0 to 1.
    pub opacity: f32,
    /// How much darker its edge is, in L*.
    pub ring: f32,
    /// Whether the pupil is the slit of a cat.
    pub slit: bool,
}

/// Blue lenses, where nothing is asked for.
const BLUE: Lab = [53.0, 1.0, -44.0];
/// How much a lens covers as usual: more looks like paint.
const OPACITY: f32 = 0.6;
/// Irises of a smaller radius in cells show no detail.
const SMALL: f32 = 6.0;
/// Radius of an iris in `fw`.
const RADIUS: f32 = 0.0455;

impl Lens {
    /// What a text asks for; blue lenses where it names no colour.
    pub fn described(text: &Description) -> Self {
        let colour = blended(&text.colours).unwrap_or_else(|| text.shift.of(BLUE));
        let ring = if colour[0] < 30.0 { 9.0 } else { 18.0 };
        Self {
            colour,
            opacity: (OPACITY * text.strength.unwrap_or(1.0)).clamp(0.0, 0.75),
            ring: text.number("ring", ring).clamp(0.0, 40.0),
            slit: text.number("slit", 0.0) > 0.0,
        }
    }
}

/// Puts lenses on the eyes that are seen and open; why the others have none.
pub fn paint(kit: &Kit, photo: &mut RgbImage, lens: &Lens) -> [Result<(), Unseen>; 2] {
    let Some(mut canvas) = eye::canvas(kit, photo) else { return [Err(Unseen::Small); 2] };
    let covered = canvas.covered();
    let done = [0, 1].map(|side| {
        let eye = eye::Eye::of(&canvas, side)?;
        if eye.openness < CLOSED {
            return Err(Unseen::Hidden);
        }
        if lens.opacity > 0.0 {
            let lids = region::without(&canvas.eye(side), &covered);
            let iris = Iris::find(&canvas, side, &lids);
            iris.colour(&mut canvas, &lids, lens);
        }
        Ok(())
    });
    canvas.paint(photo);
    done
}

/// An iris in cells.
#[derive(Clone, Copy, Debug)]
struct Iris {
    centre: Place,
    radius: f32,
}

/// Directions in which the edge of an iris is looked for.
const ANGLES: usize = 48;

impl Iris {
    /// The mesh's middle of an iris is wrong by up to a third of its radius: it is moved to where the
    /// inside is darkest against the outside.
    fn find(canvas: &Canvas, side: usize, lids: &Map) -> Self {
        let (middle, radius) = canvas.kit.iris_disc(side);
        let middle = canvas.window.cell(middle);
        let radius = radius / canvas.window.per_cell();
        let radius = radius.clamp(0.92 * RADIUS * canvas.fw, 1.08 * RADIUS * canvas.fw);
        let light = canvas.before.plane(0).gaussian((0.06 * radius).max(0.4));
        let [right, up] = canvas.axes();
        let rim = |centre: Place| {
            let (mut sum, mut total) = (0.0, 1e-3);
            for k in 0..ANGLES {
                let (sin, cos) = (k as f32 / ANGLES as f32 * std::f32::consts::TAU).sin_cos();
                let at = |r: f32| [centre[0] + r * radius * cos, centre[1] + r * radius * sin];
                let value = |map: &Map, [x, y]: Place| map.between(x, y);
                let weight = value(lids, at(1.1));
                sum += weight * (value(&light, at(0.9)) - value(&light, at(1.12)));
                total += weight;
            }
            if total < 4.0 { 0.0 } else { sum / total }
        };
        let mut best = ([middle.x, middle.y], f32::INFINITY);
        for i in -5..=5 {
            for j in -4..=4 {
                let (x, y) = (i as f32 * 0.05, j as f32 * 0.05);
                let centre = [0, 1].map(|axis| {
                    [middle.x, middle.y][axis] + radius * (x * right[axis] + y * up[axis])
                });
                let cost = rim(centre) + 4.0 * x.abs();
                if cost < best.1 {
                    best = (centre, cost);
                }
            }
        }
        Self { centre: best.0, radius }
    }

    fn colour(&self, canvas: &mut Canvas, lids: &Map, lens: &Lens) {
        let [right, up] = canvas.axes();
        let place = |x: usize, y: usize| {
            let (x, y) = (x as f32 - self.centre[0], y as f32 - self.centre[1]);
            let across = (x * right[0] + y * right[1]) / self.radius;
            let up = (x * up[0] + y * up[1]) / self.radius;
            (across.hypot(up), up.atan2(across), [across, up])
        };
        let disc = lids.each(|x, y| {
            let (r, ..) = place(x, y);
            (1.0 - (r - 0.96) / 0.09).clamp(0.0, 1.0) * lids.values[y * lids.width + x]
        });
        let mut own: Vec<f32> = Vec::new();
        for (index, &inside) in disc.values.iter().enumerate() {
            let (r, ..) = place(index % lids.width, index / lids.width);
            if inside > 0.5 && (0.42..0.95).contains(&r) {
                own.push(canvas.before.colours[index][0]);
            }
        }
        if own.is_empty() {
            return;
        }
        let [median, bright, brighter] = [0.5, 0.88, 0.90].map(|rank| percentile(&mut own, rank));
        let light = canvas.before.plane(0);
        // In a small iris a reflection is a pixel wide.
        let small = self.radius < SMALL;
        let beside = if small { 0 } else { 1 };
        let shine = light.each(|x, y| {
            // A reflection of the light stays, and what is next to it.
            let most = (-beside..=beside)
                .flat_map(|dy| (-beside..=beside).map(move |dx| (dx, dy)))
                .map(|(dx, dy)| light.near(x as isize + dx, y as isize + dy))
                .fold(0.0, f32::max);
            ((most - bright - 6.0) / 10.0).clamp(0.0, 1.0)
        });
        let soft = canvas.blurred(&disc, 0.004);
        let [wanted, red, yellow] = canvas.kit.lit(lens.colour);
        for (index, &inside) in soft.values.iter().enumerate() {
            if inside <= 0.003 {
                continue;
            }
            let (r, angle, at) = place(index % lids.width, index / lids.width);
            let [l, a, b] = canvas.before.colours[index];
            // The lid's polygon hangs low on some eyes: what is bright at the rim is no iris.
            let spare = if small { 24.0 } else { 8.0 };
            let white = ((l - brighter - spare) / 8.0).clamp(0.0, 1.0) * step(0.6, 0.85, r);
            let pupil = ((r - 0.34) / 0.14).clamp(0.0, 1.0);
            let here = inside * pupil * (1.0 - shine.values[index]) * (1.0 - white);
            let ring = lens.ring * (-((r - 0.95) / 0.085).powi(2)).exp();
            let fibres = 9.0 * (fibres(r, angle) - 0.5);
            let light = (l + 0.75 * (0.8 * wanted + fibres - median) - ring).clamp(2.0, 97.0);
            let chroma = (light / wanted.max(1.0)).clamp(0.45, 1.15);
            let here = if small { 0.8 * here } else { here };
            let share = here * lens.opacity;
            let tinted = (here * (1.45 * lens.opacity).min(1.0)).min(1.0);
            let mut colour = [
                l + (light - l) * share,
                a + (red * chroma - a) * tinted,
                b + (yellow * chroma - b) * tinted,
            ];
            if lens.slit {
                let narrow = (at[0] / 0.17).hypot(at[1] / 0.82);
                let dark = (1.0 - step(0.85, 1.15, narrow)) * inside;
                let round = (1.0 - step(0.34, 0.5, r)) * inside * (1.0 - shine.values[index]);
                // The round pupil takes the lens's colour, the slit is dark.
                let filled = [0.7 * wanted, 0.8 * red, 0.8 * yellow];
                colour = crate::lab::mixed(colour, filled, 0.85 * round * (1.0 - dark));
                let dark = dark * 0.92 * (1.0 - shine.values[index]);
                colour = crate::lab::mixed(colour, [4.0, 0.0, 0.0], dark);
            }
            canvas.now.colours[index] = colour;
        }
    }
}

/// The pattern of an iris, 0 to 1: radial fibres and a ring around the pupil.
fn fibres(r: f32, angle: f32) -> f32 {
    let radial = (29.0 * angle + 3.0 * (5.0 * angle).sin() + 2.0 * r).sin();
    let second = (47.0 * angle + 1.3 + 4.0 * r).sin();
    0.7 * (0.5 + 0.5 * radial * second) + 0.3 * (-((r - 0.5) / 0.12).powi(2)).exp()
}
