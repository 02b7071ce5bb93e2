//! What a sheet shows beside the heads, and the brush it is drawn with.

use image::RgbImage;
use safelight_vision::face::{Point, Rect};

use super::{CELL, mix};
use crate::change::pixel_of;
use crate::describe::{self, HAIR};
use crate::dice::Dice;
use crate::path::{Path, turned};
use crate::region;
use crate::strokes::Place;
use crate::window::Window;

/// Draws on a picture.
pub(super) struct Brush<'a> {
    picture: &'a mut RgbImage,
}

impl<'a> Brush<'a> {
    pub fn new(picture: &'a mut RgbImage) -> Self {
        Self { picture }
    }

    /// The window around places, with a margin.
    fn window(&self, places: &[Place], margin: f32) -> Option<Window> {
        let points = places.iter().map(|&[x, y]| Point { x, y }).collect::<Vec<_>>();
        let rect = Rect::around(points);
        let around = Rect {
            x: rect.x - margin,
            y: rect.y - margin,
            width: rect.width + 2.0 * margin,
            height: rect.height + 2.0 * margin,
        };
        Window::of(around, 1.0, self.picture.dimensions())
    }

    fn lay(&mut self, window: &Window, cover: &[f32], colour: [u8; 3]) {
        for (index, &cover) in cover.iter().enumerate().filter(|(_, cover)| **cover > 0.0) {
            let (x, y) = (index % window.width, index / window.width);
            let (x, y) = (window.region.x + x as u32, window.region.y + y as u32);
            mix(self.picture.get_pixel_mut(x, y), colour, cover.min(1.0));
        }
    }

    /// Fills a polygon.
    pub fn fill(&mut self, polygon: &[Place], colour: [u8; 3]) {
        self.soft_fill(polygon, colour, 0.0);
    }

    /// Fills a polygon whose edge is blurred by so many pixels.
    pub fn soft_fill(&mut self, polygon: &[Place], colour: [u8; 3], blur: f32) {
        let Some(window) = self.window(polygon, 2.0 + 3.0 * blur) else { return };
        let points: Vec<Point> = polygon.iter().map(|&[x, y]| Point { x, y }).collect();
        let cover = region::feathered(&region::fill(&window, &points), blur);
        self.lay(&window, &cover.values, colour);
    }

    /// Draws a line of this width in pixels.
    pub fn line(&mut self, path: &Path, width: f32, colour: [u8; 3]) {
        let places: Vec<Place> = (0..=32).map(|i| path.at(i as f32 / 32.0)).collect();
        let Some(window) = self.window(&places, width + 2.0) else { return };
        let cover = window.map(|place| {
            let far = places.windows(2).map(|pair| to_piece([place.x, place.y], pair[0], pair[1]));
            (width / 2.0 + 0.5 - far.fold(f32::INFINITY, f32::min)).clamp(0.0, 1.0)
        });
        self.lay(&window, &cover.values, colour);
    }

    /// A soft spot of this standard deviation and strength.
    pub fn glow(&mut self, middle: Place, sigma: f32, colour: [u8; 3], strength: f32) {
        let Some(window) = self.window(&[middle], 3.0 * sigma) else { return };
        let centre = Point { x: middle[0], y: middle[1] };
        let cover = window.map(|place| {
            let far = place.distance(centre) / sigma.max(1e-3);
            strength * (-far * far).exp()
        });
        self.lay(&window, &cover.values, colour);
    }
}

/// How far a place is from a piece of a line.
fn to_piece([x, y]: Place, a: Place, b: Place) -> f32 {
    let way = [b[0] - a[0], b[1] - a[1]];
    let square = (way[0] * way[0] + way[1] * way[1]).max(1e-9);
    let t = (((x - a[0]) * way[0] + (y - a[1]) * way[1]) / square).clamp(0.0, 1.0);
    (x - a[0] - t * way[0]).hypot(y - a[1] - t * way[1])
}

/// The outline of a heart about (0, 0), 2 wide.
pub(super) fn heart() -> Vec<Place> {
    (0..48)
        .map(|i| {
            let t = i as f32 / 48.0 * std::f32::consts::TAU;
            let y =
                13.0 * t.cos() - 5.0 * (2.0 * t).cos() - 2.0 * (3.0 * t).cos() - (4.0 * t).cos();
            [t.sin().powi(3), -y / 16.0]
        })
        .collect()
}

/// A star of five rays about (0, 0), 2 wide.
fn star() -> Vec<Place> {
    (0..10)
        .map(|i| {
            let far = if i % 2 == 0 { 1.0 } else { 0.44 };
            let [x, y] = turned([0.0, -1.0], i as f32 / 10.0 * std::f32::consts::TAU);
            [x * far, y * far]
        })
        .collect()
}

fn disc() -> Vec<Place> {
    (0..32).map(|i| turned([1.0, 0.0], i as f32 / 32.0 * std::f32::consts::TAU)).collect()
}

/// A drop of rain, a leaf or a flame: round below, pointed above.
fn drop_shape() -> Vec<Place> {
    (0..32)
        .map(|i| {
            let t = i as f32 / 32.0 * std::f32::consts::TAU;
            let y = -t.cos();
            [t.sin() * (1.0 + y) / 2.0 * 0.75, y]
        })
        .collect()
}

/// What is scattered over a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Prop {
    #[default]
    Nothing,
    Hearts,
    Stars,
    Snow,
    Confetti,
    Leaves,
    Rain,
    Bubbles,
    Suns,
}

/// Where the stickers play: the colours behind them and what is scattered there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// A single colour; pastels in turn without.
    ground: Option<[u8; 3]>,
    prop: Prop,
}

