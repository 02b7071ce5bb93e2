//! Skin that is photographed larger, mirrored or elsewhere in the picture is the same skin.

use image::{Rgb, RgbImage, imageops};
use safelight_imaging::resize::{self, Filter};
use serde_json::Value;

use crate::skin::canvas::{Canvas, json};
use crate::support::{self, encoded, form};

const PATH: &str = "skin-analysis-advanced";
/// Signs whose class must stay, unless it is unsure.
const SIGNS: [&str; 8] = [
    "skin_color",
    "dark_circle",
    "forehead_wrinkle",
    "glabella_wrinkle",
    "nasolabial_fold",
    "pores_forehead",
    "pores_jaw",
    "blackhead",
];
/// The same of the sides of the picture: what lies on its left, and what on its right.
const SIDES: [[&str; 2]; 2] =
    [["pores_left_cheek", "pores_right_cheek"], ["left_eyelids", "right_eyelids"]];

fn result(photo: &RgbImage) -> Value {
    let jpeg = encoded(&photo.clone().into(), image::ImageFormat::Jpeg);
    let node = support::call(PATH, &form(jpeg));
    json(node.unwrap_or_else(|fault| panic!("{fault}")))["result"].take()
}

fn same(name: &str, wanted: &Value, found: &Value, mirrored: bool) {
    let number = |value: &Value, path: &str| {
        value.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("{path}: {value}"))
    };
    // Degrees of the typology angle and the hue angle, and years.
    for (path, most) in
        [("/skintone_ita/ITA", 2.0), ("/skin_hue_ha/HA", 2.0), ("/skin_age/value", 3.0)]
    {
        let (a, b) = (number(wanted, path), number(found, path));
        println!("{name} {path}: {a} {b}");
        assert!((a - b).abs() <= most, "{name} {path}: {a} {b}");
    }
    for sign in SIGNS {
        same_class(&format!("{name} {sign}"), &wanted[sign], &found[sign]);
    }
    for signs in SIDES {
        let [left, right] = signs;
        let swapped = if mirrored { [right, left] } else { signs };
        for (sign, other) in signs.into_iter().zip(swapped) {
            same_class(&format!("{name} {sign}"), &wanted[sign], &found[other]);
        }
    }
    for marks in ["acne", "mole", "closed_comedones", "skin_spot"] {
        let count = |value: &Value| value[marks]["rectangle"].as_array().map(Vec::len);
        assert_eq!(count(wanted), count(found), "{name} {marks}");
    }
}

/// A class changes only where neither answer is sure of its own.
fn same_class(name: &str, wanted: &Value, found: &Value) {
    let confidence = |sign: &Value| sign["confidence"].as_f64().expect("a number");
    println!("{name}: {wanted} {found}");
    let unsure = confidence(wanted).max(confidence(found)) < 0.75;
    assert!(wanted["value"] == found["value"] || unsure, "{name}: {wanted} {found}");
}

#[test]
fn mirror_scale_and_place_change_little() {
    let mut canvas = Canvas::head(5.0);
    canvas.tint(crate::skin::basic::LEFT_CHEEK, 1.6, 0.6, [0.51, 0.42, 0.385]);
    let photo = canvas.photo;
    let wanted = result(&photo);
    assert_eq!(wanted["mole"]["rectangle"].as_array().map(Vec::len), Some(1));
    same("mirrored", &wanted, &result(&imageops::flip_horizontal(&photo)), true);
    for scale in [0.85, 1.3, 2.0_f32] {
        let scaled = |length: u32| (length as f32 * scale) as u32;
        let (width, height) = (scaled(photo.width()), scaled(photo.height()));
        let other = resize::rgb(&photo, width, height, Filter::Lanczos3);
        same(&format!("scaled by {scale}"), &wanted, &result(&other), false);
    }
    for (x, y) in [(0, 500), (650, 90)] {
        let mut wide = RgbImage::from_pixel(1800, 1700, Rgb([96, 104, 110]));
        imageops::replace(&mut wide, &photo, x, y);
        same(&format!("at {x}, {y}"), &wanted, &result(&wide), false);
    }
}
