//! Several numbers at once, in fixed arrays, for loops that vectorise.

/// How many numbers are worked on at once.
pub(crate) const LANES: usize = 8;

/// One number for each pixel or cell of a short run.
pub(crate) type Lanes = [f32; LANES];

/// What `value` makes of each place in the run.
#[inline(always)]
pub(crate) fn each(value: impl Fn(usize) -> f32) -> Lanes {
    let mut lanes = [0.0; LANES];
    for (i, lane) in lanes.iter_mut().enumerate() {
        *lane = value(i);
    }
    lanes
}
