//! Lines of letters among the pieces of ink.

/// The box around a piece of ink: the pixels from `left` to before `right`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Piece {
    pub left: u32,
    pub top: u32,
    pub right: u32,
    pub bottom: u32,
}

impl Piece {
    /// Of cells in rising order.
    pub fn of(cells: &[u32], width: u32) -> Self {
        let (first, last) = (cells[0], cells[cells.len() - 1]);
        let across = cells.iter().map(|cell| cell % width);
        let left = across.clone().min().unwrap_or(0);
        let right = across.max().unwrap_or(0) + 1;
        let (top, bottom) = (first / width, last / width + 1);
        Self { left, top, right, bottom }
    }

    pub fn width(&self) -> f32 {
        (self.right - self.left) as f32
    }

    pub fn height(&self) -> f32 {
        (self.bottom - self.top) as f32
    }

    pub fn middle(&self) -> f32 {
        (self.left + self.right) as f32 / 2.0
    }

    fn could_be_a_letter(&self) -> bool {
        let (width, height) = (self.right - self.left, self.bottom - self.top);
        (LEAST_HEIGHT..=MOST_HEIGHT).contains(&height) && width > 1 && width <= 5 * height
    }

    /// Whether another on the right may be the next letter of the line.
    fn leads_to(&self, next: &Self) -> bool {
        let (low, high) = (self.height().min(next.height()), self.height().max(next.height()));
        let gap = next.left as f32 - self.right as f32;
        let level = self.bottom.abs_diff(next.bottom) as f32 <= 0.1 * high + 1.0;
        // A space of a picture stretched across is wide; italic letters overlap.
        level && high <= 2.2 * low && (-0.3 * high..=1.6 * high).contains(&gap)
    }
}

/// A line of letters; indices of pieces, from the left to the right.
pub(super) struct Line {
    /// All that stand on the line.
    pub letters: Vec<usize>,
    /// Those as high as most.
    pub small: Vec<usize>,
    /// Those with ascenders, and capitals.
    pub tall: Vec<usize>,
    /// Points of i.
    pub points: Vec<usize>,
    /// Mean height of the small ones.
    pub height: f32,
}

/// Heights of letters in pixels: lower ones are too coarse to measure.
const LEAST_HEIGHT: u32 = 8;
const MOST_HEIGHT: u32 = 160;
/// More pieces as large as letters are a texture.
const MOST_PIECES: usize = 20_000;
/// Letters of a line at least, and small ones among them.
const LEAST_LETTERS: usize = 5;
const LEAST_SMALL: usize = 4;

/// How much letters of one height may differ in it.
fn slack(height: f32) -> f32 {
    (0.08 * height).max(1.0)
}

/// The height that most others are like; the lowest of several.
fn commonest(mut heights: Vec<f32>) -> f32 {
    heights.sort_unstable_by(f32::total_cmp);
    let like = |height: f32| {
        let from = heights.partition_point(|&other| other < height - slack(height));
        heights.partition_point(|&other| other <= height + slack(height)) - from
    };
    let best = heights.iter().rev().max_by_key(|&&height| like(height));
    best.copied().unwrap_or(0.0)
}

/// The lines of letters among pieces; `None` where they are too many.
pub(super) fn lines(pieces: &[Piece]) -> Option<Vec<Line>> {
    let mut order: Vec<usize> =
        (0..pieces.len()).filter(|&i| pieces[i].could_be_a_letter()).collect();
    if order.len() > MOST_PIECES {
        return None;
    }
    order.sort_unstable_by_key(|&i| pieces[i].left);
    let above = Rows::of(pieces);
    let rows = strung(pieces, &order).into_iter();
    Some(rows.filter_map(|row| Line::of(pieces, row, &above)).collect())
}

