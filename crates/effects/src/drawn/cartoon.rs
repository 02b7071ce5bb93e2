//! Cartoons: the areas of a plan in flat colours, shading in steps, ink.

use image::RgbImage;
use rayon::prelude::*;
use safelight_imaging::areas::Areas;
use safelight_imaging::drawing::{Bilateral, Pen};
use safelight_imaging::map::Map;

use super::ink::{Features, Sheet};
use super::{Fineness, Plan, Sitter};
use crate::change::pixel_of;
use crate::lab::{Lab, LabMap, difference, mixed};
use crate::region;
use crate::window::Window;

/// How a cartoon is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Manner {
    /// How fine the areas are: their limit within the subject and behind it.
    pub limits: [f32; 2],
    /// Difference in L* of two steps of shading.
    pub step: f32,
    /// How far a colour is that of its area, 0 to 1.
    pub flat: f32,
    /// What chroma is multiplied by.
    pub chroma: f32,
    /// What contrast of lightness is multiplied by, about the middle.
    pub contrast: f32,
    /// Width of the ink for a drawing whose long side is 1000.
    pub ink: f32,
    /// The colour of the ink.
    pub ink_colour: Lab,
    /// What becomes of the colours.
    pub tone: Tone,
}

/// What becomes of the colours of a cartoon.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tone {
    /// They stay.
    Plain,
    /// They become white paper.
    Paper,
    /// Dots of print where it is dark, on paper of this colour.
    Halftone(Lab),
    /// Black, white and screens of dots.
    Screens,
    /// The nearest of these, on fibrous paper.
    Palette(&'static [Lab]),
}

impl Manner {
    /// Flat areas, strong colours, black ink.
    pub const PLAIN: Self = Self {
        limits: [13.0, 13.0],
        step: 13.0,
        flat: 0.85,
        chroma: 1.35,
        contrast: 1.1,
        ink: 2.6,
        ink_colour: [8.0, 1.0, 1.0],
        tone: Tone::Plain,
    };

    /// Bold ink, saturated colours in few steps.
    pub const BOLD: Self =
        Self { step: 17.0, chroma: 1.7, contrast: 1.22, ink: 3.6, ..Self::PLAIN };

    /// A comic: dots of print on white paper.
    pub const COMIC: Self = Self {
        step: 15.0,
        chroma: 1.5,
        contrast: 1.2,
        ink: 3.2,
        tone: Tone::Halftone([97.0, 0.0, 3.0]),
        ..Self::PLAIN
    };

    /// A comic with bold ink.
    pub const AMERICAN: Self = Self { step: 19.0, contrast: 1.35, ink: 3.8, ..Self::COMIC };

    /// A comic of old: fewer colours, yellowed paper.
    pub const RETRO: Self = Self {
        step: 18.0,
        flat: 0.95,
        chroma: 1.1,
        ink: 3.0,
        ink_colour: [16.0, 4.0, 4.0],
        tone: Tone::Halftone([91.0, 2.0, 16.0]),
        ..Self::PLAIN
    };

    /// Black and white with screens of dots.
    pub const MANGA: Self = Self {
        step: 20.0,
        contrast: 1.2,
        ink: 2.6,
        ink_colour: [6.0, 0.0, 0.0],
        tone: Tone::Screens,
        ..Self::PLAIN
    };

    /// Fine lines alone, on white paper.
    pub const LINES: Self =
        Self { ink: 1.9, ink_colour: [22.0, 0.0, 0.0], tone: Tone::Paper, ..Self::PLAIN };

    /// A Japanese woodcut: a palette of pigments, indigo ink.
    pub const UKIYOE: Self = Self {
        step: 15.0,
        flat: 0.92,
        chroma: 1.05,
        ink: 2.2,
        ink_colour: [17.0, 2.0, -12.0],
        tone: Tone::Palette(&WOODCUT),
        ..Self::PLAIN
    };
}

/// Pigments of woodcuts: papers, skins, reds, ochres, greens, blues, grays and black.
const WOODCUT: [Lab; 18] = [
    [93.0, 1.0, 10.0],
    [86.0, 4.0, 16.0],
    [79.0, 9.0, 21.0],
    [71.0, 14.0, 25.0],
    [60.0, 16.0, 26.0],
    [47.0, 16.0, 22.0],
    [34.0, 12.0, 15.0],
    [50.0, 46.0, 32.0],
    [38.0, 34.0, 20.0],
    [70.0, 8.0, 48.0],
    [62.0, -14.0, 22.0],
    [42.0, -14.0, 12.0],
    [72.0, -8.0, -10.0],
    [52.0, -6.0, -22.0],
    [32.0, 2.0, -28.0],
    [66.0, 1.0, 4.0],
    [45.0, 0.0, 1.0],
    [19.0, 1.0, -4.0],
];

