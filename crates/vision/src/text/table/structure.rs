//! Tables without drawn lines: SLANet-plus (Baidu) writes down a table's structure as HTML, one token
//! after the other, and where each cell is.

use std::collections::HashSet;

use image::RgbImage;
use safelight_contract::Result;
use safelight_imaging::warp::{Affine, Border, warp};
use safelight_inference::{Models, Tensor};

use super::super::order::{levelled, rows, tilt};
use super::super::quad::{Point, Quad};
use super::super::{BGR_IMAGENET, Page, TABLE_DECODER, TABLE_ENCODER};
use super::words::{self, Word};
use super::{Cell, Line, Table, compact, is_table};
use crate::model::{mismatch, output, planes};

/// The side of the square that the network sees.
const SIDE: f32 = 488.0;
/// What it sees at each place, and what it keeps from step to step.
const FEATURES: [usize; 3] = [1, 256, 96];
const STATE: usize = 256;
/// Tables are cut off after so many tokens, as the network was trained.
const MOST_TOKENS: usize = 500;
/// The network's words: nothing, then these, then the end.
const TOKENS: usize = 50;
const ROW: usize = 5;
const SPANNING_CELL: usize = 7;
/// Columns from 2 to 20, rows from 2 to 20.
const COLUMN_SPANS: std::ops::Range<usize> = 10..29;
const ROW_SPANS: std::ops::Range<usize> = 29..48;
const PLAIN_CELL: usize = 48;
const END: usize = 49;
/// Room around the text, as a share of a line's height.
const ROOM: f32 = 0.8;
/// Pieces of text that are longer than this many letters in the median are running text, no cells.
const MOST_LETTERS: usize = 32;

/// The lines that may stand in a table: from the first to the last row of several pieces. None where
/// there are fewer than two such rows, or the pieces are running text.
pub(super) fn tabular(lines: &[Line]) -> Vec<&Line> {
    let rows = rows(lines);
    let is_parted = |row: &Vec<usize>| row.len() >= 2;
    let parted = rows.iter().filter(|row| is_parted(row));
    let mut lengths: Vec<usize> =
        parted.clone().flatten().map(|&index| lines[index].letters.len()).collect();
    lengths.sort_unstable();
    let is_running = lengths.get(lengths.len() / 2).is_some_and(|&length| length > MOST_LETTERS);
    if parted.count() < 2 || is_running {
        return Vec::new();
    }
    let first = rows.iter().position(is_parted).unwrap_or(0);
    let last = rows.iter().rposition(is_parted).unwrap_or(0);
    rows[first..=last].iter().flatten().map(|&index| &lines[index]).collect()
}

/// A table as the network sees it.
pub(super) struct Seen {
    /// From the page to the square that the network sees.
    into: Affine,
    cells: Vec<Block>,
    /// How many rows and columns there are.
    size: (usize, usize),
}

/// A cell: where in the table, and where in the square, as left, top, right and bottom.
struct Block {
    row: usize,
    column: usize,
    row_span: usize,
    column_span: usize,
    bounds: [f32; 4],
}

/// Lets the network look at the part of the page that these lines stand in.
pub(super) fn look(
    models: &Models,
    page: &Page,
    lines: &[&Line],
    proceed: &dyn Fn() -> Result<()>,
) -> Result<Option<Seen>> {
    let (picture, into) = picture(page, lines);
    let features = {
        let input = planes(&picture, BGR_IMAGENET)?;
        let outputs = models.get(TABLE_ENCODER)?.run(&[("image", &input)])?;
        let count = FEATURES.iter().product();
        output(&outputs, TABLE_ENCODER, "features", count)?.to_vec()
    };
    let steps = decode(models, features, proceed)?;
    let (cells, size) = laid_out(&steps);
    Ok((!cells.is_empty()).then_some(Seen { into, cells, size }))
}

/// The text of these lines, level, in the upper left of the network's square, and the map to it.
fn picture(page: &Page, lines: &[&Line]) -> (RgbImage, Affine) {
    let all: Vec<Line> = lines.iter().map(|line| (*line).clone()).collect();
    let angle = tilt(&all);
    let boxes: Vec<_> =
        lines.iter().map(|l| l.place.map(|p| levelled(p, angle)).bounds()).collect();
    let room =
        ROOM * lines.iter().map(|line| line.place.height()).sum::<f32>() / lines.len() as f32;
    let least = |at: usize| boxes.iter().map(|b| b[at]).fold(f32::INFINITY, f32::min) - room;
    let most = |at: usize| boxes.iter().map(|b| b[at]).fold(f32::NEG_INFINITY, f32::max) + room;
    let (wide, high) = (most(2) - least(0), most(3) - least(1));
    let scale = SIDE / wide.max(high);
    // The corner of the text on the page.
    let corner = levelled([least(0), least(1)], -angle).map(|at| f64::from(at) - 0.5);
    let into = Affine::turning(f64::from(angle), f64::from(scale), corner, [-0.5, -0.5]);
    let side = |side: f32| ((side * scale).round() as u32).clamp(1, SIDE as u32);
    let cut = warp(&page.image, &into, side(wide), side(high), Border::Replicate);
    // What fills up is 0 for the network: the mean of all pictures.
    let mean = image::Rgb([103, 116, 124]);
    let mut square = RgbImage::from_pixel(SIDE as u32, SIDE as u32, mean);
    image::imageops::replace(&mut square, &cut, 0, 0);
    (square, into)
}

