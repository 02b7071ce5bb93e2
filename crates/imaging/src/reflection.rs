//! Mirror images below goods on polished ground, which masks take for a part of them. A heuristic: rows
//! below some line repeat the rows above it upside down, in shape and in detail but fainter against the
//! ground, and ever fainter with the distance from the line. Goods that are symmetric themselves are as
//! strong below as above and stay whole; so do goods with a paler foot, whose rows the rows above do
//! not explain, a mirror image without detail, and one seen so steeply that it is no mirror image of
//! what is seen: rather a reflection too many than a part of the goods too few.

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
const STRENGTH: f32 = 0.65;
/// Share of what is seen below that the rows above explain, each by one factor.
const EXPLAINED: f32 = 0.8;
/// Correlation of the detail within rows.
const ROW_DETAIL: f32 = 0.8;
/// Mean change of the factor from row to row: that of a mirror image fades smoothly.
const ROUGHNESS: f32 = 0.02;

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

/// Sums of squares and products over two rows, and of what is left without the rows' means.
#[derive(Default)]
struct RowPair {
    above: f32,
    below: f32,
    products: f32,
    detail_above: f32,
    detail_below: f32,
    detail_products: f32,
}

/// The slope of the line through evenly spaced values (least squares).
fn slope(values: &[f32]) -> f32 {
    let middle = (values.len() as f32 - 1.0) / 2.0;
    let products = values.iter().enumerate().map(|(i, value)| (i as f32 - middle) * value);
    products.sum::<f32>() / (values.len() as f32).powi(3).max(1.0)
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
        self.fades(best.1).then_some(best.1 / 2 + 1)
    }

    /// Whether the rows below the line are those above, row by row, by a factor that falls smoothly.
    fn fades(&self, sum: usize) -> bool {
        let rows: Vec<RowPair> = (sum / 2 + 1..=self.bottom)
            .map_while(|y| Some(self.row_pair(sum.checked_sub(y)?, y)))
            .filter(|row| row.above > 0.0)
            .collect();
        let total = |part: fn(&RowPair) -> f32| rows.iter().map(part).sum::<f32>();
        let unexplained = total(|row| row.below - row.products * row.products / row.above);
        let explained = 1.0 - unexplained / total(|row| row.below).max(1e-6);
        let within = [total(|row| row.detail_above), total(|row| row.detail_below)];
        let detail = total(|row| row.detail_products) / (within[0] * within[1]).max(1e-6).sqrt();
        let factors: Vec<f32> = rows.iter().map(|row| row.products / row.above).collect();
        let smooth: Vec<f32> =
            factors.windows(3).map(|three| three.iter().sum::<f32>() / 3.0).collect();
        let steps = smooth.windows(2).map(|pair| (pair[1] - pair[0]).abs());
        let roughness = steps.sum::<f32>() / (smooth.len().max(2) - 1) as f32;
        explained >= EXPLAINED
            && detail >= ROW_DETAIL
            && slope(&factors) < 0.0
            && roughness < ROUGHNESS
    }

    /// Sums over the cells of two rows of which both are shown.
    fn row_pair(&self, above: usize, below: usize) -> RowPair {
        let width = self.mask.width() as usize;
        let pairs: Vec<_> = (0..width)
            .map(|x| [above * width + x, below * width + x])
            .filter(|pair| pair.iter().all(|&at| self.mask.as_raw()[at] >= SHOWN))
            .map(|[one, two]| (self.colours[one], self.colours[two]))
            .collect();
        let count = pairs.len().max(1) as f32;
        let mut row = RowPair::default();
        for c in 0..3 {
            let sums = pairs.iter().fold([0.0; 5], |[a, b, aa, bb, ab], (one, two)| {
                let (one, two) = (one[c], two[c]);
                [a + one, b + two, aa + one * one, bb + two * two, ab + one * two]
            });
            let [a, b, aa, bb, ab] = sums;
            row.above += aa;
            row.below += bb;
            row.products += ab;
            row.detail_above += aa - a * a / count;
            row.detail_below += bb - b * b / count;
            row.detail_products += ab - a * b / count;
        }
        row
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

    /// A striped vase on grey ground with what is below its foot at this strength, which falls by this
    /// share to the bottom.
    fn vase(strength: f32, fading: f32) -> (RgbImage, GrayImage) {
        let colour = |x: u32, y: u32| {
            let stripe = if (x / 9 + y / 13).is_multiple_of(2) { 40.0 } else { 0.0 };
            [60.0 + stripe + y as f32, 40.0 + stripe, 150.0 - y as f32]
        };
        let inside = |x: u32, y: u32| x.abs_diff(80) < 20 + y / 5;
        let mut photo = RgbImage::from_pixel(SIDE, SIDE, Rgb([200, 202, 198]));
        let mut mask = GrayImage::new(SIDE, SIDE);
        for y in 20..150_u32 {
            let way = y.saturating_sub(FOOT) as f32 / (150 - FOOT) as f32;
            let faded = strength * (1.0 - fading * way);
            let (own, share) = if y < FOOT { (y, 1.0) } else { (2 * FOOT - 1 - y, faded) };
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
        for strength in [0.3, 0.45, 0.6] {
            let (photo, mut mask) = vase(strength, 0.5);
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
        let (photo, mask) = vase(1.0, 0.0);
        let mut found = mask.clone();
        erase_reflection(&mut found, &photo, Region::whole(&photo));
        assert_eq!(found, mask);
    }

    #[test]
    fn a_paler_foot_with_the_same_stripes_stays() {
        // A glaze that ends in paler rings: alike, but no fainter with the distance.
        let (mut photo, mask) = vase(0.5, 0.0);
        for (y, x) in (FOOT..150).flat_map(|y| (0..SIDE).map(move |x| (y, x))) {
            if mask.get_pixel(x, y).0[0] > 0 && y / 5 % 2 == 0 {
                let pixel = photo.get_pixel_mut(x, y);
                pixel.0 = pixel.0.map(|value| value - value / 4);
            }
        }
        let mut found = mask.clone();
        erase_reflection(&mut found, &photo, Region::whole(&photo));
        assert_eq!(found, mask);
    }

    #[test]
    fn a_paler_lower_half_without_the_same_detail_stays() {
        let (mut photo, mask) = vase(0.4, 0.5);
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
