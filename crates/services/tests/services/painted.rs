//! Makeup, brows, beards and hair colour through their services: parameters, faces, faults.

use crate::support::{self, Form, call, code, form, picture, png, with};
use image::{DynamicImage, GrayImage, ImageFormat, RgbImage, imageops};
use safelight_contract::Code;
use safelight_imaging::lab_of;
use safelight_testkit as testkit;
use safelight_vision::Vision;

const LIPSTICK: &str = "/api/portrait/effects/lips-color-changer";
const GLOSS: &str = "/api/portrait/effects/ai-red-lip-gloss";
const FULLER: &str = "/api/portrait/editing/ai-lip-enhancement";
const HAIR: &str = "/api/portrait/editing/ai-hair-color";
const LENSES: &str = "/api/portrait/editing/ai-colored-contacts";
const SHADOW: &str = "/api/portrait/editing/ai-eyeshadow";
const LASHES: &str = "/api/portrait/editing/ai-eyelashes";
const BROWS: &str = "/api/portrait/editing/ai-eyebrows";
const BEARD: &str = "/api/portrait/editing/ai-beard-styling";
const SHAVE: &str = "/api/portrait/editing/ai-beard-removal";
const RED: &str = r#"[{"rgba":{"r":176,"g":22,"b":43,"a":90}}]"#;

fn portrait() -> RgbImage {
    image::load_from_memory(&testkit::photo("astronaut.png")).expect("a photo").to_rgb8()
}

/// The head twice, side by side.
fn couple() -> RgbImage {
    let head = imageops::crop_imm(&portrait(), 110, 0, 230, 240).to_image();
    let mut couple = RgbImage::new(460, 240);
    imageops::replace(&mut couple, &head, 0, 0);
    imageops::replace(&mut couple, &head, 230, 0);
    couple
}

/// Share of a picture's pixels that differ plainly from another's, in a range of columns.
fn changed(one: &RgbImage, two: &RgbImage, columns: std::ops::Range<u32>) -> usize {
    let far = |a: [u8; 3], b: [u8; 3]| {
        let (a, b) = (lab_of(a), lab_of(b));
        a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>() > 15.0 * 15.0
    };
    let pairs = one.enumerate_pixels().zip(two.pixels());
    pairs.filter(|((x, _, a), b)| columns.contains(x) && far(a.0, b.0)).count()
}

