//! Services by a generative engine, from a form to what is answered: an engine in this process that paints
//! what it may change green.

use std::sync::Arc;

use crate::support::{self, Form, Painter, call, call_with, encoded, form, with};
use image::{DynamicImage, GrayImage, ImageFormat, RgbImage, Rgba, imageops};
use safelight_contract::Code;
use safelight_operation::{Given, Order};
use safelight_services::{CATALOG, RECIPES};
use safelight_testkit as testkit;
use safelight_testkit::engine::Manner;

const PRO: &str = "/api/portrait/effects/hairstyle-editor-pro";
const PREMIUM: &str = "/api/portrait/effects/hairstyle-editor-premium";
const GLOSS: &str = "/api/portrait/effects/ai-red-lip-gloss";
const HAIR: &str = "/api/portrait/editing/ai-hair-color";
const BITE: &str = "/api/portrait/effects/ai-lip-bite-expressions";

/// Nose, mouth and eyes of the portrait, by eye.
const FACE: [(u32, u32); 4] = [(114, 122), (113, 147), (91, 101), (137, 103)];

/// The portrait in its own colours; the answer is lossless, as one pixel is hardly transparent.
fn portrait() -> (RgbImage, Vec<u8>) {
    let photo =
        image::load_from_memory(&testkit::photo("astronaut.png")).expect("a photo").to_rgb8();
    let head = imageops::crop_imm(&photo, 110, 0, 230, 240).to_image();
    let mut clear = DynamicImage::from(head.clone()).to_rgba8();
    let Rgba([r, g, b, _]) = *clear.get_pixel(0, 0);
    clear.put_pixel(0, 0, Rgba([r, g, b, 254]));
    (head, encoded(&clear.into(), ImageFormat::Png))
}

fn made(path: &str, form: &Form, painter: &Arc<Painter>) -> RgbImage {
    let node = call_with(path, form, painter.clone()).unwrap_or_else(|fault| panic!("{fault}"));
    image::load_from_memory(&first(node)).expect("a picture").to_rgb8()
}

fn first(node: safelight_operation::Node) -> Vec<u8> {
    node.artifacts().remove(0).bytes
}

/// Where two photos differ, as a box: left, top, right, bottom; and how many pixels.
fn difference(one: &RgbImage, other: &RgbImage) -> ([u32; 4], usize) {
    assert_eq!(one.dimensions(), other.dimensions());
    let mut found = ([u32::MAX, u32::MAX, 0, 0], 0);
    for ((x, y, a), b) in one.enumerate_pixels().zip(other.pixels()) {
        if a != b {
            let [left, top, right, bottom] = found.0;
            found = ([left.min(x), top.min(y), right.max(x), bottom.max(y)], found.1 + 1);
        }
    }
    found
}

fn orders(painter: &Painter) -> Vec<Order> {
    painter.orders.lock().expect("no panic").clone()
}

#[test]
fn lips_alone_change_by_an_engine_for_lips() {
    let (photo, file) = portrait();
    let painter = Painter::new(Manner::IgnoresMask);
    let changed = made(GLOSS, &form(file), &painter);
    let ([left, top, right, bottom], count) = difference(&photo, &changed);
    // The mouth of the portrait, by eye.
    assert!(left > 78 && right < 150 && top > 125 && bottom < 168, "{left} {top} {right} {bottom}");
    assert!(count > 150, "{count}");
    let order = &orders(&painter)[0];
    assert!(order.prompt.starts_with("glossy red lipstick, photorealistic, same person"));
    assert!(order.mask.is_some() && order.references.is_empty() && order.strength == 0.5);
}

#[test]
fn hair_is_dyed_by_an_engine_where_the_hair_is() {
    let (photo, file) = portrait();
    let painter = Painter::new(Manner::Right);
    let changed = made(HAIR, &with(form(file), "name", "mermaid <green>"), &painter);
    let ([_, top, _, _], count) = difference(&photo, &changed);
    assert!(top < 40 && count > 3_000, "{top} {count}");
    for (x, y) in FACE {
        assert_eq!(photo.get_pixel(x, y), changed.get_pixel(x, y), "{x} {y}");
    }
    assert!(orders(&painter)[0].prompt.starts_with("hair dyed mermaid green, natural strands"));
}

