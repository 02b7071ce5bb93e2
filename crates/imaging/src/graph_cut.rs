//! The cheapest cut between two terminals of a graph (Boykov and Kolmogorov 2004), and the colour models
//! of GrabCut (Rother, Kolmogorov and Blake 2004).

use std::collections::VecDeque;

/// No node, no edge.
const NONE: u32 = u32::MAX;
/// The parent of a node that hangs on its terminal.
const TERMINAL: u32 = u32::MAX - 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tree {
    Free,
    Source,
    Sink,
}

#[derive(Clone, Copy, Debug)]
struct Edge {
    to: u32,
    next: u32,
    left: f32,
}

/// A graph whose nodes are joined to one another and to two terminals.
#[derive(Clone, Debug)]
pub struct Graph {
    first: Vec<u32>,
    edges: Vec<Edge>,
    /// What is left to the source, above 0, or to the sink, below.
    terminal: Vec<f32>,
    tree: Vec<Tree>,
    /// The edge from a node to its parent.
    parent: Vec<u32>,
}

impl Graph {
    /// A graph of so many nodes without edges.
    pub fn new(nodes: usize) -> Self {
        Self {
            first: vec![NONE; nodes],
            edges: Vec::new(),
            terminal: vec![0.0; nodes],
            tree: vec![Tree::Free; nodes],
            parent: vec![NONE; nodes],
        }
    }

    /// What it costs to part a node from the source and from the sink.
    pub fn terminals(&mut self, node: usize, source: f32, sink: f32) {
        self.terminal[node] += source - sink;
    }

    /// What it costs to part two nodes.
    pub fn join(&mut self, one: usize, two: usize, cost: f32) {
        for (from, to) in [(one, two), (two, one)] {
            self.edges.push(Edge { to: to as u32, next: self.first[from], left: cost });
            self.first[from] = self.edges.len() as u32 - 1;
        }
    }

    /// The nodes that stay with the source.
    pub fn cut(mut self) -> Vec<bool> {
        let mut active = VecDeque::new();
        for node in 0..self.first.len() {
            let value = self.terminal[node];
            if value != 0.0 {
                self.tree[node] = if value > 0.0 { Tree::Source } else { Tree::Sink };
                self.parent[node] = TERMINAL;
                active.push_back(node as u32);
            }
        }
        while let Some(&node) = active.front() {
            if self.tree[node as usize] == Tree::Free {
                active.pop_front();
                continue;
            }
            match self.grow(node, &mut active) {
                Some(bridge) => self.augment(bridge, &mut active),
                None => drop(active.pop_front()),
            }
        }
        self.tree.into_iter().map(|tree| tree == Tree::Source).collect()
    }

    /// What still fits through an edge from parent to child of a tree: along it from the source, against
    /// it to the sink.
    fn room(&self, edge: u32, tree: Tree) -> f32 {
        match tree {
            Tree::Source => self.edges[edge as usize].left,
            _ => self.edges[(edge ^ 1) as usize].left,
        }
    }

    /// Takes free neighbours into the tree of a node; an edge from the source's tree to the sink's where
    /// they meet.
    fn grow(&mut self, node: u32, active: &mut VecDeque<u32>) -> Option<u32> {
        let tree = self.tree[node as usize];
        let mut edge = self.first[node as usize];
        while edge != NONE {
            let Edge { to, next, .. } = self.edges[edge as usize];
            if self.room(edge, tree) > 0.0 {
                match self.tree[to as usize] {
                    Tree::Free => {
                        self.tree[to as usize] = tree;
                        self.parent[to as usize] = edge ^ 1;
                        active.push_back(to);
                    }
                    other if other != tree => {
                        return Some(if tree == Tree::Source { edge } else { edge ^ 1 });
                    }
                    _ => {}
                }
            }
            edge = next;
        }
        None
    }

    /// Sends as much as fits through the trees and the edge between them.
    fn augment(&mut self, bridge: u32, active: &mut VecDeque<u32>) {
        let ends = [self.edges[(bridge ^ 1) as usize].to, self.edges[bridge as usize].to];
        let mut least = self.edges[bridge as usize].left;
        for (end, tree) in ends.into_iter().zip([Tree::Source, Tree::Sink]) {
            let mut node = end;
            while self.parent[node as usize] != TERMINAL {
                let up = self.parent[node as usize];
                least = least.min(self.room(up ^ 1, tree));
                node = self.edges[up as usize].to;
            }
            least = least.min(self.terminal[node as usize].abs());
        }
        self.send(bridge, least);
        let mut orphans = Vec::new();
        for (end, tree) in ends.into_iter().zip([Tree::Source, Tree::Sink]) {
            let mut node = end;
            while self.parent[node as usize] != TERMINAL {
                let up = self.parent[node as usize];
                let down = up ^ 1;
                self.send(if tree == Tree::Source { down } else { up }, least);
                let parent = self.edges[up as usize].to;
                if self.room(down, tree) <= 0.0 {
                    orphans.push(node);
                }
                node = parent;
            }
            let left = &mut self.terminal[node as usize];
            *left -= if tree == Tree::Source { least } else { -least };
            if left.abs() <= 1e-6 {
                *left = 0.0;
                orphans.push(node);
            }
        }
        for &orphan in &orphans {
            self.parent[orphan as usize] = NONE;
        }
        self.adopt(orphans, active);
    }

