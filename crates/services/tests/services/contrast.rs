//! Contrast enhancement, from a form to the picture.

use crate::support::{artifact, call, code, encoded, form, picture};
use image::{DynamicImage, ImageFormat, RgbImage};
use safelight_contract::Code;
use safelight_imaging::Format;
use safelight_operation::FileFormat;
use safelight_testkit as testkit;

const CONTRAST: &str = "/api/image/enhance/image-contrast-enhancement";

fn span(picture: &DynamicImage) -> u8 {
    let mut levels = picture.to_luma8().into_raw();
    levels.sort_unstable();
    levels[levels.len() * 99 / 100] - levels[levels.len() / 100]
}

#[test]
fn a_flat_photo_comes_back_with_contrast() {
    let photo = image::load_from_memory(&testkit::photo("grace_hopper.jpg")).expect("a photo");
    let mut flat = photo.to_rgb8();
    flat.iter_mut().for_each(|value| *value = 64 + *value / 2);
    let flat = DynamicImage::from(flat);
    let sent = form(encoded(&flat, ImageFormat::Png));
    let (made, url) = artifact(call(CONTRAST, &sent).expect("a success"));
    assert_eq!((made.format, url), (FileFormat::Picture(Format::Jpeg), false), "Base64 of a JPEG");
    let back = image::load_from_memory(&made.bytes).expect("a picture");
    assert_eq!((back.width(), back.height()), (photo.width(), photo.height()));
    assert!(span(&flat) < 130 && span(&back) > 210, "{} {}", span(&flat), span(&back));
}

#[test]
fn transparency_is_kept_and_gray_accepted() {
    let photo = image::load_from_memory(&testkit::photo("coffee.png")).expect("a photo");
    let mut half = photo.to_rgba8();
    half.enumerate_pixels_mut().for_each(|(x, _, pixel)| pixel.0[3] = (x % 200) as u8);
    let sent = form(encoded(&half.clone().into(), ImageFormat::Png));
    let (made, _) = artifact(call(CONTRAST, &sent).expect("a success"));
    assert_eq!(made.format, FileFormat::Picture(Format::Png));
    let found = picture(CONTRAST, &sent).to_rgba8();
    assert!(found.pixels().zip(half.pixels()).all(|(found, sent)| found[3] == sent[3]));
    let gray = form(encoded(&photo.to_luma8().into(), ImageFormat::Jpeg));
    let found = picture(CONTRAST, &gray).to_rgb8();
    assert!(found.pixels().all(|p| p[0].abs_diff(p[1]) < 2 && p[1].abs_diff(p[2]) < 2));
}

#[test]
fn every_limit_has_its_code() {
    let sized =
        |width, height| form(encoded(&RgbImage::new(width, height).into(), ImageFormat::Png));
    for (width, height) in [(9, 12), (12, 9)] {
        assert_eq!(code(CONTRAST, &sized(width, height)), Code::LowResolution);
    }
    for (width, height) in [(5001, 1300), (1300, 5001), (500, 100), (100, 500)] {
        assert_eq!(code(CONTRAST, &sized(width, height)), Code::FileResolutionExceedsLimits);
    }
    for (width, height) in [(10, 10), (40, 10), (10, 40)] {
        call(CONTRAST, &sized(width, height)).expect("within the limits");
    }
    assert_eq!(code(CONTRAST, &Default::default()), Code::MissingParameters);
    assert_eq!(code(CONTRAST, &form(Vec::new())), Code::ParametersCannotEmpty);
    assert_eq!(code(CONTRAST, &form(vec![1; 9 << 20])), Code::FileSizeExceedsLimit);
    let webp = encoded(&RgbImage::new(64, 64).into(), ImageFormat::WebP);
    assert_eq!(code(CONTRAST, &form(webp)), Code::UnsupportedFileTypes);
    let mut torn = testkit::photo("flower.jpg");
    torn.truncate(torn.len() / 2);
    assert_eq!(code(CONTRAST, &form(torn)), Code::FileDecodingFailure);
}
