//! Marks are read again after what happens to pictures, are hardly seen, and are found nowhere else.

mod attacks;

use attacks::{ATTACKS, cropped, scaled};
use image::{DynamicImage, Luma, RgbImage, imageops};
use safelight_contract::Code;
use safelight_effects::mark::{self, Logo, Mode};
use safelight_imaging::Photo;
use safelight_testkit::{picture as photo, psnr};

fn marked(name: &str, text: &str, mode: Mode) -> RgbImage {
    let mut photo = photo(name);
    mark::embed_text(&mut photo, text, mode).expect("can be marked");
    photo
}

/// The cells of the whole table (`examples/marks.rs`) that every photo passes.
#[test]
fn a_short_text_survives() {
    let survived =
        ["none", "JPEG 75", "JPEG 50", "noise 5", "darker ×0.7", "size ×1.5", "crop to 50 %"];
    for name in ["astronaut.png", "coffee.png"] {
        let marked = marked(name, "Tülin 26", Mode::Plain);
        for attack in ATTACKS.iter().filter(|attack| survived.contains(&attack.name)) {
            let found = mark::read_text(&(attack.apply)(&marked), Mode::Plain);
            assert_eq!(found.as_deref(), Ok("Tülin 26"), "{name} after {}", attack.name);
        }
    }
}

#[test]
fn a_longer_text_survives_and_modes_of_one_capacity_read_each_other() {
    let text = "© Ærø, 12/2026";
    let marked = marked("china.jpg", text, Mode::Bold);
    let survived = ["none", "JPEG 30", "blur 1", "size ×0.75", "size ×0.5", "crop to 25 %"];
    for attack in ATTACKS.iter().filter(|attack| survived.contains(&attack.name)) {
        let found = mark::read_text(&(attack.apply)(&marked), Mode::Plus);
        assert_eq!(found.as_deref(), Ok(text), "after {}", attack.name);
    }
    assert!(mark::read_text(&marked, Mode::Plain).is_err());
}

#[test]
fn marks_are_hardly_seen() {
    for (mode, least) in [(Mode::Plain, 39.0), (Mode::Plus, 37.0), (Mode::Bold, 35.0)] {
        let found = psnr(&photo("astronaut.png"), &marked("astronaut.png", "hidden", mode));
        assert!((least..60.0).contains(&found), "{mode:?}: {found:.1} dB");
    }
}

/// `examples/marks.rs` tries sixty more.
#[test]
fn nothing_is_found_where_nothing_is() {
    let (astronaut, rocket) = (photo("astronaut.png"), photo("rocket.jpg"));
    for (photo, mode) in [
        (&cropped(&astronaut, 0.4), Mode::Plain),
        (&scaled(&rocket, 0.5), Mode::Plain),
        (&cropped(&rocket, 0.3), Mode::Plus),
    ] {
        let code = mark::read_text(photo, mode).map_err(|fault| fault.code());
        assert_eq!(code, Err(Code::NoRecognitionTargetDetected));
    }
    assert!(mark::read_logo(&scaled(&astronaut, 0.6)).is_err());
}

#[test]
fn what_cannot_be_marked_is_refused() {
    let code = |photo: &mut RgbImage, text: &str, mode| {
        mark::embed_text(photo, text, mode).expect_err("must be refused").code()
    };
    assert_eq!(code(&mut photo("coffee.png"), "12345678901", Mode::Plain), Code::ContentTooLong);
    assert_eq!(code(&mut photo("coffee.png"), &"ß".repeat(12), Mode::Bold), Code::ContentTooLong);
    let mut small = imageops::thumbnail(&photo("coffee.png"), 60, 40);
    let before = small.clone();
    assert_eq!(code(&mut small, "text", Mode::Plain), Code::ProcessingFailure);
    assert!(small == before, "a refused picture was changed");
}

/// A ring with a bar through it.
fn logo() -> Logo {
    let drawn = image::GrayImage::from_fn(200, 200, |x, y| {
        let (dx, dy) = (x as f32 - 100.0, y as f32 - 100.0);
        let ring = (60.0..90.0).contains(&dx.hypot(dy));
        Luma([if ring || (dx.abs() < 12.0 && dy.abs() < 80.0) { 20 } else { 240 }])
    });
    let photo = Photo { rgb: DynamicImage::from(drawn).to_rgb8(), alpha: None };
    Logo::of(&photo).expect("a form")
}

#[test]
fn a_logo_survives() {
    for name in ["astronaut.png", "china.jpg"] {
        let mut photo = photo(name);
        mark::embed_logo(&mut photo, &logo(), Mode::Bold).expect("can be marked");
        for attack in ATTACKS.iter().filter(|a| ["none", "JPEG 75", "size ×1.5"].contains(&a.name))
        {
            let found = mark::read_logo(&(attack.apply)(&photo));
            let found =
                found.unwrap_or_else(|fault| panic!("{name} after {}: {fault}", attack.name));
            let off = found.difference(&logo());
            assert!(off <= 0.05, "{name} after {}: {off}", attack.name);
        }
    }
    let flat = Photo { rgb: RgbImage::new(50, 50), alpha: None };
    assert_eq!(Logo::of(&flat).expect_err("no form").code(), Code::InvalidFile);
}
