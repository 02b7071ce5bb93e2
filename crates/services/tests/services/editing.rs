//! Filters, removal, extension and invisible marks, from a form to what is answered.

use crate::support::{Form, call, code, encoded, form, picture, png, with};
use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage, Rgba, imageops};
use safelight_contract::Code;
use safelight_operation::Node;
use safelight_testkit::{self as testkit, picture as photo, psnr};

const FILTER: &str = "/api/portrait/effects/face-filter";
const REMOVE: &str = "/api/image/editing/remove-objects";
const ADVANCED: &str = "/api/image/editing/remove-objects-advanced";
const PRO: &str = "/api/image/editing/remove-objects-pro";
const ERASE: &str = "/api/image/editing/image-erase";
const EXTEND: &str = "/api/image/editing/ai-image-extender";
const TEXT: &str = "/api/image/editing/image-invisible-text-watermarking";
const LOGO: &str = "/api/image/editing/image-invisible-image-watermark";

/// The photo as a PNG with a hardly transparent corner, so that the answer is lossless.
fn lossless(photo: &RgbImage) -> Vec<u8> {
    let mut picture = DynamicImage::from(photo.clone()).to_rgba8();
    let Rgba([r, g, b, _]) = *picture.get_pixel(0, 0);
    picture.put_pixel(0, 0, Rgba([r, g, b, 254]));
    png(picture)
}

fn ellipse(photo: &RgbImage, [x, y]: [u32; 2], [rx, ry]: [u32; 2]) -> GrayImage {
    GrayImage::from_fn(photo.width(), photo.height(), |px, py| {
        let way = |at: u32, centre: u32, radius: u32| (at as f32 - centre as f32) / radius as f32;
        Luma([if way(px, x, rx).hypot(way(py, y, ry)) <= 1.0 { 255 } else { 0 }])
    })
}

#[test]
fn a_filter_tones_by_its_strength() {
    let coffee = photo("coffee.png");
    let filtered = |strength: &str| {
        let form =
            with(with(form(lossless(&coffee)), "resource_type", "10067"), "strength", strength);
        picture(FILTER, &form).to_rgb8()
    };
    assert!(filtered("0") == coffee, "strength 0 changes something");
    assert!(filtered("1") != coffee);
    let refused = |kind: &str, strength: &str| {
        code(
            FILTER,
            &with(with(form(png(coffee.clone())), "resource_type", kind), "strength", strength),
        )
    };
    assert_eq!(refused("10079", "1"), Code::UnsupportedParameterValues);
    assert_eq!(refused("10001", "1.5"), Code::UnsupportedParameterValues);
    assert_eq!(code(FILTER, &form(png(coffee.clone()))), Code::MissingParameters);
}

/// Width and height of the table.
const TABLE: (u32, u32) = (240, 200);

/// A table with a green ball on it, and the mask of the ball.
fn with_ball() -> (RgbImage, GrayImage) {
    let photo = photo("coffee.png");
    let mut table = imageops::crop_imm(&photo, 360, 200, TABLE.0, TABLE.1).to_image();
    let ball = ellipse(&table, [160, 130], [20, 20]);
    for (pixel, _) in table.pixels_mut().zip(ball.iter()).filter(|(_, ball)| **ball > 0) {
        *pixel = Rgb([40, 220, 60]);
    }
    (table, ball)
}

fn masked(photo: Vec<u8>, name: &str, mask: Vec<u8>) -> Form {
    let mut form = form(photo);
    form.add_file(name, mask.into());
    form
}

fn green(picture: &RgbImage) -> usize {
    picture.pixels().filter(|pixel| pixel.0[1] > pixel.0[0].saturating_add(40)).count()
}

#[test]
fn an_object_is_removed_and_nothing_else_changes() {
    let (table, ball) = with_ball();
    assert!(green(&table) > 1000, "{} green pixels", green(&table));
    let grown = ellipse(&table, [160, 130], [25, 25]);
    for (path, name) in [(REMOVE, "mask"), (ERASE, "user_mask")] {
        let form = masked(lossless(&table), name, png(ball.clone()));
        let found = picture(path, &form).to_rgb8();
        assert_eq!(green(&found), 0, "{path} leaves some of it");
        let outside = table.pixels().zip(found.pixels()).zip(grown.iter());
        assert!(outside.filter(|(_, area)| **area == 0).all(|((a, b), _)| a == b), "{path}");
    }
}

fn binary(path: &str, form: &Form) -> RgbImage {
    let artifacts = call(path, form).unwrap_or_else(|fault| panic!("{fault}")).artifacts();
    image::load_from_memory(&artifacts[0].bytes).expect("a picture").to_rgb8()
}

