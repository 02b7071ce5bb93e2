//! A larger frame: what lies beyond the sides is completed from the picture.

use image::{GrayImage, Luma, RgbImage, imageops};
use safelight_contract::Result;

use crate::complete::{Options, Reach, complete};

/// How far up and down what is copied may lie, as a share of the height, where the picture grows sideways
/// and where it grows up or down: ground goes on as ground, sky as sky.
const SIDEWAYS: f32 = 0.08;
const UPRIGHT: f32 = 0.3;

/// Pixels that are added at each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sides {
    /// At the left.
    pub left: u32,
    /// At the right.
    pub right: u32,
    /// At the top.
    pub top: u32,
    /// At the bottom.
    pub bottom: u32,
}

/// The picture with these sides added, first sideways, then up and down. Where `barred` is not 0, nothing
/// is copied. The picture itself stays as it is.
///
/// # Errors
/// Those of [`complete`].
pub fn extend(
    photo: &RgbImage,
    sides: Sides,
    barred: &GrayImage,
    seed: u32,
    check: &dyn Fn() -> Result<()>,
) -> Result<RgbImage> {
    let Sides { left, right, top, bottom } = sides;
    let options = Options { seed, everywhere: true, guessed: true, ..Options::default() };
    let step = |photo: &RgbImage, barred: &GrayImage, sides: Sides, rows: f32| -> Result<_> {
        let mut canvas = mirrored(photo, sides);
        let barred = placed(barred, sides, 0);
        let hole = placed(&GrayImage::new(photo.width(), photo.height()), sides, 255);
        let options = Options { reach: Reach::Rows(rows), ..options };
        complete(&mut canvas, &hole, Some(&barred), &options, check)?;
        Ok((canvas, barred))
    };
    let across = Sides { left, right, ..Sides::default() };
    let upright = Sides { top, bottom, ..Sides::default() };
    let (wide, barred) = step(photo, barred, across, SIDEWAYS)?;
    Ok(step(&wide, &barred, upright, UPRIGHT)?.0)
}

/// The picture with its mirror image at the sides.
fn mirrored(photo: &RgbImage, Sides { left, right, top, bottom }: Sides) -> RgbImage {
    let (width, height) = photo.dimensions();
    let folded = |at: u32, before: u32, length: u32| {
        let at = (i64::from(at) - i64::from(before)).rem_euclid(2 * i64::from(length)) as u32;
        at.min(2 * length - 1 - at)
    };
    RgbImage::from_fn(width + left + right, height + top + bottom, |x, y| {
        *photo.get_pixel(folded(x, left, width), folded(y, top, height))
    })
}

/// A mask with sides of this value.
fn placed(mask: &GrayImage, Sides { left, right, top, bottom }: Sides, value: u8) -> GrayImage {
    let (width, height) = (mask.width() + left + right, mask.height() + top + bottom);
    let mut canvas = GrayImage::from_pixel(width, height, Luma([value]));
    imageops::replace(&mut canvas, mask, left.into(), top.into());
    canvas
}
