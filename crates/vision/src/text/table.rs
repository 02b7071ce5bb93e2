//! Tables: cells by the lines that are drawn around them, or, where there are none, by a network that knows
//! what tables look like.

mod compact;
mod grid;
mod rules;
mod structure;
mod words;

use safelight_contract::Result;
use safelight_inference::Models;

use super::quad::Quad;
use super::{Line, Page};

/// A table of a page.
#[derive(Clone, Debug)]
pub struct Table {
    /// Where it is, in pixels of the upright page.
    pub place: Quad,
    /// How many rows and columns it has.
    pub rows: usize,
    /// See above.
    pub columns: usize,
    /// The cells, row by row from the left; together they cover every row and column at most once.
    pub cells: Vec<Cell>,
}

/// A cell of a table.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Where it is, in pixels of the upright page.
    pub place: Quad,
    /// Its first row, from 0.
    pub row: usize,
    /// Its first column, from 0.
    pub column: usize,
    /// Over how many rows it goes.
    pub row_span: usize,
    /// Over how many columns it goes.
    pub column_span: usize,
    /// What it says, its lines apart by `\n`; empty where it says nothing.
    pub text: String,
    /// The mean confidence of its lines; `None` where it says nothing.
    pub confidence: Option<f32>,
}

/// The tables of a page, from the top: those with drawn lines; where there are none, the one that the
/// network sees.
pub(super) fn find(
    models: &Models,
    page: &Page,
    proceed: &dyn Fn() -> Result<()>,
) -> Result<Vec<Table>> {
    let ruled = ruled(page, proceed)?;
    if !ruled.is_empty() {
        return Ok(ruled);
    }
    by_network(models, page, proceed)
}

/// The tables whose cells are parted by drawn lines.
pub(super) fn ruled(page: &Page, proceed: &dyn Fn() -> Result<()>) -> Result<Vec<Table>> {
    let words: Vec<_> = page.lines.iter().flat_map(words::of).collect();
    let frames = rules::frames(page, proceed)?;
    let mut tables: Vec<_> = frames.iter().filter_map(|frame| frame.table(&words)).collect();
    tables.sort_by(|a, b| a.place.bounds()[1].total_cmp(&b.place.bounds()[1]));
    Ok(tables)
}

/// The one table that the network sees where the page's text stands in columns; none on a page of running
/// text.
pub(super) fn by_network(
    models: &Models,
    page: &Page,
    proceed: &dyn Fn() -> Result<()>,
) -> Result<Vec<Table>> {
    let lines = structure::tabular(&page.lines);
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    proceed()?;
    let words: Vec<_> = lines.iter().copied().flat_map(words::of).collect();
    let seen = structure::look(models, page, &lines, proceed)?;
    Ok(seen.and_then(|seen| seen.table(&words)).into_iter().collect())
}

/// Whether cells are worth the name of a table: two rows or two columns, and text in two cells.
fn is_table(rows: usize, columns: usize, cells: &[Cell]) -> bool {
    let filled = cells.iter().filter(|cell| !cell.text.is_empty()).count();
    rows * columns >= 2 && cells.len() >= 2 && filled >= 2
}
