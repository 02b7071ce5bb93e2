//! The rules of a service against headers: which code, and a message that says what was found and
//! what is allowed.

use safelight_contract::Code;
use safelight_imaging::{Format, Rules, probe};

use crate::common::fixture;

const OPEN: Rules = Rules {
    formats: &[Format::Jpeg, Format::Png, Format::Bmp, Format::WebP],
    max_bytes: 5 * Rules::MB,
    min: (1, 1),
    max: (100, 100),
    max_aspect: None,
    too_large: Code::FileResolutionExceedsLimits,
    grayscale: true,
};

/// The code and message for a fixture; all are 37×26 unless turned.
fn refusal(rules: &Rules, name: &str) -> Option<(Code, String)> {
    let header = probe(&fixture(name)).unwrap();
    let fault = rules.check("image", &header).err()?;
    Some((fault.code(), fault.message().to_owned()))
}

fn expect(rules: &Rules, name: &str, code: Code, words: &[&str]) {
    let (found, message) = refusal(rules, name).expect(name);
    assert_eq!(found, code, "{message}");
    for word in words.iter().chain(&["image"]) {
        assert!(message.contains(word), "{message:?} does not name {word:?}");
    }
}

#[test]
fn what_fits_passes_and_bounds_include_themselves() {
    let tight = Rules { min: (37, 26), max: (37, 26), max_aspect: Some(1.5), ..OPEN };
    for name in ["rgb8.png", "gray8.png", "rgb444.jpg", "bits24.bmp", "lossy.webp"] {
        assert_eq!(refusal(&tight, name), None);
    }
    assert!(OPEN.check_size("image", OPEN.max_bytes).is_ok());
}

#[test]
fn size_of_the_file() {
    let fault = OPEN.check_size("image", OPEN.max_bytes + 1).unwrap_err();
    assert_eq!(fault.code(), Code::FileSizeExceedsLimit);
    for word in ["image", "5242881", "5242880"] {
        assert!(fault.message().contains(word), "{fault}");
    }
}

#[test]
fn format() {
    let rules = Rules { formats: &[Format::Jpeg, Format::Png], ..OPEN };
    expect(&rules, "lossy.webp", Code::UnsupportedFileTypes, &["WebP", "JPEG, PNG"]);
}

#[test]
fn smaller_and_larger_than_allowed() {
    for min in [(38, 1), (1, 27)] {
        let limit = format!("{}×{}", min.0, min.1);
        expect(&Rules { min, ..OPEN }, "rgb8.png", Code::LowResolution, &["37×26", &limit]);
    }
    for max in [(36, 36), (100, 25)] {
        let limit = format!("{}×{}", max.0, max.1);
        let code = Code::FileResolutionExceedsLimits;
        expect(&Rules { max, ..OPEN }, "rgb8.png", code, &["37×26", &limit]);
    }
}

#[test]
fn sizes_count_as_shown_and_either_way_up() {
    let wide = Rules { max: (40, 30), ..OPEN };
    let flat = Rules { max: (40, 25), ..OPEN };
    for (name, size) in [("exif2.jpg", "37×26"), ("exif6.jpg", "26×37")] {
        assert_eq!(refusal(&wide, name), None);
        let words = [size, "40×25 in either orientation"];
        expect(&flat, name, Code::FileResolutionExceedsLimits, &words);
    }
}

#[test]
fn aspect() {
    let rules = Rules { max_aspect: Some(1.4), ..OPEN };
    for (name, size) in [("rgb8.png", "37×26"), ("exif8.png", "26×37")] {
        expect(&rules, name, Code::FileResolutionExceedsLimits, &[size, "1.42", "1.4"]);
    }
}

#[test]
fn gray_where_colour_is_needed() {
    let rules = Rules { grayscale: false, ..OPEN };
    for name in ["gray.jpg", "gray1.png", "gray-alpha16.png"] {
        expect(&rules, name, Code::UnsupportedGrayscaleImage, &["grayscale"]);
    }
    for name in ["rgb444.jpg", "palette1.png", "bits1.bmp"] {
        assert_eq!(refusal(&rules, name), None, "{name}");
    }
}

#[test]
fn the_first_broken_rule_decides() {
    let rules = Rules {
        formats: &[Format::Jpeg],
        min: (90, 90),
        max: (2, 2),
        max_aspect: Some(1.0),
        grayscale: false,
        ..OPEN
    };
    let code = |rules: &Rules| refusal(rules, "gray8.png").unwrap().0;
    assert_eq!(code(&rules), Code::UnsupportedFileTypes);
    let rules = Rules { formats: OPEN.formats, ..rules };
    assert_eq!(code(&rules), Code::LowResolution);
    let rules = Rules { min: (1, 1), ..rules };
    assert_eq!(code(&rules), Code::FileResolutionExceedsLimits);
    let rules = Rules { max: (99, 99), ..rules };
    assert_eq!(code(&rules), Code::FileResolutionExceedsLimits);
    let rules = Rules { max_aspect: None, ..rules };
    assert_eq!(code(&rules), Code::UnsupportedGrayscaleImage);
}
