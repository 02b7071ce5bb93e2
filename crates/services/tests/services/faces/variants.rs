//! Answers that a changed photo must not change, crowds, pictures without a face, and answers that are
//! the same each time.

use image::{Rgb, RgbImage, imageops};
use safelight_contract::Code;
use safelight_imaging::encode;
use safelight_imaging::resize::{self, Filter};
use safelight_imaging::warp::{Affine, Border, warp};
use safelight_operation::{Artifact, Form};
use serde_json::Value;

use crate::faces::portraits::{crowd, photo, png};
use crate::support::{call, code, form, head, with};

const ANALYZER: &str = "/api/portrait/analysis/face-analyzer";
const ALL: &str = "Age,Beauty,Emotion,Eye,Eyebrow,Gender,Hair,Hat,HeadPose,Mask,Mouth,Moustache,Nose,\
                   Shape,Skin,Smile";
/// What each service for faces is asked for.
const SERVICES: [(&str, &[(&str, &str)]); 8] = [
    ("face-analyzer", &[("face_attributes_type", ALL)]),
    ("face-analyzer-advanced", &[]),
    (
        "face-key-points",
        &[("face_field", "age,gender,landmark4,landmark72,landmark150,landmark201")],
    ),
    ("ai-face-rating", &[]),
    ("skin-analysis", &[]),
    ("skin-analysis-advanced", &[("return_maps", "red_area")]),
    ("skin-analysis-pro", &[("return_maps", "brown_area"), ("return_marks", "melanin_mark")]),
    ("blurred-faces", &[]),
];

/// What is analysed of each face; photos may lie on any side.
fn faces(photo: &RgbImage) -> Vec<Value> {
    let fields = [
        ("face_attributes_type", "Age,Emotion,Eye,Gender,Hat,HeadPose,Mask,Mouth,Smile"),
        ("need_rotate_detection", "1"),
        ("max_face_num", "120"),
    ];
    let form = fields.iter().fold(form(png(photo)), |form, (name, value)| with(form, name, value));
    let answer = call(ANALYZER, &form).unwrap_or_else(|fault| panic!("{fault}"));
    let mut answer = answer.into_json(&mut |_| Err("no picture is expected")).expect("plain JSON");
    match answer["face_detail_infos"].take() {
        Value::Array(faces) => faces,
        other => panic!("{other}"),
    }
}

/// Whether the one face is still the smiling woman of the portrait, within tolerances that are stated
/// here: 5 years, 25 of a smile's 100, 5 degrees.
fn is_described(name: &str, photo: &RgbImage, roll: f64) {
    let mut faces = faces(photo);
    assert_eq!(faces.len(), 1, "{name}");
    let found = faces[0]["face_detail_attributes_info"].take();
    let number = |path: &str| found.pointer(path).and_then(Value::as_f64).expect("a number");
    println!(
        "{name}: age {} smile {} pose {} {} {}",
        found["age"],
        found["smile"],
        number("/head_pose/yaw"),
        number("/head_pose/pitch"),
        number("/head_pose/roll")
    );
    for (path, wanted) in [
        ("/emotion/type", 1.0),
        ("/eye/glass/type", 0.0),
        ("/eye/eye_open/type", 1.0),
        ("/gender/type", 1.0),
        ("/hat/style/type", 0.0),
        ("/mask/type", 0.0),
        ("/mouth/mouth_open/type", 1.0),
    ] {
        assert_eq!(number(path), wanted, "{name} {path}: {found}");
    }
    assert!((number("/age") - 31.0).abs() <= 5.0, "{name}: {found}");
    assert!(number("/smile") >= 75.0, "{name}: {found}");
    let off = (number("/head_pose/roll") - 3.0 - roll).rem_euclid(360.0);
    assert!(off.min(360.0 - off) <= 5.0, "{name}: {found}");
    assert!(number("/head_pose/yaw").abs() <= 6.0 && number("/head_pose/pitch").abs() <= 10.0);
}

#[test]
fn a_changed_photo_is_described_the_same() {
    let portrait = photo("astronaut.png");
    is_described("mirrored", &imageops::flip_horizontal(&portrait), -6.0);
    let turn = Affine::turning(150_f64.to_radians(), 1.0, [225.0, 120.0], [256.0; 2]);
    let turned = warp(&portrait, &turn, 512, 512, Border::Replicate);
    is_described("turned by 150", &turned, 150.0);
    is_described("256 px", &resize::rgb(&portrait, 256, 256, Filter::Lanczos3), 0.0);
}

#[test]
fn two_and_twelve_faces_are_all_found() {
    for (columns, rows) in [(2, 1), (4, 3)] {
        let found = faces(&crowd(columns, rows));
        assert_eq!(found.len() as u32, columns * rows);
        for face in &found[..2] {
            let gender = &face["face_detail_attributes_info"]["gender"]["type"];
            assert_eq!(gender, 1, "{face}");
        }
    }
}

/// A form that a service accepts.
fn asked(fields: &[(&str, &str)], picture: &RgbImage) -> Form {
    let jpeg = encode::jpeg(picture, 95).expect("a file");
    fields.iter().fold(form(jpeg), |form, (name, value)| with(form, name, value))
}

#[test]
fn no_service_sees_a_face_where_there_is_none() {
    let mut state = 1_u32;
    let noise = RgbImage::from_fn(420, 400, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Rgb([state >> 24, state >> 16, state >> 8].map(|value| value as u8))
    });
    let blank = RgbImage::from_pixel(400, 400, Rgb([200, 190, 180]));
    let pictures = ["chelsea.png", "coffee.png", "rocket.jpg"].map(photo).into_iter();
    for picture in pictures.chain([noise, blank]) {
        for (path, fields) in SERVICES {
            assert_eq!(code(path, &asked(fields, &picture)), Code::NoFaceInFile, "{path}");
        }
    }
}

#[test]
fn the_same_bytes_give_the_same_answer() {
    let bytes = head();
    let small = image::load_from_memory(&bytes).expect("a picture").to_rgb8();
    let small = resize::rgb(&small, 1000, 1043, Filter::Bilinear);
    for (path, fields) in SERVICES {
        let form = asked(fields, &small);
        let answer = || {
            let mut pictures: Vec<Artifact> = vec![];
            let node = call(path, &form).unwrap_or_else(|fault| panic!("{path}: {fault}"));
            let json = node.into_json::<()>(&mut |picture| {
                pictures.push(picture);
                Ok(String::new())
            });
            (json.expect("an answer"), pictures)
        };
        assert!(answer() == answer(), "{path}");
    }
}
