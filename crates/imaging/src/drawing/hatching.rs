//! The texture of pencil shading, made by formula: the same at every run.

/// Shading by straight strokes in one direction, with the grain of the paper.
pub(crate) struct Hatching {
    /// Width of a stroke in pixels.
    pub width: f32,
    /// Length of a stroke in pixels.
    pub length: f32,
    /// Direction as (cosine, sine).
    pub direction: [f32; 2],
}

impl Hatching {
    /// How much paper shows at a pixel, 0 to 1, about [`MEAN`] on the mean.
    pub fn at(&self, x: u32, y: u32) -> f32 {
        let (px, py) = (x as f32, y as f32);
        let [cos, sin] = self.direction;
        let (along, across) =
            ((px * cos + py * sin) / self.length, (py * cos - px * sin) / self.width);
        let strokes = 0.65 * value(along, across, 1) + 0.35 * value(along * 2.3, across * 1.9, 2);
        let grain = value(px / self.width, py / self.width, 3);
        // The strokes' contrast is what makes them seen, the grain keeps them from being lines.
        (0.35 + 0.5 * strokes + 0.25 * grain).clamp(0.02, 0.99)
    }
}

/// The mean of [`Hatching::at`].
pub(crate) const MEAN: f32 = 0.725;

/// Value noise: random numbers on a lattice, between them smooth.
fn value(x: f32, y: f32, seed: u32) -> f32 {
    let (column, row) = (x.floor(), y.floor());
    let smooth = |t: f32| t * t * (3.0 - 2.0 * t);
    let (across, down) = (smooth(x - column), smooth(y - row));
    let at = |i: f32, j: f32| hash((column + i) as i32 as u32, (row + j) as i32 as u32, seed);
    let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
    mix(mix(at(0.0, 0.0), at(1.0, 0.0), across), mix(at(0.0, 1.0), at(1.0, 1.0), across), down)
}

fn hash(x: u32, y: u32, seed: u32) -> f32 {
    let mut h =
        x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77) ^ seed.wrapping_mul(0xC2B2_AE3D);
    h = (h ^ (h >> 15)).wrapping_mul(0x2C1B_3C6D);
    h = (h ^ (h >> 12)).wrapping_mul(0x297A_2D39);
    (h ^ (h >> 15)) as f32 / u32::MAX as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_as_stated_and_strokes_are_longer_than_wide() {
        let hatching = Hatching { width: 1.5, length: 20.0, direction: [1.0, 0.0] };
        let all: Vec<f32> = (0..40_000).map(|i| hatching.at(i % 200, i / 200)).collect();
        let mean = all.iter().sum::<f32>() / all.len() as f32;
        assert!((mean - MEAN).abs() < 0.02, "{mean}");
        let change =
            |step: usize| all.windows(step + 1).map(|w| (w[step] - w[0]).abs()).sum::<f32>();
        assert!(change(1) * 1.5 < change(200), "along {} across {}", change(1), change(200));
    }
}