#[test]
fn settings_of_removal_count() {
    let (table, ball) = with_ball();
    let form = || masked(lossless(&table), "mask", png(ball.clone()));
    let quick = with(form(), "quality", "L");
    let found = binary(ADVANCED, &quick);
    assert_eq!(green(&found), 0);
    assert!(binary(ADVANCED, &quick) == found, "a seed does not repeat");
    assert!(binary(ADVANCED, &with(quick, "seed", "7")) != found, "seeds make no difference");
    assert_eq!(green(&picture(PRO, &form()).to_rgb8()), 0);
}

#[test]
fn wrong_masks_are_refused() {
    let (table, ball) = with_ball();
    let refused = |path: &str, mask: Vec<u8>| code(path, &masked(png(table.clone()), "mask", mask));
    let other = png(GrayImage::new(300, 200));
    for path in [REMOVE, ADVANCED, PRO] {
        assert_eq!(refused(path, other.clone()), Code::MaskImageResolutionMismatch);
        assert_eq!(refused(path, png(GrayImage::new(TABLE.0, TABLE.1))), Code::InvalidFile);
        let all = GrayImage::from_pixel(TABLE.0, TABLE.1, Luma([255]));
        assert_eq!(refused(path, png(all)), Code::InvalidFile);
    }
    let coloured =
        RgbImage::from_fn(TABLE.0, TABLE.1, |x, y| Rgb([ball.get_pixel(x, y).0[0], 0, 0]));
    assert_eq!(refused(ADVANCED, png(coloured)), Code::InvalidFile);
    let translucent = image::RgbaImage::from_fn(TABLE.0, TABLE.1, |x, y| {
        let value = ball.get_pixel(x, y).0[0];
        Rgba([value, value, value, value])
    });
    assert_eq!(refused(ADVANCED, png(translucent)), Code::InvalidFile);
    let jpeg = encoded(&ball.clone().into(), ImageFormat::Jpeg);
    assert_eq!(refused(ADVANCED, jpeg), Code::InvalidFile);
    let deep = DynamicImage::from(ball).into_luma16();
    assert_eq!(refused(ADVANCED, png(deep)), Code::InvalidFile);
}

#[test]
fn a_frame_grows() {
    // Nothing salient at the sides.
    let scene = imageops::crop_imm(&photo("china.jpg"), 370, 40, 170, 230).to_image();
    let form = || with(with(form(png(scene.clone())), "top", "0"), "bottom", "0.2");
    let found = binary(EXTEND, &form());
    assert_eq!(found.dimensions(), (204, 276));
    let small = binary(EXTEND, &with(form(), "max_width", "102"));
    assert!((98..=102).contains(&small.width()) && (132..=138).contains(&small.height()));
    assert_eq!(code(EXTEND, &with(form(), "left", "0.4")), Code::UnsupportedParameterValues);
    assert_eq!(code(EXTEND, &with(form(), "right", "1.4")), Code::UnsupportedParameterValues);
    let mask = ellipse(&scene, [80, 120], [20, 20]);
    let mut masked = form();
    masked.add_file("mask", png(mask).into());
    assert_eq!(binary(EXTEND, &masked).dimensions(), scene.dimensions());
}

#[test]
fn a_person_at_the_side_is_not_continued() {
    let mut request = form(testkit::photo("astronaut.png"));
    for side in ["left", "right", "top"] {
        request = with(request, side, "0");
    }
    assert_eq!(code(EXTEND, &request), Code::ProcessingFailure);
}

/// The file of an answer.
fn answered(node: Node) -> Vec<u8> {
    node.artifacts()[0].bytes.to_vec()
}

fn marks(function: &str, files: &[(&str, Vec<u8>)]) -> Form {
    let mut form = Form::new();
    files.iter().for_each(|(name, file)| form.add_file(*name, file.clone().into()));
    with(form, "function_type", function)
}

