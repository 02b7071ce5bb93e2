//! What each missing pixel becomes: the mean or the best of what the 49 patches around it point to.

use rayon::prelude::*;

use super::level::{FARTHEST, Level, REACH};
use super::search::{Field, NONE};

/// By how much the weight of a patch falls with each pixel between its middle and the rim.
const DEPTH_FACTOR: f32 = 1.3;
/// By how much a pixel's place in a patch lowers its weight when it is copied.
const PLACE_LOSS: f32 = 0.08;

/// The weight of every target: near ones and those close to the rim count (Wexler, Shechtman and Irani
/// 2007). Without distances, only the rim counts.
pub fn weights(level: &Level, field: &Field, with_distances: bool) -> Vec<f32> {
    let found = level.targets.iter().map(|&target| target as usize);
    let found: Vec<usize> = found.filter(|&at| field.sources[at] != NONE).collect();
    let mut distances: Vec<u32> = found.iter().map(|&at| field.distances[at]).collect();
    let rank = distances.len() * 3 / 4;
    let usual = match distances.is_empty() {
        true => 1.0,
        false => distances.select_nth_unstable(rank).1.to_owned().max(1) as f32,
    };
    let by_depth: Vec<f32> =
        (0..=FARTHEST).map(|depth| DEPTH_FACTOR.powi(-i32::from(depth))).collect();
    let mut weights = vec![0.0; field.sources.len()];
    for at in found {
        let likeness = match with_distances {
            true => (-(field.distances[at] as f32) / (2.0 * usual)).exp().max(1e-12),
            false => 1.0,
        };
        weights[at] = likeness * by_depth[usize::from(level.depth[at])];
    }
    weights
}

/// What patches around a pixel point to: each with its offset, weight, and place in the patch.
fn candidates<'a>(
    level: &'a Level,
    field: &'a Field,
    weights: &'a [f32],
    pixel: u32,
) -> impl Iterator<Item = ([i32; 2], f32, [i32; 2])> + 'a {
    let (width, height) = (level.width as i32, level.height as i32);
    let (x, y) = (pixel as i32 % width, pixel as i32 / width);
    let reach = REACH as i32;
    let rows = (y - reach).max(0)..=(y + reach).min(height - 1);
    rows.flat_map(move |row| {
        let columns = (x - reach).max(0)..=(x + reach).min(width - 1);
        columns.filter_map(move |column| {
            let at = (row * width + column) as usize;
            let weight = weights[at];
            if weight == 0.0 {
                return None;
            }
            let [sx, sy] = field.sources[at].map(i32::from);
            Some(([sx - column, sy - row], weight, [x - column, y - row]))
        })
    })
}

fn moved(level: &Level, pixel: u32, [dx, dy]: [i32; 2]) -> usize {
    (pixel as i32 + dy * level.width as i32 + dx) as usize
}

/// Gives every missing pixel the mean of its candidates; leaves those without any.
pub fn average(level: &mut Level, field: &Field, weights: &[f32]) {
    let seen = &*level;
    let mean = |&pixel: &u32| {
        let (mut sum, mut total) = ([0.0; 3], 0.0);
        for (offset, weight, _) in candidates(seen, field, weights, pixel) {
            let color = seen.colors[moved(seen, pixel, offset)];
            (0..3).for_each(|c| sum[c] += weight * f32::from(color[c]));
            total += weight;
        }
        (total > 0.0).then(|| sum.map(|sum| (sum / total + 0.5) as u8))
    };
    let found: Vec<_> = level.missing.par_iter().with_min_len(256).map(mean).collect();
    for (&pixel, color) in level.missing.iter().zip(found) {
        if let Some(color) = color {
            level.colors[pixel as usize] = color;
        }
    }
    level.describe_hole();
}

/// The offset of each missing pixel whose candidates have the most weight together: what it copies.
pub fn best_offsets(level: &Level, field: &Field, weights: &[f32]) -> Vec<Option<[i32; 2]>> {
    let best = |&pixel: &u32| {
        let mut groups: Vec<([i32; 2], f32)> = Vec::with_capacity(16);
        for (offset, weight, place) in candidates(level, field, weights, pixel) {
            let share = 1.0 - PLACE_LOSS * (place[0].abs() + place[1].abs()) as f32;
            match groups.iter_mut().find(|group| group.0 == offset) {
                Some(group) => group.1 += weight * share,
                None => groups.push((offset, weight * share)),
            }
        }
        groups.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(offset, _)| offset)
    };
    level.missing.par_iter().with_min_len(256).map(best).collect()
}

/// Gives every missing pixel what it copies.
pub fn copy(level: &mut Level, offsets: &[Option<[i32; 2]>]) {
    for (i, offset) in offsets.iter().enumerate() {
        if let Some(offset) = *offset {
            let pixel = level.missing[i];
            level.colors[pixel as usize] = level.colors[moved(level, pixel, offset)];
        }
    }
    level.describe_hole();
}
