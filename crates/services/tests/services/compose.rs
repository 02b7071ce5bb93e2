//! Crops, proposals for crops, and the scores of photos.

use crate::support::{call, code, form, png, with};
use image::{DynamicImage, GenericImageView, Rgb, RgbImage};
use safelight_contract::{Code, Fault};
use safelight_imaging::lettering;
use safelight_operation::Form;
use safelight_testkit::{self as testkit, picture as photo};
use serde_json::Value;

const CROPPING: &str = "/api/image/editing/image-cropping";
const PROPOSALS: &str = "/api/image/editing/intelligent-composition";
const COMPOSITION: &str = "/api/image/rating/image-composition-aesthetics-scoring";
const EXPOSURE: &str = "/api/image/rating/image-exposure-score";

const PHOTOS: [&str; 6] =
    ["astronaut.png", "chelsea.png", "china.jpg", "coffee.png", "flower.jpg", "grace_hopper.jpg"];

/// The answer with its picture, if it has one.
fn answer(path: &str, form: &Form) -> (Value, Option<DynamicImage>) {
    let node = call(path, form).unwrap_or_else(|fault| panic!("{path}: {fault}"));
    let mut picture = None;
    let json = node.into_json(&mut |artifact| {
        picture = image::load_from_memory(&artifact.bytes).ok();
        Ok::<_, Fault>(String::new())
    });
    (json.expect("JSON"), picture)
}

fn sized(photo: Vec<u8>, width: u32, height: u32) -> Form {
    with(with(form(photo), "width", &width.to_string()), "height", &height.to_string())
}

fn score(path: &str, photo: impl Into<DynamicImage>) -> f64 {
    let (json, _) = answer(path, &form(png(photo)));
    let score = if path == EXPOSURE { &json["data"]["exposure"] } else { &json["data"]["score"] };
    score.as_f64().expect("a number")
}

#[test]
fn a_crop_has_the_asked_size_and_says_where_the_photo_lies() {
    for (width, height) in [(200, 500), (500, 200), (300, 300), (1, 1), (700, 900)] {
        let (json, crop) = answer(CROPPING, &sized(testkit::photo("chelsea.png"), width, height));
        assert_eq!(crop.expect("a picture").dimensions(), (width, height));
        let location = |field: &str| json["data"]["retain_location"][field].as_i64().expect(field);
        let (x, y) = (location("x"), location("y"));
        let (across, down) = (location("width"), location("height"));
        assert!(x <= 0 && y <= 0, "{json}");
        assert!(across + x + 2 >= i64::from(width) && down + y + 2 >= i64::from(height), "{json}");
        // The scale is that of the photo, 451 by 300.
        if width > 50 {
            let ratio = across as f64 / down as f64;
            assert!((ratio / (451.0 / 300.0) - 1.0).abs() < 0.02, "{json}");
        }
    }
}

#[test]
fn a_crop_keeps_the_face() {
    // The face of the astronaut lies between 175 and 270, 65 and 170.
    let photo = photo("astronaut.png");
    for (width, height) in [(150, 500), (500, 250), (500, 160), (400, 400)] {
        let (json, _) = answer(CROPPING, &sized(png(photo.clone()), width, height));
        let location = |field: &str| json["data"]["retain_location"][field].as_f64().expect(field);
        let scale = location("width") / 512.0;
        let shown = |at: f64, axis: &str| at * scale + location(axis);
        let (left, right) = (shown(175.0, "x"), shown(270.0, "x"));
        let (top, bottom) = (shown(65.0, "y"), shown(170.0, "y"));
        assert!(left > -4.0 && right < f64::from(width) + 4.0, "{width}x{height}: {left} {right}");
        assert!(top > -4.0 && bottom < f64::from(height) + 4.0, "{width}x{height}: {top} {bottom}");
    }
}

