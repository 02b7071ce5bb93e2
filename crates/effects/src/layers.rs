//! A subject as a layer of its own: it is moved, and the background stays as it is.
//!
//! What becomes free behind the subject is completed from the background ([`crate::complete`]); it is only
//! the strip that the subject leaves, so that nothing is invented elsewhere.

use image::{GrayImage, Luma, RgbImage};
use rayon::prelude::*;
use safelight_contract::Result;
use safelight_imaging::Cutout;
use safelight_imaging::components::grown;
use safelight_vision::face::Point;

use crate::complete::{Options, complete};
use crate::field::bicubic;

/// Smaller displacements than this, in pixels, leave a pixel as it is.
const STILL: f32 = 0.3;
/// Alpha below this is dust.
const DUST: u8 = 8;
/// Alpha from this on hides what is behind.
const OPAQUE: u8 = 252;
/// What of the subject is mixed into the background around it, as a share of the photo's height.
const MARGIN: f32 = 0.004;

/// Moves a subject: each place of the result shows what of the subject lies at that place plus
/// `displacement`. `cutout` is the subject at the photo's size, with its own colours. Where the subject
/// leaves a place that `freed` allows, the background is completed.
///
/// Pixels that neither the subject nor its old place touches keep their bytes.
///
/// # Errors
/// Those of [`complete`].
pub fn shift(
    photo: &mut RgbImage,
    cutout: &Cutout,
    displacement: impl Fn(Point) -> Point + Sync,
    freed: impl Fn(Point) -> bool + Sync,
    check: &dyn Fn() -> Result<()>,
) -> Result<()> {
    let (width, height) = photo.dimensions();
    let moved = |x: u32, y: u32| {
        let place = Point { x: x as f32, y: y as f32 };
        let by = displacement(place);
        (by.x.hypot(by.y) > STILL).then_some(Point { x: place.x + by.x, y: place.y + by.y })
    };
    let margin = ((height as f32 * MARGIN).round() as usize).max(2);
    let mut subject = cutout.alpha.clone();
    subject.iter_mut().for_each(|alpha| *alpha = if *alpha >= DUST { 255 } else { 0 });
    let around = grown(&subject, margin);
    drop(subject);
    // Where the background is to be seen that the subject hid.
    let mut hole = GrayImage::new(width, height);
    hole.par_chunks_exact_mut(width.max(1) as usize).enumerate().for_each(|(y, row)| {
        for (x, hole) in row.iter_mut().enumerate() {
            let (x, y) = (x as u32, y as u32);
            if around.get_pixel(x, y).0[0] == 0 || !freed(Point { x: x as f32, y: y as f32 }) {
                continue;
            }
            let Some(from) = moved(x, y) else { continue };
            *hole = u8::from(sampled(&cutout.alpha, from) < f32::from(OPAQUE)) * 255;
        }
    });
    check()?;
    let mut ground = photo.clone();
    if hole.iter().any(|&value| value > 0) {
        complete(&mut ground, &hole, Some(&around), &Options::default(), check)?;
    }
    check()?;
    let line = width.max(1) as usize * 3;
    photo.par_chunks_exact_mut(line).enumerate().for_each(|(y, row)| {
        for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let (x, y) = (x as u32, y as u32);
            let Some(from) = moved(x, y) else { continue };
            let (alpha, colour) = laid(cutout, from);
            let behind = ground.get_pixel(x, y).0;
            if alpha <= 0.0 {
                // Beside the subject this is the photo's own.
                *pixel = behind;
                continue;
            }
            for (value, (own, behind)) in pixel.iter_mut().zip(colour.into_iter().zip(behind)) {
                let mixed = own * alpha + f32::from(behind) * (1.0 - alpha);
                *value = (mixed + 0.5).clamp(0.0, 255.0) as u8;
            }
        }
    });
    Ok(())
}

/// The alpha at a place between pixels, 0 to 255; nothing outside.
fn sampled(alpha: &GrayImage, place: Point) -> f32 {
    corners(alpha.dimensions(), place)
        .map(|(x, y, weight)| f32::from(alpha.get_pixel(x, y).0[0]) * weight)
        .sum()
}

/// The pixels around a place, with their weights in a linear mixture.
fn corners((width, height): (u32, u32), place: Point) -> impl Iterator<Item = (u32, u32, f32)> {
    let (left, top) = (place.x.floor(), place.y.floor());
    let (across, down) = (place.x - left, place.y - top);
    let all = [
        (0.0, 0.0, (1.0 - across) * (1.0 - down)),
        (1.0, 0.0, across * (1.0 - down)),
        (0.0, 1.0, (1.0 - across) * down),
        (1.0, 1.0, across * down),
    ];
    all.into_iter().filter_map(move |(x, y, weight)| {
        let (x, y) = (left + x, top + y);
        let inside = x >= 0.0 && y >= 0.0 && x < width as f32 && y < height as f32;
        inside.then_some((x as u32, y as u32, weight))
    })
}