/// Long side of the picture that is parted.
const PLAN: u32 = 720;
/// Blur of the areas' borders in cells of the plan.
const SMOOTH: f32 = 1.5;
/// Colours that differ by so much have ink between them, and heavier ink from the second on.
const DIFFERENT: f32 = 13.0;
const VERY_DIFFERENT: f32 = 32.0;

/// Steps in hair are larger by this; areas whose lightness spreads by less than this share of a step
/// have none.
const HAIR: f32 = 1.6;
const PLAIN: f32 = 0.45;

/// Draws a photo of at least one pixel in a manner, at its own size.
pub fn cartoon(sitter: &Sitter, manner: &Manner) -> RgbImage {
    let fineness = Fineness {
        side: PLAN,
        subject: manner.limits[0],
        background: manner.limits[1],
        hair: 22.0,
        least_background: 0.0,
        smallest: 0.000_3,
    };
    let plan = Plan::of(sitter, fineness);
    let (width, height) = sitter.photo.dimensions();
    let unit = (width.max(height) as f32 / 1000.0).max(0.4);
    let mut calm = sitter.photo.clone();
    Bilateral { radius: (4.0 * unit) as usize + 1, range: 26.0, passes: 4 }.apply(&mut calm);
    let areas = plan.areas.stretched(width as usize, height as usize, SMOOTH);
    let features = features(sitter);
    let mut painted = LabMap::of(&calm);
    let means = {
        let channels = (0..3).into_par_iter();
        let planes: Vec<_> = channels.map(|c| areas.means(&painted.plane(c))).collect();
        (0..areas.count()).map(|i| [0, 1, 2].map(|c| planes[c][i])).collect::<Vec<Lab>>()
    };
    let steps = manner.steps(&plan, &areas, &painted.plane(0));
    painted.colours.par_iter_mut().enumerate().with_min_len(4096).for_each(|(at, colour)| {
        let area = areas.labels[at] as usize;
        *colour = manner.flattened(*colour, means[area], steps[area], features.values[at]);
    });
    let mut sheet = Sheet::new(width as usize, height as usize);
    let line = manner.ink * unit;
    for (least, share) in [(DIFFERENT, 0.6), (VERY_DIFFERENT, 1.0)] {
        let apart = |a: u32, b: u32| difference(means[a as usize], means[b as usize]) > least;
        add_borders(&mut sheet.ink, &areas.border_distance(apart, line + 2.0), share * line);
    }
    if sitter.matte.is_some() {
        let near = areas.border_distance(|a, b| plan.is_outline(a, b), 2.0 * line + 2.0);
        add_borders(&mut sheet.ink, &near, 1.3 * line);
    }
    let edges = strokes(&calm, 0.55 * line);
    sheet.ink = sheet.ink.join(&edges, f32::max);
    for kit in sitter.kits {
        let face = Features::new(kit, 1.0, [0.0; 2]);
        face.accents(&mut sheet, (0.016 * face.fw()).clamp(0.7, 1.6 * line));
    }
    manner.printed(&painted, &sheet.ink, sitter.photo.width(), unit)
}

/// Where the eyes, brows, lips and nostrils of the faces are: there the photo itself is drawn.
fn features(sitter: &Sitter) -> Map {
    let size = sitter.photo.dimensions();
    let mut all = Map {
        width: size.0 as usize,
        height: size.1 as usize,
        values: vec![0.0; (size.0 * size.1) as usize],
    };
    for kit in sitter.kits {
        let Some(window) = Window::of(kit.mesh.rect(), 1.0, size) else { continue };
        let soft = region::feathered(&kit.features(&window), 0.01 * kit.fw);
        for (y, row) in soft.values.chunks_exact(window.width).enumerate() {
            let first = (window.region.y as usize + y) * all.width + window.region.x as usize;
            for (out, value) in all.values[first..].iter_mut().zip(row) {
                *out = out.max(*value);
            }
        }
    }
    all
}

fn add_borders(ink: &mut Map, near: &Map, width: f32) {
    let held = width.max(1.0);
    let line = near.each(|x, y| {
        let far = near.values[y * near.width + x];
        (held / 2.0 + 0.5 - far).clamp(0.0, 1.0) * width / held
    });
    *ink = ink.join(&line, f32::max);
}

/// Lines along the edges of the photo, without specks.
fn strokes(calm: &RgbImage, width: f32) -> Map {
    let pen = Pen { width: width.max(0.7), threshold: 0.009, hardness: 110.0, reach: 4.0 };
    let mut edges = pen.edges(calm);
    pen.clear_specks(&mut edges, (26.0 * width * width) as usize);
    edges.each(|x, y| 1.0 - pen.ink(edges.values[y * edges.width + x]))
}

