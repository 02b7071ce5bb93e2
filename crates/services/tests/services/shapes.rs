//! Bodies, heads, hair and nails changed, and gray pictures tinted: what is done, and what is refused.

use crate::support::{self, Form, artifact, call, code, encoded, form, with};
use image::{DynamicImage, ImageFormat, Luma, RgbImage, imageops};
use safelight_contract::{Code, Edition};
use safelight_imaging::lab_of;
use safelight_testkit::{self as testkit, picture as read};

const WAIST: &str = "/api/portrait/editing/ai-waist-slimming";
const FAT: &str = "/api/portrait/editing/ai-fat-filter";
const BIG_HEAD: &str = "/api/portrait/effects/ai-big-head-effect";
const TINT: &str = "/api/image/effects/image-colorization";
const LOSS: &str = "/api/portrait/editing/ai-hair-loss-simulation";
const BALD: &str = "/api/portrait/editing/ai-bald";
const EDITOR: &str = "/api/portrait/effects/hairstyle-editor";
const NAILS: &str = "/api/image/editing/ai-nail-art";
const NAILS_PRO: &str = "/api/image/editing/ai-nail-art-pro";

fn png(picture: &RgbImage) -> Vec<u8> {
    encoded(&DynamicImage::ImageRgb8(picture.clone()), ImageFormat::Png)
}

/// The first picture of an answer.
fn made(path: &str, form: &Form) -> RgbImage {
    let node = call(path, form).unwrap_or_else(|fault| panic!("{path}: {fault}"));
    image::load_from_memory(&node.artifacts()[0].bytes).expect("a picture").to_rgb8()
}

/// Whether two pixels differ by more than a JPEG makes them.
fn far(a: [u8; 3], b: [u8; 3], most: f32) -> bool {
    let (a, b) = (lab_of(a), lab_of(b));
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt() > most
}

/// Share of the pixels of a part (x, y, width, height) that differ plainly.
fn changed(one: &RgbImage, two: &RgbImage, [x, y, width, height]: [u32; 4]) -> f32 {
    let places = (y..y + height).flat_map(|y| (x..x + width).map(move |x| (x, y)));
    let differs = |&(x, y): &(u32, u32)| far(one.get_pixel(x, y).0, two.get_pixel(x, y).0, 12.0);
    places.filter(differs).count() as f32 / (width * height) as f32
}

/// How many pixels of a row are red: how wide the shirt of the drawn person is.
fn shirt(picture: &RgbImage, row: u32) -> usize {
    (110..190).filter(|&x| lab_of(picture.get_pixel(x, row).0)[1] > 35.0).count()
}

#[test]
fn a_waist_narrows_and_nothing_else_does() {
    let before = read("standing.png");
    let after = made(WAIST, &form(png(&before)));
    let (was, is) = (shirt(&before, 205) as f32, shirt(&after, 205) as f32);
    assert!((0.86..0.97).contains(&(is / was)), "{was} {is}");
    assert!(shirt(&before, 140).abs_diff(shirt(&after, 140)) <= 2, "the shoulders");
    // The wall beside the person, the head, the feet.
    for part in [[0, 0, 50, 480], [250, 0, 50, 480], [90, 0, 120, 100], [90, 300, 120, 180]] {
        assert!(changed(&before, &after, part) < 0.01, "{part:?}");
    }
}

#[test]
fn a_fuller_figure_is_wider_everywhere() {
    let before = read("standing.png");
    let after = made(FAT, &form(png(&before)));
    let (was, is) = (shirt(&before, 205) as f32, shirt(&after, 205) as f32);
    assert!(is > 1.05 * was, "{was} {is}");
    assert!(changed(&before, &after, [0, 0, 40, 480]) < 0.01, "the wall stays");
    let portrait = read("astronaut.png");
    let face = made(FAT, &form(png(&portrait)));
    assert!(changed(&portrait, &face, [170, 120, 120, 80]) > 0.03, "a portrait gets a fuller face");
    assert!(changed(&portrait, &face, [400, 0, 112, 512]) < 0.01);
}

#[test]
fn whoever_is_not_seen_whole_is_refused() {
    for photo in ["astronaut.png", "grace_hopper.jpg"] {
        let found = code(WAIST, &form(testkit::photo(photo)));
        assert_eq!(found, Code::PoseNotEnoughKeypoints, "{photo}");
        assert_eq!(found.in_edition(Edition::E2025), Code::NoRecognitionTargetDetected);
    }
    for path in [WAIST, FAT, BIG_HEAD] {
        let found = code(path, &form(testkit::photo("coffee.png")));
        let right = [Code::NoRecognitionTargetDetected, Code::NoFaceInFile];
        assert!(right.contains(&found), "{path}: {found:?}");
    }
    let one = read("standing.png");
    let mut couple = RgbImage::new(380, 480);
    imageops::replace(&mut couple, &one, 80, 0);
    let left = imageops::crop_imm(&one, 60, 0, 168, 480).to_image();
    imageops::replace(&mut couple, &left, 0, 0);
    let found = code(WAIST, &form(png(&couple)));
    assert_eq!(found, Code::PoseNotEnoughKeypoints, "two who touch");
}