#[test]
fn a_text_goes_in_and_comes_out() {
    let coffee = testkit::photo("coffee.png");
    let encode = |function: &str, text: &str| {
        let form = marks(function, &[("origin_image", coffee.clone())]);
        with(with(form, "text", text), "output_file_type", "jpg")
    };
    let form = with(encode("encode_text_plus", "Studio Nord 2026"), "quality_factor", "80");
    let marked = answered(call(TEXT, &form).expect("can be marked"));
    assert!(marked.starts_with(&[0xff, 0xd8]), "no JPEG");
    let read = marks("decode_text_plus", &[("watermark_image", marked.clone())]);
    let answer = call(TEXT, &read).expect("can be read");
    let found = format!("{answer:?}").contains("Studio Nord 2026");
    assert!(found, "another text was read");
    let shown = image::load_from_memory(&answered(answer)).expect("a picture").to_luma8();
    assert!(shown.iter().any(|&value| value < 60), "no letters are shown");

    let nothing = marks("decode_text", &[("watermark_image", coffee.clone())]);
    assert_eq!(code(TEXT, &nothing), Code::NoRecognitionTargetDetected);
    assert_eq!(code(TEXT, &encode("encode_text", "far too long")), Code::ContentTooLong);
    let without = marks("encode_text", &[("origin_image", coffee.clone())]);
    assert_eq!(code(TEXT, &without), Code::MissingParameters);
    assert_eq!(code(TEXT, &marks("decode_text", &[])), Code::MissingParameters);
}

#[test]
fn a_mark_is_never_put_where_nothing_is_seen() {
    let coffee = image::load_from_memory(&testkit::photo("coffee.png")).expect("a picture");
    let mut sticker = coffee.to_rgba8();
    sticker.enumerate_pixels_mut().for_each(|(x, y, pixel)| {
        if x < 260 || y < 150 || x > 330 || y > 220 {
            pixel.0[3] = 0;
        }
    });
    let sticker = encoded(&sticker.into(), ImageFormat::Png);
    let encode = |format: &str| {
        let form = marks("encode_text_plus", &[("origin_image", sticker.clone())]);
        with(with(form, "text", "Studio Nord 2026"), "output_file_type", format)
    };
    assert_eq!(code(TEXT, &encode("png")), Code::ProcessingFailure);
    // On white, which holds half of a mark.
    let marked = answered(call(TEXT, &encode("jpg")).expect("can be marked"));
    let read = marks("decode_text_plus", &[("watermark_image", marked)]);
    assert!(format!("{:?}", call(TEXT, &read).expect("can be read")).contains("Studio Nord 2026"));
}

#[test]
fn a_logo_goes_in_and_comes_out() {
    let coffee = testkit::photo("coffee.png");
    let disc = ellipse(&RgbImage::new(90, 90), [45, 45], [30, 30]);
    let logo = DynamicImage::from(GrayImage::from_fn(90, 90, |x, y| {
        Luma([255 - disc.get_pixel(x, y).0[0]])
    }));
    let files = [("origin_image", coffee), ("logo", encoded(&logo, ImageFormat::Png))];
    let marked = answered(call(LOGO, &marks("encode_pic_bold", &files)).expect("can be marked"));
    let read = marks("decode_pic_bold", &[("watermark_image", marked)]);
    let found = answered(call(LOGO, &read).expect("can be read"));
    let found = image::load_from_memory(&found).expect("a picture").to_luma8();
    let (width, height) = found.dimensions();
    assert!(found.get_pixel(width / 2, height / 2).0[0] < 60, "no ink in the middle");
    assert!(found.get_pixel(4, 4).0[0] > 200, "ink in the corner");
    assert_eq!(code(LOGO, &marks("encode_pic", &files[..1])), Code::MissingParameters);
}

const ENHANCE: &str = "/api/portrait/effects/enhance-face";

#[test]
fn a_blurred_face_becomes_sharper_and_a_sharp_one_stays() {
    let astronaut = photo("astronaut.png");
    assert!(picture(ENHANCE, &form(lossless(&astronaut))).to_rgb8() == astronaut);
    let blurred = imageops::blur(&astronaut, 1.8);
    let found = picture(ENHANCE, &form(lossless(&blurred))).to_rgb8();
    let face = |photo: &RgbImage| imageops::crop_imm(photo, 185, 70, 80, 90).to_image();
    let gain = psnr(&face(&found), &face(&astronaut)) - psnr(&face(&blurred), &face(&astronaut));
    assert!(gain > 1.0, "{gain:.2} dB");
    let feet = |photo: &RgbImage| imageops::crop_imm(photo, 0, 400, 512, 112).to_image();
    assert!(feet(&found) == feet(&blurred), "something far from the face changed");
}

#[test]
fn faces_that_are_too_small_or_missing_are_refused() {
    assert_eq!(code(ENHANCE, &form(testkit::photo("coffee.png"))), Code::NoFaceInFile);
    let small = imageops::thumbnail(&photo("astronaut.png"), 180, 180);
    assert_eq!(code(ENHANCE, &form(png(small))), Code::SmallFaceSize);
}
