//! What every filter keeps, and what lies outside.

use image::{GrayImage, Luma, Rgb, RgbImage};
use safelight_resample::{Filter, gray, rgb, rgb_part};

#[test]
fn flat_colour_stays_flat() {
    let source = RgbImage::from_pixel(37, 21, Rgb([10, 200, 90]));
    for filter in [Filter::Area, Filter::Bilinear, Filter::Bicubic, Filter::Lanczos3] {
        for (width, height) in [(1, 1), (9, 50), (100, 3)] {
            let small = rgb(&source, width, height, filter);
            assert_eq!(small.dimensions(), (width, height));
            assert!(small.pixels().all(|p| *p == Rgb([10, 200, 90])));
        }
    }
}

#[test]
fn area_is_the_mean() {
    let source = GrayImage::from_fn(4, 2, |x, _| Luma([if x % 2 == 0 { 0 } else { 100 }]));
    assert!(gray(&source, 2, 1, Filter::Area).pixels().all(|p| p.0[0] == 50));
}

#[test]
fn a_part_is_what_lies_inside() {
    let source = RgbImage::from_fn(8, 8, |x, _| Rgb([if x < 4 { 0 } else { 200 }; 3]));
    let right = rgb_part(&source, [4, 2, 100, 3], 5, 5, Filter::Area);
    assert!(right.pixels().all(|p| *p == Rgb([200; 3])));
    let outside = rgb_part(&source, [9, 0, 1, 1], 2, 2, Filter::Area);
    assert!(outside.pixels().all(|p| *p == Rgb([0; 3])));
}

#[test]
fn nothing_gives_black_and_asks_for_nothing() {
    assert_eq!(rgb(&RgbImage::new(0, 0), 2, 2, Filter::Area).as_raw(), &[0; 12]);
    assert_eq!(gray(&GrayImage::new(5, 5), 0, 3, Filter::Lanczos3).dimensions(), (0, 3));
}
