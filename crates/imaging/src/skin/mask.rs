//! Which pixels of a chip belong to something.

use rayon::prelude::*;

/// A set of pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) bits: Vec<bool>,
}

impl Mask {
    /// Those pixels for which `inside` says so.
    pub(super) fn of(width: usize, height: usize, inside: impl Fn(usize, usize) -> bool) -> Self {
        let rows = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        Self { width, height, bits: rows.map(|(x, y)| inside(x, y)).collect() }
    }

    /// None.
    pub(super) fn empty(width: usize, height: usize) -> Self {
        Self { width, height, bits: vec![false; width * height] }
    }

    /// The pixels whose middle lies inside a polygon (even-odd rule).
    pub(super) fn polygon(width: usize, height: usize, points: &[[f32; 2]]) -> Self {
        let mut mask = Self::empty(width, height);
        for y in 0..height {
            let line = y as f32;
            let mut crossings: Vec<f32> = edges(points)
                .filter(|([_, top], [_, bottom])| (*top <= line) != (*bottom <= line))
                .map(|([x, y], [to_x, to_y])| x + (to_x - x) * (line - y) / (to_y - y))
                .collect();
            crossings.sort_by(f32::total_cmp);
            for pair in crossings.chunks_exact(2) {
                let first = pair[0].ceil().clamp(0.0, width as f32) as usize;
                let end = (pair[1].floor() + 1.0).clamp(0.0, width as f32) as usize;
                mask.bits[y * width..][first..end.max(first)].fill(true);
            }
        }
        mask
    }

    /// Whether a pixel belongs to it; those outside the chip do not.
    pub fn has(&self, x: isize, y: isize) -> bool {
        (0..self.width as isize).contains(&x)
            && (0..self.height as isize).contains(&y)
            && self.bits[y as usize * self.width + x as usize]
    }

    /// How many pixels it has.
    pub fn count(&self) -> usize {
        self.bits.iter().filter(|&&bit| bit).count()
    }

    /// Its pixels' indices, row by row.
    pub(super) fn indices(&self) -> impl Iterator<Item = usize> + '_ {
        self.bits.iter().enumerate().filter(|&(_, &bit)| bit).map(|(i, _)| i)
    }

    /// What both have.
    #[must_use]
    pub(super) fn and(mut self, other: &Mask) -> Self {
        self.bits.iter_mut().zip(&other.bits).for_each(|(bit, other)| *bit &= other);
        self
    }

    /// What either has.
    #[must_use]
    pub(super) fn or(mut self, other: &Mask) -> Self {
        self.bits.iter_mut().zip(&other.bits).for_each(|(bit, other)| *bit |= other);
        self
    }

    /// What this has and the other has not.
    #[must_use]
    pub(super) fn without(mut self, other: &Mask) -> Self {
        self.bits.iter_mut().zip(&other.bits).for_each(|(bit, other)| *bit &= !other);
        self
    }

    /// Without the pixels nearer than `radius` (along the axes) to what it has not.
    #[must_use]
    pub(super) fn eroded(&self, radius: usize) -> Self {
        self.windows(radius, |count, all| count == all)
    }

    /// With the pixels nearer than `radius` (along the axes) to what it has.
    #[must_use]
    pub(super) fn dilated(&self, radius: usize) -> Self {
        self.windows(radius, |count, _| count > 0)
    }

    /// Keeps a pixel by how many of the square around it belong; cells outside the chip do not. First
    /// along the rows, then down all columns at once, which the memory likes better than one by one.
    fn windows(&self, radius: usize, keep: impl Fn(usize, usize) -> bool + Sync) -> Self {
        let (width, all) = (self.width.max(1), 2 * radius + 1);
        let mut across = Self::empty(self.width, self.height);
        let lines = across.bits.par_chunks_exact_mut(width).zip(self.bits.par_chunks_exact(width));
        lines.for_each(|(out, row)| {
            let mut count = row[..radius.min(row.len())].iter().filter(|&&bit| bit).count();
            for x in 0..row.len() {
                count += usize::from(x + radius < row.len() && row[x + radius]);
                count -= usize::from(x > radius && row[x - radius - 1]);
                out[x] = keep(count, all);
            }
        });
        let rows: Vec<&[bool]> = across.bits.chunks_exact(width).collect();
        let mut counts = vec![0_usize; self.width];
        let mut out = Self::empty(self.width, self.height);
        for row in &rows[..radius.min(rows.len())] {
            counts.iter_mut().zip(*row).for_each(|(count, &bit)| *count += usize::from(bit));
        }
        for (y, line) in out.bits.chunks_exact_mut(width).enumerate() {
            if let Some(row) = rows.get(y + radius) {
                counts.iter_mut().zip(*row).for_each(|(count, &bit)| *count += usize::from(bit));
            }
            if y > radius {
                let row = rows[y - radius - 1];
                counts.iter_mut().zip(row).for_each(|(count, &bit)| *count -= usize::from(bit));
            }
            line.iter_mut().zip(&counts).for_each(|(out, &count)| *out = keep(count, all));
        }
        out
    }
}

/// The edges of a closed polygon.
fn edges(points: &[[f32; 2]]) -> impl Iterator<Item = ([f32; 2], [f32; 2])> + '_ {
    let next = points.iter().cycle().skip(1);
    points.iter().zip(next).map(|(&from, &to)| (from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polygons_are_filled_and_cut_at_the_border() {
        let square = Mask::polygon(20, 10, &[[2.0, 3.0], [7.0, 3.0], [7.0, 8.0], [2.0, 8.0]]);
        assert_eq!(square.count(), 6 * 5);
        assert!(square.has(2, 3) && square.has(7, 7) && !square.has(8, 5) && !square.has(-1, 5));
        let over = Mask::polygon(20, 10, &[[-9.0, -9.0], [99.0, -9.0], [99.0, 99.0], [-9.0, 99.0]]);
        assert_eq!(over.count(), 200);
        assert_eq!(Mask::polygon(20, 10, &[]).count(), 0);
    }

    #[test]
    fn erosion_and_dilation_undo_each_other_on_a_square() {
        let square = Mask::of(30, 30, |x, y| (10..20).contains(&x) && (8..22).contains(&y));
        assert_eq!(square.eroded(2).count(), 6 * 10);
        assert_eq!(square.eroded(2).dilated(2), square);
        assert_eq!(square.clone().without(&square.eroded(2)).count(), 140 - 60);
        assert_eq!(square.eroded(9).count(), 0);
    }
}
