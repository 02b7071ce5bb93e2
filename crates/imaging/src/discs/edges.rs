//! Where a picture changes from dark to light, to a fraction of a pixel.

use image::{Rgb, RgbImage};

use super::ellipse::Ellipse;

/// The least change from pixel to pixel, of 255.
const LEAST_STEP: f32 = 5.0;
/// The cosine of the most that the directions of neighbours may differ: 37 degrees.
const ALIKE: f32 = 0.8;
/// More edges hang together in textures alone.
const MOST_EDGES: usize = 20_000;

/// A point of an edge.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub place: [f32; 2],
    /// The direction towards the light, of length 1.
    pub uphill: [f32; 2],
}

/// The edges of a picture, at most one a pixel.
pub(super) struct Edges {
    width: usize,
    height: usize,
    /// One more than the index of the edge in a pixel; 0 without any.
    index: Vec<u32>,
    all: Vec<Edge>,
}

impl Edges {
    pub fn of(picture: &RgbImage) -> Self {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let gray = softened(picture);
        let mut edges = Self { width, height, index: vec![0; gray.len()], all: Vec::new() };
        let slopes = slopes(&gray, width);
        let steep = |at: usize| slopes[at][0].hypot(slopes[at][1]);
        for y in 2..height.saturating_sub(2) {
            for x in 2..width.saturating_sub(2) {
                let at = y * width + x;
                let step = steep(at);
                if step < LEAST_STEP {
                    continue;
                }
                let uphill = slopes[at].map(|slope| slope / step);
                let Some(shift) = crest(step, uphill, at, width, steep) else { continue };
                let place = [x as f32 + shift * uphill[0], y as f32 + shift * uphill[1]];
                edges.all.push(Edge { place, uphill });
                edges.index[at] = edges.all.len() as u32;
            }
        }
        edges
    }

    fn at(&self, x: i64, y: i64) -> Option<usize> {
        let inside = (0..self.width as i64).contains(&x) && (0..self.height as i64).contains(&y);
        let index = inside.then(|| self.index[y as usize * self.width + x as usize])?;
        (index > 0).then(|| index as usize - 1)
    }

    /// Edges that hang together and bend smoothly.
    pub fn chains(&self, least: usize) -> Vec<Vec<Edge>> {
        let mut chains = Vec::new();
        let mut taken = vec![false; self.all.len()];
        let mut open = Vec::new();
        for first in 0..self.all.len() {
            let mut chain = Vec::new();
            if !std::mem::replace(&mut taken[first], true) {
                open.push(first);
            }
            while let Some(index) = open.pop() {
                chain.push(self.all[index]);
                for next in self.beside(index) {
                    if !std::mem::replace(&mut taken[next], true) {
                        open.push(next);
                    }
                }
            }
            if (least..=MOST_EDGES).contains(&chain.len()) {
                chains.push(chain);
            }
        }
        chains
    }

    /// The neighbours of an edge that go on in about its direction.
    fn beside(&self, index: usize) -> impl Iterator<Item = usize> {
        let Edge { place, uphill } = self.all[index];
        let [x, y] = place.map(|part| part.round() as i64);
        let around =
            (-1..=1).flat_map(move |down| (-1..=1).map(move |across| (x + across, y + down)));
        around.filter_map(|(x, y)| self.at(x, y)).filter(move |&other| {
            let way = self.all[other].uphill;
            other != index && uphill[0] * way[0] + uphill[1] * way[1] >= ALIKE
        })
    }

    /// The nearest edges along an ellipse whose light side is outside (sign 1) or inside (-1), as seen from
    /// its middle in these many directions.
    pub fn along(&self, ellipse: &Ellipse, sign: f32, directions: usize) -> Vec<[f32; 2]> {
        let far = (0.04 * ellipse.reach[0].min(ellipse.reach[1])).clamp(1.5, 4.0);
        let turn = std::f32::consts::TAU / directions as f32;
        let nearest = |direction: usize| {
            let point = ellipse.point(direction as f32 * turn);
            let normal = ellipse.normal(point);
            let steps = (2.0 * far) as i32;
            let shifts = (0..=steps).flat_map(|step| [step, -step]).map(|step| step as f32 / 2.0);
            let mut found = shifts.filter_map(|shift| {
                let [x, y] = [0, 1].map(|i| (point[i] + shift * normal[i]).round() as i64);
                let edge = self.all[self.at(x, y)?];
                let along = sign * (edge.uphill[0] * normal[0] + edge.uphill[1] * normal[1]);
                (along >= ALIKE).then_some(edge.place)
            });
            found.next()
        };
        (0..directions).filter_map(nearest).collect()
    }
}

/// Luma under a binomial window of three pixels.
fn softened(picture: &RgbImage) -> Vec<f32> {
    let width = picture.width() as usize;
    let light = |Rgb([r, g, b]): &Rgb<u8>| {
        0.299 * f32::from(*r) + 0.587 * f32::from(*g) + 0.114 * f32::from(*b)
    };
    let luma: Vec<f32> = picture.pixels().map(light).collect();
    let mut rows = luma.clone();
    for (out, row) in rows.chunks_exact_mut(width).zip(luma.chunks_exact(width)) {
        for (out, part) in out[1..].iter_mut().zip(row.windows(3)) {
            *out = (part[0] + 2.0 * part[1] + part[2]) / 4.0;
        }
    }
    let mut all = rows.clone();
    for at in width..rows.len().saturating_sub(width) {
        all[at] = (rows[at - width] + 2.0 * rows[at] + rows[at + width]) / 4.0;
    }
    all
}

/// How much lighter it gets a pixel to the right and down; 0 along the sides.
fn slopes(gray: &[f32], width: usize) -> Vec<[f32; 2]> {
    let mut slopes = vec![[0.0; 2]; gray.len()];
    for at in width..gray.len().saturating_sub(width) {
        if (1..width - 1).contains(&(at % width)) {
            let [across, down] = [gray[at + 1] - gray[at - 1], gray[at + width] - gray[at - width]];
            slopes[at] = [across / 2.0, down / 2.0];
        }
    }
    slopes
}

/// How far uphill from a pixel the slope is steepest, where that is less than a pixel away.
fn crest(
    step: f32,
    [x, y]: [f32; 2],
    at: usize,
    width: usize,
    steep: impl Fn(usize) -> f32,
) -> Option<f32> {
    // A way of one pixel along the steeper axis, and a part of one along the other.
    let (long, lean) = if x.abs() >= y.abs() { (x, y) } else { (y, x) };
    let [forth, aside] = if x.abs() >= y.abs() { [1, width] } else { [width, 1] };
    let part = (lean / long).abs();
    let same = (lean > 0.0) == (long > 0.0);
    let [next, past] = if same {
        [[at + forth, at + forth + aside], [at - forth, at - forth - aside]]
    } else {
        [[at + forth, at + forth - aside], [at - forth, at - forth + aside]]
    };
    let between =
        |[plain, leaning]: [usize; 2]| steep(plain) * (1.0 - part) + steep(leaning) * part;
    let [ahead, behind] = if long > 0.0 { [next, past] } else { [past, next] }.map(between);
    let bend = ahead + behind - 2.0 * step;
    if step < behind || step <= ahead || bend >= 0.0 {
        return None;
    }
    let shift = 0.5 * (behind - ahead) / bend;
    Some(shift * (1.0 + part * part).sqrt())
}
