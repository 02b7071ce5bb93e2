//! What changes nothing about a face must change little in the answers: turning, mirroring, scaling,
//! moving, compressing, lighting and blurring the photo. Tolerances of landmarks are shares of the
//! face's width.

use std::sync::LazyLock;

use image::{Rgb, RgbImage, imageops};
use safelight_imaging::resize::{self, Filter};
use safelight_imaging::warp::{Affine, Border, warp};
use safelight_imaging::{decode, encode, probe};
use safelight_testkit as testkit;
use safelight_vision::Vision;
use safelight_vision::face::landmarks::{POINTS_201, place};
use safelight_vision::face::{Emotion, Face, Point, Rect};

/// What is seen of the one face of a photo.
struct Seen {
    rect: Rect,
    landmarks: Vec<Point>,
    angles: [f32; 3],
    age: f32,
    male: f32,
    happy: f32,
    smile: f32,
}

fn see(photo: &RgbImage) -> Seen {
    let vision = Vision::new(testkit::registry());
    let faces = vision.detect_faces_any_way_up(photo).expect("an answer");
    assert_eq!(faces.len(), 1, "{faces:?}");
    let face = Face::new(&vision, photo, faces[0]);
    let (mesh, pose) = (face.mesh().expect("a mesh"), face.pose().expect("a pose"));
    let moods = face.emotions().expect("a mood");
    let person = face.age_and_gender().expect("an age");
    Seen {
        rect: faces[0].rect,
        landmarks: POINTS_201.iter().map(|(_, blend)| place(mesh, blend)).collect(),
        angles: [pose.yaw, pose.pitch, pose.roll],
        age: person.age,
        male: person.male,
        smile: face.blendshapes().expect("movements").smile(),
        happy: moods.probabilities[Emotion::Happy as usize],
    }
}

/// The head of the portrait: 256 x 256, the face 90 x 110.
fn head() -> RgbImage {
    let portrait = image::load_from_memory(&testkit::photo("astronaut.png")).expect("a picture");
    portrait.crop_imm(94, 0, 256, 256).into_rgb8()
}

/// What is seen of the untouched photo.
static UNTOUCHED: LazyLock<Seen> = LazyLock::new(|| see(&head()));

/// How far answers may be from those of the untouched photo.
struct Tolerance {
    /// Of the landmarks in the mean and at most, as shares of the face's width.
    landmarks: [f32; 2],
    /// Of yaw, pitch and roll, degrees.
    angle: f32,
    /// In years.
    age: f32,
    /// Of the probability.
    male: f32,
    /// Least probability of the smile's mood.
    happy: f32,
    /// Of the strength of the smile.
    smile: f32,
}

const CLOSE: Tolerance = Tolerance {
    landmarks: [0.01, 0.025],
    angle: 2.0,
    age: 2.0,
    male: 0.05,
    happy: 0.5,
    smile: 0.08,
};
const ROUGH: Tolerance = Tolerance {
    landmarks: [0.015, 0.05],
    angle: 3.0,
    age: 4.0,
    male: 0.16,
    happy: 0.5,
    smile: 0.15,
};
/// A face of 22 pixels: what the model for gender says of it is worth little.
const TINY: Tolerance =
    Tolerance { landmarks: [0.035, 0.08], angle: 3.0, age: 5.0, male: 0.4, happy: 0.5, smile: 0.3 };

/// Compares a changed photo with the untouched one, its points led back by `back`.
fn compare(name: &str, photo: &RgbImage, back: impl Fn(Point) -> Point, most: &Tolerance) {
    compare_seen(name, &see(photo), back, most);
}

fn compare_seen(name: &str, found: &Seen, back: impl Fn(Point) -> Point, most: &Tolerance) {
    let wanted = &*UNTOUCHED;
    let off = |(a, b): (&Point, &Point)| back(*a).distance(*b) / wanted.rect.width;
    let offs: Vec<f32> = found.landmarks.iter().zip(&wanted.landmarks).map(off).collect();
    let mean = offs.iter().sum::<f32>() / offs.len() as f32;
    let worst = offs.iter().copied().fold(0.0, f32::max);
    let turn = |i: usize| {
        let off = (found.angles[i] - wanted.angles[i]).rem_euclid(360.0);
        off.min(360.0 - off)
    };
    let angle = (0..3).map(turn).fold(0.0, f32::max);
    let (age, male) = ((found.age - wanted.age).abs(), (found.male - wanted.male).abs());
    println!(
        "{name}: landmarks {mean:.4} and {worst:.4}, angle {angle:.1}, age {age:.1}, \
         male {male:.3}, happy {:.2}, smile {:.2}",
        found.happy, found.smile
    );
    assert!((found.smile - wanted.smile).abs() <= most.smile, "{name}: {}", found.smile);
    assert!(mean <= most.landmarks[0] && worst <= most.landmarks[1], "{name}: {mean} {worst}");
    assert!(angle <= most.angle, "{name}: {angle}");
    assert!(age <= most.age && male <= most.male, "{name}: {age} {male}");
    assert!(found.happy >= most.happy, "{name}: {}", found.happy);
    // A fifth of the box more on every side.
    let outside = found.landmarks.iter().filter(|&&p| !found.rect.grown(1.4).contains(p)).count();
    assert_eq!(outside, 0, "{name}");
}

