//! A picture against the one that was looked at.

use image::{Rgb, RgbImage, imageops};

/// Side of the blocks that are compared, in pixels.
const BLOCK: u32 = 8;
/// How far a block may be off, as a share of the service's greatest effect. Networks of int8 differ from
/// one processor to the next, and so does what they steer: a painted photo by half of its effect.
const SHARE: f64 = 0.6;
/// How far width and height may be off, for the same cause, in pixels.
const PIXELS: u32 = 2;
/// A golden picture must differ from the untouched one by this share of the range in one block, else it
/// shows nothing.
const LEAST_EFFECT: f64 = 0.01;

/// The mean difference of the block that differs most, as a share of the range; `None` for pictures of
/// different sizes.
pub fn difference(one: &RgbImage, other: &RgbImage) -> Option<f64> {
    if one.dimensions() != other.dimensions() {
        return None;
    }
    blocks(one, other).map(|(_, difference)| difference).max_by(f64::total_cmp)
}

/// The corner of each block, and its mean difference as a share of the range.
fn blocks(one: &RgbImage, other: &RgbImage) -> impl Iterator<Item = ([u32; 2], f64)> {
    let (width, height) = one.dimensions();
    let corners = (0..height)
        .step_by(BLOCK as usize)
        .flat_map(move |y| (0..width).step_by(BLOCK as usize).map(move |x| [x, y]));
    corners.map(move |[left, top]| {
        let part = |picture| imageops::crop_imm(picture, left, top, BLOCK, BLOCK).to_image();
        let (one, other) = (part(one), part(other));
        let sum: u32 = one.iter().zip(other.iter()).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        ([left, top], f64::from(sum) / 255.0 / one.len() as f64)
    })
}

/// What is wrong with a picture that was found, if anything. No block of it may be farther from the golden
/// picture than a share of what the service changes: of the greatest difference between the golden picture
/// and the untouched one, or one without content where that is nearer. An untouched picture of another size
/// is refused for that, so that the one without content alone tells what the golden picture shows.
///
/// The rule is tried before it is used: it must refuse those pictures, and the golden one with the block
/// that differs most from theirs put back.
pub fn judge(found: &RgbImage, golden: &RgbImage, untouched: &RgbImage) -> Result<(), String> {
    let plain = plain(golden);
    let controls = [untouched, &plain];
    let effects = controls.iter().filter_map(|control| difference(golden, control));
    let effect = effects.fold(1.0, f64::min);
    if effect < LEAST_EFFECT {
        return Err(format!("the golden picture shows nothing: effect {effect:.4}"));
    }
    let accept = |picture: &RgbImage| within(picture, golden, effect);
    for control in controls {
        assert!(accept(control).is_err(), "the untouched picture or a plain one passes");
        let partly = put_back(golden, control);
        assert!(accept(&partly).is_err(), "a picture with a part missing passes");
    }
    accept(found)
}

/// A picture without content: the golden one's median colour everywhere.
fn plain(golden: &RgbImage) -> RgbImage {
    let median = [0, 1, 2].map(|channel| {
        let mut values: Vec<u8> = golden.pixels().map(|pixel| pixel.0[channel]).collect();
        values.sort_unstable();
        values[values.len() / 2]
    });
    RgbImage::from_pixel(golden.width(), golden.height(), Rgb(median))
}

fn within(found: &RgbImage, golden: &RgbImage, effect: f64) -> Result<(), String> {
    let ((width, height), (wide, high)) = (found.dimensions(), golden.dimensions());
    if width.abs_diff(wide).max(height.abs_diff(high)) > PIXELS {
        return Err(format!("{width}×{height} px, was {wide}×{high}"));
    }
    let found = imageops::resize(found, wide, high, imageops::Triangle);
    let off = difference(&found, golden).unwrap_or(1.0) / effect;
    match off <= SHARE {
        true => Ok(()),
        false => Err(format!("a block is off by {off:.2} of the effect, which is {effect:.3}")),
    }
}

/// The golden picture with the block of another one that differs most; the other one where the two have
/// different sizes.
fn put_back(golden: &RgbImage, other: &RgbImage) -> RgbImage {
    if golden.dimensions() != other.dimensions() {
        return other.clone();
    }
    let most = blocks(golden, other).max_by(|a, b| a.1.total_cmp(&b.1));
    let [left, top] = most.map(|(corner, _)| corner).unwrap_or_default();
    let mut partly = golden.clone();
    let part = imageops::crop_imm(other, left, top, BLOCK, BLOCK).to_image();
    imageops::replace(&mut partly, &part, i64::from(left), i64::from(top));
    partly
}