    fn send(&mut self, edge: u32, amount: f32) {
        let left = &mut self.edges[edge as usize].left;
        *left -= amount;
        if *left <= 1e-6 {
            *left = 0.0;
        }
        self.edges[(edge ^ 1) as usize].left += amount;
    }

    /// Finds new parents for nodes that lost theirs, or sets them free.
    fn adopt(&mut self, mut orphans: Vec<u32>, active: &mut VecDeque<u32>) {
        while let Some(node) = orphans.pop() {
            let tree = self.tree[node as usize];
            if tree == Tree::Free || self.parent[node as usize] != NONE {
                continue;
            }
            let mut edge = self.first[node as usize];
            while edge != NONE {
                let Edge { to, next, .. } = self.edges[edge as usize];
                let fits = self.tree[to as usize] == tree && self.room(edge ^ 1, tree) > 0.0;
                if fits && self.is_rooted(to) {
                    self.parent[node as usize] = edge;
                    break;
                }
                edge = next;
            }
            if self.parent[node as usize] != NONE {
                continue;
            }
            let mut edge = self.first[node as usize];
            while edge != NONE {
                let Edge { to, next, .. } = self.edges[edge as usize];
                if self.tree[to as usize] == tree {
                    if self.room(edge ^ 1, tree) > 0.0 {
                        active.push_back(to);
                    }
                    if self.parent[to as usize] == edge ^ 1 {
                        self.parent[to as usize] = NONE;
                        orphans.push(to);
                    }
                }
                edge = next;
            }
            self.tree[node as usize] = Tree::Free;
        }
    }

    /// Whether the parents of a node lead to its terminal.
    fn is_rooted(&self, mut node: u32) -> bool {
        loop {
            match self.parent[node as usize] {
                TERMINAL => return true,
                NONE => return false,
                up => node = self.edges[up as usize].to,
            }
        }
    }
}

/// A mixture of normal distributions of colours.
#[derive(Clone, Debug)]
pub struct Colouring {
    parts: Vec<Normal>,
}

#[derive(Clone, Copy, Debug)]
struct Normal {
    mean: [f32; 3],
    inverse: [[f32; 3]; 3],
    /// Logarithm of the weight over the root of the determinant.
    height: f32,
}

/// How much is added to the variances.
const LEAST_VARIANCE: f32 = 2.0;
/// Rounds of k-means.
const ROUNDS: usize = 6;

impl Colouring {
    /// Of colours, in so many parts; none without colours.
    pub fn of(colours: &[[f32; 3]], parts: usize) -> Option<Self> {
        if colours.is_empty() {
            return None;
        }
        let mut order: Vec<usize> = (0..colours.len()).collect();
        order.sort_by(|&a, &b| colours[a][0].total_cmp(&colours[b][0]));
        let middle = |i: usize| colours[order[(2 * i + 1) * order.len() / (2 * parts)]];
        let mut means: Vec<[f32; 3]> = (0..parts).map(middle).collect();
        let mut member = vec![0; colours.len()];
        for _ in 0..ROUNDS {
            for (member, colour) in member.iter_mut().zip(colours) {
                let far = |mean: &[f32; 3]| square(*mean, *colour);
                let best = (0..parts).min_by(|&a, &b| far(&means[a]).total_cmp(&far(&means[b])));
                *member = best.unwrap_or(0);
            }
            for (part, mean) in means.iter_mut().enumerate() {
                let own = || colours.iter().zip(&member).filter(|(_, m)| **m == part);
                let count = own().count() as f32;
                if count > 0.0 {
                    let sum =
                        own().fold([0.0; 3], |s: [f32; 3], (c, _)| [0, 1, 2].map(|i| s[i] + c[i]));
                    *mean = sum.map(|sum| sum / count);
                }
            }
        }
        let normals = means.iter().enumerate().filter_map(|(part, mean)| {
            let own: Vec<_> =
                colours.iter().zip(&member).filter(|(_, m)| **m == part).map(|(c, _)| *c).collect();
            (!own.is_empty()).then(|| Normal::of(&own, *mean, colours.len()))
        });
        Some(Self { parts: normals.collect() })
    }

    /// Minus the logarithm of how likely a colour is.
    pub fn cost(&self, colour: [f32; 3]) -> f32 {
        let logs = self.parts.iter().map(|part| part.height - 0.5 * part.distance(colour));
        let most = logs.clone().fold(f32::NEG_INFINITY, f32::max);
        -(most + logs.map(|log| (log - most).exp()).sum::<f32>().ln())
    }

