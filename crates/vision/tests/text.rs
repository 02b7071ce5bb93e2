//! Text on pages that are drawn here: what is read, and what is refused.

use image::{Rgb, RgbImage, imageops};
use safelight_contract::Result;
use safelight_imaging::lettering::{fill, width, write};
use safelight_imaging::warp::{Affine, Border, warp};
use safelight_testkit as testkit;
use safelight_vision::Vision;
use safelight_vision::text::{Page, Reading, Table, rows};

const INK: [u8; 3] = [30, 30, 36];

fn vision() -> Vision {
    Vision::new(testkit::registry())
}

fn on() -> Result<()> {
    Ok(())
}

fn read(photo: RgbImage, any_way_up: bool) -> Page {
    vision().read(photo, Reading { any_way_up, least_height: 0.0 }, &on).expect("is read")
}

fn paper(width: u32, height: u32) -> RgbImage {
    RgbImage::from_pixel(width, height, Rgb([250, 249, 245]))
}

fn page_of(lines: &[&str]) -> RgbImage {
    let mut page = paper(760, 60 + 48 * lines.len() as u32);
    for (index, line) in lines.iter().enumerate() {
        write(&mut page, line, [40.0, 60.0 + 48.0 * index as f32], 28.0, INK);
    }
    page
}

/// The page turned by an angle in degrees around its middle.
fn leaning(page: &RgbImage, degrees: f64) -> RgbImage {
    let middle = [f64::from(page.width()) / 2.0, f64::from(page.height()) / 2.0];
    let turn = Affine::turning(-degrees.to_radians(), 1.0, middle, middle);
    warp(page, &turn, page.width(), page.height(), Border::Replicate)
}

/// What a page says, row by row.
fn said(page: &Page) -> Vec<String> {
    let row = |row: Vec<usize>| {
        row.into_iter().map(|index| page.lines[index].text()).collect::<Vec<_>>().join(" ")
    };
    rows(&page.lines).into_iter().map(row).collect()
}

/// How many letters have to be put in, taken out or changed (Levenshtein 1966).
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut before = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let kept = before + usize::from(x != *y);
            before = row[j + 1];
            row[j + 1] = kept.min(before + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

const TEXT: [&str; 5] = [
    "The quick brown fox jumps over the lazy dog",
    "Invoice No. 2024-0815   Total: 1,234.56",
    "Größe: München, Straße 12, überall",
    "Où est la bibliothèque ? Déjà vu",
    "https://example.com/path?id=42",
];

#[test]
fn a_page_is_read_any_way_up() {
    let upright = leaning(&page_of(&TEXT), 2.0);
    type Turn = fn(&RgbImage) -> RgbImage;
    let turns: [Turn; 4] =
        [RgbImage::clone, imageops::rotate90, imageops::rotate180, imageops::rotate270];
    for (turned, turn) in turns.iter().enumerate() {
        let page = read(turn(&upright), true);
        assert_eq!(usize::from(page.turns), turned);
        let found = said(&page);
        let wrong =
            edits(&TEXT.join("\n").replace("   ", " "), &found.join("\n").replace("  ", " "));
        assert!(wrong <= 4, "turned by {turned}: {wrong} letters in {found:#?}");
        assert!(page.certainty.is_some_and(|certainty| certainty > 0.9));
        // The first line's place in the photo is where its ink is.
        let first = page.in_photo(&page.lines[0].place).centre();
        let x = 40.0 + width(TEXT[0], 28.0) / 2.0;
        let there = [[x, 50.0], [250.0, x], [760.0 - x, 250.0], [50.0, 760.0 - x]][turned];
        let off = (first[0] - there[0]).hypot(first[1] - there[1]);
        assert!(off < 40.0, "turned by {turned}: {first:?}");
    }
}

#[test]
fn what_is_no_text_says_nothing() {
    assert_eq!(read(paper(600, 400), true).certainty, None);
    let mut state = 1_u32;
    let noise = RgbImage::from_fn(400, 300, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Rgb([state >> 24, state >> 16, state >> 8].map(|value| value as u8))
    });
    assert!(read(noise, true).certainty.is_none_or(|certainty| certainty < 0.5));
    for size in [(15, 15), (400, 15), (15, 400)] {
        assert_eq!(read(paper(size.0, size.1), true).certainty, None);
    }
}

