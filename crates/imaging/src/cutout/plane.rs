//! Float planes that are worked on in spans: matting touches a narrow band along the subject's
//! edge, so every loop runs over a row's spans rather than over the row.

use std::ops::Range;

use rayon::prelude::*;

/// Cells of a row, half-open.
pub(super) type Span = Range<usize>;

/// `N` channels of a small picture. Each row holds its channels one after the other, so that loops
/// over a row vectorise and rows can be handed to threads.
#[derive(Clone)]
pub(super) struct Plane<const N: usize> {
    pub width: usize,
    pub height: usize,
    data: Vec<f32>,
}

/// Cells behind each row that loops may read and write to no effect.
pub(super) const SLACK: usize = 16;

impl<const N: usize> Plane<N> {
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, height, data: vec![0.0; (width + SLACK) * height * N] }
    }

    /// The part of `width` by `height` cells from (`x`, `y`) on.
    pub fn cut(&self, x: usize, y: usize, width: usize, height: usize) -> Self {
        let mut part = Self::new(width, height);
        rows(&mut part, |row, out| {
            for (out, from) in out.into_iter().zip(self.row(y + row)) {
                out[..width].copy_from_slice(&from[x..x + width]);
            }
        });
        part
    }

    /// The channels of row `y`, each with its slack.
    #[inline(always)]
    pub fn row(&self, y: usize) -> [&[f32]; N] {
        let stride = self.width + SLACK;
        let mut rest = &self.data[y * stride * N..][..stride * N];
        [(); N].map(|()| {
            let (channel, others) = rest.split_at(stride);
            rest = others;
            channel
        })
    }
}

/// Runs `each` on the channels of every row; on all threads where there are many rows.
pub(super) fn rows<const N: usize>(
    plane: &mut Plane<N>,
    each: impl Fn(usize, [&mut [f32]; N]) + Sync,
) {
    const MANY: usize = 120;
    let stride = plane.width + SLACK;
    let split = |(y, mut rest): (usize, &mut [f32])| {
        let channels = [(); N].map(|()| {
            let (channel, others) = std::mem::take(&mut rest).split_at_mut(stride);
            rest = others;
            channel
        });
        each(y, channels);
    };
    if plane.height < MANY {
        plane.data.chunks_exact_mut(stride * N).enumerate().for_each(split);
    } else {
        plane.data.par_chunks_exact_mut(stride * N).enumerate().with_min_len(16).for_each(split);
    }
}

/// The two cells of half the resolution, of `cells` in a row, that lie around the centre of cell `at`,
/// with the share of each.
#[inline(always)]
pub(super) fn near(at: usize, cells: usize) -> [(usize, f32); 2] {
    let own = (at / 2).min(cells - 1);
    let other = if at.is_multiple_of(2) { own.saturating_sub(1) } else { (own + 1).min(cells - 1) };
    [(own, 0.75), (other, 0.25)]
}

/// Spans of every row of a picture, in order, not overlapping.
#[derive(Clone)]
pub(super) struct Spans {
    width: usize,
    rows: Vec<Vec<Span>>,
}

impl Spans {
    /// The cells for which `inside` holds. Gaps of up to `gap` cells are bridged: restarting a loop
    /// costs more than a few cells too many.
    pub fn of(
        width: usize,
        height: usize,
        gap: usize,
        inside: impl Fn(usize, usize) -> bool,
    ) -> Self {
        let row = |y| {
            let mut spans: Vec<Span> = Vec::new();
            for x in (0..width).filter(|&x| inside(x, y)) {
                match spans.last_mut() {
                    Some(last) if x <= last.end + gap => last.end = x + 1,
                    _ => spans.push(x..x + 1),
                }
            }
            spans
        };
        Self { width, rows: (0..height).map(row).collect() }
    }

    pub fn row(&self, y: usize) -> &[Span] {
        &self.rows[y]
    }

    pub fn is_empty(&self) -> bool {
        self.rows.iter().all(Vec::is_empty)
    }

    /// The cells at most `by` cells away in x and in y that are at least `margin` cells inside the
    /// picture.
    pub fn grown(&self, by: usize, margin: usize) -> Self {
        let height = self.rows.len();
        let row = |y: usize| {
            if y < margin || y + margin >= height {
                return Vec::new();
            }
            let near = &self.rows[y.saturating_sub(by)..(y + by + 1).min(height)];
            let mut all: Vec<Span> =
                near.iter().flatten().map(|span| self.widen(span, by, margin)).collect();
            merge(&mut all);
            all
        };
        Self { width: self.width, rows: (0..height).map(row).collect() }
    }

    /// The cells of a picture of half the size that cover any of these.
    pub fn halved(&self) -> Self {
        let width = self.width / 2;
        let halve = |rows: &[Vec<Span>]| {
            let half = |span: &Span| span.start / 2..span.end.div_ceil(2).min(width);
            let mut halves: Vec<Span> = rows.iter().flatten().map(half).collect();
            merge(&mut halves);
            halves
        };
        Self { width, rows: self.rows.chunks_exact(2).map(halve).collect() }
    }

    /// The part of `width` by `height` cells from (`x`, `y`) on.
    pub fn cut(&self, x: usize, y: usize, width: usize, height: usize) -> Self {
        let part = |span: &Span| {
            let end = span.end.saturating_sub(x).min(width);
            span.start.saturating_sub(x).min(end)..end
        };
        let row = |row: &Vec<Span>| row.iter().map(part).filter(|span| !span.is_empty()).collect();
        Self { width, rows: self.rows[y..y + height].iter().map(row).collect() }
    }

    fn widen(&self, span: &Span, by: usize, margin: usize) -> Span {
        span.start.saturating_sub(by).max(margin)..(span.end + by).min(self.width - margin)
    }
}

/// Sorts spans and joins those that touch; drops empty ones.
fn merge(spans: &mut Vec<Span>) {
    spans.retain(|span| !span.is_empty());
    spans.sort_unstable_by_key(|span| span.start);
    spans.dedup_by(|next, last| {
        let touch = next.start <= last.end;
        if touch {
            last.end = last.end.max(next.end);
        }
        touch
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_bridge_gaps_and_grow() {
        let spans = Spans::of(20, 3, 2, |x, y| y == 1 && (x == 4 || x == 7 || x == 15));
        assert_eq!(spans.row(1), [4..8, 15..16]);
        assert!(spans.row(0).is_empty() && !spans.is_empty());
        let grown = spans.grown(4, 1);
        assert_eq!(grown.row(1), std::slice::from_ref(&(1..19)));
        assert!(grown.row(0).is_empty(), "the margin stays free");
        assert_eq!(spans.grown(1, 0).row(2), [3..9, 14..17]);
    }

    #[test]
    fn rows_split_into_channels() {
        let mut plane = Plane::<2>::new(3, 2);
        rows(&mut plane, |y, [_, second]| second[2] = y as f32);
        assert_eq!(plane.row(1).map(|channel| &channel[..3]), [&[0.0; 3][..], &[0.0, 0.0, 1.0]]);
        assert_eq!(plane.row(0)[1][2], 0.0);
    }
}
