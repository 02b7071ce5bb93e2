//! Eyeshadow: layers of pigment over the lids.

use std::sync::LazyLock;

use image::RgbImage;
use safelight_imaging::map::{Map, percentile};
use safelight_vision::face::Part;
use serde::Deserialize;

use super::eye::{self, Eye, Unseen};
use super::{Canvas, step};
use crate::describe::Hex;
use crate::dice::{Dice, Noise};
use crate::kit::Kit;
use crate::lab::{Lab, difference};
use crate::path::{along, unit};
use crate::region;
use crate::strokes::Place;

/// Where a layer of pigment lies.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Area {
    /// The whole lid up to above the crease, thin.
    Wash,
    /// The moving lid.
    Lid,
    /// The crease.
    Crease,
    /// The outer corner.
    Outer,
    /// From the lashes upwards, fading.
    Smoke,
    /// A light spot in the middle of the lid.
    Halo,
    /// Below the tail of the brow.
    Bone,
    /// The inner corner.
    Inner,
}

impl Area {
    /// How much pigment lies at a place: `t` from the inner corner 0 to the outer one 1 and beyond, `v`
    /// from the lashes 0 over crease 1 and fold 2 to the brow 3.
    fn density(self, t: f32, v: f32) -> f32 {
        let bell = |x: f32| (-x * x).exp();
        let fall = |from, to, x| 1.0 - step(from, to, x);
        match self {
            Self::Wash => fall(1.1, 2.4, v) * step(-0.02, 0.15, t) * fall(1.0, 1.2, t),
            Self::Lid => fall(0.75, 1.35, v) * step(-0.02, 0.12, t) * fall(0.95, 1.1, t),
            Self::Crease => bell((v - 1.2) / 0.5) * step(0.12, 0.45, t) * fall(1.0, 1.25, t),
            Self::Outer => {
                let leaning = v + 0.6 * (1.0 - t).max(0.0);
                step(0.52, 0.95, t) * fall(1.25, 2.0, leaning) * fall(1.02, 1.28, t + 0.05 * v)
            }
            Self::Smoke => bell(v / 1.25) * step(-0.05, 0.2, t) * fall(1.02, 1.28, t),
            Self::Halo => bell((t - 0.5) / 0.2) * fall(0.6, 1.2, v),
            Self::Bone => bell((v - 2.45) / 0.35) * step(0.3, 0.6, t) * fall(0.95, 1.1, t),
            Self::Inner => fall(0.04, 0.20, t) * fall(0.5, 1.1, v),
        }
    }
}

/// A layer of pigment.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Where it lies.
    pub area: Area,
    /// The pigment.
    pub colour: Hex,
    /// How much it covers, 0 to 1.
    pub opacity: f32,
    /// How much it glitters, 0 to 1.
    #[serde(default)]
    pub shimmer: f32,
}

/// An eyeshadow.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// What it is called.
    pub name: String,
    /// The colour below the lower lashes.
    pub line: Hex,
    /// Its layers, the lowest first.
    pub layers: Vec<Layer>,
}

/// The built-in designs.
pub static DESIGNS: LazyLock<Vec<Design>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        design: Vec<Design>,
    }
    let read: Result<File, _> = toml::from_str(include_str!("../../data/eyeshadows.toml"));
    read.unwrap_or_else(|error| panic!("{error}")).design
});

/// Pigments lighten skin by this many L* at most, and darken it by this many.
const REACH: [f32; 2] = [26.0, 48.0];
/// How far the makeup goes beyond the outer corner.
const BEYOND: f32 = 1.3;

/// Paints an eyeshadow of this strength (0 to 1) on the eyes that are seen; why the others are left.
pub fn paint(
    kit: &Kit,
    photo: &mut RgbImage,
    design: &Design,
    strength: f32,
) -> [Result<(), Unseen>; 2] {
    let Some(mut canvas) = eye::canvas(kit, photo) else { return [Err(Unseen::Small); 2] };
    let eyes = eye::both(&canvas);
    if strength > 0.0 {
        let grain = Dice::of(&canvas.window.cut(photo), &design.name).noise();
        let free = free(&canvas);
        for eye in eyes.iter().flatten() {
            let frame = Frame::of(&canvas, eye);
            design.lay(&mut canvas, &frame, &free, grain, strength);
            line(&mut canvas, eye, design.line.0, &free, strength);
        }
        canvas.paint(photo);
    }
    eyes.map(|eye| eye.map(drop))
}