#[test]
fn proposals_are_as_many_as_asked_inside_and_sorted() {
    for (at, name) in PHOTOS.into_iter().enumerate() {
        let file = testkit::photo(name);
        let (width, height) = photo(name).dimensions();
        // How many are asked for is the same matter with every photo.
        let counts = [(Some("10"), 10), (Some("1"), 1), (None, 5)];
        for (asked, count) in counts.into_iter().take(if at == 0 { 3 } else { 1 }) {
            let mut form = form(file.clone());
            asked.into_iter().for_each(|asked| form.add_text("num_boxes", asked));
            let (json, _) = answer(PROPOSALS, &form);
            let elements = json["data"]["elements"].as_array().expect("a list");
            assert_eq!(elements.len(), count, "{name}");
            let number = |element: &Value, field: &str| element[field].as_f64().expect("a number");
            for element in elements {
                let value = |field| number(element, field);
                assert!(0.0 <= value("min_x") && value("min_x") < value("max_x"), "{element}");
                assert!(0.0 <= value("min_y") && value("min_y") < value("max_y"), "{element}");
                assert!(value("max_x") <= width.into() && value("max_y") <= height.into());
                assert!((0.0..=5.0).contains(&value("score")), "{element}");
            }
            let sorted =
                elements.windows(2).all(|p| number(&p[0], "score") >= number(&p[1], "score"));
            assert!(sorted, "{name}");
        }
    }
}

#[test]
fn good_photos_have_better_scores_than_a_black_sheet() {
    for name in PHOTOS {
        let own = score(COMPOSITION, photo(name));
        println!("{name}: {own:.2}");
        assert!((2.0..=5.0).contains(&own), "{name}: {own}");
    }
    let black = score(COMPOSITION, RgbImage::new(300, 200));
    assert!(black < 2.0, "{black}");
}

/// What makes a photo worse lowers its score; the marks of good photos are the negative control.
#[test]
fn blur_noise_and_darkness_lower_the_score() {
    for name in ["astronaut.png", "coffee.png"] {
        let photo = photo(name);
        let own = score(COMPOSITION, photo.clone());
        let blurred = image::imageops::blur(&photo, 4.0);
        let dark = image::RgbImage::from_fn(photo.width(), photo.height(), |x, y| {
            image::Rgb(photo.get_pixel(x, y).0.map(|value| value / 6))
        });
        let noisy = image::RgbImage::from_fn(photo.width(), photo.height(), |x, y| {
            let grain = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(2_246_822_519)) >> 25;
            image::Rgb(
                photo.get_pixel(x, y).0.map(|v| v.saturating_add(grain as u8).saturating_sub(64)),
            )
        });
        for (what, worse) in [("blur", blurred), ("darkness", dark), ("noise", noisy)] {
            let found = score(COMPOSITION, worse);
            println!("{name}: {own:.2}, with {what} {found:.2}");
            assert!(found < own - 0.05, "{name} with {what}: {own} {found}");
        }
    }
}

/// The more of a head is cut off, the lower the score.
#[test]
fn cut_heads_lower_the_score_step_by_step() {
    // From above the hair down to the eyes; below them no detector sees a face.
    for (name, tops) in
        [("astronaut.png", [0, 45, 65, 85, 105]), ("grace_hopper.jpg", [0, 80, 120, 160, 200])]
    {
        let photo = photo(name);
        let (width, height) = photo.dimensions();
        let scores = tops.map(|top| {
            let part = image::imageops::crop_imm(&photo, 0, top, width, height - top).to_image();
            score(COMPOSITION, part)
        });
        println!("{name}: {scores:.2?}");
        assert!(scores[1..].windows(2).all(|pair| pair[0] > pair[1]), "{name}: {scores:?}");
        assert!(scores[0] > scores[3] + 0.5, "{name}: {scores:?}");
        // Without a head the subject still touches the upper edge.
        let top = height / 3;
        let part = image::imageops::crop_imm(&photo, 0, top, width, height - top).to_image();
        let headless = score(COMPOSITION, part);
        assert!(headless < scores[0], "{name}: {headless}");
    }
}