#[test]
fn a_big_head_gets_the_room_that_it_needs() {
    let before = read("standing.png");
    let after = made(BIG_HEAD, &form(png(&before)));
    let grown = after.height() - before.height();
    assert!(after.width() == before.width() && (20..200).contains(&grown), "{grown}");
    // The body stands where it stood.
    let body = imageops::crop_imm(&after, 0, grown, 300, 480).to_image();
    assert!(changed(&before, &body, [0, 150, 300, 330]) < 0.01);
    assert!(changed(&before, &body, [80, 20, 140, 70]) > 0.2, "the head is another size");
}

#[test]
fn gray_people_are_tinted_and_their_light_stays() {
    let gray = image::load_from_memory(&support::photo(support::GRAY)).expect("a photo");
    let before = gray.to_rgb8();
    let node = call(TINT, &form(support::photo(support::GRAY))).expect("tinted");
    let (made, url) = artifact(node);
    assert!(!url, "Base64");
    let after = image::load_from_memory(&made.bytes).expect("a picture").to_rgb8();
    let truth = read("astronaut.png");
    // Cheeks and nose.
    for [x, y] in [[200, 125], [250, 125], [225, 130]] {
        let [was, is, own] = [&before, &after, &truth].map(|p| lab_of(p.get_pixel(x, y).0));
        let off = (is[1] - own[1]).hypot(is[2] - own[2]);
        let untinted = own[1].hypot(own[2]);
        assert!(off < 10.0 && off < 0.6 * untinted, "{x} {y}: {is:?} {own:?}");
        assert!((is[0] - was[0]).abs() < 3.0, "{was:?} {is:?}");
    }
    let ground = lab_of(after.get_pixel(470, 60).0);
    assert!(ground[1].hypot(ground[2]) < 4.0, "the background stays gray: {ground:?}");
}

#[test]
fn pictures_that_cannot_be_tinted_say_why() {
    assert_eq!(
        code(TINT, &form(testkit::photo("astronaut.png"))),
        Code::NoRecognitionTargetDetected,
        "it has colours"
    );
    let coffee = image::load_from_memory(&testkit::photo("coffee.png")).expect("a photo");
    let coffee = encoded(&coffee.to_luma8().into(), ImageFormat::Png);
    let fault = call(TINT, &form(coffee)).map(|_| ()).expect_err("nobody");
    assert_eq!(fault.code(), Code::NoFaceInFile);
    assert!(fault.message().contains("network"), "{fault}");
    let nothing = image::GrayImage::from_pixel(64, 64, Luma([120]));
    let nothing = encoded(&nothing.into(), ImageFormat::Png);
    assert_eq!(code(TINT, &form(nothing)), Code::NoFaceInFile);
}

/// Mean lightness of the strip above the hairline of the drawn head.
fn light_above(
    picture: &RgbImage,
    rows: std::ops::Range<u32>,
    columns: std::ops::Range<u32>,
) -> f32 {
    let places = rows.flat_map(|y| columns.clone().map(move |x| (x, y)));
    let all: Vec<f32> = places.map(|(x, y)| lab_of(picture.get_pixel(x, y).0)[0]).collect();
    all.iter().sum::<f32>() / all.len() as f32
}

#[test]
fn hair_recedes_level_by_level_and_the_face_stays() {
    let before = read("short_hair.png");
    let level = |level: &str| made(LOSS, &with(form(png(&before)), "level", level));
    // The temples, just above the hairline.
    let temples =
        |p: &RgbImage| light_above(p, 84..112, 160..180) + light_above(p, 84..112, 282..302);
    let levels = ["man_1", "man_3", "man_5"].map(level);
    let lights = levels.each_ref().map(temples);
    assert!(temples(&before) < lights[0] + 1.0, "{} {lights:?}", temples(&before));
    assert!(lights.windows(2).all(|pair| pair[1] > pair[0] + 1.0), "{lights:?}");
    for picture in &levels {
        assert!(changed(&before, picture, [180, 180, 100, 180]) < 0.01, "the face");
        assert!(changed(&before, picture, [0, 0, 90, 480]) < 0.01, "the background");
    }
}

