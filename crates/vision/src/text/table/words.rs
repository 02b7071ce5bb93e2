//! The words of lines of text, and which cell they belong to.

use super::super::quad::Point;
use super::{Cell, Line};

/// A gap of this many heights of a line parts words even without a space.
const GAP: f32 = 1.0;

/// Some letters of a line that stand together.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Word {
    pub text: String,
    /// Its middle, in pixels of the page.
    pub centre: Point,
    pub confidence: f32,
    /// Which line it is of: the place of the line's first corner tells lines apart.
    line: Point,
}

/// The words of a line, from its start.
pub(super) fn of(line: &Line) -> Vec<Word> {
    let gap = GAP * line.place.height() / line.place.width().max(1.0);
    let parts = line.letters.chunk_by(|a, b| {
        let parted = [a, b].iter().any(|letter| letter.text.trim().is_empty());
        !parted && b.at - a.at <= gap
    });
    let words = parts.filter(|part| !part[0].text.trim().is_empty());
    words
        .map(|part| Word {
            text: part.iter().map(|letter| letter.text).collect(),
            centre: line.place.at((part[0].at + part[part.len() - 1].at) / 2.0, 0.5),
            confidence: line.confidence,
            line: line.place.0[0],
        })
        .collect()
}

/// Puts words, which come in the order of reading, into cells: words of one line apart by spaces, lines
/// by `\n`. `place` says which cell a point of the page lies in.
pub(super) fn fill(cells: &mut [Cell], words: &[Word], place: impl Fn(Point) -> Option<usize>) {
    let mut inside = vec![Vec::<&Word>::new(); cells.len()];
    for word in words {
        if let Some(index) = place(word.centre) {
            inside[index].push(word);
        }
    }
    for (cell, words) in cells.iter_mut().zip(inside) {
        let lines = words.chunk_by(|a, b| a.line == b.line);
        let lines = lines
            .map(|line| line.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "));
        cell.text = lines.collect::<Vec<_>>().join("\n");
        let sum: f32 = words.iter().map(|word| word.confidence).sum();
        cell.confidence = (!words.is_empty()).then(|| sum / words.len() as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{Letter, Quad};
    use super::*;

    #[test]
    fn lines_part_at_spaces_and_wide_gaps() {
        let letter = |text, at| Letter { text, at, probability: 1.0 };
        let letters = vec![
            letter("a", 0.05),
            letter("b", 0.1),
            letter(" ", 0.15),
            letter("c", 0.2),
            letter("d", 0.9),
        ];
        let place = Quad::level([0.0, 0.0, 200.0, 20.0]);
        let words = of(&Line { place, letters, confidence: 0.9 });
        let texts: Vec<_> = words.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(texts, ["ab", "c", "d"]);
        assert!((words[0].centre[0] - 15.0).abs() < 0.01 && words[0].centre[1] == 10.0);

        let cell = || Cell {
            place,
            row: 0,
            column: 0,
            row_span: 1,
            column_span: 1,
            text: String::new(),
            confidence: None,
        };
        let mut cells = [cell(), cell(), cell()];
        fill(&mut cells, &words, |[x, _]| Some(usize::from(x > 100.0)));
        assert_eq!(cells.each_ref().map(|cell| cell.text.as_str()), ["ab c", "d", ""]);
        assert_eq!(cells[2].confidence, None);
    }
}