/// Every stop of light raises the exposure score, from three under to three over.
#[test]
fn exposure_rises_with_every_stop() {
    let linear = |v: f32| if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) };
    let coded =
        |v: f32| if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 };
    let photo = photo("coffee.png");
    let scores: Vec<f64> = (-3..=3)
        .map(|stops: i32| {
            let curve: [u8; 256] = std::array::from_fn(|byte| {
                let light = linear(byte as f32 / 255.0) * 2f32.powi(stops);
                (coded(light).min(1.0) * 255.0).round() as u8
            });
            let mut lit = photo.clone();
            lit.iter_mut().for_each(|value| *value = curve[usize::from(*value)]);
            score(EXPOSURE, lit)
        })
        .collect();
    assert!(scores.windows(2).all(|pair| pair[1] > pair[0] + 0.01), "{scores:?}");
    assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)), "{scores:?}");
}

/// Neither blur nor noise is light: the exposure score hardly moves.
#[test]
fn exposure_is_not_moved_by_blur_or_noise() {
    let photo = photo("coffee.png");
    let own = score(EXPOSURE, photo.clone());
    for sigma in [1.0, 3.0] {
        assert!((score(EXPOSURE, image::imageops::blur(&photo, sigma)) - own).abs() < 0.02);
    }
    let mut state = 1_u32;
    let mut noisy = photo.clone();
    for value in noisy.iter_mut() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *value = (i32::from(*value) + (state >> 24) as i32 / 8 - 16).clamp(0, 255) as u8;
    }
    assert!((score(EXPOSURE, noisy) - own).abs() < 0.03);
}

#[test]
fn every_limit_has_its_code() {
    for (path, below, above) in [
        (CROPPING, None, (2001, 40)),
        (PROPOSALS, Some((31, 40)), (40, 4097)),
        (COMPOSITION, Some((40, 31)), (4097, 40)),
    ] {
        let whole = |photo: Vec<u8>| match path {
            CROPPING => sized(photo, 10, 10),
            _ => form(photo),
        };
        let of = |(width, height)| whole(png(RgbImage::new(width, height)));
        if let Some(below) = below {
            assert_eq!(code(path, &of(below)), Code::LowResolution, "{path}");
        }
        assert_eq!(code(path, &of(above)), Code::FileResolutionExceedsLimits, "{path}");
        assert_eq!(code(path, &Form::new()), Code::MissingParameters);
        assert_eq!(code(path, &whole(Vec::new())), Code::ParametersCannotEmpty);
        assert_eq!(code(path, &whole(vec![0; 4 << 20])), Code::FileSizeExceedsLimit);
        let gif = b"GIF89a\x01\0\x01\0\0\0\0;".to_vec();
        assert_eq!(code(path, &whole(gif)), Code::UnsupportedFileTypes);
    }
    let gray = sized(png(DynamicImage::new_luma8(40, 40)), 10, 10);
    assert_eq!(code(CROPPING, &gray), Code::UnsupportedGrayscaleImage);
    let plain = || png(RgbImage::new(40, 40));
    assert_eq!(code(CROPPING, &form(plain())), Code::MissingParameters);
    for (name, value, wanted) in [
        ("width", "0", Code::UnsupportedParameterValues),
        ("width", "4097", Code::UnsupportedParameterValues),
        ("width", "wide", Code::ParameterConversionFailed),
        ("width", "", Code::ParametersCannotEmpty),
    ] {
        let form = with(with(form(plain()), "height", "20"), name, value);
        assert_eq!(code(CROPPING, &form), wanted, "{name} {value}");
    }
    for value in ["0", "11"] {
        let form = with(form(plain()), "num_boxes", value);
        assert_eq!(code(PROPOSALS, &form), Code::UnsupportedParameterValues);
    }
}

