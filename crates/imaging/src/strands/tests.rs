use image::Rgb;

use super::*;
use crate::{Photo, Region};

const SIDE: u32 = 1200;
const CENTRE: f32 = 600.0;

/// Alpha of a scene at a place, by 3 x 3 samples of a pixel.
fn sampled(inside: impl Fn(f32, f32) -> bool, x: u32, y: u32) -> f32 {
    let samples =
        (0..9).map(|i| (x as f32 + (i % 3) as f32 / 3.0, y as f32 + (i / 3) as f32 / 3.0));
    samples.filter(|&(x, y)| inside(x, y)).count() as f32 / 9.0
}

/// A ball with whiskers of 3 px.
fn ball(x: f32, y: f32) -> bool {
    let (dx, dy) = (x - CENTRE, y - CENTRE);
    let radius = dx.hypot(dy);
    let step = std::f32::consts::TAU / 18.0;
    let off = (dy.atan2(dx).rem_euclid(step) - step / 2.0).abs() * radius;
    radius < 250.0 || radius < 400.0 && off < 1.5
}

/// A dark subject before a plain wall with a little noise, and its true alpha.
fn scene(inside: fn(f32, f32) -> bool) -> (RgbImage, GrayImage) {
    let alpha = |x, y| sampled(inside, x, y);
    let truth = GrayImage::from_fn(SIDE, SIDE, |x, y| Luma([(alpha(x, y) * 255.0) as u8]));
    let photo = RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let share = f32::from(truth.get_pixel(x, y).0[0]) / 255.0;
        let grain = (x.wrapping_mul(2_654_435_761).wrapping_add(y.wrapping_mul(40_503)) >> 13) % 5;
        let ground = [150.0, 170.0, 200.0];
        Rgb([40.0, 35.0, 45.0]
            .map(|own| own * share)
            .iter()
            .zip(ground)
            .map(|(own, ground)| (own + ground * (1.0 - share) + grain as f32 - 2.0) as u8)
            .collect::<Vec<u8>>()
            .try_into()
            .expect("three channels"))
    });
    (photo, truth)
}

/// A mask as a network makes it: a disc, without anything thin.
fn disc(radius: f32) -> GrayImage {
    GrayImage::from_fn(320, 320, |x, y| {
        let scale = SIDE as f32 / 320.0;
        let far = (x as f32 * scale - CENTRE).hypot(y as f32 * scale - CENTRE);
        Luma([if far < radius { 255 } else { 0 }])
    })
}

fn error(found: &GrayImage, truth: &GrayImage) -> f64 {
    let off = found.iter().zip(truth.iter()).map(|(a, b)| f64::from(a.abs_diff(*b)));
    off.sum::<f64>() / 255.0 / found.len() as f64
}

/// Errors of alpha by the mask alone, and with thin parts restored.
fn errors(inside: fn(f32, f32) -> bool, radius: f32) -> (f64, f64) {
    let (photo, truth) = scene(inside);
    let region = Region::whole(&photo);
    let own = || Photo { rgb: photo.clone(), alpha: None };
    let mask = disc(radius);
    let plain = Cutout::refine(own(), &mask, region);
    let mut fine = plain.clone();
    restore(&photo, &mut fine);
    (error(&plain.alpha, &truth), error(&fine.alpha, &truth))
}

#[test]
fn whiskers_come_back() {
    let (plain, fine) = errors(ball, 250.0);
    println!("whiskers {plain:.4} to {fine:.4}");
    assert!(fine < 0.7 * plain, "whiskers: {plain} became {fine}");
}

#[test]
fn lines_of_the_ground_are_not_added() {
    // Planks run past the ball; a picture of few pixels is left alone.
    let (mut photo, _) = scene(|x, y| (x - CENTRE).hypot(y - CENTRE) < 250.0);
    for (_, y, pixel) in photo.enumerate_pixels_mut() {
        if y % 60 < 3 {
            pixel.0 = [60, 55, 60];
        }
    }
    let cutout = Cutout::refine(
        Photo { rgb: photo.clone(), alpha: None },
        &disc(250.0),
        Region { x: 0, y: 0, width: SIDE, height: SIDE },
    );
    let mut restored = cutout.clone();
    restore(&photo, &mut restored);
    let added = error(&restored.alpha, &cutout.alpha);
    assert!(added < 0.002, "{added}");
    let small = RgbImage::new(300, 200);
    let mut cutout =
        Cutout { rgb: small.clone(), alpha: GrayImage::from_pixel(300, 200, Luma([7])) };
    restore(&small, &mut cutout);
    assert!(cutout.alpha.iter().all(|&alpha| alpha == 7));
}
