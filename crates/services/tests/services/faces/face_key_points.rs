//! Face key points.

use image::imageops;
use safelight_contract::Code;
use safelight_testkit as testkit;
use serde_json::{Value, json};

use crate::faces::portraits::{crowd, photo, png, refusals};
use crate::support::{call, code, form, with};

const PATH: &str = "/api/portrait/analysis/face-key-points";
const ALL: &str = "age,gender,landmark4,landmark72,landmark150,landmark201";

fn answer(photo: &image::RgbImage, fields: &[(&str, &str)]) -> Value {
    let form = fields.iter().fold(form(png(photo)), |form, (name, value)| with(form, name, value));
    let node = call(PATH, &form).unwrap_or_else(|fault| panic!("{fault}"));
    node.into_json(&mut |_| Err("no picture is expected")).expect("plain JSON")["result"].clone()
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

#[test]
fn points_lie_in_the_box_and_in_their_order() {
    let found = answer(&photo("astronaut.png"), &[("face_field", ALL)]);
    assert_eq!(found["face_num"], 1);
    let face = &found["face_list"][0];
    assert_eq!(face["landmark4"].as_array().map(Vec::len), Some(4));
    assert_eq!(face["landmark72"].as_array().map(Vec::len), Some(72));
    let all = face["landmark201"].as_object().expect("points");
    assert_eq!((all.len(), face["landmark150"].as_object().map(|p| p.len())), (201, Some(150)));
    let side = |name: &str| number(&face["location"][name]);
    let (left, top, width, height) = (side("left"), side("top"), side("width"), side("height"));
    for (name, point) in all {
        let (x, y) = (number(&point["x"]), number(&point["y"]));
        let inside = x > left - width * 0.2
            && x < left + width * 1.2
            && y > top - height * 0.2
            && y < top + height * 1.2;
        assert!(inside, "{name} at {x}, {y}");
    }
    // The person's right is on the left of the photo.
    let x = |name: &str| number(&all[name]["x"]);
    let order = [
        "cheek_right_1",
        "eye_right_corner_right",
        "eye_right_corner_left",
        "nose_tip",
        "eye_left_corner_right",
        "eye_left_corner_left",
        "cheek_left_1",
    ];
    assert!(order.is_sorted_by(|a, b| x(a) < x(b)));
    assert_eq!(face["landmark4"][2], all["nose_tip"]);
    assert_eq!(face["gender"]["type"], "female");
    assert!((25.0..42.0).contains(&number(&face["age"])));
}

#[test]
fn a_mirrored_photo_mirrors_points_and_angles() {
    let portrait = photo("astronaut.png");
    let mirrored = imageops::flip_horizontal(&portrait);
    let asked = [("face_field", "landmark201")];
    let [one, two] =
        [&portrait, &mirrored].map(|photo| answer(photo, &asked)["face_list"][0].clone());
    let last = f64::from(portrait.width() - 1);
    for (name, other) in [
        ("nose_tip", "nose_tip"),
        ("eye_right_corner_right", "eye_left_corner_left"),
        ("mouth_corner_left_outer", "mouth_corner_right_outer"),
        ("chin_1", "chin_3"),
    ] {
        let (a, b) = (&one["landmark201"][name], &two["landmark201"][other]);
        assert!((number(&a["x"]) - (last - number(&b["x"]))).abs() < 2.0, "{name}");
        assert!((number(&a["y"]) - number(&b["y"])).abs() < 2.0, "{name}");
    }
    assert!((number(&one["angle"]["roll"]) + number(&two["angle"]["roll"])).abs() < 3.0);
}

#[test]
fn tokens_are_of_the_photo_and_the_face() {
    let crowd = crowd(2, 1);
    let tokens = |photo| {
        let answer = answer(photo, &[("max_face_num", "10")]);
        let faces = answer["face_list"].as_array().expect("faces").clone();
        faces.into_iter().map(|face| face["face_token"].clone()).collect::<Vec<_>>()
    };
    let first = tokens(&crowd);
    assert_eq!(first.len(), 2);
    assert_ne!(first[0], first[1]);
    assert_eq!(tokens(&crowd), first);
    assert!(!tokens(&photo("astronaut.png")).contains(&first[0]));
    assert_eq!(answer(&crowd, &[])["face_num"], json!(1));
}

#[test]
fn the_wrong_is_refused() {
    refusals(PATH);
    let portrait = || form(testkit::photo("astronaut.png"));
    let refused = |name: &str, value: &str| code(PATH, &with(portrait(), name, value));
    assert_eq!(refused("face_field", "landmark68"), Code::UnsupportedParameterValues);
    assert_eq!(refused("max_face_num", "11"), Code::UnsupportedParameterValues);
    let large = form(png(&image::RgbImage::new(1100, 1100)));
    assert_eq!(code(PATH, &large), Code::FileResolutionExceedsLimits);
    let upright = form(png(&image::RgbImage::new(1080, 1920)));
    assert_eq!(code(PATH, &upright), Code::NoFaceInFile);
}