    /// The least Mahalanobis distance of a colour to one of the parts.
    pub fn distance(&self, colour: [f32; 3]) -> f32 {
        self.parts.iter().map(|part| part.distance(colour)).fold(f32::INFINITY, f32::min).sqrt()
    }
}

fn square(a: [f32; 3], b: [f32; 3]) -> f32 {
    (0..3).map(|i| (a[i] - b[i]).powi(2)).sum()
}

impl Normal {
    fn of(colours: &[[f32; 3]], mean: [f32; 3], all: usize) -> Self {
        let count = colours.len() as f32;
        let entry = |i: usize, j: usize| {
            let sum: f32 = colours.iter().map(|c| (c[i] - mean[i]) * (c[j] - mean[j])).sum();
            sum / count + if i == j { LEAST_VARIANCE } else { 0.0 }
        };
        let m = [0, 1, 2].map(|i| [0, 1, 2].map(|j| entry(i, j)));
        let minor = |a: usize, b: usize, c: usize, d: usize| m[a][c] * m[b][d] - m[a][d] * m[b][c];
        let determinant =
            m[0][0] * minor(1, 2, 1, 2) - m[0][1] * minor(1, 2, 0, 2) + m[0][2] * minor(1, 2, 0, 1);
        let over = 1.0 / determinant.max(1e-6);
        let others = |i: usize| [[1, 2], [0, 2], [0, 1]][i];
        let inverse = [0, 1, 2].map(|i| {
            [0, 1, 2].map(|j| {
                let ([a, b], [c, d]) = (others(j), others(i));
                let sign = if (i + j) % 2 == 0 { 1.0 } else { -1.0 };
                sign * minor(a, b, c, d) * over
            })
        });
        let height = (count / all as f32).ln() - 0.5 * determinant.max(1e-6).ln();
        Self { mean, inverse, height }
    }

    fn distance(&self, colour: [f32; 3]) -> f32 {
        let off = [0, 1, 2].map(|i| colour[i] - self.mean[i]);
        let row = |i: usize| (0..3).map(|j| self.inverse[i][j] * off[j]).sum::<f32>();
        (0..3).map(|i| off[i] * row(i)).sum::<f32>().max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cheapest cut of a small graph by trying all.
    fn cheapest(terminals: &[(f32, f32)], edges: &[(usize, usize, f32)]) -> f32 {
        let cost = |side: u32| {
            let on_source = |node: usize| side >> node & 1 == 1;
            let ends = terminals.iter().enumerate();
            let ends: f32 = ends.map(|(n, (s, t))| if on_source(n) { *t } else { *s }).sum();
            let cut = edges.iter().filter(|(a, b, _)| on_source(*a) != on_source(*b));
            ends + cut.map(|(.., cost)| cost).sum::<f32>()
        };
        (0..1 << terminals.len()).map(cost).fold(f32::INFINITY, f32::min)
    }

    #[test]
    fn cuts_are_the_cheapest() {
        let mut state = 7_u32;
        let mut number = |most: f32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32 * most
        };
        for _ in 0..60 {
            let terminals: Vec<_> = (0..9).map(|_| (number(5.0), number(5.0))).collect();
            let edges: Vec<_> = (0..9)
                .flat_map(|a| (a + 1..9).map(move |b| (a, b)))
                .map(|(a, b)| (a, b, if (a + b) % 3 == 0 { 0.0 } else { number(3.0) }))
                .collect();
            let mut graph = Graph::new(9);
            terminals.iter().enumerate().for_each(|(n, (s, t))| graph.terminals(n, *s, *t));
            edges.iter().for_each(|(a, b, cost)| graph.join(*a, *b, *cost));
            let cut = graph.cut();
            let ends = terminals.iter().zip(&cut).map(|((s, t), on)| if *on { *t } else { *s });
            let between = edges.iter().filter(|(a, b, _)| cut[*a] != cut[*b]);
            let found = ends.sum::<f32>() + between.map(|(.., cost)| cost).sum::<f32>();
            let least = cheapest(&terminals, &edges);
            assert!((found - least).abs() < 1e-3, "{found} {least}");
        }
    }

    #[test]
    fn colourings_know_their_colours() {
        let cloud = |l: f32, a: f32| {
            (0..90).map(move |i| [l + (i % 7) as f32, a + (i % 5) as f32, (i % 3) as f32])
        };
        let colours: Vec<_> = cloud(20.0, 0.0).chain(cloud(70.0, 40.0)).collect();
        let model = Colouring::of(&colours, 2).expect("a model");
        assert!(model.cost([23.0, 2.0, 1.0]) + 10.0 < model.cost([45.0, 20.0, 1.0]));
        assert!(model.distance([73.0, 42.0, 1.0]) < 2.0 && model.distance([45.0, 20.0, 1.0]) > 5.0);
        assert!(Colouring::of(&[], 2).is_none());
    }
}
