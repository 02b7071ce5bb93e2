//! Connected pieces of a mask, and windows over its cells.

use std::ops::Range;

use image::GrayImage;

/// Cells of a mask that hang together along their sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Indices of the cells, row by row of the mask: `y * width + x`.
    pub cells: Vec<u32>,
    /// Highest value inside.
    pub highest: u8,
    /// Lowest value among the neighbours outside; 255 without any.
    pub lowest_around: u8,
}

impl Component {
    /// Mean of the values of another mask of the same size over the cells, 0..255.
    pub fn mean(&self, mask: &GrayImage) -> f32 {
        let values = self.cells.iter().map(|&at| f32::from(mask.as_raw()[at as usize]));
        values.sum::<f32>() / self.cells.len().max(1) as f32
    }

    /// A mask of this size with 255 in its cells and nothing else.
    pub fn alone(&self, (width, height): (u32, u32)) -> GrayImage {
        let mut mask = GrayImage::new(width, height);
        self.paint(&mut mask);
        mask
    }

    /// Sets the cells of a mask of the same size to 255.
    pub fn paint(&self, mask: &mut GrayImage) {
        self.cells.iter().for_each(|&at| mask.as_mut()[at as usize] = 255);
    }
}

/// How many cells of a mask have at least this value.
pub fn count_from(mask: &GrayImage, least: u8) -> f32 {
    mask.iter().filter(|&&value| value >= least).count() as f32
}

/// The pieces of the cells whose value `belongs` accepts, in the order of their first cells; the cells
/// of each in rising order.
pub fn components(mask: &GrayImage, belongs: impl Fn(u8) -> bool) -> Vec<Component> {
    let inside: [bool; 256] = std::array::from_fn(|value| belongs(value as u8));
    let outside: Vec<u8> =
        mask.iter().map(|&value| if inside[usize::from(value)] { 255 } else { value }).collect();
    let width = mask.width() as usize;
    let runs = Runs::of(mask, &inside);
    let mut found = Vec::<Component>::new();
    let mut component_of = vec![0; runs.runs.len()];
    for (index, (run, &root)) in runs.runs.iter().zip(&runs.parents).enumerate() {
        if root == index {
            component_of[index] = found.len();
            found.push(Component { cells: Vec::new(), highest: 0, lowest_around: 255 });
        }
        let component = &mut found[component_of[root]];
        let highest = |values: &[u8]| values.iter().copied().max().unwrap_or(0);
        let lowest = |values: &[u8]| values.iter().copied().min().unwrap_or(255);
        component.cells.extend(run.start as u32..run.end as u32);
        component.highest = highest(&mask.as_raw()[run.clone()]).max(component.highest);
        let line = run.start / width * width;
        let around = [
            run.start.max(line + 1) - 1..run.start,
            run.end..(run.end + 1).min(line + width),
            run.start.max(width) - width..run.end.max(width) - width,
            (run.start + width).min(outside.len())..(run.end + width).min(outside.len()),
        ];
        for near in around {
            component.lowest_around = lowest(&outside[near]).min(component.lowest_around);
        }
    }
    found
}

/// The runs of cells of every row, and which of them hang together.
struct Runs {
    runs: Vec<Range<usize>>,
    /// For each the first run of its piece.
    parents: Vec<usize>,
}

impl Runs {
    fn of(mask: &GrayImage, inside: &[bool; 256]) -> Self {
        let mut all = Self { runs: Vec::new(), parents: Vec::new() };
        let width = mask.width() as usize;
        let mut above = 0;
        for (start, row) in (0..).step_by(width.max(1)).zip(mask.chunks_exact(width.max(1))) {
            let first = all.runs.len();
            let mut cells = row.iter().map(|&value| inside[usize::from(value)]);
            let mut x = 0;
            while let Some(gap) = cells.position(|inside| inside) {
                let from = start + x + gap;
                let length = 1 + cells.by_ref().take_while(|&inside| inside).count();
                all.runs.push(from..from + length);
                all.parents.push(all.parents.len());
                x += gap + length + 1;
            }
            all.join_rows(above..first, width);
            above = first;
        }
        for index in 0..all.runs.len() {
            all.parents[index] = all.parents[all.parents[index]];
        }
        all
    }

    /// Joins the runs of the last row with those that they touch of the row `above`.
    fn join_rows(&mut self, above: Range<usize>, width: usize) {
        let (mut next, first) = (above.start, above.end);
        for index in first..self.runs.len() {
            let Range { start, end } = self.runs[index];
            let over = start.saturating_sub(width)..end.saturating_sub(width);
            while next < first && self.runs[next].end <= over.start {
                next += 1;
            }
            for other in next..first {
                if self.runs[other].start >= over.end {
                    break;
                }
                self.join(other, index);
            }
        }
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.parents[one.max(other)] = one.min(other);
    }

    /// The first run of a piece, as far as it is known by now; shortens the way to it.
    fn root(&mut self, mut index: usize) -> usize {
        while self.parents[index] != index {
            self.parents[index] = self.parents[self.parents[index]];
            index = self.parents[index];
        }
        index
    }
}

