//! Three-dimensional look-up tables: any change of colour that does not depend on the place, at the
//! same few nanoseconds a pixel.

use image::RgbImage;
use rayon::prelude::*;

use crate::color::{Rgb, dithered};

/// Nodes along each axis.
const SIZE: usize = 33;

/// A colour for each of 33 x 33 x 33 nodes of a cube over sRGB.
pub struct Lut {
    /// Padded to four lanes, so that a node is one SIMD vector.
    nodes: Vec<[f32; 4]>,
}

/// A coordinate along one axis: the node below it, and the fraction of the way to the next.
type Place = (usize, f32);

/// Where a value from 0 to 1 lies.
fn place(value: f32) -> Place {
    let scaled = value.clamp(0.0, 1.0) * (SIZE - 1) as f32;
    let node = (scaled as usize).min(SIZE - 2);
    (node, scaled - node as f32)
}

impl Lut {
    /// Asks `color` (sRGB to sRGB, 0 to 1) at every node.
    pub fn bake(color: impl Fn(Rgb) -> Rgb + Sync) -> Self {
        let at = |i: usize| i as f32 / (SIZE - 1) as f32;
        let node = |i: usize| {
            let [r, g, b] = color([i / (SIZE * SIZE), i / SIZE % SIZE, i % SIZE].map(at));
            [r, g, b, 0.0]
        };
        Self { nodes: (0..SIZE * SIZE * SIZE).into_par_iter().map(node).collect() }
    }

    /// The colour at `color`, 0 to 1, between the four nodes of the tetrahedron around it (Kasson,
    /// Plouffe and Nin 1993): grays lie between two grays, so they stay gray.
    pub fn at(&self, color: Rgb) -> Rgb {
        self.between(color.map(place))
    }

    fn between(&self, [r, g, b]: [Place; 3]) -> Rgb {
        let mut ways = [(r.1, SIZE * SIZE), (g.1, SIZE), (b.1, 1)];
        let order = |ways: &mut [(f32, usize); 3], a: usize, b: usize| {
            let (one, two) = (ways[a], ways[b]);
            (ways[a], ways[b]) = if one.0 < two.0 { (two, one) } else { (one, two) };
        };
        order(&mut ways, 0, 1);
        order(&mut ways, 1, 2);
        order(&mut ways, 0, 1);
        let mut index = (r.0 * SIZE + g.0) * SIZE + b.0;
        let mut color = self.nodes[index].map(|value| value * (1.0 - ways[0].0));
        for (i, (way, step)) in ways.into_iter().enumerate() {
            index += step;
            let node = self.nodes[index];
            let weight = way - ways.get(i + 1).map_or(0.0, |next| next.0);
            color = std::array::from_fn(|c| color[c] + node[c] * weight);
        }
        let [r, g, b, _] = color;
        [r, g, b]
    }

    /// Changes a photo in place, dithered to eight bits. A channel that is not at an end of the range
    /// does not get there, so nothing that has detail loses all of it.
    pub fn apply(&self, photo: &mut RgbImage) {
        let width = photo.width().max(1) as usize;
        let places: [Place; 256] = std::array::from_fn(|value| place(value as f32 / 255.0));
        let rows = photo.par_chunks_exact_mut(width * 3).enumerate().with_min_len(8);
        rows.for_each(|(y, row)| {
            for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
                let color = self.between(pixel.map(|value| places[usize::from(value)]));
                for (value, color) in pixel.iter_mut().zip(color) {
                    let found = dithered(color * 255.0, x as u32, y as u32);
                    let low = u8::from(*value != 0);
                    let high = if *value == 255 { 255 } else { 254 };
                    *value = found.clamp(low, high);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::scene;

    #[test]
    fn nothing_changes_nothing() {
        let before = scene(120, 90);
        let mut after = before.clone();
        Lut::bake(|color| color).apply(&mut after);
        assert!(before == after);
    }

    #[test]
    fn between_the_nodes_it_is_close_and_grays_stay_gray() {
        let curve = |[r, g, b]: Rgb| [r.powf(0.8), g.powf(0.8), (b * 0.7 + 0.3 * r).powf(0.8)];
        let lut = Lut::bake(curve);
        for i in 0..500u32 {
            let place = [i * 7 % 101, i * 13 % 97, i * 29 % 89].map(|v| 0.05 + v as f32 / 110.0);
            for (found, wanted) in lut.at(place).into_iter().zip(curve(place)) {
                assert!((found - wanted).abs() < 2e-3, "{place:?}: {found} for {wanted}");
            }
            let [r, g, b] = lut.at([place[0]; 3]);
            assert!((r - g).abs() < 1e-5 && (g - b).abs() < 1e-5);
        }
    }
}
