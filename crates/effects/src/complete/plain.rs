//! Plain ground: what one smooth surface with noise surrounds (sky, a wall, paper) goes on through the hole.
//! There a patch from elsewhere could only bring stains.

use image::{GrayImage, Luma, RgbImage};
use safelight_imaging::color::luma;
use safelight_imaging::components::{Component, components, grown};
use safelight_imaging::equations::least_squares;

use super::is_known;
use super::spread::{Plane, spread};

/// Width of the ring around a hole, relative to the square root of the hole's area; its minimum and maximum
/// in pixels.
const RING: f32 = 0.2;
const LEAST_RING: usize = 10;
const MOST_RING: usize = 60;
/// Maximum RMS residual of the ring's luma from the fitted surface, in levels.
const ROUGH: f32 = 5.0;
/// Maximum absolute mean residual in any octant around the hole: a larger one is structure, not noise.
const SHAPE: f32 = 2.5;
/// Maximum 99.5th percentile of the absolute residuals: the larger of this and this many times the RMS.
const FAR: f32 = 10.0;
const TIMES: f32 = 4.0;
/// Minimum number of octants that the ring must cover.
const DIRECTIONS: usize = 6;
/// Pixels of a hole with its ring, at most: larger ones take more memory than is declared.
const MOST_PIXELS: usize = 1_500_000;

/// A hole with its ring.
struct Site {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    /// The missing pixels of the hole.
    hole: Vec<bool>,
    /// The known pixels around it.
    ring: Vec<bool>,
}

/// Factors of 1, x, y, x², xy and y² for each channel, x and y from -1 to 1 over a site.
struct Surface([[f64; 6]; 3]);

/// Fills the pieces of the hole that plain ground surrounds; answers what is left of the hole. The ground
/// must be seen where neither `hole` nor `barred` is.
pub fn fill(photo: &mut RgbImage, hole: &GrayImage, barred: Option<&GrayImage>) -> GrayImage {
    let mut left = hole.clone();
    for piece in components(hole, |value| value > 0) {
        let Some(site) = Site::around(&piece, hole, barred) else { continue };
        let Some(surface) = site.surface(photo) else { continue };
        site.continue_ground(photo, &surface);
        piece.cells.iter().for_each(|&at| left.as_mut()[at as usize] = 0);
    }
    left
}

impl Site {
    /// `None` where it is too large or too little is seen.
    fn around(piece: &Component, hole: &GrayImage, barred: Option<&GrayImage>) -> Option<Self> {
        let (full_width, full_height) = (hole.width() as usize, hole.height() as usize);
        let reach = (RING * (piece.cells.len() as f32).sqrt()) as usize;
        let reach = reach.clamp(LEAST_RING, MOST_RING);
        let columns = || piece.cells.iter().map(|&at| at as usize % full_width);
        let rows = || piece.cells.iter().map(|&at| at as usize / full_width);
        let (left, top) =
            (columns().min()?.saturating_sub(reach), rows().min()?.saturating_sub(reach));
        let right = (columns().max()? + 1 + reach).min(full_width);
        let bottom = (rows().max()? + 1 + reach).min(full_height);
        let (width, height) = (right - left, bottom - top);
        if width * height > MOST_PIXELS {
            return None;
        }
        let mut own = GrayImage::new(width as u32, height as u32);
        for &at in &piece.cells {
            let (x, y) = (at as usize % full_width - left, at as usize / full_width - top);
            own.put_pixel(x as u32, y as u32, Luma([255]));
        }
        let near = grown(&own, reach);
        let known =
            |at: usize| is_known(hole, barred, (at / width + top) * full_width + at % width + left);
        let ring = (0..width * height).map(|at| near.as_raw()[at] > 0 && known(at)).collect();
        let hole = own.iter().map(|&value| value > 0).collect();
        Some(Self { left, top, width, height, hole, ring })
    }

    fn pixel(&self, photo: &RgbImage, at: usize) -> [f32; 3] {
        let (x, y) = (self.left + at % self.width, self.top + at / self.width);
        photo.get_pixel(x as u32, y as u32).0.map(f32::from)
    }

    /// The terms of the surface at a pixel.
    fn terms(&self, at: usize) -> [f64; 6] {
        let place = |at: usize, length: usize| 2.0 * at as f64 / length as f64 - 1.0;
        let (x, y) = (place(at % self.width, self.width), place(at / self.width, self.height));
        [1.0, x, y, x * x, x * y, y * y]
    }

