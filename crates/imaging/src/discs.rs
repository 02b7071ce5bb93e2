//! Round things: outlines that are ellipses whose axes lie level and upright, as discs that face the
//! camera show, stretched or not. So does a disc that is turned about a level or an upright axis.

mod edges;
mod ellipse;

use image::RgbImage;

use crate::glance::Glance;
use edges::{Edge, Edges};
use ellipse::Ellipse;

/// Pixels of what is looked at.
const AREA: f32 = 5e5;
/// The least edges of a chain that may be part of an outline.
const LEAST_CHAIN: usize = 24;
/// The shortest axis in pixels of what is looked at.
const LEAST_AXIS: f32 = 20.0;
/// How far the points of a chain may be from their ellipse in the mean, over its size, before all
/// of its outline is looked for.
const MOST_ROUGH: f32 = 0.08;
/// How far those of the outline may, and the same in pixels of what is looked at.
const MOST_OFF: f32 = 0.01;
const MOST_PIXELS_OFF: f32 = 0.35;
/// The least share of the outline that is seen.
const LEAST_SEEN: f32 = 0.7;
/// Directions from the middle in which the outline is looked for.
const DIRECTIONS: usize = 96;
/// The greatest correlation of across and down along the outline: 0.025 is a tilt of a degree of an
/// ellipse that is twice as wide as high.
const MOST_TILT: f32 = 0.025;
/// No disc is more than this wider than high, or higher than wide.
const MOST_ASPECT: f32 = 3.0;

/// A round thing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Disc {
    /// Its middle, as shares of the picture's sides.
    pub middle: [f32; 2],
    /// Half its width and height, likewise.
    pub reach: [f32; 2],
    /// Natural logarithm of how much wider than high it is, in pixels.
    pub widening: f32,
}

/// The round things of a photo, the greatest first; of those around each other only one.
pub fn discs(photo: &RgbImage) -> Vec<Disc> {
    let Glance { picture, uneven } = Glance::of(photo, AREA, 1.0);
    let edges = Edges::of(&picture);
    let mut outlines: Vec<Ellipse> =
        edges.chains(LEAST_CHAIN).iter().filter_map(|chain| outline(&edges, chain)).collect();
    let size = |ellipse: &Ellipse| ellipse.reach[0] * ellipse.reach[1];
    outlines.sort_unstable_by(|one, other| size(other).total_cmp(&size(one)));
    let mut apart: Vec<Ellipse> = Vec::new();
    for outline in outlines {
        if apart.iter().all(|other| !outline.is_around_the_middle_of(other)) {
            apart.push(outline);
        }
    }
    let sides = [picture.width() as f32, picture.height() as f32];
    let disc = |ellipse: Ellipse| Disc {
        middle: [0, 1].map(|i| ellipse.middle[i] / sides[i]),
        reach: [0, 1].map(|i| ellipse.reach[i] / sides[i]),
        widening: (ellipse.reach[0] / ellipse.reach[1]).ln() + uneven,
    };
    apart.into_iter().map(disc).collect()
}

/// The ellipse that this chain of edges is a part of, where most of it is seen and level.
fn outline(edges: &Edges, chain: &[Edge]) -> Option<Ellipse> {
    let mut points: Vec<[f32; 2]> = chain.iter().map(|edge| edge.place).collect();
    let mut ellipse = Ellipse::through(&points)?;
    // Where something else hides a part of the outline, its own edges hang on.
    for _ in 0..4 {
        let near = ellipse.off(&points).max(MOST_OFF);
        points.retain(|&point| ellipse.off(&[point]) <= near);
        ellipse = Ellipse::through(&points)?;
    }
    if ellipse.off(&points) > MOST_ROUGH {
        return None;
    }
    // Light inside and dark outside, or the other way round.
    let outwards = |edge: &Edge| ellipse.outwards(edge.place, edge.uphill);
    let sign = chain.iter().map(outwards).sum::<f32>().signum();
    let mut seen = Vec::new();
    for _ in 0..3 {
        if !ellipse.could_be_a_disc() {
            return None;
        }
        seen = edges.along(&ellipse, sign, DIRECTIONS);
        if (seen.len() as f32) < 0.5 * DIRECTIONS as f32 {
            return None;
        }
        ellipse = Ellipse::through(&seen)?;
    }
    let size = ellipse.reach[0].min(ellipse.reach[1]);
    let off = ellipse.off(&seen);
    let clear = seen.len() as f32 >= LEAST_SEEN * DIRECTIONS as f32
        && off <= MOST_OFF
        && off * size <= MOST_PIXELS_OFF
        && ellipse.tilt.abs() <= MOST_TILT;
    (clear && ellipse.could_be_a_disc()).then_some(ellipse)
}

impl Ellipse {
    fn could_be_a_disc(&self) -> bool {
        let [across, down] = self.reach;
        2.0 * across.min(down) >= LEAST_AXIS && across.max(down) <= MOST_ASPECT * across.min(down)
    }

    fn is_around_the_middle_of(&self, other: &Self) -> bool {
        let apart =
            |i: usize| (self.middle[i] - other.middle[i]).abs() / self.reach[i].max(other.reach[i]);
        apart(0).hypot(apart(1)) < 0.5
    }
}

#[cfg(test)]
mod tests;
