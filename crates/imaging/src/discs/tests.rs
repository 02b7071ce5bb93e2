use image::{Rgb, RgbImage};

use super::*;
use crate::testing::scene;

/// Discs with these middles, half widths and half heights, in turns dark and light, on grey.
fn painted(width: u32, height: u32, discs: &[[f32; 4]], turn: f32) -> RgbImage {
    let (sin, cos) = turn.sin_cos();
    RgbImage::from_fn(width, height, |x, y| {
        let mut value = 140.0;
        for (index, [left, top, across, down]) in discs.iter().enumerate() {
            let (x, y) = (x as f32 - left, y as f32 - top);
            let far = ((x * cos + y * sin) / across).hypot((y * cos - x * sin) / down);
            // Edges a pixel wide.
            let share = ((1.0 - far) * across.min(*down) + 0.5).clamp(0.0, 1.0);
            value += share * ([30.0, 235.0][index % 2] - value);
        }
        Rgb([value as u8; 3])
    })
}

#[test]
fn painted_discs_are_found_as_wide_as_they_are() {
    for stretch in [0.5f32, 0.7, 0.9, 1.0, 1.2, 1.6, 2.0] {
        let sizes = [[110.0, 100.0, 60.0], [330.0, 130.0, 34.0], [260.0, 330.0, 16.0]];
        let all = sizes.map(|[x, y, size]| [x, y, size * stretch.sqrt(), size / stretch.sqrt()]);
        let found = discs(&painted(460, 420, &all, 0.0));
        assert_eq!(found.len(), 3, "{stretch}: {found:?}");
        for (disc, [x, y, across, _]) in found.iter().zip(all) {
            assert!((disc.widening - stretch.ln()).abs() < 0.012, "{stretch}: {disc:?}");
            assert!((disc.middle[0] * 460.0 - x).abs() < 0.5);
            assert!((disc.middle[1] * 420.0 - y).abs() < 0.5);
            assert!((disc.reach[0] * 460.0 - across).abs() < 1.0);
        }
    }
}

#[test]
fn large_pictures_and_partly_hidden_discs_are_measured_too() {
    let mut picture = painted(2000, 1100, &[[900.0, 500.0, 420.0, 300.0]], 0.0);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        if x > 1050 && y > 600 {
            *pixel = Rgb([90; 3]);
        }
    }
    let found = discs(&picture);
    assert!(found.iter().any(|disc| (disc.widening - 1.4f32.ln()).abs() < 0.01), "{found:?}");
}

#[test]
fn tilted_ellipses_boxes_and_textures_are_no_discs() {
    assert_eq!(discs(&painted(400, 400, &[[200.0, 200.0, 120.0, 70.0]], 0.2)), []);
    let boxes = RgbImage::from_fn(500, 400, |x, y| {
        Rgb([if x % 100 < 50 && y % 80 < 50 { 30 } else { 200 }; 3])
    });
    assert_eq!(discs(&boxes), []);
    for (width, height) in [(1, 1), (2, 3), (10, 11), (3, 900), (900, 3), (2500, 1800)] {
        assert_eq!(discs(&RgbImage::new(width, height)), []);
        discs(&scene(width, height));
    }
    let mut state = 1u32;
    let noise = RgbImage::from_fn(600, 600, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Rgb([(state >> 24) as u8; 3])
    });
    assert_eq!(discs(&noise), []);
}
