//! A page to colour in: black lines around closed areas on white paper.

use image::{GrayImage, Luma, RgbImage};
use rayon::prelude::*;
use safelight_imaging::components::components;
use safelight_imaging::drawing::Pen;
use safelight_imaging::map::Map;

use super::ink::{Features, Sheet};
use super::{Fineness, Plan, Sitter};
use crate::atlas::OVAL;
use crate::path::inside;

/// How heavy the lines are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weight {
    /// Fine.
    Thin,
    /// As a felt pen's.
    #[default]
    Medium,
    /// Bold.
    Thick,
}

/// How to draw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// How heavy the lines are.
    pub weight: Weight,
    /// How much is drawn: -1 only areas, 0, 1 also what is faint.
    pub detail: i8,
}

/// White around the drawing, as a share of the page's shorter side.
const MARGIN: f32 = 0.03;
/// Long side of the picture that is parted: with several faces more.
const SIDE: u32 = 640;
const GROUP_SIDE: u32 = 900;
/// Widths of lines inside the subject and of its outline, for a drawing whose long side is 2048.
const INNER: f32 = 4.0;
const OUTLINE: f32 = 7.0;
/// Blur of the areas' borders in cells.
const SMOOTH: f32 = 1.6;
/// Faces of fewer pixels on the plan have no features drawn.
const LEAST_FACE: f32 = 40.0;
/// A line inside an area begins at the stronger contrast and is followed down to the weaker.
const STRONG: f32 = 0.014;
const WEAK: f32 = 0.007;
/// The contrast from which it is drawn: lines that are wider at the page's size would be blots.
const DRAWN: f32 = 0.0115;
/// Its least length in cells.
const SHORTEST: usize = 34;

/// Draws a photo on a white page of `width` by `height` pixels, as large as fits, in its middle.
pub fn page(sitter: &Sitter, (width, height): (u32, u32), lines: Lines) -> GrayImage {
    let mut page = GrayImage::from_pixel(width, height, Luma([255]));
    if sitter.photo.is_empty() || page.is_empty() {
        return page;
    }
    let margin = (MARGIN * width.min(height) as f32) as u32;
    let [columns, rows] = fitted(sitter.photo, [width - 2 * margin, height - 2 * margin]);
    let drawing = Drawing::of(sitter, lines, [columns as usize, rows as usize]);
    let (left, top) = ((width - columns) / 2, (height - rows) / 2);
    let lines = page.par_chunks_exact_mut(width as usize).skip(top as usize).take(rows as usize);
    lines.zip(drawing.ink.values.par_chunks_exact(columns as usize)).for_each(|(line, ink)| {
        for (out, ink) in line[left as usize..].iter_mut().zip(ink) {
            *out = (255.0 * (1.0 - ink.clamp(0.0, 1.0)) + 0.5) as u8;
        }
    });
    page
}

/// The photo's size when it is made as large as fits.
fn fitted(photo: &RgbImage, [width, height]: [u32; 2]) -> [u32; 2] {
    let own = [photo.width(), photo.height()].map(f64::from);
    let scale = (f64::from(width) / own[0]).min(f64::from(height) / own[1]);
    let side = |own: f64, most: u32| ((own * scale).round() as u32).clamp(1, most.max(1));
    [side(own[0], width), side(own[1], height)]
}

/// The lines of a page without its margins.
struct Drawing {
    ink: Map,
}

impl Drawing {
    fn of(sitter: &Sitter, lines: Lines, [width, height]: [usize; 2]) -> Self {
        let plan = Plan::of(sitter, fineness(sitter, lines));
        let heavy = match lines.weight {
            Weight::Thin => 0.65,
            Weight::Medium => 1.0,
            Weight::Thick => 1.6,
        } * (width.max(height) as f32 / 2048.0).max(0.3);
        let (inner, outline) = (INNER * heavy, OUTLINE * heavy);
        let areas = plan.areas.stretched(width, height, SMOOTH);
        let near = areas.border_distance(|_, _| true, outline + 2.0);
        let mut sheet = Sheet { ink: inked(&near, inner) };
        let near = areas.border_distance(|a, b| plan.is_outline(a, b), outline + 2.0);
        sheet.ink = sheet.ink.join(&inked(&near, outline), f32::max);
        drop((near, areas));
        let scale = width as f32 / sitter.photo.width() as f32;
        let faces: Vec<Features> = sitter
            .kits
            .iter()
            .filter(|kit| kit.fw * plan.scale >= LEAST_FACE)
            .map(|kit| Features::new(kit, scale, [0.0; 2]))
            .collect();
        for face in &faces {
            face.outlines(&mut sheet, inner.min(0.022 * face.fw()).max(1.0));
        }
        if lines.detail >= 0 {
            strokes(sitter, &plan, lines, &mut sheet, inner);
        }
        Self { ink: sheet.ink }
    }
}

