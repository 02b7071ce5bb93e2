//! Saliency on real photos, against masks made independently (`reference/saliency.py`).

use std::sync::Arc;

use image::{GrayImage, Rgb, RgbImage};
use safelight_contract::Code;
use safelight_imaging::resize::{Filter, gray};
use safelight_inference::{Registry, Remote, Settings};
use safelight_testkit::{self as testkit, picture as photo};
use safelight_vision::Vision;
use safelight_vision::saliency::SIDE;

fn vision() -> Vision {
    Vision::new(testkit::registry())
}

/// Mean absolute difference, 0..1, and intersection over union of what is above one half.
fn difference(a: &GrayImage, b: &GrayImage) -> (f64, f64) {
    let (mut sum, mut both, mut either) = (0, 0, 0);
    for (a, b) in a.iter().zip(b.iter()) {
        sum += u64::from(a.abs_diff(*b));
        both += u32::from(*a > 127 && *b > 127);
        either += u32::from(*a > 127 || *b > 127);
    }
    (sum as f64 / 255.0 / a.len() as f64, f64::from(both) / f64::from(either.max(1)))
}

/// The mask of a photo is the reference but for `most` mean difference, and overlaps it by `least`.
fn compare(name: &str, reference: &[u8], most: f64, least: f64) {
    let photo = photo(name);
    let mask = vision().saliency(&photo).expect("a mask");
    assert_eq!(mask.dimensions(), photo.dimensions());
    let small = gray(&mask, SIDE, SIDE, Filter::Area);
    let reference = image::load_from_memory(reference).expect("a picture").into_luma8();
    let (error, overlap) = difference(&small, &reference);
    println!("{name}: mean difference {error:.5}, overlap {overlap:.4}");
    assert!(error < most, "{name}: mean difference {error:.5}");
    assert!(overlap > least, "{name}: overlap {overlap:.4}");
}

#[test]
fn as_the_reference_on_a_portrait_in_one_pass() {
    compare("astronaut.png", include_bytes!("../reference/astronaut.png"), 0.003, 0.995);
}

#[test]
fn as_the_reference_on_a_large_thing_in_two_passes() {
    compare("coffee.png", include_bytes!("../reference/coffee.png"), 0.0015, 0.995);
}

#[test]
fn as_the_reference_on_a_thin_thing_in_two_passes() {
    // 13 of 320 columns: a box that differs by half a cell shows in the overlap.
    compare("rocket.jpg", include_bytes!("../reference/rocket.png"), 0.003, 0.96);
}

#[test]
fn the_small_mask_covers_its_region() {
    let photo = photo("rocket.jpg");
    let found = vision().salient(&photo).expect("a mask");
    let region = found.region;
    assert!(region.width < photo.width() / 2, "{region:?}");
    let full = found.at_size(photo.width(), photo.height()).expect("a mask");
    let inside = |x, y| {
        (region.x..region.x + region.width).contains(&x)
            && (region.y..region.y + region.height).contains(&y)
    };
    assert!(full.enumerate_pixels().all(|(x, y, value)| inside(x, y) || value.0[0] == 0));
    assert!(found.at_size(photo.width() / 2, photo.height()).is_err(), "another photo's size");
}

#[test]
fn the_same_photo_gives_the_same_mask() {
    let photo = photo("coffee.png");
    let first = vision().salient(&photo).expect("a mask");
    for _ in 0..2 {
        assert_eq!(vision().salient(&photo).expect("a mask"), first);
    }
}

#[test]
fn odd_photos_have_an_answer() {
    for (width, height) in [(1, 1), (1, 900), (900, 2), (33, 17)] {
        for value in [0, 255] {
            let plain = RgbImage::from_pixel(width, height, Rgb([value; 3]));
            let mask = vision().saliency(&plain).expect("a mask");
            assert_eq!(mask.dimensions(), (width, height));
        }
    }
    let fault = vision().saliency(&RgbImage::new(0, 5)).expect_err("there are no pixels");
    assert_eq!(fault.code(), Code::InvalidFile);
}

#[test]
fn without_the_model_the_service_does_not_exist() {
    let vision = Vision::new(Registry::empty().into());
    let fault = vision.saliency(&RgbImage::new(8, 8)).expect_err("there is no model");
    assert_eq!(fault.code(), Code::AiNotExists);
}

#[test]
fn a_mask_of_a_server_is_that_of_this_process() {
    let server = testkit::tensors::TensorServer::start(testkit::registry());
    let models = vec!["u2net".to_owned()];
    let remote = vec![Remote { url: server.url(), models, timeout_ms: 60_000 }];
    let settings = Settings { remote, ..Settings::default() };
    let there = Vision::new(Arc::new(testkit::open_registry(&settings)));
    let photo = photo("astronaut.png");
    let (here, there) = (vision().saliency(&photo), there.saliency(&photo));
    assert_eq!(here.expect("a mask"), there.expect("a mask"));
    assert!(server.calls() > 1, "it was asked");
}
