//! Makeup, beards and brows: pigments and strokes on a face.
//!
//! Everything is painted on a [`Canvas`], the part of the photo that is changed, in CIE L*a*b*, and
//! brought into the photo at the end. Lengths are in `fw`.

pub mod beard;
pub mod brows;
pub mod eye;
pub mod fuller;
pub mod lashes;
pub mod lenses;
pub mod lips;
pub mod shadow;
pub mod shave;

use image::RgbImage;
use safelight_imaging::Region;
use safelight_imaging::map::{Map, percentile};
use safelight_vision::face::{Part, Point, Rect};

use crate::atlas::EYES;
use crate::kit::Kit;
use crate::lab::{Lab, LabMap};
use crate::path::Path;
use crate::region;
use crate::strokes::{self, Place, Stroke};
use crate::window::Window;

/// The part of a photo with a face that is painted on.
pub struct Canvas<'a> {
    /// The face.
    pub kit: &'a Kit,
    /// Which part it is.
    pub window: Window,
    /// The colours as they were.
    pub before: LabMap,
    /// The colours as they are now.
    pub now: LabMap,
    /// The points of the mesh in cells, their depth in the same unit.
    pub points: Vec<[f32; 3]>,
    /// The width of the face in cells.
    pub fw: f32,
    /// How much of the detail that is finer than cells goes, 0 to 1; none where nothing is replaced.
    gone: Option<Map>,
}

impl<'a> Canvas<'a> {
    /// Around points of the mesh, with a margin in `fw`. None where that lies outside the photo.
    pub fn around(kit: &'a Kit, photo: &RgbImage, points: &[usize], margin: f32) -> Option<Self> {
        let window = kit.window_around(Rect::around(kit.polygon(points)), margin)?;
        let before = LabMap::of(&window.cut(photo));
        let points = kit.mesh.points.iter().map(|&[x, y, z]| {
            let cell = window.cell(Point { x, y });
            [cell.x, cell.y, z / window.per_cell()]
        });
        let points = points.collect();
        let (now, fw) = (before.clone(), kit.cells(&window, 1.0));
        Some(Self { kit, now, before, points, fw, window, gone: None })
    }

    /// Brings what was painted into the photo.
    pub fn paint(&self, photo: &mut RgbImage) {
        match &self.gone {
            Some(gone) => self.now.paint_over(&self.before, gone, &self.window, photo),
            None => self.now.paint(&self.before, &self.window, photo),
        }
    }

    /// Puts `share` (0 to 1) of a colour in the place of what the cell of this index shows, also of the
    /// detail that is finer than cells, which mixing keeps.
    pub fn replace(&mut self, index: usize, colour: Lab, share: f32) {
        self.now.mix(index, colour, share);
        if share > 0.0 && self.window.per_cell() > 1.0 {
            let gone = self.gone.get_or_insert_with(|| self.window.filled(0.0));
            gone.values[index] += (1.0 - gone.values[index]) * share.min(1.0);
        }
    }

    /// Where a point of the mesh lies, in cells.
    pub fn point(&self, index: usize) -> Place {
        let [x, y, _] = self.points[index];
        [x, y]
    }

    /// A smooth line through points of the mesh.
    pub fn path(&self, indices: &[usize]) -> Path {
        Path::through(&indices.iter().map(|&index| self.point(index)).collect::<Vec<_>>())
    }

    /// The direction of the picture's right in the face's frame, and that of its up.
    pub fn axes(&self) -> [Place; 2] {
        let [right, down] = self.kit.axes();
        [[right.x, right.y], [-down.x, -down.y]]
    }

    /// What a polygon of cells covers.
    pub fn filled(&self, polygon: &[Place]) -> Map {
        let points: Vec<Point> =
            polygon.iter().map(|&[x, y]| self.window.place(Point { x, y })).collect();
        region::fill(&self.window, &points)
    }

    /// A Gaussian blur of a map by a length in `fw`.
    pub fn blurred(&self, map: &Map, sigma: f32) -> Map {
        region::feathered(map, sigma * self.fw)
    }

    /// Wider by a length in `fw`.
    pub fn grown(&self, map: &Map, by: f32) -> Map {
        let radius = (by * self.fw).round() as usize;
        let inverse = map.each(|x, y| 1.0 - map.values[y * map.width + x]);
        let eroded = inverse.erode(radius);
        eroded.each(|x, y| 1.0 - eroded.values[y * map.width + x])
    }

    /// How likely each cell shows one of these parts, steepened: the parser's grid is coarse, so that low
    /// values spread far.
    pub fn likely(&self, parts: &[Part]) -> Map {
        let likely = self.kit.parsing.likely(parts);
        self.window.map(|place| ((likely(place) - 0.3) * 4.0).clamp(0.0, 1.0))
    }

    /// The opening of the eye on a side (0 left, 1 right of the picture).
    pub fn eye(&self, side: usize) -> Map {
        region::fill(&self.window, &self.kit.polygon(&EYES[side]))
    }

