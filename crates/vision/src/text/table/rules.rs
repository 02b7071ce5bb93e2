//! Tables by drawn lines: long strokes that hang together are a frame; seen straight, its strokes form a
//! grid, and a cell spans where a stroke is missing.

use image::{GrayImage, Luma, imageops};
use safelight_contract::Result;
use safelight_imaging::components::{Component, components, grown};
use safelight_imaging::warp::{Affine, Border, warp};

use super::super::Page;
use super::super::order::tilt;
use super::super::projection::Projection;
use super::super::quad::{Point, Quad};
use super::grid::{self, Block};
use super::words::{self, Word};
use super::{Cell, Table, is_table};

/// The longer side of the page as strokes are looked for.
const LONG_SIDE: f32 = 1600.0;
/// Ink is darker than the mean of so many pixels around by this much, in luma.
const REACH: usize = 15;
const DARKER: i32 = 14;
/// A stroke is so long, at least.
const LEAST_STROKE: usize = 24;
/// By so many pixels a stroke may lean on its way where the page is seen at a slant, and where straight.
const LEAN: usize = 2;
const LEAN_STRAIGHT: usize = 1;
/// Strokes hang together that are no more than twice this apart.
const JOINED: usize = 2;
/// A frame is so wide and so high, at least.
const LEAST_FRAME: f32 = 40.0;
/// Room around a frame that is seen straight.
const MARGIN: f32 = 8.0;
/// Strokes this close are one line.
const SAME_LINE: f32 = 7.0;
/// A wall stands where a stroke covers so much of it.
const WALL: f32 = 0.6;
/// How far a stroke may lie from its line.
const STRAY: f32 = 5.0;

/// A grid of drawn lines.
pub(super) struct Frame {
    /// From the page to the grid, and back.
    level: Affine,
    straight: Projection,
    back: Projection,
    /// Where the lines are in the grid.
    columns: Vec<f32>,
    rows: Vec<f32>,
    cells: Vec<Block>,
}

/// The frames of a page; asks `proceed` before each.
pub(super) fn frames(page: &Page, proceed: &dyn Fn() -> Result<()>) -> Result<Vec<Frame>> {
    let (gray, level) = levelled(page);
    let strokes = Strokes::of(&gray, LEAN);
    let mut all = strokes.level;
    all.iter_mut().zip(strokes.upright.iter()).for_each(|(a, b)| *a = (*a).max(*b));
    let pieces = components(&grown(&all, JOINED), |value| value > 0);
    let mut frames = Vec::new();
    for piece in &pieces {
        proceed()?;
        frames.extend(Frame::of(piece, &gray, level));
    }
    Ok(frames)
}

/// The page with its text level and smaller, in gray, and the map to it.
fn levelled(page: &Page) -> (GrayImage, Affine) {
    let (width, height) = (f64::from(page.image.width()), f64::from(page.image.height()));
    let angle = f64::from(tilt(&page.lines));
    let scale = (f64::from(LONG_SIDE) / width.max(height)).min(1.0);
    let (sin, cos) = angle.sin_cos();
    let [wide, high] = [width * cos + height * sin.abs(), width * sin.abs() + height * cos]
        .map(|side| (side * scale).ceil().max(1.0));
    let centre = |width: f64, height: f64| [(width - 1.0) / 2.0, (height - 1.0) / 2.0];
    let level = Affine::turning(angle, scale, centre(width, height), centre(wide, high));
    let image = warp(&page.image, &level, wide as u32, high as u32, Border::Replicate);
    (imageops::grayscale(&image), level)
}

/// What of a picture is part of a long stroke, 255 or 0.
struct Strokes {
    level: GrayImage,
    upright: GrayImage,
}

impl Strokes {
    /// Strokes may lean by so many pixels.
    fn of(gray: &GrayImage, lean: usize) -> Self {
        let ink = ink(gray);
        let turned = imageops::rotate90(&ink);
        Self { level: level(&ink, lean), upright: imageops::rotate270(&level(&turned, lean)) }
    }
}

