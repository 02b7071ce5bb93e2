//! A drawn face for tests: even skin in soft light, on which a test paints what should be found.
//! Its shape is that of `photos/astronaut.png`, as the face mesh finds it.

use image::{Rgb, RgbImage};

use super::chip::{Chip, Skin};
use super::light::Light;
use super::mask::Mask;
use super::upright::{HEIGHT, MESH_POINTS, WIDTH};
use super::zone::Zone;
use crate::color::{to_linear, to_srgb};

/// sRGB of the clean skin in the middle of the face.
const SKIN: [f32; 3] = [214.0, 168.0, 143.0];

/// The mesh of the face in `photos/astronaut.png`, in pixels of that photo.
pub(super) fn mesh() -> [[f32; 3]; MESH_POINTS] {
    let lines = include_str!("phantom/astronaut_mesh.txt").lines();
    let point = |line: &str| {
        let mut numbers = line.split(' ').map(|number| number.parse().expect("a number"));
        std::array::from_fn(|_| numbers.next().expect("three numbers"))
    };
    let points: Vec<[f32; 3]> = lines.map(point).collect();
    points.try_into().expect("all points")
}

/// The face under work: natural absorbance of every pixel, and mirrored light on top.
pub(super) struct Phantom {
    pub chip: Chip,
    absorbed: Vec<[f32; 3]>,
    mirrored: Vec<f32>,
}

impl Phantom {
    /// Clean skin, darker to one side and below as in soft light, with a camera's noise.
    pub fn clean() -> Self {
        let chip = Chip::cut(&RgbImage::new(512, 512), &mesh()).expect("a face");
        let base = SKIN.map(|value| -to_linear(value / 255.0).ln());
        let absorbed = (0..WIDTH * HEIGHT).map(|i| {
            let (x, y) = ((i % WIDTH) as f32 / 1000.0 - 0.45, (i / WIDTH) as f32 / 1152.0 - 0.45);
            base.map(|value| value + 0.5 * x * x + 0.35 * y * y + 0.1 * x)
        });
        Self { chip, absorbed: absorbed.collect(), mirrored: vec![0.0; WIDTH * HEIGHT] }
    }

    /// Prepared for measuring, in white light; everything but eyes, brows and mouth is skin.
    pub fn skin(self) -> Skin {
        let mut chip = self.chip;
        chip.image = RgbImage::from_fn(WIDTH as u32, HEIGHT as u32, |x, y| {
            let i = y as usize * WIDTH + x as usize;
            let grain = 1.5 * (hash(i) + hash(i + 7_654_321) - 1.0);
            Rgb(self.absorbed[i].map(|absorbed| {
                let light = (-absorbed).exp() + self.mirrored[i];
                (to_srgb(light.min(1.0)) * 255.0 + grain).round().clamp(0.0, 255.0) as u8
            }))
        });
        chip.skin_everywhere(Light::white())
    }

    /// The middle of a zone.
    pub fn centre(&self, zone: Zone) -> [f32; 2] {
        let points = self.chip.upright.polygon(zone.indices());
        [0, 1].map(|axis| points.iter().map(|p| p[axis]).sum::<f32>() / points.len() as f32)
    }

    /// A disc in the middle of a zone with a soft edge that absorbs this much more.
    pub fn disc(&mut self, zone: Zone, radius: f32, edge: f32, absorbs: [f32; 3]) {
        self.spot(self.centre(zone), radius, edge, absorbs);
    }

    /// A disc around a place.
    pub fn spot(&mut self, [x, y]: [f32; 2], radius: f32, edge: f32, absorbs: [f32; 3]) {
        self.paint(|px, py| {
            let off = (px - x).hypot(py - y);
            let amount = ((radius - off) / edge + 0.5).clamp(0.0, 1.0);
            absorbs.map(|value| value * amount)
        });
    }

