//! Face paint: designs in the frame of the canonical face, painted as a pigment that keeps the light on
//! the face and its relief.
//!
//! The designs are data, `data/face_paints.toml`: families of layers, and colourways of them. Hair, hats,
//! rims of glasses, eyes and the open mouth stay free.

mod shapes;

use std::sync::LazyLock;

use image::RgbImage;
use safelight_imaging::map::Map;
use safelight_vision::face::Part;
use serde::Deserialize;

use crate::atlas::{MOUTH, OVAL};
use crate::canonical::{Chart, Grid, WIDTH};
use crate::describe::Hex;
use crate::dice::{Dice, Noise};
use crate::kit::Kit;
use crate::lab::{Lab, LabMap, mixed};
use crate::makeup::Canvas;
use crate::region;
use shapes::{Mark, Shape};

/// A layer of paint.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Layer {
    /// Which of the design's colours, counted from 0.
    colour: usize,
    /// How much it covers, 0 to 1.
    #[serde(default = "most")]
    opacity: f32,
    /// Which half of the picture it is on: -1 left, 1 right, 0 mirrored on both.
    #[serde(default)]
    side: i8,
    /// Where it lies.
    shape: Vec<Shape>,
}

fn most() -> f32 {
    0.92
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Family {
    name: String,
    layers: Vec<Layer>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Colourway {
    name: String,
    family: String,
    colours: Vec<Hex>,
}

/// A design in its colours.
#[derive(Clone, Debug)]
pub struct Design {
    /// What it is called.
    pub name: String,
    layers: Vec<Coat>,
}

/// A layer that is ready to be painted.
#[derive(Clone, Debug)]
struct Coat {
    colour: Lab,
    opacity: f32,
    side: i8,
    marks: Vec<Mark>,
}

/// The built-in designs.
pub static DESIGNS: LazyLock<Vec<Design>> = LazyLock::new(|| {
    read(include_str!("../data/face_paints.toml")).unwrap_or_else(|error| panic!("{error}"))
});

/// Reads designs from TOML; a sentence for what is wrong with it.
fn read(text: &str) -> Result<Vec<Design>, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        family: Vec<Family>,
        design: Vec<Colourway>,
    }
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let design = |way: &Colourway| {
        let family = file.family.iter().find(|family| family.name == way.family);
        let family = family.ok_or_else(|| format!("{}: no family {}", way.name, way.family))?;
        let coat = |layer: &Layer| {
            let colour = way.colours.get(layer.colour);
            let colour = colour.ok_or_else(|| format!("{}: no colour {}", way.name, layer.colour));
            Ok(Coat {
                colour: colour?.0,
                opacity: layer.opacity,
                side: layer.side,
                marks: layer.shape.iter().flat_map(Shape::marks).collect(),
            })
        };
        let layers = family.layers.iter().map(coat).collect::<Result<Vec<_>, String>>()?;
        Ok(Design { name: way.name.clone(), layers })
    };
    file.design.iter().map(design).collect()
}

/// How far the paint follows the light on the face: pale pigments more than dark ones.
const LIT: f32 = 0.75;
const LIT_DARK: f32 = 0.45;
/// What is left of the finest relief.
const RELIEF: f32 = 0.85;

/// Paints a design on a face.
pub fn paint(kit: &Kit, photo: &mut RgbImage, design: &Design) {
    let Some(mut canvas) = Canvas::around(kit, photo, &OVAL, 0.12) else { return };
    let grid = Chart::of(&canvas.points).grid(canvas.window.width, canvas.window.height);
    let ground = Ground::of(&canvas, &grid);
    let noise = Dice::of(&canvas.window.cut(photo), &design.name).noise();
    // A cell in centimetres: edges are as soft as that.
    let cell = WIDTH / canvas.fw.max(1.0);
    for coat in &design.layers {
        let density = canvas.blurred(&coat.density(&grid, &noise, cell), 0.0025);
        for at in 0..density.values.len() {
            let share = density.values[at] * coat.opacity * ground.free.values[at];
            if share > 1e-3 {
                let lit = ground.lit(at, kit.lit(coat.colour));
                canvas.now.mix(at, lit, share.min(1.0));
            }
        }
    }
    canvas.paint(photo);
}

impl Coat {
    /// How much of this layer lies on each cell.
    fn density(&self, grid: &Grid, noise: &Noise, cell: f32) -> Map {
        grid.x.each(|column, row| {
            let at = row * grid.x.width + column;
            let (x, y) = (grid.x.values[at], grid.y.values[at]);
            if x.is_nan() {
                return 0.0;
            }
            let x = match self.side {
                0 => x.abs(),
                side => x * f32::from(side),
            };
            let place = [x, y];
            self.marks.iter().fold(0.0, |most: f32, mark| most.max(mark.at(place, noise, cell)))
        })
    }
}

/// What lies below the paint.
struct Ground {
    /// Where it may be painted, 0 to 1.
    free: Map,
    /// The light on the face against its skin, and its finest relief in L*.
    light: Map,
    relief: Map,
}

