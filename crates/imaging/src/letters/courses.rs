//! How lines of letters go, and what that tells of how the page is seen.

use super::lines::{Line, Piece};
use crate::map::percentile;

/// Where a line is, and how it goes.
#[derive(Debug)]
pub(super) struct Course {
    /// Place of its foot from the top of the picture.
    foot: f32,
    /// How far it falls to the right, over the way.
    slope: f32,
    /// Height of the small letters.
    height: f32,
    /// Change of the logarithm of their height to the right, over the way.
    growth: f32,
}

/// The most that lines may fall to the right, over the way: 2.3 degrees.
const MOST_SLOPE: f32 = 0.04;
/// How much lines may run apart from the top to the bottom, letters grow from the top to the bottom, and
/// from the left to the right, over the long side of the picture. A page that a slant makes narrower by
/// the third that counts as a stretch is turned by some 45 degrees, and lines run apart by a third and
/// more over the picture of a lens three times as long as the picture is wide.
const MOST_APART: f32 = 0.1;
const MOST_GROWTH_DOWN: f32 = 0.2;
const MOST_GROWTH: f32 = 0.15;
/// Lines that are compared with one another.
const MOST_LINES: usize = 200;

impl Course {
    pub fn of(line: &Line, pieces: &[Piece]) -> Self {
        let small = || line.small.iter().map(|&i| &pieces[i]);
        let count = line.small.len().max(1) as f32;
        let mean = |of: &dyn Fn(&Piece) -> f32| small().map(of).sum::<f32>() / count;
        let trend = |of: &dyn Fn(&Piece) -> f32| {
            let (x, y) = (mean(&Piece::middle), mean(of));
            let square = mean(&|piece| (piece.middle() - x).powi(2));
            mean(&|piece| (piece.middle() - x) * (of(piece) - y)) / square.max(1.0)
        };
        Self {
            foot: mean(&|piece| piece.bottom as f32),
            slope: trend(&|piece| piece.bottom as f32),
            height: line.height,
            growth: trend(&|piece| piece.height().ln()),
        }
    }
}

/// How many lines are below one another: words far apart on a row are lines of their own otherwise.
pub(super) fn rows(courses: &[Course]) -> usize {
    let mut all: Vec<&Course> = courses.iter().collect();
    all.sort_unstable_by(|one, other| one.foot.total_cmp(&other.foot));
    let below = |one: &&Course, other: &&Course| other.foot - one.foot <= other.height;
    all.chunk_by(below).count()
}

/// Whether the lines are seen at a slant, in a picture with this long side: letters that are narrowed by
/// distance look as if they had been squeezed.
pub(super) fn slanting(courses: &[Course], side: f32) -> bool {
    let median = |of: &dyn Fn(&Course) -> f32| {
        percentile(&mut courses.iter().map(of).collect::<Vec<_>>(), 0.5)
    };
    median(&|course| course.slope).abs() > MOST_SLOPE
        || median(&|course| course.growth).abs() * side > MOST_GROWTH
        || trend(courses, |course| course.slope).abs() * side > MOST_APART
        || trend(courses, |course| course.height.ln()).abs() * side > MOST_GROWTH_DOWN
}

/// How much a trait of lines changes over the way down: the median over all pairs of them (Theil 1950,
/// Sen 1968), so that a few lines of another size do not count.
fn trend(courses: &[Course], of: impl Fn(&Course) -> f32) -> f32 {
    let some: Vec<&Course> = courses.iter().step_by(courses.len() / MOST_LINES + 1).collect();
    let mut trends = Vec::new();
    for (index, one) in some.iter().enumerate() {
        for other in &some[index + 1..] {
            let way = other.foot - one.foot;
            if way.abs() > one.height.max(other.height) {
                trends.push((of(other) - of(one)) / way);
            }
        }
    }
    percentile(&mut trends, 0.5)
}
