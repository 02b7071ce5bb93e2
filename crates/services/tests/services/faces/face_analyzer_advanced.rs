//! Advanced face analyzer.

use image::imageops;
use safelight_contract::Code;
use safelight_imaging::resize::{self, Filter};
use serde_json::Value;

use crate::faces::portraits::{crowd, photo, png, refusals};
use crate::support::{call, code, form};

const PATH: &str = "/api/portrait/analysis/face-analyzer-advanced";

fn answer(photo: &image::RgbImage) -> Value {
    let node = call(PATH, &form(png(photo))).unwrap_or_else(|fault| panic!("{fault}"));
    node.into_json(&mut |_| Err("no picture is expected")).expect("plain JSON")["data"].clone()
}

fn quality(data: &Value, name: &str) -> f64 {
    data["qualities"][name][0].as_f64().expect("a score")
}

#[test]
fn every_list_has_its_run_for_every_face() {
    let data = answer(&resize::rgb(&crowd(3, 1), 1800, 600, Filter::Lanczos3));
    println!("{}", data["qualities"]);
    assert_eq!(data["face_count"], 3);
    assert_eq!(data["landmark_count"], 105);
    for (name, each) in [
        ("face_rectangles", 4),
        ("face_probability_list", 1),
        ("landmarks", 210),
        ("pupils", 6),
        ("pose_list", 3),
        ("age_list", 1),
        ("gender_list", 1),
        ("expressions", 1),
        ("glasses", 1),
        ("hat_list", 1),
        ("masks", 1),
        ("beauty_list", 1),
    ] {
        assert_eq!(data[name].as_array().map(Vec::len), Some(3 * each), "{name}");
    }
    let qualities = data["qualities"].as_object().expect("scores");
    assert!(qualities.values().all(|list| list.as_array().map(Vec::len) == Some(3)));
}

#[test]
fn the_portrait_is_fit_and_damage_lowers_its_own_score() {
    let portrait = photo("astronaut.png");
    let good = answer(&portrait);
    println!("{}", good["qualities"]);
    assert_eq!((&good["gender_list"][0], &good["expressions"][0]), (&0.into(), &1.into()));
    for name in
        ["score_list", "blur_list", "fnf_list", "glass_list", "mask_list", "pose_list", "illu_list"]
    {
        assert!(quality(&good, name) >= 85.0, "{name}: {}", quality(&good, name));
    }
    let blurred = answer(&imageops::blur(&portrait, 2.5));
    assert!(quality(&blurred, "blur_list") < quality(&good, "blur_list") - 20.0);
    let mut dark = portrait.clone();
    dark.iter_mut().for_each(|value| *value /= 4);
    assert!(quality(&answer(&dark), "illu_list") < 60.0);
    let mut noisy = portrait.clone();
    let mut state = 9_u32;
    noisy.iter_mut().for_each(|value| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *value = value.saturating_add((state >> 27) as u8).saturating_sub(16);
    });
    assert!(quality(&answer(&noisy), "noise_list") < quality(&good, "noise_list") - 10.0);
}

#[test]
fn the_wrong_is_refused() {
    refusals(PATH);
    let small = resize::rgb(&photo("astronaut.png"), 150, 150, Filter::Lanczos3);
    assert_eq!(code(PATH, &form(png(&small))), Code::SmallFaceSize);
    assert_eq!(code(PATH, &form(png(&image::RgbImage::new(31, 31)))), Code::LowResolution);
}
