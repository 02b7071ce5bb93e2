//! Ground that the subject encloses: counters of letters, the inside of a ring. Saliency takes them for the
//! subject.
//!
//! They are told on plain ground alone, such as paper or a screen, where they are as flat as the ground, have its
//! very colour, and end at an edge all around. A label in exactly the colour of plain ground cannot be told
//! from a hole. Holes before ground that is not plain stay filled: what is seen through them seldom has one
//! colour, and parts of the subject often have the ground's.

use image::{GrayImage, Luma, RgbImage};
use safelight_imaging::components::{components, grown};
use safelight_imaging::lab_of;
use safelight_imaging::map::{Map, percentile};
use safelight_imaging::resize::{self, Filter};

use crate::saliency::Saliency;

/// Below this a place of the mask is ground, and from this on the subject's.
const GROUND: u8 = 26;
const SUBJECT: u8 = 128;
/// The least share of the region that is ground, and the most by which nine tenths of plain ground differ
/// from its median, in L*a*b*.
const LEAST_GROUND: f32 = 0.02;
const PLAIN: f32 = 2.0;
/// What differs from the ground's median by less than this has its colour, and by more than that it does not.
const SAME: f32 = 2.5;
/// A piece whose mean differs from it by more than this is a label in a colour of its own.
const SAME_MEAN: f32 = 1.2;
const OTHER: f32 = 10.0;
/// The smallest piece, as a share of the region.
const LEAST_PIECE: f32 = 0.001;
/// Share of the cells around a piece that must have another colour, this many cells away.
const EDGE: f32 = 0.9;
const AROUND: usize = 3;

/// Clears the enclosed ground from a mask.
pub fn clear_enclosed_ground(photo: &RgbImage, found: &mut Saliency) {
    let (width, height) = found.mask.dimensions();
    let region = found.region;
    let part = [region.x, region.y, region.width, region.height];
    let pixels = resize::rgb_part(photo, part, width, height, Filter::Area);
    let colours = smooth_colours(&pixels);
    let Some(ground) = plain_ground(&colours, &found.mask) else { return };
    let off: Vec<f32> = colours.iter().map(|&colour| distance(colour, ground)).collect();
    let mut same = GrayImage::new(width, height);
    for ((same, &value), &off) in same.iter_mut().zip(found.mask.iter()).zip(&off) {
        *same = if value >= SUBJECT && off < SAME { 255 } else { 0 };
    }
    let least = (LEAST_PIECE * colours.len() as f32) as usize;
    for piece in components(&same, |value| value > 0) {
        let alone = piece.alone((width, height));
        let mean = mean_colour(&colours, &piece.cells);
        if piece.cells.len() >= least
            && distance(mean, ground) < SAME_MEAN
            && is_hole(&alone, &found.mask, &off)
        {
            // The cells next to it are mixed with what is around it.
            let cells = found.mask.iter_mut().zip(grown(&alone, 1).into_raw());
            cells.filter(|(_, hole)| *hole > 0).for_each(|(value, _)| *value = 0);
        }
    }
}

/// L*a*b* of each cell and those next to it, so that the noise of a photo is no texture.
fn smooth_colours(pixels: &RgbImage) -> Vec<[f32; 3]> {
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    let colours: Vec<[f32; 3]> = pixels.pixels().map(|pixel| lab_of(pixel.0)).collect();
    let [light, red, yellow] = [0, 1, 2].map(|channel| {
        let values = colours.iter().map(|colour| colour[channel]).collect();
        Map { width, height, values }.mean(1).values
    });
    light.into_iter().zip(red).zip(yellow).map(|((l, a), b)| [l, a, b]).collect()
}

/// The colour of the ground, where that is plain.
fn plain_ground(colours: &[[f32; 3]], mask: &GrayImage) -> Option<[f32; 3]> {
    let cells = colours.iter().zip(mask.iter()).filter(|(_, value)| **value < GROUND);
    let ground: Vec<[f32; 3]> = cells.map(|(colour, _)| *colour).collect();
    if (ground.len() as f32) < LEAST_GROUND * colours.len() as f32 {
        return None;
    }
    let median = std::array::from_fn(|channel| {
        percentile(&mut ground.iter().map(|colour| colour[channel]).collect::<Vec<_>>(), 0.5)
    });
    let mut off: Vec<f32> = ground.iter().map(|&colour| distance(colour, median)).collect();
    (percentile(&mut off, 0.9) < PLAIN).then_some(median)
}

