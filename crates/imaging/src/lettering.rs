//! Plain drawing: letters and boxes on a picture.

use std::sync::LazyLock;

use ab_glyph_rasterizer::{Point, Rasterizer, point};
use image::{Rgb, RgbImage};
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider};

/// Hack, under the MIT licence, as the crate `epaint_default_fonts` ships it.
static FONT: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::new(epaint_default_fonts::HACK_REGULAR).expect("the font that ships is one")
});

/// Writes a line of text of `size` pixels from the place of its first letter's foot. Letters that the
/// font lacks are boxes; what reaches outside the picture is cut off.
pub fn write(
    picture: &mut RgbImage,
    text: &str,
    [left, foot]: [f32; 2],
    size: f32,
    colour: [u8; 3],
) {
    let scale = scale(size);
    let mut across = left;
    for glyph in text.chars().map(glyph_of) {
        draw(glyph, [across, foot], scale, |x, y, cover| {
            let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { return };
            if let Some(pixel) = picture.get_pixel_mut_checked(x, y) {
                mix(pixel, colour, cover);
            }
        });
        across += advance(glyph) * scale;
    }
}

/// How wide a line of text of `size` pixels is.
pub fn width(text: &str, size: f32) -> f32 {
    let scale = scale(size);
    text.chars().map(|letter| advance(glyph_of(letter)) * scale).sum()
}

/// Pixels for each unit of the font: `size` is the way from the lowest foot to the highest head.
fn scale(size: f32) -> f32 {
    let metrics = FONT.metrics(Size::unscaled(), LocationRef::default());
    size / (metrics.ascent - metrics.descent)
}

/// The glyph of a letter; glyph 0 is the box for those that the font lacks.
fn glyph_of(letter: char) -> GlyphId {
    FONT.charmap().map(letter).unwrap_or(GlyphId::NOTDEF)
}

/// How far it is from a glyph to the next, in units of the font.
fn advance(glyph: GlyphId) -> f32 {
    let metrics = FONT.glyph_metrics(Size::unscaled(), LocationRef::default());
    metrics.advance_width(glyph).unwrap_or_default()
}

/// Tells of each pixel how much of it a glyph covers, 0 to 1, whose foot is at `foot`.
fn draw(glyph: GlyphId, foot: [f32; 2], scale: f32, mut cover: impl FnMut(i64, i64, f32)) {
    let metrics = FONT.glyph_metrics(Size::unscaled(), LocationRef::default());
    let (Some(bounds), Some(outline)) = (metrics.bounds(glyph), FONT.outline_glyphs().get(glyph))
    else {
        return;
    };
    // The pixel that the foot is in, and where in it; then the pixels around the glyph.
    let [(column, x), (row, y)] = foot.map(|at| (at.floor(), at - at.floor()));
    let (left, top) = (bounds.x_min * scale + x, y - bounds.y_max * scale);
    let (right, bottom) = (bounds.x_max * scale + x, y - bounds.y_min * scale);
    let (left, top) = (left.floor(), top.floor());
    let [width, height] = [right.ceil() - left, bottom.ceil() - top].map(|side| side as usize);
    let start = point(0.0, 0.0);
    let offset = point(x - left, y - top);
    let mut pen =
        Pen { raster: Rasterizer::new(width, height), scale, offset, first: start, last: start };
    let settings = DrawSettings::unhinted(Size::unscaled(), LocationRef::default());
    // A space has no outline.
    if width * height == 0 || outline.draw(settings, &mut pen).is_err() {
        return;
    }
    let (left, top) = ((column + left) as i64, (row + top) as i64);
    pen.raster.for_each_pixel_2d(|x, y, share| {
        cover(left + i64::from(x), top + i64::from(y), share);
    });
}

/// Draws outlines, which are in units of the font and upwards, into pixels.
struct Pen {
    raster: Rasterizer,
    scale: f32,
    offset: Point,
    first: Point,
    last: Point,
}

impl Pen {
    /// Where the curve so far ends, and a place that it now goes to.
    fn to(&mut self, x: f32, y: f32) -> [Point; 2] {
        let end = self.place(x, y);
        [std::mem::replace(&mut self.last, end), end]
    }

    fn place(&self, x: f32, y: f32) -> Point {
        point(x * self.scale, -y * self.scale) + self.offset
    }
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.first = self.place(x, y);
        self.last = self.first;
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let [start, end] = self.to(x, y);
        self.raster.draw_line(start, end);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        let control = self.place(cx, cy);
        let [start, end] = self.to(x, y);
        self.raster.draw_quad(start, control, end);
    }

    fn curve_to(&mut self, cx: f32, cy: f32, dx: f32, dy: f32, x: f32, y: f32) {
        let (first, second) = (self.place(cx, cy), self.place(dx, dy));
        let [start, end] = self.to(x, y);
        self.raster.draw_cubic(start, first, second, end);
    }

    fn close(&mut self) {
        self.raster.draw_line(self.last, self.first);
        self.last = self.first;
    }
}

/// Fills a box, cut to the picture: left, top, width and height.
pub fn fill(picture: &mut RgbImage, [left, top, width, height]: [u32; 4], colour: [u8; 3]) {
    let right = left.saturating_add(width).min(picture.width());
    let bottom = top.saturating_add(height).min(picture.height());
    for y in top..bottom {
        for x in left..right {
            picture.put_pixel(x, y, Rgb(colour));
        }
    }
}

fn mix(pixel: &mut Rgb<u8>, colour: [u8; 3], cover: f32) {
    for (old, new) in pixel.0.iter_mut().zip(colour) {
        let mixed = f32::from(*old) + (f32::from(new) - f32::from(*old)) * cover.clamp(0.0, 1.0);
        *old = mixed.round() as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_leave_ink_where_they_are_and_nowhere_else() {
        let mut paper = RgbImage::from_pixel(120, 40, Rgb([255; 3]));
        write(&mut paper, "Age 31", [10.0, 30.0], 24.0, [0; 3]);
        let ink = |x: std::ops::Range<u32>| {
            x.flat_map(|x| (0..40).map(move |y| (x, y)))
                .filter(|&(x, y)| paper.get_pixel(x, y).0[0] < 128)
                .count()
        };
        let end = 10 + width("Age 31", 24.0).ceil() as u32;
        assert!(ink(10..end) > 100 && ink(0..9) == 0 && ink(end + 1..120) == 0);
        assert!(width("AAAA", 20.0) > 3.9 * width("A", 20.0));
    }

    #[test]
    fn nothing_is_drawn_outside() {
        let mut paper = RgbImage::from_pixel(10, 10, Rgb([255; 3]));
        write(&mut paper, "outside ☃", [-20.0, 2.0], 30.0, [0; 3]);
        fill(&mut paper, [5, 5, u32::MAX, 3], [9; 3]);
        assert_eq!(paper.dimensions(), (10, 10));
        assert_eq!(paper.get_pixel(9, 7), &Rgb([9; 3]));
        assert_ne!(paper.get_pixel(9, 8), &Rgb([9; 3]));
    }
}