/// What is darker than its surroundings.
fn ink(gray: &GrayImage) -> GrayImage {
    let (width, height) = (gray.width() as usize, gray.height() as usize);
    let mut sums = vec![0_u32; (width + 1) * (height + 1)];
    for (y, row) in gray.as_raw().chunks_exact(width).enumerate() {
        let mut sum = 0;
        for (x, &value) in row.iter().enumerate() {
            sum += u32::from(value);
            sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + sum;
        }
    }
    GrayImage::from_fn(gray.width(), gray.height(), |x, y| {
        let (column, row) = (x as usize, y as usize);
        let (left, right) = (column.saturating_sub(REACH), (column + REACH + 1).min(width));
        let (top, bottom) = (row.saturating_sub(REACH), (row + REACH + 1).min(height));
        let at = |x: usize, y: usize| i64::from(sums[y * (width + 1) + x]);
        let sum = at(right, bottom) - at(left, bottom) - at(right, top) + at(left, top);
        let mean = (sum / ((right - left) * (bottom - top)) as i64) as i32;
        let darker = mean - i32::from(gray.get_pixel(x, y).0[0]);
        Luma([if darker >= DARKER { 255 } else { 0 }])
    })
}

/// The ink in runs along rows that are long enough, where each row is taken with its neighbours.
fn level(ink: &GrayImage, lean: usize) -> GrayImage {
    let (width, height) = (ink.width() as usize, ink.height() as usize);
    let rows: Vec<&[u8]> = ink.as_raw().chunks_exact(width.max(1)).collect();
    let mut strokes = GrayImage::new(ink.width(), ink.height());
    let mut thick = vec![0_u8; width];
    for y in 0..height {
        thick.copy_from_slice(rows[y]);
        for near in rows[y.saturating_sub(lean)..(y + lean + 1).min(height)].iter() {
            thick.iter_mut().zip(*near).for_each(|(a, b)| *a = (*a).max(*b));
        }
        let mut start = 0;
        for run in thick.chunk_by(|a, b| a == b) {
            if run[0] > 0 && run.len() >= LEAST_STROKE {
                strokes.as_mut()[y * width + start..][..run.len()].fill(255);
            }
            start += run.len();
        }
    }
    strokes
}

impl Frame {
    /// The frame that a piece of strokes is, or `None`.
    fn of(piece: &Component, gray: &GrayImage, level: Affine) -> Option<Self> {
        let corners = corners(piece, gray.width());
        let (wide, high) = (corners.width(), corners.height());
        if wide < LEAST_FRAME || high < LEAST_FRAME {
            return None;
        }
        let straight = Quad::level([MARGIN, MARGIN, MARGIN + wide, MARGIN + high]);
        let back = Projection::between(&straight, &corners)?;
        let (width, height) = (wide + 2.0 * MARGIN, high + 2.0 * MARGIN);
        let seen = back.picture(gray, width.ceil() as u32, height.ceil() as u32);
        let mut strokes = Strokes::of(&seen, LEAN_STRAIGHT);
        // Of what is drawn inside the frame, only what hangs together with it is its own.
        let own = back.picture(&piece.alone(gray.dimensions()), seen.width(), seen.height());
        for strokes in [&mut strokes.level, &mut strokes.upright] {
            strokes
                .iter_mut()
                .zip(own.iter())
                .for_each(|(stroke, own)| *stroke = (*stroke).min(*own));
        }
        let rows = lines(&strokes.level, wide);
        let upright = imageops::rotate90(&strokes.upright);
        // Turned to the right, what was on the left is above.
        let columns = lines(&imageops::flip_horizontal(&upright), high);
        if rows.len() < 2 || columns.len() < 2 {
            return None;
        }
        let wall = |upright: bool, line: f32, from: f32, to: f32| {
            covered(
                if upright { &strokes.upright } else { &strokes.level },
                upright,
                line,
                from,
                to,
            )
        };
        let cells = grid::cells(
            rows.len() - 1,
            columns.len() - 1,
            |row, column| wall(true, columns[column + 1], rows[row], rows[row + 1]) < WALL,
            |row, column| wall(false, rows[row + 1], columns[column], columns[column + 1]) < WALL,
        );
        let straight = Projection::between(&corners, &straight)?;
        Some(Self { level, straight, back, columns, rows, cells })
    }

