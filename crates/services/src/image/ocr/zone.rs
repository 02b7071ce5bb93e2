//! The machine-readable zone among the lines of a page. Its characters have one width, so that each has
//! its column by where it stands: runs of fillers, which are miscounted easily, need not be counted.

use safelight_imaging::map::median;
use safelight_vision::text::{Line, rows};

use super::mrz::{FORMATS, Format, Zone};

/// A row of the zone has so many characters that are no fillers.
const LEAST_LETTERS: usize = 8;
/// And is so many times as long as high, at least.
const LEAST_LENGTH: f32 = 11.0;
/// The share of its characters that may stand in a zone.
const LEAST_SHARE: f32 = 0.9;
/// A zone has so many fillers, at least.
const LEAST_FILLERS: usize = 2;
/// How far the length of the longest row may be from that of the format, as a share.
const MOST_OFF: f32 = 0.07;

/// A character and where its middle is along its row, in pixels.
type Placed = (u8, f32);

/// The zone of a page: the lowest rows that form one.
pub(super) fn find(lines: &[Line]) -> Option<Zone> {
    let all: Vec<Option<Row>> = rows(lines).iter().map(|row| Row::of(lines, row)).collect();
    let starts = (0..all.len()).rev();
    let zones = starts.flat_map(|start| {
        let all = &all;
        FORMATS.iter().filter_map(move |format| {
            let rows = all.get(start..start + format.rows)?;
            let rows: Vec<&Row> = rows.iter().map(Option::as_ref).collect::<Option<_>>()?;
            zone(format, &rows)
        })
    });
    let zones: Vec<Zone> = zones.collect();
    // What holds comes first; of others the lowest.
    let right = zones.iter().position(Zone::composite_holds);
    let index = right.unwrap_or(0);
    zones.into_iter().nth(index)
}

/// A row of a page that may be one of a zone.
struct Row {
    letters: Vec<Placed>,
    /// From one character to the next.
    pitch: f32,
    /// From the left end of the row to its right end, in pixels.
    ends: [f32; 2],
}

impl Row {
    fn of(lines: &[Line], row: &[usize]) -> Option<Self> {
        let first = &lines[*row.first()?];
        let (start, angle) = (first.place.0[0], first.place.angle());
        let along = |[x, y]: [f32; 2]| (x - start[0]) * angle.cos() + (y - start[1]) * angle.sin();
        let height = first.place.height();
        let mut all = 0;
        let mut letters = Vec::new();
        let mut ends = [f32::INFINITY, f32::NEG_INFINITY];
        for line in row.iter().map(|&index| &lines[index]) {
            ends = [
                ends[0].min(along(line.place.at(0.0, 0.5))),
                ends[1].max(along(line.place.at(1.0, 0.5))),
            ];
            for letter in line.letters.iter().filter(|letter| !letter.text.trim().is_empty()) {
                all += 1;
                let at = along(line.place.at(letter.at, 0.5));
                letters.extend(character(letter.text).map(|byte| (byte, at)));
            }
        }
        letters.sort_by(|a, b| a.1.total_cmp(&b.1));
        let solid = letters.iter().filter(|(byte, _)| *byte != b'<').count();
        let is_zone = solid >= LEAST_LETTERS
            && letters.len() as f32 >= LEAST_SHARE * all as f32
            && ends[1] - ends[0] >= LEAST_LENGTH * height;
        let pitch = is_zone.then(|| pitch(&letters))??;
        Some(Self { letters, pitch, ends })
    }

    /// How many characters the row has by its length.
    fn columns(&self) -> f32 {
        // The first character stands half a pitch behind the row's start, without the box's margin.
        let margin = (self.letters[0].1 - self.ends[0] - self.pitch / 2.0).max(0.0);
        (self.ends[1] - self.ends[0] - 2.0 * margin) / self.pitch
    }

    /// The row with so many columns, fillers where nothing was read.
    fn text(&self, columns: usize) -> String {
        let mut text = vec![b'<'; columns];
        for (byte, at) in &self.letters {
            let column = ((at - self.letters[0].1) / self.pitch).round() as usize;
            if let Some(place) = text.get_mut(column).filter(|place| **place == b'<') {
                *place = *byte;
            }
        }
        String::from_utf8_lossy(&text).into_owned()
    }
}

/// The character of a zone that a read one stands for.
fn character(text: &str) -> Option<u8> {
    match text {
        "<" | "＜" | "〈" | "《" | "‹" | "«" | "く" | "≤" => Some(b'<'),
        _ => {
            let byte = text.bytes().next()?.to_ascii_uppercase();
            (text.len() == 1 && byte.is_ascii_alphanumeric()).then_some(byte)
        }
    }
}

/// The distance of neighbouring characters: the median first, then the line that fits all best.
fn pitch(letters: &[Placed]) -> Option<f32> {
    let mut gaps: Vec<f32> = letters.windows(2).map(|pair| pair[1].1 - pair[0].1).collect();
    let mut pitch = Some(median(&mut gaps)).filter(|gap| *gap > 0.0)?;
    for _ in 0..3 {
        // Columns grow surer from the left, since each follows the one before it.
        let mut column = 0.0;
        let mut sums = [0.0_f32; 4];
        let mut before = letters[0].1;
        for (_, at) in letters {
            column += ((at - before) / pitch).round();
            before = *at;
            let x = at - letters[0].1;
            sums = [sums[0] + column, sums[1] + x, sums[2] + column * column, sums[3] + column * x];
        }
        let count = letters.len() as f32;
        let spread = count * sums[2] - sums[0] * sums[0];
        let fitted = (count * sums[3] - sums[0] * sums[1]) / spread;
        pitch = Some(fitted).filter(|fitted| fitted.is_finite() && *fitted > 0.0)?;
    }
    Some(pitch)
}

/// The zone that rows are in a format; `None` where their lengths are others. Fillers at the end of a row
/// may have been missed, but one row has its whole length, and some fillers were seen.
fn zone(format: &'static Format, rows: &[&Row]) -> Option<Zone> {
    let lengths = rows.iter().map(|row| row.columns() / format.columns as f32);
    let longest = lengths.fold(0.0, f32::max);
    let fillers =
        rows.iter().flat_map(|row| &row.letters).filter(|(byte, _)| *byte == b'<').count();
    if (longest - 1.0).abs() > MOST_OFF || fillers < LEAST_FILLERS {
        return None;
    }
    let texts: Vec<String> = rows.iter().map(|row| row.text(format.columns)).collect();
    Zone::new(format, &texts)
}
