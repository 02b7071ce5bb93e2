//! A part of a photo that is changed elsewhere and put back.
//!
//! Whoever changes it may shift it, tint it, or change what it was not asked to: so what comes back is laid
//! over the original by what both show outside the mask, its colours are brought to those of the ring around
//! the mask, and it is blended inside the mask alone. Outside, no bit of the photo changes.

use std::fmt;

use image::{GrayImage, RgbImage, imageops};
use safelight_imaging::components::grown;
use safelight_imaging::map::Map;
use safelight_imaging::resize::{self, Filter};
use safelight_imaging::{Region, noise_level};

use crate::dice::Dice;

/// By how much the box of the mask is grown, for the surroundings that show what belongs there: small boxes
/// by more.
const WIDER: [f32; 2] = [2.5, 1.5];
/// A box of this share of the photo's side is grown by the less.
const LARGE: f32 = 0.4;
/// Most that a small part is enlarged.
const MOST_ENLARGED: f32 = 4.0;
/// A larger shift of what comes back, as a share of the longer side, is refused; as far is looked.
const MOST_SHIFT: f32 = 0.02;
const SEARCHED: f32 = 0.05;
/// Correlation with the original outside the mask from which on it is the same picture.
const LEAST_ALIKE: f32 = 0.5;
/// Longest side of the finest level of the search, and of its coarsest.
const FINEST: u32 = 1024;
const COARSEST: u32 = 64;
/// Fewer places outside the mask, or flatter ones (standard deviation in levels), tell nothing.
const LEAST_PLACES: usize = 100;
const FLAT: f32 = 2.0;
/// Width of the ring around the mask, as a share of the longer side of the part.
const RING: f32 = 0.03;
/// How far colours are corrected: contrast by this factor, and by so many levels.
const MOST_CONTRAST: f32 = 1.25;
const MOST_TINT: f32 = 40.0;
/// Grain is added where the made part lacks more than the first, and no more than the second (standard
/// deviation of luma).
const LEAST_GRAIN: f32 = 0.004;
const MOST_GRAIN: f32 = 0.03;

/// A part of a photo, and the size of the picture of it that is changed elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patch {
    /// The part.
    pub region: Region,
    /// Width and height of the picture.
    pub size: (u32, u32),
}

/// Why what came back cannot be put into its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Misfit {
    /// It is shifted by this share of its longer side.
    Shifted(f32),
    /// Outside the mask it shows something else: correlation, -1 to 1.
    Different(f32),
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shifted(share) => {
                let (share, most) = (share * 100.0, MOST_SHIFT * 100.0);
                write!(f, "it is shifted by {share:.1} %, {most:.0} % are the most")
            }
            Self::Different(alike) => {
                write!(f, "outside the mask it shows something else (correlation {alike:.2})")
            }
        }
    }
}

impl Patch {
    /// The part around what a mask shows (values above 0), with its surroundings: a picture of it has sides
    /// that are multiples of `multiple` and at most `long_side`. None where the mask shows nothing.
    pub fn around(mask: &GrayImage, long_side: u32, multiple: u32) -> Option<Self> {
        let (width, height) = mask.dimensions();
        let shown = mask.enumerate_pixels().filter(|(_, _, value)| value.0[0] > 0);
        let (mut left, mut top, mut right, mut bottom) = (width, height, 0, 0);
        for (x, y, _) in shown {
            (left, right) = (left.min(x), right.max(x + 1));
            (top, bottom) = (top.min(y), bottom.max(y + 1));
        }
        if left >= right {
            return None;
        }
        let longer = (right - left).max(bottom - top) as f32;
        let span = |from: u32, end: u32, all: u32| {
            let own = (end - from) as f32;
            let share = (own / (LARGE * all as f32)).min(1.0);
            let wanted = own * (WIDER[0] + (WIDER[1] - WIDER[0]) * share);
            // A thin mask gets as much beside it as a square one.
            let wanted = wanted.max(longer).min(all as f32);
            let start = ((from + end) as f32 / 2.0 - wanted / 2.0).clamp(0.0, all as f32 - wanted);
            let first = start.floor() as u32;
            (first, ((start + wanted).ceil() as u32).min(all) - first)
        };
        let ((x, width), (y, height)) = (span(left, right, width), span(top, bottom, height));
        Some(Self::of(Region { x, y, width, height }, long_side, multiple))
    }

