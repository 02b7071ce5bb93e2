//! Drawings, paintings, colouring pages, enlargements and photos in the look of another.

use crate::support::{artifact, call, code, encoded, form, picture, png, with};
use bytes::Bytes;
use image::{DynamicImage, GenericImageView, ImageFormat, Rgb, RgbImage, RgbaImage};
use safelight_contract::Code;
use safelight_operation::{Form, Node};
use safelight_testkit as testkit;

const CONVERSION: &str = "/api/image/effects/image-style-conversion";
const MIGRATION: &str = "/api/image/effects/image-style-migration";
const LINE_ART: &str = "/api/image/effects/photo-to-line-art";
const RETOUCHING: &str = "/api/image/editing/photo-retouching";
const ENLARGEMENT: &str = "/api/image/enhance/image-lossless-enlargement";

const OPTIONS: [&str; 9] = [
    "cartoon",
    "pencil",
    "color_pencil",
    "warm",
    "wave",
    "lavender",
    "mononoke",
    "scream",
    "gothic",
];

/// A part of a photo.
fn part(name: &str, width: u32, height: u32) -> RgbImage {
    let photo = image::load_from_memory(&testkit::photo(name)).expect("a picture").into_rgb8();
    image::imageops::crop_imm(&photo, 100, 40, width, height).to_image()
}

fn two(names: [&str; 2], pictures: [Vec<u8>; 2]) -> Form {
    let mut form = Form::new();
    for (name, picture) in names.into_iter().zip(pictures) {
        form.add_file(name, Bytes::from(picture));
    }
    form
}

/// A small photo with all that a service needs beside.
fn complete(path: &str, photo: Vec<u8>) -> Form {
    let style = png(part("coffee.png", 90, 70));
    match path {
        CONVERSION => with(form(photo), "option", "pencil"),
        MIGRATION => two(["major", "style"], [photo, style]),
        RETOUCHING => two(["image", "style"], [photo, style]),
        _ => form(photo),
    }
}

/// The one picture of an answer, however deep it lies.
fn result(path: &str, form: &Form) -> (DynamicImage, ImageFormat) {
    let node = call(path, form).unwrap_or_else(|fault| panic!("{path}: {fault}"));
    let node = match node {
        Node::Object(mut fields) => fields.remove(0).1,
        other => other,
    };
    let node = match node {
        Node::Object(mut fields) => match fields.remove(0).1 {
            Node::List(mut items) => items.remove(0),
            node => node,
        },
        node => node,
    };
    let (artifact, _) = artifact(node);
    let format = image::guess_format(&artifact.bytes).expect("a picture");
    (image::load_from_memory(&artifact.bytes).expect("a picture"), format)
}

