//! Mirror images below goods on polished ground, which masks take for a part of them. A heuristic: rows
//! below some line repeat the rows above it upside down, in shape and in detail but fainter against the
//! ground. Goods that are symmetric themselves are as strong below as above and stay whole; so does a
//! mirror image without detail, or one seen so steeply that it is no mirror image of what is seen.

use image::{GrayImage, RgbImage};

use crate::Region;
use crate::resize::{Filter, rgb_part};

/// The mask shows the goods from here on, and the ground below this.
const SHOWN: u8 = 64;
const GROUND: u8 = 16;
/// A mirror image is this high at least and at most, as shares of goods and image together.
const LEAST: f32 = 0.08;
const MOST: f32 = 0.5;
/// Share of the cells of both that are in both, once one is turned over.
const SHAPE: f32 = 0.8;
/// Correlation of their detail.
const DETAIL: f32 = 0.5;
/// Strength against the ground, as a share of that of the goods.
const STRENGTH: f32 = 0.75;

/// Erases a mirror image from the `mask` of goods, which is stretched over a region of the photo.
///
/// # Panics
/// Where the region is empty or leaves the photo.
pub fn erase_reflection(mask: &mut GrayImage, photo: &RgbImage, region: Region) {
    let Some(line) = Scene::of(mask, photo, region).and_then(|scene| scene.line()) else { return };
    let width = mask.width() as usize;
    mask.iter_mut().skip(line * width).for_each(|value| *value = 0);
}

/// What the mask covers, and its colours against the ground.
struct Scene<'a> {
    mask: &'a GrayImage,
    /// Colours less the ground's, cell by cell.
    colours: Vec<[f32; 3]>,
    top: usize,
    bottom: usize,
}

/// Sums over the pairs of cells of goods and image.
#[derive(Default)]
struct Pairs {
    either: f32,
    both: f32,
    above: [f32; 3],
    below: [f32; 3],
    above_squares: f32,
    below_squares: f32,
    products: f32,
}

impl<'a> Scene<'a> {
    fn of(mask: &'a GrayImage, photo: &RgbImage, region: Region) -> Option<Self> {
        let (width, height) = mask.dimensions();
        let Region { x, y, width: columns, height: rows } = region;
        let small = rgb_part(photo, [x, y, columns, rows], width, height, Filter::Area);
        let shown =
            |row: &usize| mask.rows().nth(*row).is_some_and(|mut row| row.any(|v| v.0[0] >= SHOWN));
        let top = (0..height as usize).find(shown)?;
        let bottom = (0..height as usize).rfind(shown)?;
        let ground = ground(mask, &small, (top + bottom) / 2)?;
        let less = |p: &image::Rgb<u8>| [0, 1, 2].map(|c| f32::from(p.0[c]) - ground[c]);
        Some(Self { mask, colours: small.pixels().map(less).collect(), top, bottom })
    }

    /// The row where the mirror image begins.
    fn line(&self) -> Option<usize> {
        let size = (self.bottom - self.top + 1) as f32;
        let (least, most) = ((LEAST * size).ceil() as usize, (MOST * size) as usize);
        // Rows `y` and `sum - y` belong together.
        let sums = 2 * (self.bottom + 1 - most.max(1))..2 * (self.bottom + 1).saturating_sub(least);
        let found = sums.filter_map(|sum| Some((self.pairs(sum).score()?, sum)));
        let best = found.max_by(|a, b| a.0.total_cmp(&b.0))?;
        Some(best.1 / 2 + 1)
    }

    fn pairs(&self, sum: usize) -> Pairs {
        let width = self.mask.width() as usize;
        let mut pairs = Pairs::default();
        for y in sum / 2 + 1..=self.bottom {
            let Some(mirrored) = sum.checked_sub(y) else { break };
            for x in 0..width {
                let (one, two) = (mirrored * width + x, y * width + x);
                let shown = [one, two].map(|at| self.mask.as_raw()[at] >= SHOWN);
                if shown == [false, false] {
                    continue;
                }
                pairs.either += 1.0;
                if shown == [true, true] {
                    pairs.add(self.colours[one], self.colours[two]);
                }
            }
        }
        pairs
    }
}

impl Pairs {
    fn add(&mut self, above: [f32; 3], below: [f32; 3]) {
        self.both += 1.0;
        for c in 0..3 {
            self.above[c] += above[c];
            self.below[c] += below[c];
            self.above_squares += above[c] * above[c];
            self.below_squares += below[c] * below[c];
            self.products += above[c] * below[c];
        }
    }

