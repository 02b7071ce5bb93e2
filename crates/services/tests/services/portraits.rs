//! People freed from their background, from a form to the picture.

use crate::support::{artifact, call, code, encoded, form, picture, with};
use image::{DynamicImage, GenericImage, GrayImage, ImageFormat, RgbImage, imageops};
use safelight_contract::Code;
use safelight_operation::Node;
use safelight_testkit as testkit;

const PORTRAIT: &str = "/api/cutout/portrait/portrait-background-removal";
const HD: &str = "/api/cutout/portrait/hd-portrait-background-removal";

fn photo(name: &str) -> DynamicImage {
    image::load_from_memory(&testkit::photo(name)).expect("a photo")
}

fn matte(sent: &safelight_operation::Form) -> GrayImage {
    picture(PORTRAIT, &with(sent.clone(), "return_form", "mask")).to_luma8()
}

/// Mean of a part of a matte: left, top, width, height.
fn mean(matte: &GrayImage, [x, y, width, height]: [u32; 4]) -> f64 {
    let part = imageops::crop_imm(matte, x, y, width, height).to_image();
    part.iter().map(|&value| f64::from(value)).sum::<f64>() / part.len() as f64
}

#[test]
fn the_person_and_the_helmet_stay_and_the_flag_goes() {
    let matte = matte(&form(testkit::photo("astronaut.png")));
    assert!(mean(&matte, [190, 60, 70, 110]) > 250.0, "the face");
    assert!(mean(&matte, [300, 370, 150, 120]) > 250.0, "the helmet in her arm");
    assert!(mean(&matte, [200, 440, 70, 70]) > 225.0, "between glove and helmet");
    assert!(mean(&matte, [0, 0, 60, 240]) < 2.0, "the flag");
    assert!(mean(&matte, [0, 380, 14, 130]) < 40.0, "the flag behind the arm");
    assert!(mean(&matte, [360, 20, 140, 250]) < 2.0, "the model of the shuttle");
}

/// A thing as salient as the person, but apart, goes; the universal service keeps it.
#[test]
fn things_beside_a_person_go() {
    let mut both = RgbImage::from_pixel(1000, 600, image::Rgb([120, 150, 185]));
    let cut = picture(PORTRAIT, &form(testkit::photo("grace_hopper.jpg"))).to_rgba8();
    let mut left = DynamicImage::from(both.clone()).to_rgba8();
    imageops::overlay(&mut left, &cut, 0, 0);
    let flower = picture(
        "/api/cutout/general/universal-background-removal",
        &with(form(testkit::photo("flower.jpg")), "return_form", "crop"),
    );
    imageops::overlay(&mut left, &flower.to_rgba8(), 620, 150);
    both.copy_from(&DynamicImage::from(left).to_rgb8(), 0, 0).expect("it fits");
    let sent = form(encoded(&both.into(), ImageFormat::Png));
    let matte = matte(&sent);
    assert!(mean(&matte, [210, 120, 100, 120]) > 250.0, "the person");
    assert!(mean(&matte, [700, 200, 100, 150]) < 3.0, "the flower");
}

#[test]
fn what_is_no_person_is_refused() {
    for name in ["chelsea.png", "china.jpg", "coffee.png", "flower.jpg", "rocket.jpg", "text.png"] {
        for path in [PORTRAIT, HD] {
            let sent = form(testkit::photo(name));
            assert_eq!(code(path, &sent), Code::NoRecognitionTargetDetected, "{path} {name}");
        }
    }
    let plain = RgbImage::from_pixel(300, 200, image::Rgb([128; 3]));
    let sent = form(encoded(&plain.into(), ImageFormat::Png));
    assert_eq!(code(PORTRAIT, &sent), Code::NoRecognitionTargetDetected);
}