#[test]
fn brows_shadow_and_beards_change_by_an_engine_where_they_lie() {
    let (photo, file) = portrait();
    let template = || {
        let mut form = form(file.clone());
        form.add_file("image_template", support::head().into());
        form
    };
    let mut brows = form(file.clone());
    brows.add_file("reference_image", support::head().into());
    let shadow = with(form(file.clone()), "eyeshadow_style", "1");
    let beard = with(form(file.clone()), "beard", "HandlebarMoustache");
    let [brows_of, shadow_of, beard_of] = ["ai-eyebrows", "ai-eyeshadow", "ai-beard-styling"]
        .map(|name| format!("/api/portrait/editing/{name}"));
    // Rows of the portrait that may change, by eye: brows at 88, eyes at 101, nose at 122, chin at 175.
    for (path, form, rows, prompt, references) in [
        (&brows_of, brows, 60..112, "eyebrows shaped like those of image 2", 1),
        (&shadow_of, shadow, 75..125, "eyeshadow on the lids, nude gold", 0),
        (&shadow_of, template(), 75..125, "eyeshadow on the lids, as in image 2", 1),
        (&beard_of, beard, 100..230, "handlebar moustache, single hairs", 0),
        (&beard_of, template(), 100..230, "the beard of image 2, single hairs", 1),
    ] {
        let painter = Painter::new(Manner::IgnoresMask);
        let changed = made(path, &form, &painter);
        let ([_, top, _, bottom], count) = difference(&photo, &changed);
        assert!(rows.contains(&top) && rows.contains(&bottom), "{path}: {top} {bottom}");
        assert!(count > 200, "{path}: {count}");
        let order = &orders(&painter)[0];
        assert!(order.prompt.starts_with(prompt), "{}", order.prompt);
        assert_eq!(order.references.len(), references, "{path}");
    }
    let square = with(with(form(file), "eyeshadow_style", "2"), "aspect_ratio", "1:1");
    let changed = made(&shadow_of, &square, &Painter::new(Manner::Right));
    assert_eq!(changed.width(), changed.height());
}

#[test]
fn another_cut_is_the_engines_and_the_face_stays() {
    let (photo, file) = portrait();
    let painter = Painter::new(Manner::Right);
    let cut = with(with(form(file.clone()), "hair_style", "BuzzCut"), "color", "platinumBlonde");
    let changed = made(PRO, &cut, &painter);
    let (_, count) = difference(&photo, &changed);
    assert!(count > 10_000, "{count}");
    for (x, y) in FACE {
        assert_eq!(photo.get_pixel(x, y), changed.get_pixel(x, y), "{x} {y}");
    }
    let prompt = &orders(&painter)[0].prompt;
    assert!(prompt.starts_with("buzz cut hairstyle, platinum blonde hair"), "{prompt}");
    // After a template: its photo goes along.
    let mut template = form(file);
    template.add_file("image_template", support::head().into());
    let painter = Painter::new(Manner::Right);
    made(PREMIUM, &with(template, "color", "reference"), &painter);
    let order = &orders(&painter)[0];
    assert!(order.references.len() == 1 && order.prompt.contains("hair colour of image 2"));
    // A style in words, in the colour of the template; without a template there is no such colour.
    let styled = |form| with(with(form, "hair_style", "BuzzCut"), "color", "reference");
    let mut template = self::form(portrait().1);
    template.add_file("image_template", support::head().into());
    let painter = Painter::new(Manner::Right);
    made(PREMIUM, &styled(template), &painter);
    let order = &orders(&painter)[0];
    assert!(order.references.len() == 1 && order.prompt.contains("hair colour of image 2"));
    assert!(order.prompt.starts_with("buzz cut hairstyle"), "{}", order.prompt);
    let none = call_with(PREMIUM, &styled(self::form(portrait().1)), Painter::new(Manner::Right));
    assert_eq!(none.expect_err("no template").code(), Code::MissingParameters);
}

#[test]
fn a_mask_bounds_what_an_engine_cuts() {
    let (photo, file) = portrait();
    let (width, height) = photo.dimensions();
    let left = GrayImage::from_fn(width, height, |x, _| image::Luma([u8::from(x < 115) * 255]));
    let mut cut = with(form(file), "hair_style", "BuzzCut");
    cut.add_file("mask", encoded(&left.into(), ImageFormat::Png).into());
    let changed = made(PRO, &cut, &Painter::new(Manner::Right));
    let ([_, _, right, _], count) = difference(&photo, &changed);
    assert!(right < 120 && count > 3_000, "{right} {count}");
}

