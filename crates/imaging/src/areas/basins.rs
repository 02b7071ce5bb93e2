//! The basins of the colour gradient: a watershed by flooding from its minima (Meyer 1991), in each zone
//! by itself.

use std::collections::VecDeque;

use super::Colours;

/// Nothing has flooded the cell yet.
const DRY: u32 = u32::MAX;
/// Levels of the flood.
const LEVELS: usize = 512;
/// Minima are looked for in squares of twice this and one cells, on the gradient blurred by this.
const AROUND: usize = 3;
const BLUR: f32 = 1.2;

/// The basin of each cell, counted from 0.
pub(super) fn basins(colours: &Colours, zones: &[u8]) -> Vec<u32> {
    let (width, slope) = (colours.width, &colours.slope);
    let soft = slope.gaussian(BLUR);
    let low = soft.erode(AROUND);
    let mut labels = vec![DRY; zones.len()];
    let mut count = 0;
    let mut flood = Flood { queues: vec![VecDeque::new(); LEVELS] };
    let level = |at: usize| (slope.values[at] as usize * 4).min(LEVELS - 1);
    for seed in 0..labels.len() {
        let is_low = |at: usize| soft.values[at] <= low.values[at] + 1e-4;
        if labels[seed] != DRY || !is_low(seed) {
            continue;
        }
        // A plateau is one minimum.
        spread(&mut labels, seed, count, width, |at, other| {
            is_low(other) && zones[at] == zones[other]
        });
        count += 1;
    }
    for at in (0..labels.len()).filter(|&at| labels[at] != DRY) {
        flood.queues[level(at)].push_back(at as u32);
    }
    for now in 0..LEVELS {
        while let Some(at) = flood.queues[now].pop_front() {
            let at = at as usize;
            for other in neighbours(at, width, labels.len()).into_iter().flatten() {
                if labels[other] == DRY && zones[at] == zones[other] {
                    labels[other] = labels[at];
                    flood.queues[level(other).max(now)].push_back(other as u32);
                }
            }
        }
    }
    // Parts of a zone without a minimum.
    for seed in 0..labels.len() {
        if labels[seed] == DRY {
            spread(&mut labels, seed, count, width, |at, other| zones[at] == zones[other]);
            count += 1;
        }
    }
    labels
}

struct Flood {
    queues: Vec<VecDeque<u32>>,
}

/// Gives a label to all dry cells that hang together with a seed.
fn spread(
    labels: &mut [u32],
    seed: usize,
    label: u32,
    width: usize,
    belongs: impl Fn(usize, usize) -> bool,
) {
    let mut open = vec![seed];
    labels[seed] = label;
    while let Some(at) = open.pop() {
        for other in neighbours(at, width, labels.len()).into_iter().flatten() {
            if labels[other] == DRY && belongs(at, other) {
                labels[other] = label;
                open.push(other);
            }
        }
    }
}

/// The cells beside, above and below one.
pub(super) fn neighbours(at: usize, width: usize, count: usize) -> [Option<usize>; 4] {
    let x = at % width;
    [
        (x > 0).then(|| at - 1),
        (x + 1 < width).then(|| at + 1),
        at.checked_sub(width),
        (at + width < count).then_some(at + width),
    ]
}
