//! `skin-analysis`.

use image::{DynamicImage, ImageFormat, RgbImage, imageops};
use safelight_contract::Code;
use safelight_testkit as testkit;
use serde_json::Value;

use crate::skin::canvas::{Canvas, check_sign, check_skin_type, json};
use crate::support::{self, encoded, form, with};

const PATH: &str = "skin-analysis";

fn answer(canvas: &Canvas) -> Value {
    let node = support::call(PATH, &form(canvas.jpeg()));
    json(node.unwrap_or_else(|fault| panic!("{fault}")))
}

fn code(photo: &RgbImage) -> Code {
    let jpeg = encoded(&DynamicImage::ImageRgb8(photo.clone()), ImageFormat::Jpeg);
    support::code(PATH, &form(jpeg))
}

/// Where things lie in the portrait.
pub const LEFT_CHEEK: [f32; 2] = [194.0, 121.0];
pub const CHIN: [f32; 2] = [222.0, 166.0];

#[test]
fn every_field_is_there_and_in_its_range() {
    let answer = answer(&Canvas::head(5.0));
    println!("{answer:#}");
    assert_eq!(answer["warning"], serde_json::json!([]));
    let result = &answer["result"];
    for side in ["left_eyelids", "right_eyelids"] {
        check_sign(result, side, 3);
    }
    let names = [
        "eye_pouch",
        "dark_circle",
        "forehead_wrinkle",
        "crows_feet",
        "eye_finelines",
        "glabella_wrinkle",
        "nasolabial_fold",
        "pores",
        "pores_forehead",
        "pores_left_cheek",
        "pores_right_cheek",
        "pores_jaw",
        "blackhead",
        "acne",
        "mole",
        "skin_spot",
    ];
    names.iter().for_each(|name| check_sign(result, name, 2));
    check_skin_type(result);
    let face = &answer["face_rectangle"];
    let [left, top, width, height] = ["left", "top", "width", "height"]
        .map(|side| face[side].as_f64().unwrap_or_else(|| panic!("{face}")));
    assert!((width - height).abs() < 0.1 && (450.0..700.0).contains(&width), "{face}");
    assert!((400.0..800.0).contains(&(left + width / 2.0)) && top > 100.0, "{face}");
    // A smiling face: folds beside the mouth, of which a smile leaves nobody sure, and no marks.
    let folds = &result["nasolabial_fold"];
    assert!(folds["value"] == 1 && folds["confidence"].as_f64() <= Some(0.6), "{folds}");
    for name in
        ["crows_feet", "forehead_wrinkle", "acne", "mole", "skin_spot", "blackhead", "pores"]
    {
        assert_eq!(result[name]["value"], 0, "{name}");
    }
}

#[test]
fn what_is_painted_is_found() {
    let mut canvas = Canvas::head(5.0);
    canvas.tint(LEFT_CHEEK, 1.6, 0.6, [0.51, 0.42, 0.385]);
    canvas.tint(CHIN, 2.0, 0.8, [0.935, 0.655, 0.7]);
    let found = answer(&canvas);
    let result = &found["result"];
    assert_eq!(result["mole"]["value"], 1);
    assert_eq!(result["acne"]["value"], 1);
    assert_eq!(result["skin_spot"]["value"], 0);
}

#[test]
fn dark_circles_at_three_strengths() {
    let sure = |strength: f32| {
        let mut canvas = Canvas::head(5.0);
        let color = [1.0 - 0.25 * strength, 1.0 - 0.3 * strength, 1.0 - 0.45 * strength];
        for eye in [[203.5, 108.5], [243.0, 107.5]] {
            canvas.tint(eye, 7.0, 4.0, color);
        }
        let sign = answer(&canvas)["result"]["dark_circle"].clone();
        let confidence = sign["confidence"].as_f64().expect("a number");
        if sign["value"] == 1 { confidence } else { 1.0 - confidence }
    };
    let ladder = [0.0, 0.5, 1.0].map(sure);
    assert!(ladder[0] < 0.5 && ladder[2] > 0.5 && ladder.is_sorted(), "{ladder:?}");
}

#[test]
fn each_refusal_has_its_code() {
    assert_eq!(support::code(PATH, &support::Form::new()), Code::MissingParameters);
    assert_eq!(
        support::code(PATH, &form(testkit::photo("astronaut.png"))),
        Code::UnsupportedFileTypes
    );
    let head = Canvas::head(5.0).photo;
    let small = |side: u32| imageops::thumbnail(&head, side, side);
    assert_eq!(code(&small(199)), Code::LowResolution);
    assert_eq!(code(&small(260)), Code::SmallFaceSize);
    let mut wide = RgbImage::from_pixel(2000, 2000, image::Rgb([60, 80, 90]));
    imageops::replace(&mut wide, &small(360), 800, 800);
    assert_eq!(code(&wide), Code::FaceSizeRatioNotMet);
    assert_eq!(code(&RgbImage::from_pixel(400, 400, image::Rgb([60, 80, 90]))), Code::NoFaceInFile);
    let half = imageops::crop_imm(&head, 0, 0, head.width() * 52 / 100, head.height()).to_image();
    assert!(matches!(code(&half), Code::IncompleteFace | Code::NoFaceInFile));
    let gray = encoded(
        &DynamicImage::ImageLuma8(DynamicImage::ImageRgb8(head).to_luma8()),
        ImageFormat::Jpeg,
    );
    assert_eq!(support::code(PATH, &form(gray)), Code::UnsupportedGrayscaleImage);
}

/// The same parameter as of the other services for faces, at all three depths of analysis.
#[test]
fn quality_is_checked_where_it_is_asked_for() {
    let head = Canvas::head(5.0);
    let mut blurred = Canvas::head(5.0);
    blurred.photo = imageops::blur(&head.photo, 12.0);
    let mut covered = Canvas::head(5.0);
    covered.cover([192.0, 135.0, 256.0, 160.0]);
    for path in [PATH, "skin-analysis-advanced", "skin-analysis-pro"] {
        let coded = |canvas: &Canvas, level: &str| {
            let form = with(form(canvas.jpeg()), "quality_control", level);
            support::call(path, &form).map(drop).map_err(|fault| fault.code())
        };
        assert_eq!(coded(&head, "HIGH"), Ok(()), "{path}");
        assert_eq!(coded(&blurred, "NORMAL"), Err(Code::BlurryFace), "{path}");
        assert_eq!(coded(&covered, "high"), Err(Code::MouthOcclusionTooHigh), "{path}");
        for level in ["BEST", "1"] {
            assert_eq!(coded(&head, level), Err(Code::QualityControlError), "{path} {level}");
        }
    }
}
