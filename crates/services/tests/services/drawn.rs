//! Services that draw: cartoons, colouring pages, stickers, face paint, photography after words.

mod drawings;

use std::sync::OnceLock;

use crate::support::{call, code, encoded, form, with};
use drawings::{closed_areas, flat_share, leaked_share, outlined_share};
use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage, imageops};
use safelight_contract::Code;
use safelight_operation::{Form, Node};
use safelight_testkit::{self as testkit, picture as photo};
use safelight_vision::Vision;

const CONVERSION: &str = "/api/image/effects/image-style-conversion";
const LINE_ART: &str = "/api/image/effects/photo-to-line-art";
const ANIMATION: &str = "/api/portrait/effects/portrait-animation";
const ANIME: &str = "/api/image/effects/ai-anime-generator";
const HALLOWEEN: &str = "/api/portrait/effects/ai-halloween-mask";
const PHOTOGRAPHY: &str = "/api/image/effects/ai-photography";
const EMOJI: &str = "/api/image/effects/photo-to-emoji-grid";
const MATTE: &str = "/api/cutout/general/universal-background-removal";

/// The head and the shoulders of the portrait, 360 by 360 pixels.
fn portrait() -> RgbImage {
    imageops::crop_imm(&photo("astronaut.png"), 60, 0, 360, 360).to_image()
}

fn png(picture: &RgbImage) -> Vec<u8> {
    encoded(&DynamicImage::from(picture.clone()), ImageFormat::Png)
}

/// The one picture of an answer, however deep it lies.
fn made(path: &str, sent: &Form) -> DynamicImage {
    let node = call(path, sent).unwrap_or_else(|fault| panic!("{path}: {fault}"));
    let bytes = Node::artifacts(node).swap_remove(0).bytes;
    image::load_from_memory(&bytes).expect("a picture")
}

fn same_size(picture: &DynamicImage, as_large: &RgbImage) -> RgbImage {
    let (width, height) = as_large.dimensions();
    picture.resize_exact(width, height, imageops::Triangle).to_rgb8()
}

fn cartoon() -> &'static RgbImage {
    static MADE: OnceLock<RgbImage> = OnceLock::new();
    MADE.get_or_init(|| {
        made(CONVERSION, &with(form(png(&portrait())), "option", "cartoon")).to_rgb8()
    })
}

fn subject() -> &'static GrayImage {
    static MADE: OnceLock<GrayImage> = OnceLock::new();
    MADE.get_or_init(|| {
        made(MATTE, &with(form(png(&portrait())), "return_form", "mask")).to_luma8()
    })
}

/// Pixels of luma below this are ink.
const DARK: u8 = 90;

#[test]
fn cartoons_have_flat_areas_and_outlines() {
    let drawn = cartoon();
    assert!(flat_share(drawn) > 0.38, "flat {}", flat_share(drawn));
    let ink = DynamicImage::from(drawn.clone()).to_luma8();
    let outlined = outlined_share(&ink, subject(), 4, DARK);
    assert!(outlined > 0.96, "outlined {outlined}");
    // The photo itself has neither.
    let own = portrait();
    assert!(flat_share(&own) < 0.25, "the photo's flat {}", flat_share(&own));
    let own = DynamicImage::from(own).to_luma8();
    let outlined = outlined_share(&own, subject(), 4, DARK);
    assert!(outlined < 0.93, "the photo's outlined {outlined}");
}

#[test]
fn colouring_pages_are_closed() {
    let sent = with(form(png(&portrait())), "image_size", "1:1");
    let page = made(LINE_ART, &sent).to_luma8();
    assert_eq!(page.dimensions(), (2048, 2048));
    // The page without its margin, small.
    let margin = (0.03 * 2048.0) as u32;
    let inner = imageops::crop_imm(&page, margin, margin, 2048 - 2 * margin, 2048 - 2 * margin);
    let page = imageops::resize(&inner.to_image(), 960, 960, imageops::Triangle);
    let subject = imageops::resize(subject(), 960, 960, imageops::Triangle);
    let leaked = leaked_share(&page, &subject, 10);
    assert!(leaked < 0.02, "a flood fill reaches {leaked} of the subject");
    let outlined = outlined_share(&page, &subject, 8, 128);
    assert!(outlined > 0.9, "outlined {outlined}");
    let areas = closed_areas(&page, 0.0004);
    assert!(areas >= 8, "{areas} areas");
    // With a hole in every line the same measures fail.
    let mut broken = page.clone();
    for (x, y, pixel) in broken.enumerate_pixels_mut() {
        if x % 60 < 8 || y % 60 < 8 {
            *pixel = Luma([255]);
        }
    }
    assert!(leaked_share(&broken, &subject, 10) > 0.5);
    assert!(closed_areas(&broken, 0.0004) < areas / 2);
}