/// Where nothing lies over the lids: no eye, brow, hair or rim.
fn free(canvas: &Canvas) -> Map {
    let brows = canvas.likely(&[Part::LeftBrow, Part::RightBrow]);
    let eyes = region::union(&canvas.eye(0), &canvas.eye(1));
    let taken = [brows, canvas.covered(), canvas.blurred(&eyes, 0.002)];
    let none = canvas.window.filled(1.0);
    taken.iter().fold(none, |free, taken| region::without(&free, taken))
}

/// The places of the lid over the cells: `t` and `v` of each, not numbers elsewhere.
struct Frame {
    t: Map,
    v: Map,
}

impl Frame {
    fn of(canvas: &Canvas, eye: &Eye) -> Self {
        const ACROSS: usize = 52;
        const UP: usize = 24;
        let rows = eye.rows(canvas);
        let tail = canvas.point(eye::BROW_UPPER[eye.side][4]);
        let corner = eye.upper.at(1.0);
        let to_tail = unit([tail[0] - corner[0], tail[1] - corner[1]]);
        let beyond: Place = [0, 1].map(|i| 0.55 * to_tail[i] + 0.75 * eye.outwards[i]);
        let at = |t: f32, v: f32| -> Place {
            let row = (v as usize).min(2);
            let share = v - row as f32;
            let inside = t.min(1.0);
            let place = crate::path::between(rows[row].at(inside), rows[row + 1].at(inside), share);
            let further = (t - 1.0).max(0.0) / (BEYOND - 1.0);
            along(place, beyond, further * 0.07 * (1.0 - 0.12 * v) * canvas.fw)
        };
        let mut frame =
            Self { t: canvas.window.filled(f32::NAN), v: canvas.window.filled(f32::NAN) };
        let grid = |i: usize, j: usize| {
            let (t, v) = (BEYOND * i as f32 / ACROSS as f32, 3.0 * j as f32 / UP as f32);
            (at(t, v), [t, v])
        };
        for i in 0..ACROSS {
            for j in 0..UP {
                let corners = [grid(i, j), grid(i + 1, j), grid(i, j + 1), grid(i + 1, j + 1)];
                frame.fill([corners[0], corners[1], corners[2]]);
                frame.fill([corners[1], corners[2], corners[3]]);
            }
        }
        frame
    }

    fn fill(&mut self, corners: [(Place, [f32; 2]); 3]) {
        let places = corners.map(|(place, _)| place);
        crate::canonical::cells(places, self.t.width, self.t.height, |index, weights| {
            let sum = |axis: usize| (0..3).map(|i| corners[i].1[axis] * weights[i]).sum::<f32>();
            (self.t.values[index], self.v.values[index]) = (sum(0), sum(1));
        });
    }

    /// The pigment of an area.
    fn density(&self, canvas: &Canvas, area: Area) -> Map {
        let own = self.t.join(&self.v, |t, v| if t.is_nan() { 0.0 } else { area.density(t, v) });
        canvas.blurred(&own, 0.004)
    }
}

impl Design {
    fn lay(&self, canvas: &mut Canvas, frame: &Frame, free: &Map, grain: Noise, strength: f32) {
        let light = canvas.before.plane(0);
        let coarse = canvas.blurred(&light, 0.02);
        for (number, layer) in self.layers.iter().enumerate() {
            let density = frame.density(canvas, layer.area);
            let mut covered: Vec<f32> = density
                .values
                .iter()
                .zip(&coarse.values)
                .filter(|(density, _)| **density > 0.3)
                .map(|(_, light)| *light)
                .collect();
            if covered.is_empty() {
                continue;
            }
            let own = percentile(&mut covered, 0.5).max(1.0);
            let lightest = percentile(&mut covered, 0.8);
            let [pigment, red, yellow] = canvas.kit.lit(layer.colour.0);
            let [up, down] = REACH;
            let wanted = pigment.min(own + up).max(own - down);
            for (index, &density) in density.values.iter().enumerate() {
                let share = density * layer.opacity * strength * free.values[index];
                if share <= 0.002 {
                    continue;
                }
                let fine = light.values[index] - coarse.values[index];
                let shade = (coarse.values[index] / own).clamp(0.45, 1.5).powf(0.85);
                let (x, y) = (index % light.width, index / light.width);
                let size = 0.004 * canvas.fw;
                let noise =
                    0.5 + 0.5 * grain.at(x as f32 / size + 17.0 * number as f32, y as f32 / size);
                let sparkle = ((noise - 0.8) / 0.2).clamp(0.0, 1.0).powf(1.5) * 22.0;
                let glow = 5.0 * step(0.0, 4.0, coarse.values[index] - lightest);
                let shimmer = layer.shimmer * (sparkle + glow);
                let target = wanted * shade + 0.9 * fine + shimmer;
                canvas.now.mix(index, [target.clamp(1.0, 97.0), red, yellow], share);
            }
        }
    }
}