    /// What makeup leaves free: hair, hats and the rims of glasses.
    pub fn covered(&self) -> Map {
        let hair = self.likely(&[Part::Hair, Part::Hat]);
        if self.kit.glasses { region::union(&hair, &self.rims()) } else { hair }
    }

    /// Where hats and the rims of glasses are.
    pub fn covered_by_rims(&self) -> Map {
        let hat = self.likely(&[Part::Hat]);
        if self.kit.glasses { region::union(&hat, &self.rims()) } else { hat }
    }

    /// The rims of glasses: what the parser takes for glasses and is darker or more colourful than
    /// skin. It takes lenses for glasses too, through which skin is seen.
    fn rims(&self) -> Map {
        let glasses = self.kit.parsing.likely(&[Part::Glasses]);
        let [skin_l, skin_a, skin_b] = self.kit.skin.lab;
        let [l, a, b] = [0, 1, 2].map(|i| self.blurred(&self.before.plane(i), 0.004));
        let rim = self.window.map(|place| ((glasses(place) - 0.4) * 4.0).clamp(0.0, 1.0));
        let rim = rim.each(|x, y| {
            let i = y * rim.width + x;
            let dark = ((0.55 * skin_l - l.values[i]) / 10.0).clamp(0.0, 1.0);
            let chroma = (a.values[i] - skin_a).hypot(b.values[i] - skin_b);
            rim.values[i] * dark.max(((chroma - 14.0) / 8.0).clamp(0.0, 1.0))
        });
        let eyes = region::union(&self.eye(0), &self.eye(1));
        self.blurred(&region::without(&rim, &self.grown(&eyes, 0.02)), 0.003)
    }

    /// How sharp the photo is around the eyes: the standard deviation in cells of the blur that strokes
    /// need to match it, 0 where it is sharp.
    fn softness(&self) -> f32 {
        let light = self.before.plane(0);
        let soft = light.gaussian(1.0);
        let slope = |map: &Map, x: isize, y: isize| {
            (map.near(x + 1, y) - map.near(x - 1, y)).hypot(map.near(x, y + 1) - map.near(x, y - 1))
        };
        let mut slopes: Vec<(f32, f32)> = (0..light.height as isize)
            .flat_map(|y| (0..light.width as isize).map(move |x| (x, y)))
            .filter(|&(x, y)| self.near_eyes([x as f32, y as f32]))
            .map(|(x, y)| (slope(&light, x, y), slope(&soft, x, y)))
            .collect();
        slopes.sort_by(|a, b| b.0.total_cmp(&a.0));
        slopes.truncate((slopes.len() as f32 * 0.08) as usize);
        let mut ratios: Vec<f32> = slopes.iter().map(|(own, soft)| own / soft.max(1e-3)).collect();
        if ratios.len() < 12 {
            return 0.0;
        }
        let ratio = percentile(&mut ratios, 0.5);
        let sigma = 0.8 / (ratio * ratio - 1.0).max(0.05).sqrt();
        if sigma > 0.55 { (sigma * sigma - 0.3).max(0.0).sqrt() } else { 0.0 }
    }

    fn near_eyes(&self, [x, y]: Place) -> bool {
        EYES.iter().any(|eye| {
            let [outer, inner] = [self.point(eye[0]), self.point(eye[8])];
            let middle = [(outer[0] + inner[0]) / 2.0, (outer[1] + inner[1]) / 2.0];
            let reach = 0.75 * (outer[0] - inner[0]).hypot(outer[1] - inner[1]);
            (x - middle[0]).abs() < reach && (y - middle[1]).abs() < reach * 0.7
        })
    }

    /// Draws strokes as sharp as the photo is; their coverage is multiplied by `free`, their value is
    /// L*, their chroma that of `colour`.
    pub fn stroke(&mut self, strokes: &[Stroke], colour: Lab, free: &Map) {
        self.stroke_in(strokes, free, |_, light| [light, colour[1], colour[2]]);
    }

    /// The same in the colour that a cell has by its index and L*.
    pub fn stroke_in(
        &mut self,
        strokes: &[Stroke],
        free: &Map,
        colour: impl Fn(usize, f32) -> Lab,
    ) {
        let region = Region {
            x: 0,
            y: 0,
            width: self.window.width as u32,
            height: self.window.height as u32,
        };
        let layer = strokes::draw(strokes, region);
        let soft = self.softness();
        let weighted = layer.coverage.join(&layer.value, |coverage, value| coverage * value);
        let [coverage, weighted] =
            [layer.coverage, weighted].map(|map| region::feathered(&map, soft));
        for (index, &covered) in coverage.values.iter().enumerate() {
            let share = covered * free.values[index];
            if share > 1e-4 {
                let light = weighted.values[index] / covered;
                self.now.mix(index, colour(index, light), share.min(1.0));
            }
        }
    }
}

/// 0 up to `from`, 1 from `to` on, smooth between.
fn step(from: f32, to: f32, value: f32) -> f32 {
    safelight_imaging::color::smoothstep(from, to, value)
}
