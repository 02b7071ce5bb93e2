//! Joining of basins to areas.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::{Areas, Colours, Zones};

/// Slope that a border between zones counts for beside its own.
const BETWEEN_ZONES: f32 = 60.0;

/// One area that grows.
#[derive(Clone, Debug, Default)]
struct Piece {
    size: f32,
    sum: [f32; 3],
    zone: u8,
    /// Sum of the slope along the border with each neighbour, and the border's length.
    borders: BTreeMap<u32, (f32, f32)>,
    /// How often it has changed: what was queued before is out of date.
    age: u32,
}

impl Piece {
    fn mean(&self) -> [f32; 3] {
        self.sum.map(|sum| sum / self.size.max(1.0))
    }

    fn distance(&self, other: &Self) -> f32 {
        let pairs = self.mean().into_iter().zip(other.mean());
        pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
    }
}

struct Graph {
    pieces: Vec<Piece>,
    /// Which piece a piece was joined to.
    into: Vec<u32>,
    /// Cells of the smallest area.
    smallest: f32,
}

/// The areas that basins are joined to.
pub(super) fn joined(colours: &Colours, zones: &Zones, basins: Vec<u32>, smallest: f32) -> Areas {
    let cells = basins.len() as f32;
    let mut graph = Graph::of(colours, zones, &basins, smallest * cells);
    graph.join_alike(zones);
    graph.join_small(smallest * cells, |_| true, Graph::nearest);
    let least = |piece: &Piece| zones.rules[usize::from(piece.zone)].least * cells;
    let most = zones.rules.iter().map(|rule| rule.least * cells).fold(0.0, f32::max);
    graph.join_small(most, |piece| piece.size < least(piece), Graph::largest);
    graph.areas(colours.width, colours.height, &basins)
}

impl Graph {
    fn of(colours: &Colours, zones: &Zones, basins: &[u32], smallest: f32) -> Self {
        let count = basins.iter().max().map_or(0, |&last| last as usize + 1);
        let mut pieces = vec![Piece::default(); count];
        let width = colours.width;
        for (at, &basin) in basins.iter().enumerate() {
            let piece = &mut pieces[basin as usize];
            let colour = colours.at(at);
            piece.size += 1.0;
            piece.sum = std::array::from_fn(|i| piece.sum[i] + colour[i]);
            piece.zone = zones.of[at];
            let right = (at % width + 1 < width).then(|| at + 1);
            let below = (at + width < basins.len()).then_some(at + width);
            for other in [right, below].into_iter().flatten() {
                let neighbour = basins[other];
                if neighbour == basin {
                    continue;
                }
                let own = colours.slope.values[at].max(colours.slope.values[other]);
                let apart = if zones.of[at] == zones.of[other] { 0.0 } else { BETWEEN_ZONES };
                for (from, to) in [(basin, neighbour), (neighbour, basin)] {
                    let border = pieces[from as usize].borders.entry(to).or_default();
                    (border.0, border.1) = (border.0 + own + apart, border.1 + 1.0);
                }
            }
        }
        Self { into: (0..count as u32).collect(), pieces, smallest }
    }

    /// How unlike two neighbours are; small ones are soon joined.
    fn cost(&self, one: u32, two: u32) -> f32 {
        let [a, b] = [one, two].map(|index| &self.pieces[index as usize]);
        let (slope, length) = a.borders.get(&two).copied().unwrap_or((0.0, 1.0));
        let cost = 0.5 * slope / length.max(1.0) + 0.5 * a.distance(b);
        let size = a.size.min(b.size);
        let (small, large) = (self.smallest, 8.0 * self.smallest);
        if size < small {
            0.2 * cost
        } else if size < large {
            cost * (0.35 + 0.65 * size / large)
        } else {
            cost
        }
    }

    /// Joins neighbours of a zone, the most alike first, up to the zone's limit.
    fn join_alike(&mut self, zones: &Zones) {
        let mut heap = BinaryHeap::new();
        for one in 0..self.pieces.len() as u32 {
            self.queue(one, |two| two > one, &mut heap);
        }
        while let Some(Reverse((cost, one, two, ages))) = heap.pop() {
            let now = [one, two].map(|index| self.pieces[index as usize].age);
            let limit = zones.rules[usize::from(self.pieces[one as usize].zone)].limit;
            if now != ages || f32::from_bits(cost) >= limit {
                continue;
            }
            let kept = self.join(one, two);
            self.queue(kept, |_| true, &mut heap);
        }
    }

