//! `skin-analysis-advanced`.

use base64::Engine as _;
use image::{DynamicImage, ImageFormat, imageops};
use safelight_contract::Code;
use serde_json::{Value, json};

use crate::skin::basic::{CHIN, LEFT_CHEEK};
use crate::skin::canvas::{Canvas, check_sign, check_skin_type, json as to_json};
use crate::support::{self, Form, encoded, form, with};

const PATH: &str = "skin-analysis-advanced";

fn answer(form: &Form) -> Value {
    to_json(support::call(PATH, form).unwrap_or_else(|fault| panic!("{fault}")))
}

fn number(value: &Value) -> f64 {
    assert!(value.is_f64(), "{value}");
    value.as_f64().expect("a number")
}

#[test]
fn every_field_is_there_and_in_its_range() {
    let found = answer(&form(Canvas::head(5.0).jpeg()));
    println!("{found:#}");
    let result = &found["result"];
    check_sign(result, "skin_color", 5);
    let (ita, hue) = (&result["skintone_ita"], &result["skin_hue_ha"]);
    assert!((-90.0..=90.0).contains(&number(&ita["ITA"])) && ita["skintone"].as_u64() < Some(7));
    assert!((0.0..=90.0).contains(&number(&hue["HA"])) && hue["skintone"].as_u64() < Some(4));
    assert_eq!(hue["skin_hue"], hue["skintone"]);
    // She was 36 on this photo.
    assert!((20..50).contains(&result["skin_age"]["value"].as_u64().expect("years")));
    for side in ["left_eyelids", "right_eyelids"] {
        check_sign(result, side, 3);
    }
    let names = [
        "eye_pouch",
        "forehead_wrinkle",
        "crows_feet",
        "eye_finelines",
        "glabella_wrinkle",
        "nasolabial_fold",
        "pores_forehead",
        "pores_left_cheek",
        "pores_right_cheek",
        "pores_jaw",
    ];
    names.iter().for_each(|name| check_sign(result, name, 2));
    check_sign(result, "dark_circle", 4);
    check_sign(result, "blackhead", 4);
    check_sign(result, "nasolabial_fold_severity", 3);
    check_skin_type(result);
    for name in ["acne", "mole", "closed_comedones", "skin_spot"] {
        assert_eq!(result[name], json!({ "rectangle": [] }), "{name}");
    }
    let asked = ["eye_pouch_severity", "face_maps", "sensitivity"];
    asked.iter().for_each(|name| assert!(result.get(name).is_none(), "{name}"));
}

#[test]
fn marks_come_with_their_boxes() {
    let mut canvas = Canvas::head(5.0);
    canvas.tint(LEFT_CHEEK, 1.6, 0.6, [0.51, 0.42, 0.385]);
    canvas.tint(CHIN, 2.0, 0.8, [0.935, 0.655, 0.7]);
    let found = answer(&with(form(canvas.jpeg()), "return_rect_confidence", "1"));
    for (name, place) in [("mole", LEFT_CHEEK), ("acne", CHIN)] {
        let marks = &found["result"][name];
        let boxes = marks["rectangle"].as_array().expect("a list");
        assert_eq!(boxes.len(), 1, "{name}: {marks}");
        let [left, top, width, height] =
            ["left", "top", "width", "height"].map(|side| number(&boxes[0][side]) as f32);
        let [x, y] = canvas.place(place);
        assert!((left..left + width).contains(&x) && (top..top + height).contains(&y), "{marks}");
        assert!((10.0..35.0).contains(&width) && (10.0..35.0).contains(&height), "{marks}");
        assert!((0.5..=1.0).contains(&number(&marks["confidence"][0])), "{marks}");
    }
}

#[test]
fn redness_is_mapped_and_grows() {
    let red = |strength: f32| {
        let mut canvas = Canvas::head(5.0);
        let color = [1.0 - 0.05 * strength, 1.0 - 0.3 * strength, 1.0 - 0.24 * strength];
        canvas.tint([194.0, 122.0], 13.0, 6.0, color);
        let found = answer(&with(form(canvas.jpeg()), "return_maps", "red_area"));
        let map = found["result"]["face_maps"]["red_area"].as_str().expect("Base64");
        let map = base64::engine::general_purpose::STANDARD.decode(map).expect("Base64");
        assert!(map.starts_with(b"\xff\xd8"));
        let map = image::load_from_memory(&map).expect("a picture").to_rgb8();
        assert_eq!(map.dimensions(), canvas.photo.dimensions());
        let [x, y] = canvas.place([194.0, 122.0]).map(|value| value as u32);
        let sensitivity = &found["result"]["sensitivity"];
        let area = number(&sensitivity["sensitivity_area"]);
        assert!((0.0..=1.0).contains(&area));
        (number(&sensitivity["sensitivity_intensity"]), map.get_pixel(x, y).0[1])
    };
    let ladder = [0.0, 0.6, 1.0].map(red);
    assert!(ladder.windows(2).all(|pair| pair[0].0 < pair[1].0), "{ladder:?}");
    assert!(ladder[0].1 > 240 && ladder[1].1 < 200 && ladder[2].1 < ladder[1].1, "{ladder:?}");
}

#[test]
fn each_refusal_has_its_code() {
    let head = Canvas::head(5.0);
    let asked =
        |name: &str, value: &str| support::code(PATH, &with(form(head.jpeg()), name, value));
    assert_eq!(asked("return_maps", "red_area,blue_area"), Code::UnsupportedParameterValues);
    assert_eq!(asked("face_quality_control", "2"), Code::UnsupportedParameterValues);
    assert_eq!(asked("return_rect_confidence", "some"), Code::UnsupportedParameterValues);
    let coded = |photo: image::RgbImage, control: &str| {
        let jpeg = encoded(&DynamicImage::ImageRgb8(photo), ImageFormat::Jpeg);
        let form = with(form(jpeg), "face_quality_control", control);
        support::call(PATH, &form).map(|_| ()).map_err(|fault| fault.code())
    };
    assert_eq!(coded(Canvas::head(3.0).photo, "0"), Err(Code::SmallFaceSize));
    assert_eq!(coded(head.photo.clone(), "1"), Ok(()));
    let blurred = imageops::blur(&head.photo, 12.0);
    assert_eq!(coded(blurred, "1"), Err(Code::BlurryFace));
    let mut masked = Canvas::head(5.0);
    masked.cover([192.0, 135.0, 256.0, 160.0]);
    assert_eq!(coded(masked.photo, "1"), Err(Code::MouthOcclusionTooHigh));
    let mut covered = Canvas::head(5.0);
    covered.cover([165.0, 109.0, 285.0, 240.0]);
    covered.cover([165.0, 50.0, 285.0, 91.0]);
    let code = support::code(PATH, &form(covered.jpeg()));
    assert!(matches!(code, Code::ObstructedFace | Code::NoFaceInFile | Code::FaceUnrecognizable));
}
