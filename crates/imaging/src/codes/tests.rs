use image::{Rgb, RgbImage};

use super::*;
use crate::testing::scene;

/// Modules of the smallest code, and of the light margin.
const MODULES: u32 = 21;
const MARGIN: u32 = 4;

/// Whether a module is dark: the three corners, and anything elsewhere.
fn dark(x: u32, y: u32) -> bool {
    for (left, top) in [(0, 0), (MODULES - 7, 0), (0, MODULES - 7)] {
        let (x, y) = (x.wrapping_sub(left), y.wrapping_sub(top));
        if x < 7 && y < 7 {
            let ring = x.abs_diff(3).max(y.abs_diff(3));
            return ring != 2;
        }
    }
    let apart = (x == 7 || y == 7) && (x <= 7 || y <= 7);
    !apart && (x * 7 + y * 13 + x * y) % 5 < 2
}

/// A code whose modules are this wide and high.
fn drawn(across: f32, down: f32) -> RgbImage {
    let all = (MODULES + 2 * MARGIN) as f32;
    RgbImage::from_fn((all * across) as u32, (all * down) as u32, |x, y| {
        let module = |at: u32, side: f32| ((at as f32 + 0.5) / side) as u32;
        let (x, y) = (module(x, across).wrapping_sub(MARGIN), module(y, down).wrapping_sub(MARGIN));
        Rgb([if x < MODULES && y < MODULES && dark(x, y) { 25 } else { 235 }; 3])
    })
}

/// What it looks like further off on the right: narrower by this factor, and lower as much as a
/// lens has it.
fn slanted(code: &RgbImage, narrower: f32, lower: f32) -> RgbImage {
    let (width, height) = (code.width() as f32, code.height() as f32);
    RgbImage::from_fn((width * narrower) as u32, code.height(), |x, y| {
        let near = 1.0 - lower * x as f32 / (width * narrower);
        let across = x as f32 / narrower * (1.0 - lower) / near;
        let down = height / 2.0 + (y as f32 - height / 2.0) / near;
        let inside = across < width && (0.0..height).contains(&down);
        if inside { *code.get_pixel(across as u32, down as u32) } else { Rgb([235; 3]) }
    })
}

#[test]
fn the_stretch_of_a_code_is_found() {
    for (across, down) in
        [(8.0, 8.0), (5.0, 10.0), (12.0, 6.0), (9.0, 7.5), (60.0, 40.0), (4.0, 4.4)]
    {
        let found = code(&drawn(across, down)).expect("a code");
        let stretch = f32::ln(across / down);
        assert!((found.widening - stretch).abs() < 0.01, "{across}x{down}: {found:?}");
        assert!(found.span > 0.3, "{found:?}");
    }
}

#[test]
fn codes_that_are_turned_over_are_found_and_turned_a_little_are_not() {
    let upright = drawn(10.0, 7.0);
    for turned in [image::imageops::rotate180(&upright), image::imageops::flip_horizontal(&upright)]
    {
        let found = code(&turned).expect("a code");
        assert!((found.widening - f32::ln(10.0 / 7.0)).abs() < 0.01, "{found:?}");
    }
    let (width, height) = upright.dimensions();
    let sheared = RgbImage::from_fn(width, height, |x, y| {
        *upright.get_pixel(x, (y + x / 12).min(height - 1))
    });
    assert_eq!(code(&sheared), None);
}

#[test]
fn a_code_seen_at_a_slant_tells_nothing() {
    assert_eq!(code(&slanted(&drawn(14.0, 14.0), 0.7, 0.2)), None);
    assert!(code(&slanted(&drawn(14.0, 14.0), 0.7, 0.0)).is_some(), "as a stretch from afar");
}

#[test]
fn pictures_without_a_code_tell_nothing() {
    for (width, height) in [(1, 1), (2, 3), (10, 11), (3, 900), (900, 3), (600, 400), (2500, 1800)]
    {
        assert_eq!(code(&RgbImage::new(width, height)), None);
        assert_eq!(code(&scene(width, height)), None);
    }
    let rings = RgbImage::from_fn(700, 700, |x, y| {
        let ring = (x % 70).abs_diff(35).max((y % 70).abs_diff(35)) / 5;
        Rgb([if ring == 2 || ring > 3 { 240 } else { 20 }; 3])
    });
    code(&rings);
}
