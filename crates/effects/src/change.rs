//! A change of colour over a window, found on its cells and applied at full size.

use image::RgbImage;
use rayon::prelude::*;
use safelight_imaging::color::to_srgb;
use safelight_imaging::map::{Map, median};
use safelight_imaging::{Region, lab_of};
use safelight_vision::face::Point;

use crate::window::Window;

/// Smaller changes than this in L*, a* and b* leave a pixel as it is.
const LEAST: f32 = 0.02;

/// What is added to L*, a* and b*, cell by cell.
#[derive(Clone, Debug)]
pub struct Change {
    /// Where.
    pub window: Window,
    /// How much of each channel.
    pub lab: [Map; 3],
}

/// L*, a* and b* of a picture, a map each.
pub fn labs(picture: &RgbImage) -> [Map; 3] {
    let all: Vec<[f32; 3]> = picture.as_chunks::<3>().0.par_iter().map(|&p| lab_of(p)).collect();
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    [0, 1, 2].map(|i| Map { width, height, values: all.iter().map(|lab| lab[i]).collect() })
}

/// The pixel of L*, a* and b*, cut to what sRGB shows.
pub fn pixel_of([l, a, b]: [f32; 3]) -> [u8; 3] {
    let y = (l + 16.0) / 116.0;
    let light = |t: f32| {
        if t > 6.0 / 29.0 { t * t * t } else { (t - 4.0 / 29.0) * 108.0 / 841.0 }
    };
    let x = 0.950_47 * light(y + a / 500.0);
    let z = 1.088_83 * light(y - b / 200.0);
    let y = light(y);
    let linear = [
        3.240_454 * x - 1.537_139 * y - 0.498_532 * z,
        -0.969_266 * x + 1.876_011 * y + 0.041_556 * z,
        0.055_643 * x - 0.204_026 * y + 1.057_225 * z,
    ];
    linear.map(|value| (to_srgb(value.max(0.0)) * 255.0 + 0.5).clamp(0.0, 255.0) as u8)
}

/// A pixel with something added to its L*, a* and b*.
fn changed(pixel: [u8; 3], change: [f32; 3]) -> [u8; 3] {
    if change.iter().all(|value| value.abs() <= LEAST) {
        return pixel;
    }
    let lab = lab_of(pixel);
    pixel_of([0, 1, 2].map(|i| lab[i] + change[i]))
}

impl Change {
    /// None anywhere in a window.
    pub fn none(window: Window) -> Self {
        Self { window, lab: [0, 1, 2].map(|_| window.filled(0.0)) }
    }

    /// From what the cells have to what they shall have, as far as a mask says.
    pub fn between(window: Window, from: &[Map; 3], to: &[Map; 3], mask: &Map) -> Self {
        let lab = [0, 1, 2].map(|i| {
            let difference = to[i].join(&from[i], |to, from| to - from);
            difference.join(mask, |value, mask| value * mask)
        });
        Self { window, lab }
    }

    /// Adds the change to the photo. Cells are linear between their middles.
    pub fn apply(&self, photo: &mut RgbImage) {
        self.window.rows(photo, |y, pixels| {
            let lines = self.lab.each_ref().map(|map| self.line(map, y, pixels.len()));
            for (x, pixel) in pixels.iter_mut().enumerate() {
                *pixel = changed(*pixel, [0, 1, 2].map(|i| lines[i][x]));
            }
        });
    }

    /// The same, and removes the share `gone` (0 to 1) of the high frequencies: of the difference between a
    /// pixel and the interpolated cells `before`. Differences up to the noise level of the rest stay.
    pub fn apply_without_detail(&self, photo: &mut RgbImage, before: &[Map; 3], gone: &Map) {
        let grain = self.grain(photo, before, gone);
        self.window.rows(photo, |y, pixels| {
            let line = |map| self.line(map, y, pixels.len());
            let (lines, own) = (self.lab.each_ref().map(line), before.each_ref().map(line));
            let gone = line(gone);
            for (x, pixel) in pixels.iter_mut().enumerate() {
                let mut change = [0, 1, 2].map(|i| lines[i][x]);
                if gone[x] > 0.0 {
                    let lab = lab_of(*pixel);
                    change = [0, 1, 2].map(|i| {
                        let detail = lab[i] - own[i][x];
                        change[i] - gone[x] * (detail - detail.clamp(-grain[i], grain[i]))
                    });
                }
                *pixel = changed(*pixel, change);
            }
        });
    }

    /// The noise level where nothing is removed: twice the median difference between pixels and cells.
    fn grain(&self, photo: &RgbImage, before: &[Map; 3], gone: &Map) -> [f32; 3] {
        /// Samples per row and per column.
        const PLACES: u32 = 64;
        let Region { x, y, width, height } = self.window.region;
        let mut all = [const { Vec::new() }; 3];
        for place in 0..PLACES * PLACES {
            let (column, row) = (place % PLACES, place / PLACES);
            let (x, y) = (x + column * width / PLACES, y + row * height / PLACES);
            let cell = self.window.cell(Point { x: x as f32, y: y as f32 });
            if gone.between(cell.x, cell.y) == 0.0 {
                let lab = lab_of(photo.get_pixel(x, y).0);
                let detail = |i: usize| (lab[i] - before[i].between(cell.x, cell.y)).abs();
                (0..3).for_each(|i| all[i].push(detail(i)));
            }
        }
        all.map(|mut found| 2.0 * median(&mut found))
    }

    /// A row of the part's pixels out of a map of its cells.
    fn line(&self, map: &Map, y: u32, length: usize) -> Vec<f32> {
        let mut line = vec![0.0; length];
        map.stretched_row(y, self.window.region.height, &mut line);
        line
    }
}

#[cfg(test)]
mod tests {
    use safelight_vision::face::Rect;

    use super::*;

    #[test]
    fn every_colour_comes_back() {
        for r in (0..=255).step_by(15) {
            for g in (0..=255).step_by(15) {
                for b in (0..=255).step_by(15) {
                    let pixel = [r, g, b].map(|value| value as u8);
                    let back = pixel_of(lab_of(pixel));
                    let far = pixel.iter().zip(back).map(|(a, b)| a.abs_diff(b)).max();
                    assert!(far <= Some(1), "{pixel:?} {back:?}");
                }
            }
        }
    }

    #[test]
    fn a_change_lightens_its_window_alone() {
        let mut photo = RgbImage::from_pixel(30, 20, image::Rgb([120, 90, 80]));
        let before = photo.clone();
        let around = Rect { x: 10.0, y: 5.0, width: 10.0, height: 10.0 };
        let window = Window::of(around, 2.0, (30, 20)).expect("a window");
        Change::none(window).apply(&mut photo);
        assert_eq!(photo, before);
        let mut change = Change::none(window);
        change.lab[0].values.fill(6.0);
        change.apply(&mut photo);
        let l = |x, y| lab_of(photo.get_pixel(x, y).0)[0];
        assert!((l(12, 8) - l(2, 8) - 6.0).abs() < 0.6);
        let changed = photo.pixels().zip(before.pixels()).filter(|(a, b)| a != b).count();
        assert_eq!(changed, 100);
    }
}