/// How finely the photo is parted.
fn fineness(sitter: &Sitter, lines: Lines) -> Fineness {
    Fineness {
        side: if sitter.kits.len() > 1 { GROUP_SIDE } else { SIDE },
        // Animals and things have no features of their own drawn.
        subject: match lines.detail {
            1.. => 10.0,
            _ if sitter.kits.is_empty() => 12.0,
            _ => 15.0,
        },
        background: 40.0,
        hair: 40.0,
        least_background: 0.05,
        smallest: 0.000_35,
    }
}

/// A line of this width along the border whose distance is given, its edge soft.
fn inked(near: &Map, width: f32) -> Map {
    near.each(|x, y| (width / 2.0 + 0.5 - near.values[y * near.width + x]).clamp(0.0, 1.0))
        .gaussian(0.6)
}

/// Lines within areas: folds of clothes, features of animals and things. None in heads, in what is
/// behind the subject, and close to borders.
fn strokes(sitter: &Sitter, plan: &Plan, lines: Lines, sheet: &mut Sheet, width: f32) {
    let pen = Pen { width: 0.9, threshold: WEAK, hardness: 300.0, reach: 4.0 };
    let mut edges = pen.edges(&plan.calm);
    let border = plan.areas.border_distance(|_, _| true, 6.0);
    let hulls: Vec<_> = sitter
        .kits
        .iter()
        .map(|kit| Features::new(kit, plan.scale, [0.0; 2]).points(&OVAL))
        .collect();
    for (at, edge) in edges.values.iter_mut().enumerate() {
        let place = [(at % plan.areas.width) as f32, (at / plan.areas.width) as f32];
        // Zones beyond the first two are parts of heads.
        let is_subject = plan.areas.zones[plan.areas.labels[at] as usize] == 1;
        let free = is_subject && border.values[at] > 4.0;
        if !free || hulls.iter().any(|hull| inside(hull, place)) {
            *edge = 0.0;
        }
    }
    let shortest = if lines.detail > 0 { SHORTEST / 2 } else { SHORTEST };
    keep_long(&mut edges, shortest);
    let (columns, rows) = (sheet.ink.width, sheet.ink.height);
    // Between the cells edges are smooth, so that the lines of the page are too.
    let hardness = pen.hardness * columns as f32 / edges.width as f32;
    let pen = Pen { hardness, threshold: DRAWN, ..pen };
    let thin = (width / 3.0).min(1.0);
    sheet.ink.values.par_chunks_exact_mut(columns).enumerate().for_each(|(y, line)| {
        let mut row = vec![0.0; columns];
        edges.stretched_row(y as u32, rows as u32, &mut row);
        for (out, edge) in line.iter_mut().zip(row) {
            *out = out.max((1.0 - pen.ink(edge)) * thin);
        }
    });
}

/// Clears the lines that are nowhere strong, or shorter than this.
fn keep_long(edges: &mut Map, shortest: usize) {
    let (width, height) = (edges.width as u32, edges.height as u32);
    let mask = GrayImage::from_fn(width, height, |x, y| {
        let edge = -edges.values[(y * width + x) as usize];
        Luma([if edge > STRONG { 2 } else { u8::from(edge > WEAK) }])
    });
    for piece in components(&mask, |value| value > 0) {
        let places = || piece.cells.iter().map(|&at| [at % width, at / width]);
        let span = |axis: usize| {
            let values = places().map(|place| place[axis]);
            let (low, high) = values.fold((u32::MAX, 0), |(a, b), v| (a.min(v), b.max(v)));
            (high - low) as f32
        };
        let strong = piece.cells.iter().any(|&at| mask.as_raw()[at as usize] == 2);
        if !strong || span(0).hypot(span(1)) < shortest as f32 {
            piece.cells.iter().for_each(|&at| edges.values[at as usize] = 0.0);
        }
    }
}
