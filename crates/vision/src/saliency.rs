//! Which pixels belong to the main subject: U²-Net, or the network that the operator chose in its place,
//! over the whole photo, then over the part where it found something.

use image::{GrayImage, RgbImage};
use safelight_contract::{Code, Fault, Result};
use safelight_imaging::Region;
use safelight_imaging::components::{components, count_from, grown};
use safelight_imaging::resize::{self, Filter};
use safelight_inference::{Model, Models, Tensor};

use crate::model::check_photo;

/// Side of the mask: what U²-Net sees and gives. Masks of networks that see more are made smaller.
pub const SIDE: u32 = 320;
/// Side of the square that networks see that are chosen in its place.
const CHOSEN_SIDE: u32 = 1024;
/// Mask values above this one belong to the region that the second pass looks at.
const FOUND: u8 = 64;
/// How much that region grows on each side, as a share of its width and height.
const MARGIN: f64 = 0.15;
/// Where the model's probabilities differ by no more than this, it has found nothing: they stay below
/// 0.05 on plain surfaces and noise, and pass 0.5 on photos of something.
const NOTHING: f32 = 0.2;
/// With fewer pixels of the photo found than this, there is nothing for a second pass.
const FEWEST_PIXELS: f64 = 50.0;
/// Where the box of what was found covers more of the photo than this, a second pass adds nothing.
const LARGEST_SHARE: f64 = 0.75;

/// What the closer look lost and the first one was sure of: from this value on, in pieces of this
/// share of what was found and with this mean, no farther than this from it (in cells).
const PRESENT: u8 = 128;
const LEAST_LOST: f32 = 0.005;
const SURELY_SEEN: f32 = 215.0;
const SEAM: usize = 3;

/// How salient each pixel is, as the model sees it: a small mask that covers a region of the photo.
/// Nothing outside the region is salient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saliency {
    /// 0..255, stretched over the region whatever its aspect; [`SIDE`] x [`SIDE`] as the model
    /// makes it.
    pub mask: GrayImage,
    /// The part of the photo that the mask covers.
    pub region: Region,
}

impl Saliency {
    /// Finds the main subject of a photo of at least one pixel. Where the model tells no pixel from
    /// another (a plain surface), nothing is salient.
    pub(crate) fn of(models: &Models, photo: &RgbImage) -> Result<Self> {
        check_photo(photo)?;
        let model = models.get("u2net")?;
        let whole = Region::whole(photo);
        let mask = look(&model, photo, whole)?;
        let Some(region) = second_look(&mask, whole) else {
            return Ok(Self { mask, region: whole });
        };
        let mut closer = look(&model, photo, region)?;
        take_back(&mut closer, &seen_again(&mask, whole, region));
        Ok(Self { mask: closer, region })
    }

    /// Finds the main subject of a region of the photo, in one pass.
    pub(crate) fn within(models: &Models, photo: &RgbImage, region: Region) -> Result<Self> {
        check_photo(photo)?;
        Ok(Self { mask: look(&*models.get("u2net")?, photo, region)?, region })
    }

    /// Whether the model found anything.
    pub fn shows_something(&self) -> bool {
        self.mask.iter().any(|&value| value > FOUND)
    }

    /// The part of the photo around what is salient; the whole region where nothing is.
    pub fn bounds(&self) -> Region {
        let (width, height) = self.mask.dimensions();
        let (mut left, mut top, mut right, mut bottom) = (width, height, 0, 0);
        for (x, y, _) in self.mask.enumerate_pixels().filter(|(_, _, value)| value.0[0] > FOUND) {
            (left, right) = (left.min(x), right.max(x + 1));
            (top, bottom) = (top.min(y), bottom.max(y + 1));
        }
        if left >= right {
            return self.region;
        }
        let place = |cell: u32, start: u32, length: u32, cells: u32| {
            start + (u64::from(cell) * u64::from(length) / u64::from(cells)) as u32
        };
        let Region { x, y, width: across, height: down } = self.region;
        let [x0, x1] = [left, right].map(|cell| place(cell, x, across, width));
        let [y0, y1] = [top, bottom].map(|cell| place(cell, y, down, height));
        Region { x: x0, y: y0, width: (x1 - x0).max(1), height: (y1 - y0).max(1) }
    }

