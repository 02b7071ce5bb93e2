//! The gallery in small: what every service makes of a photo, against pictures that were looked at.

use std::path::PathBuf;

use crate::support;
use image::{DynamicImage, Rgb, RgbImage, imageops};
use safelight_contract::Code;
use safelight_imaging::Format;
use safelight_operation::{Artifact, Endpoint, FileFormat, Form, Node, sample_mask, samples};
use safelight_services::CATALOG;
use safelight_testkit as testkit;

/// The photo that a service is shown with is the first of these that holds what it looks for.
const PHOTOS: [&str; 10] = [
    "astronaut.png",
    HEAD,
    "coffee.png",
    "flower.jpg",
    "chelsea.png",
    "standing.png",
    "short_hair.png",
    "hand.png",
    GRAY,
    support::DOCUMENT,
];
/// The head of the first, large.
const HEAD: &str = "head";
/// The first without colour.
const GRAY: &str = support::GRAY;
/// The second picture of services that take two is the first of these that holds what they look for.
const OTHERS: [&str; 3] = ["flower.jpg", "astronaut.png", HEAD];
/// What a service says that looks for something else.
const OTHER_SUBJECT: &[Code] = &[
    Code::NoRecognitionTargetDetected,
    Code::ImageRecognitionFailed,
    Code::NoFaceInFile,
    Code::PoseNotEnoughKeypoints,
    // A person touches a side that grows.
    Code::ProcessingFailure,
    Code::FaceSizeRatioNotMet,
    Code::TemplateImageQualityTooLow,
];
/// Longer side of a golden picture.
const SIDE: f64 = 96.0;
/// Mean difference allowed, as a share of the range, and pixels of a strip's size: networks differ from
/// one processor to the next, those of int8 by more.
fn tolerance() -> (f64, u32) {
    if testkit::has_exact_int8() { (0.02, 0) } else { (0.07, 2) }
}

/// `UPDATE_GOLDEN=1` writes the golden pictures anew; look at them before they are kept.
#[test]
fn every_service_makes_what_was_looked_at() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/gallery");
    let mut wrong = Vec::new();
    for endpoint in CATALOG {
        let name = endpoint.spec().slug();
        let mut found = shown(endpoint).artifacts();
        found.retain(|artifact| matches!(artifact.format, FileFormat::Picture(_)));
        if found.is_empty() {
            continue;
        }
        let strip = strip(&found);
        let file = folder.join(name).with_extension("png");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::create_dir_all(&folder).expect("the golden folder can be made");
            strip.save(&file).expect("the golden folder can be written");
        }
        let golden = image::open(&file).map(|picture| picture.to_rgb8());
        let golden = golden.unwrap_or_else(|error| {
            panic!("{}: {error}; UPDATE_GOLDEN=1 writes it, then look at it", file.display())
        });
        let ((width, height), (mean_allowed, pixels)) = (golden.dimensions(), tolerance());
        let off = strip.width().abs_diff(width).max(strip.height().abs_diff(height));
        if off > pixels {
            wrong.push(format!("{name}: {:?}, was {:?}", strip.dimensions(), golden.dimensions()));
            continue;
        }
        let strip = imageops::resize(&strip, width, height, imageops::Triangle);
        let differences = strip.iter().zip(golden.iter()).map(|(a, b)| f64::from(a.abs_diff(*b)));
        let mean = differences.sum::<f64>() / 255.0 / golden.len() as f64;
        if mean > mean_allowed {
            wrong.push(format!("{name}: differs by {mean:.4} in the mean"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What a service answers with its required parameters on the first photo that it accepts.
fn shown(endpoint: &Endpoint) -> Node {
    let sample = samples(endpoint).swap_remove(0);
    for (photo, other) in PHOTOS.iter().flat_map(|photo| OTHERS.map(|other| (*photo, other))) {
        let mut form = Form::new();
        for (index, file) in support::sent(endpoint).enumerate() {
            if file.mask_of.is_some() {
                form.add_file(file.name, mask_for(photo).into());
                continue;
            }
            let photo = if index == 0 { photo } else { other };
            let png = file.rules.formats.contains(&Format::Png) && photo != HEAD;
            let bytes = if png { support::photo(photo) } else { support::head() };
            form.add_file(file.name, bytes.into());
        }
        sample.values.iter().for_each(|(name, value)| form.add_text(*name, value));
        match support::call(endpoint.spec().path, &form) {
            Ok(node) => return node,
            Err(fault) => {
                let (path, code) = (endpoint.spec().path, fault.code());
                assert!(OTHER_SUBJECT.contains(&code), "{path} on {photo}: {fault}");
            }
        }
    }
    panic!("{} accepts none of {PHOTOS:?}", endpoint.spec().path);
}

/// A mask of the size of a photo.
fn mask_for(photo: &str) -> Vec<u8> {
    let bytes = if photo == HEAD { support::head() } else { support::photo(photo) };
    let photo = image::load_from_memory(&bytes).expect("a photo");
    sample_mask(photo.width(), photo.height()).expect("a mask")
}

/// Pictures side by side, small, on magenta, so that what is transparent shows.
fn strip(pictures: &[Artifact]) -> RgbImage {
    let small: Vec<_> = pictures.iter().map(|artifact| small(&artifact.bytes)).collect();
    let width = small.iter().map(RgbImage::width).sum();
    let height = small.iter().map(RgbImage::height).max().unwrap_or(0);
    let mut strip = RgbImage::from_pixel(width, height, Rgb([255, 0, 255]));
    let mut left = 0;
    for picture in &small {
        imageops::replace(&mut strip, picture, left, 0);
        left += i64::from(picture.width());
    }
    strip
}

fn small(bytes: &[u8]) -> RgbImage {
    let picture = image::load_from_memory(bytes).expect("a picture").to_rgba8();
    let mut ground = image::RgbaImage::from_pixel(
        picture.width(),
        picture.height(),
        image::Rgba([255, 0, 255, 255]),
    );
    imageops::overlay(&mut ground, &picture, 0, 0);
    let scale = SIDE / f64::from(picture.width().max(picture.height()));
    let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    let (width, height) = (side(picture.width()), side(picture.height()));
    imageops::thumbnail(&DynamicImage::ImageRgba8(ground).to_rgb8(), width, height)
}