    /// A part of a photo, enlarged or made smaller to such sides.
    pub fn of(region: Region, long_side: u32, multiple: u32) -> Self {
        let multiple = multiple.max(1);
        let longer = region.width.max(region.height).max(1) as f32;
        let scale = (long_side as f32 / longer).min(MOST_ENLARGED);
        let most = (long_side / multiple).max(1);
        let side = |side: u32| {
            let steps = (side as f32 * scale / multiple as f32).round() as u32;
            steps.clamp(1, most) * multiple
        };
        Self { region, size: (side(region.width), side(region.height)) }
    }

    /// The picture of the part.
    pub fn picture(&self, photo: &RgbImage) -> RgbImage {
        let Region { x, y, width, height } = self.region;
        resize::rgb_part(photo, [x, y, width, height], self.size.0, self.size.1, Filter::Bicubic)
    }

    /// The mask of the picture: 255 where the mask shows something within `growth` pixels of the photo, else
    /// 0.
    pub fn mask(&self, mask: &GrayImage, growth: usize) -> GrayImage {
        let part = grown(&self.part(mask), growth);
        let mut sized = resize::gray(&part, self.size.0, self.size.1, Filter::Bilinear);
        sized.iter_mut().for_each(|value| *value = if *value > 0 { 255 } else { 0 });
        sized
    }

    fn part(&self, mask: &GrayImage) -> GrayImage {
        let Region { x, y, width, height } = self.region;
        imageops::crop_imm(mask, x, y, width, height).to_image()
    }

    /// Puts what was made of [`Self::picture`] into the photo, inside the mask, whose edge fades over
    /// `feather` pixels of the photo. Nothing changes where it does not fit.
    ///
    /// # Errors
    /// Why it does not fit.
    pub fn put_back(
        &self,
        photo: &mut RgbImage,
        mask: &GrayImage,
        made: &RgbImage,
        feather: f32,
    ) -> Result<(), Misfit> {
        let Region { x, y, width, height } = self.region;
        let own = imageops::crop_imm(photo, x, y, width, height).to_image();
        let mask = self.part(mask);
        let made = resize::rgb(made, width, height, Filter::Bicubic);
        let shift = registered(&own, &made, &mask)?;
        let mut made = shifted(&made, shift);
        match_colours(&mut made, &own, &mask);
        add_grain(&mut made, &own);
        let weights = weights(&mask, feather);
        let line = photo.width() as usize * 3;
        let rows = photo.chunks_exact_mut(line).skip(y as usize).take(height as usize);
        for (row, pixels) in rows.enumerate() {
            let pixels = &mut pixels[x as usize * 3..][..width as usize * 3];
            let place = row * width as usize;
            let (weights, made) = (&weights[place..], &made.as_raw()[place * 3..]);
            for (column, pixel) in pixels.as_chunks_mut::<3>().0.iter_mut().enumerate() {
                let weight = weights[column];
                for (value, &new) in pixel.iter_mut().zip(&made[column * 3..]).take(3) {
                    if weight > 0.0 {
                        let old = f32::from(*value);
                        *value = (old + (f32::from(new) - old) * weight).round() as u8;
                    }
                }
            }
        }
        Ok(())
    }
}

/// How far `made` has to be moved to lie over `own`, in pixels, by what both show where the mask is 0: the
/// largest correlation, from coarse to fine.
fn registered(own: &RgbImage, made: &RgbImage, mask: &GrayImage) -> Result<[f32; 2], Misfit> {
    let (width, height) = own.dimensions();
    let longer = width.max(height);
    let mut best: Option<([i32; 2], f32)> = None;
    let (mut side, last) = (COARSEST.min(longer), FINEST.min(longer));
    let finest = loop {
        let scaled = |length: u32| ((length * side).div_ceil(longer)).max(1);
        let (columns, rows) = (scaled(width), scaled(height));
        let level = Level::of(own, made, mask, columns, rows);
        let from = match best {
            None => [0, 0],
            Some((place, _)) => place.map(|at| at * 2),
        };
        let reach = if best.is_none() { (SEARCHED * side as f32).ceil() as i32 } else { 1 };
        let Some(found) = level.search(from, reach) else { return Ok([0.0, 0.0]) };
        best = Some(found);
        if side >= last {
            break (found, [width as f32 / columns as f32, height as f32 / rows as f32]);
        }
        side *= 2;
        if side > last {
            // The last step is no doubling: it is left out, at half the finest size a cell is small enough.
            break (found, [width as f32 / columns as f32, height as f32 / rows as f32]);
        }
    };
    let ((place, alike), [across, down]) = finest;
    let shift = [place[0] as f32 * across, place[1] as f32 * down];
    let share = shift[0].abs().max(shift[1].abs()) / longer as f32;
    if alike < LEAST_ALIKE {
        return Err(Misfit::Different(alike));
    }
    if share > MOST_SHIFT {
        return Err(Misfit::Shifted(share));
    }
    Ok(shift)
}

