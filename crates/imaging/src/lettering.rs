//! Plain drawing: letters and boxes on a picture.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};
use image::{Rgb, RgbImage};

/// Hack, under the MIT licence, as the crate `epaint_default_fonts` ships it.
static FONT: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::try_from_slice(epaint_default_fonts::HACK_REGULAR).expect("the font that ships is one")
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
    let font = FONT.as_scaled(PxScale::from(size));
    let mut across = left;
    for letter in text.chars() {
        let glyph = font.scaled_glyph(letter);
        let advance = font.h_advance(glyph.id);
        let mut glyph = glyph;
        glyph.position = point(across, foot);
        across += advance;
        let Some(outline) = font.outline_glyph(glyph) else { continue };
        let bounds = outline.px_bounds();
        outline.draw(|x, y, cover| {
            let (x, y) = (bounds.min.x as i64 + i64::from(x), bounds.min.y as i64 + i64::from(y));
            let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { return };
            if let Some(pixel) = picture.get_pixel_mut_checked(x, y) {
                mix(pixel, colour, cover);
            }
        });
    }
}

/// How wide a line of text of `size` pixels is.
pub fn width(text: &str, size: f32) -> f32 {
    let font = FONT.as_scaled(PxScale::from(size));
    text.chars().map(|letter| font.h_advance(font.glyph_id(letter))).sum()
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
