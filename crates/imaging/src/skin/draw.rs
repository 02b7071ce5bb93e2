//! Maps to look at: what was measured, drawn at the photo's size.

use image::{GrayImage, Luma, Rgb, RgbImage};
use rayon::prelude::*;

use super::chip::{Chip, Skin};
use super::extent::Extent;
use super::upright::{HEIGHT, WIDTH};
use crate::color::{LINEAR, lightness, luma};
use crate::map::Map;
use crate::{Cutout, resize};

/// Longest side of the black-and-white picture that stresses relief, in pixels.
const RELIEF_SIDE: u32 = 1200;

/// A transparent picture of the photo's size to draw on.
pub struct Overlay {
    picture: Cutout,
}

impl Overlay {
    /// An empty one over the photo that the chip was cut from.
    pub fn over(chip: &Chip) -> Self {
        let (width, height) = chip.upright.photo_size();
        let picture =
            Cutout { rgb: RgbImage::new(width, height), alpha: GrayImage::new(width, height) };
        Self { picture }
    }

    /// The picture.
    pub fn into_cutout(self) -> Cutout {
        self.picture
    }

    /// Fills what an extent covers, the more opaque the stronger it is.
    pub fn fill(&mut self, chip: &Chip, extent: &Extent, color: [u8; 3]) {
        let width = self.picture.rgb.width().max(1) as usize;
        let rows = self.picture.rgb.par_chunks_exact_mut(width * 3);
        let rows = rows.zip(self.picture.alpha.par_chunks_exact_mut(width)).enumerate();
        rows.with_min_len(8).for_each(|(y, (colors, alphas))| {
            let pixels = colors.as_chunks_mut::<3>().0.iter_mut().zip(alphas);
            for (x, (pixel, alpha)) in pixels.enumerate() {
                let strength = extent.in_photo(chip, x as f32, y as f32);
                if strength > 0.0 {
                    *pixel = color;
                    *alpha = (90.0 + 130.0 * strength) as u8;
                }
            }
        });
    }

    /// Draws a path through places of the photo with a pen of this radius in its pixels.
    pub fn path(&mut self, places: &[[f32; 2]], radius: f32, color: [u8; 3]) {
        places.windows(2).for_each(|pair| self.segment(pair[0], pair[1], radius, color));
    }

    /// Draws a closed path.
    pub fn outline(&mut self, places: &[[f32; 2]], radius: f32, color: [u8; 3]) {
        self.path(places, radius, color);
        if let (Some(&first), Some(&last)) = (places.first(), places.last()) {
            self.segment(last, first, radius, color);
        }
    }

    /// Draws a disc around a place of the photo.
    pub fn disc(&mut self, centre: [f32; 2], radius: f32, color: [u8; 3]) {
        self.segment(centre, centre, radius, color);
    }

    fn segment(&mut self, from: [f32; 2], to: [f32; 2], radius: f32, color: [u8; 3]) {
        let (width, height) = self.picture.alpha.dimensions();
        let range = |a: f32, b: f32, length: u32| {
            let low = (a.min(b) - radius - 1.0).floor().max(0.0) as u32;
            let high = (a.max(b) + radius + 2.0).clamp(0.0, length as f32) as u32;
            low.min(length)..high
        };
        let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
        let square = (dx * dx + dy * dy).max(1e-6);
        for y in range(from[1], to[1], height) {
            for x in range(from[0], to[0], width) {
                let (px, py) = (x as f32 - from[0], y as f32 - from[1]);
                let along = ((px * dx + py * dy) / square).clamp(0.0, 1.0);
                let off = (px - along * dx).hypot(py - along * dy);
                let cover = ((radius + 0.5 - off).clamp(0.0, 1.0) * 255.0) as u8;
                let Luma([alpha]) = self.picture.alpha.get_pixel_mut(x, y);
                if cover > 0 && cover >= *alpha {
                    *alpha = cover;
                    self.picture.rgb.put_pixel(x, y, Rgb(color));
                }
            }
        }
    }
}

impl Extent {
    /// The strength at a place of the photo.
    fn in_photo(&self, chip: &Chip, x: f32, y: f32) -> f32 {
        let [x, y] = chip.upright.from_photo([x, y]);
        let inside =
            (0.0..WIDTH as f32 - 0.5).contains(&x) && (0.0..HEIGHT as f32 - 0.5).contains(&y);
        if inside { self.at(x.round() as u32, y.round() as u32) } else { 0.0 }
    }

    /// The extent on white at the photo's size: the more of `color`, the stronger.
    pub fn on_white(&self, chip: &Chip, color: [u8; 3]) -> RgbImage {
        let (width, height) = chip.upright.photo_size();
        let mut picture = RgbImage::new(width, height);
        let rows = picture.par_chunks_exact_mut(width.max(1) as usize * 3).enumerate();
        rows.with_min_len(8).for_each(|(y, row)| {
            for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
                let strength = self.in_photo(chip, x as f32, y as f32);
                let amount = if strength > 0.0 { 0.18 + 0.82 * strength } else { 0.0 };
                *pixel = color.map(|value| (255.0 - amount * (255.0 - f32::from(value))) as u8);
            }
        });
        picture
    }
}