/// The largest value within `reach` cells in x and in y (grayscale dilation with a square), in a time that
/// grows with the logarithm of `reach`.
pub fn grown(mask: &GrayImage, reach: usize) -> GrayImage {
    let (width, height) = mask.dimensions();
    let (wide, high) = (width as usize, height as usize);
    let mut cells = mask.as_raw().clone();
    if wide > 0 {
        cells.chunks_exact_mut(wide).for_each(|row| dilate(row, 1, reach.min(wide - 1)));
        // Of a whole row at a time, as if it were one cell.
        dilate(&mut cells, wide, reach.min(high.saturating_sub(1)));
    }
    GrayImage::from_raw(width, height, cells).expect("as many cells as before")
}

/// Makes each cell the largest of those up to `reach` steps before and behind it; a step is `stride` cells.
fn dilate(cells: &mut [u8], stride: usize, reach: usize) {
    // A window of one cell is doubled until it covers `reach` steps more.
    let mut shifts = Vec::new();
    let mut covered = 0;
    while covered < reach {
        let shift = (covered + 1).min(reach - covered);
        shifts.push(shift * stride);
        covered += shift;
    }
    for &shift in &shifts {
        for at in 0..cells.len().saturating_sub(shift) {
            cells[at] = cells[at].max(cells[at + shift]);
        }
    }
    for &shift in &shifts {
        for at in (shift..cells.len()).rev() {
            cells[at] = cells[at].max(cells[at - shift]);
        }
    }
}

/// Folds each cell with all others within `reach` cells in x and in y; row by row, `width` cells a row.
pub(crate) fn folded(
    cells: &[u8],
    width: usize,
    reach: usize,
    fold: impl Fn(u8, u8) -> u8,
) -> Vec<u8> {
    let width = width.max(1);
    let height = cells.len() / width;
    let mut rows = cells.to_vec();
    for (out, row) in rows.chunks_exact_mut(width).zip(cells.chunks_exact(width)) {
        for shift in 1..=reach.min(width - 1) {
            for (out, &right) in out.iter_mut().zip(&row[shift..]) {
                *out = fold(*out, right);
            }
            for (out, &left) in out[shift..].iter_mut().zip(row) {
                *out = fold(*out, left);
            }
        }
    }
    let mut all = rows.clone();
    for (y, out) in all.chunks_exact_mut(width).enumerate() {
        for other in (y.saturating_sub(reach)..(y + reach + 1).min(height)).filter(|&o| o != y) {
            for (out, &cell) in out.iter_mut().zip(&rows[other * width..]) {
                *out = fold(*out, cell);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    #[test]
    fn pieces_hang_together_along_their_sides() {
        let picture = ["#..", "#.#", ".##"];
        let mask = GrayImage::from_fn(3, 3, |x, y| {
            Luma([if picture[y as usize].as_bytes()[x as usize] == b'#' { 200 } else { 7 }])
        });
        let found = components(&mask, |value| value > 100);
        assert_eq!(found.len(), 2, "a corner does not join");
        assert_eq!((&found[0].cells[..], found[1].cells.len()), (&[0, 3][..], 3));
        assert_eq!((found[0].highest, found[0].lowest_around), (200, 7));
        assert_eq!(found[0].mean(&mask), 200.0);
        assert_eq!([201, 200, 7].map(|least| count_from(&mask, least)), [0.0, 5.0, 9.0]);
    }

    #[test]
    fn arms_that_meet_late_are_one_piece() {
        let picture = ["#.#.#", "#.#.#", "#.###", "###..", "....#"];
        let mask = GrayImage::from_fn(5, 5, |x, y| {
            Luma([if picture[y as usize].as_bytes()[x as usize] == b'#' { 200 } else { 7 }])
        });
        let found = components(&mask, |value| value > 100);
        let cells: Vec<_> = found.iter().map(|piece| &piece.cells[..]).collect();
        assert_eq!(cells, [&[0, 2, 4, 5, 7, 9, 10, 12, 13, 14, 15, 16, 17][..], &[24]]);
        assert_eq!(components(&mask, |value| value == 9), []);
        assert_eq!(components(&GrayImage::new(0, 0), |_| true), []);
    }

    #[test]
    fn growing_agrees_with_every_pair() {
        let mask = GrayImage::from_fn(13, 9, |x, y| Luma([((x * 37 + y * 101) % 251) as u8]));
        for reach in 0..15 {
            let plain = folded(&mask, 13, reach, u8::max);
            assert_eq!(grown(&mask, reach).into_raw(), plain, "{reach}");
        }
    }

    #[test]
    fn growing_reaches_as_far_as_asked() {
        let mut mask = GrayImage::new(7, 5);
        mask.put_pixel(1, 2, Luma([9]));
        let wide = grown(&mask, 2);
        let inside = |x: u32, y: u32| x <= 3 && y <= 4;
        assert!(
            wide.enumerate_pixels().all(|(x, y, v)| v.0[0] == if inside(x, y) { 9 } else { 0 })
        );
        assert_eq!(grown(&mask, 0), mask);
    }
}