impl Manner {
    /// The step of shading in each area: larger in hair, whose strands are no shading, and without end
    /// where lightness hardly varies, or plain walls turn to clouds.
    fn steps(&self, plan: &Plan, areas: &Areas, light: &Map) -> Vec<f32> {
        let means = areas.means(light);
        let squares = areas.means(&light.join(light, |a, b| a * b));
        let step = |area: usize| {
            let spread = (squares[area] - means[area] * means[area]).max(0.0).sqrt();
            match plan.is_hair(area as u32) {
                _ if spread < PLAIN * self.step => 1e3,
                true => HAIR * self.step,
                false => self.step,
            }
        };
        (0..areas.count()).map(step).collect()
    }

    /// A colour as it is painted in an area of this mean. In features of a face, more of it is left.
    fn flattened(&self, colour: Lab, mean: Lab, step: f32, feature: f32) -> Lab {
        let flat = self.flat * (1.0 - 0.75 * feature);
        let step = step + (0.6 * self.step - step) * feature;
        let off = (colour[0] - mean[0]) / step;
        // Soft edges between the steps, so that slow gradients do not flicker between two.
        let edge = off - off.round();
        let soft = 0.5 * (1.0 + ((edge.abs() - 0.5) * 14.0).tanh()) * edge.signum();
        let light = mean[0] + step * (off.round() + soft);
        let light = light + (colour[0] - light) * (1.0 - flat) * 0.5;
        let light = 52.0 + (light - 52.0) * self.contrast;
        let own = 1.0 - flat;
        let chroma = |i: usize| (mean[i] + (colour[i] - mean[i]) * own) * self.chroma;
        [light.clamp(0.0, 100.0), chroma(1), chroma(2)]
    }

    /// The picture of colours and ink.
    fn printed(&self, painted: &LabMap, ink: &Map, width: u32, unit: f32) -> RgbImage {
        let height = painted.height() as u32;
        let mut picture = RgbImage::new(width, height);
        let line = width as usize;
        picture.par_chunks_exact_mut(3 * line).enumerate().for_each(|(y, row)| {
            for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
                let at = y * line + x;
                let colour = self.toned(painted.colours[at], [x as f32 / unit, y as f32 / unit]);
                *pixel = pixel_of(mixed(colour, self.ink_colour, ink.values[at].min(1.0)));
            }
        });
        picture
    }

    /// What becomes of a colour at a place, in thousandths of the long side.
    fn toned(&self, colour: Lab, place: [f32; 2]) -> Lab {
        match self.tone {
            Tone::Plain => colour,
            Tone::Paper => [100.0, 0.0, 0.0],
            Tone::Halftone(paper) => {
                let dark = ((66.0 - colour[0]) / 60.0).clamp(0.0, 0.75);
                let dot = dots(place, 5.2, 0.26, dark);
                let print = [colour[0] * (1.0 - 0.34 * dot), colour[1], colour[2]];
                let share = ((colour[0] - 70.0) / 40.0).clamp(0.0, 1.0);
                mixed(print, paper, share)
            }
            Tone::Screens => {
                let light = colour[0];
                let dark = ((68.0 - light) / 50.0).clamp(0.0, 1.0);
                let black = match light {
                    ..26.0 => 1.0,
                    _ => dots(place, 4.6, 0.785, 0.6 * dark),
                };
                [97.0 - 90.0 * black, 0.0, 1.0]
            }
            Tone::Palette(colours) => {
                let far = |one: &Lab| {
                    let weights = [0.75, 1.1, 1.1];
                    (0..3).map(|i| (weights[i] * (one[i] - colour[i])).powi(2)).sum::<f32>()
                };
                let best = colours.iter().min_by(|a, b| far(a).total_cmp(&far(b)));
                best.copied().unwrap_or(colour)
            }
        }
    }
}

/// How much ink a dot of a screen leaves at a place: `pitch` between dots, at an angle in radians,
/// covering `share` of the paper, its edge soft.
fn dots([x, y]: [f32; 2], pitch: f32, angle: f32, share: f32) -> f32 {
    let (sin, cos) = angle.sin_cos();
    let across = |at: f32| (at / pitch).rem_euclid(1.0) - 0.5;
    let far = across(x * cos + y * sin).hypot(across(y * cos - x * sin)) * pitch;
    let radius = pitch * (share.max(0.0) / std::f32::consts::PI).sqrt();
    if share <= 0.01 { 0.0 } else { (radius - far + 0.5).clamp(0.0, 1.0) }
}