#[test]
fn a_picture_that_does_not_fit_is_asked_for_once_more() {
    let (photo, file) = portrait();
    let painter = Painter::changing([Manner::Moves(40), Manner::Right]);
    let changed = made(GLOSS, &form(file.clone()), &painter);
    assert!(difference(&photo, &changed).1 > 150);
    let asked = orders(&painter);
    assert!(asked.len() == 2 && asked[0].seed != asked[1].seed);
    for (manner, code, calls) in [
        (Manner::OtherPicture, Code::ProcessingFailure, 2),
        (Manner::Moves(40), Code::ProcessingFailure, 2),
        (Manner::OtherShape, Code::AiServiceInternalError, 1),
    ] {
        let painter = Painter::new(manner);
        let fault = call_with(GLOSS, &form(file.clone()), painter.clone()).expect_err("refused");
        assert_eq!(fault.code(), code, "{manner:?} {fault}");
        assert_eq!(orders(&painter).len(), calls, "{manner:?}");
    }
}

#[test]
fn a_sheet_has_the_shape_that_was_asked_for() {
    let (_, file) = portrait();
    for (ratio, size) in [("16:9", (512, 288)), ("1:1", (512, 512)), ("3:4", (384, 512))] {
        let painter = Painter::new(Manner::Right);
        let sheet = with(with(form(file.clone()), "aspect_ratio", ratio), "grid_count", "4");
        let node = call_with(BITE, &sheet, painter.clone()).unwrap_or_else(|f| panic!("{f}"));
        let picture = image::load_from_memory(&first(node)).expect("a picture");
        assert_eq!((picture.width(), picture.height()), size, "{ratio}");
        assert!(orders(&painter)[0].prompt.contains("sheet of four playful"));
    }
    let fault = call_with(BITE, &form(testkit::photo("coffee.png")), Painter::new(Manner::Right));
    assert_eq!(fault.expect_err("no face").code(), Code::NoFaceInFile);
}

#[test]
fn what_is_not_drawn_here_is_the_engines() {
    let (photo, file) = portrait();
    let animation = "/api/portrait/effects/portrait-animation";
    let anime = "/api/image/effects/ai-anime-generator";
    let photography = "/api/image/effects/ai-photography";
    let emoji = "/api/image/effects/photo-to-emoji-grid";
    let sent = |texts: &[(&str, &str)]| {
        texts.iter().fold(form(file.clone()), |form, (name, value)| with(form, name, value))
    };
    let large = {
        let large = imageops::resize(&photo, 300, 313, imageops::FilterType::Triangle);
        with(form(encoded(&large.into(), ImageFormat::Png)), "index", "4")
    };
    for (path, form, size, prompt) in [
        (
            animation,
            sent(&[("type", "pixar")]),
            photo.dimensions(),
            "turn into a character of a 3D",
        ),
        (anime, large, (1536, 1603), "turn into science fiction"),
        (
            photography,
            sent(&[("style_title", "wedding"), ("style_desc", "on a beach")]),
            photo.dimensions(),
            "wedding. on a beach, photo of the same person",
        ),
        (
            photography,
            sent(&[("style_title", "wedding"), ("style_desc", "dress"), ("image_size", "21:9")]),
            (512, 219),
            "wedding. dress",
        ),
        (
            emoji,
            sent(&[("expression", "sad"), ("style", "chibi"), ("scene", "sea"), ("filler", "Hi")]),
            (1200, 1200),
            "turn into a sticker sheet of this person in a grid of three columns and three rows, chibi, \
             sad and other expressions, sea and the caption 'Hi'",
        ),
    ] {
        let painter = Painter::new(Manner::Right);
        let changed = made(path, &form, &painter);
        assert_eq!(changed.dimensions(), size, "{path}");
        let order = &orders(&painter)[0];
        assert!(order.prompt.starts_with(prompt), "{}", order.prompt);
        assert!(order.mask.is_none() && order.references.is_empty(), "{path}");
        let fault = call(path, &form).map(drop).expect_err("no engine");
        assert_eq!(fault.code(), Code::AiNotExists, "{path}");
        let slug = path.rsplit('/').next().expect("a name");
        assert!(fault.message().contains(&format!("serves = [\"{slug}\"]")), "{fault}");
    }
    // What is drawn here asks nobody.
    let painter = Painter::new(Manner::Right);
    call_with(animation, &sent(&[("type", "sketch")]), painter.clone()).expect("a drawing");
    assert!(orders(&painter).is_empty());
}

