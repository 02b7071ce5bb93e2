//! A sheet of stickers: the drawn head of a person with nine expressions.
//!
//! The head is drawn once as a cartoon; an expression pushes its brows, eyes and corners of the mouth, and
//! draws what a push cannot make: open mouths, closed eyes, hearts, tears, sunglasses.

mod expressions;
mod props;

use image::{GrayImage, Rgb, RgbImage, imageops};
use safelight_imaging::lettering;
use safelight_imaging::map::Map;

pub use expressions::{Expression, named};
pub use props::Scene;

use crate::dice::Dice;
use crate::kit::Kit;
use crate::region;

/// Cells of a row and of a column.
const CELLS: u32 = 3;
/// Side of a cell in pixels.
pub const CELL: u32 = 400;
/// Height of a head in a cell, with and without a caption below.
const HEAD: [u32; 2] = [300, 330];
/// Width of the white outline, and the shadow's offset, in pixels.
const OUTLINE: f32 = 11.0;
const SHADOW: i64 = 8;
/// Size of the letters.
const LETTERS: f32 = 40.0;

/// A head that was drawn.
pub struct Head<'a> {
    /// The drawing.
    pub drawn: &'a RgbImage,
    /// How much of each of its pixels belongs to the head.
    pub matte: &'a GrayImage,
    /// Its face, in the drawing's places.
    pub kit: &'a Kit,
}

/// What a sheet shows beside the heads.
#[derive(Clone, Debug, Default)]
pub struct Order<'a> {
    /// The expressions that come first, in their order; the others follow.
    pub first: Vec<Expression>,
    /// Where it plays.
    pub scene: Scene,
    /// Letters below each head.
    pub caption: &'a str,
}

/// Draws the sheet, 1200 by 1200 pixels.
pub fn sheet(head: &Head, order: &Order) -> RgbImage {
    let mut sheet = RgbImage::new(CELLS * CELL, CELLS * CELL);
    let rest = Expression::ALL.iter().filter(|one| !order.first.contains(one));
    let all: Vec<Expression> = order.first.iter().chain(rest).copied().collect();
    for (index, expression) in all.into_iter().take((CELLS * CELLS) as usize).enumerate() {
        let cell = cell(head, order, expression, index);
        let (column, row) = (index as u32 % CELLS, index as u32 / CELLS);
        imageops::replace(&mut sheet, &cell, i64::from(column * CELL), i64::from(row * CELL));
    }
    sheet
}

fn cell(head: &Head, order: &Order, expression: Expression, index: usize) -> RgbImage {
    let mut cell = RgbImage::from_pixel(CELL, CELL, Rgb(order.scene.ground(index)));
    let mut dice = Dice::new(index as u64 * 7919 + 17);
    order.scene.scatter(&mut cell, &mut dice);
    let (drawn, matte) = expression.put_on(head);
    let Some([left, top, width, height]) = bounds(&matte) else { return cell };
    let captioned = !order.caption.is_empty();
    let high = HEAD[usize::from(!captioned)];
    let scale = (high as f32 / height as f32).min(320.0 / width as f32);
    let [wide, high] = [width, height].map(|side| ((side as f32 * scale).round() as u32).max(1));
    let part = imageops::crop_imm(&drawn, left, top, width, height).to_image();
    let part = imageops::resize(&part, wide, high, imageops::CatmullRom);
    let mask = imageops::crop_imm(&matte, left, top, width, height).to_image();
    let mask = imageops::resize(&mask, wide, high, imageops::CatmullRom);
    let foot = if captioned { CELL - 58 } else { CELL - 26 };
    let place = [(CELL - wide) / 2, foot.saturating_sub(high)];
    stick(&mut cell, &part, &mask, place);
    if captioned {
        caption(&mut cell, order.caption);
    }
    cell
}

/// The box of a matte: left, top, width and height.
fn bounds(matte: &GrayImage) -> Option<[u32; 4]> {
    let inside = matte.enumerate_pixels().filter(|(.., value)| value.0[0] > 60);
    let start = (u32::MAX, u32::MAX, 0, 0);
    let (left, top, right, bottom) = inside
        .fold(start, |(l, t, r, b), (x, y, _)| (l.min(x), t.min(y), r.max(x + 1), b.max(y + 1)));
    (left < right).then(|| [left, top, right - left, bottom - top])
}

/// Lays a head on a cell with its white outline and its shadow.
fn stick(cell: &mut RgbImage, part: &RgbImage, mask: &GrayImage, [left, top]: [u32; 2]) {
    let (width, height) = (CELL as usize, CELL as usize);
    let mut own = Map { width, height, values: vec![0.0; width * height] };
    for (x, y, value) in mask.enumerate_pixels() {
        let (x, y) = ((left + x) as usize, (top + y) as usize);
        if x < width && y < height {
            own.values[y * width + x] = f32::from(value.0[0]) / 255.0;
        }
    }
    let solid: Vec<bool> = own.values.iter().map(|&value| value > 0.5).collect();
    let near = safelight_imaging::areas::distances(&solid, width, OUTLINE + 3.0);
    let outline = near.each(|x, y| (OUTLINE + 0.5 - near.values[y * width + x]).clamp(0.0, 1.0));
    let outline = outline.gaussian(0.8);
    let shadow = region::feathered(&outline, 5.0);
    for (x, y, pixel) in cell.enumerate_pixels_mut() {
        let at = |dx: i64, dy: i64| {
            let (x, y) = (i64::from(x) - dx, i64::from(y) - dy);
            let inside = x >= 0 && y >= 0 && x < width as i64 && y < height as i64;
            inside.then(|| y as usize * width + x as usize)
        };
        let dark = at(SHADOW / 2, SHADOW).map_or(0.0, |at| 0.30 * shadow.values[at]);
        mix(pixel, [40, 36, 48], dark);
        let here = y as usize * width + x as usize;
        mix(pixel, [255; 3], outline.values[here]);
        if x >= left && y >= top && x - left < part.width() && y - top < part.height() {
            mix(pixel, part.get_pixel(x - left, y - top).0, own.values[here]);
        }
    }
}

/// Mixes a colour into a pixel.
fn mix(pixel: &mut Rgb<u8>, colour: [u8; 3], share: f32) {
    for (out, value) in pixel.0.iter_mut().zip(colour) {
        *out = (f32::from(*out) + (f32::from(value) - f32::from(*out)) * share + 0.5) as u8;
    }
}

/// Writes letters at the foot of a cell, white with a dark rim.
fn caption(cell: &mut RgbImage, text: &str) {
    let room = CELL as f32 - 30.0;
    let size = LETTERS * (room / lettering::width(text, LETTERS).max(1.0)).min(1.0);
    let left = (CELL as f32 - lettering::width(text, size)) / 2.0;
    let foot = CELL as f32 - 18.0;
    for turn in 0..16 {
        let (sin, cos) = (turn as f32 / 16.0 * std::f32::consts::TAU).sin_cos();
        lettering::write(cell, text, [left + 3.2 * cos, foot + 3.2 * sin], size, [52, 44, 60]);
    }
    lettering::write(cell, text, [left, foot], size, [255; 3]);
}