const RECOVERY: &str = "/api/image/enhance/stretch-image-recovery";

/// The picture, its width and height multiplied by these factors.
fn stretched(picture: &RgbImage, across: f64, down: f64) -> RgbImage {
    let side = |length: u32, by: f64| (f64::from(length) * by).round() as u32;
    let (width, height) = (side(picture.width(), across), side(picture.height(), down));
    let filter = image::imageops::FilterType::Triangle;
    image::imageops::resize(picture, width, height, filter)
}

fn recovered(file: Vec<u8>) -> (f64, Vec<u8>) {
    use base64::Engine as _;
    let (json, _) = answer(RECOVERY, &form(file));
    let picture = json["image"].as_str().expect("a picture");
    let picture = base64::engine::general_purpose::STANDARD.decode(picture).expect("Base64");
    (json["ratio"].as_f64().expect("a number"), picture)
}

#[test]
fn stretched_faces_are_brought_back() {
    let mut failed = false;
    for name in ["astronaut.png", "grace_hopper.jpg"] {
        let photo = photo(name);
        let natural = f64::from(photo.width()) / f64::from(photo.height());
        for (across, down) in
            [(0.5, 1.0), (0.6, 1.0), (0.75, 1.0), (1.0, 0.75), (1.0, 0.6), (1.0, 0.5)]
        {
            let (ratio, picture) = recovered(png(stretched(&photo, across, down)));
            let found = image::load_from_memory(&picture).expect("a picture");
            let shape = f64::from(found.width()) / f64::from(found.height());
            println!("{name} {across}x{down}: {ratio}, shape {:.3} of natural", shape / natural);
            failed |= (ratio < 1.0) != (down < across) || (shape / natural - 1.0).abs() > 0.12;
        }
    }
    assert!(!failed, "see above");
}

/// A sheet of print.
fn sheet() -> RgbImage {
    let lines = [
        "This is a sheet with some lines of print, which",
        "are like those of any notice, bill, sign or site.",
        "Its letters fit each other: their width and their",
        "distance, the dots in i and the thin strokes differ",
        "with the typeface, but still they differ together.",
        "A stretch is something that no typeface will do.",
    ];
    let size = 30.0;
    let width = lines.iter().map(|line| lettering::width(line, size)).fold(0.0, f32::max);
    let mut sheet = RgbImage::from_pixel(width as u32 + 60, 400, Rgb([236, 232, 220]));
    for (index, line) in lines.iter().enumerate() {
        lettering::write(&mut sheet, line, [30.0, 60.0 + 60.0 * index as f32], size, [40, 36, 60]);
    }
    sheet
}

#[test]
fn stretched_print_is_brought_back_and_print_as_it_is_left_alone() {
    let sheet = sheet();
    let (width, height) = sheet.dimensions();
    let file = png(sheet.clone());
    let (ratio, picture) = recovered(file.clone());
    assert!(ratio == 1.0 && picture == file, "{ratio}");
    for (across, down) in [(1.6, 1.0), (1.0, 1.6), (1.0, 2.0)] {
        let (ratio, picture) = recovered(png(stretched(&sheet, across, down)));
        let found = image::load_from_memory(&picture).expect("a picture");
        let shape = f64::from(found.width()) / f64::from(found.height());
        let natural = f64::from(width) / f64::from(height);
        assert_eq!(ratio < 1.0, across > down);
        assert!((shape / natural).ln().abs() < 0.2, "{across}x{down}: {ratio}");
    }
}

