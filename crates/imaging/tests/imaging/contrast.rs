//! What contrast enhancement promises, on real photos and on drawn ones.

mod colour;

use colour::{ciede2000, mean_difference};
use image::{Rgb, RgbImage, imageops};
use safelight_imaging::contrast;
use safelight_testkit::picture as photo;

/// Photos that look good as they are.
const GOOD: [&str; 6] =
    ["astronaut.png", "china.jpg", "coffee.png", "flower.jpg", "grace_hopper.jpg", "rocket.jpg"];

fn enhanced(photo: &RgbImage) -> RgbImage {
    let mut photo = photo.clone();
    contrast::enhance(&mut photo);
    photo
}

/// A copy with less contrast and grayer blacks.
fn flattened(photo: &RgbImage, contrast: f32, lift: f32) -> RgbImage {
    let mut flat = photo.clone();
    flat.iter_mut().for_each(|value| *value = (lift + contrast * f32::from(*value)) as u8);
    flat
}

fn luminance(pixel: &Rgb<u8>) -> f64 {
    let [r, g, b] = pixel.0.map(f64::from);
    0.299 * r + 0.587 * g + 0.114 * b
}

fn deviation(photo: &RgbImage) -> f64 {
    let count = f64::from(photo.width() * photo.height());
    let mean = photo.pixels().map(luminance).sum::<f64>() / count;
    (photo.pixels().map(|p| (luminance(p) - mean).powi(2)).sum::<f64>() / count).sqrt()
}

#[test]
fn the_measure_agrees_with_published_values() {
    // From Sharma, Wu and Dalal, "The CIEDE2000 Color-Difference Formula" (2005), table 1.
    let pairs = [
        ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
        ([50.0, 2.5, 0.0], [73.0, 25.0, -18.0], 27.1492),
        ([6.7747, -0.2908, -2.4247], [5.8714, -0.0985, -2.2286], 0.6377),
        ([90.8027, -2.0831, 1.4410], [91.1528, -1.6435, 0.0447], 1.4441),
    ];
    for (one, two, expected) in pairs {
        assert!((ciede2000(one, two) - expected).abs() < 1e-4, "{one:?}");
    }
}

#[test]
fn good_photos_stay_nearly_as_they_are() {
    for name in GOOD {
        let photo = photo(name);
        let difference = mean_difference(&photo, &enhanced(&photo));
        println!("{name}: {difference:.2}");
        assert!(difference < 3.0, "{name}: {difference}");
    }
}

#[test]
fn flattened_photos_get_their_contrast_back() {
    for name in GOOD {
        let photo = photo(name);
        let flat = flattened(&photo, 0.5, 64.0);
        let back = enhanced(&flat);
        let (wanted, before, after) = (deviation(&photo), deviation(&flat), deviation(&back));
        println!(
            "{name}: {wanted:.1}, flat {before:.1}, back {after:.1}; difference {:.1} -> {:.1}",
            mean_difference(&photo, &flat),
            mean_difference(&photo, &back)
        );
        assert!(after > 0.8 * wanted && after < 1.25 * wanted, "{name}: {before} {after}");
        assert!(mean_difference(&photo, &back) < 0.6 * mean_difference(&photo, &flat), "{name}");
    }
}

#[test]
fn the_flatter_the_more() {
    let photo = photo("coffee.png");
    let gain = |contrast: f32| {
        let flat = flattened(&photo, contrast, 128.0 * (1.0 - contrast));
        deviation(&enhanced(&flat)) / deviation(&flat)
    };
    let gains = [1.0, 0.85, 0.7, 0.55, 0.4, 0.3].map(gain);
    println!("{gains:.2?}");
    assert!(gains.is_sorted(), "{gains:?}");
}

#[test]
fn next_to_nothing_is_clipped() {
    for name in GOOD.into_iter().chain(["chelsea.png", "text.png"]) {
        for contrast in [1.0, 0.75, 0.5, 0.25] {
            let before = flattened(&photo(name), contrast, 100.0 * (1.0 - contrast));
            let after = enhanced(&before);
            for end in [0, 255] {
                let new = before.pixels().zip(after.pixels());
                let new = new.filter(|(b, a)| a.0.contains(&end) && !b.0.contains(&end)).count();
                let share = new as f64 / f64::from(before.width() * before.height());
                assert!(share < 0.005, "{name} at {contrast}: {share} of {end}");
            }
        }
    }
}