    /// How well the detail agrees; `None` where this is no mirror image.
    fn score(&self) -> Option<f32> {
        if self.both < SHAPE * self.either || self.both < 1.0 {
            return None;
        }
        let strength = (self.below_squares / self.above_squares.max(1e-6)).sqrt();
        let mean = |one: &[f32; 3], two: &[f32; 3]| {
            one.iter().zip(two).map(|(a, b)| a * b).sum::<f32>() / self.both
        };
        let above = self.above_squares - mean(&self.above, &self.above);
        let below = self.below_squares - mean(&self.below, &self.below);
        let products = self.products - mean(&self.above, &self.below);
        let detail = products / (above * below).max(1e-6).sqrt();
        (strength < STRENGTH && detail > DETAIL).then_some(detail)
    }
}

/// The median colour of the ground from a row on.
fn ground(mask: &GrayImage, small: &RgbImage, from: usize) -> Option<[f32; 3]> {
    let cells = mask.iter().zip(small.pixels()).skip(from * mask.width() as usize);
    let cells: Vec<_> = cells.filter(|(value, _)| **value < GROUND).map(|(_, p)| p.0).collect();
    (!cells.is_empty()).then(|| {
        [0, 1, 2].map(|c| {
            let mut values: Vec<u8> = cells.iter().map(|pixel| pixel[c]).collect();
            let middle = values.len() / 2;
            f32::from(*values.select_nth_unstable(middle).1)
        })
    })
}

#[cfg(test)]
mod tests {
    use image::{Luma, Rgb};

    use super::*;

    const SIDE: u32 = 160;
    const FOOT: u32 = 100;

    /// A striped vase on grey ground with what is below its foot at this strength.
    fn vase(strength: f32) -> (RgbImage, GrayImage) {
        let colour = |x: u32, y: u32| {
            let stripe = if (x / 9 + y / 13).is_multiple_of(2) { 40.0 } else { 0.0 };
            [60.0 + stripe + y as f32, 40.0 + stripe, 150.0 - y as f32]
        };
        let inside = |x: u32, y: u32| x.abs_diff(80) < 20 + y / 5;
        let mut photo = RgbImage::from_pixel(SIDE, SIDE, Rgb([200, 202, 198]));
        let mut mask = GrayImage::new(SIDE, SIDE);
        for y in 20..150 {
            let (own, share) = if y < FOOT { (y, 1.0) } else { (2 * FOOT - 1 - y, strength) };
            for x in (0..SIDE).filter(|&x| inside(x, own)) {
                let ground = photo.get_pixel(x, y).0;
                let seen = colour(x, own);
                let mixed = |c: usize| f32::from(ground[c]) * (1.0 - share) + seen[c] * share;
                photo.put_pixel(x, y, Rgb([0, 1, 2].map(|c| mixed(c) as u8)));
                mask.put_pixel(x, y, Luma([255]));
            }
        }
        (photo, mask)
    }

    #[test]
    fn a_mirror_image_goes_and_the_goods_stay() {
        for strength in [0.2, 0.4, 0.6] {
            let (photo, mut mask) = vase(strength);
            let whole = mask.clone();
            erase_reflection(&mut mask, &photo, Region::whole(&photo));
            for (x, y, value) in mask.enumerate_pixels() {
                let wanted = if y < FOOT { whole.get_pixel(x, y).0[0] } else { 0 };
                assert_eq!(value.0[0], wanted, "{strength}: {x} {y}");
            }
        }
    }

    #[test]
    fn what_is_symmetric_itself_stays() {
        let (photo, mask) = vase(1.0);
        let mut found = mask.clone();
        erase_reflection(&mut found, &photo, Region::whole(&photo));
        assert_eq!(found, mask);
    }

    #[test]
    fn a_paler_lower_half_without_the_same_detail_stays() {
        let (mut photo, mask) = vase(0.4);
        for y in FOOT..150 {
            for x in 0..SIDE {
                let pixel = photo.get_pixel_mut(x, y);
                if mask.get_pixel(x, y).0[0] > 0 {
                    let grain = ((x * 31 + y * 17) % 23) as u8;
                    *pixel = Rgb([150 + grain, 140 + grain, 170 - grain]);
                }
            }
        }
        let mut found = mask.clone();
        erase_reflection(&mut found, &photo, Region::whole(&photo));
        assert_eq!(found, mask);
    }

    #[test]
    fn nothing_shown_is_nothing_to_erase() {
        for size in [1, 2, 40] {
            let photo = RgbImage::from_pixel(size, size, Rgb([9; 3]));
            for value in [0, 255] {
                let mut mask = GrayImage::from_pixel(7, 5, Luma([value]));
                erase_reflection(&mut mask, &photo, Region::whole(&photo));
                assert!(mask.iter().all(|&found| found == value));
            }
        }
    }
}
