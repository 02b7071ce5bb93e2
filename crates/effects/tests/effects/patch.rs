//! A part of a photo that somebody else changes: what is put back, and what is not.

use image::{GrayImage, Luma, Rgb, RgbImage, imageops};
use safelight_effects::dice::Dice;
use safelight_effects::patch::{Misfit, Patch};
use safelight_imaging::{Region, noise_level};

/// Stripes and blotches that lie differently everywhere.
fn scene(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let (x, y) = (x as f32, y as f32);
        let wave = (x * 0.11 + (y * 0.07).sin() * 3.0).sin() + (y * 0.13 + x * 0.02).cos();
        let value = (120.0 + 45.0 * wave) as u8;
        Rgb([value, value / 2 + 40, 200 - value / 2])
    })
}

fn disc(width: u32, height: u32, radius: f32) -> GrayImage {
    let (cx, cy) = (width as f32 / 2.0, height as f32 / 2.0);
    GrayImage::from_fn(width, height, |x, y| {
        Luma([if (x as f32 - cx).hypot(y as f32 - cy) < radius { 255 } else { 0 }])
    })
}

/// What an engine makes of a picture: green where the mask shows, the rest moved and tinted.
fn made(patch: &Patch, photo: &RgbImage, mask: &GrayImage, by: i64, tint: i32) -> RgbImage {
    let (picture, mask) = (patch.picture(photo), patch.mask(mask, 0));
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let from = |at: u32, all: u32| (i64::from(at) - by).clamp(0, i64::from(all) - 1) as u32;
        let (x, y) = (from(x, picture.width()), from(y, picture.height()));
        let pixel = match mask.get_pixel(x, y).0[0] {
            0 => picture.get_pixel(x, y).0,
            _ => [20, 200, 30],
        };
        Rgb(pixel.map(|value| (i32::from(value) + tint).clamp(0, 255) as u8))
    })
}

#[test]
fn the_part_shows_its_surroundings_in_sides_of_the_engine() {
    let mask = disc(800, 600, 40.0);
    let patch = Patch::around(&mask, 512, 64).expect("a mask");
    let Region { x, y, width, height } = patch.region;
    assert!((170..190).contains(&width) && (165..185).contains(&height), "{patch:?}");
    assert!(x < 360 && x + width > 440 && y < 260 && y + height > 340, "{patch:?}");
    assert_eq!((patch.size.0 % 64, patch.size.1 % 64), (0, 0));
    assert!(patch.size.0.max(patch.size.1) <= 512 && patch.size.0 > width, "{patch:?}");
    assert_eq!(Patch::around(&GrayImage::new(8, 8), 512, 64), None);
    // A mask in a corner stays in the photo.
    let mut corner = GrayImage::new(300, 200);
    corner.put_pixel(299, 199, Luma([255]));
    let Region { x, y, width, height } = Patch::around(&corner, 512, 64).expect("one").region;
    assert!(x + width == 300 && y + height == 200 && width > 0 && height > 0);
}

#[test]
fn what_fits_is_put_inside_the_mask_and_nowhere_else() {
    let (photo, mask) = (scene(400, 300), disc(400, 300, 50.0));
    let patch = Patch::around(&mask, 256, 16).expect("a mask");
    // Three pixels are 1.2 % of 256; the tint is that of an engine that paints all over.
    for (by, tint) in [(0, 0), (3, 0), (-3, 0), (0, 25)] {
        let mut changed = photo.clone();
        let made = made(&patch, &photo, &mask, by, tint);
        patch.put_back(&mut changed, &mask, &made, 6.0).expect("it fits");
        for ((x, y, new), old) in changed.enumerate_pixels().zip(photo.pixels()) {
            assert!(mask.get_pixel(x, y).0[0] > 0 || new == old, "{by} {tint}: {x} {y}");
        }
        let [red, green, blue] = changed.get_pixel(200, 150).0;
        assert!(green > 150 && red < 80 && blue < 90, "{by} {tint}: {red} {green} {blue}");
        // Where the shift is undone, the green lies as far left as right.
        let green = |x: u32| i32::from(changed.get_pixel(x, 150).0[1]);
        let (left, right) = (green(165), green(235));
        assert!((left - right).abs() < 25, "{by} {tint}: {left} {right}");
    }
}

#[test]
fn what_does_not_fit_changes_nothing() {
    let (photo, mask) = (scene(400, 300), disc(400, 300, 50.0));
    let patch = Patch::around(&mask, 256, 16).expect("a mask");
    let mut changed = photo.clone();
    let moved = made(&patch, &photo, &mask, 9, 0);
    let refused = patch.put_back(&mut changed, &mask, &moved, 6.0).expect_err("moved by 3.5 %");
    assert!(matches!(refused, Misfit::Shifted(share) if share > 0.02), "{refused}");
    let other = imageops::rotate180(&patch.picture(&photo));
    let refused = patch.put_back(&mut changed, &mask, &other, 6.0).expect_err("another picture");
    assert!(matches!(refused, Misfit::Different(_)), "{refused}");
    assert!(changed == photo);
}

#[test]
fn a_flat_picture_is_taken_as_it_lies() {
    let (mut photo, mask) = (RgbImage::from_pixel(200, 200, Rgb([90; 3])), disc(200, 200, 30.0));
    let patch = Patch::around(&mask, 256, 16).expect("a mask");
    let made = made(&patch, &photo, &mask, 0, 0);
    patch.put_back(&mut photo, &mask, &made, 1.0).expect("it fits");
    assert!(photo.get_pixel(100, 100).0[1] > 180);
}

#[test]
fn grain_is_made_up_for() {
    let mut dice = Dice::new(7);
    let mut photo = RgbImage::from_pixel(300, 300, Rgb([120; 3]));
    for pixel in photo.pixels_mut() {
        let grain = dice.normal(0.0, 5.0);
        pixel.0 = pixel.0.map(|value| (f32::from(value) + grain).round() as u8);
    }
    let mask = disc(300, 300, 90.0);
    let patch = Patch::around(&mask, 256, 16).expect("a mask");
    let smooth = RgbImage::from_pixel(patch.size.0, patch.size.1, Rgb([120; 3]));
    let mut changed = photo.clone();
    // Of grain alone nothing is compared, so it is taken as it lies.
    patch.put_back(&mut changed, &mask, &smooth, 4.0).expect("it fits");
    let level = noise_level(&imageops::crop_imm(&changed, 110, 110, 80, 80).to_image());
    assert!((0.012..0.028).contains(&level), "{level}");
}
