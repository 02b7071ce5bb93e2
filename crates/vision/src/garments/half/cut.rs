//! The cut through the graph of the cells, between clothes and all else.

use safelight_imaging::graph_cut::{Colouring, Graph};

use super::{CELLS, CLOTH, Frame, HAIR, HAT, HEAD, Half, Likely, NECK, ROW};

/// Colours of a mixture, and rounds of the cut.
const PARTS: usize = 5;
const ROUNDS: usize = 3;
/// How much it costs to part two cells of one colour.
const SMOOTH: f32 = 50.0;

/// Smoothness costs of neighbouring cells (n-links of the graph).
struct Links {
    /// Of two cells whose labels are open: both, and the cost.
    open: Vec<(usize, usize, f32)>,
    /// For each cell with an open label, the sum over its neighbours fixed as background, and as clothes.
    sure: Vec<[f32; 2]>,
}

impl Half<'_> {
    /// The cut between clothes and all else.
    pub(super) fn cut(&self, likely: &Likely, skin: &[f32], face: &Frame) -> Vec<bool> {
        let group = |group: usize, at: usize| likely.groups[group][at];
        let above = face.chin - 0.15 * face.height;
        let sure_not = |at: usize| {
            !self.is_person(at)
                || group(HEAD, at) > 0.6
                || group(HAT, at) > 0.6
                || (group(NECK, at) > 0.75 && group(CLOTH, at) < 0.3)
                || (group(HAIR, at) > 0.75 && group(HAIR, at) > 3.0 * group(CLOTH, at))
                || (skin[at] >= 0.85 && group(CLOTH, at) < 0.4)
                || (self.places[at].y < above && group(CLOTH, at) < 0.6)
        };
        let sure = |at: usize| group(CLOTH, at) > 0.72 && skin[at] < 0.7;
        let likely_cloth = |at: usize| {
            let rest = 1.0 - group(HEAD, at) - group(NECK, at);
            group(CLOTH, at) + likely.unknown[at] * (1.0 - skin[at]) > 0.5 && rest > 0.5
        };
        let state: Vec<Option<bool>> = (0..CELLS)
            .map(|at| if sure_not(at) { Some(false) } else { sure(at).then_some(true) })
            .collect();
        let mut cloth: Vec<bool> =
            (0..CELLS).map(|at| state[at].unwrap_or_else(|| likely_cloth(at))).collect();
        let links = self.links(&state);
        for _ in 0..ROUNDS {
            let colours = |wanted: bool| {
                let own = (0..CELLS).filter(|&at| self.is_person(at) && cloth[at] == wanted);
                own.map(|at| self.colours[at]).collect::<Vec<_>>()
            };
            let models = [true, false].map(|wanted| Colouring::of(&colours(wanted), PARTS));
            let [Some(on), Some(off)] = models else { return cloth };
            let found = self.cheapest(&state, &links, &on, &off);
            // From the same cells, the next round finds the same again.
            let is_settled = found == cloth;
            cloth = found;
            if is_settled {
                break;
            }
        }
        for at in 0..CELLS {
            cloth[at] &= !(skin[at] > 0.9 && group(CLOTH, at) < 0.5);
        }
        cloth
    }

    /// The smoothness costs within the person.
    fn links(&self, state: &[Option<bool>]) -> Links {
        let square = |a: usize, b: usize| {
            (0..3).map(|i| (self.colours[a][i] - self.colours[b][i]).powi(2)).sum::<f32>()
        };
        let pairs: Vec<(usize, usize, f32)> = (0..CELLS)
            .flat_map(|at| {
                let (x, y) = (at % ROW, at / ROW);
                [(1, 0, 1.0), (0, 1, 1.0), (1, 1, 1.414), (-1, 1, 1.414)].into_iter().filter_map(
                    move |(across, down, far)| {
                        let (x, y) = (x.checked_add_signed(across)?, y + down);
                        (x < ROW && y < ROW).then(|| (at, y * ROW + x, far))
                    },
                )
            })
            .filter(|&(a, b, _)| self.is_person(a) && self.is_person(b))
            .collect();
        let mean = pairs.iter().map(|&(a, b, _)| square(a, b)).sum::<f32>();
        let beta = 0.5 * pairs.len() as f32 / mean.max(1.0);
        let mut links = Links { open: Vec::new(), sure: vec![[0.0; 2]; CELLS] };
        for (a, b, far) in pairs {
            let cost = || SMOOTH / far * (-beta * square(a, b)).exp();
            match (state[a], state[b]) {
                (None, None) => links.open.push((a, b, cost())),
                (None, Some(cloth)) => links.sure[a][usize::from(cloth)] += cost(),
                (Some(cloth), None) => links.sure[b][usize::from(cloth)] += cost(),
                (Some(_), Some(_)) => {}
            }
        }
        links
    }

    fn cheapest(
        &self,
        state: &[Option<bool>],
        links: &Links,
        on: &Colouring,
        off: &Colouring,
    ) -> Vec<bool> {
        let mut graph = Graph::new(CELLS);
        for at in (0..CELLS).filter(|&at| state[at].is_none()) {
            let (colour, [rest, clothes]) = (self.colours[at], links.sure[at]);
            graph.terminals(at, off.cost(colour) + clothes, on.cost(colour) + rest);
        }
        links.open.iter().for_each(|&(a, b, cost)| graph.join(a, b, cost));
        let found = graph.cut();
        (0..CELLS).map(|at| state[at].unwrap_or(found[at])).collect()
    }
}