#[test]
fn the_large_one_answers_at_both_places() {
    let large =
        photo("grace_hopper.jpg").resize_exact(2560, 3000, imageops::FilterType::CatmullRom);
    let large = form(encoded(&large, ImageFormat::Jpeg));
    assert_eq!(code(PORTRAIT, &large), Code::FileResolutionExceedsLimits);
    let Node::Object(mut top) = call(HD, &large).expect("a success") else { panic!("an object") };
    let (_, Node::Object(data)) = top.remove(0) else { panic!("data") };
    let place = |name: &str| data.iter().find(|(n, _)| *n == name).map(|(_, node)| node.clone());
    let Some(Node::List(mut elements)) = place("elements") else { panic!("elements") };
    let one = artifact(elements.remove(0)).0;
    let two = artifact(place("image_url").expect("image_url")).0;
    assert!(elements.is_empty() && one == two);
    let made = image::load_from_memory(&one.bytes).expect("a picture");
    assert_eq!((made.width(), made.height()), (2560, 3000));
}

#[test]
fn every_form_of_picture_and_every_pixel_format_is_read() {
    let person = photo("grace_hopper.jpg");
    let reference = matte(&form(encoded(&person, ImageFormat::Png)));
    let gray = DynamicImage::from(person.to_luma8());
    let deep = DynamicImage::from(person.to_rgb16());
    let clear = DynamicImage::from(person.to_rgba8());
    for (name, other, most) in [("gray", gray, 12.0), ("16 bit", deep, 0.5), ("alpha", clear, 0.5)]
    {
        let found = matte(&form(encoded(&other, ImageFormat::Png)));
        let apart = found.iter().zip(reference.iter()).map(|(a, b)| f64::from(a.abs_diff(*b)));
        let apart = apart.sum::<f64>() / found.len() as f64;
        assert!(apart < most, "{name}: {apart:.2} of 255");
    }
    let small = person.resize_exact(32, 38, imageops::FilterType::CatmullRom);
    let outcome = call(PORTRAIT, &form(encoded(&small, ImageFormat::Png)));
    assert!(
        outcome.is_ok() || outcome.is_err_and(|f| f.code() == Code::NoRecognitionTargetDetected)
    );
    let mut long = RgbImage::from_pixel(1900, 190, image::Rgb([90, 120, 150]));
    let head = person.resize(190, 190, imageops::FilterType::CatmullRom).to_rgb8();
    imageops::replace(&mut long, &head, 900, 0);
    let matte = matte(&form(encoded(&long.into(), ImageFormat::Png)));
    assert!(mean(&matte, [950, 60, 40, 60]) > 200.0 && mean(&matte, [0, 0, 700, 190]) < 1.0);
}

#[test]
fn every_limit_has_its_code() {
    let sized = |width, height, format| form(encoded(&RgbImage::new(width, height).into(), format));
    for (path, most) in [(PORTRAIT, 2000), (HD, 6000)] {
        assert_eq!(code(path, &Default::default()), Code::MissingParameters);
        assert_eq!(code(path, &form(Vec::new())), Code::ParametersCannotEmpty);
        assert_eq!(code(path, &form(vec![1; 41 << 20])), Code::FileSizeExceedsLimit);
        let gif = form(&b"GIF89a\x01\0\x01\0\0\0\0;"[..]);
        assert_eq!(code(path, &gif), Code::UnsupportedFileTypes);
        for (width, height) in [(most + 1, 40), (40, most + 1)] {
            let sent = sized(width, height, ImageFormat::Png);
            assert_eq!(code(path, &sent), Code::FileResolutionExceedsLimits);
        }
        let mut torn = testkit::photo("grace_hopper.jpg");
        torn.truncate(torn.len() / 2);
        assert_eq!(code(path, &form(torn)), Code::FileDecodingFailure);
        let webp = sized(64, 64, ImageFormat::WebP);
        assert_eq!(code(path, &webp), Code::NoRecognitionTargetDetected, "read, and empty");
    }
    assert_eq!(code(HD, &sized(31, 40, ImageFormat::Png)), Code::LowResolution);
    let odd = with(form(testkit::photo("grace_hopper.jpg")), "return_form", "gif");
    assert_eq!(code(PORTRAIT, &odd), Code::UnsupportedParameterValues);
}