/// Strings pieces together that stand on a common line, each with the nearest on its left.
fn strung(pieces: &[Piece], order: &[usize]) -> Vec<Vec<usize>> {
    let last = |row: &[usize]| pieces[row[row.len() - 1]];
    let (mut open, mut done) = (Vec::<Vec<usize>>::new(), Vec::new());
    for &index in order {
        let piece = &pieces[index];
        done.extend(open.extract_if(.., |row| piece.left > last(row).right + 2 * MOST_HEIGHT));
        let nearest = open
            .iter_mut()
            .filter(|row| last(row).leads_to(piece))
            .max_by_key(|row| last(row).right);
        match nearest {
            Some(row) => row.push(index),
            None => open.push(vec![index]),
        }
    }
    done.extend(open);
    done.retain(|row| row.len() >= LEAST_LETTERS);
    done
}

impl Line {
    fn of(pieces: &[Piece], letters: Vec<usize>, above: &Rows) -> Option<Self> {
        let usual = commonest(letters.iter().map(|&i| pieces[i].height()).collect());
        let of = |from: f32, to: f32| -> Vec<usize> {
            let within = |&&i: &&usize| (from..=to).contains(&pieces[i].height());
            letters.iter().filter(within).copied().collect()
        };
        let small = of(usual - slack(usual), usual + slack(usual));
        let height = small.iter().map(|&i| pieces[i].height()).sum::<f32>() / small.len() as f32;
        let tall = of((1.2 * height).max(usual + slack(usual) + 0.5), 1.9 * height);
        // Without tall letters the others may be capitals or digits.
        let text = small.len() >= LEAST_SMALL
            && !tall.is_empty()
            && (small.len() + tall.len()) * 5 >= letters.len() * 4;
        let mut line = Self { letters, small, tall, points: Vec::new(), height };
        if text {
            line.points = line.small.iter().filter_map(|&i| line.point(pieces, i, above)).collect();
        }
        text.then_some(line)
    }

    /// The only piece above a small letter, where it is the point of an i.
    fn point(&self, pieces: &[Piece], stem: usize, above: &Rows) -> Option<usize> {
        let (stem, unit) = (&pieces[stem], self.height);
        let fits = |piece: &Piece| {
            let gap = stem.top as f32 - piece.bottom as f32;
            let high = (0.08 * unit).max(2.0)..=0.5 * unit;
            gap >= 0.5
                && gap <= 0.6 * unit
                && high.contains(&piece.height())
                && piece.width() >= 2.0
                && piece.width() <= 2.5 * stem.width()
                && (piece.middle() - stem.middle()).abs() <= 0.3 * stem.width() + 0.5
        };
        let from = stem.top.saturating_sub((1.2 * unit) as u32);
        let mut found = above.between(from, stem.top).filter(|&i| {
            let piece = &pieces[i];
            piece.left < stem.right + 2 && piece.right + 2 > stem.left && piece.top >= from
        });
        let point = found.next()?;
        (found.next().is_none() && fits(&pieces[point])).then_some(point)
    }

    /// From the left side of each letter to that of the next.
    pub fn pitches(&self, pieces: &[Piece]) -> impl Iterator<Item = f32> {
        self.letters.windows(2).map(|pair| {
            let [one, other] = [pair[0], pair[1]].map(|i| pieces[i].left as f32);
            other - one
        })
    }
}

/// Pieces by the row of their bottom.
struct Rows {
    order: Vec<(u32, usize)>,
}

impl Rows {
    fn of(pieces: &[Piece]) -> Self {
        let mut order: Vec<_> = pieces.iter().enumerate().map(|(i, p)| (p.bottom, i)).collect();
        order.sort_unstable();
        Self { order }
    }

    /// Those that end between two rows.
    fn between(&self, from: u32, to: u32) -> impl Iterator<Item = usize> {
        let start = self.order.partition_point(|&(bottom, _)| bottom <= from);
        let end = self.order.partition_point(|&(bottom, _)| bottom <= to);
        self.order[start..end.max(start)].iter().map(|&(_, index)| index)
    }
}