    /// The table in the frame, with the words that lie in it; `None` where that is no table.
    pub fn table(&self, words: &[Word]) -> Option<Table> {
        let cell = |block: &Block| Cell {
            place: self.on_page([
                self.columns[block.column],
                self.rows[block.row],
                self.columns[block.column + block.columns],
                self.rows[block.row + block.rows],
            ]),
            row: block.row,
            column: block.column,
            row_span: block.rows,
            column_span: block.columns,
            text: String::new(),
            confidence: None,
        };
        let mut cells: Vec<_> = self.cells.iter().map(cell).collect();
        words::fill(&mut cells, words, |point| self.cell_at(point));
        let (rows, columns) = (self.rows.len() - 1, self.columns.len() - 1);
        let [left, right] = [self.columns[0], self.columns[columns]];
        let place = self.on_page([left, self.rows[0], right, self.rows[rows]]);
        is_table(rows, columns, &cells).then_some(Table { place, rows, columns, cells })
    }

    /// The cell that a point of the page lies in.
    fn cell_at(&self, [x, y]: Point) -> Option<usize> {
        let level = self.level.apply([f64::from(x) - 0.5, f64::from(y) - 0.5]);
        let [x, y] = self.straight.apply(level.map(|at| at as f32 + 0.5));
        let between = |lines: &[f32], at: f32| {
            let after = lines.partition_point(|&line| line <= at);
            (1..lines.len()).contains(&after).then(|| after - 1)
        };
        let (column, row) = (between(&self.columns, x)?, between(&self.rows, y)?);
        self.cells.iter().position(|block| {
            (block.row..block.row + block.rows).contains(&row)
                && (block.column..block.column + block.columns).contains(&column)
        })
    }

    /// A rectangle of the grid, on the page.
    fn on_page(&self, bounds: [f32; 4]) -> Quad {
        let back = self.level.inverse();
        Quad::level(bounds).map(|point| {
            let [x, y] = self.back.apply(point).map(|at| f64::from(at) - 0.5);
            let there = back.as_ref().map_or([x, y], |back| back.apply([x, y]));
            there.map(|at| at as f32 + 0.5)
        })
    }
}

/// The corners of a piece: what of it lies furthest to each of the four.
fn corners(piece: &Component, width: u32) -> Quad {
    let points = || piece.cells.iter().map(|&cell| [(cell % width) as f32, (cell / width) as f32]);
    let furthest = |score: fn(Point) -> f32| {
        let point = points().max_by(|a, b| score(*a).total_cmp(&score(*b))).unwrap_or_default();
        point.map(|at| at + 0.5)
    };
    Quad([
        furthest(|[x, y]| -x - y),
        furthest(|[x, y]| x - y),
        furthest(|[x, y]| x + y),
        furthest(|[x, y]| y - x),
    ])
}

/// Where level lines are: the middles of strokes, those that are close taken together.
fn lines(strokes: &GrayImage, length: f32) -> Vec<f32> {
    let width = strokes.width();
    // Twice a stroke's least length, so that no letter passes; in small tables a third of the whole.
    let least = (2.0 * LEAST_STROKE as f32).min(length / 3.0);
    let pieces = components(strokes, |value| value > 0);
    let middles = pieces.iter().filter_map(|piece| {
        let across = piece.cells.iter().map(|&cell| cell % width);
        let (left, right) = (across.clone().min()?, across.max()?);
        let sum: f64 = piece.cells.iter().map(|&cell| f64::from(cell / width)).sum();
        let middle = sum / piece.cells.len() as f64 + 0.5;
        ((right - left) as f32 >= least).then_some(middle as f32)
    });
    let mut middles: Vec<f32> = middles.collect();
    middles.sort_by(f32::total_cmp);
    let groups = middles.chunk_by(|a, b| b - a <= SAME_LINE);
    groups.map(|group| group.iter().sum::<f32>() / group.len() as f32).collect()
}

/// The share of the way between two places along a line that a stroke covers.
fn covered(strokes: &GrayImage, upright: bool, line: f32, from: f32, to: f32) -> f32 {
    let room = ((to - from) * 0.15).max(3.0);
    let (first, end) = ((from + room) as u32, (to - room) as u32);
    if first >= end {
        return 1.0;
    }
    let across = (line - STRAY).max(0.0) as u32..=(line + STRAY) as u32;
    let is_covered = |along: &u32| {
        across.clone().any(|across| {
            let (x, y) = if upright { (across, *along) } else { (*along, across) };
            strokes.get_pixel_checked(x, y).is_some_and(|pixel| pixel.0[0] > 0)
        })
    };
    let count = (first..end).filter(is_covered).count();
    count as f32 / (end - first) as f32
}
