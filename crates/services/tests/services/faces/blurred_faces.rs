//! Face blur.

use image::{Rgb, RgbImage, imageops};
use safelight_contract::Code;
use safelight_imaging::resize::{self, Filter};
use safelight_testkit as testkit;
use safelight_vision::Vision;

use crate::faces::portraits::{crowd, photo, png, refusals};
use crate::support::{artifact, call, code, form, with};

const PATH: &str = "/api/portrait/effects/blurred-faces";
/// Cosine from which two faces count as one person's when many are searched.
const SAME_PERSON: f32 = 0.5;

fn blurred(photo: &RgbImage) -> RgbImage {
    let (artifact, url) = artifact(call(PATH, &form(png(photo))).expect("a picture"));
    assert!(url);
    image::load_from_memory(&artifact.bytes).expect("a picture").into_rgb8()
}

/// Every face of the photo is gone or somebody else's afterwards, also for one who knows where it
/// was.
fn nobody_is_recognised(name: &str, before: &RgbImage) {
    let after = blurred(before);
    assert_eq!(after.dimensions(), before.dimensions());
    let vision = Vision::new(testkit::registry());
    let faces = vision.detect_faces_any_way_up(before).expect("an answer");
    assert!(!faces.is_empty(), "{name}");
    let left = vision.detect_faces_any_way_up(&after).expect("an answer");
    for face in &faces {
        let own = vision.embed(before, face).expect("a vector");
        let there = vision.embed(&after, face).expect("a vector").cosine(&own);
        let found =
            left.iter().map(|other| vision.embed(&after, other).expect("a vector").cosine(&own));
        let found = found.fold(there, f32::max);
        println!("{name}: {} faces left, cosine {there:.2}, {found:.2}", left.len());
        assert!(found < SAME_PERSON, "{name}: {found}");
    }
}

#[test]
fn nobody_is_recognised_at_any_size_and_any_way_up() {
    let portrait = photo("astronaut.png");
    nobody_is_recognised("portrait", &portrait);
    nobody_is_recognised("glasses", &photo("grace_hopper.jpg"));
    nobody_is_recognised("on its side", &imageops::rotate90(&portrait));
    nobody_is_recognised("on its head", &imageops::rotate180(&portrait));
    for side in [128, 1200] {
        let scaled = resize::rgb(&portrait, side, side, Filter::Lanczos3);
        nobody_is_recognised(&format!("{side} px"), &scaled);
    }
    nobody_is_recognised("crowd", &crowd(4, 3));
}

#[test]
fn the_last_face_of_a_large_crowd_is_blurred_like_the_first() {
    let head = imageops::crop_imm(&photo("astronaut.png"), 110, 0, 230, 230).to_image();
    let head = resize::rgb(&head, 64, 64, Filter::Lanczos3);
    let places: Vec<[u32; 2]> = (0..130).map(|i| [i % 13 * 64, i / 13 * 64]).collect();
    let mut crowd = RgbImage::new(13 * 64, 10 * 64);
    for &[x, y] in &places {
        imageops::replace(&mut crowd, &head, x.into(), y.into());
    }
    let after = blurred(&crowd);
    for [x, y] in places {
        let part = |photo: &RgbImage| imageops::crop_imm(photo, x + 20, y + 20, 24, 28).to_image();
        let (before, after) = (part(&crowd), part(&after));
        let difference: u64 =
            before.iter().zip(after.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        assert!(difference as f64 / before.len() as f64 > 12.0, "the face at {x}, {y} shows");
    }
}

#[test]
fn what_is_no_face_stays() {
    let before = photo("astronaut.png");
    let after = blurred(&before);
    // The helmet, the flag and the shuttle; the result is a JPEG.
    for [x, y, width, height] in [[0, 300, 512, 212], [330, 0, 180, 300], [0, 0, 110, 250]] {
        let part = |photo: &RgbImage| imageops::crop_imm(photo, x, y, width, height).to_image();
        let (before, after) = (part(&before), part(&after));
        let difference: u64 =
            before.iter().zip(after.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        assert!(difference as f64 / (before.len() as f64) < 2.0);
    }
}

/// A smear that may be a face is hidden with the portrait, and is none whose quality counts.
#[test]
fn quality_is_asked_of_sure_faces_alone() {
    let portrait = photo("astronaut.png");
    let mut both = RgbImage::from_pixel(720, 512, Rgb([150, 150, 155]));
    imageops::replace(&mut both, &portrait, 0, 0);
    let head = imageops::crop_imm(&portrait, 130, 20, 190, 200).to_image();
    let smear = imageops::blur(&resize::rgb(&head, 80, 84, Filter::Bilinear), 4.8);
    imageops::replace(&mut both, &smear, 550, 150);
    let vision = Vision::new(testkit::registry());
    let found = vision.detect_every_face(&both).expect("an answer");
    let is_sure = |face| vision.is_sure_face(&both, face).expect("an answer");
    assert_eq!(found.iter().map(is_sure).collect::<Vec<_>>(), [true, false], "{found:?}");
    let asked = with(form(png(&both)), "quality_control", "NORMAL");
    let (answer, _) = artifact(call(PATH, &asked).expect("a picture"));
    let after = image::load_from_memory(&answer.bytes).expect("a picture").into_rgb8();
    let rect = found[1].rect;
    let part = [rect.x, rect.y, rect.width, rect.height].map(|at| at as u32);
    let spread = |photo: &RgbImage| {
        let [x, y, width, height] = part;
        let inside = imageops::crop_imm(photo, x, y, width, height).to_image();
        inside.iter().max().expect("pixels") - inside.iter().min().expect("pixels")
    };
    assert!(spread(&after) < spread(&both) - 10, "{} {}", spread(&after), spread(&both));
}

#[test]
fn the_wrong_is_refused() {
    refusals(PATH);
    assert_eq!(code(PATH, &form(png(&RgbImage::new(31, 64)))), Code::LowResolution);
    assert_eq!(code(PATH, &form(png(&RgbImage::new(64, 5001)))), Code::FileResolutionExceedsLimits);
}
