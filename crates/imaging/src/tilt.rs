//! How far a photo leans: the angle of its many straight edges that are nearly upright or level, by
//! the structure tensor (Bigün and Granlund 1987).

use std::f32::consts::FRAC_PI_2;

use image::RgbImage;

use crate::color::luma;
use crate::map::{Map, thumbnail};

/// Long side of the copy that is measured.
const SIDE: u32 = 480;
/// Bins of half a degree over the quarter turn after which upright becomes level.
const BINS: usize = 180;
/// Share of an edge's energy in one direction from which it is straight.
const STRAIGHT: f32 = 0.9;
/// Smallest gradient of luma, 0 to 1 a pixel, that counts.
const STEEP: f32 = 12.0 / 255.0;

/// An angle and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tilt {
    /// Degrees clockwise that the picture leans, -45 to 45.
    pub angle: f32,
    /// How much the most frequent angle stands out: its share over the mean share; above 4 the picture
    /// has a direction, below 2 it has none.
    pub sureness: f32,
}

impl Tilt {
    /// Of a photo; no angle and no sureness where it has no straight edges.
    pub fn of(photo: &RgbImage) -> Self {
        let small = thumbnail(photo, SIDE);
        let gray = Map::of(&small, luma).gaussian(1.2);
        let across = gray.each(|x, y| {
            let (x, y) = (x as isize, y as isize);
            (gray.near(x + 1, y) - gray.near(x - 1, y)) / 2.0
        });
        let down = gray.each(|x, y| {
            let (x, y) = (x as isize, y as isize);
            (gray.near(x, y + 1) - gray.near(x, y - 1)) / 2.0
        });
        let tensor = [
            across.join(&across, |a, b| a * b).gaussian(3.0),
            across.join(&down, |a, b| a * b).gaussian(3.0),
            down.join(&down, |a, b| a * b).gaussian(3.0),
        ];
        let mut bins = [0.0_f32; BINS];
        for i in 0..gray.values.len() {
            let steep = across.values[i].hypot(down.values[i]);
            let [xx, xy, yy] = [0, 1, 2].map(|part: usize| tensor[part].values[i]);
            let coherence = ((xx - yy).powi(2) + 4.0 * xy * xy).sqrt() / (xx + yy).max(1e-9);
            if steep > STEEP && coherence > STRAIGHT {
                let angle = 0.5 * (2.0 * xy).atan2(xx - yy);
                let turn = angle.rem_euclid(FRAC_PI_2) / FRAC_PI_2;
                bins[((turn * BINS as f32) as usize).min(BINS - 1)] += steep;
            }
        }
        Self::of_bins(&bins)
    }

    fn of_bins(bins: &[f32; BINS]) -> Self {
        let weights = [0.06, 0.24, 0.4, 0.24, 0.06];
        let smooth: Vec<f32> = (0..BINS)
            .map(|i| (0..5).map(|k| weights[k] * bins[(i + k + BINS - 2) % BINS]).sum())
            .collect();
        let mean = smooth.iter().sum::<f32>() / BINS as f32;
        let best = (0..BINS).max_by(|&a, &b| smooth[a].total_cmp(&smooth[b])).unwrap_or_default();
        if mean <= 0.0 {
            return Self { angle: 0.0, sureness: 0.0 };
        }
        let angle = (best as f32 + 0.5) * 90.0 / BINS as f32;
        let angle = if angle > 45.0 { angle - 90.0 } else { angle };
        Self { angle, sureness: smooth[best] / mean }
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    /// A house front that leans by this many degrees.
    fn front(degrees: f32) -> RgbImage {
        let (sin, cos) = degrees.to_radians().sin_cos();
        RgbImage::from_fn(300, 240, |x, y| {
            let window = |i: u32| {
                let x = x as f32 - 150.0 + (i % 4) as f32 / 4.0;
                let y = y as f32 - 120.0 + (i / 4) as f32 / 4.0;
                let (u, v) = (x * cos + y * sin + 500.0, y * cos - x * sin + 500.0);
                (u % 40.0) < 18.0 && (v % 50.0) < 26.0
            };
            let share = (0..16).filter(|&i| window(i)).count() as u8;
            Rgb([200 - 10 * share; 3])
        })
    }

    #[test]
    fn a_leaning_front_leans_by_its_angle() {
        for degrees in [-12.0, -5.0, 0.0, 3.0, 8.0, 20.0] {
            let tilt = Tilt::of(&front(degrees));
            assert!((tilt.angle - degrees).abs() < 1.0, "{degrees}: {tilt:?}");
            assert!(tilt.sureness > 6.0, "{degrees}: {tilt:?}");
        }
    }

    #[test]
    fn what_has_no_straight_edges_does_not_lean() {
        let plain = RgbImage::from_pixel(50, 40, Rgb([90; 3]));
        assert_eq!(Tilt::of(&plain), Tilt { angle: 0.0, sureness: 0.0 });
        let rings = RgbImage::from_fn(300, 300, |x, y| {
            let radius = (x as f32 - 150.0).hypot(y as f32 - 150.0);
            Rgb([(120.0 + 80.0 * (radius * 0.25).cos()) as u8; 3])
        });
        assert!(Tilt::of(&rings).sureness < 3.0, "{:?}", Tilt::of(&rings));
    }
}
