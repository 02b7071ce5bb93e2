//! Background removal, from a form to the picture.

use std::path::PathBuf;

use crate::support::{artifact, call, code, encoded, form, picture, with};
use image::{DynamicImage, GenericImageView, GrayImage, ImageFormat, RgbImage, Rgba, imageops};
use safelight_contract::Code;
use safelight_imaging::Format;
use safelight_operation::FileFormat;
use safelight_testkit as testkit;

const CUTOUT: &str = "/api/cutout/general/universal-background-removal";
const HD: &str = "/api/cutout/general/hd-universal-background-removal";

/// The alpha of a photo's cut-out.
fn alpha(picture: &DynamicImage) -> GrayImage {
    let rgba = picture.to_rgba8();
    GrayImage::from_fn(rgba.width(), rgba.height(), |x, y| image::Luma([rgba.get_pixel(x, y)[3]]))
}

/// Mattes that were looked at, 128 px on the longer side. `UPDATE_GOLDEN=1` writes them anew.
#[test]
fn mattes_are_the_golden_ones() {
    for name in [
        "astronaut.png",
        "chelsea.png",
        "china.jpg",
        "coffee.png",
        "flower.jpg",
        "grace_hopper.jpg",
    ] {
        let found = picture(CUTOUT, &form(testkit::photo(name)));
        let (width, height) = found.dimensions();
        let scale = 128.0 / f64::from(width.max(height));
        let size = |side: u32| (f64::from(side) * scale).round() as u32;
        let small = imageops::thumbnail(&alpha(&found), size(width), size(height));
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
        let file = file.join(name).with_extension("png");
        if std::env::var("UPDATE_GOLDEN").is_ok_and(|update| update == "1") {
            small.save(&file).expect("the golden folder can be written");
        }
        let golden = image::open(&file).expect("a golden matte").to_luma8();
        for (what, wrong) in spoiled(&golden) {
            assert!(agrees(&wrong, &golden).is_err(), "{name}: {what} passes");
        }
        assert_eq!(agrees(&small, &golden), Ok(()), "{name}");
    }
}

/// Whether two mattes show the same subject with the same edge.
fn agrees(found: &GrayImage, golden: &GrayImage) -> Result<(), String> {
    if found.dimensions() != golden.dimensions() {
        return Err(format!("{:?}, was {:?}", found.dimensions(), golden.dimensions()));
    }
    let pairs = || found.iter().zip(golden.iter()).map(|(a, b)| (f64::from(*a), f64::from(*b)));
    let (both, either) =
        pairs().fold((0.0, 0.0), |(both, either), (a, b)| (both + a.min(b), either + a.max(b)));
    // The edge: where the golden matte is neither full nor empty, or changes from one to the other.
    let soft = imageops::blur(golden, 1.5);
    let edge = || pairs().zip(soft.iter()).filter(|(_, soft)| (16..=239).contains(*soft));
    let count = edge().count().max(1) as f64;
    let off = edge().map(|((a, b), _)| (a - b).abs() / 255.0).sum::<f64>() / count;
    let overlap = both / f64::max(either, 1.0);
    // int8 differs from one processor to the next.
    match overlap >= 0.94 && off <= 0.1 {
        true => Ok(()),
        false => Err(format!("IoU {overlap:.3}, error of the edge {off:.3}")),
    }
}