/// Two pictures in gray at one size, and where they are compared.
struct Level {
    own: GrayImage,
    made: GrayImage,
    free: Vec<bool>,
}

impl Level {
    fn of(own: &RgbImage, made: &RgbImage, mask: &GrayImage, width: u32, height: u32) -> Self {
        let gray = |picture: &RgbImage| {
            imageops::grayscale(&resize::rgb(picture, width, height, Filter::Area))
        };
        let mask = grown(&resize::gray(mask, width, height, Filter::Area), 1);
        Self {
            own: gray(own),
            made: gray(made),
            free: mask.iter().map(|&value| value == 0).collect(),
        }
    }

    /// The move within `reach` of `from` that correlates best, and how well; none where there is too little
    /// to compare.
    fn search(&self, from: [i32; 2], reach: i32) -> Option<([i32; 2], f32)> {
        let moves = (-reach..=reach).flat_map(|y| (-reach..=reach).map(move |x| [x, y]));
        let tried = moves.map(|[x, y]| [from[0] + x, from[1] + y]);
        let scored = tried.filter_map(|place| Some((place, self.alike(place)?)));
        // Of equals the smallest move.
        let size = |place: &[i32; 2]| place[0] * place[0] + place[1] * place[1];
        scored.max_by(|(a, x), (b, y)| x.total_cmp(y).then(size(b).cmp(&size(a))))
    }

    /// Correlation of the two, `made` moved so far.
    fn alike(&self, [right, down]: [i32; 2]) -> Option<f32> {
        let (width, height) = (self.own.width() as i32, self.own.height() as i32);
        let step = if width.max(height) > 512 { 2 } else { 1 };
        let mut sums = [0.0_f64; 6];
        for y in (0..height).step_by(step).filter(|y| (0..height).contains(&(y - down))) {
            for x in (0..width).step_by(step).filter(|x| (0..width).contains(&(x - right))) {
                let at = (y * width + x) as usize;
                if !self.free[at] {
                    continue;
                }
                let there = ((y - down) * width + x - right) as usize;
                let a = f64::from(self.own.as_raw()[at]);
                let b = f64::from(self.made.as_raw()[there]);
                for (sum, value) in sums.iter_mut().zip([1.0, a, b, a * a, b * b, a * b]) {
                    *sum += value;
                }
            }
        }
        let [count, a, b, aa, bb, ab] = sums;
        if count < LEAST_PLACES as f64 {
            return None;
        }
        let deviation =
            |sum: f64, squares: f64| (squares / count - (sum / count).powi(2)).max(0.0).sqrt();
        let (own, made) = (deviation(a, aa), deviation(b, bb));
        if own < f64::from(FLAT) {
            return None;
        }
        let covariance = ab / count - a / count * (b / count);
        Some((covariance / (own * made).max(1e-6)) as f32)
    }
}

/// The picture moved by so many pixels, its edges continued.
fn shifted(picture: &RgbImage, [right, down]: [f32; 2]) -> RgbImage {
    if right == 0.0 && down == 0.0 {
        return picture.clone();
    }
    let (width, height) = picture.dimensions();
    let at = |x: i64, y: i64| {
        let within = |at: i64, all: u32| at.clamp(0, i64::from(all) - 1) as u32;
        picture.get_pixel(within(x, width), within(y, height)).0.map(f32::from)
    };
    RgbImage::from_fn(width, height, |x, y| {
        let (x, y) = (x as f32 - right, y as f32 - down);
        let (left, top) = (x.floor(), y.floor());
        let (across, down) = (x - left, y - top);
        let (left, top) = (left as i64, top as i64);
        let corners = [at(left, top), at(left + 1, top), at(left, top + 1), at(left + 1, top + 1)];
        image::Rgb([0, 1, 2].map(|channel| {
            let [a, b, c, d] = corners.map(|corner| corner[channel]);
            let (upper, lower) = (a + (b - a) * across, c + (d - c) * across);
            (upper + (lower - upper) * down).round() as u8
        }))
    })
}