#[test]
fn turned_by_any_angle() {
    let head = head();
    for degrees in [15, 45, 75, 90, 135, 180, -20, -110] {
        let angle = f64::from(degrees).to_radians();
        let turn = Affine::turning(angle, 1.0, [130.0, 120.0], [180.0; 2]);
        let turned = see(&warp(&head, &turn, 360, 360, Border::Replicate));
        let back = turn.inverse().expect("a way back");
        let back = |p: Point| back.apply([f64::from(p.x), f64::from(p.y)]).into();
        let mut level = turned;
        level.angles[2] -= degrees as f32;
        compare_seen(&format!("turned by {degrees}"), &level, back, &CLOSE);
    }
}

/// The name of the point where a mirrored face has this one.
fn twin(name: &str) -> String {
    let swapped = name.replace("right", "*").replace("left", "right").replace('*', "left");
    let Some((stem, number)) = swapped.rsplit_once('_') else { return swapped };
    let Ok(number) = number.parse::<i32>() else { return swapped };
    let other = match stem {
        stem if stem.contains("eyelid") => 8 - number,
        stem if stem.starts_with("eyebrow") && stem.ends_with("upper") => 6 - number,
        stem if stem.starts_with("eyebrow") => 4 - number,
        stem if stem.starts_with("mouth_lip") => 12 - number,
        stem if stem.starts_with("iris") => (11 - number).rem_euclid(20) + 1,
        "chin" => 4 - number,
        _ => number,
    };
    format!("{stem}_{other}")
}

#[test]
fn mirrored_left_and_right_change_places() {
    let mut found = see(&imageops::flip_horizontal(&head()));
    let index = |name: &str| {
        let found = POINTS_201.iter().position(|(other, _)| *other == name);
        found.unwrap_or_else(|| panic!("{name} has no twin"))
    };
    let twins: Vec<Point> =
        POINTS_201.iter().map(|(name, _)| found.landmarks[index(&twin(name))]).collect();
    found.landmarks = twins;
    let [yaw, pitch, roll] = found.angles;
    found.angles = [-yaw, pitch, -roll];
    compare_seen("mirrored", &found, |p| Point { x: 255.0 - p.x, y: p.y }, &CLOSE);
}

#[test]
fn scaled_and_moved() {
    let head = head();
    for scale in [0.25, 0.5, 1.5, 4.0_f32] {
        let side = (256.0 * scale) as u32;
        let scaled = resize::rgb(&head, side, side, Filter::Lanczos3);
        let back = |p: Point| Point { x: p.x / scale, y: p.y / scale };
        // At a quarter the face is 22 pixels wide.
        let most = if scale < 0.5 { &TINY } else { &CLOSE };
        compare(&format!("scaled by {scale}"), &scaled, back, most);
    }
    for (x, y) in [(0, 0), (544, 444)] {
        let mut wide = RgbImage::from_pixel(800, 700, Rgb([96, 110, 120]));
        imageops::replace(&mut wide, &head, x, y);
        let back = |p: Point| Point { x: p.x - x as f32, y: p.y - y as f32 };
        compare(&format!("at {x}, {y}"), &wide, back, &CLOSE);
    }
}

#[test]
fn compressed_lit_and_blurred() {
    let head = head();
    for (quality, most) in [(60, &CLOSE), (30, &ROUGH)] {
        let bytes = encode::jpeg(&head, quality).expect("a file");
        let photo = decode(&bytes, &probe(&bytes).expect("a picture")).expect("a picture").rgb;
        compare(&format!("JPEG {quality}"), &photo, |p| p, most);
    }
    for factor in [0.4, 1.4_f32] {
        let mut lit = head.clone();
        lit.iter_mut().for_each(|value| *value = (f32::from(*value) * factor).min(255.0) as u8);
        compare(&format!("light times {factor}"), &lit, |p| p, &ROUGH);
    }
    // 1 and 2 % of the face's width.
    for (sigma, most) in [(0.9, &CLOSE), (1.8, &ROUGH)] {
        let blurred = imageops::blur(&head, sigma);
        compare(&format!("blurred by {sigma}"), &blurred, |p| p, most);
    }
}
