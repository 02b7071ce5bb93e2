//! Places, outlines and marks.

use safelight_imaging::skin::{Chip, Mark, Spot};
use safelight_operation::Output;

use crate::portrait::analysis::skin::answer::{WholeRectangle, bounds, share};

/// A place of the photo.
#[derive(Output)]
pub(super) struct Place {
    /// Pixels from the left edge.
    x: i64,
    /// Pixels from the upper edge.
    y: i64,
}

/// Places of the photo as whole pixels.
pub(super) fn places(places: &[[f32; 2]]) -> Vec<Place> {
    let place = |&[x, y]: &[f32; 2]| Place { x: x.round() as i64, y: y.round() as i64 };
    places.iter().map(place).collect()
}

/// Paths of the chip as outlines in the photo.
pub(super) fn outlines(chip: &Chip, outlines: &[Vec<[f32; 2]>]) -> Vec<Vec<Place>> {
    let one = |outline: &Vec<[f32; 2]>| {
        places(&outline.iter().map(|&place| chip.upright.to_photo(place)).collect::<Vec<_>>())
    };
    outlines.iter().map(one).collect()
}

/// Outlines of areas.
#[derive(Output)]
pub(super) struct Polygons {
    pub polygon: Vec<Vec<Place>>,
}

/// The marks of one kind, the surest first.
#[derive(Output)]
pub(super) struct Marks {
    /// The box of each.
    rectangle: Vec<WholeRectangle>,
    /// For each box how likely it is right, 0.5 to 1. A heuristic.
    confidence: Vec<f64>,
    /// For each box its outline, in pixels.
    polygon: Vec<Vec<Place>>,
    /// How many boxes there are.
    count: usize,
}

impl Marks {
    pub fn of(chip: &Chip, spots: &[Spot], mark: Mark) -> Self {
        let mut found: Vec<&Spot> = spots.iter().filter(|spot| spot.mark == mark).collect();
        found.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        let polygon: Vec<_> = found.iter().map(|spot| spot.blob.outline()).collect();
        Self {
            rectangle: polygon.iter().map(|outline| bounds(chip, outline).into()).collect(),
            confidence: found.iter().map(|spot| share(spot.confidence)).collect(),
            polygon: outlines(chip, &polygon),
            count: found.len(),
        }
    }
}