/// Alpha (0 to 1) and colour of the subject at a place between pixels: sharp inside, and at the edge the
/// mean of what belongs to it.
fn laid(cutout: &Cutout, place: Point) -> (f32, [f32; 3]) {
    let (mut alpha, mut sum) = (0.0, [0.0; 3]);
    for (x, y, weight) in corners(cutout.alpha.dimensions(), place) {
        let own = f32::from(cutout.alpha.get_pixel(x, y).0[0]) / 255.0 * weight;
        let colour = cutout.rgb.get_pixel(x, y).0;
        (0..3).for_each(|i| sum[i] += own * f32::from(colour[i]));
        alpha += own;
    }
    if alpha < 1.0 / 512.0 {
        return (0.0, sum);
    }
    if alpha > 0.999 {
        return (1.0, bicubic(&cutout.rgb, place.x, place.y).map(f32::from));
    }
    (alpha, sum.map(|sum| sum / alpha))
}

/// A cut-out of a part of a photo, as one of the whole.
pub fn placed(part: &Cutout, photo: &RgbImage, (left, top): (u32, u32)) -> Cutout {
    let (mut rgb, mut alpha) = (photo.clone(), GrayImage::new(photo.width(), photo.height()));
    let rows = part.alpha.enumerate_pixels().filter(|(.., alpha)| alpha.0[0] > 0);
    for (x, y, own) in rows {
        let (column, row) = (left + x, top + y);
        if column < photo.width() && row < photo.height() {
            alpha.put_pixel(column, row, Luma(own.0));
            rgb.put_pixel(column, row, *part.rgb.get_pixel(x, y));
        }
    }
    Cutout { rgb, alpha }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    const SIZE: (u32, u32) = (160, 120);

    /// A striped wall, and a red board before it.
    fn scene() -> (RgbImage, Cutout) {
        let wall =
            |x: u32| Rgb(if (x / 8).is_multiple_of(2) { [60, 90, 140] } else { [180, 190, 150] });
        let board = |x: u32, y: u32| (60..100).contains(&x) && (30..90).contains(&y);
        let photo = RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| match board(x, y) {
            true => Rgb([200, 40, 40]),
            false => wall(x),
        });
        let alpha = GrayImage::from_fn(SIZE.0, SIZE.1, |x, y| Luma([u8::from(board(x, y)) * 255]));
        (photo.clone(), Cutout { rgb: photo, alpha })
    }

    fn shifted(by: f32) -> RgbImage {
        let (mut photo, cutout) = scene();
        let away = |place: Point| {
            let near = place.y > 20.0 && place.y < 100.0;
            Point { x: if near { by } else { 0.0 }, y: 0.0 }
        };
        shift(&mut photo, &cutout, away, |_| true, &|| Ok(())).expect("moved");
        photo
    }

    #[test]
    fn what_stands_still_stays_to_the_byte() {
        assert_eq!(shifted(0.0), scene().0);
    }

    #[test]
    fn the_subject_moves_and_the_wall_behind_it_goes_on() {
        let (before, after) = (scene().0, shifted(6.0));
        let red = |photo: &RgbImage, x: u32| photo.get_pixel(x, 60).0[0] > 190;
        assert!(red(&before, 98) && !red(&after, 98), "it left its right edge");
        assert!(!red(&before, 56) && red(&after, 56), "it covers what was at its left");
        // What became free is wall, by its colours.
        let far = |a: [u8; 3], b: [u8; 3]| a.iter().zip(b).map(|(a, b)| a.abs_diff(b)).max();
        let wall = [[60, 90, 140], [180, 190, 150]];
        for x in 96..100 {
            let near = wall.iter().map(|&w| far(after.get_pixel(x, 60).0, w)).min();
            assert!(near.flatten() <= Some(60), "{x}: {:?}", after.get_pixel(x, 60));
        }
        let touched = after.enumerate_pixels().filter(|(x, y, p)| *p != before.get_pixel(*x, *y));
        let outside = |x: u32, y: u32| !(52..=104).contains(&x) || !(26..=94).contains(&y);
        assert_eq!(touched.filter(|(x, y, _)| outside(*x, *y)).count(), 0);
    }

    #[test]
    fn a_part_is_placed_where_it_was() {
        let (photo, cutout) = scene();
        let crop = |x, y, w, h| Cutout {
            rgb: image::imageops::crop_imm(&cutout.rgb, x, y, w, h).to_image(),
            alpha: image::imageops::crop_imm(&cutout.alpha, x, y, w, h).to_image(),
        };
        let again = placed(&crop(50, 20, 70, 80), &photo, (50, 20));
        assert_eq!((again.rgb, again.alpha), (cutout.rgb, cutout.alpha));
    }
}
