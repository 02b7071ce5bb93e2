//! Face analyzer.

use image::{RgbImage, imageops};
use safelight_contract::Code;
use safelight_imaging::resize::{self, Filter};
use safelight_operation::Node;
use safelight_testkit as testkit;
use serde_json::{Value, json};

use crate::faces::portraits::{crowd, photo, png, refusals};
use crate::support::{call, code, form, with};

const PATH: &str = "/api/portrait/analysis/face-analyzer";
const ALL: &str = "Age,Beauty,Emotion,Eye,Eyebrow,Gender,Hair,Hat,HeadPose,Mask,Mouth,Moustache,Nose,\
                   Shape,Skin,Smile";

fn json(node: Node) -> Value {
    node.into_json(&mut |_| Err("no picture is expected")).expect("plain JSON")
}

fn answer(photo: &RgbImage, fields: &[(&str, &str)]) -> Value {
    let form = fields.iter().fold(form(png(photo)), |form, (name, value)| with(form, name, value));
    json(call(PATH, &form).unwrap_or_else(|fault| panic!("{fault}")))
}

/// The attributes of the largest face.
fn attributes(photo: &RgbImage) -> Value {
    let answer = answer(photo, &[("face_attributes_type", ALL)]);
    answer["face_detail_infos"][0]["face_detail_attributes_info"].clone()
}

#[test]
fn the_portrait_is_described_as_it_is() {
    let found = attributes(&photo("astronaut.png"));
    println!("{found:#}");
    let kind = |path: &str| found.pointer(path).expect("a field").clone();
    for (path, wanted) in [
        ("/emotion/type", 1),
        ("/eye/glass/type", 0),
        ("/eye/eye_open/type", 1),
        ("/gender/type", 1),
        ("/hair/color/type", 2),
        ("/hat/style/type", 0),
        ("/hat/color/type", 0),
        ("/mask/type", 0),
        ("/mouth/mouth_open/type", 1),
        ("/moustache/type", 0),
    ] {
        assert_eq!(kind(path), json!(wanted), "{path}");
    }
    assert!((25..=42).contains(&found["age"].as_i64().expect("years")));
    assert!(found["smile"].as_i64() > Some(50));
    assert!((0..=100).contains(&found["beauty"].as_i64().expect("a score")));
    for angle in ["pitch", "yaw", "roll"] {
        assert!(found["head_pose"][angle].as_i64().expect("degrees").abs() < 10);
    }
}

#[test]
fn a_drawn_face_is_not_described() {
    let drawn = form(png(&photo("cartoon.png")));
    assert_eq!(code(PATH, &drawn), Code::CartoonFaceNotSupported);
}

#[test]
fn glasses_and_a_hat_are_seen() {
    let found = attributes(&photo("grace_hopper.jpg"));
    println!("{found:#}");
    assert_eq!(found["eye"]["glass"]["type"], 1);
    assert_eq!(found["hat"]["style"]["type"], 1);
    assert_ne!(found["hat"]["color"]["type"], 0);
    assert_eq!(found["age"], 65, "65 stands for all who are older");
    assert!(found["smile"].as_i64() < Some(40));
}

/// Types and numbers that a mirrored, smaller or larger photo must not change.
#[test]
fn mirror_and_scale_change_little() {
    let portrait = photo("astronaut.png");
    let wanted = attributes(&portrait);
    let doubled = resize::rgb(&portrait, 1024, 1024, Filter::Lanczos3);
    for (name, changed) in
        [("mirrored", imageops::flip_horizontal(&portrait)), ("doubled", doubled)]
    {
        let found = attributes(&changed);
        for path in [
            "emotion",
            "gender",
            "hair/color",
            "hat/style",
            "mask",
            "eye/glass",
            "mouth/mouth_open",
            "eye/eye_open",
            "eye/eyelid_type",
            "skin",
        ] {
            let path = format!("/{path}/type");
            assert_eq!(found.pointer(&path), wanted.pointer(&path), "{name} {path}");
        }
        for (field, most) in [("age", 6), ("beauty", 12), ("smile", 12)] {
            let off =
                found[field].as_i64().expect("a number") - wanted[field].as_i64().expect("one");
            assert!(off.abs() <= most, "{name} {field}: {off}");
        }
    }
}

#[test]
fn what_is_not_asked_for_is_zero_and_faces_come_largest_first() {
    let crowd = crowd(3, 2);
    let plain = answer(&crowd, &[("max_face_num", "120")]);
    assert_eq!((&plain["image_width"], &plain["image_height"]), (&json!(900), &json!(600)));
    let faces = plain["face_detail_infos"].as_array().expect("faces");
    assert_eq!(faces.len(), 6);
    let side = |face: &Value, name: &str| face["face_rect"][name].as_i64().expect("pixels");
    let area = |face: &Value| side(face, "width") * side(face, "height");
    // The sides are rounded.
    assert!(faces.is_sorted_by(|a, b| area(a) * 103 >= area(b) * 100));
    assert_eq!(faces[0]["face_detail_attributes_info"]["age"], 0);
    let asked = answer(&crowd, &[("max_face_num", "120"), ("face_attributes_type", "age")]);
    let age = |index: usize| {
        let face = &asked["face_detail_infos"][index];
        face["face_detail_attributes_info"]["age"].as_i64().expect("years")
    };
    assert!((0..5).all(|index| age(index) > 20) && age(5) == 0, "{asked:#}");
    assert_eq!(answer(&crowd, &[])["face_detail_infos"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_photo_on_its_head_needs_to_be_asked_for() {
    let turned = imageops::rotate180(&photo("astronaut.png"));
    let upright = [("need_rotate_detection", "1"), ("face_attributes_type", "HeadPose,Smile")];
    let found = answer(&turned, &upright);
    let found = &found["face_detail_infos"][0]["face_detail_attributes_info"];
    assert!(found["head_pose"]["roll"].as_i64().expect("degrees").abs() > 170, "{found:#}");
    assert!(found["smile"].as_i64() > Some(50));
}

#[test]
fn the_wrong_is_refused() {
    refusals(PATH);
    let portrait = || form(testkit::photo("astronaut.png"));
    let refused = |name: &str, value: &str| code(PATH, &with(portrait(), name, value));
    assert_eq!(refused("face_attributes_type", "Age,Ears"), Code::UnsupportedParameterValues);
    assert_eq!(refused("max_face_num", "0"), Code::UnsupportedParameterValues);
    assert_eq!(refused("max_face_num", "121"), Code::UnsupportedParameterValues);
    assert_eq!(refused("max_face_num", "some"), Code::ParameterConversionFailed);
    assert_eq!(refused("need_rotate_detection", "2"), Code::UnsupportedParameterValues);
    assert_eq!(code(PATH, &form(png(&RgbImage::new(1, 600)))), Code::NoFaceInFile);
    let wide = form(png(&RgbImage::new(2001, 10)));
    assert_eq!(code(PATH, &wide), Code::FileResolutionExceedsLimits);
}
