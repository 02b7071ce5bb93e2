//! Ink: lines of any width, and the lines of a face.

use safelight_imaging::map::Map;

use crate::atlas::{EYES, LIPS, MOUTH};
use crate::kit::Kit;
use crate::path::{Path, between, distance, inside};
use crate::strokes::Place;

/// The upper and the lower lid of each eye, from the inner to the outer corner.
const UPPER_LIDS: [[usize; 9]; 2] =
    [[133, 173, 157, 158, 159, 160, 161, 246, 33], [362, 398, 384, 385, 386, 387, 388, 466, 263]];
const LOWER_LIDS: [[usize; 9]; 2] =
    [[133, 155, 154, 153, 145, 144, 163, 7, 33], [362, 382, 381, 380, 374, 373, 390, 249, 263]];
/// The upper and the lower edge of each brow, from the inner end to the outer.
const BROWS: [[[usize; 5]; 2]; 2] = [
    [[107, 66, 105, 63, 70], [55, 65, 52, 53, 46]],
    [[336, 296, 334, 293, 300], [285, 295, 282, 283, 276]],
];
/// The lower edge of the nose, and the wings.
const NOSE: [usize; 7] = [64, 98, 97, 2, 326, 327, 294];
const WINGS: [[usize; 4]; 2] = [[64, 102, 49, 209], [294, 331, 279, 429]];
/// A mouth is open where the gap is wider than this share of its width.
const OPEN: f32 = 0.05;
/// Straight pieces that a line is drawn as.
const PIECES: usize = 28;

/// A sheet that is drawn on: how much ink lies on each cell, 0 to 1.
pub(super) struct Sheet {
    /// The ink.
    pub ink: Map,
}

impl Sheet {
    /// An empty sheet.
    pub fn new(width: usize, height: usize) -> Self {
        Self { ink: Map { width, height, values: vec![0.0; width * height] } }
    }

    /// Draws a line whose width at each share of its length is `width`, in cells.
    pub fn line(&mut self, path: &Path, width: impl Fn(f32) -> f32) {
        let step = |i: usize| i as f32 / PIECES as f32;
        for i in 0..PIECES {
            let (from, to) = (step(i), step(i + 1));
            self.piece([path.at(from), path.at(to)], [width(from), width(to)]);
        }
    }

    fn piece(&mut self, [from, to]: [Place; 2], widths: [f32; 2]) {
        let reach = widths[0].max(widths[1]).max(1.0) / 2.0 + 1.0;
        let way = [to[0] - from[0], to[1] - from[1]];
        let square = (way[0] * way[0] + way[1] * way[1]).max(1e-6);
        let range = |axis: usize, length: usize| {
            let low = (from[axis].min(to[axis]) - reach).floor().max(0.0) as usize;
            let high = (from[axis].max(to[axis]) + reach).ceil().max(0.0) as usize;
            low..(high + 1).min(length)
        };
        for y in range(1, self.ink.height) {
            for x in range(0, self.ink.width) {
                let off = [x as f32 - from[0], y as f32 - from[1]];
                let t = ((off[0] * way[0] + off[1] * way[1]) / square).clamp(0.0, 1.0);
                let far = (off[0] - t * way[0]).hypot(off[1] - t * way[1]);
                let width = widths[0] + (widths[1] - widths[0]) * t;
                let held = width.max(1.0);
                let cover = (held / 2.0 + 0.5 - far).clamp(0.0, 1.0) * width / held;
                let cell = &mut self.ink.values[y * self.ink.width + x];
                *cell = cell.max(cover);
            }
        }
    }
}

/// A face on a sheet: where its points lie there.
pub(super) struct Features<'a> {
    kit: &'a Kit,
    scale: f32,
    shift: Place,
}

impl<'a> Features<'a> {
    /// Of a face whose photo lies on the sheet with `scale` cells for each pixel, moved by `shift`.
    pub fn new(kit: &'a Kit, scale: f32, shift: Place) -> Self {
        Self { kit, scale, shift }
    }

    /// The width of the face in cells.
    pub fn fw(&self) -> f32 {
        self.kit.fw * self.scale
    }

    fn point(&self, index: usize) -> Place {
        let point = self.kit.mesh.point(index);
        [
            (point.x + 0.5) * self.scale - 0.5 + self.shift[0],
            (point.y + 0.5) * self.scale - 0.5 + self.shift[1],
        ]
    }

    /// The points of these indices.
    pub fn points(&self, indices: &[usize]) -> Vec<Place> {
        indices.iter().map(|&index| self.point(index)).collect()
    }

    fn path(&self, indices: &[usize]) -> Path {
        Path::through(&self.points(indices))
    }

    /// The line that closes: it ends where it begins.
    fn ring(&self, indices: &[usize]) -> Path {
        let mut points = self.points(indices);
        points.extend(points.first().copied());
        Path::through(&points)
    }