/// A token, and the box of the cell that it opens.
struct Step {
    token: usize,
    cell: [f32; 8],
}

fn decode(
    models: &Models,
    features: Vec<f32>,
    proceed: &dyn Fn() -> Result<()>,
) -> Result<Vec<Step>> {
    let decoder = models.get(TABLE_DECODER)?;
    let features = Tensor::new(FEATURES, features).map_err(mismatch)?;
    let mut state = vec![0.0; STATE];
    let mut steps = Vec::new();
    let mut token = 0;
    while steps.len() < MOST_TOKENS {
        proceed()?;
        let before = Tensor::new([1], vec![token as i32]).map_err(mismatch)?;
        let given = Tensor::new([1, STATE], state).map_err(mismatch)?;
        let outputs =
            decoder.run(&[("features", &features), ("state", &given), ("token", &before)])?;
        let following = output(&outputs, TABLE_DECODER, "following", TOKENS)?;
        token = (0..TOKENS).max_by(|&a, &b| following[a].total_cmp(&following[b])).unwrap_or(END);
        if token == END {
            break;
        }
        let cell = output(&outputs, TABLE_DECODER, "cell", 8)?;
        let cell = cell.try_into().map_err(|_| mismatch("eight numbers"))?;
        state = output(&outputs, TABLE_DECODER, "next_state", STATE)?.to_vec();
        steps.push(Step { token, cell });
    }
    Ok(steps)
}

/// The cells of a table written as HTML, and how many rows and columns it has.
fn laid_out(steps: &[Step]) -> (Vec<Block>, (usize, usize)) {
    let mut taken = HashSet::new();
    let mut cells = Vec::<Block>::new();
    let mut row = None;
    let (mut rows, mut columns) = (0, 0);
    for (index, step) in steps.iter().enumerate() {
        let spans = match step.token {
            ROW => {
                row = Some(row.map_or(0, |row| row + 1));
                continue;
            }
            PLAIN_CELL => (1, 1),
            SPANNING_CELL => spans(&steps[index + 1..]),
            _ => continue,
        };
        let row = *row.get_or_insert(0);
        let (row_span, column_span) = spans;
        let is_taken = |column: usize| taken.contains(&(row, column));
        let column = (0..).find(|&column| !is_taken(column)).unwrap_or(0);
        // It ends where a cell from above stands: cells do not overlap.
        let column_span =
            (1..column_span).find(|&more| is_taken(column + more)).unwrap_or(column_span);
        for place in
            (row..row + row_span).flat_map(|r| (column..column + column_span).map(move |c| (r, c)))
        {
            taken.insert(place);
        }
        (rows, columns) = (rows.max(row + 1), columns.max(column + column_span));
        let (x, y) = (step.cell.iter().step_by(2), step.cell.iter().skip(1).step_by(2));
        let least =
            |values: &mut dyn Iterator<Item = &f32>| values.copied().fold(1.0, f32::min) * SIDE;
        let most =
            |values: &mut dyn Iterator<Item = &f32>| values.copied().fold(0.0, f32::max) * SIDE;
        let bounds = [
            least(&mut x.clone()),
            least(&mut y.clone()),
            most(&mut x.clone()),
            most(&mut y.clone()),
        ];
        cells.push(Block { row, column, row_span, column_span, bounds });
    }
    // A span may reach below the last row.
    cells.iter_mut().for_each(|cell| cell.row_span = cell.row_span.min(rows - cell.row));
    (cells, (rows, columns))
}

/// Over how many rows and columns a cell goes, by the tokens after its opening.
fn spans(after: &[Step]) -> (usize, usize) {
    let attributes = after
        .iter()
        .take_while(|step| COLUMN_SPANS.contains(&step.token) || ROW_SPANS.contains(&step.token));
    attributes.fold((1, 1), |(rows, columns), step| match step.token {
        token if COLUMN_SPANS.contains(&token) => (rows, token - COLUMN_SPANS.start + 2),
        token => (token - ROW_SPANS.start + 2, columns),
    })
}

