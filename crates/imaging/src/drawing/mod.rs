//! Photos as drawings in pencil and coloured pencil, and what else drawings are made with: smoothing that
//! keeps edges, and lines along them.
//!
//! Drawn at a working size of at most [`SIDE`] and then enlarged, so that strokes have the same look
//! on photos of every size and the work has a bound.

mod hatching;
mod lines;
mod pencil;
mod smooth;

pub use lines::Pen;
pub use pencil::{color_pencil, pencil};
pub use smooth::Bilateral;

use image::RgbImage;

use crate::resize::{Filter, rgb};

/// Long side of the picture that is drawn.
pub const SIDE: u32 = 2048;

/// Peak bytes of each drawing of a photo of this size, its result excluded: the maps of the working
/// size.
pub const fn bytes(width: u32, height: u32) -> u64 {
    let (width, height) = (width as u64, height as u64);
    let long = if width > height { width } else { height };
    let limit = SIDE as u64;
    let pixels =
        if long > limit { width * height * limit / long * limit / long } else { width * height };
    40 * pixels + (8 << 20)
}

/// Draws a smaller version of a photo, and gives the drawing the photo's size.
fn sized(photo: &RgbImage, draw: impl FnOnce(RgbImage) -> RgbImage) -> RgbImage {
    let (width, height) = photo.dimensions();
    let drawing = draw(crate::map::thumbnail(photo, SIDE));
    if drawing.dimensions() == (width, height) {
        return drawing;
    }
    rgb(&drawing, width, height, Filter::Bicubic)
}

/// How large a stroke of one thousandth of the long side is in pixels, in the bounds in which
/// strokes look like strokes.
fn unit(photo: &RgbImage) -> f32 {
    (photo.width().max(photo.height()) as f32 / 1000.0).clamp(0.6, 2.2)
}
