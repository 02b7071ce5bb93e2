//! Whether a face is drawn: flat areas between outlines, where a photo has shades. It finds plain cartoons;
//! drawings with shades, and filters that make photos look drawn, are as photos here.

use image::{Rgb, RgbImage};
use safelight_imaging::lab_of;
use safelight_imaging::map::percentile;
use safelight_imaging::warp::Border;

use super::Detection;
use super::frame::Frame;

/// Side of the square that is looked at, and how much larger than the face it is.
const SIDE: u32 = 128;
const MARGIN: f32 = 1.1;
/// Steep places of a drawing are this many times as steep as most of it. Photos of faces reach 12, with
/// covers 22, as blocks of JPEG 37.
const STEEPNESS: f32 = 45.0;
const STEEP: f32 = 0.97;
/// Slopes below this, in L* for two cells, are noise or its absence.
const FLAT: f32 = 0.3;

/// Whether a face is drawn beyond doubt.
pub(super) fn is_drawn(photo: &RgbImage, face: &Detection) -> bool {
    let (pixels, _) = Frame::of(face, MARGIN).cut(photo, SIDE, Border::Replicate);
    let light = |x: u32, y: u32| {
        let Rgb(pixel) = *pixels.get_pixel(x, y);
        lab_of(pixel)[0]
    };
    let inner = 1..SIDE - 1;
    let mut slopes: Vec<f32> = inner
        .clone()
        .flat_map(|y| inner.clone().map(move |x| (x, y)))
        .map(|(x, y)| {
            let across = light(x + 1, y) - light(x - 1, y);
            across.hypot(light(x, y + 1) - light(x, y - 1))
        })
        .collect();
    let steep = percentile(&mut slopes, STEEP);
    steep > STEEPNESS * percentile(&mut slopes, 0.5).max(FLAT)
}
