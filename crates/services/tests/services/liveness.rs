//! Liveness: what files declare, how live photos look, and rendered clips of a head that moves as it was
//! asked to.

use std::f32::consts::TAU;
use std::sync::Arc;
use std::time::Duration;

use image::{Rgb, RgbImage, imageops};
use safelight_contract::Code;
use safelight_imaging::{Format, encode, provenance};
use safelight_operation::{Cancel, Context, Inline, Node, Result, Work};
use safelight_services::liveness::actions::{Action, follow};
use safelight_services::liveness::watching::{LIMITS, Watched, watch};
use safelight_testkit::{self as testkit, picture as photo};
use safelight_video::{Clip, Movie};
use safelight_vision::Vision;
use safelight_vision::face::QualityControl;
use serde_json::Value;

use crate::moving::{Move, RATE, STILL, clip};
use crate::support::{Form, call, code, form};

const SYNTHETIC: &str = "/api/portrait/liveness/synthetic-face-detection";
const SILENT: &str = "/api/portrait/liveness/silent-liveness-detection";

fn json(node: Node) -> Value {
    let mut none = |_| -> Result<String> { unreachable!("no files") };
    node.into_json(&mut none).expect("an answer")
}

#[test]
fn declarations_of_files_are_told_and_their_absence_is_no_proof() {
    let plain = testkit::photo("grace_hopper.jpg");
    let answer = json(call(SYNTHETIC, &form(plain.clone())).expect("an answer"));
    assert_eq!(answer["data"]["synthetic"], false);
    assert_eq!(answer["data"]["evidence"], serde_json::json!([]));
    // This server's own composites say what they are.
    let composite = provenance::composite(plain, Format::Jpeg);
    let answer = json(call(SYNTHETIC, &form(composite)).expect("an answer"));
    assert_eq!(answer["data"]["synthetic"], true);
    let evidence = &answer["data"]["evidence"][0];
    assert_eq!(evidence["kind"], "iptc_digital_source_type");
    assert_eq!(evidence["value"], "compositeSynthetic");
}

/// A photo as a screen shows it to a camera: darker, with the grid of its dots, in a frame on a desk.
fn on_a_screen(photo: &RgbImage) -> RgbImage {
    let (width, height) = photo.dimensions();
    let mut picture = RgbImage::from_pixel(width * 5 / 4, height * 5 / 4, Rgb([96, 88, 80]));
    let bezel = RgbImage::from_pixel(width + 24, height + 24, Rgb([12, 12, 14]));
    imageops::replace(&mut picture, &bezel, i64::from(width / 8) - 12, i64::from(height / 8) - 12);
    let shown = RgbImage::from_fn(width, height, |x, y| {
        let grid = 0.82 + 0.18 * ((x as f32 * 0.9).sin() * (y as f32 * 0.83).sin());
        Rgb(photo.get_pixel(x, y).0.map(|value| (f32::from(value) * 0.85 * grid + 14.0) as u8))
    });
    imageops::replace(&mut picture, &shown, i64::from(width / 8), i64::from(height / 8));
    picture
}

#[test]
fn photos_of_people_look_live_and_each_picture_has_its_own_outcome() {
    let mut form = Form::new();
    let names = ["astronaut.png", "grace_hopper.jpg"];
    names.iter().for_each(|name| form.add_file("tasks", testkit::photo(name).into()));
    let screen = encode::png_rgb(&on_a_screen(&photo("astronaut.png"))).expect("encodes");
    form.add_file("tasks", screen.into());
    form.add_file("tasks", testkit::photo("coffee.png").into());
    let answer = json(call(SILENT, &form).expect("an answer"));
    println!("{answer}");
    let elements = answer["data"]["elements"].as_array().expect("a list");
    let score = |at: usize| elements[at]["score"].as_f64().expect("a score");
    assert!(score(0) > 0.5 && elements[0]["label"] == "live", "{answer}");
    assert!(score(2) < score(0), "a screen looks less live: {answer}");
    assert!(elements[0]["location"]["width"].as_i64() > Some(60));
    assert_eq!(elements[3]["error_detail"]["code"], "ERROR_NO_FACE_IN_FILE");
    assert_eq!(answer["data"]["thresholds"]["NORMAL"], 0.5);
    assert_eq!(answer["data"]["rates"]["HIGH"]["attacks_accepted"], "not measured");

    assert_eq!(code(SILENT, &Form::new()), Code::MissingTasksParameter);
    let mut cup = Form::new();
    cup.add_file("tasks", testkit::photo("coffee.png").into());
    assert_eq!(code(SILENT, &cup), Code::NoFaceInFile);
    cup.add_text("liveness_control", "BEST");
    assert_eq!(code(SILENT, &cup), Code::LivenessControlError);
}

/// A portrait of 360 pixels.
fn portrait(name: &str) -> RgbImage {
    let photo = photo(name);
    let part = match name {
        "astronaut.png" => imageops::crop_imm(&photo, 70, 0, 300, 300).to_image(),
        _ => imageops::crop_imm(&photo, 0, 0, photo.width(), photo.width()).to_image(),
    };
    imageops::resize(&part, 360, 360, imageops::FilterType::CatmullRom)
}

