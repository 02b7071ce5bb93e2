//! `skin-analysis-pro`.

use base64::Engine as _;
use image::{DynamicImage, ImageFormat, imageops};
use safelight_contract::Code;
use serde_json::{Value, json};

use crate::skin::basic::{CHIN, LEFT_CHEEK};
use crate::skin::canvas::{Canvas, check_sign, check_skin_type, json as to_json};
use crate::support::{self, Form, encoded, form, with};

const PATH: &str = "skin-analysis-pro";
const RIGHT_CHEEK: [f32; 2] = [250.0, 121.0];
const MAPS: [(&str, &str); 10] = [
    ("red_area", "jpeg"),
    ("brown_area", "jpeg"),
    ("texture_enhanced_pores", "png"),
    ("texture_enhanced_blackheads", "png"),
    ("texture_enhanced_oily_area", "png"),
    ("texture_enhanced_lines", "png"),
    ("water_area", "png"),
    ("rough_area", "png"),
    ("roi_outline_map", "png"),
    ("texture_enhanced_bw", "jpeg"),
];
const LISTS: [(&str, &str, &str); 12] = [
    ("forehead_wrinkle_list", "forehead_wrinkle_info", "forehead_wrinkle_list"),
    ("glabella_wrinkle_list", "glabella_wrinkle_info", "glabella_wrinkle_list"),
    ("left_eye_wrinkle_list", "left_eye_wrinkle_info", "left_eye_wrinkle_list"),
    ("right_eye_wrinkle_list", "right_eye_wrinkle_info", "right_eye_wrinkle_list"),
    ("left_crowsfeet_list", "left_crowsfeet_wrinkle_info", "left_crowsfeet_wrinkle_list"),
    ("right_crowsfeet_list", "right_crowsfeet_wrinkle_info", "right_crowsfeet_wrinkle_list"),
    ("left_cheek_list", "left_cheek_wrinkle_info", "left_cheek_wrinkle_list"),
    ("right_cheek_list", "right_cheek_wrinkle_info", "right_cheek_wrinkle_list"),
    ("left_nasolabial_list", "left_nasolabial_wrinkle_info", "left_nasolabial_wrinkle_list"),
    ("right_nasolabial_list", "right_nasolabial_wrinkle_info", "right_nasolabial_wrinkle_list"),
    ("left_mouth_list", "left_mouth_wrinkle_info", "left_mouth_wrinkle_list"),
    ("right_mouth_list", "right_mouth_wrinkle_info", "right_mouth_wrinkle_list"),
];

fn answer(form: &Form) -> Value {
    to_json(support::call(PATH, form).unwrap_or_else(|fault| panic!("{fault}")))
}

fn whole(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("{value} is no whole number"))
}

fn number(value: &Value) -> f64 {
    assert!(value.is_f64(), "{value} has no decimals");
    value.as_f64().expect("a number")
}

fn decoded(map: &Value) -> Vec<u8> {
    let text = map.as_str().expect("Base64");
    base64::engine::general_purpose::STANDARD.decode(text).expect("Base64")
}

#[test]
fn every_field_is_in_its_range() {
    let found = answer(&form(Canvas::head(5.0).jpeg()));
    println!("{found:#}");
    let result = &found["result"];
    for (name, classes) in [
        ("skintone", 5),
        ("blackhead", 4),
        ("pores_forehead", 4),
        ("pores_left_cheek", 4),
        ("pores_right_cheek", 4),
        ("pores_jaw", 4),
        ("melasma", 2),
        ("freckle", 2),
        ("forehead_wrinkle", 2),
        ("crows_feet", 2),
        ("eye_finelines", 2),
        ("glabella_wrinkle", 2),
        ("nasolabial_fold", 2),
        ("nasolabial_fold_severity", 3),
        ("eye_finelines_severity", 3),
        ("eye_pouch", 2),
        ("dark_circle", 4),
    ] {
        check_sign(result, name, classes);
    }
    check_skin_type(result);
    let quality = &result["image_quality"];
    assert!((0.1..0.6).contains(&number(&quality["face_ratio"])), "{quality}");
    assert!((0.2..0.9).contains(&number(&quality["hair_occlusion"])), "her fringe: {quality}");
    assert_eq!(quality["glasses"], 0);
    for (name, score) in result["score_info"].as_object().expect("scores") {
        let scores: Vec<&Value> = match score {
            Value::Object(parts) => parts.values().collect(),
            score => vec![score],
        };
        assert!(scores.into_iter().all(|s| (0..=100).contains(&whole(s))), "{name}: {score}");
    }
    for (_, info, _) in LISTS {
        let lines = &result[info];
        assert!((0..=100).contains(&whole(&lines["wrinkle_score"])), "{info}");
        assert!((0..=3).contains(&whole(&lines["wrinkle_severity_level"])), "{info}");
        for share in ["wrinkle_area_ratio", "wrinkle_deep_ratio", "wrinkle_norm_depth"] {
            assert!((0.0..=1.0).contains(&number(&lines[share])), "{info} {share}");
        }
    }
    for zone in ["t_zone", "left_cheek", "right_cheek", "chin_area", "full_face"] {
        let oily = &result["oily_intensity"][zone];
        assert!((0.0..=1.0).contains(&number(&oily["area"])) && whole(&oily["intensity"]) < 3);
    }
    let asked = [
        "face_maps",
        "sensitivity",
        "sensitivity_mark",
        "melanin_mark",
        "wrinkle_mark",
        "dark_circle_outline",
        "cheekbone_mark",
        "enhanced_bw_info",
    ];
    asked.iter().for_each(|name| assert!(result.get(name).is_none(), "{name}"));
    assert!(found.get("left_side_result").is_none() && found.get("right_side_result").is_none());
}