impl Ground {
    fn of(canvas: &Canvas, grid: &Grid) -> Self {
        let light = canvas.before.plane(0);
        let coarse = canvas.blurred(&light, 0.02);
        let fine = canvas.blurred(&light, 0.008);
        let own = canvas.kit.skin.lab[0].max(8.0);
        let hair = canvas.likely(&[Part::Hair]);
        let hair = hair.each(|x, y| (2.5 * hair.values[y * hair.width + x] - 0.6).clamp(0.0, 1.0));
        let eyes = region::union(&canvas.eye(0), &canvas.eye(1));
        let mouth = canvas.filled(&MOUTH.map(|index| canvas.point(index)));
        let taken = [hair, canvas.covered_by_rims(), eyes, mouth];
        let shown = grid.facing.each(|x, y| {
            let facing = grid.facing.values[y * grid.facing.width + x];
            safelight_imaging::color::smoothstep(-0.04, 0.12, facing)
        });
        let shown = canvas.blurred(&shown, 0.006);
        let free = taken.iter().fold(shown, |free, taken| region::without(&free, taken));
        Self {
            free: canvas.blurred(&free, 0.002),
            light: coarse
                .each(|x, y| (coarse.values[y * coarse.width + x] / own).clamp(0.35, 1.35)),
            relief: light.join(&fine, |own, fine| own - fine),
        }
    }

    /// A pigment in the light at a cell.
    fn lit(&self, at: usize, [l, a, b]: Lab) -> Lab {
        let follows = if l > 50.0 { LIT } else { LIT_DARK };
        let shade = self.light.values[at].powf(follows);
        let light = (l * shade + RELIEF * self.relief.values[at]).clamp(0.0, 100.0);
        let chroma = shade.clamp(0.5, 1.1);
        [light, a * chroma, b * chroma]
    }
}

/// How large the canonical face is that a template is read on: cells of a row, and centimetres.
const READ: usize = 220;
const READ_CM: f32 = 22.0;

/// The paint or mask that another face wears, read in the canonical frame.
pub struct Template {
    colours: LabMap,
    seen: Map,
}

impl Template {
    /// Of a face in a photo.
    pub fn read(kit: &Kit, photo: &RgbImage) -> Option<Self> {
        let canvas = Canvas::around(kit, photo, &OVAL, 0.12)?;
        let chart = Chart::of(&canvas.points);
        let (columns, rows) = (canvas.window.width, canvas.window.height);
        let mut colours = LabMap { width: READ, colours: vec![[0.0; 3]; READ * READ] };
        let mut seen = Map { width: READ, height: READ, values: vec![0.0; READ * READ] };
        for at in 0..READ * READ {
            let along = |i: usize| ((i as f32 + 0.5) / READ as f32 - 0.5) * READ_CM;
            let Some(spot) = chart.spot([along(at % READ), -along(at / READ)]) else { continue };
            let [x, y] = spot.place.map(f32::round);
            let inside = x >= 0.0 && y >= 0.0 && x < columns as f32 && y < rows as f32;
            if inside && spot.facing > 0.05 {
                colours.colours[at] = canvas.before.colours[y as usize * columns + x as usize];
                seen.values[at] = 1.0;
            }
        }
        Some(Self { colours, seen })
    }

    /// Paints it on a face, this opaque.
    pub fn paint(&self, kit: &Kit, photo: &mut RgbImage, opacity: f32) {
        let Some(mut canvas) = Canvas::around(kit, photo, &OVAL, 0.12) else { return };
        let grid = Chart::of(&canvas.points).grid(canvas.window.width, canvas.window.height);
        let ground = Ground::of(&canvas, &grid);
        let planes = [0, 1, 2].map(|channel| self.colours.plane(channel));
        for at in 0..grid.x.values.len() {
            let (x, y) = (grid.x.values[at], grid.y.values[at]);
            if x.is_nan() {
                continue;
            }
            let cell = |cm: f32| (cm / READ_CM + 0.5) * READ as f32 - 0.5;
            let place = (cell(x), cell(-y));
            let share =
                self.seen.between(place.0, place.1) * opacity * ground.free.values[at] * edge(x, y);
            if share > 1e-3 {
                let colour = planes.each_ref().map(|plane| plane.between(place.0, place.1));
                let own = mixed(colour, canvas.before.colours[at], 0.08);
                canvas.now.mix(at, own, share);
            }
        }
        canvas.paint(photo);
    }
}

/// 1 on the face, falling to 0 at its rim.
fn edge(x: f32, y: f32) -> f32 {
    1.0 - safelight_imaging::color::smoothstep(0.86, 1.0, shapes::rim(x, y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn designs_are_complete_and_have_their_own_names() {
        assert_eq!(DESIGNS.len(), 85);
        let mut names: Vec<_> = DESIGNS.iter().map(|design| &design.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 85);
        assert!(DESIGNS.iter().all(|design| design.layers.iter().all(|c| !c.marks.is_empty())));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let text = "[[family]]\nname = \"a\"\nlayers = [{ colour = 3, shape = [{ face = {} }] }]\n\
                    [[design]]\nname = \"b\"\nfamily = \"a\"\ncolours = [\"#ffffff\"]";
        assert_eq!(read(text).map(drop), Err("b: no colour 3".to_owned()));
        let missing = text.replace("family = \"a\"", "family = \"c\"");
        assert_eq!(read(&missing).map(drop), Err("b: no family c".to_owned()));
    }
}