#[test]
fn a_script_that_is_not_known_is_not_guessed() {
    let russian =
        ["Съешь ещё этих мягких булок", "Договор аренды квартиры", "МОСКВА, улица Ленина, дом 5"];
    let certainty = read(page_of(&russian), true).certainty.expect("there are lines");
    assert!(certainty < 0.3, "{certainty}");
    let mixed = read(page_of(&[TEXT[0], russian[0], russian[1]]), false);
    let sure: Vec<_> = mixed.lines.iter().filter(|line| line.confidence > 0.5).collect();
    assert_eq!(sure.len(), 1, "of each line it is known whether it can be read");
}

#[test]
fn low_lines_are_left_out() {
    let mut page = page_of(&TEXT[..1]);
    write(&mut page, "small print", [40.0, 90.0], 14.0, INK);
    let how = |least_height| Reading { any_way_up: false, least_height };
    let count = |least| vision().read(page.clone(), how(least), &on).expect("is read").lines.len();
    assert_eq!((count(1.0), count(24.0), count(90.0)), (2, 1, 0));
}

/// Draws a table of these rows, a column each 170 px wide; `None` joins a cell with the one to its left.
fn table(cells: &[[Option<&str>; 3]], ruled: bool) -> RgbImage {
    let (wide, high) = (170, 44);
    let rows = cells.len() as u32;
    let mut page = paper(3 * wide + 60, rows * high + 60);
    for (row, columns) in (0..).zip(cells) {
        for (column, text) in (0..).zip(columns) {
            let (left, top) = (30 + column * wide, 30 + row * high);
            if ruled && text.is_some() {
                fill(&mut page, [left, top, 2, high], INK);
            }
            if ruled {
                fill(&mut page, [left, top, wide, 2], INK);
            }
            write(
                &mut page,
                text.unwrap_or(""),
                [left as f32 + 14.0, top as f32 + 30.0],
                22.0,
                INK,
            );
        }
    }
    if ruled {
        fill(&mut page, [30, 30 + rows * high, 3 * wide + 2, 2], INK);
        fill(&mut page, [30 + 3 * wide, 30, 2, rows * high], INK);
    }
    page
}

const CELLS: [[Option<&str>; 3]; 5] = [
    [Some("Orders of the year"), None, Some("Sum")],
    [Some("Article"), Some("Count"), Some("Price")],
    [Some("Apples"), Some("12"), Some("3.50")],
    [Some("Pears"), Some("7"), Some("12.80")],
    [Some("Cherries"), Some("150"), Some("9.95")],
];

/// Row, column, columns spanned and text of a cell.
type Cell = (usize, usize, usize, String);

/// Rows, columns and the text of every cell with its place.
fn shape(table: &Table) -> (usize, usize, Vec<Cell>) {
    let cell = |cell: &safelight_vision::text::Cell| {
        (cell.row, cell.column, cell.column_span, cell.text.clone())
    };
    (table.rows, table.columns, table.cells.iter().map(cell).collect())
}

fn wanted(cells: &[[Option<&str>; 3]]) -> Vec<Cell> {
    let row = |(row, columns): (usize, &[Option<&str>; 3])| {
        let spans =
            |column: usize| 1 + columns[column + 1..].iter().take_while(|c| c.is_none()).count();
        let cells = columns.iter().enumerate().filter_map(|(column, text)| {
            text.map(|text| (row, column, spans(column), text.to_owned()))
        });
        cells.collect::<Vec<_>>()
    };
    cells.iter().enumerate().flat_map(row).collect()
}

#[test]
fn cells_are_found_by_the_lines_around_them() {
    let straight = table(&CELLS, true);
    for photo in [leaning(&straight, 3.0), straight] {
        let page = read(photo, false);
        let tables = vision().tables(&page, &on).expect("is read");
        let [found] = &tables[..] else { panic!("{} tables", tables.len()) };
        assert_eq!(shape(found), (5, 3, wanted(&CELLS)));
        let [x, y] = found.cells[3].place.centre();
        assert!((x - 285.0).abs() < 12.0 && (y - 96.0).abs() < 12.0, "`Count` is at {x}, {y}");
    }
}

#[test]
fn cells_without_lines_are_found_by_the_network() {
    let page = read(table(&CELLS[1..], false), false);
    let tables = vision().tables(&page, &on).expect("is read");
    let [found] = &tables[..] else { panic!("{} tables", tables.len()) };
    assert_eq!(shape(found), (4, 3, wanted(&CELLS[1..])));
}

#[test]
fn running_text_is_no_table() {
    let page = read(page_of(&TEXT[..4]), false);
    assert!(vision().tables(&page, &on).expect("is read").is_empty());
}
