//! Faces blurred so far that nobody can tell whose they are.

use image::{RgbImage, imageops};

use crate::color::smoothstep;
use crate::resize::{Filter, rgb, rgb_part};

/// An ellipse over a face, in pixels of the photo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ellipse {
    /// x and y of its middle.
    pub centre: [f32; 2],
    /// Its half axes, before it is turned.
    pub radii: [f32; 2],
    /// How far it is turned clockwise, in radians.
    pub angle: f32,
}

/// The blur as a share of the shorter half axis. What is left of a face is about three spots wide.
const STRENGTH: f32 = 0.32;
/// The blur fades out between the ellipse and one this much larger.
const FADE: f32 = 1.18;
/// Cells of the small picture to one standard deviation of the blur.
const CELLS: f32 = 3.0;

impl Ellipse {
    /// How far out a place is: below 1 inside, 1 on the ellipse.
    fn distance(&self, x: f32, y: f32) -> f32 {
        let (sin, cos) = self.angle.sin_cos();
        let (dx, dy) = (x - self.centre[0], y - self.centre[1]);
        let own = [(cos * dx + sin * dy) / self.radii[0], (cos * dy - sin * dx) / self.radii[1]];
        own[0].hypot(own[1])
    }
}

/// Blurs what an ellipse covers, beyond recognition; nothing where it has no extent or lies outside
/// the photo. Only pixels in and right around the ellipse are looked at.
pub fn blur(photo: &mut RgbImage, ellipse: &Ellipse) {
    let sigma = ellipse.radii[0].min(ellipse.radii[1]) * STRENGTH;
    let reach = ellipse.radii[0].max(ellipse.radii[1]) * FADE + 2.0;
    let usable = reach.is_finite() && sigma > 0.0;
    let span = |middle: f32, length: u32| {
        let (low, high) = (middle - reach, middle + reach);
        let first = low.floor().clamp(0.0, length as f32) as u32;
        (first, (high.ceil().clamp(0.0, length as f32) as u32).saturating_sub(first))
    };
    let (left, width) = span(ellipse.centre[0], photo.width());
    let (top, height) = span(ellipse.centre[1], photo.height());
    if !usable || width == 0 || height == 0 {
        return;
    }
    let scale = (CELLS / sigma).min(1.0);
    let cells = |length: u32| ((length as f32 * scale).round() as u32).max(1);
    let (columns, rows) = (cells(width), cells(height));
    let small = rgb_part(photo, [left, top, width, height], columns, rows, Filter::Area);
    let small = imageops::blur(&small, (sigma * scale).max(0.5));
    let blurred = rgb(&small, width, height, Filter::Bilinear);
    for (x, y, new) in blurred.enumerate_pixels() {
        let (x, y) = (left + x, top + y);
        let kept = smoothstep(1.0, FADE, ellipse.distance(x as f32, y as f32));
        if kept < 1.0 {
            let old = photo.get_pixel_mut(x, y);
            for (old, &new) in old.0.iter_mut().zip(&new.0) {
                *old = (f32::from(new) + (f32::from(*old) - f32::from(new)) * kept).round() as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    fn checks(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            Rgb([if (x / 4 + y / 4) % 2 == 0 { 20 } else { 220 }; 3])
        })
    }

    #[test]
    fn detail_goes_inside_and_stays_outside() {
        let before = checks(200, 160);
        let mut after = before.clone();
        let ellipse = Ellipse { centre: [90.0, 80.0], radii: [40.0, 55.0], angle: 0.3 };
        blur(&mut after, &ellipse);
        for (x, y, new) in after.enumerate_pixels() {
            let distance = ellipse.distance(x as f32, y as f32);
            if distance < 0.9 {
                assert!(new.0[0].abs_diff(120) < 20, "{new:?} at {x}, {y}");
            } else if distance > FADE {
                assert_eq!(new, before.get_pixel(x, y));
            }
        }
    }

    #[test]
    fn odd_ellipses_harm_nothing() {
        let before = checks(30, 20);
        for (centre, radii) in [
            ([500.0, 5.0], [10.0, 10.0]),
            ([5.0, 5.0], [0.0, 0.0]),
            ([5.0, 5.0], [f32::NAN, 3.0]),
            ([5.0, 5.0], [f32::INFINITY, 3.0]),
        ] {
            let mut after = before.clone();
            blur(&mut after, &Ellipse { centre, radii, angle: 0.0 });
            assert_eq!(after, before);
        }
        let mut tiny = checks(1, 900);
        blur(&mut tiny, &Ellipse { centre: [0.0, 400.0], radii: [300.0, 300.0], angle: 1.0 });
        assert_eq!(tiny.dimensions(), (1, 900));
    }
}