#[test]
fn what_is_not_painted_here_is_the_engines_where_it_lies() {
    let (photo, file) = portrait();
    let sent = |field: &str, name: &str, value: &str| {
        let mut form = Form::new();
        form.add_file(field, file.clone().into());
        with(form, name, value)
    };
    // Rows of the portrait that change, by eye: hair from the top to 210, the face from 45 to 180.
    for (path, form, rows, prompt) in [
        (
            "/api/portrait/effects/emotion-editor-advanced",
            sent("image", "expression", "tongue_out_playful"),
            30..200,
            "tongue out playful facial expression, photorealistic",
        ),
        (
            "/api/portrait/editing/ai-hair-loss-simulation",
            sent("image", "level", "woman_6"),
            0..240,
            "the same person with hardly any hair on top",
        ),
        (
            "/api/portrait/effects/hairstyle-editor",
            sent("image_target", "hair_type", "503"),
            0..240,
            "hairstyle with strong curls, own hair colour",
        ),
    ] {
        let painter = Painter::new(Manner::Right);
        let changed = made(path, &form, &painter);
        let ([_, top, _, bottom], count) = difference(&photo, &changed);
        assert!(rows.contains(&top) && rows.contains(&bottom), "{path}: {top} {bottom}");
        assert!(count > 3_000, "{path}: {count}");
        let prompt_sent = &orders(&painter)[0].prompt;
        assert!(prompt_sent.starts_with(prompt), "{prompt_sent}");
        let fault = call(path, &form).map(drop).expect_err("no engine");
        assert_eq!(fault.code(), Code::AiNotExists, "{path}");
    }
}

#[test]
fn every_recipe_is_of_a_service_that_engines_do_and_the_other_way_round() {
    let using = CATALOG.iter().filter_map(|endpoint| Some((endpoint, endpoint.needs().engine?)));
    let pictures = using.filter(|(_, engine)| engine.given != Given::Classes);
    let mut used: Vec<_> = pictures.map(|(endpoint, _)| endpoint.spec().slug()).collect();
    used.sort_unstable();
    let rows: Vec<_> = RECIPES.iter().map(|recipe| recipe.service).collect();
    assert_eq!(rows, used);
    for recipe in RECIPES {
        assert!((0.1..=1.0).contains(&recipe.strength) && !recipe.mask.is_empty());
    }
}

#[test]
fn a_person_is_dressed_and_the_head_stays() {
    let photo =
        image::load_from_memory(&testkit::photo("astronaut.png")).expect("a photo").to_rgb8();
    let mut clear = DynamicImage::from(photo.clone()).to_rgba8();
    clear.put_pixel(0, 0, Rgba([0, 0, 0, 254]));
    let person = encoded(&clear.into(), ImageFormat::Png);
    let mut dressed = Form::new();
    dressed.add_file("person_image", person.clone().into());
    dressed.add_file("clothes_image", testkit::photo("coffee.png").into());
    dressed.add_text("clothes_type", "upper_body");
    let painter = Painter::new(Manner::IgnoresMask);
    let changed = made("/api/portrait/editing/try-on-clothes", &dressed, &painter);
    let (_, count) = difference(&photo, &changed);
    assert!(count > 30_000, "{count}");
    // The suit is made anew; face, hair, flag and rocket are the photo's.
    assert!(photo.get_pixel(100, 330) != changed.get_pixel(100, 330));
    for (x, y) in [(223, 122), (223, 145), (225, 40), (30, 120), (440, 100), (400, 200)] {
        assert_eq!(photo.get_pixel(x, y), changed.get_pixel(x, y), "{x} {y}");
    }
    let order = &orders(&painter)[0];
    assert!(order.references.len() == 1 && order.prompt.contains("wears the top of image 2"));
    if let Some(folder) = std::env::var_os("SAVE_ENGINE_PICTURES") {
        changed.save(std::path::Path::new(&folder).join("dressed.png")).expect("written");
    }
    let mut nobody = Form::new();
    nobody.add_file("person_image", testkit::photo("coffee.png").into());
    nobody.add_file("clothes_image", testkit::photo("coffee.png").into());
    nobody.add_text("clothes_type", "upper_body");
    let path = "/api/portrait/editing/try-on-clothes";
    let fault = call_with(path, &nobody, Painter::new(Manner::Right)).expect_err("nobody");
    assert_eq!(fault.code(), Code::NoRecognitionTargetDetected);
}
