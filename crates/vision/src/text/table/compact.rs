//! Rows and columns that the network imagines: those in which nothing stands.

use super::Cell;

/// One of the two directions of a table: where a cell begins and over how many it goes.
type Span = fn(&mut Cell) -> (&mut usize, &mut usize);

/// Takes rows and columns out in which no text stands but that of cells that go beyond them. Answers how
/// many rows and columns are left.
pub(super) fn without_empty(cells: &mut Vec<Cell>, rows: usize, columns: usize) -> (usize, usize) {
    let rows = taken_out(cells, rows, |cell| (&mut cell.row, &mut cell.row_span));
    let columns = taken_out(cells, columns, |cell| (&mut cell.column, &mut cell.column_span));
    (rows, columns)
}

fn taken_out(cells: &mut Vec<Cell>, count: usize, span: Span) -> usize {
    let mut left = count;
    for at in (0..count).rev() {
        let is_empty = cells.iter_mut().all(|cell| {
            let has_text = !cell.text.is_empty();
            let (first, length) = span(cell);
            !(*first == at && *length == 1 && has_text)
        });
        if !is_empty || left == 1 {
            continue;
        }
        left -= 1;
        cells.retain_mut(|cell| {
            let (first, length) = span(cell);
            if (*first..*first + *length).contains(&at) {
                *length -= 1;
            } else if *first > at {
                *first -= 1;
            }
            *length > 0
        });
    }
    left
}

#[cfg(test)]
mod tests {
    use super::super::super::Quad;
    use super::*;

    fn cell(row: usize, column: usize, row_span: usize, column_span: usize, text: &str) -> Cell {
        let place = Quad::level([0.0, 0.0, 1.0, 1.0]);
        Cell { place, row, column, row_span, column_span, text: text.to_owned(), confidence: None }
    }

    #[test]
    fn what_is_empty_goes_and_spans_shrink() {
        // An imagined head over the first two columns, and an imagined third one.
        let mut cells = vec![
            cell(0, 0, 1, 3, ""),
            cell(0, 3, 2, 1, "Sum"),
            cell(1, 0, 1, 1, "Article"),
            cell(1, 1, 1, 1, "Count"),
            cell(1, 2, 1, 1, ""),
            cell(2, 0, 1, 1, "Pears"),
            cell(2, 1, 1, 1, ""),
            cell(2, 2, 1, 1, ""),
            cell(2, 3, 1, 1, "7"),
        ];
        assert_eq!(without_empty(&mut cells, 3, 4), (2, 3));
        let places: Vec<_> = cells
            .iter()
            .map(|c| (c.row, c.column, c.row_span, c.column_span, c.text.as_str()))
            .collect();
        assert_eq!(
            places,
            [
                (0, 2, 1, 1, "Sum"),
                (0, 0, 1, 1, "Article"),
                (0, 1, 1, 1, "Count"),
                (1, 0, 1, 1, "Pears"),
                (1, 1, 1, 1, ""),
                (1, 2, 1, 1, "7"),
            ]
        );
        assert_eq!(without_empty(&mut vec![cell(0, 0, 1, 1, "")], 1, 1), (1, 1));
    }
}
