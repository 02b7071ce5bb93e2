//! Whose head a cell of a mask belongs to, where several are close together.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use image::{GrayImage, Luma, RgbImage, imageops};
use safelight_imaging::components::{components, grown};
use safelight_imaging::resize::{self, Filter};
use safelight_imaging::{Region, lab_of};

use crate::face::Rect;

/// How far the forehead reaches above the box of a face, by half its height.
const FOREHEAD: f32 = 0.3;
/// Minimum width of another person's face, relative to the head's own face.
const LEAST_OTHER: f32 = 0.35;
/// Pieces of a head hang together where they touch over more than two of this share of the mask's side.
const BRIDGE: u32 = 110;
/// The inner part of a face's box that is its own beyond doubt.
const CORE: f32 = 0.8;
/// Length of a step by the half width of a face, and how much longer it is for each L* of change.
const STEP: f32 = 4096.0;
const EDGE: f32 = 0.5;

/// A face in cells of a mask.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    middle: [f32; 2],
    half: [f32; 2],
}

impl Place {
    pub fn of(rect: Rect, region: Region, (width, height): (u32, u32)) -> Self {
        let centre = rect.centre();
        let (across, down) =
            (width as f32 / region.width as f32, height as f32 / region.height as f32);
        Self {
            middle: [(centre.x - region.x as f32) * across, (centre.y - region.y as f32) * down],
            half: [rect.width / 2.0 * across, rect.height / 2.0 * down],
        }
    }

    /// The same with all of the forehead: the box of a face ends in its middle.
    pub fn with_forehead(&self) -> Self {
        let [x, y] = self.middle;
        let [across, down] = self.half;
        Self { middle: [x, y - FOREHEAD * down], half: [across, (1.0 + FOREHEAD) * down] }
    }

    /// How far a cell lies from the middle, 1 at the edge of the ellipse in the face's box.
    pub fn reach(&self, x: f32, y: f32) -> f32 {
        let [a, b] = [x - self.middle[0], y - self.middle[1]];
        (a / self.half[0].max(1.0)).hypot(b / self.half[1].max(1.0))
    }

    /// Whether it is the face of somebody else: not one found twice.
    pub fn is_beside(&self, other: &Self) -> bool {
        other.reach(self.middle[0], self.middle[1]) > 1.0
            && self.half[0] > LEAST_OTHER * other.half[0]
    }

    /// The cells of a mask of this size inside the ellipse made smaller by `share`.
    pub fn cells(&self, (width, height): (u32, u32), share: f32) -> Vec<u32> {
        let all = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let inside = all.filter(|&(x, y)| self.reach(x as f32 + 0.5, y as f32 + 0.5) < share);
        inside.map(|(x, y)| y * width + x).collect()
    }

    /// Closes the holes of a mask inside the face.
    pub fn close(&self, mask: &mut GrayImage) {
        let (width, height) = mask.dimensions();
        let inside =
            |at: u32| self.reach((at % width) as f32 + 0.5, (at / width) as f32 + 0.5) < 1.0;
        let holes = components(mask, |value| value < 200);
        let mut closed = GrayImage::new(width, height);
        holes.iter().filter(|hole| hole.cells.iter().all(|&at| inside(at))).for_each(|hole| {
            hole.paint(&mut closed);
        });
        let closed = grown(&closed, 2);
        mask.iter_mut().zip(closed.iter()).for_each(|(value, &filled)| *value = filled.max(*value));
    }
}

/// Erases what belongs to the head of somebody else: what does not hang together with this face through
/// parts of a head, but for a narrow bridge, and what is nearer to another face on a way that crosses no
/// edges. `pixels` is the photo under the mask.
pub fn only_own(
    mask: &mut GrayImage,
    head: &GrayImage,
    pixels: &RgbImage,
    face: &Place,
    others: &[Place],
) {
    let (width, height) = head.dimensions();
    let longer = width.max(height);
    let is_head = GrayImage::from_fn(width, height, |x, y| {
        Luma([if head.get_pixel(x, y).0[0] >= 128 { 255 } else { 0 }])
    });
    let bridge = (longer / BRIDGE).max(1) as usize;
    let mut cut = shrunk(&is_head, bridge);
    face.cells((width, height), CORE).iter().for_each(|&at| {
        let at = at as usize;
        cut.as_mut()[at] = is_head.as_raw()[at];
    });
    let [x, y] = face.middle.map(|at| at.max(0.0) as u32);
    let centre = y.min(height - 1) * width + x.min(width - 1);
    let mut own = GrayImage::new(width, height);
    for piece in components(&cut, |value| value >= 128) {
        if piece.cells.contains(&centre) {
            piece.paint(&mut own);
        }
    }
    own = grown(&own, bridge + 1);
    own.iter_mut().zip(is_head.iter()).for_each(|(own, &head)| *own = head.min(*own));
    if !others.is_empty() {
        nearest(&mut own, pixels, face, others);
    }
    // With the soft edge around it.
    let near = grown(&own, (longer / 24).max(2) as usize);
    let cells = own.iter().zip(is_head.iter()).zip(near.iter());
    for (value, ((&own, &head), &near)) in mask.iter_mut().zip(cells) {
        *value = if own > 0 || (near > 0 && head == 0) { *value } else { 0 };
    }
}

