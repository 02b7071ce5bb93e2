//! What commands print: aligned tables for people, JSON for programs.

use std::io::{self, ErrorKind, Write};
use std::path::Path;

use anyhow::Result;
use serde::Serialize;

/// One line of a listing.
pub trait Row: Serialize {
    /// The titles of the columns.
    const HEAD: &'static [&'static str];
    /// The cells, one for each title.
    fn cells(&self) -> Vec<String>;
}

/// Where a command prints to, and how.
#[derive(Clone, Copy)]
pub struct Output {
    json: bool,
}

impl Output {
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether the answer is for programs.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Prints a listing: a JSON array or a table; `empty` stands in for a table without lines.
    pub fn list<R: Row>(self, rows: &[R], empty: &str) -> Result<()> {
        if self.json {
            return self.json(rows);
        }
        if rows.is_empty() {
            return line(empty);
        }
        let cells: Vec<_> = rows.iter().map(Row::cells).collect();
        print(&table(R::HEAD, &cells))
    }

    /// Prints one result: JSON, or the sentence.
    pub fn result(self, value: &impl Serialize, sentence: &str) -> Result<()> {
        if self.json { self.json(value) } else { line(sentence) }
    }

    /// Prints a JSON document.
    pub fn json(self, value: &(impl Serialize + ?Sized)) -> Result<()> {
        line(&serde_json::to_string_pretty(value)?)
    }
}

/// Prints a line.
pub fn line(text: &str) -> Result<()> {
    print(&format!("{text}\n"))
}

/// Prints text as it is.
pub fn print(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}

/// Whether the command failed only because whoever read its output stopped reading.
pub fn reader_gone(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == ErrorKind::BrokenPipe)
}

/// Lines with aligned columns, numbers to the right.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or_default()
    };
    let widths: Vec<_> = (0..head.len()).map(width).collect();
    let numeric: Vec<_> =
        (0..head.len()).map(|c| rows.iter().all(|row| row[c].parse::<f64>().is_ok())).collect();
    let format_line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut line = String::new();
        for (column, cell) in cells.enumerate() {
            let pad = " ".repeat(widths[column] - cell.chars().count());
            let (before, after) = if numeric[column] { (&*pad, "") } else { ("", &*pad) };
            line += &format!("{before}{cell}{after}  ");
        }
        format!("{}\n", line.trim_end())
    };
    let mut text = format_line(&mut head.iter().copied());
    for row in rows {
        text += &format_line(&mut row.iter().map(String::as_str));
    }
    text
}

/// A Markdown table.
pub fn markdown(head: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(head.iter().map(|&title| title.to_owned()).collect());
    text += &format!("|{}\n", "---|".repeat(head.len()));
    for row in rows {
        // A bar inside a cell would end it.
        text += &line(row.iter().map(|cell| cell.replace('|', "\\|")).collect());
    }
    text
}

/// A number of bytes for people.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let decimals = usize::from(value < 10.0);
    format!("{value:.decimals$} {}", UNITS[unit])
}

/// The folder that a file lies in; of a bare name the current one.
pub fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = [vec!["a".into(), "10".into()], vec!["é".into(), "9".into()]];
        assert_eq!(table(&["name", "n"], &rows), "name   n\na     10\né      9\n");
    }

    #[test]
    fn a_bar_does_not_end_a_cell() {
        assert!(markdown(&["a"], &[vec!["x|y".into()]]).ends_with("| x\\|y |\n"));
    }

    #[test]
    fn sizes_are_short() {
        let shown: Vec<_> = [999, 1000, 44_900_000, 999_600, 5_000_000_000].map(size).into();
        assert_eq!(shown, ["999 B", "1.0 kB", "45 MB", "1.0 MB", "5.0 GB"]);
    }
}