    /// A groove between two places: Gaussian across, `width` its standard deviation, `depth` the
    /// absorbance in its middle.
    pub fn groove(&mut self, from: [f32; 2], to: [f32; 2], width: f32, depth: f32) {
        let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
        let length = dx.hypot(dy);
        self.paint(|px, py| {
            let (x, y) = (px - from[0], py - from[1]);
            let along = ((x * dx + y * dy) / length).clamp(0.0, length);
            let off = (x - along * dx / length).hypot(y - along * dy / length);
            [depth * (-off * off / (2.0 * width * width)).exp(); 3]
        });
    }

    /// Light mirrored by a zone's middle: a soft highlight with this much linear light.
    pub fn gloss(&mut self, zone: Zone, radius: f32, light: f32) {
        let [x, y] = self.centre(zone);
        for (i, mirrored) in self.mirrored.iter_mut().enumerate() {
            let off = ((i % WIDTH) as f32 - x).hypot((i / WIDTH) as f32 - y) / radius;
            *mirrored += light * (-off * off).exp();
        }
    }

    /// Round dots all over a zone, one in every square of `spacing`, Gaussian with standard
    /// deviation `radius`. Answers how many lie wholly inside.
    pub fn dots(&mut self, zone: Zone, spacing: f32, radius: f32, absorbs: [f32; 3]) -> usize {
        let inside = self.inside(zone).eroded((radius * 3.0) as usize + 8);
        let reach = (radius * 4.0).ceil() as isize;
        let mut count = 0;
        for row in 0..(HEIGHT as f32 / spacing) as usize {
            for column in 0..(WIDTH as f32 / spacing) as usize {
                let shake = |seed: usize| 0.5 * (hash(row * 997 + column * 31 + seed) - 0.5);
                let x = ((column as f32 + 0.5 + shake(1)) * spacing).round();
                let y = ((row as f32 + 0.5 + shake(2)) * spacing).round();
                if !inside.has(x as isize, y as isize) {
                    continue;
                }
                count += 1;
                for dy in -reach..=reach {
                    for dx in -reach..=reach {
                        let i = (y as isize + dy) as usize * WIDTH + (x as isize + dx) as usize;
                        let bell = (-((dx * dx + dy * dy) as f32) / (2.0 * radius * radius)).exp();
                        self.absorbed[i].iter_mut().zip(absorbs).for_each(|(v, a)| *v += a * bell);
                    }
                }
            }
        }
        count
    }

    /// Uneven lightness of one grain all over a zone.
    pub fn grain(&mut self, zone: Zone, amount: f32, size: f32) {
        let inside = self.inside(zone);
        let noise = (0..WIDTH * HEIGHT).map(|i| hash(i + 99) - 0.5).collect();
        let noise = crate::map::Map { width: WIDTH, height: HEIGHT, values: noise }.gaussian(size);
        // Brought back to the spread of the noise before the blur.
        let gain = amount * size * 2.0 * std::f32::consts::PI.sqrt();
        for i in inside.indices() {
            self.absorbed[i].iter_mut().for_each(|value| *value += gain * noise.values[i]);
        }
    }

    fn inside(&self, zone: Zone) -> Mask {
        Mask::polygon(WIDTH, HEIGHT, &self.chip.upright.polygon(zone.indices()))
    }

    fn paint(&mut self, amount: impl Fn(f32, f32) -> [f32; 3]) {
        for (i, absorbed) in self.absorbed.iter_mut().enumerate() {
            let added = amount((i % WIDTH) as f32, (i / WIDTH) as f32);
            absorbed.iter_mut().zip(added).for_each(|(value, added)| *value += added);
        }
    }
}

/// Even noise, 0 to 1, the same at every run.
fn hash(i: usize) -> f32 {
    let mut h = (i as u32).wrapping_mul(0x9E37_79B1);
    h = (h ^ (h >> 15)).wrapping_mul(0x85EB_CA77);
    h = (h ^ (h >> 13)).wrapping_mul(0xC2B2_AE3D);
    (h ^ (h >> 16)) as f32 / u32::MAX as f32
}