/// Discs of several sizes, and the corners of a QR code: rings around squares, of seven modules of 9 pixels.
fn discs() -> RgbImage {
    let discs =
        [[120.0, 110.0, 70.0], [420.0, 130.0, 30.0], [130.0, 400.0, 40.0], [400.0, 380.0, 80.0]];
    RgbImage::from_fn(520, 500, |x, y| {
        let far = |[left, top, size]: [f32; 3]| (x as f32 - left).hypot(y as f32 - top) - size;
        let share = discs.map(|disc| (0.5 - far(disc)).clamp(0.0, 1.0)).into_iter().sum::<f32>();
        Rgb([(220.0 - 170.0 * share) as u8; 3])
    })
}

fn corners() -> RgbImage {
    let corner = |x: u32, y: u32, left: u32, top: u32| {
        let (x, y) = ((x / 9).wrapping_sub(left), (y / 9).wrapping_sub(top));
        x < 7 && y < 7 && x.abs_diff(3).max(y.abs_diff(3)) != 2
    };
    RgbImage::from_fn(290, 300, |x, y| {
        let dark = [[4, 4], [18, 4], [4, 18]].iter().any(|&[left, top]| corner(x, y, left, top));
        Rgb([if dark { 30 } else { 240 }; 3])
    })
}

#[test]
fn stretched_discs_and_codes_are_brought_back_and_true_ones_left_alone() {
    for picture in [discs(), corners()] {
        let file = png(picture.clone());
        let (ratio, same) = recovered(file.clone());
        assert!(ratio == 1.0 && same == file, "{ratio}");
        for (across, down) in [(1.25, 1.0), (1.6, 1.0), (1.0, 1.25), (1.0, 1.8)] {
            let (ratio, _) = recovered(png(stretched(&picture, across, down)));
            assert!((ratio * across / down).ln().abs() < 0.02, "{across}x{down}: {ratio}");
        }
    }
}

#[test]
fn natural_photos_and_those_without_faces_come_back_as_they_were() {
    for name in PHOTOS.into_iter().chain(["rocket.jpg", "text.png"]) {
        let file = testkit::photo(name);
        let (ratio, picture) = recovered(file.clone());
        assert_eq!(ratio, 1.0, "{name}");
        assert!(picture == file, "{name}");
    }
    // A cup seen from the side looks like a squeezed one; nothing tells that it is not.
    let (ratio, _) = recovered(png(stretched(&photo("coffee.png"), 1.0, 0.6)));
    assert_eq!(ratio, 1.0);
}

#[test]
fn recovery_takes_pictures_of_every_kind() {
    let photo = DynamicImage::from(stretched(&photo("astronaut.png"), 1.0, 0.6));
    let mut cut = photo.to_rgba8();
    cut.enumerate_pixels_mut().for_each(|(x, _, pixel)| pixel.0[3] = if x < 20 { 0 } else { 255 });
    let (ratio, picture) = recovered(png(cut));
    let found = image::load_from_memory(&picture).expect("a picture").to_rgba8();
    assert!(ratio < 0.75 && found.get_pixel(3, 100).0[3] == 0, "{ratio}");
    for kind in [photo.to_luma8().into(), photo.to_rgb16().into(), photo.to_luma_alpha16().into()] {
        let kind: DynamicImage = kind;
        assert!(recovered(png(kind)).0 < 0.8);
    }
    for (width, height) in [(10, 10), (40, 10), (10, 40)] {
        let plain = png(RgbImage::from_pixel(width, height, Rgb([90, 140, 30])));
        assert_eq!(recovered(plain).0, 1.0);
    }
    let of = |width, height| form(png(RgbImage::new(width, height)));
    assert_eq!(code(RECOVERY, &of(9, 20)), Code::LowResolution);
    assert_eq!(code(RECOVERY, &of(5001, 1300)), Code::FileResolutionExceedsLimits);
    assert_eq!(code(RECOVERY, &of(500, 100)), Code::FileResolutionExceedsLimits);
    assert_eq!(code(RECOVERY, &Form::new()), Code::MissingParameters);
    assert_eq!(code(RECOVERY, &form(vec![0; 9 << 20])), Code::FileSizeExceedsLimit);
}