/// Mattes that are plainly wrong: everything kept, a part of the subject lost, the edge three pixels too
/// far out, a part of the ground kept.
fn spoiled(golden: &GrayImage) -> [(&'static str, GrayImage); 4] {
    let (width, height) = golden.dimensions();
    let everything = GrayImage::from_pixel(width, height, image::Luma([255]));
    // A tenth of the subject, from the top.
    let all: u64 = golden.iter().map(|alpha| u64::from(*alpha)).sum();
    let mut lost = golden.clone();
    let mut left = all / 10;
    for alpha in lost.iter_mut() {
        let taken = left.min(u64::from(*alpha));
        left -= taken;
        *alpha -= taken as u8;
    }
    let wider = GrayImage::from_fn(width, height, |x, y| {
        let near = |at: u32, most: u32| at.saturating_sub(3)..=(at + 3).min(most - 1);
        let around = near(y, height).flat_map(|y| near(x, width).map(move |x| (x, y)));
        image::Luma([around.map(|(x, y)| golden.get_pixel(x, y)[0]).max().unwrap_or(0)])
    });
    // As much ground as a tenth of the subject.
    let mut kept = golden.clone();
    let mut left = all / 10;
    for alpha in kept.iter_mut().rev() {
        let added = left.min(u64::from(255 - *alpha));
        left -= added;
        *alpha += added as u8;
    }
    [
        ("everything", everything),
        ("a matte with a part lost", lost),
        ("a matte three pixels too wide", wider),
        ("a matte with ground", kept),
    ]
}

#[test]
fn every_form_shows_the_same_cut_out() {
    let sent = form(testkit::photo("astronaut.png"));
    let form = |word| picture(CUTOUT, &with(sent.clone(), "return_form", word));
    let cutout = picture(CUTOUT, &sent).to_rgba8();
    assert_eq!(cutout.dimensions(), (512, 512));

    let mask = form("mask");
    assert_eq!(mask.color(), image::ColorType::L8);
    assert!(mask.to_luma8().pixels().zip(cutout.pixels()).all(|(m, c)| m[0] == c[3]));

    let white = form("whiteBK");
    assert_eq!(white.color(), image::ColorType::Rgb8);
    for (white, Rgba([r, g, b, a])) in white.to_rgb8().pixels().zip(cutout.pixels()) {
        for (seen, colour) in white.0.into_iter().zip([r, g, b]) {
            let share = f32::from(*a) / 255.0;
            let expected = share * f32::from(*colour) + (1.0 - share) * 255.0;
            assert!((f32::from(seen) - expected).abs() <= 1.0);
        }
    }

    let crop = form("crop").to_rgba8();
    let solid = |(x, y, pixel): (u32, u32, &Rgba<u8>)| (pixel[3] >= 8).then_some((x, y));
    let (left, right) = {
        let xs = cutout.enumerate_pixels().filter_map(solid).map(|(x, _)| x);
        (xs.clone().min().expect("a subject"), xs.max().expect("a subject"))
    };
    let top = cutout.enumerate_pixels().filter_map(solid).map(|(_, y)| y).min().expect("a subject");
    assert_eq!(crop.width(), right - left + 1);
    let part = imageops::crop_imm(&cutout, left, top, crop.width(), crop.height()).to_image();
    assert_eq!(crop, part);
}

#[test]
fn the_large_one_gives_the_same_and_takes_more() {
    let sent = form(testkit::photo("coffee.png"));
    let (made, url) = artifact(call(HD, &sent).expect("a success"));
    assert!(url && made.format == FileFormat::Picture(Format::Png));
    assert_eq!(Some(made), call(CUTOUT, &sent).ok().map(|node| artifact(node).0));

    let photo = image::load_from_memory(&testkit::photo("flower.jpg")).expect("a photo");
    let large = photo.resize_exact(3200, 2135, imageops::FilterType::CatmullRom);
    let large = encoded(&large, ImageFormat::Jpeg);
    assert_eq!(code(CUTOUT, &form(large.clone())), Code::FileResolutionExceedsLimits);
    let found = alpha(&picture(HD, &form(large)));
    let small = alpha(&picture(HD, &form(testkit::photo("flower.jpg"))));
    let reduced = imageops::thumbnail(&found, small.width(), small.height());
    let error = reduced.iter().zip(small.iter()).map(|(a, b)| f64::from(a.abs_diff(*b)));
    assert!(error.sum::<f64>() / 255.0 / (small.len() as f64) < 0.01, "the same at any size");
}

#[test]
fn a_photo_of_nothing_is_refused() {
    let mut state = 1_u32;
    let noise = RgbImage::from_fn(300, 200, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        image::Rgb([(state >> 24) as u8, (state >> 16) as u8, (state >> 8) as u8])
    });
    let ramp = RgbImage::from_fn(300, 200, |x, _| image::Rgb([(x / 2) as u8; 3]));
    let plain = |value| RgbImage::from_pixel(300, 200, image::Rgb([value; 3]));
    for nothing in [plain(0), plain(128), plain(255), noise, ramp] {
        let sent = form(encoded(&nothing.into(), ImageFormat::Png));
        assert_eq!(code(CUTOUT, &sent), Code::NoRecognitionTargetDetected);
        assert_eq!(code(HD, &sent), Code::NoRecognitionTargetDetected);
    }
}

#[test]
fn transparency_of_the_photo_stays() {
    let photo = image::load_from_memory(&testkit::photo("coffee.png")).expect("a photo");
    let mut half = photo.to_rgba8();
    half.enumerate_pixels_mut().filter(|p| p.0 < 300).for_each(|(_, _, p)| p.0[3] = 100);
    let found = picture(CUTOUT, &form(encoded(&half.into(), ImageFormat::Png))).to_rgba8();
    assert!(found.enumerate_pixels().filter(|p| p.0 < 300).all(|(_, _, p)| p[3] <= 100));
    assert!(found.pixels().any(|p| p[3] == 255));
}

#[test]
fn every_limit_has_its_code() {
    let sized = |width, height, format| form(encoded(&RgbImage::new(width, height).into(), format));
    for (path, most) in [(CUTOUT, 2000), (HD, 10_000)] {
        assert_eq!(code(path, &Default::default()), Code::MissingParameters);
        assert_eq!(code(path, &form(Vec::new())), Code::ParametersCannotEmpty);
        assert_eq!(code(path, &form(vec![1; 41 << 20])), Code::FileSizeExceedsLimit);
        assert_eq!(
            code(path, &form(&b"GIF89a\x01\0\x01\0\0\0\0;"[..])),
            Code::UnsupportedFileTypes
        );
        for (width, height) in [(31, 40), (40, 31)] {
            assert_eq!(code(path, &sized(width, height, ImageFormat::Png)), Code::LowResolution);
        }
        for (width, height) in [(most + 1, 40), (40, most + 1)] {
            let sent = sized(width, height, ImageFormat::Png);
            assert_eq!(code(path, &sent), Code::FileResolutionExceedsLimits);
        }
        let mut torn = testkit::photo("flower.jpg");
        torn.truncate(torn.len() / 2);
        assert_eq!(code(path, &form(torn)), Code::FileDecodingFailure);
    }
    let webp = sized(64, 64, ImageFormat::WebP);
    assert_eq!(code(HD, &webp), Code::UnsupportedFileTypes);
    assert_eq!(code(CUTOUT, &webp), Code::NoRecognitionTargetDetected, "read, and empty");
    let odd = with(form(testkit::photo("coffee.png")), "return_form", "gif");
    assert_eq!(code(CUTOUT, &odd), Code::UnsupportedParameterValues);
}