/// Runs blocking work as a service does.
fn with_work<T: Send + 'static>(
    vision: &Vision,
    run: impl FnOnce(&Work) -> Result<T> + Send + 'static,
) -> Result<T> {
    let cancel = Cancel::after(Duration::from_secs(3600));
    let context = Context::new(vision.clone(), cancel, Arc::new(Inline));
    futures_util::FutureExt::now_or_never(context.cpu(run)).expect("it runs at once")
}

fn watched(vision: &Vision, file: Vec<u8>) -> Result<Watched> {
    with_work(vision, move |work| {
        let movie = Movie::read(&file)?;
        movie.check("video", &LIMITS)?;
        watch(work, &movie)
    })
}

/// The digits of the actions that are seen, of a code.
fn seen(watched: &Watched, code: &str) -> String {
    let actions: Vec<_> = code.chars().filter_map(Action::of).collect();
    let times = follow(&actions, &watched.signs);
    code.chars().zip(times).filter(|(_, at)| at.is_some()).map(|(digit, _)| digit).collect()
}

/// Five seconds: a blink, the head to both sides, up, down.
fn performance() -> Vec<Move> {
    (0..5 * RATE)
        .map(|number| {
            let at = number as f32 / RATE as f32;
            let during = |from: f32, to: f32| (from..to).contains(&at);
            let swing = |from: f32, to: f32| ((at - from) / (to - from) * TAU).sin();
            let closed = if during(0.6, 0.8) { 1.0 } else { 0.0 };
            let yaw = if during(1.2, 2.7) { 24.0 * swing(1.2, 2.7) } else { 0.0 };
            let pitch = if during(3.0, 4.5) { 20.0 * swing(3.0, 4.5) } else { 0.0 };
            Move { yaw, pitch, closed }
        })
        .collect()
}

#[test]
fn a_head_that_does_as_asked_is_seen_to_do_it() {
    let vision = Vision::new(testkit::registry());
    let file = clip(&vision, &portrait("astronaut.png"), &performance());
    if let Some(folder) = std::env::var_os("SAFELIGHT_KEEP") {
        std::fs::write(std::path::Path::new(&folder).join("performance.mp4"), &file).expect("kept");
    }
    let watched = watched(&vision, file).expect("watched");
    for signs in &watched.signs {
        let (yaw, pitch) = (signs.pose.yaw, signs.pose.pitch);
        let (at, closed, height) = (signs.at, signs.closed, signs.height);
        println!("{at:.2} yaw {yaw:.1} pitch {pitch:.1} closed {closed:.2} height {height:.2}");
    }
    assert_eq!(seen(&watched, "0"), "0");
    assert_eq!(seen(&watched, "7"), "7");
    let nods = [seen(&watched, "4"), seen(&watched, "5")];
    assert_eq!(nods, ["4", "5"]);
    assert_eq!(seen(&watched, "07"), "07", "in its order");
    assert_eq!(seen(&watched, "70"), "7", "the blink came before");
    let shots = watched.shots.len();
    let outcome = with_work(&vision, move |work| watched.person(work, QualityControl::None));
    let person = outcome.expect("one person");
    println!("live {} fitness {} of {shots} shots", person.live, person.fitness);
    assert!(shots == 3 && person.live > 0.0);
}

#[test]
fn stills_empty_rooms_and_two_people_are_told() {
    let vision = Vision::new(testkit::registry());
    let ada = portrait("astronaut.png");
    let still = vec![STILL; 15];
    let watched_still = watched(&vision, clip(&vision, &ada, &still)).expect("watched");
    for digit in ["0", "4", "5", "7"] {
        assert_eq!(seen(&watched_still, digit), "", "a picture does not move");
    }
    let plain = |frames: &[&RgbImage]| {
        let mut clip = Clip::new(frames[0].dimensions(), RATE).expect("starts");
        frames.iter().for_each(|frame| clip.push(frame).expect("encodes"));
        clip.finish().expect("a file")
    };
    let empty = RgbImage::from_pixel(360, 360, Rgb([90, 120, 150]));
    let code = |outcome: Result<Watched>| outcome.err().map(|fault| fault.code());
    assert_eq!(code(watched(&vision, plain(&[&empty; 15]))), Some(Code::NoFaceInFile));
    let mut both = RgbImage::new(720, 360);
    imageops::replace(&mut both, &ada, 0, 0);
    imageops::replace(&mut both, &portrait("grace_hopper.jpg"), 360, 0);
    assert_eq!(code(watched(&vision, plain(&[&both; 15]))), Some(Code::FaceCountInvalid));
    let grace = portrait("grace_hopper.jpg");
    let mut change = vec![&ada; 8];
    change.extend([&grace; 8]);
    let changing = watched(&vision, plain(&change)).expect("watched");
    let outcome = with_work(&vision, move |work| changing.person(work, QualityControl::None));
    assert_eq!(outcome.err().map(|f| f.code()), Some(Code::LivenessDetectionFailed));
}