#[test]
fn every_map_and_mark_comes_when_asked_for() {
    let canvas = Canvas::head(5.0);
    let maps = MAPS.map(|(name, _)| name).join(",");
    let marks = LISTS.map(|(name, ..)| name).join(",")
        + ",wrinkle_mark,dark_circle_outline,sensitivity_mark,melanin_mark,cheekbone_mark";
    let form = with(with(form(canvas.jpeg()), "return_maps", &maps), "return_marks", &marks);
    let found = answer(&form);
    let result = &found["result"];
    let (width, height) = canvas.photo.dimensions();
    for (name, format) in MAPS {
        let bytes = decoded(&result["face_maps"][name]);
        let kind = if format == "png" { &b"\x89PNG"[..] } else { b"\xff\xd8" };
        assert!(bytes.starts_with(kind), "{name}");
        let map = image::load_from_memory(&bytes).expect("a picture");
        if let Some(folder) = std::env::var_os("SKIN_MAPS") {
            let path = std::path::PathBuf::from(folder).join(name).with_extension("png");
            map.save(path).expect("the folder can be written");
        }
        if name == "texture_enhanced_bw" {
            let info = &result["enhanced_bw_info"];
            let wide = number(&info["ratio"]) * whole(&info["enhanced_bw_rect"]["width"]) as f64;
            assert!((wide - f64::from(map.width())).abs() < 1.5, "{info}");
        } else {
            assert_eq!((map.width(), map.height()), (width, height), "{name}");
        }
    }
    let inside = |point: &Value| {
        let (x, y) = (whole(&point["x"]), whole(&point["y"]));
        (0..i64::from(width)).contains(&x) && (0..i64::from(height)).contains(&y)
    };
    for (_, info, list) in LISTS {
        let lines = result[info][list].as_array().unwrap_or_else(|| panic!("{info}.{list}"));
        let counted =
            whole(&result[info]["wrinkle_deep_num"]) + whole(&result[info]["wrinkle_shallow_num"]);
        assert_eq!(lines.len() as i64, counted, "{info}");
        for line in lines {
            let path = line["wrinkle_coord"].as_array().expect("a path");
            assert!(path.len() > 1 && path.iter().all(inside), "{info}: {line}");
            assert!(number(&line["wrinkle_length"]) > 10.0 && number(&line["wrinkle_depth"]) > 0.0);
        }
    }
    assert!(
        !result["left_nasolabial_wrinkle_info"]["left_nasolabial_wrinkle_list"]
            .as_array()
            .expect("a list")
            .is_empty()
    );
    let outlines = result["wrinkle_mark"].as_object().expect("outlines");
    assert_eq!(outlines.len(), 12);
    for outline in
        outlines.values().chain(result["cheekbone_mark"].as_object().expect("two").values())
    {
        assert!(outline.as_array().expect("points").len() > 6);
    }
    assert!(
        result["melanin_mark"]["polygon"].is_array()
            && result["sensitivity_mark"]["polygon"].is_array()
    );
    assert!((0..=100).contains(&whole(&result["sensitivity"]["sensitivity_intensity"])));
}