/// A part of the photo in black and white with its fine relief stressed.
pub struct Relief {
    /// The picture, gray.
    pub picture: RgbImage,
    /// The part of the photo: left, top, width and height in pixels.
    pub part: [u32; 4],
    /// Pixels of the picture for one of the photo.
    pub ratio: f32,
}

/// The face of a photo in black and white, brought to one brightness everywhere, dark dots such as
/// pores and blackheads stressed.
pub fn relief(photo: &RgbImage, skin: &Skin) -> Relief {
    let part = skin.chip.upright.bounds();
    let [_, _, width, height] = part;
    let ratio = (RELIEF_SIDE as f32 / width.max(height).max(1) as f32).min(1.0);
    let scaled = |length: u32| ((length as f32 * ratio).round() as u32).max(1);
    let small = resize::rgb_part(photo, part, scaled(width), scaled(height), resize::Filter::Area);
    let map = Map::of(&small, |[r, g, b]| {
        let linear = [r, g, b].map(|value| LINEAR[(value * 255.0 + 0.5) as usize]);
        lightness(luma(linear)) * 100.0
    });
    let reach = (small.width().max(small.height()) as usize / 60).max(3);
    let around = map.mean_twice(reach);
    let off = map.join(&around, |here, around| here - around);
    let spread = off.join(&off, |a, b| a * b).mean(2 * reach);
    let values =
        off.values.iter().zip(&spread.values).map(|(off, square)| {
            (150.0 + 34.0 * off / (square.sqrt() + 1.5)).clamp(0.0, 255.0) as u8
        });
    let bytes = values.flat_map(|value| [value; 3]).collect();
    let picture = RgbImage::from_raw(small.width(), small.height(), bytes).unwrap_or(small);
    Relief { picture, part, ratio }
}

#[cfg(test)]
mod tests {
    use super::super::light::Light;
    use super::super::phantom::mesh;
    use super::super::pigment::redness;
    use super::super::zone::{Side, Zone};
    use super::*;

    fn photographed() -> (RgbImage, Skin) {
        let mut photo = RgbImage::from_pixel(512, 512, Rgb([205, 165, 140]));
        let red = mesh()[205];
        for (x, y, pixel) in photo.enumerate_pixels_mut() {
            if (x as f32 - red[0]).hypot(y as f32 - red[1]) < 8.0 {
                *pixel = Rgb([205, 110, 100]);
            }
        }
        let chip = Chip::cut(&photo, &mesh()).expect("a face");
        (photo, chip.skin(Light::white(), |_| true))
    }

    #[test]
    fn what_is_red_in_the_photo_is_red_in_the_map() {
        let (photo, skin) = photographed();
        let red = redness(&skin);
        let map = red.on_white(&skin.chip, [220, 20, 20]);
        assert_eq!(map.dimensions(), photo.dimensions());
        let at = mesh()[205].map(|value| value.round() as u32);
        assert!(map.get_pixel(at[0], at[1]).0[1] < 120);
        assert_eq!(*map.get_pixel(5, 5), Rgb([255; 3]));
        let mut overlay = Overlay::over(&skin.chip);
        overlay.fill(&skin.chip, &red, [220, 20, 20]);
        let cutout = overlay.into_cutout();
        assert!(cutout.alpha.get_pixel(at[0], at[1]).0[0] > 90);
        assert!(cutout.alpha.get_pixel(5, 5).0[0] == 0);
        assert!(red.share(&skin.zone(Zone::Cheek(Side::Left))) > 0.1);
    }

    #[test]
    fn paths_are_drawn_within_the_picture() {
        let (_, skin) = photographed();
        let mut overlay = Overlay::over(&skin.chip);
        overlay.outline(&[[-50.0, 10.0], [600.0, 10.0], [300.0, 700.0]], 2.0, [0, 0, 255]);
        overlay.disc([100.0, 100.0], 6.0, [255, 0, 0]);
        overlay.path(&[], 2.0, [1; 3]);
        let cutout = overlay.into_cutout();
        assert_eq!(
            (cutout.alpha.get_pixel(250, 10).0[0], cutout.rgb.get_pixel(250, 10).0),
            (255, [0, 0, 255])
        );
        assert_eq!(
            (cutout.alpha.get_pixel(104, 100).0[0], cutout.rgb.get_pixel(104, 100).0),
            (255, [255, 0, 0])
        );
        assert_eq!(cutout.alpha.get_pixel(250, 40).0[0], 0);
    }

    #[test]
    fn relief_lies_where_it_says() {
        let (mut photo, skin) = photographed();
        let dot = mesh()[4].map(|value| value.round() as u32);
        photo.put_pixel(dot[0], dot[1], Rgb([90, 60, 50]));
        let relief = relief(&photo, &skin);
        let [left, top, width, height] = relief.part;
        assert_eq!(relief.ratio, 1.0);
        assert_eq!(relief.picture.dimensions(), (width, height));
        assert!(relief.picture.get_pixel(dot[0] - left, dot[1] - top).0[0] < 60);
    }
}