#[test]
fn every_native_type_draws_and_the_others_say_what_they_need() {
    let small = imageops::resize(&portrait(), 240, 240, imageops::Triangle);
    let sent = |word: &str| with(form(png(&small)), "type", word);
    let mut seen: Vec<RgbImage> = Vec::new();
    for word in [
        "comic",
        "classic_cartoon",
        "hongkong",
        "hkcartoon",
        "jpcartoon",
        "sketch",
        "full",
        "ukiyoe_cartoon",
    ] {
        let drawn = made(ANIMATION, &sent(word)).to_rgb8();
        assert_eq!(drawn.dimensions(), (240, 240), "{word}");
        for other in seen.iter().chain([&small]) {
            assert!(difference(&drawn, other) > 4.0, "{word} is like another");
        }
        seen.push(drawn);
    }
    let head = made(ANIMATION, &sent("avatar"));
    assert!(head.color().has_alpha() && head.width() < 240);
    for word in ["pixar", "anime", "3d_game", "angel_plus", "artstyle"] {
        assert_eq!(code(ANIMATION, &sent(word)), Code::AiNotExists, "{word}");
    }
    assert_eq!(code(ANIMATION, &sent("oil")), Code::UnsupportedParameterValues);
    let nobody = with(form(png(&RgbImage::from_pixel(200, 200, Rgb([90; 3])))), "type", "head");
    assert_eq!(code(ANIMATION, &nobody), Code::NoFaceInFile);
}