fn mean_colour(colours: &[[f32; 3]], cells: &[u32]) -> [f32; 3] {
    let sum =
        |channel: usize| cells.iter().map(|&cell| colours[cell as usize][channel]).sum::<f32>();
    std::array::from_fn(|channel| sum(channel) / cells.len().max(1) as f32)
}

fn distance(one: [f32; 3], other: [f32; 3]) -> f32 {
    one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt()
}

/// Whether a piece lies within the subject, and ends at an edge.
fn is_hole(piece: &GrayImage, mask: &GrayImage, off: &[f32]) -> bool {
    let (near, far) = (grown(piece, AROUND - 1), grown(piece, AROUND));
    let (mut all, mut other) = (0_u32, 0_u32);
    for (((Luma([near]), Luma([far])), Luma([value])), &off) in
        near.pixels().zip(far.pixels()).zip(mask.pixels()).zip(off)
    {
        if *far > 0 && *near == 0 {
            if *value < SUBJECT {
                return false;
            }
            all += 1;
            other += u32::from(off > OTHER);
        }
    }
    other as f32 >= EDGE * all as f32 && all > 0
}

#[cfg(test)]
mod tests {
    use image::Rgb;
    use safelight_imaging::Region;

    use super::*;

    const SIDE: u32 = 320;

    fn cleared(ring: [u8; 3], inside: [u8; 3], ground: impl Fn(u32, u32) -> [u8; 3]) -> u8 {
        cleared_of(|_, _| ring, |_, _| inside, ground)
    }

    /// What the mask says of the inside of a ring on a ground, where it was a disc before.
    fn cleared_of(
        ring: impl Fn(u32, u32) -> [u8; 3],
        inside: impl Fn(u32, u32) -> [u8; 3],
        ground: impl Fn(u32, u32) -> [u8; 3],
    ) -> u8 {
        let off = |x: u32, y: u32| (x as f32 - 160.0).hypot(y as f32 - 160.0);
        let photo = RgbImage::from_fn(SIDE, SIDE, |x, y| {
            Rgb(match off(x, y) {
                off if off < 60.0 => inside(x, y),
                off if off < 100.0 => ring(x, y),
                _ => ground(x, y),
            })
        });
        let mask =
            GrayImage::from_fn(SIDE, SIDE, |x, y| Luma([if off(x, y) < 100.0 { 255 } else { 0 }]));
        let mut found = Saliency { mask, region: Region::whole(&photo) };
        clear_enclosed_ground(&photo, &mut found);
        let at = |x, y| found.mask.get_pixel(x, y).0[0];
        assert_eq!([at(160, 80), at(10, 10)], [255, 0], "the ring and the ground");
        at(160, 160)
    }

    #[test]
    fn what_a_ring_shows_of_plain_ground_goes() {
        assert_eq!(cleared([200, 30, 40], [250; 3], |_, _| [250; 3]), 0);
    }

    #[test]
    fn noise_is_no_texture() {
        // Of both, from pixel to pixel, four levels at most.
        let noise =
            |x: u32, y: u32| ((x.wrapping_mul(7919) ^ y.wrapping_mul(104_729)) >> 3) as u8 % 9;
        let paper = |x, y| [240 + noise(x, y), 238 + noise(y, x + 9), 236 + noise(x + 5, y)];
        assert_eq!(cleared_of(|_, _| [200, 30, 40], paper, paper), 0);
        let label = |x: u32, y: u32| paper(x, y).map(|value| value - 25);
        assert_eq!(cleared_of(|_, _| [200, 30, 40], label, paper), 255, "a gray label");
        let pale = |x: u32, y: u32| paper(x, y).map(|value| value - 5);
        assert_eq!(cleared_of(|_, _| [200, 30, 40], pale, paper), 255, "a pale label");
    }

    #[test]
    fn what_has_another_colour_or_no_edge_or_lies_on_busy_ground_stays() {
        let paper = |_, _| [250; 3];
        assert_eq!(cleared([200, 30, 40], [225, 224, 220], paper), 255, "a gray label");
        assert_eq!(cleared([246; 3], [250; 3], paper), 255, "white on white");
        let wood = |x: u32, y: u32| [150 + (x * 7 + y * 3) as u8 % 40, 100, 60];
        assert_eq!(cleared([240; 3], [160, 100, 60], wood), 255, "wood");
    }
}
