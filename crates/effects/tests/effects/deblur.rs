//! Blur is measured, and undone where there is some.

use image::{RgbImage, imageops};
use safelight_effects::deblur::{blur_of, deconvolve};
use safelight_testkit::{self as testkit, psnr};

fn face() -> RgbImage {
    let photo = image::load_from_memory(&testkit::photo("astronaut.png")).expect("a photo");
    photo.crop_imm(150, 20, 150, 170).to_rgb8()
}

#[test]
fn blur_is_measured() {
    assert_eq!(blur_of(&face()), 0.0, "a sharp face counts as blurred");
    for sigma in [1.5, 2.0, 3.0] {
        let found = blur_of(&imageops::blur(&face(), sigma));
        assert!((found - sigma).abs() < 0.6, "{found} for {sigma}");
    }
    assert_eq!(blur_of(&RgbImage::new(60, 60)), 0.0);
}

#[test]
fn blur_is_undone() {
    let truth = face();
    for sigma in [1.5, 2.0] {
        let blurred = imageops::blur(&truth, sigma);
        let mut found = blurred.clone();
        deconvolve(&mut found, 0.85 * blur_of(&blurred), 10);
        let gain = psnr(&found, &truth) - psnr(&blurred, &truth);
        assert!(gain > 1.0, "{gain:.2} dB for {sigma}");
        // Half as much again is too much.
        let mut over = blurred.clone();
        deconvolve(&mut over, 1.7 * sigma, 10);
        assert!(psnr(&over, &truth) - psnr(&blurred, &truth) < gain);
    }
}