impl Seen {
    /// The table with these words; `None` where that is no table of two columns and more.
    pub fn table(&self, words: &[Word]) -> Option<Table> {
        let back = self.into.inverse()?;
        let on_page = |bounds: [f32; 4]| {
            Quad::level(bounds).map(|[x, y]| {
                let there = back.apply([f64::from(x) - 0.5, f64::from(y) - 0.5]);
                there.map(|at| at as f32 + 0.5)
            })
        };
        let cell = |block: &Block| Cell {
            place: on_page(block.bounds),
            row: block.row,
            column: block.column,
            row_span: block.row_span,
            column_span: block.column_span,
            text: String::new(),
            confidence: None,
        };
        let mut cells: Vec<_> = self.cells.iter().map(cell).collect();
        words::fill(&mut cells, words, |point| self.nearest(point));
        let (rows, columns) = compact::without_empty(&mut cells, self.size.0, self.size.1);
        cells.sort_by_key(|cell| (cell.row, cell.column));
        let edge = |at: usize, fold: fn(f32, f32) -> f32, start: f32| {
            self.cells.iter().map(|cell| cell.bounds[at]).fold(start, fold)
        };
        let place = on_page([
            edge(0, f32::min, SIDE),
            edge(1, f32::min, SIDE),
            edge(2, f32::max, 0.0),
            edge(3, f32::max, 0.0),
        ]);
        let fits = rows >= 2 && columns >= 2 && is_table(rows, columns, &cells);
        fits.then_some(Table { place, rows, columns, cells })
    }

    /// The cell that a point of the page lies in or next to.
    fn nearest(&self, [x, y]: Point) -> Option<usize> {
        let seen = self.into.apply([f64::from(x) - 0.5, f64::from(y) - 0.5]);
        let [x, y] = seen.map(|at| at as f32 + 0.5);
        let away = |[left, top, right, bottom]: [f32; 4]| {
            let (across, down) =
                ((left - x).max(x - right).max(0.0), (top - y).max(y - bottom).max(0.0));
            let middle = ((left + right) / 2.0 - x).hypot((top + bottom) / 2.0 - y);
            // Rows are closer to each other than columns; within a box the nearest middle counts.
            across + 2.0 * down + 1e-3 * middle
        };
        let cells = self.cells.iter().enumerate();
        cells.min_by(|a, b| away(a.1.bounds).total_cmp(&away(b.1.bounds))).map(|(index, _)| index)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Letter;
    use super::*;

    fn step(token: usize) -> Step {
        Step { token, cell: [0.1, 0.2, 0.3, 0.2, 0.3, 0.4, 0.1, 0.4] }
    }

    #[test]
    fn html_becomes_cells_that_do_not_overlap() {
        // <tr><td colspan="2"></td><td rowspan="2"></td></tr><tr><td></td><td></td></tr>
        let tokens = [5, 7, 10, 8, 9, 7, 29, 8, 9, 6, 5, 48, 48, 6];
        let steps: Vec<_> = tokens.map(step).into_iter().collect();
        let (cells, size) = laid_out(&steps);
        let places: Vec<_> =
            cells.iter().map(|c| (c.row, c.column, c.row_span, c.column_span)).collect();
        assert_eq!(size, (2, 3));
        assert_eq!(places, [(0, 0, 1, 2), (0, 2, 2, 1), (1, 0, 1, 1), (1, 1, 1, 1)]);
        let near = |a: f32, b: f32| (a - b).abs() < 1e-3;
        assert!(cells[0].bounds.iter().zip([48.8, 97.6, 146.4, 195.2]).all(|(a, b)| near(*a, b)));
        // <tr><td></td><td rowspan="2"></td></tr><tr><td colspan="2"></td></tr>
        let steps = [5, 48, 7, 29, 8, 9, 6, 5, 7, 10, 8, 9, 6].map(step);
        let (cells, size) = laid_out(&steps);
        assert_eq!((size, cells[2].column_span), ((2, 2), 1), "the cell from above stays");
        // A span beyond the last row ends with it.
        let (cells, size) = laid_out(&[5, 7, 47, 8, 9, 48, 6].map(step));
        assert_eq!((size, cells[0].row_span), ((1, 2), 1));
        assert!(laid_out(&[step(1), step(9)]).0.is_empty());
    }

    #[test]
    fn running_text_is_no_table() {
        let line = |left: f32, top: f32, count: usize| Line {
            place: Quad::level([left, top, left + 10.0 * count as f32, top + 20.0]),
            letters: vec![Letter { text: "x", at: 0.5, probability: 1.0 }; count],
            confidence: 1.0,
        };
        let text: Vec<_> = (0..6).map(|row| line(0.0, 30.0 * row as f32, 60)).collect();
        assert!(tabular(&text).is_empty());
        let columns =
            (0..6).flat_map(|row| [0.0, 500.0].map(|left| line(left, 30.0 * row as f32, 45)));
        assert!(tabular(&columns.collect::<Vec<_>>()).is_empty());
        let mut table = vec![line(0.0, 0.0, 40)];
        for row in 1..4 {
            table.extend([0.0, 300.0].map(|left| line(left, 40.0 * row as f32, 8)));
        }
        assert_eq!(tabular(&table).len(), 6, "without the title");
    }
}