    /// The mask at the size of the photo that it was made from.
    pub fn at_size(&self, width: u32, height: u32) -> Result<GrayImage> {
        let Region { x, y, width: columns, height: rows } = self.region;
        if x.checked_add(columns).is_none_or(|right| right > width)
            || y.checked_add(rows).is_none_or(|bottom| bottom > height)
        {
            return Err(internal("the region lies outside the photo"));
        }
        let mask = resize::gray(&self.mask, columns, rows, Filter::Lanczos3);
        if (columns, rows) == (width, height) {
            return Ok(mask);
        }
        let mut full = GrayImage::new(width, height);
        let lines = full.chunks_exact_mut(width as usize).skip(y as usize);
        for (line, part) in lines.zip(mask.chunks_exact(columns as usize)) {
            line[x as usize..][..columns as usize].copy_from_slice(part);
        }
        Ok(full)
    }
}

/// One pass of the model over a region of the photo.
fn look(model: &Model, photo: &RgbImage, region: Region) -> Result<GrayImage> {
    let Region { x, y, width, height } = region;
    let own = model.spec();
    let Feed { side, mean, deviation, logits } = Feed::of(&own.name);
    let pixels = resize::rgb_part(photo, [x, y, width, height], side, side, Filter::Lanczos3);
    let planes = normalise(&pixels, mean, deviation);
    let input = Tensor::new([1, 3, side as usize, side as usize], planes).map_err(internal)?;
    let outputs = model.run(&[(&*own.inputs[0].name, &input)])?;
    let raw = outputs.get(&own.outputs[0].name).and_then(Tensor::as_f32);
    let raw = raw.ok_or_else(|| internal("output"))?;
    let mask = match logits {
        true => stretch(&raw.iter().map(|value| 1.0 / (1.0 + (-value).exp())).collect::<Vec<_>>()),
        false => stretch(raw),
    };
    let mask = GrayImage::from_raw(side, side, mask?);
    let mask = mask.ok_or_else(|| internal("the mask's size"))?;
    Ok(if side == SIDE { mask } else { resize::gray(&mask, SIDE, SIDE, Filter::Area) })
}

/// How a network is fed, and what it gives.
struct Feed {
    /// Side of the square that it sees.
    side: u32,
    /// What is subtracted from numbers of 0..1, and what they are divided by.
    mean: [f32; 3],
    deviation: [f32; 3],
    /// Whether it gives logits rather than probabilities.
    logits: bool,
}

impl Feed {
    fn of(model: &str) -> Self {
        let (mean, deviation) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
        match model {
            "isnet-general-use" => {
                Self { side: CHOSEN_SIDE, mean: [0.5; 3], deviation: [1.0; 3], logits: false }
            }
            name if name.starts_with("birefnet") => {
                Self { side: CHOSEN_SIDE, mean, deviation, logits: true }
            }
            _ => Self { side: SIDE, mean, deviation, logits: false },
        }
    }
}

/// Interleaved bytes to planes of floats: divided by the largest value there is, less the mean, by the
/// deviation.
fn normalise(pixels: &[u8], mean: [f32; 3], deviation: [f32; 3]) -> Vec<f32> {
    let largest = f32::from(pixels.iter().copied().max().unwrap_or(0)).max(1e-6);
    let mut planes = Vec::with_capacity(pixels.len());
    for (channel, (mean, deviation)) in mean.iter().zip(deviation).enumerate() {
        let number: [f32; 256] =
            std::array::from_fn(|value| (value as f32 / largest - mean) / deviation);
        planes.extend(pixels[channel..].iter().step_by(3).map(|&value| number[usize::from(value)]));
    }
    planes
}

/// The model's numbers stretched to 0..255. All zero where it is sure of nothing, so that noise is
/// not stretched to a subject.
fn stretch(raw: &[f32]) -> Result<Vec<u8>> {
    if !raw.iter().all(|value| value.is_finite()) {
        return Err(Fault::new(Code::AiServiceError, "the model for cut-outs gave no usable mask"));
    }
    let (low, high) = raw
        .iter()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)));
    let range = high - low;
    if range <= NOTHING {
        return Ok(vec![0; raw.len()]);
    }
    Ok(raw.iter().map(|value| ((value - low) / range * 255.0) as u8).collect())
}

