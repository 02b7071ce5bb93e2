//! Things behind the subject that a mask took along: what lies off the sure part of the subject, is
//! itself half sure all over, and runs out of the picture.

use image::GrayImage;

use crate::components::{components, count_from, grown};

/// The mask is sure of the subject from here on, and shows something from here on.
const SURE: u8 = 250;
const SHOWN: u8 = 64;
/// What is farther than this from the sure part is off it, as a share of the mask's longer side:
/// farther than hair flies.
const OFF: f32 = 1.0 / 53.0;
/// Strays are of this size, as shares of what is shown; less is an edge, more may be the subject.
const LEAST: f32 = 0.004;
const MOST: f32 = 0.04;
/// Their mean value: wisps of hair fade out and are lower, the subject's own parts are sure.
const DOUBTFUL: std::ops::Range<f32> = 190.0..SURE as f32;
/// Where the sure part is less than this share of what is shown, the mask is unsure all over and
/// tells nothing.
const LEAST_SURE: f32 = 0.75;

/// Erases them.
pub(super) fn drop_strays(mask: &mut GrayImage) {
    // Mostly nothing leaves the picture half sure, and the rest can be spared.
    let (width, height) = mask.dimensions();
    let at_border = |at: u32| {
        let (x, y) = (at % width, at / width);
        x == 0 || y == 0 || x + 1 == width || y + 1 == height
    };
    let half_sure = |value: &u8| (SHOWN..SURE).contains(value);
    if !mask.iter().zip(0..).any(|(value, at)| half_sure(value) && at_border(at)) {
        return;
    }
    let shown = count_from(mask, SHOWN);
    let sure = components(mask, |value| value >= SURE);
    let Some(main) = sure.iter().max_by_key(|piece| piece.cells.len()) else { return };
    if (main.cells.len() as f32) < LEAST_SURE * shown {
        return;
    }
    let subject = main.alone(mask.dimensions());
    let reach = ((width.max(height) as f32 * OFF).round() as usize).max(1);
    let mut off = mask.clone();
    for (off, &near) in off.iter_mut().zip(grown(&subject, reach).iter()) {
        *off = if near > 0 { 0 } else { *off };
    }
    let mut strays = GrayImage::new(width, height);
    for piece in components(&off, |value| value >= SHOWN) {
        let size = piece.cells.len() as f32 / shown;
        let stray = (LEAST..MOST).contains(&size) && DOUBTFUL.contains(&piece.mean(mask));
        if stray && piece.cells.iter().any(|&at| at_border(at)) {
            piece.paint(&mut strays);
        }
    }
    // With the seam between them and the subject.
    let (seam, kept) = (grown(&strays, reach + 1), grown(&subject, 1));
    for ((value, &seam), &kept) in mask.iter_mut().zip(seam.iter()).zip(kept.iter()) {
        if seam > 0 && kept == 0 {
            *value = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    /// A body in the middle with something on its left; the value there, column by column.
    fn beside(left: u32, value: impl Fn(u32) -> u8) -> GrayImage {
        GrayImage::from_fn(320, 320, |x, y| {
            Luma([match (x, y) {
                (60..260, 40..320) => 254,
                (_, 260..300) if (left..60).contains(&x) => value(x),
                _ => 0,
            }])
        })
    }

    fn cleared(mut mask: GrayImage) -> GrayImage {
        drop_strays(&mut mask);
        mask
    }

    #[test]
    fn a_flag_behind_goes_with_its_seam() {
        let found = cleared(beside(0, |x| if x < 30 { 240 } else { 225 }));
        let at = |x, y| found.get_pixel(x, y).0[0];
        assert_eq!([at(5, 270), at(45, 270), at(57, 270)], [0; 3]);
        assert_eq!([at(61, 270), at(150, 100)], [254; 2]);
    }

    #[test]
    fn what_ends_inside_the_picture_stays() {
        let bag = beside(30, |_| 240);
        assert_eq!(cleared(bag.clone()), bag);
    }

    #[test]
    fn hair_and_arms_that_leave_the_picture_stay() {
        let hair = beside(0, |x| (x * 4).min(254) as u8);
        let arm = beside(0, |_| 254);
        let large = GrayImage::from_fn(320, 320, |x, _| Luma([if x < 160 { 240 } else { 254 }]));
        for mask in [hair, arm, large] {
            assert_eq!(cleared(mask.clone()), mask);
        }
    }
}