    fn queue(&self, one: u32, wanted: impl Fn(u32) -> bool, heap: &mut BinaryHeap<Queued>) {
        let piece = &self.pieces[one as usize];
        for &two in piece.borders.keys().filter(|two| wanted(**two)) {
            let other = &self.pieces[two as usize];
            if other.zone == piece.zone {
                // Costs are not negative: their bits are in their order.
                let cost = self.cost(one, two).to_bits();
                heap.push(Reverse((cost, one, two, [piece.age, other.age])));
            }
        }
    }

    /// Joins two pieces to the one with more neighbours, and says which that is.
    fn join(&mut self, one: u32, two: u32) -> u32 {
        let borders = |index: u32| self.pieces[index as usize].borders.len();
        let (kept, gone) = if borders(one) >= borders(two) { (one, two) } else { (two, one) };
        let old = std::mem::take(&mut self.pieces[gone as usize]);
        self.pieces[gone as usize].age = u32::MAX;
        self.into[gone as usize] = kept;
        for (neighbour, (slope, length)) in old.borders {
            if neighbour == kept {
                continue;
            }
            for (from, to) in [(kept, neighbour), (neighbour, kept)] {
                let border = self.pieces[from as usize].borders.entry(to).or_default();
                (border.0, border.1) = (border.0 + slope, border.1 + length);
            }
            self.pieces[neighbour as usize].borders.remove(&gone);
        }
        let piece = &mut self.pieces[kept as usize];
        piece.borders.remove(&gone);
        piece.size += old.size;
        piece.sum = std::array::from_fn(|i| piece.sum[i] + old.sum[i]);
        piece.age += 1;
        kept
    }

    /// Joins the pieces below a size to a neighbour, the smallest first.
    fn join_small(
        &mut self,
        below: f32,
        wanted: impl Fn(&Piece) -> bool,
        to: fn(&Self, u32) -> Option<u32>,
    ) {
        loop {
            let alive = self.pieces.iter().enumerate().filter(|(_, piece)| piece.size > 0.0);
            let mut small: Vec<(u32, u32)> = alive
                .filter(|(_, piece)| piece.size < below && wanted(piece))
                .map(|(index, piece)| (piece.size as u32, index as u32))
                .collect();
            small.sort_unstable();
            let mut any = false;
            for (size, index) in small {
                let unchanged = self.pieces[index as usize].size as u32 == size;
                if let Some(other) = to(self, index).filter(|_| unchanged) {
                    self.join_into(index, other);
                    any = true;
                }
            }
            if !any {
                return;
            }
        }
    }

    /// Joins a piece to another one, which keeps its zone.
    fn join_into(&mut self, small: u32, large: u32) {
        let zone = self.pieces[large as usize].zone;
        let kept = self.join(small, large);
        self.pieces[kept as usize].zone = zone;
    }

    /// The neighbour of the most alike colour, of the same zone where there is one.
    fn nearest(&self, index: u32) -> Option<u32> {
        let piece = &self.pieces[index as usize];
        let far = |other: u32| {
            let other = &self.pieces[other as usize];
            (other.zone != piece.zone, piece.distance(other))
        };
        let by = |a: &(bool, f32), b: &(bool, f32)| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1));
        piece.borders.keys().copied().min_by(|a, b| by(&far(*a), &far(*b)))
    }

    /// The largest neighbour of the same zone.
    fn largest(&self, index: u32) -> Option<u32> {
        let piece = &self.pieces[index as usize];
        let size = |other: u32| self.pieces[other as usize].size;
        let same = piece.borders.keys().copied();
        same.filter(|other| self.pieces[*other as usize].zone == piece.zone)
            .max_by(|a, b| size(*a).total_cmp(&size(*b)))
    }

    fn root(&self, mut index: u32) -> u32 {
        while self.into[index as usize] != index {
            index = self.into[index as usize];
        }
        index
    }

    fn areas(&self, width: usize, height: usize, basins: &[u32]) -> Areas {
        let mut numbers = vec![u32::MAX; self.pieces.len()];
        let mut zones = Vec::new();
        for index in 0..self.pieces.len() as u32 {
            let root = self.root(index);
            if numbers[root as usize] == u32::MAX {
                numbers[root as usize] = zones.len() as u32;
                zones.push(self.pieces[root as usize].zone);
            }
            numbers[index as usize] = numbers[root as usize];
        }
        let labels = basins.iter().map(|&basin| numbers[basin as usize]).collect();
        Areas { width, height, labels, zones }
    }
}

/// Cost as bits, two neighbours and their ages.
type Queued = Reverse<(u32, u32, u32, [u32; 2])>;