/// The part of the photo that deserves a second, closer look, if any: the box of all that was
/// found, with a margin.
fn second_look(mask: &GrayImage, photo: Region) -> Option<Region> {
    let found = mask.enumerate_pixels().filter(|(_, _, value)| value.0[0] > FOUND);
    let mut cells = 0_u64;
    let (mut left, mut top, mut right, mut bottom) = (SIDE, SIDE, 0, 0);
    for (x, y, _) in found {
        (left, right) = (left.min(x), right.max(x + 1));
        (top, bottom) = (top.min(y), bottom.max(y + 1));
        cells += 1;
    }
    let (width, height) = (f64::from(photo.width), f64::from(photo.height));
    // From cells of the mask to pixels of the photo.
    let (across, down) = (width / f64::from(SIDE), height / f64::from(SIDE));
    if cells as f64 * across * down < FEWEST_PIXELS {
        return None;
    }
    let (x0, x1) = (f64::from(left) * across, f64::from(right) * across);
    let (y0, y1) = (f64::from(top) * down, f64::from(bottom) * down);
    let (found_width, found_height) = (x1 - x0, y1 - y0);
    if found_width * found_height > LARGEST_SHARE * width * height {
        return None;
    }
    let x = (x0 - MARGIN * found_width).max(0.0) as u32;
    let y = (y0 - MARGIN * found_height).max(0.0) as u32;
    let right = (x1 + MARGIN * found_width).min(width) as u32;
    let bottom = (y1 + MARGIN * found_height).min(height) as u32;
    let region = Region { x, y, width: right.checked_sub(x)?, height: bottom.checked_sub(y)? };
    (region.width > 0 && region.height > 0).then_some(region)
}

/// The mask of the whole photo as cells of a mask over a region of it, bilinear.
fn seen_again(mask: &GrayImage, photo: Region, region: Region) -> GrayImage {
    let axis = |cell: u32, start: u32, length: u32, all: u32| {
        let side = SIDE as f32;
        let place = start as f32 + (cell as f32 + 0.5) / side * length as f32;
        let at = (place / all as f32 * side - 0.5).clamp(0.0, side - 1.0);
        (at as u32, (at as u32 + 1).min(SIDE - 1), at.fract())
    };
    let columns: Vec<_> = (0..SIDE).map(|x| axis(x, region.x, region.width, photo.width)).collect();
    let mut again = GrayImage::new(SIDE, SIDE);
    for (y, row) in again.rows_mut().enumerate() {
        let (above, below, down) = axis(y as u32, region.y, region.height, photo.height);
        for (pixel, &(left, right, across)) in row.zip(&columns) {
            let value = |x, y| f32::from(mask.get_pixel(x, y).0[0]);
            let mix = |y| value(left, y) * (1.0 - across) + value(right, y) * across;
            pixel.0[0] = (mix(above) * (1.0 - down) + mix(below) * down) as u8;
        }
    }
    again
}

/// Restores what the first look was sure of where the closer one lost it, such as a thin arm: pieces
/// that hang together with what it found.
fn take_back(closer: &mut GrayImage, first: &GrayImage) {
    let mut lost = first.clone();
    for (lost, &closer) in lost.iter_mut().zip(closer.iter()) {
        *lost = if closer < FOUND && *lost >= PRESENT { *lost } else { 0 };
    }
    let found = count_from(closer, FOUND);
    let pieces = components(&lost, |value| value > 0).into_iter().filter(|piece| {
        piece.cells.len() as f32 >= LEAST_LOST * found && piece.mean(first) >= SURELY_SEEN
    });
    let pieces: Vec<_> = pieces.collect();
    if pieces.is_empty() {
        return;
    }
    let near = grown(closer, SEAM);
    for piece in pieces {
        if !piece.cells.iter().any(|&at| near.as_raw()[at as usize] >= PRESENT) {
            continue;
        }
        let cells = grown(&piece.alone((SIDE, SIDE)), SEAM);
        for ((value, &first), &cell) in closer.iter_mut().zip(first.iter()).zip(cells.iter()) {
            if cell > 0 {
                *value = first.max(*value);
            }
        }
    }
}