fn difference(one: &RgbImage, two: &RgbImage) -> f64 {
    let sum: u64 = one.iter().zip(two.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / one.len() as f64
}

#[test]
fn cartoons_have_the_asked_size_and_old_styles_are_read() {
    let wide = imageops::crop_imm(&photo("astronaut.png"), 0, 0, 500, 260).to_image();
    let drawn = made(ANIME, &with(form(png(&wide)), "index", "2"));
    assert_eq!((drawn.width(), drawn.height()), (2304, 1536));
    for index in ["1", "3", "4", "5", "6", "8"] {
        assert_eq!(code(ANIME, &with(form(png(&wide)), "index", index)), Code::AiNotExists);
    }
    let sent = |name: &str, value: &str| with(form(png(&wide)), name, value);
    assert_eq!(code(ANIME, &sent("index", "9")), Code::UnsupportedParameterValues);
    assert_eq!(code(ANIME, &sent("type", "dog-1")), Code::UnsupportedParameterValues);
    assert_eq!(code(ANIME, &form(png(&wide))), Code::MissingParameters);
}

#[test]
fn face_paint_stays_on_the_face_and_every_family_differs() {
    let own = portrait();
    let paint = |style: usize| {
        let sent = with(form(png(&own)), "mask_style", &style.to_string());
        same_size(&made(HALLOWEEN, &sent), &own)
    };
    // What encoding alone changes.
    let encoded_again = {
        let again = encoded(&DynamicImage::from(own.clone()), ImageFormat::Jpeg);
        image::load_from_memory(&again).expect("a picture").to_rgb8()
    };
    let face = |picture: &RgbImage| imageops::crop_imm(picture, 128, 70, 70, 90).to_image();
    let beside = |picture: &RgbImage| imageops::crop_imm(picture, 240, 200, 110, 150).to_image();
    let painted: Vec<RgbImage> = (0..17).map(|family| paint(5 * family + 1)).collect();
    assert!(difference(&face(&encoded_again), &face(&own)) < 6.0);
    for (index, one) in painted.iter().enumerate() {
        assert!(difference(&face(one), &face(&own)) > 10.0, "family {index} is hardly seen");
        assert!(difference(&beside(one), &beside(&own)) < 3.5, "family {index} reaches too far");
        for other in &painted[..index] {
            assert!(difference(&face(one), &face(other)) > 4.0, "family {index} is like another");
        }
    }
    let sent = |name: &str, value: &str| with(form(png(&own)), name, value);
    assert_eq!(code(HALLOWEEN, &sent("mask_style", "86")), Code::UnsupportedParameterValues);
    assert_eq!(code(HALLOWEEN, &form(png(&own))), Code::MissingParameters);
    let cut = made(HALLOWEEN, &with(sent("mask_style", "11"), "aspect_ratio", "3:4"));
    assert_eq!((cut.width(), cut.height()), (270, 360));
}

#[test]
fn a_template_gives_its_paint() {
    let own = portrait();
    let painted = made(HALLOWEEN, &with(form(png(&own)), "mask_style", "61"));
    let mut sent = form(png(&photo("grace_hopper.jpg")));
    sent.add_file("image_template", encoded(&painted, ImageFormat::Png).into());
    let taken = made(HALLOWEEN, &sent).to_rgb8();
    let before = photo("grace_hopper.jpg");
    let cheek = |picture: &RgbImage| {
        let cut = imageops::crop_imm(picture, 285, 255, 20, 16).to_image();
        let red = cut.pixels().map(|p| i32::from(p.0[0]) - i32::from(p.0[1])).sum::<i32>();
        red / (20 * 16)
    };
    assert!(cheek(&taken) > cheek(&before) + 15, "{} {}", cheek(&taken), cheek(&before));
    let mut sent = form(png(&own));
    sent.add_file("image_template", testkit::photo("coffee.png").into());
    assert_eq!(code(HALLOWEEN, &sent), Code::TemplateImageQualityTooLow);
}

#[test]
fn photography_follows_words() {
    let own = portrait();
    let taken = |title: &str, desc: &str| {
        let sent = with(with(form(png(&own)), "style_title", title), "style_desc", desc);
        call(PHOTOGRAPHY, &sent).map(|node| {
            let bytes = node.artifacts().swap_remove(0).bytes;
            image::load_from_memory(&bytes).expect("a picture").to_rgb8()
        })
    };
    let gray = taken("Black and white", "film noir").expect("a photo");
    assert!(gray.pixels().all(|p| p.0[0].abs_diff(p.0[2]) <= 14));
    let backdrop = taken("studio portrait", "blue background").expect("a photo");
    let corner = backdrop.get_pixel(4, 200).0;
    assert!(corner[2] > corner[0].saturating_add(40), "{corner:?}");
    let refused = |title| taken(title, "nice").map(drop).map_err(|fault| fault.code());
    assert_eq!(refused("wedding dress on a beach"), Err(Code::AiNotExists));
    assert_eq!(refused("blorb"), Err(Code::AiNotExists));
}

#[test]
fn a_sheet_shows_the_face_nine_times() {
    let texts =
        [("expression", "sad"), ("style", "cartoon"), ("scene", "night"), ("filler", "Hi!")];
    let sent = texts.iter().fold(form(png(&portrait())), |f, (name, value)| with(f, name, value));
    let sheet = made(EMOJI, &sent).to_rgb8();
    assert_eq!(sheet.dimensions(), (1200, 1200));
    let vision = Vision::new(testkit::registry());
    let faces = vision.detect_faces(&sheet).expect("faces").len();
    assert!(faces >= 8, "{faces} faces");
    let cell = |index: u32| {
        let (column, row) = (index % 3, index / 3);
        imageops::crop_imm(&sheet, column * 400, row * 400, 400, 400).to_image()
    };
    for one in 1..9 {
        assert!(difference(&cell(one), &cell(one - 1)) > 2.0, "{one} is like the one before");
    }
    let refused = with(
        with(with(form(png(&portrait())), "expression", "sad"), "style", "Pixar 3D"),
        "scene",
        "x",
    );
    assert_eq!(code(EMOJI, &refused), Code::AiNotExists);
}