#[test]
fn lipstick_goes_to_the_face_of_its_box() {
    let photo = couple();
    let rect = |x: u32| format!(r#""face_rect":{{"x":{x},"y":70,"width":90,"height":110}}"#);
    let one = |rect: &str| {
        let infos = format!(r#"[{{"rgba":{{"r":120,"g":0,"b":90,"a":100}},{rect}}}]"#);
        let form = with(form(png(photo.clone())), "lip_color_infos", &infos);
        call(LIPSTICK, &form).map(|node| {
            let (artifact, url) = support::artifact(node);
            assert!(!url, "Base64");
            image::load_from_memory(&artifact.bytes).expect("a picture").to_rgb8()
        })
    };
    let right = one(&rect(298)).expect("painted");
    assert!(changed(&photo, &right, 230..460) > 30 && changed(&photo, &right, 0..230) == 0);
    let left = one(&rect(68)).expect("painted");
    assert!(changed(&photo, &left, 0..230) > 30 && changed(&photo, &left, 230..460) == 0);
    let nowhere = one(r#""face_rect":{"x":0,"y":0,"width":9,"height":9}"#).expect_err("no face");
    assert_eq!(nowhere.code(), Code::InvalidFaceBoxParameter);
    let empty = one(r#""face_rect":{"x":0,"y":0,"width":0,"height":9}"#).expect_err("no box");
    assert_eq!(empty.code(), Code::InvalidFaceBoxParameter);
}

#[test]
fn lip_colours_that_are_none_are_refused() {
    let photo = || form(testkit::photo("astronaut.png"));
    let refused = |infos: &str| code(LIPSTICK, &with(photo(), "lip_color_infos", infos));
    assert_eq!(code(LIPSTICK, &photo()), Code::MissingParameters);
    assert_eq!(refused("red"), Code::ParameterConversionFailed);
    assert_eq!(refused("[]"), Code::UnsupportedParameterValues);
    assert_eq!(
        refused(r#"[{"rgba":{"r":300,"g":0,"b":0,"a":50}}]"#),
        Code::UnsupportedParameterValues
    );
    assert_eq!(
        refused(r#"[{"rgba":{"r":3,"g":0,"b":0,"a":500}}]"#),
        Code::UnsupportedParameterValues
    );
    let item = r#"{"rgba":{"r":3,"g":0,"b":0,"a":50}}"#;
    let four = format!("[{item},{item},{item},{item}]");
    assert_eq!(refused(&four), Code::UnsupportedParameterValues);
}

#[test]
fn no_opacity_changes_no_pixel() {
    let infos = r#"[{"rgba":{"r":176,"g":22,"b":43,"a":0}}]"#;
    let photo = DynamicImage::ImageRgb8(portrait()).to_rgba8();
    // With transparency the answer is a PNG, whose pixels can be compared.
    let mut photo = photo;
    photo.get_pixel_mut(0, 0).0[3] = 200;
    let bytes = support::encoded(&DynamicImage::ImageRgba8(photo.clone()), ImageFormat::Png);
    let after = picture(LIPSTICK, &with(form(bytes), "lip_color_infos", infos));
    assert_eq!(after.to_rgba8(), photo);
}

#[test]
fn photos_without_a_usable_face_are_refused() {
    let with_defaults = |path: &str, photo: Vec<u8>| -> Form {
        let form = form(photo.clone());
        match path {
            LIPSTICK => with(form, "lip_color_infos", RED),
            SHADOW => with(form, "eyeshadow_style", "2"),
            BEARD => with(form, "beard", "Goatee"),
            BROWS => {
                let mut form = form;
                form.add_file("reference_image", testkit::photo("astronaut.png").into());
                form
            }
            _ => form,
        }
    };
    let tiny = imageops::resize(&portrait(), 128, 128, imageops::Triangle);
    for path in [LIPSTICK, GLOSS, FULLER, HAIR, LENSES, SHADOW, LASHES, BROWS, BEARD, SHAVE] {
        let coffee = with_defaults(path, testkit::photo("coffee.png"));
        assert_eq!(code(path, &coffee), Code::NoFaceInFile, "{path}");
        let tiny = with_defaults(path, png(tiny.clone()));
        let found = code(path, &tiny);
        assert!(matches!(found, Code::SmallFaceSize | Code::NoFaceInFile), "{path}: {found:?}");
    }
}

#[test]
fn a_face_that_is_small_in_a_copy_alone_is_told_what_helps() {
    const LIVE: &str = "/api/portrait/effects/live-photo";
    let mut wide = RgbImage::from_pixel(2400, 512, image::Rgb([150, 150, 155]));
    imageops::replace(&mut wide, &portrait(), 900, 0);
    let file = png(wide);
    let brows = |resolution: &str| {
        let mut form = with(form(file.clone()), "resolution", resolution);
        form.add_file("reference_image", testkit::photo("astronaut.png").into());
        call(BROWS, &form).map(drop)
    };
    let small = brows("1K").expect_err("38 px");
    assert_eq!(small.code(), Code::SmallFaceSize);
    assert!(small.message().contains("1024 px") && small.message().contains("2K"), "{small}");
    assert_ne!(brows("2K").map_err(|fault| fault.code()), Err(Code::SmallFaceSize));
    let mut form = Form::new();
    form.add_file("image_target", file.into());
    let small = call(LIVE, &form).map(drop).expect_err("27 px");
    assert_eq!(small.code(), Code::SmallFaceSize);
    assert!(small.message().contains("720 px") && small.message().contains("closer"), "{small}");
}

#[test]
fn a_hidden_mouth_is_no_target_for_lipstick() {
    let mut masked = portrait();
    // A white cloth over the lower face.
    for y in 138..196 {
        for x in 178..276 {
            masked.put_pixel(x, y, image::Rgb([225, 228, 232]));
        }
    }
    for path in [GLOSS, FULLER] {
        let found = code(path, &form(png(masked.clone())));
        let right = [Code::NoRecognitionTargetDetected, Code::FaceUnrecognizable];
        assert!(right.contains(&found), "{path}: {found:?}");
    }
}

#[test]
fn dark_glasses_hide_the_eyes() {
    let mut hidden = portrait();
    for y in 94..112 {
        for x in 184..268 {
            hidden.put_pixel(x, y, image::Rgb([12, 12, 14]));
        }
    }
    for path in [LENSES, LASHES] {
        let found = code(path, &form(png(hidden.clone())));
        let hidden = [Code::LeftEyeOcclusionTooHigh, Code::RightEyeOcclusionTooHigh];
        assert!(hidden.contains(&found) || found == Code::FaceUnrecognizable, "{path}: {found:?}");
    }
}

#[test]
fn one_of_style_and_template_is_needed() {
    for path in [SHADOW, BEARD] {
        assert_eq!(code(path, &form(testkit::photo("astronaut.png"))), Code::MissingParameters);
    }
    let wrong =
        |path, name, value| code(path, &with(form(testkit::photo("astronaut.png")), name, value));
    assert_eq!(wrong(SHADOW, "eyeshadow_style", "37"), Code::UnsupportedParameterValues);
    assert_eq!(wrong(BEARD, "beard", "Unibrow"), Code::UnsupportedParameterValues);
    let mut template = form(testkit::photo("astronaut.png"));
    template.add_file("image_template", testkit::photo("coffee.png").into());
    assert_eq!(code(SHADOW, &template), Code::TemplateImageQualityTooLow);
}

#[test]
fn eyeshadow_is_cut_to_the_shape() {
    for (shape, wide, high) in [("1:1", 512, 512), ("9:16", 288, 512), ("16:9", 512, 288)] {
        let form = with(form(testkit::photo("astronaut.png")), "eyeshadow_style", "4");
        let cut = picture_of(SHADOW, &with(form, "aspect_ratio", shape));
        assert_eq!(cut.dimensions(), (wide, high), "{shape}");
    }
}

/// The first picture of an answer that lists them.
fn picture_of(path: &str, form: &Form) -> RgbImage {
    let node = call(path, form).unwrap_or_else(|fault| panic!("{path}: {fault}"));
    let artifacts = node.artifacts();
    image::load_from_memory(&artifacts[0].bytes).expect("a picture").to_rgb8()
}

#[test]
fn words_change_what_is_painted() {
    let photo = || form(testkit::photo("astronaut.png"));
    let blonde = picture_of(HAIR, &with(photo(), "name", "platinum"));
    let black = picture_of(HAIR, &with(photo(), "desc", "jet black"));
    assert!(changed(&blonde, &black, 0..512) > 3000);
    let usual = picture_of(LENSES, &photo());
    let green = picture_of(LENSES, &with(photo(), "name", "green"));
    assert!(changed(&usual, &green, 0..512) > 10);
    // What is longer than it may be is cut.
    let long = format!("platinum {}", "x".repeat(501));
    let cut = picture_of(HAIR, &with(photo(), "name", &long));
    assert_eq!(changed(&blonde, &cut, 0..512), 0);
}

#[test]
fn a_bald_head_has_no_hair_to_colour() {
    let hatted = form(testkit::photo("grace_hopper.jpg"));
    assert_eq!(code(HAIR, &hatted), Code::NoRecognitionTargetDetected);
}

#[test]
fn editors_of_hairstyles_colour_and_keep_the_cut() {
    const PRO: &str = "/api/portrait/effects/hairstyle-editor-pro";
    const PREMIUM: &str = "/api/portrait/effects/hairstyle-editor-premium";
    let head = || form(support::head());
    assert_eq!(code(PRO, &head()), Code::MissingParameters);
    assert_eq!(code(PREMIUM, &head()), Code::MissingParameters);
    for path in [PRO, PREMIUM] {
        let asked = |name: &str, value: &str| with(with(head(), name, value), "color", "silver");
        assert_eq!(code(path, &asked("hair_style", "BuzzCut")), Code::AiNotExists, "{path}");
        assert_eq!(code(path, &asked("hair_style", "Beehive")), Code::UnsupportedParameterValues);
        let whole = with(form(testkit::photo("astronaut.png")), "hair_style", "original");
        assert_eq!(code(path, &whole), Code::FaceSizeRatioNotMet, "{path}");
        let before = image::load_from_memory(&support::head()).expect("a photo").to_rgb8();
        let after = picture_of(path, &asked("hair_style", "original"));
        assert!(changed(&before, &after, 0..1150) > 20_000, "{path}");
    }
    let twice = with(with(head(), "hair_style", "original"), "image_size", "2");
    let images = call(PRO, &twice).unwrap_or_else(|fault| panic!("{fault}")).artifacts();
    assert_eq!(images.len(), 2);
}

#[test]
fn a_mask_says_where_hair_may_change() {
    const PRO: &str = "/api/portrait/effects/hairstyle-editor-pro";
    let before = image::load_from_memory(&support::head()).expect("a photo").to_rgb8();
    let mut asked = with(form(support::head()), "hair_style", "original");
    let (width, height) = before.dimensions();
    let left = GrayImage::from_fn(width, height, |x, _| image::Luma([u8::from(x < 575) * 255]));
    asked.add_file("mask", support::encoded(&left.into(), ImageFormat::Png).into());
    let after = picture_of(PRO, &asked);
    assert!(changed(&before, &after, 0..560) > 5000);
    assert!(changed(&before, &after, 600..width) < 50);
    let plain = |width, level| {
        let mask = GrayImage::from_pixel(width, height, image::Luma([level]));
        let mut asked = with(form(support::head()), "hair_style", "original");
        asked.add_file("mask", support::encoded(&mask.into(), ImageFormat::Png).into());
        asked
    };
    assert!(call(PRO, &plain(width - 1, 255)).is_err(), "a mask of another size");
    assert_eq!(code(PRO, &plain(width, 0)), Code::InvalidFile, "nothing may change");
}

#[test]
fn a_small_face_behind_is_no_second_person() {
    const PRO: &str = "/api/portrait/effects/hairstyle-editor-pro";
    let head = imageops::crop_imm(&portrait(), 110, 0, 230, 240).to_image();
    let beside = |width: u32, height: u32| {
        let other = imageops::resize(&head, width, height, imageops::Triangle);
        let mut photo = RgbImage::from_pixel(350, 240, image::Rgb([150, 150, 155]));
        imageops::replace(&mut photo, &head, 0, 0);
        imageops::replace(&mut photo, &other, 232, 10);
        let faces = Vision::new(testkit::registry()).detect_faces(&photo).expect("an answer");
        assert_eq!(faces.len(), 2, "{faces:?}");
        with(form(png(photo)), "hair_style", "original")
    };
    let after = picture_of(PRO, &beside(69, 72));
    assert_eq!(after.dimensions(), (350, 240));
    assert_eq!(code(PRO, &beside(115, 220)), Code::NoFaceInFile);
}

#[test]
fn a_template_without_a_beard_is_refused() {
    let mut asked = form(testkit::photo("astronaut.png"));
    asked.add_file("image_template", testkit::photo("astronaut.png").into());
    assert_eq!(code(BEARD, &asked), Code::TemplateImageQualityTooLow);
}