/// A mistake in this program, not in the photo.
fn internal(what: impl std::fmt::Display) -> Fault {
    Fault::new(Code::AiServiceInternalError, format!("saliency failed: {what}"))
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    const PHOTO: Region = Region { x: 0, y: 0, width: 640, height: 320 };

    fn mask(found: Region) -> GrayImage {
        let Region { x, y, width, height } = found;
        GrayImage::from_fn(SIDE, SIDE, |column, row| {
            let inside = (x..x + width).contains(&column) && (y..y + height).contains(&row);
            Luma([if inside { 255 } else { FOUND }])
        })
    }

    #[test]
    fn the_second_look_has_a_margin_and_stays_inside() {
        let found = Region { x: 100, y: 0, width: 100, height: 100 };
        let region = second_look(&mask(found), PHOTO).expect("worth a second look");
        assert_eq!(region, Region { x: 170, y: 0, width: 260, height: 115 });
    }

    #[test]
    fn no_second_look_at_nothing_or_at_nearly_all() {
        assert_eq!(second_look(&mask(Region { width: 0, ..PHOTO }), PHOTO), None);
        let most = Region { x: 10, y: 10, width: 290, height: 290 };
        assert_eq!(second_look(&mask(most), PHOTO), None);
        // 5 x 4 cells are 40 pixels of this photo.
        let few = Region { x: 50, y: 50, width: 5, height: 4 };
        assert_eq!(second_look(&mask(few), PHOTO), None);
    }

    #[test]
    fn a_lost_arm_comes_back_and_a_doubtful_one_does_not() {
        let body = |x: u32, y: u32| (100..200).contains(&x) && (50..300).contains(&y);
        let arm = |x: u32, y: u32| (200..290).contains(&x) && (100..112).contains(&y);
        let of = |inside: &dyn Fn(u32, u32) -> u8| {
            GrayImage::from_fn(SIDE, SIDE, |x, y| Luma([inside(x, y)]))
        };
        let first = |sure: u8| {
            of(&|x, y| match (body(x, y), arm(x, y)) {
                (true, _) => 255,
                (_, true) => sure,
                _ => 0,
            })
        };
        let closer = of(&|x, y| if body(x, y) { 255 } else { 0 });
        let mut found = closer.clone();
        take_back(&mut found, &first(240));
        assert_eq!(found, first(240));
        let mut found = closer.clone();
        take_back(&mut found, &first(160));
        assert_eq!(found, closer);
    }

    #[test]
    fn the_first_look_is_seen_again_in_its_place() {
        let found = Region { x: 160, y: 80, width: 80, height: 80 };
        let part = Region { x: 320, y: 80, width: 160, height: 80 };
        let again = seen_again(&mask(found), PHOTO, part);
        let inside = |at: u32| (4..SIDE - 4).contains(&at);
        assert!(
            again.enumerate_pixels().all(|(x, y, v)| !(inside(x) && inside(y)) || v.0[0] == 255)
        );
        assert!(again.get_pixel(0, 160).0[0] < 255, "soft where the outside is near");
        let whole = seen_again(&mask(found), PHOTO, PHOTO);
        assert_eq!(whole, mask(found));
    }

    #[test]
    fn contrast_is_stretched_and_none_is_none() {
        assert_eq!(stretch(&[-1.0, 0.0, 1.0]), Ok(vec![0, 127, 255]));
        assert_eq!(stretch(&[0.3; 4]), Ok(vec![0; 4]));
        for value in [f32::NAN, f32::INFINITY] {
            assert!(stretch(&[0.0, value]).is_err_and(|f| f.code() == Code::AiServiceError));
        }
    }

    #[test]
    fn pixels_are_divided_by_the_largest_and_split_into_planes() {
        let Feed { mean, deviation, .. } = Feed::of("u2net");
        let planes = normalise(&[0, 100, 200, 0, 100, 200], mean, deviation);
        let expected = [-2.1179, -2.1179, 0.1964, 0.1964, 2.64, 2.64];
        for (got, expected) in planes.iter().zip(expected) {
            assert!((got - expected).abs() < 1e-3, "{planes:?}");
        }
        assert!(normalise(&[0; 3], mean, deviation).iter().all(|value| value.is_finite()), "black");
    }
}
