//! Eyebrows: how dense, curved and long.

use super::{Trait, Traits};
use crate::face::{Part, Point};

/// The upper edge of a brow, from its outer end, and the corners of the eye below.
const BROWS: [([usize; 5], [usize; 5], [usize; 2]); 2] = [
    ([70, 63, 105, 66, 107], [46, 53, 52, 65, 55], [33, 133]),
    ([300, 293, 334, 296, 336], [276, 283, 282, 295, 285], [263, 362]),
];

/// What both brows are like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Brows {
    /// Whether they are thick rather than sparse: how much darker than skin they are.
    pub thick: Trait<bool>,
    /// Whether they are curved rather than straight: the rise of the upper edge by its length.
    pub curved: Trait<bool>,
    /// Whether they are long rather than short: by the width of the eye.
    pub long: Trait<bool>,
}

impl Traits<'_> {
    /// The eyebrows.
    pub fn brows(&self) -> Brows {
        let mean = |measure: &dyn Fn(usize) -> f32| (measure(0) + measure(1)) / 2.0;
        let curve = |brow: usize| {
            let (upper, ..) = BROWS[brow];
            let ends = [upper[0], upper[4]].map(|i| self.cell(i));
            let length = ends[0].distance(ends[1]).max(f32::MIN_POSITIVE);
            let rise = |point: Point| {
                let (dx, dy) = (ends[1].x - ends[0].x, ends[1].y - ends[0].y);
                ((point.x - ends[0].x) * dy - (point.y - ends[0].y) * dx).abs() / length
            };
            upper[1..4].iter().map(|&i| rise(self.cell(i))).fold(0.0, f32::max) / length
        };
        let length = |brow: usize| {
            let (upper, _, [outer, inner]) = BROWS[brow];
            let path: f32 = upper.windows(2).map(|pair| self.length(pair[0], pair[1])).sum();
            path / self.length(outer, inner)
        };
        Brows {
            thick: Trait::above(mean(&|brow| self.density(brow)), 0.22, 0.05),
            curved: Trait::above(mean(&curve), 0.17, 0.03),
            long: Trait::above(mean(&length), 1.65, 0.08),
        }
    }

    /// How much darker than skin a brow is, as a share of the skin's lightness: where the parser sees
    /// it, or where the mesh has it.
    fn density(&self, brow: usize) -> f32 {
        let (upper, lower, _) = BROWS[brow];
        let points: Vec<usize> = upper.into_iter().chain(lower).collect();
        let part = [Part::RightBrow, Part::LeftBrow][brow];
        let seen = self.median(|other| other == part);
        let light = seen.or_else(|| self.median_in(&points)).map_or(self.skin[0], |lab| lab[0]);
        1.0 - light / self.skin[0].max(1.0)
    }
}
