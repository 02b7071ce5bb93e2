//! A part of the photo, and the cells that an effect is found on.

use image::RgbImage;
use rayon::prelude::*;
use safelight_imaging::Region;
use safelight_imaging::map::Map;
use safelight_imaging::resize::{Filter, rgb_part};
use safelight_vision::face::{Point, Rect};

/// A part of the photo under a grid of cells. Small parts have a cell for each pixel; large ones have
/// fewer, so that the memory that an effect takes is bounded whatever the photo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// The part, in pixels of the photo.
    pub region: Region,
    /// Cells of a row.
    pub width: usize,
    /// Rows of cells.
    pub height: usize,
}

impl Window {
    /// The part of a photo of `size` inside a box, with cells of at least `per_cell` pixels. None where
    /// the box lies outside the photo.
    pub fn of(around: Rect, per_cell: f32, size: (u32, u32)) -> Option<Self> {
        let range = |from: f32, length: f32, most: u32| {
            let first = from.floor().clamp(0.0, most as f32) as u32;
            let end = (from + length).ceil().clamp(0.0, most as f32) as u32;
            (end > first).then(|| (first, end - first))
        };
        let (x, width) = range(around.x, around.width, size.0)?;
        let (y, height) = range(around.y, around.height, size.1)?;
        let cells = |length: u32| ((length as f32 / per_cell.max(1.0)).round() as usize).max(1);
        let region = Region { x, y, width, height };
        Some(Self { region, width: cells(width), height: cells(height) })
    }

    /// Pixels of the photo that a cell covers in each direction, at least 1.
    pub fn per_cell(&self) -> f32 {
        self.region.width as f32 / self.width as f32
    }

    /// Where a place of the photo lies, in cells; the middle of the first is at (0, 0).
    pub fn cell(&self, place: Point) -> Point {
        let Region { x, y, width, height } = self.region;
        let along = |at: f32, first: u32, pixels: u32, cells: usize| {
            (at - first as f32 + 0.5) * cells as f32 / pixels as f32 - 0.5
        };
        Point { x: along(place.x, x, width, self.width), y: along(place.y, y, height, self.height) }
    }

    /// Where a cell lies in the photo.
    pub fn place(&self, cell: Point) -> Point {
        let Region { x, y, width, height } = self.region;
        let along = |at: f32, first: u32, pixels: u32, cells: usize| {
            (at + 0.5) * pixels as f32 / cells as f32 - 0.5 + first as f32
        };
        Point { x: along(cell.x, x, width, self.width), y: along(cell.y, y, height, self.height) }
    }

    /// The part of the photo, a pixel for each cell.
    pub fn cut(&self, photo: &RgbImage) -> RgbImage {
        let Region { x, y, width, height } = self.region;
        rgb_part(photo, [x, y, width, height], self.width as u32, self.height as u32, Filter::Area)
    }

    /// A map that has one value everywhere.
    pub fn filled(&self, value: f32) -> Map {
        let values = vec![value; self.width * self.height];
        Map { width: self.width, height: self.height, values }
    }

    /// A map of what `value` makes of each cell's place in the photo.
    pub fn map(&self, value: impl Fn(Point) -> f32 + Sync) -> Map {
        self.filled(0.0).each(|x, y| value(self.place(Point { x: x as f32, y: y as f32 })))
    }

    /// Works on the rows of this part of the photo, many at once: `work` has the number of a row,
    /// counted from the part's top, and its pixels.
    pub fn rows(&self, photo: &mut RgbImage, work: impl Fn(u32, &mut [[u8; 3]]) + Sync) {
        let Region { x, y, width, height } = self.region;
        let line = photo.width().max(1) as usize * 3;
        let rows = photo.par_chunks_exact_mut(line).skip(y as usize).take(height as usize);
        rows.enumerate().with_min_len(8).for_each(|(row, pixels)| {
            let own = &mut pixels[x as usize * 3..][..width as usize * 3];
            work(row as u32, own.as_chunks_mut::<3>().0);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_and_places_agree_and_stay_in_the_photo() {
        let around = Rect { x: -20.0, y: 30.5, width: 300.0, height: 100.0 };
        let window = Window::of(around, 2.0, (200, 120)).expect("a window");
        assert_eq!(window.region, Region { x: 0, y: 30, width: 200, height: 90 });
        assert_eq!((window.width, window.height), (100, 45));
        let place = Point { x: 57.0, y: 44.0 };
        assert!(window.place(window.cell(place)).distance(place) < 1e-3);
        assert!(Window::of(Rect { x: 500.0, ..around }, 1.0, (200, 120)).is_none());
    }

    #[test]
    fn only_its_own_rows_are_worked_on() {
        let mut photo = RgbImage::new(20, 10);
        let around = Rect { x: 5.0, y: 2.0, width: 4.0, height: 3.0 };
        let window = Window::of(around, 1.0, (20, 10)).expect("a window");
        window.rows(&mut photo, |row, pixels| pixels.fill([row as u8 + 1; 3]));
        let count = |value: u8| photo.pixels().filter(|pixel| pixel.0 == [value; 3]).count();
        assert_eq!([1, 2, 3].map(count), [4; 3]);
        assert_eq!(count(0), 200 - 12);
    }
}