    fn seen(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.ring.len()).filter(|&at| self.ring[at])
    }

    /// Fits the surface to the ring by least squares; `None` where the ring is not plain or does not surround
    /// the hole.
    fn surface(&self, photo: &RgbImage) -> Option<Surface> {
        let samples = self.seen().map(|at| (self.terms(at), self.pixel(photo, at).map(f64::from)));
        let surface = Surface(least_squares(samples)?);
        self.is_plain(photo, &surface).then_some(surface)
    }

    fn is_plain(&self, photo: &RgbImage, surface: &Surface) -> bool {
        let middle = |along: &dyn Fn(usize) -> usize| {
            let missing = (0..self.hole.len()).filter(|&at| self.hole[at]);
            let (sum, count) = missing.fold((0, 0_usize), |(sum, n), at| (sum + along(at), n + 1));
            sum as f32 / count.max(1) as f32
        };
        let centre = [middle(&|at| at % self.width), middle(&|at| at / self.width)];
        let mut off = Vec::new();
        let mut directions = [(0.0_f32, 0_usize); 8];
        for at in self.seen() {
            let own = surface.color(self.terms(at));
            let difference = luma(self.pixel(photo, at)) - luma(own);
            off.push(difference.abs());
            let way = (at / self.width) as f32 - centre[1];
            let angle = way.atan2((at % self.width) as f32 - centre[0]);
            let eighth = ((angle / std::f32::consts::TAU + 0.5) * 8.0) as usize;
            let (sum, count) = &mut directions[eighth.min(7)];
            *sum += difference;
            *count += 1;
        }
        let least = off.len() / 32;
        let seen = directions.iter().filter(|(_, count)| *count > least);
        let is_even = seen.clone().all(|(sum, count)| (sum / *count as f32).abs() < SHAPE);
        if seen.count() < DIRECTIONS || !is_even {
            return false;
        }
        let rough = (off.iter().map(|off| off * off).sum::<f32>() / off.len() as f32).sqrt();
        let rank = off.len() - 1 - off.len() / 200;
        let far = *off.select_nth_unstable_by(rank, f32::total_cmp).1;
        rough < ROUGH && far < (TIMES * rough).max(FAR)
    }

    /// Fills the hole: the surface, and what the ring is off it, spread inwards.
    fn continue_ground(&self, photo: &mut RgbImage, surface: &Surface) {
        let mut off = vec![[0.0; 3]; self.ring.len()];
        for at in self.seen() {
            let (color, own) = (self.pixel(photo, at), surface.color(self.terms(at)));
            off[at] = std::array::from_fn(|c| color[c] - own[c]);
        }
        let weights = self.ring.iter().map(|&seen| if seen { 1.0 } else { 0.0 }).collect();
        let mut plane = Plane { width: self.width, height: self.height, values: off, weights };
        spread(&mut plane);
        for at in (0..self.hole.len()).filter(|&at| self.hole[at]) {
            let (own, off) = (surface.color(self.terms(at)), plane.values[at]);
            let (x, y) = (self.left + at % self.width, self.top + at / self.width);
            photo.get_pixel_mut(x as u32, y as u32).0 =
                std::array::from_fn(|c| (own[c] + off[c]).round().clamp(0.0, 255.0) as u8);
        }
    }
}

impl Surface {
    fn color(&self, terms: [f64; 6]) -> [f32; 3] {
        self.0.map(|factors| factors.iter().zip(terms).map(|(a, b)| a * b).sum::<f64>() as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sky: lighter downwards and to one side, with noise, and what `thing` draws over it.
    fn sky(thing: impl Fn(u32, u32) -> bool) -> RgbImage {
        let mut state = 7_u32;
        RgbImage::from_fn(240, 180, |x, y| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (noise, light) = ((state >> 30) as f32 * 2.0, 0.2 * y as f32 + 0.05 * x as f32);
            let colour = [90.0, 120.0, 170.0].map(|value: f32| (value + light + noise) as u8);
            image::Rgb(if thing(x, y) { [60, 50, 40] } else { colour })
        })
    }

    fn disc([x, y]: [f32; 2], radius: f32) -> GrayImage {
        GrayImage::from_fn(240, 180, |px, py| {
            Luma([if (px as f32 - x).hypot(py as f32 - y) < radius { 255 } else { 0 }])
        })
    }

    fn is_filled(photo: &RgbImage, hole: &GrayImage, barred: Option<&GrayImage>) -> bool {
        let left = fill(&mut photo.clone(), hole, barred);
        assert!(left == *hole || left.iter().all(|&value| value == 0), "one piece");
        left != *hole
    }

    #[test]
    fn plain_ground_alone_is_continued() {
        let middle = disc([120.0, 90.0], 20.0);
        assert!(is_filled(&sky(|_, _| false), &middle, None));
        // The object inside the hole does not count.
        assert!(is_filled(&sky(|x, y| x.abs_diff(120) + y.abs_diff(90) < 18), &middle, None));
        for (name, photo) in [
            ("a wire", sky(|x, y| (y + 60).abs_diff(x) < 3)),
            ("a thing beside", sky(|x, y| x > 142 && y > 80)),
            ("a texture", sky(|x, y| (x / 3 + y / 3) % 2 == 0)),
        ] {
            assert!(!is_filled(&photo, &middle, None), "{name}");
        }
        let corner = disc([2.0, 2.0], 30.0);
        assert!(!is_filled(&sky(|_, _| false), &corner, None), "ground on one side alone");
        let around = disc([120.0, 90.0], 60.0);
        assert!(!is_filled(&sky(|_, _| false), &middle, Some(&around)), "nothing is seen");
    }
}
