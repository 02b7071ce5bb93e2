//! A grid of places whose walls are partly missing: cells that go over several rows or columns.

/// A block of places: first row and column, then how many of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub row: usize,
    pub column: usize,
    pub rows: usize,
    pub columns: usize,
}

/// The cells of a grid of `rows` x `columns` places, row by row. `open_right` says whether the wall to the
/// right of a place is missing, `open_below` the same of the wall below it. Places that hang together
/// without forming a block stay apart.
pub(super) fn cells(
    rows: usize,
    columns: usize,
    open_right: impl Fn(usize, usize) -> bool,
    open_below: impl Fn(usize, usize) -> bool,
) -> Vec<Block> {
    let mut parents: Vec<usize> = (0..rows * columns).collect();
    for at in 0..rows * columns {
        let (row, column) = (at / columns, at % columns);
        let right = (column + 1 < columns && open_right(row, column)).then_some(at + 1);
        let below = (row + 1 < rows && open_below(row, column)).then_some(at + columns);
        for next in [right, below].into_iter().flatten() {
            let (one, other) = (root(&mut parents, at), root(&mut parents, next));
            parents[one.max(other)] = one.min(other);
        }
    }
    let mut pieces = vec![Vec::new(); rows * columns];
    for at in 0..rows * columns {
        pieces[root(&mut parents, at)].push(at);
    }
    let mut blocks: Vec<Block> = pieces
        .iter()
        .filter(|piece| !piece.is_empty())
        .flat_map(|piece| apart(piece, columns))
        .collect();
    blocks.sort_by_key(|block| (block.row, block.column));
    blocks
}

/// The cells of a connected component of places, in row-major order: one cell where it is a rectangle.
fn apart(piece: &[usize], columns: usize) -> Vec<Block> {
    let block = |at: usize, rows, columns_of_it| Block {
        row: at / columns,
        column: at % columns,
        rows,
        columns: columns_of_it,
    };
    let (first, last) = (piece[0], piece[piece.len() - 1]);
    let across = piece.iter().map(|at| at % columns);
    let left = across.clone().min().unwrap_or(0);
    let width = across.max().unwrap_or(0) + 1 - left;
    let height = last / columns + 1 - first / columns;
    match piece.len() == height * width {
        true => vec![block(first, height, width)],
        false => piece.iter().map(|at| block(*at, 1, 1)).collect(),
    }
}

/// The first place of the piece that a place belongs to; shortens the way to it.
fn root(parents: &mut [usize], mut at: usize) -> usize {
    while parents[at] != at {
        parents[at] = parents[parents[at]];
        at = parents[at];
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(row: usize, column: usize, rows: usize, columns: usize) -> Block {
        Block { row, column, rows, columns }
    }

    #[test]
    fn missing_walls_make_cells_that_span() {
        let all = cells(2, 2, |_, _| false, |_, _| false);
        assert_eq!(
            all,
            [block(0, 0, 1, 1), block(0, 1, 1, 1), block(1, 0, 1, 1), block(1, 1, 1, 1)]
        );
        let spans = cells(2, 3, |row, column| row == 0 && column == 0, |_, column| column == 2);
        assert_eq!(
            spans,
            [block(0, 0, 1, 2), block(0, 2, 2, 1), block(1, 0, 1, 1), block(1, 1, 1, 1)]
        );
        assert_eq!(cells(2, 2, |_, _| true, |_, _| true), [block(0, 0, 2, 2)]);
    }

    #[test]
    fn what_is_no_block_stays_apart() {
        let corner = cells(2, 2, |row, _| row == 0, |_, column| column == 0);
        assert_eq!(corner.len(), 4);
        assert!(corner.iter().all(|cell| (cell.rows, cell.columns) == (1, 1)));
    }
}
