//! Areas: a picture parted into pieces of one colour each, as a draughtsman parts it.
//!
//! A watershed of the colour gradient (Meyer 1991) gives many small basins; neighbours are then joined,
//! the most alike first, until those that are left differ enough (greedy region merging, Haris et al.
//! 1998). Zones keep apart what shall never be joined, such as a subject and its background.

mod basins;
mod joining;

use crate::map::Map;

/// What shall be kept apart, and how far each part is taken apart itself.
#[derive(Clone, Debug)]
pub struct Zones {
    /// The zone of each cell: its index in `rules`.
    pub of: Vec<u8>,
    /// What holds for the areas of each zone.
    pub rules: Vec<Rule>,
}

/// What holds for the areas of a zone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// Neighbours are joined while they differ by less than this: half the mean gradient between them
    /// and half the distance of their mean colours, in CIE L*a*b*.
    pub limit: f32,
    /// An area with a smaller share of the picture than this joins its largest neighbour of the zone.
    pub least: f32,
}

/// A picture of colours in CIE L*a*b*, row by row.
#[derive(Clone, Debug)]
pub struct Colours {
    /// Cells of a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// L*, a* and b*.
    pub planes: [Map; 3],
    /// How steep the colours are at each cell.
    pub slope: Map,
}

impl Colours {
    /// Of planes of L*, a* and b* of one size.
    pub fn of(planes: [Map; 3]) -> Self {
        let soft = planes.each_ref().map(|plane| plane.gaussian(1.0));
        let slope = soft[0].each(|x, y| {
            let (x, y) = (x as isize, y as isize);
            let squares = soft.iter().map(|map| {
                let across = (map.near(x + 1, y) - map.near(x - 1, y)) / 2.0;
                let down = (map.near(x, y + 1) - map.near(x, y - 1)) / 2.0;
                across * across + down * down
            });
            3.0 * squares.sum::<f32>().sqrt()
        });
        Self { width: planes[0].width, height: planes[0].height, planes, slope }
    }

    fn at(&self, index: usize) -> [f32; 3] {
        self.planes.each_ref().map(|plane| plane.values[index])
    }
}

/// A picture parted into areas, each of them connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Areas {
    /// Cells of a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// The area of each cell, counted from 0.
    pub labels: Vec<u32>,
    /// The zone of each area.
    pub zones: Vec<u8>,
}

impl Areas {
    /// Of a picture. `smallest` is the share of the picture that an area has at least.
    ///
    /// # Panics
    /// Where the zones are not one for each cell.
    pub fn of(colours: &Colours, zones: &Zones, smallest: f32) -> Self {
        assert_eq!(zones.of.len(), colours.slope.values.len(), "a zone for each cell");
        let labels = basins::basins(colours, &zones.of);
        joining::joined(colours, zones, labels, smallest)
    }

    /// How many areas there are.
    pub fn count(&self) -> usize {
        self.zones.len()
    }