    /// The outlines of eyes, irises, brows, mouth and nose in lines of one width, to be coloured in.
    pub fn outlines(&self, sheet: &mut Sheet, width: f32) {
        for side in 0..2 {
            for lids in [&UPPER_LIDS[side], &LOWER_LIDS[side]] {
                sheet.line(&self.path(lids), |_| width);
            }
            let [upper, lower] = &BROWS[side];
            let around: Vec<usize> = upper.iter().chain(lower.iter().rev()).copied().collect();
            sheet.line(&self.ring(&around), |_| width);
            self.iris(sheet, side, width);
            sheet.line(&self.path(&WINGS[side]), |t| width * (1.0 - 0.6 * t));
        }
        sheet.line(&self.path(&NOSE), |_| width);
        sheet.line(&self.ring(&LIPS), |_| width);
        self.mouth(sheet, width);
    }

    /// The line between the lips, or the opening of the mouth.
    fn mouth(&self, sheet: &mut Sheet, width: f32) {
        let gap = distance(self.point(13), self.point(14));
        let across = distance(self.point(78), self.point(308)).max(1e-3);
        if gap > OPEN * across {
            sheet.line(&self.ring(&MOUTH), |_| width);
        } else {
            let upper = self.points(&MOUTH[0..11]);
            let mut lower = self.points(&MOUTH[11..]);
            lower.reverse();
            let middle: Vec<Place> = (0..upper.len())
                .map(|i| match i {
                    0 | 10 => upper[i],
                    _ => between(upper[i], lower[i - 1], 0.5),
                })
                .collect();
            sheet.line(&Path::through(&middle), |_| width);
        }
    }

    /// The iris as far as the lids leave it free, with a filled pupil.
    fn iris(&self, sheet: &mut Sheet, side: usize, width: f32) {
        let (centre, radius) = self.kit.iris_disc(side);
        let radius = radius * self.scale;
        let centre = [
            (centre.x + 0.5) * self.scale - 0.5 + self.shift[0],
            (centre.y + 0.5) * self.scale - 0.5 + self.shift[1],
        ];
        let eye = self.points(&EYES[side]);
        let reach = radius + width + 1.0;
        let range = |at: f32, length: usize| {
            let low = (at - reach).floor().max(0.0) as usize;
            low..((at + reach).ceil().max(0.0) as usize + 1).min(length)
        };
        for y in range(centre[1], sheet.ink.height) {
            for x in range(centre[0], sheet.ink.width) {
                let place = [x as f32, y as f32];
                if !inside(&eye, place) {
                    continue;
                }
                let far = distance(place, centre);
                let ring = (width / 2.0 + 0.5 - (far - radius).abs()).clamp(0.0, 1.0);
                let pupil = (0.42 * radius + 0.5 - far).clamp(0.0, 1.0);
                let cell = &mut sheet.ink.values[y * sheet.ink.width + x];
                *cell = cell.max(ring).max(pupil);
            }
        }
    }

    /// The few strokes that make a drawn face: lids, pupils, the line of the mouth, the nose. `width`
    /// is that of the upper lid in cells.
    pub fn accents(&self, sheet: &mut Sheet, width: f32) {
        for side in 0..2 {
            let swell = |t: f32| width * (0.45 + 0.75 * t) * (1.0 - 0.35 * t * t);
            sheet.line(&self.path(&UPPER_LIDS[side]), swell);
            sheet.line(&self.path(&LOWER_LIDS[side]), |t| width * 0.42 * (0.35 + 0.65 * t));
            sheet.line(&self.path(&WINGS[side]), |t| width * 0.5 * (1.0 - t));
        }
        let tapered = |t: f32| width * (0.35 + 0.65 * (std::f32::consts::PI * t).sin());
        sheet.line(&self.path(&NOSE), |t| 0.55 * tapered(t) * (2.0 * (t - 0.5)).abs().max(0.25));
        self.tapered_mouth(sheet, tapered);
    }

    fn tapered_mouth(&self, sheet: &mut Sheet, width: impl Fn(f32) -> f32) {
        let gap = distance(self.point(13), self.point(14));
        let across = distance(self.point(78), self.point(308)).max(1e-3);
        let upper = self.path(&MOUTH[0..11]);
        sheet.line(&upper, |t| 0.8 * width(t));
        if gap > OPEN * across {
            let mut lower = self.points(&MOUTH[11..]);
            lower.insert(0, self.point(MOUTH[10]));
            lower.push(self.point(MOUTH[0]));
            sheet.line(&Path::through(&lower), |t| 0.6 * width(t));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_their_width_and_stay_on_the_sheet() {
        let mut sheet = Sheet::new(60, 40);
        let path = Path::through(&[[10.0, 20.0], [30.0, 20.0], [50.0, 20.0]]);
        sheet.line(&path, |_| 4.0);
        let column: f32 = (0..40).map(|y| sheet.ink.values[y * 60 + 30]).sum();
        assert!((column - 4.0).abs() < 0.2, "{column}");
        let before: f32 = sheet.ink.values.iter().sum();
        sheet.line(&Path::through(&[[-90.0, -90.0], [-50.0, -80.0]]), |_| 4.0);
        assert_eq!(before, sheet.ink.values.iter().sum::<f32>());
    }

    #[test]
    fn inside_is_inside() {
        let square = [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]];
        assert!(inside(&square, [5.0, 5.0]) && !inside(&square, [15.0, 5.0]));
    }
}
