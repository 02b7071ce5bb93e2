//! Line art: a page to colour in. Black lines on white, no shading.

use image::{GrayImage, Luma, RgbImage};
use rayon::prelude::*;

use super::lines::Pen;
use super::smooth::Bilateral;
use crate::map::Map;
use crate::resize::{Filter, rgb};

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
    /// How much is drawn: -1 only what is clear, 0, 1 also what is faint.
    pub detail: i8,
}

/// White around the drawing, as a share of the page's shorter side.
const MARGIN: f32 = 0.03;

/// Long side at which edges are looked for: finer detail is too small to colour in.
const DRAWN: u32 = 1000;

/// Peak bytes of a page of up to 2048 by 2048 pixels, and of its file.
pub const LINE_ART_BYTES: u64 = 40 * DRAWN as u64 * DRAWN as u64 + 4 * 2048 * 2048;

/// A photo drawn on a white page of `width` by `height` pixels, as large as fits, in its middle.
pub fn line_art(photo: &RgbImage, (width, height): (u32, u32), lines: Lines) -> GrayImage {
    let mut page = GrayImage::from_pixel(width, height, Luma([255]));
    if photo.is_empty() || page.is_empty() {
        return page;
    }
    let margin = (MARGIN * width.min(height) as f32) as u32;
    let [columns, rows] = fitted(photo, [width - 2 * margin, height - 2 * margin]);
    let [across, down] = fitted(photo, [DRAWN.min(columns), DRAWN.min(rows)]);
    let (edges, mut pen) = edges(rgb(photo, across, down, Filter::Bicubic), lines);
    // Between the cells edges are smooth, so that the lines of the page are too.
    pen.hardness *= columns as f32 / across as f32;
    let (left, top) = ((width - columns) / 2, (height - rows) / 2);
    let lines = page.par_chunks_exact_mut(width as usize).skip(top as usize).take(rows as usize);
    lines.enumerate().for_each(|(y, line)| {
        let mut row = vec![0.0; columns as usize];
        edges.stretched_row(y as u32, rows, &mut row);
        for (out, edge) in line[left as usize..].iter_mut().zip(row) {
            *out = (pen.ink(edge) * 255.0 + 0.5) as u8;
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

/// Edges, and the pen that draws as much of them as asked for.
fn edges(mut photo: RgbImage, lines: Lines) -> (Map, Pen) {
    let width = match lines.weight {
        Weight::Thin => 0.75,
        Weight::Medium => 1.05,
        Weight::Thick => 1.6,
    };
    let (passes, share) = match lines.detail {
        ..=-1 => (5, 0.035),
        0 => (3, 0.07),
        1.. => (2, 0.11),
    };
    let unit = super::unit(&photo);
    Bilateral { radius: (3.0 * unit) as usize + 1, range: 18.0, passes }.apply(&mut photo);
    let mut pen = Pen { width: width * unit, threshold: 0.0, hardness: 300.0, reach: 4.0 };
    let mut edges = pen.edges(&photo);
    // As much ink whatever the photo's contrast, unless there is hardly any.
    pen.threshold = (-edges.percentile(share)).clamp(0.002, 0.05);
    let smallest = 12.0 * width * unit * unit * if lines.detail > 0 { 1.0 } else { 2.0 };
    clear_specks(&mut edges, -pen.threshold, smallest as usize);
    (edges, pen)
}

/// Makes paper of what lies below `ink` but touches fewer than `smallest` cells that do.
fn clear_specks(edges: &mut Map, ink: f32, smallest: usize) {
    let (width, height) = (edges.width, edges.height);
    let mut seen: Vec<bool> = edges.values.iter().map(|&value| value >= ink).collect();
    let (mut speck, mut open) = (Vec::new(), Vec::new());
    for start in 0..seen.len() {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        speck.clear();
        open.push(start);
        while let Some(cell) = open.pop() {
            if speck.len() < smallest {
                speck.push(cell);
            }
            let (x, y) = (cell % width, cell / width);
            for near_y in y.saturating_sub(1)..(y + 2).min(height) {
                for near_x in x.saturating_sub(1)..(x + 2).min(width) {
                    let near = near_y * width + near_x;
                    if !std::mem::replace(&mut seen[near], true) {
                        open.push(near);
                    }
                }
            }
        }
        if speck.len() < smallest {
            speck.iter().for_each(|&cell| edges.values[cell] = 0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::scene;

    fn ink(page: &GrayImage) -> usize {
        page.iter().filter(|&&value| value < 128).count()
    }

    #[test]
    fn the_page_is_white_with_black_lines_in_its_middle() {
        let page = line_art(&scene(400, 200), (600, 600), Lines::default());
        assert_eq!(page.dimensions(), (600, 600));
        let share = ink(&page) as f64 / 360_000.0;
        assert!((0.005..0.25).contains(&share), "{share}");
        let outside = page
            .enumerate_pixels()
            .filter(|(x, y, _)| !(18..582).contains(x) || !(150..450).contains(y));
        assert!(outside.into_iter().all(|(.., p)| p.0[0] == 255));
        let gray = page.iter().filter(|&&v| (40..220).contains(&v)).count();
        assert!(gray < ink(&page), "lines, not shades");
    }

    #[test]
    fn weight_and_detail_add_ink() {
        let with =
            |weight, detail| ink(&line_art(&scene(400, 300), (500, 400), Lines { weight, detail }));
        assert!(with(Weight::Thin, 0) < with(Weight::Thick, 0));
        assert!(with(Weight::Medium, -1) < with(Weight::Medium, 0));
        assert!(with(Weight::Medium, 0) < with(Weight::Medium, 1));
    }

    #[test]
    fn nothing_and_very_little_pass() {
        for (size, page) in [((1, 1), (64, 91)), ((1, 900), (91, 64)), ((30, 2), (1, 1))] {
            let drawn = line_art(&RgbImage::new(size.0, size.1), page, Lines::default());
            assert_eq!(drawn.dimensions(), page);
        }
    }
}