    /// How many cells each area has.
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.count()];
        self.labels.iter().for_each(|&label| sizes[label as usize] += 1);
        sizes
    }

    /// The mean of a map over each area.
    pub fn means(&self, map: &Map) -> Vec<f32> {
        let mut sums = vec![(0.0_f64, 0_u32); self.count()];
        for (&label, &value) in self.labels.iter().zip(&map.values) {
            let (sum, count) = &mut sums[label as usize];
            (*sum, *count) = (*sum + f64::from(value), *count + 1);
        }
        sums.into_iter().map(|(sum, count)| (sum / f64::from(count.max(1))) as f32).collect()
    }

    /// The areas at another size: each cell belongs to the area that has most of a Gaussian of `sigma`
    /// of the old cells around it, so that borders are smooth and leave no gaps.
    pub fn stretched(&self, width: usize, height: usize, sigma: f32) -> Self {
        use rayon::prelude::*;
        let mixed = self.mixed(REACH);
        let mut labels = vec![0; width * height];
        let taps = |at: usize, from: usize, to: usize| {
            let scale = from as f32 / to as f32;
            Taps::of((at as f32 + 0.5) * scale - 0.5, sigma, from)
        };
        let columns: Vec<Taps> = (0..width).map(|x| taps(x, self.width, width)).collect();
        labels.par_chunks_exact_mut(width.max(1)).enumerate().with_min_len(8).for_each(
            |(y, line)| {
                let row = taps(y, self.height, height);
                let weights = self.column_weights(&row);
                for (label, column) in line.iter_mut().zip(&columns) {
                    let own = row.nearest * self.width + column.nearest;
                    *label = if mixed[own] { dominant(&weights, column) } else { self.labels[own] };
                }
            },
        );
        Self { width, height, labels, zones: self.zones.clone() }
    }

    /// For each column, the weights of the areas under a row's taps.
    fn column_weights(&self, row: &Taps) -> Vec<Vec<(u32, f32)>> {
        let column = |x: usize| {
            let mut weights = Vec::with_capacity(2);
            row.taps.iter().for_each(|&(y, weight)| {
                add(&mut weights, self.labels[y * self.width + x], weight);
            });
            weights
        };
        (0..self.width).map(column).collect()
    }

    /// Whether a cell has another area within `reach`.
    fn mixed(&self, reach: usize) -> Vec<bool> {
        let values = self.labels.iter().map(|&label| label as f32).collect();
        let map = Map { width: self.width, height: self.height, values };
        let low = map.erode(reach);
        let high = map.each(|x, y| -map.values[y * map.width + x]).erode(reach);
        low.values.iter().zip(&high.values).map(|(low, high)| *low != -high).collect()
    }

    /// How far each cell is from the nearest border for which `counts` holds, in cells; borders lie
    /// between cells. Beyond `farthest` it is that.
    pub fn border_distance(&self, counts: impl Fn(u32, u32) -> bool + Sync, farthest: f32) -> Map {
        use rayon::prelude::*;
        let (width, last) = (self.width, self.height.saturating_sub(1));
        let mut near = vec![false; self.labels.len()];
        let rows = near.par_chunks_exact_mut(width.max(1)).enumerate().with_min_len(8);
        rows.for_each(|(y, row)| {
            let line = |y: usize| &self.labels[y * width..][..width];
            let (above, own, below) = (line(y.saturating_sub(1)), line(y), line((y + 1).min(last)));
            for (x, near) in row.iter_mut().enumerate() {
                let beside = [own[x.saturating_sub(1)], own[(x + 1).min(width - 1)]];
                let mut around = beside.into_iter().chain([above[x], below[x]]);
                *near = around.any(|other| other != own[x] && counts(own[x], other));
            }
        });
        let mut distance = distances(&near, self.width, farthest);
        // From the middle of the cells at the border to the border itself.
        distance.values.iter_mut().for_each(|value| *value = (*value + 0.5).min(farthest));
        distance
    }
}

/// How far cells are looked at around a place when borders are smoothed.
const REACH: usize = 4;

/// The taps of a Gaussian kernel at a place, along one axis.
struct Taps {
    /// The cell that the place lies in.
    nearest: usize,
    /// The cells within [`REACH`] of it, each with its weight; indices are clamped at the border.
    taps: [(usize, f32); 2 * REACH + 1],
}

impl Taps {
    /// At a place in a row of `length` cells; `sigma` in cells.
    fn of(place: f32, sigma: f32, length: usize) -> Self {
        let clamped = |at: isize| at.clamp(0, length as isize - 1) as usize;
        let nearest = place.round() as isize;
        let tap = |step: usize| {
            let at = nearest + step as isize - REACH as isize;
            let off = (at as f32 - place) / sigma;
            (clamped(at), (-off * off / 2.0).exp())
        };
        Self { nearest: clamped(nearest), taps: std::array::from_fn(tap) }
    }
}

/// The area with the greatest weight at a place; on a tie the one with the lowest number.
fn dominant(weights: &[Vec<(u32, f32)>], column: &Taps) -> u32 {
    let mut found = Vec::with_capacity(6);
    for (x, across) in column.taps {
        weights[x].iter().for_each(|&(label, down)| add(&mut found, label, down * across));
    }
    let most = found.iter().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
    most.map_or(0, |(label, _)| *label)
}

fn add(weights: &mut Vec<(u32, f32)>, label: u32, weight: f32) {
    match weights.iter_mut().find(|(other, _)| *other == label) {
        Some((_, sum)) => *sum += weight,
        None => weights.push((label, weight)),
    }
}

/// The Euclidean distance of each cell to the nearest of the marked ones (Felzenszwalb and Huttenlocher
/// 2012), at most `farthest`.
pub fn distances(marked: &[bool], width: usize, farthest: f32) -> Map {
    let height = marked.len() / width.max(1);
    let far = farthest * farthest;
    let values = marked.iter().map(|&marked| if marked { 0.0 } else { far }).collect();
    let squares = Map { width, height, values }.lowest_parabolas(far);
    let mut squares = squares.transposed().lowest_parabolas(far).transposed();
    squares.values.iter_mut().for_each(|value| *value = value.sqrt());
    squares
}