/// The shade below the outer lower lashes.
fn line(canvas: &mut Canvas, eye: &Eye, colour: Lab, free: &Map, strength: f32) {
    const POINTS: usize = 20;
    let edge = |depth: f32, i: usize| {
        let t = 0.3 + 0.72 * i as f32 / POINTS as f32;
        // Thin at its inner end.
        let depth = depth * step(0.25, 0.6, t) * canvas.fw;
        along(eye.lower.at(t), eye.up, -depth)
    };
    let there = (0..=POINTS).map(|i| edge(0.0, i));
    let back = (0..=POINTS).rev().map(|i| edge(0.016, i));
    let band = canvas.filled(&there.chain(back).collect::<Vec<_>>());
    let band = canvas.blurred(&band, 0.006);
    let light = canvas.before.plane(0);
    let coarse = canvas.blurred(&light, 0.02);
    let colour = canvas.kit.lit(colour);
    for (index, &band) in band.values.iter().enumerate() {
        let share = 0.38 * band * free.values[index] * strength;
        if share > 0.002 {
            let own = coarse.values[index];
            let wanted = colour[0].max(own - REACH[1]) + 0.9 * (light.values[index] - own);
            canvas.now.mix(index, [wanted.clamp(1.0, 97.0), colour[1], colour[2]], share);
        }
    }
}

/// How far a zone's colour must be from the bare skin to count as makeup.
const LEAST_MAKEUP: f32 = 8.0;

/// The eyeshadow that a face wears, as a design of the same zones; none where its lids look like its
/// skin.
pub fn read(kit: &Kit, photo: &RgbImage) -> Option<Design> {
    let canvas = eye::canvas(kit, photo)?;
    let free = free(&canvas);
    let eyes: Vec<Eye> = eye::both(&canvas).into_iter().flatten().collect();
    let bare = kit.skin.lab;
    let layers: Vec<Layer> = [Area::Lid, Area::Crease, Area::Outer]
        .into_iter()
        .filter_map(|area| {
            let zone = eyes.iter().map(|eye| Frame::of(&canvas, eye).density(&canvas, area));
            let zone = zone.reduce(|all, one| region::union(&all, &one))?;
            let colour = canvas.before.median(&region::common(&zone, &free), 0.6)?;
            let chroma = (colour[1] - bare[1]).hypot(colour[2] - bare[2]);
            let found = chroma > LEAST_MAKEUP || colour[0] < bare[0] - 22.0;
            let opacity = (difference(colour, bare) / 30.0).clamp(0.4, 0.75);
            found.then_some(Layer { area, colour: Hex(colour), opacity, shimmer: 0.0 })
        })
        .collect();
    let line = layers.last()?.colour;
    Some(Design { name: "of a photo".to_owned(), line, layers })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_designs_are_read_and_differ() {
        assert_eq!(DESIGNS.len(), 36);
        for (index, design) in DESIGNS.iter().enumerate() {
            assert!(design.layers.iter().all(|layer| (0.05..=1.0).contains(&layer.opacity)));
            let others = &DESIGNS[index + 1..];
            assert!(others.iter().all(|other| other.name != design.name), "{}", design.name);
        }
    }

    #[test]
    fn densities_stay_in_their_zones() {
        assert!(Area::Lid.density(0.5, 0.4) > 0.9 && Area::Lid.density(0.5, 2.0) < 0.01);
        assert!(Area::Outer.density(0.97, 0.5) > 0.9 && Area::Outer.density(0.3, 0.5) < 0.01);
        assert!(Area::Inner.density(0.02, 0.2) > 0.9 && Area::Inner.density(0.5, 0.2) < 0.01);
        for area in [Area::Wash, Area::Lid, Area::Crease, Area::Outer, Area::Smoke] {
            assert!(area.density(1.29, 2.9) < 0.02, "{area:?}");
        }
    }
}