/// Words of a scene, the colour behind it and what is scattered.
const SCENES: &[(&[&str], [u8; 3], Prop)] = &[
    (
        &["birthday", "party", "celebration", "carnival", "festival"],
        [255, 224, 178],
        Prop::Confetti,
    ),
    (&["christmas", "winter", "snow", "snowy", "ski", "holiday"], [176, 208, 236], Prop::Snow),
    (&["love", "valentine", "wedding", "romantic", "date"], [255, 206, 218], Prop::Hearts),
    (&["night", "space", "sky", "galaxy", "moon", "stars"], [44, 48, 92], Prop::Stars),
    (&["beach", "summer", "sun", "sunny", "holidays", "desert"], [255, 226, 150], Prop::Suns),
    (&["sea", "ocean", "underwater", "pool", "aquarium"], [150, 210, 228], Prop::Bubbles),
    (&["autumn", "fall", "forest", "park", "nature", "garden"], [214, 226, 178], Prop::Leaves),
    (&["rain", "rainy", "storm", "city"], [184, 194, 210], Prop::Rain),
    (&["office", "school", "work", "home", "room", "studio"], [226, 222, 214], Prop::Nothing),
];
const PASTELS: [[u8; 3]; 5] =
    [[255, 214, 214], [255, 236, 190], [206, 236, 210], [200, 224, 248], [228, 212, 246]];

impl Scene {
    /// What words name: a place or an occasion, and a colour, which counts for what is behind.
    pub fn described(text: &str) -> Self {
        let lower = text.to_lowercase();
        let words: Vec<&str> = lower.split(|letter: char| !letter.is_alphabetic()).collect();
        let found = SCENES.iter().find(|(names, ..)| names.iter().any(|name| words.contains(name)));
        let mut scene = found.map_or_else(Self::default, |(_, ground, prop)| Self {
            ground: Some(*ground),
            prop: *prop,
        });
        if let Some(colour) = describe::blended(&HAIR.read(text).colours) {
            scene.ground = Some(pixel_of(colour));
        }
        scene
    }

    /// The colour behind the cell of this number.
    pub(super) fn ground(&self, index: usize) -> [u8; 3] {
        self.ground.unwrap_or(PASTELS[index % PASTELS.len()])
    }

    /// Scatters what belongs to the scene.
    pub(super) fn scatter(&self, cell: &mut RgbImage, dice: &mut Dice) {
        let (shape, size, count): (Vec<Place>, [f32; 2], usize) = match self.prop {
            Prop::Nothing => return,
            Prop::Hearts => (heart(), [10.0, 22.0], 14),
            Prop::Stars => (star(), [5.0, 13.0], 22),
            Prop::Snow | Prop::Bubbles => (disc(), [4.0, 11.0], 26),
            Prop::Confetti => {
                (vec![[-1.0, -0.4], [1.0, -0.4], [1.0, 0.4], [-1.0, 0.4]], [6.0, 11.0], 34)
            }
            Prop::Leaves | Prop::Rain => (drop_shape(), [8.0, 15.0], 18),
            Prop::Suns => (disc(), [9.0, 18.0], 10),
        };
        let side = CELL as f32;
        let mut brush = Brush::new(cell);
        for _ in 0..count {
            let place = [dice.even(0.0, side), dice.even(0.0, side)];
            let size = dice.even(size[0], size[1]);
            let turn = match self.prop {
                Prop::Rain => 0.25,
                Prop::Hearts => dice.even(-0.4, 0.4),
                _ => dice.even(0.0, std::f32::consts::TAU),
            };
            let polygon: Vec<Place> = shape
                .iter()
                .map(|&[x, y]| {
                    let [x, y] = turned([x * size, y * size], turn);
                    [place[0] + x, place[1] + y]
                })
                .collect();
            brush.fill(&polygon, self.colour(dice));
        }
    }

    fn colour(&self, dice: &mut Dice) -> [u8; 3] {
        let of: &[[u8; 3]] = match self.prop {
            Prop::Hearts => &[[240, 110, 140], [250, 160, 180], [226, 70, 110]],
            Prop::Stars => &[[255, 236, 150], [255, 255, 255], [190, 200, 255]],
            Prop::Confetti => {
                &[[236, 84, 96], [250, 190, 60], [88, 178, 120], [84, 140, 220], [176, 110, 210]]
            }
            Prop::Leaves => &[[206, 110, 50], [226, 166, 60], [140, 160, 70]],
            Prop::Rain => &[[120, 150, 190], [140, 168, 204]],
            Prop::Bubbles => &[[210, 240, 248], [186, 228, 240]],
            Prop::Suns => &[[255, 196, 70], [255, 214, 110]],
            Prop::Nothing | Prop::Snow => &[[255, 255, 255]],
        };
        of[(dice.even(0.0, of.len() as f32) as usize).min(of.len() - 1)]
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn scenes_have_their_colours() {
        assert_eq!(Scene::described("at a birthday party").prop, Prop::Confetti);
        assert_eq!(Scene::described("somewhere").ground, None);
        let blue = Scene::described("plain blue").ground(0);
        assert!(blue[2] > 150 && blue[0] < 80, "{blue:?}");
    }

    #[test]
    fn shapes_fill_their_place() {
        let mut picture = RgbImage::from_pixel(60, 60, Rgb([255; 3]));
        let polygon: Vec<Place> =
            heart().into_iter().map(|[x, y]| [30.0 + 20.0 * x, 30.0 + 20.0 * y]).collect();
        Brush::new(&mut picture).fill(&polygon, [200, 0, 0]);
        assert_eq!(picture.get_pixel(30, 30).0, [200, 0, 0]);
        assert_eq!(picture.get_pixel(3, 3).0, [255; 3]);
    }
}
