//! Pictures as planes of CIE L*a*b* (D65), where pigments are mixed.

use image::RgbImage;
use rayon::prelude::*;
use safelight_imaging::lab_of;
use safelight_imaging::map::{Map, percentile};

use crate::change::Change;
use crate::window::Window;

/// L* (0 to 100), a* and b*.
pub type Lab = [f32; 3];

/// `share` of the way from one colour to another.
pub fn mixed(from: Lab, to: Lab, share: f32) -> Lab {
    std::array::from_fn(|i| from[i] + (to[i] - from[i]) * share)
}

/// The straight distance of two colours (CIE 1976).
pub fn difference(one: Lab, two: Lab) -> f32 {
    one.iter().zip(two).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
}

/// A picture in Lab.
#[derive(Clone, Debug, PartialEq)]
pub struct LabMap {
    /// Cells of a row.
    pub width: usize,
    /// The colours, row by row.
    pub colours: Vec<Lab>,
}

impl LabMap {
    /// Of a picture.
    pub fn of(picture: &RgbImage) -> Self {
        let pixels = picture.as_chunks::<3>().0;
        let colours = pixels.par_iter().with_min_len(4096).map(|&pixel| lab_of(pixel)).collect();
        Self { width: picture.width() as usize, colours }
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.colours.len() / self.width.max(1)
    }

    /// One of its planes: 0 is L*, 1 a*, 2 b*.
    pub fn plane(&self, channel: usize) -> Map {
        let values = self.colours.iter().map(|colour| colour[channel]).collect();
        Map { width: self.width, height: self.height(), values }
    }

    /// The median colour of the cells whose weight is at least `least`; none where there are none.
    pub fn median(&self, weights: &Map, least: f32) -> Option<Lab> {
        let chosen: Vec<Lab> = self.chosen(weights, least).collect();
        let middle = |channel: usize| {
            percentile(&mut chosen.iter().map(|c| c[channel]).collect::<Vec<_>>(), 0.5)
        };
        (!chosen.is_empty()).then(|| [middle(0), middle(1), middle(2)])
    }

    /// The colours of the cells whose weight is at least `least`.
    pub fn chosen<'a>(&'a self, weights: &'a Map, least: f32) -> impl Iterator<Item = Lab> + 'a {
        let pairs = self.colours.iter().zip(&weights.values);
        pairs.filter(move |(_, weight)| **weight >= least).map(|(colour, _)| *colour)
    }

    /// Mixes `share` (0 to 1) of a colour into the cell of this index.
    pub fn mix(&mut self, index: usize, colour: Lab, share: f32) {
        if share > 0.0 {
            self.colours[index] = mixed(self.colours[index], colour, share);
        }
    }

    /// Brings what became of `before` into the photo under the window. Where nothing was changed,
    /// pixels keep their bytes.
    pub fn paint(&self, before: &Self, window: &Window, photo: &mut RgbImage) {
        self.change(before, window).apply(photo);
    }

    /// The same; `gone` (0 to 1) says how much of the detail that is finer than cells goes as well.
    pub fn paint_over(&self, before: &Self, gone: &Map, window: &Window, photo: &mut RgbImage) {
        let own = [0, 1, 2].map(|channel| before.plane(channel));
        self.change(before, window).apply_without_detail(photo, &own, gone);
    }

    fn change(&self, before: &Self, window: &Window) -> Change {
        let (width, height) = (self.width, self.height());
        let lab = [0, 1, 2].map(|channel| {
            let pairs = self.colours.iter().zip(&before.colours);
            let values = pairs.map(|(now, was)| now[channel] - was[channel]).collect();
            Map { width, height, values }
        });
        Change { window: *window, lab }
    }
}

#[cfg(test)]
mod tests {
    use safelight_vision::face::Rect;

    use super::*;

    fn window(per_cell: f32) -> Window {
        let around = Rect { x: 2.0, y: 1.0, width: 8.0, height: 6.0 };
        Window::of(around, per_cell, (20, 10)).expect("a window")
    }

    #[test]
    fn detail_finer_than_cells_goes_with_what_is_painted_over() {
        // Strong stripes on the left, weak ones as grain on the right.
        let stripes = |x: u32, _| {
            let strength = if x < 16 { 60 } else { 4 };
            image::Rgb([if x.is_multiple_of(2) { 120 - strength } else { 120 + strength }; 3])
        };
        let photo = RgbImage::from_fn(40, 12, stripes);
        let around = Rect { x: 2.0, y: 1.0, width: 36.0, height: 10.0 };
        let window = Window::of(around, 2.0, photo.dimensions()).expect("a window");
        let before = LabMap::of(&window.cut(&photo));
        let contrast = |gone: f32| {
            let left = |index: usize| index % window.width < 8;
            let mut map = window.filled(0.0);
            map.values
                .iter_mut()
                .enumerate()
                .for_each(|(i, v)| *v = if left(i) { gone } else { 0.0 });
            let mut painted = photo.clone();
            before.paint_over(&before, &map, &window, &mut painted);
            assert_eq!(painted.get_pixel(0, 0), photo.get_pixel(0, 0), "beside the window");
            assert_eq!(painted.get_pixel(30, 5), photo.get_pixel(30, 5), "where nothing goes");
            let [dark, light] = [6, 7].map(|x| lab_of(painted.get_pixel(x, 5).0)[0]);
            light - dark
        };
        let (all, grain) = (contrast(0.0), contrast(1.0));
        assert!(all > 40.0, "control");
        assert!((2.0..8.0).contains(&grain), "{grain}");
        assert!((contrast(0.5) - (all + grain) / 2.0).abs() < 2.0);
    }

    #[test]
    fn only_what_was_changed_is_written() {
        let photo = RgbImage::from_fn(20, 10, |x, y| image::Rgb([x as u8 * 9, y as u8 * 20, 77]));
        for per_cell in [1.0, 2.0] {
            let window = window(per_cell);
            let before = LabMap::of(&window.cut(&photo));
            let mut painted = photo.clone();
            before.paint(&before, &window, &mut painted);
            assert_eq!(painted, photo);
            let mut now = before.clone();
            let middle = before.width * before.height() / 2 + before.width / 2;
            now.mix(middle, [60.0, 50.0, 10.0], 1.0);
            now.paint(&before, &window, &mut painted);
            let pairs = painted.enumerate_pixels().zip(photo.pixels());
            let changed: Vec<_> = pairs.filter(|((.., new), old)| new != old).collect();
            let most = if per_cell > 1.0 { 16 } else { 1 };
            assert!((1..=most).contains(&changed.len()), "{}", changed.len());
            assert!(changed.iter().all(|((x, y, _), _)| (2..10).contains(x) && (1..7).contains(y)));
        }
    }
}