/// Mean difference of two pictures of one size, 0 to 255.
fn difference(one: &DynamicImage, two: &DynamicImage) -> f64 {
    let (one, two) = (one.to_rgb8(), two.to_rgb8());
    assert_eq!(one.dimensions(), two.dimensions());
    let sum: u64 = one.iter().zip(two.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / one.len() as f64
}

#[test]
fn every_option_makes_a_picture_of_its_own() {
    let photo = part("astronaut.png", 240, 200);
    let drawn = OPTIONS.map(|option| {
        let found = picture(CONVERSION, &with(form(png(photo.clone())), "option", option));
        assert_eq!(found.dimensions(), (240, 200));
        found
    });
    let photo = DynamicImage::from(photo);
    for (i, one) in drawn.iter().enumerate() {
        assert!(difference(one, &photo) > 6.0, "{} changes too little", OPTIONS[i]);
        for (j, other) in drawn.iter().enumerate().skip(i + 1) {
            assert!(difference(one, other) > 8.0, "{} and {}", OPTIONS[i], OPTIONS[j]);
        }
    }
    let pencil = drawn[1].to_rgb8();
    assert!(pencil.pixels().all(|p| p.0[0].abs_diff(p.0[2]) <= 4), "pencils are gray");
}

#[test]
fn the_style_decides_the_painting() {
    let photo = png(part("astronaut.png", 300, 420));
    let with = |style: &str| {
        let style = png(part(style, 200, 200));
        result(MIGRATION, &two(["major", "style"], [photo.clone(), style]))
    };
    let (coffee, format) = with("coffee.png");
    let (rocket, _) = with("rocket.jpg");
    assert_eq!((coffee.dimensions(), format), ((300, 420), ImageFormat::Png));
    let warmth = |picture: &DynamicImage| {
        let picture = picture.to_rgb8();
        picture.pixels().map(|p| f64::from(p.0[0]) - f64::from(p.0[2])).sum::<f64>()
    };
    assert!(warmth(&coffee) > warmth(&rocket), "coffee is brown, the night is blue");
}

#[test]
fn paintings_have_no_seams_where_squares_meet() {
    // A photo of three squares side by side, plain but for a slow change: a seam would be a step.
    let photo =
        RgbImage::from_fn(1180, 300, |x, y| Rgb([(60 + x / 12) as u8, 120, (90 + y / 4) as u8]));
    let found = picture(CONVERSION, &with(form(png(photo)), "option", "lavender")).to_rgb8();
    let column =
        |x: u32| (0..300).map(|y| f64::from(found.get_pixel(x, y).0[1])).sum::<f64>() / 300.0;
    let columns: Vec<f64> = (0..1180).map(column).collect();
    // Strokes change columns too; a seam would stand out among them.
    let mut steps: Vec<f64> = columns.windows(9).map(|w| (w[8] - w[0]).abs()).collect();
    steps.sort_unstable_by(f64::total_cmp);
    let (usual, most) = (steps[steps.len() * 9 / 10], steps[steps.len() - 1]);
    assert!(most < (4.0 * usual).max(12.0), "{most} where {usual} is usual");
}

#[test]
fn pages_have_the_asked_shape_and_lines_as_prompted() {
    let photo = png(part("astronaut.png", 300, 200));
    let page = |fields: &[(&str, &str)]| {
        let form = fields.iter().fold(form(photo.clone()), |f, (name, value)| with(f, name, value));
        let (page, format) = result(LINE_ART, &form);
        assert_eq!(format, ImageFormat::Png);
        page.to_luma8()
    };
    let ink = |page: &image::GrayImage| page.iter().filter(|&&value| value < 128).count();
    let prompted = |prompt| page(&[("prompt", prompt)]);
    let detailed = prompted("a detailed page");
    assert_eq!(detailed.dimensions(), (2048, 1448), "A4 unless asked otherwise");
    let share = ink(&detailed) as f64 / detailed.len() as f64;
    assert!((0.01..0.25).contains(&share), "{share}");
    assert!(ink(&prompted("a simple page")) < ink(&detailed));
    assert!(ink(&prompted("a detailed page with thin lines")) < ink(&detailed));
}

#[test]
fn enlargements_are_as_asked() {
    let photo = part("coffee.png", 70, 50);
    let large = |fields: &[(&str, &str)]| {
        let form = form(png(photo.clone()));
        result(ENLARGEMENT, &fields.iter().fold(form, |f, (name, value)| with(f, name, value)))
    };
    for factor in [2, 3, 4] {
        let (found, format) = large(&[("upscale_factor", &factor.to_string())]);
        assert_eq!((found.dimensions(), format), ((70 * factor, 50 * factor), ImageFormat::Png));
        let small = found.resize_exact(70, 50, image::imageops::FilterType::Triangle);
        assert!(difference(&small, &photo.clone().into()) < 3.0, "the same photo");
    }
    let (base, _) = large(&[]);
    assert_eq!(base.dimensions(), (140, 100), "twice unless asked otherwise");
    let (enhanced, _) = large(&[("mode", "enhancement")]);
    let steps = |picture: &DynamicImage| {
        let picture = picture.to_luma8();
        picture.as_raw().windows(2).map(|w| u64::from(w[0].abs_diff(w[1])).pow(2)).sum::<u64>()
    };
    assert!(steps(&enhanced) > steps(&base), "sharper");
    assert_eq!(large(&[("output_format", "bmp")]).1, ImageFormat::Bmp);
    let jpeg = |quality| {
        let fields = [("output_format", "jpg"), ("output_quality", quality)];
        let form = fields.iter().fold(form(png(photo.clone())), |f, (n, v)| with(f, n, v));
        let Node::Object(mut fields) = call(ENLARGEMENT, &form).expect("a success") else {
            panic!()
        };
        artifact(fields.remove(0).1).0.bytes
    };
    assert!(image::guess_format(&jpeg("30")).ok() == Some(ImageFormat::Jpeg));
    assert!(jpeg("30").len() < jpeg("95").len() && jpeg("95").len() < jpeg("100").len());
}

#[test]
fn transparency_makes_png_and_grows_along() {
    let cut = RgbaImage::from_fn(60, 40, |x, _| {
        image::Rgba(if x < 30 { [200, 90, 40, 255] } else { [0, 0, 0, 0] })
    });
    let form = with(with(form(png(cut)), "output_format", "jpg"), "upscale_factor", "2");
    let (found, format) = result(ENLARGEMENT, &form);
    assert_eq!(format, ImageFormat::Png);
    let found = found.to_rgba8();
    assert_eq!((found.get_pixel(10, 40).0[3], found.get_pixel(110, 40).0[3]), (255, 0));
    // No dark seam from what was hidden beside the edge.
    for x in 40..59 {
        let [r, g, b, _] = found.get_pixel(x, 40).0;
        assert!(r > 180 && g.abs_diff(90) < 15 && b.abs_diff(40) < 15, "{r} {g} {b} at {x}");
    }
}

#[test]
fn large_results_are_jpeg() {
    let form = with(form(png(RgbImage::new(990, 40))), "upscale_factor", "4");
    let (found, format) = result(ENLARGEMENT, &form);
    assert_eq!((found.dimensions(), format), ((3960, 160), ImageFormat::Jpeg));
}

#[test]
fn the_look_of_the_reference_is_taken() {
    let photo = png(part("chelsea.png", 200, 150));
    let with = |style: &str| {
        let style = png(part(style, 200, 150));
        result(RETOUCHING, &two(["image", "style"], [photo.clone(), style])).0.to_rgb8()
    };
    let (warm, cold) = (with("coffee.png"), with("rocket.jpg"));
    let mean = |picture: &RgbImage, channel: usize| {
        picture.pixels().map(|p| u64::from(p.0[channel])).sum::<u64>()
    };
    assert!(mean(&warm, 0) > mean(&warm, 2) && mean(&cold, 2) > mean(&cold, 0));
}

#[test]
fn transparency_of_drawings_and_retouched_photos_stays() {
    let mut cut = DynamicImage::from(part("coffee.png", 64, 48)).to_rgba8();
    cut.enumerate_pixels_mut().for_each(|(x, _, pixel)| pixel.0[3] = (x * 4) as u8);
    for path in [CONVERSION, RETOUCHING] {
        let (found, format) = result(path, &complete(path, png(cut.clone())));
        assert_eq!(format, ImageFormat::Png, "{path}");
        assert!(found.to_rgba8().pixels().zip(cut.pixels()).all(|(a, b)| a.0[3] == b.0[3]));
    }
}

#[test]
fn every_limit_has_its_code() {
    for (path, below, above) in [
        (CONVERSION, Some((9, 20)), (5001, 1300)),
        (MIGRATION, None, (1201, 40)),
        (LINE_ART, None, (40, 4097)),
        (RETOUCHING, Some((31, 40)), (3001, 40)),
        (ENLARGEMENT, Some((40, 31)), (1081, 1081)),
    ] {
        let sized = |(width, height)| complete(path, png(RgbImage::new(width, height)));
        if let Some(below) = below {
            assert_eq!(code(path, &sized(below)), Code::LowResolution, "{path}");
        }
        assert_eq!(code(path, &sized(above)), Code::FileResolutionExceedsLimits, "{path}");
        assert_eq!(code(path, &Form::new()), Code::MissingParameters, "{path}");
        assert_eq!(code(path, &complete(path, Vec::new())), Code::ParametersCannotEmpty);
        assert_eq!(code(path, &complete(path, vec![0; 11 << 20])), Code::FileSizeExceedsLimit);
        let gif = b"GIF89a\x01\0\x01\0\0\0\0;".to_vec();
        assert_eq!(code(path, &complete(path, gif)), Code::UnsupportedFileTypes);
        let mut torn = encoded(&part("coffee.png", 80, 70).into(), ImageFormat::Jpeg);
        torn.truncate(torn.len() * 2 / 3);
        assert_eq!(code(path, &complete(path, torn)), Code::FileDecodingFailure);
    }
    let gray = complete(MIGRATION, encoded(&DynamicImage::new_luma8(64, 48), ImageFormat::Png));
    assert_eq!(code(MIGRATION, &gray), Code::UnsupportedGrayscaleImage);
}

#[test]
fn parameters_are_checked() {
    let photo = || form(png(RgbImage::new(64, 64)));
    assert_eq!(code(CONVERSION, &photo()), Code::MissingParameters);
    for (path, name, value, wanted) in [
        (CONVERSION, "option", "", Code::ParametersCannotEmpty),
        (CONVERSION, "option", "oil", Code::UnsupportedParameterValues),
        (LINE_ART, "image_size", "5:9", Code::UnsupportedParameterValues),
        (ENLARGEMENT, "upscale_factor", "5", Code::UnsupportedParameterValues),
        (ENLARGEMENT, "upscale_factor", "two", Code::ParameterConversionFailed),
        (ENLARGEMENT, "mode", "strong", Code::UnsupportedParameterValues),
        (ENLARGEMENT, "output_format", "webp", Code::UnsupportedParameterValues),
        (ENLARGEMENT, "output_quality", "29", Code::UnsupportedParameterValues),
    ] {
        assert_eq!(code(path, &with(photo(), name, value)), wanted, "{name} {value}");
    }
    let long = with(photo(), "prompt", &"word ".repeat(1000));
    assert!(call(LINE_ART, &long).is_ok(), "long prompts are cut, not refused");
    for path in [MIGRATION, RETOUCHING] {
        let names = if path == MIGRATION { ["major", "style"] } else { ["image", "style"] };
        for name in names {
            let mut lone = Form::new();
            lone.add_file(name, png(RgbImage::from_pixel(64, 64, Rgb([1, 2, 3]))).into());
            assert_eq!(code(path, &lone), Code::MissingParameters);
        }
    }
}