/// The smallest value within `reach` cells in x and in y.
pub fn shrunk(mask: &GrayImage, reach: usize) -> GrayImage {
    let mut turned = mask.clone();
    imageops::invert(&mut turned);
    let mut shrunk = grown(&turned, reach);
    imageops::invert(&mut shrunk);
    shrunk
}

/// Erases the cells that are nearer to another face than to this one. Ways lead over cells of the mask, are
/// measured in sizes of the face that they come from, and are longer where lightness changes.
fn nearest(own: &mut GrayImage, pixels: &RgbImage, face: &Place, others: &[Place]) {
    let (width, height) = own.dimensions();
    let pixels = resize::rgb(pixels, width, height, Filter::Area);
    let light: Vec<f32> = pixels.pixels().map(|pixel| lab_of(pixel.0)[0]).collect();
    let places: Vec<Place> = [face].into_iter().chain(others).copied().collect();
    let mut distance = vec![u32::MAX; light.len()];
    let mut owner = vec![0_u8; light.len()];
    let mut queue = BinaryHeap::new();
    for (index, place) in places.iter().enumerate().take(256) {
        for at in place.cells((width, height), CORE) {
            queue.push(Reverse((0, at, index as u8)));
        }
    }
    while let Some(Reverse((way, at, index))) = queue.pop() {
        let cell = at as usize;
        if way >= distance[cell] {
            continue;
        }
        (distance[cell], owner[cell]) = (way, index);
        let step = STEP / places[usize::from(index)].half[0].max(1.0);
        let (x, y) = (at % width, at / width);
        let near = [
            (x > 0).then(|| at - 1),
            (x + 1 < width).then(|| at + 1),
            (y > 0).then(|| at - width),
            (y + 1 < height).then(|| at + width),
        ];
        for next in near.into_iter().flatten().filter(|&next| own.as_raw()[next as usize] > 0) {
            let edge = (light[next as usize] - light[cell]).abs();
            let way = way.saturating_add((step * (1.0 + EDGE * edge)) as u32);
            if way < distance[next as usize] {
                queue.push(Reverse((way, next, index)));
            }
        }
    }
    own.iter_mut().zip(&owner).filter(|(_, owner)| **owner > 0).for_each(|(own, _)| *own = 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A head of 40 x 40 cells on the left and one on the right, joined by a bar of `joint` rows.
    fn two(joint: u32) -> (GrayImage, RgbImage, [Place; 2]) {
        let head = GrayImage::from_fn(128, 64, |x, y| {
            let in_heads =
                (12..52).contains(&y) && ((10..50).contains(&x) || (70..110).contains(&x));
            let in_joint = (10..110).contains(&x) && (32..32 + joint).contains(&y);
            Luma([if in_heads || in_joint { 255 } else { 0 }])
        });
        let place = |x: f32| Place { middle: [x, 32.0], half: [10.0, 14.0] };
        (head, RgbImage::from_pixel(128, 64, image::Rgb([90; 3])), [place(30.0), place(90.0)])
    }

    fn kept(joint: u32, others: usize) -> [u8; 2] {
        let (head, pixels, [own, other]) = two(joint);
        let mut mask = head.clone();
        only_own(&mut mask, &head, &pixels, &own, &[other][..others]);
        [20, 100].map(|x| mask.get_pixel(x, 20).0[0])
    }

    #[test]
    fn a_narrow_bridge_does_not_join_two_heads() {
        assert_eq!(kept(0, 0), [255, 0]);
        assert_eq!(kept(2, 0), [255, 0]);
        assert_eq!(kept(16, 0), [255, 255], "what hangs together well is one head");
    }

    #[test]
    fn what_is_nearer_to_another_face_goes() {
        assert_eq!(kept(16, 1), [255, 0]);
        let (_, _, [own, other]) = two(0);
        assert!(other.is_beside(&own) && !own.is_beside(&own));
    }

    #[test]
    fn holes_inside_the_face_are_closed() {
        let (head, _, [own, _]) = two(0);
        let mut mask = head;
        for (x, y) in [(28, 30), (29, 30), (48, 14)] {
            mask.put_pixel(x, y, Luma([0]));
        }
        own.close(&mut mask);
        let at = |x: u32, y: u32| mask.get_pixel(x, y).0[0];
        assert_eq!([at(28, 30), at(29, 30)], [255; 2]);
        assert_eq!(at(48, 14), 0, "beside the face they stay");
    }
}