#[test]
fn marks_are_outlined_in_the_colour_asked_for() {
    let mut canvas = Canvas::head(5.0);
    canvas.tint(CHIN, 2.0, 0.8, [0.935, 0.655, 0.7]);
    canvas.tint(LEFT_CHEEK, 1.6, 0.6, [0.51, 0.42, 0.385]);
    let colors = r#"{"acne_color":"010203","acne_nodule_color":"010203"}"#;
    let form = with(
        with(form(canvas.jpeg()), "return_maps", "roi_outline_map"),
        "roi_outline_color",
        colors,
    );
    let found = answer(&form);
    let result = &found["result"];
    let acne = ["acne", "acne_nodule", "acne_pustule"].map(|name| whole(&result[name]["count"]));
    assert_eq!(acne.iter().sum::<i64>(), 1, "{acne:?}");
    assert_eq!(result["mole"]["count"], 1);
    assert_eq!(result["mole"]["polygon"].as_array().map(Vec::len), Some(1));
    let map = image::load_from_memory(&decoded(&result["face_maps"]["roi_outline_map"]));
    let map = map.expect("a picture").to_rgba8();
    let drawn = map.pixels().filter(|pixel| pixel.0 == [1, 2, 3, 255]).count();
    assert!(drawn > 20, "{drawn}");
    let scores = &result["score_info"];
    assert!(whole(&scores["acne_score"]) < 100);
    let spots = 1 + whole(&result["acne_mark"]["count"]);
    let score = (100.0 - 2.4 * spots as f64).round();
    assert_eq!(whole(&scores["red_spot_score"]), score as i64, "{spots} red spots");
}

#[test]
fn the_class_of_redness_follows_its_area() {
    let look = |canvas: &Canvas| {
        let found = answer(&with(form(canvas.jpeg()), "return_maps", "red_area"));
        let result = &found["result"];
        let area = number(&result["sensitivity"]["sensitivity_area"]);
        let class = [0.1, 0.31, 0.61].iter().filter(|&&limit| area >= limit).count();
        assert_eq!(whole(&result["sensitivity_type_v1"]), class as i64, "{area}");
        class
    };
    let plain = Canvas::head(5.0);
    let mut flushed = Canvas::head(5.0);
    for cheek in [LEFT_CHEEK, RIGHT_CHEEK] {
        flushed.tint(cheek, 14.0, 4.0, [1.0, 0.72, 0.76]);
    }
    assert!(look(&flushed) > look(&plain));
}

#[test]
fn side_views_say_whether_they_can_be_used() {
    let side = |photo: Vec<u8>| {
        let mut form = with(form(Canvas::head(5.0).jpeg()), "return_side_results", "jawline_info");
        form.add_text("return_maps", "left_roi_outline_map");
        form.add_file("left_side_image", photo.into());
        let found = answer(&form);
        assert!(found.get("right_side_result").is_none());
        let text = found["left_side_result"].as_str().expect("JSON in a text");
        serde_json::from_str::<Value>(text).expect("JSON")
    };
    let front = side(Canvas::head(5.0).jpeg());
    assert_eq!(front["left_jawline_info"], json!({ "left_jawline_quality": 2 }), "looks ahead");
    assert!((30..=100).contains(&whole(&front["left_acne_info"]["score"])));
    assert!(front["left_melanin_info"]["mole"]["count"].is_u64());
    assert!(decoded(&front["left_face_maps"]["left_roi_outline_map"]).starts_with(b"\x89PNG"));
    let plain = image::RgbImage::from_pixel(300, 300, image::Rgb([70, 90, 60]));
    let none = side(encoded(&DynamicImage::ImageRgb8(plain), ImageFormat::Jpeg));
    assert_eq!(none, json!({ "left_jawline_info": { "left_jawline_quality": 4 } }));
}

#[test]
fn each_refusal_has_its_code() {
    let head = Canvas::head(5.0);
    let asked =
        |name: &str, value: &str| support::code(PATH, &with(form(head.jpeg()), name, value));
    assert_eq!(asked("return_maps", "red"), Code::UnsupportedParameterValues);
    assert_eq!(asked("return_marks", "left_cheek"), Code::UnsupportedParameterValues);
    assert_eq!(asked("return_side_results", "jaw"), Code::UnsupportedParameterValues);
    assert_eq!(asked("roi_outline_color", "red"), Code::ParameterConversionFailed);
    assert_eq!(
        asked("roi_outline_color", r#"{"acne_color":"red"}"#),
        Code::UnsupportedParameterValues
    );
    assert_eq!(support::code(PATH, &form(Canvas::head(3.0).jpeg())), Code::SmallFaceSize);
    let mut sided = form(head.jpeg());
    sided.add_file("right_side_image", vec![1, 2, 3].into());
    assert_eq!(support::code(PATH, &sided), Code::UnsupportedFileTypes);
    let lying = imageops::rotate90(&head.photo);
    let lying = encoded(&DynamicImage::ImageRgb8(lying), ImageFormat::Jpeg);
    let code = support::code(PATH, &form(lying));
    let unusable = [Code::FaceNotFacingForward, Code::NoFaceInFile, Code::FaceUnrecognizable];
    assert!(unusable.contains(&code), "{code:?}");
}