#[test]
fn short_hair_goes_and_long_hair_is_refused() {
    let before = read("short_hair.png");
    let after = made(BALD, &form(png(&before)));
    assert!(light_above(&after, 50..90, 200..260) > light_above(&before, 50..90, 200..260) + 20.0);
    assert!(changed(&before, &after, [170, 180, 120, 180]) < 0.01, "the face");
    assert!(changed(&before, &after, [0, 200, 80, 280]) < 0.01, "the background");
    let long = || form(testkit::photo("astronaut.png"));
    assert_eq!(code(BALD, &long()), Code::ProcessingFailure);
    assert_eq!(code(LOSS, &with(long(), "level", "woman_2")), Code::ProcessingFailure);
    assert_eq!(code(LOSS, &with(long(), "level", "man_7")), Code::AiNotExists);
    assert_eq!(code(LOSS, &with(long(), "level", "man_8")), Code::UnsupportedParameterValues);
    assert_eq!(code(LOSS, &long()), Code::MissingParameters);
    for path in [BALD, LOSS] {
        let coffee = with(form(testkit::photo("coffee.png")), "level", "man_2");
        assert_eq!(code(path, &coffee), Code::NoFaceInFile, "{path}");
    }
}

#[test]
fn the_first_editor_of_hairstyles_makes_hair_blonde_alone() {
    let sent = |value: &str| {
        let mut form = Form::new();
        form.add_file("image_target", testkit::photo("astronaut.png").into());
        with(form, "hair_type", value)
    };
    let after = made(EDITOR, &sent("801"));
    assert!(changed(&read("astronaut.png"), &after, [180, 10, 90, 50]) > 0.2);
    for value in ["101", "503", "0"] {
        assert_eq!(code(EDITOR, &sent(value)), Code::AiNotExists, "{value}");
    }
    assert_eq!(code(EDITOR, &sent("102")), Code::UnsupportedParameterValues);
    assert_eq!(code(EDITOR, &sent("blonde")), Code::ParameterConversionFailed);
    let mut none = Form::new();
    none.add_file("image_target", testkit::photo("astronaut.png").into());
    assert_eq!(code(EDITOR, &none), Code::AiNotExists, "the default needs an engine");
}

fn manicure(name: &str, desc: &str) -> Form {
    with(with(form(testkit::photo("hand.png")), "nail_name", name), "nail_desc", desc)
}

/// The middles of the drawn nails.
const MIDDLES: [[u32; 2]; 5] = [[139, 123], [193, 93], [248, 116], [298, 180], [57, 253]];

#[test]
fn nails_get_their_polish_and_fingers_stay() {
    let before = read("hand.png");
    let after = made(NAILS, &manicure("navy", "matte dark blue"));
    for [x, y] in MIDDLES {
        let colour = lab_of(after.get_pixel(x, y).0);
        assert!(colour[2] < -8.0, "{x} {y}: {colour:?}");
    }
    assert!(changed(&before, &after, [100, 200, 240, 300]) < 0.002, "palm and wrist");
    assert!(changed(&before, &after, [320, 0, 80, 500]) < 0.002, "the ground");
}

#[test]
fn nails_are_copied_from_a_picture() {
    let mut red = Form::new();
    red.add_file("image", testkit::photo("hand.png").into());
    let swatch = RgbImage::from_pixel(80, 80, image::Rgb([20, 120, 60]));
    red.add_file("reference_image", png(&swatch).into());
    let after = made(NAILS_PRO, &red);
    for [x, y] in MIDDLES {
        let colour = lab_of(after.get_pixel(x, y).0);
        assert!(colour[1] < -15.0, "{x} {y}: {colour:?}");
    }
    let painted = made(NAILS, &manicure("cherry red", "glossy"));
    let mut copied = Form::new();
    copied.add_file("image", testkit::photo("hand.png").into());
    copied.add_file("reference_image", png(&painted).into());
    let after = made(NAILS_PRO, &copied);
    assert!(lab_of(after.get_pixel(193, 93).0)[1] > 25.0);
}

#[test]
fn pictures_without_nails_are_refused() {
    let coffee = with(form(testkit::photo("coffee.png")), "nail_name", "red");
    assert_eq!(code(NAILS, &with(coffee, "nail_desc", "red")), Code::NoRecognitionTargetDetected);
    assert_eq!(code(NAILS, &form(testkit::photo("hand.png"))), Code::MissingParameters);
    let mut sent = form(testkit::photo("coffee.png"));
    sent.add_file("reference_image", testkit::photo("hand.png").into());
    assert_eq!(code(NAILS_PRO, &sent), Code::NoRecognitionTargetDetected);
    let size = with(sent, "resolution", "4K");
    assert_eq!(code(NAILS_PRO, &size), Code::UnsupportedParameterValues);
}
