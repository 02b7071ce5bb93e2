use std::ops::RangeInclusive;

use safelight_resample::{self as resize, Filter};

use super::*;
use crate::lettering;
use crate::testing::scene;

const WORDS: [&str; 8] = [
    "This is a page of some words in print, which",
    "tells little; but its letters, in lines as they",
    "stand, are like those of any sheet, bill, sign",
    "or screen. Their points and thin strokes differ",
    "in each typeface. Still, within a typeface, all",
    "of it fits: a heavy stem wants a big dot in its i,",
    "and narrow letters are set in narrow distances.",
    "In this, a stretch is seen, if it is big enough.",
];

/// Lines of letters of this size on plain paper.
fn page(lines: &[&str], size: f32, [ink, paper]: [u8; 2]) -> RgbImage {
    let width = lines.iter().map(|line| lettering::width(line, size)).fold(0.0, f32::max);
    let height = size * (1.4 * lines.len() as f32 + 1.0);
    let mut page =
        RgbImage::from_pixel((width + 2.0 * size) as u32, height as u32, Rgb([paper; 3]));
    for (index, line) in lines.iter().enumerate() {
        let foot = size * (1.4 * index as f32 + 1.4);
        lettering::write(&mut page, line, [size, foot.round()], size, [ink; 3]);
    }
    page
}

/// The picture with its sides changed by these factors.
fn scaled(picture: &RgbImage, across: f32, down: f32) -> RgbImage {
    let side = |length: u32, by: f32| (length as f32 * by).round() as u32;
    let (width, height) = (side(picture.width(), across), side(picture.height(), down));
    resize::rgb(picture, width, height, Filter::Bicubic)
}

fn assert_within(picture: &RgbImage, range: RangeInclusive<f32>, what: &str) {
    let found = widening(picture);
    assert!(found.is_some_and(|found| range.contains(&found)), "{what}: {found:?}");
}

#[test]
fn the_stretch_of_a_page_is_found() {
    for size in [22.0, 34.0, 90.0] {
        for shades in [[20, 240], [235, 40]] {
            let page = page(&WORDS, size, shades);
            for stretch in [0.5f32, 0.65, 0.8, 1.0, 1.25, 1.6] {
                let (across, down) = (stretch.max(1.0), (1.0 / stretch).max(1.0));
                let log = stretch.ln();
                let what = format!("{size} {shades:?} {stretch}");
                assert_within(&scaled(&page, across, down), log - 0.2..=log + 0.2, &what);
            }
        }
    }
}

#[test]
fn a_little_noise_and_a_crooked_page_change_little() {
    let mut page = page(&WORDS, 36.0, [50, 200]);
    let clean = widening(&page).expect("letters");
    let mut state = 1u32;
    for value in page.iter_mut() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *value = value.saturating_add((state >> 28) as u8);
    }
    let (width, height) = page.dimensions();
    let sheared =
        RgbImage::from_fn(width, height, |x, y| *page.get_pixel(x, (y + x / 80).min(height - 1)));
    assert_within(&sheared, clean - 0.1..=clean + 0.1, "crooked");
}

#[test]
fn a_page_seen_at_a_slant_tells_nothing() {
    let page = page(&WORDS, 40.0, [20, 240]);
    let (width, height) = (page.width() as f32, page.height() as f32);
    // Turned about an upright axis: half as wide on the whole, and its far side lower.
    let turned = RgbImage::from_fn(page.width() / 2, page.height(), |x, y| {
        let near = 1.0 - 0.4 * x as f32 / (width / 2.0);
        let across = x as f32 / (width / 2.0) * 0.6 / near * width;
        let down = height / 2.0 + (y as f32 - height / 2.0) / near;
        let inside = (0.0..width).contains(&across) && (0.0..height).contains(&down);
        if inside { *page.get_pixel(across as u32, down as u32) } else { Rgb([240; 3]) }
    });
    assert_eq!(widening(&turned), None);
}

#[test]
fn little_text_capitals_and_digits_tell_nothing() {
    assert_eq!(widening(&page(&WORDS[..2], 30.0, [0, 255])), None);
    let capitals = WORDS.map(str::to_uppercase);
    let capitals: Vec<&str> = capitals.iter().map(String::as_str).collect();
    assert_eq!(widening(&page(&capitals, 30.0, [0, 255])), None);
    let digits = ["12:30 415.20 33,90", "1281.10 98:15 4711", "0815 3.14159 2.718", "12.5 66 88"];
    assert_eq!(widening(&page(&digits, 30.0, [0, 255])), None);
}

#[test]
fn pictures_without_letters_tell_nothing() {
    let mut state = 1u32;
    let mut noise = |side: u32| {
        RgbImage::from_fn(side, side, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Rgb([(state >> 24) as u8; 3])
        })
    };
    for picture in [noise(1), noise(11), noise(600), scaled(&noise(400), 4.0, 4.0)] {
        assert_eq!(widening(&picture), None);
    }
    for (width, height) in [(1, 1), (10, 11), (3, 900), (900, 3), (600, 400), (2500, 1800)] {
        assert_eq!(widening(&scene(width, height)), None);
        assert_eq!(widening(&RgbImage::new(width, height)), None);
    }
    let bricks = RgbImage::from_fn(900, 700, |x, y| {
        let row = y / 30;
        let joint = y % 30 < 4 || (x + row % 2 * 35) % 70 < 4;
        Rgb(if joint { [190; 3] } else { [120, 50, 40] })
    });
    assert_eq!(widening(&bricks), None);
}