#[test]
fn gray_stays_gray_and_hue_stays() {
    let text = flattened(&photo("text.png"), 0.7, 30.0);
    assert!(enhanced(&text).pixels().all(|Rgb([r, g, b])| r == g && g == b));
    let flat = flattened(&photo("flower.jpg"), 0.5, 64.0);
    let (mut turned, mut count) = (0.0, 0.0);
    for (before, after) in flat.pixels().zip(enhanced(&flat).pixels()) {
        let hue = |p: &Rgb<u8>| {
            let y = luminance(p);
            let (cb, cr) = (f64::from(p[2]) - y, f64::from(p[0]) - y);
            (cr.atan2(cb).to_degrees(), cb.hypot(cr))
        };
        let ((h1, c1), (h2, _)) = (hue(before), hue(after));
        if c1 > 25.0 {
            turned += ((h2 - h1 + 540.0).rem_euclid(360.0) - 180.0).abs();
            count += 1.0;
        }
    }
    assert!(turned / count < 1.0, "{}", turned / count);
}

#[test]
fn skin_gets_less_than_the_rest() {
    // Two ramps of the same luminance, one gray, one of a skin's hue, between black and white ends.
    let skin = RgbImage::from_fn(400, 200, |x, y| {
        let level = 90.0 + f64::from(x) * 0.36;
        match y {
            0..100 => Rgb([level as u8; 3]),
            _ => Rgb([(level + 15.0) as u8, (level - 4.0) as u8, (level - 15.0) as u8]),
        }
    });
    let after = enhanced(&skin);
    let span = |y: u32| luminance(after.get_pixel(340, y)) - luminance(after.get_pixel(60, y));
    println!("gray {} skin {}", span(50), span(150));
    assert!(span(150) > 101.0 && span(150) < 0.93 * span(50));
}

/// A stretched ramp of few levels has no steps: means over small areas rise evenly.
#[test]
fn no_bands() {
    let ramp = RgbImage::from_fn(800, 400, |x, _| Rgb([(100.0 + x as f32 * 0.0625) as u8; 3]));
    let after = enhanced(&ramp);
    let mut levels: Vec<u8> = after.iter().copied().collect();
    levels.sort_unstable();
    let (low, high) = (levels[levels.len() / 50], levels[levels.len() * 49 / 50]);
    assert!(high - low > 110, "stretched: {low} to {high}");
    levels.dedup();
    let inside = levels.iter().filter(|&&level| level >= low && level <= high).count();
    assert!(inside * 100 > usize::from(high - low) * 97, "levels are used: {inside}");
}

/// Near an edge nothing is brighter or darker than on the plain beside it.
#[test]
fn no_halo_at_an_edge() {
    let edge = RgbImage::from_fn(800, 600, |x, _| Rgb([if x < 400 { 90 } else { 160 }; 3]));
    let after = enhanced(&edge);
    let mean = |x: u32| {
        let column = (0..600).map(|y| f64::from(after.get_pixel(x, y)[0]));
        column.sum::<f64>() / 600.0
    };
    for distance in [1, 3, 8, 20] {
        assert!((mean(399 - distance) - mean(399 - 40)).abs() < 3.0, "dark side, {distance} px");
        assert!((mean(400 + distance) - mean(400 + 40)).abs() < 3.0, "bright side, {distance} px");
    }
    assert!(mean(600) - mean(200) > 140.0);
}

#[test]
fn plain_pictures_stay_plain() {
    for value in [0, 1, 127, 255] {
        let plain = RgbImage::from_pixel(50, 40, Rgb([value, value / 2, 9]));
        assert_eq!(enhanced(&plain), plain);
    }
}

#[test]
fn every_size_works() {
    let photo = flattened(&photo("coffee.png"), 0.5, 64.0);
    for (width, height) in [(0, 0), (1, 1), (1, 700), (7, 3), (10, 10), (33, 8), (5000, 5000)] {
        let size = |n: u32| n.max(1);
        let mut sized = imageops::thumbnail(&photo, size(width), size(height));
        if width == 0 {
            sized = RgbImage::new(0, 0);
        }
        let after = enhanced(&sized);
        assert_eq!(after.dimensions(), (width, height));
        if width >= 10 {
            assert!(deviation(&after) > 1.3 * deviation(&sized), "{width}");
        }
    }
}
