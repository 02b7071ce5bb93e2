//! Something that covers a part of the skin, more or less strongly.

use super::blob::Blob;
use super::mask::Mask;
use crate::map::Map;

/// How strongly each pixel of the chip shows something, 0 to 1; 0 outside the skin.
#[derive(Clone, Debug)]
pub struct Extent(pub(super) Map);

impl Extent {
    /// Where `excess` rises over `from`, up to full strength at `full`, within the skin.
    pub(super) fn between(excess: Map, skin: &Mask, from: f32, full: f32) -> Self {
        let mut map = excess;
        map.values.iter_mut().zip(&skin.bits).for_each(|(value, &bit)| {
            let strength = ((*value - from) / (full - from)).clamp(0.0, 1.0);
            *value = if bit { strength } else { 0.0 };
        });
        Self(map)
    }

    /// The strength at a pixel, 0 to 1; 0 outside the chip.
    pub fn at(&self, x: u32, y: u32) -> f32 {
        let (x, y) = (x as usize, y as usize);
        if x < self.0.width && y < self.0.height {
            self.0.values[y * self.0.width + x]
        } else {
            0.0
        }
    }

    /// The share of a mask that shows it, 0 to 1; 0 for an empty mask.
    pub fn share(&self, mask: &Mask) -> f32 {
        let found = mask.indices().filter(|&i| self.0.values[i] > 0.0).count();
        found as f32 / mask.count().max(1) as f32
    }

    /// The mean strength where the mask shows it, 0 to 1.
    pub fn strength(&self, mask: &Mask) -> f32 {
        let (sum, count) = mask
            .indices()
            .map(|i| self.0.values[i])
            .filter(|&value| value > 0.0)
            .fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
        sum / count.max(1) as f32
    }

    /// The outlines of its connected parts of at least `least` pixels, in chip pixels.
    pub fn outlines(&self, least: usize) -> Vec<Vec<[f32; 2]>> {
        let parts = Blob::all(&self.mask()).into_iter().filter(|part| part.area() >= least);
        parts.map(|part| part.outline()).collect()
    }

    /// Where it is.
    pub fn mask(&self) -> Mask {
        Mask {
            width: self.0.width,
            height: self.0.height,
            bits: self.0.values.iter().map(|&value| value > 0.0).collect(),
        }
    }
}