impl Map {
    /// The lower envelope of the parabolas that stand on the cells of each row, at most `far`.
    fn lowest_parabolas(&self, far: f32) -> Self {
        self.rows(&|line: &[f32], out: &mut [f32]| {
            let mut feet: Vec<(usize, f32)> = Vec::with_capacity(line.len());
            let height = |i: usize| line[i] + (i * i) as f32;
            for i in (0..line.len()).filter(|&i| line[i] < far) {
                let mut from = f32::NEG_INFINITY;
                while let Some(&(foot, start)) = feet.last() {
                    from = (height(i) - height(foot)) / (2 * (i - foot)) as f32;
                    if from > start {
                        break;
                    }
                    feet.pop();
                    from = f32::NEG_INFINITY;
                }
                feet.push((i, from));
            }
            if feet.is_empty() {
                return out.fill(far);
            }
            let mut next = 0;
            for (i, out) in out.iter_mut().enumerate() {
                while next + 1 < feet.len() && feet[next + 1].1 < i as f32 {
                    next += 1;
                }
                let foot = feet[next].0;
                *out = far.min(line[foot] + (i.abs_diff(foot) as f32).powi(2));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four squares of different colours, the second with grain.
    fn squares() -> Colours {
        let plane = |f: fn(usize, usize) -> f32| {
            let values = (0..60 * 60).map(|i| f(i % 60, i / 60)).collect();
            Map { width: 60, height: 60, values }
        };
        let light = |x: usize, y: usize| match (x < 30, y < 30) {
            (true, true) => 20.0,
            (false, true) => 50.0 + ((x * 7 + y * 13) % 5) as f32,
            (true, false) => 85.0,
            (false, false) => 50.0,
        };
        let blue = |x: usize, y: usize| if x >= 30 && y >= 30 { -60.0 } else { 0.0 };
        Colours::of([plane(light), plane(|_, _| 0.0), plane(blue)])
    }

    fn one_zone(limit: f32) -> Zones {
        Zones { of: vec![0; 3600], rules: vec![Rule { limit, least: 0.0 }] }
    }

    #[test]
    fn areas_are_the_squares_and_a_high_limit_joins_all() {
        let areas = Areas::of(&squares(), &one_zone(15.0), 0.01);
        assert_eq!(areas.count(), 4);
        let at = |x: usize, y: usize| areas.labels[y * 60 + x];
        assert!(at(2, 2) == at(25, 25) && at(2, 2) != at(50, 2) && at(50, 2) != at(50, 50));
        assert!(areas.sizes().iter().all(|&size| size.abs_diff(900) < 90), "{:?}", areas.sizes());
        assert_eq!(Areas::of(&squares(), &one_zone(1e4), 0.01).count(), 1);
    }

    #[test]
    fn zones_are_never_joined_and_small_areas_go() {
        let mut zones = one_zone(1e4);
        zones.rules.push(Rule { limit: 1e4, least: 0.0 });
        (0..3600).filter(|i| i % 60 < 20).for_each(|i| zones.of[i] = 1);
        assert_eq!(Areas::of(&squares(), &zones, 0.01).zones.len(), 2);
        let rule = Rule { limit: 15.0, least: 0.3 };
        let few = Areas::of(&squares(), &Zones { rules: vec![rule], ..one_zone(0.0) }, 0.01);
        assert!(few.count() < 4, "{}", few.count());
    }

    #[test]
    fn distances_are_euclidean() {
        let mut marked = vec![false; 20 * 15];
        (marked[7 * 20 + 4], marked[2 * 20 + 18]) = (true, true);
        let map = distances(&marked, 20, 9.0);
        for y in 0..15_usize {
            for x in 0..20_usize {
                let to = |u: usize, v: usize| {
                    (x.abs_diff(u).pow(2) as f32 + v.abs_diff(y).pow(2) as f32).sqrt()
                };
                let wanted = to(4, 7).min(to(18, 2)).min(9.0);
                assert!((map.values[y * 20 + x] - wanted).abs() < 1e-3, "{x} {y}");
            }
        }
    }

    #[test]
    fn stretched_areas_keep_their_place_and_border() {
        let areas = Areas::of(&squares(), &one_zone(15.0), 0.01);
        let large = areas.stretched(240, 240, 1.6);
        assert_eq!(large.labels[10 * 240 + 10], areas.labels[0]);
        let distance = large.border_distance(|_, _| true, 50.0);
        assert!((distance.values[60 * 240 + 60] - 59.5).abs() < 12.0);
        assert!(distance.values[60 * 240 + 119] < 6.0);
    }
}