/// Brings the colours of `made` to those of `own` by what both show in a ring around the mask: mean and
/// spread of each channel.
fn match_colours(made: &mut RgbImage, own: &RgbImage, mask: &GrayImage) {
    let longer = mask.width().max(mask.height());
    let ring = grown(mask, ((longer as f32 * RING) as usize).max(4));
    let mut moments = [[0.0_f64; 4]; 3];
    let mut count = 0.0;
    let places = ring.iter().zip(mask.iter());
    let pixels = own.pixels().zip(made.pixels());
    for ((a, b), _) in pixels.zip(places).filter(|(_, (ring, mask))| **ring > 0 && **mask == 0) {
        count += 1.0;
        for (sums, (&a, &b)) in moments.iter_mut().zip(a.0.iter().zip(&b.0)) {
            let (a, b) = (f64::from(a), f64::from(b));
            for (sum, value) in sums.iter_mut().zip([a, b, a * a, b * b]) {
                *sum += value;
            }
        }
    }
    if count < LEAST_PLACES as f64 {
        return;
    }
    let curves = moments.map(|[a, b, aa, bb]| {
        let (own, made) = ((a / count) as f32, (b / count) as f32);
        let spread =
            |mean: f32, squares: f64| ((squares / count) as f32 - mean * mean).max(0.0).sqrt();
        let (own_spread, made_spread) = (spread(own, aa), spread(made, bb));
        // Of a flat ring no contrast is learnt.
        let contrast = match own_spread.min(made_spread) {
            spread if spread < FLAT => 1.0,
            _ => (own_spread / made_spread).clamp(1.0 / MOST_CONTRAST, MOST_CONTRAST),
        };
        let tint = (own - made).clamp(-MOST_TINT, MOST_TINT);
        std::array::from_fn::<u8, 256, _>(|value| {
            ((value as f32 - made) * contrast + made + tint).round().clamp(0.0, 255.0) as u8
        })
    });
    for pixel in made.pixels_mut() {
        for (value, curve) in pixel.0.iter_mut().zip(&curves) {
            *value = curve[usize::from(*value)];
        }
    }
}

/// Adds the grain that the original has and what was made lacks.
fn add_grain(made: &mut RgbImage, own: &RgbImage) {
    let (width, height) = own.dimensions();
    let (columns, rows) = (width.min(512), height.min(512));
    let middle = |picture: &RgbImage| {
        let (x, y) = ((width - columns) / 2, (height - rows) / 2);
        noise_level(&imageops::crop_imm(picture, x, y, columns, rows).to_image())
    };
    let (there, here) = (middle(own), middle(made));
    if there < here + LEAST_GRAIN {
        return;
    }
    let lacking = (there * there - here * here).sqrt().min(MOST_GRAIN) * 255.0;
    let mut dice = Dice::of(made, "grain");
    for pixel in made.pixels_mut() {
        let grain = dice.normal(0.0, lacking);
        pixel.0 = pixel.0.map(|value| (f32::from(value) + grain).round().clamp(0.0, 255.0) as u8);
    }
}

/// How much of each pixel is taken from what was made: 0 where the mask is 0, 1 from `feather` pixels inside
/// it on.
fn weights(mask: &GrayImage, feather: f32) -> Vec<f32> {
    let (width, height) = mask.dimensions();
    if feather < 1.0 {
        return mask.iter().map(|&value| if value > 0 { 1.0 } else { 0.0 }).collect();
    }
    let longer = width.max(height) as f32;
    let scale = (FINEST as f32 / longer).min(1.0);
    let scaled = |side: u32| ((side as f32 * scale).round() as u32).max(1);
    let small = resize::gray(mask, scaled(width), scaled(height), Filter::Area);
    let soft = Map {
        width: small.width() as usize,
        height: small.height() as usize,
        values: small.iter().map(|&value| f32::from(value) / 255.0).collect(),
    };
    let soft = soft.gaussian((feather * scale / 2.0).max(0.5));
    let mut weights = vec![0.0; width as usize * height as usize];
    for (y, row) in weights.chunks_exact_mut(width as usize).enumerate() {
        soft.stretched_row(y as u32, height, row);
    }
    for (weight, &shown) in weights.iter_mut().zip(mask.iter()) {
        // At a straight edge the mean is one half.
        let inside = ((*weight - 0.5) * 2.0).clamp(0.0, 1.0);
        *weight = if shown > 0 { inside * inside * (3.0 - 2.0 * inside) } else { 0.0 };
    }
    weights
}
