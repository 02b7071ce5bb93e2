//! Connected pieces of a mask.

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

/// The pieces of the cells whose value `belongs` accepts, in the order of their first cells.
pub fn components(mask: &GrayImage, belongs: impl Fn(u8) -> bool) -> Vec<Component> {
    let (width, raw) = (mask.width() as usize, mask.as_raw());
    let mut seen = vec![false; raw.len()];
    let mut found = Vec::new();
    for start in 0..raw.len() {
        if seen[start] || !belongs(raw[start]) {
            continue;
        }
        seen[start] = true;
        let mut cells = vec![start as u32];
        let (mut highest, mut lowest_around, mut next) = (0, 255, 0);
        while let Some(&at) = cells.get(next) {
            next += 1;
            let at = at as usize;
            highest = raw[at].max(highest);
            let x = at % width;
            let around = [
                (x > 0).then(|| at - 1),
                (x + 1 < width).then_some(at + 1),
                at.checked_sub(width),
                Some(at + width).filter(|&below| below < raw.len()),
            ];
            for near in around.into_iter().flatten() {
                if !belongs(raw[near]) {
                    lowest_around = raw[near].min(lowest_around);
                } else if !std::mem::replace(&mut seen[near], true) {
                    cells.push(near as u32);
                }
            }
        }
        found.push(Component { cells, highest, lowest_around });
    }
    found
}

/// The largest value within `reach` cells in x and in y (grayscale dilation with a square).
pub fn grown(mask: &GrayImage, reach: usize) -> GrayImage {
    let width = (mask.width() as usize).max(1);
    let mut rows = mask.clone();
    for (out, row) in rows.chunks_exact_mut(width).zip(mask.chunks_exact(width)) {
        for (x, out) in out.iter_mut().enumerate() {
            let near = &row[x.saturating_sub(reach)..(x + reach + 1).min(width)];
            *out = near.iter().copied().max().unwrap_or(0);
        }
    }
    let mut all = rows.clone();
    let height = mask.height() as usize;
    for (y, out) in all.chunks_exact_mut(width).enumerate() {
        for other in y.saturating_sub(reach)..(y + reach + 1).min(height) {
            for (out, &value) in out.iter_mut().zip(&rows.as_raw()[other * width..]) {
                *out = value.max(*out);
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
