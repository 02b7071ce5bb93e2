//! The services that make a photo better or score it, from form to answer.

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use safelight_contract::{Code, Fault};
use safelight_inference::Registry;
use safelight_operation::{Artifact, Cancel, Context, Form, Inline};
use safelight_services::find;
use safelight_testkit as testkit;
use safelight_vision::Vision;
use serde_json::Value;

const COLOR: &str = "/api/image/enhance/image-color-enhancement";
const DEHAZE: &str = "/api/image/enhance/image-defogging";
const SHARPEN: &str = "/api/image/enhance/image-sharpness-enhancement";
const EXPOSURE: &str = "/api/image/rating/image-exposure-score";

/// What a service of the catalogue makes of a form: its JSON with URLs by number, and the pictures.
fn call(path: &str, form: &Form) -> Result<(Value, Vec<Artifact>), Fault> {
    let endpoint = find(path).expect("a service");
    let without_models = endpoint.needs().all_models().next().is_none();
    let registry = if without_models { Arc::new(Registry::empty()) } else { testkit::registry() };
    let cancel = Cancel::after(Duration::from_secs(3600));
    let context = Context::new(Vision::new(registry), cancel, Arc::new(Inline));
    let node = endpoint.prepare(form)?.run_here(context)?;
    let mut published = Vec::new();
    let json = node.into_json(&mut |artifact| {
        published.push(artifact);
        Ok::<_, Fault>(format!("{}", published.len() - 1))
    })?;
    Ok((json, published))
}

/// The picture that a service answers, wherever it puts it.
fn picture(path: &str, form: &Form) -> (DynamicImage, ImageFormat) {
    let (json, published) = call(path, form).expect("a success");
    let bytes = match json["image"].as_str() {
        Some(text) => decoded(text),
        None => published[json["data"]["image_url"].as_str().map_or(0, |s| s.parse().unwrap())]
            .bytes
            .clone(),
    };
    let format = image::guess_format(&bytes).expect("a picture");
    (image::load_from_memory(&bytes).expect("a picture"), format)
}

fn decoded(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).expect("Base64")
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("encodes");
    bytes.into_inner()
}

/// A gray veil over coloured stripes, denser to the top.
fn hazy(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let veil = 0.3 + 0.4 * (1.0 - y as f32 / height as f32);
        let clear =
            [[20.0, 60.0, 10.0], [190.0, 40.0, 30.0], [10.0, 10.0, 12.0], [90.0, 80.0, 200.0]]
                [(x / 5 + y / 7) as usize % 4];
        Rgb(clear.map(|value| (value * (1.0 - veil) + 225.0 * veil) as u8))
    })
}

fn form(picture: impl Into<DynamicImage>, format: ImageFormat, fields: &[(&str, &str)]) -> Form {
    let mut form = Form::new();
    form.add_file("image", encoded(&picture.into(), format).into());
    fields.iter().for_each(|(name, value)| form.add_text(*name, *value));
    form
}

const GRADED: &[(&str, &str)] = &[("mode", "Rec709"), ("output_format", "png")];

fn code(path: &str, form: &Form) -> Code {
    call(path, form).expect_err("must be refused").code()
}

#[test]
fn every_limit_has_its_code() {
    for (path, fields, below, above) in [
        (COLOR, GRADED, (63, 70), (2161, 2161)),
        (DEHAZE, &[][..], (9, 20), (5001, 1300)),
        (SHARPEN, &[], (20, 9), (1300, 5001)),
        (EXPOSURE, &[], (31, 40), (40, 4097)),
    ] {
        let sized = |(width, height)| form(RgbImage::new(width, height), ImageFormat::Png, fields);
        assert_eq!(code(path, &sized(below)), Code::LowResolution, "{path}");
        assert_eq!(code(path, &sized(above)), Code::FileResolutionExceedsLimits, "{path}");
        let mut empty = Form::new();
        fields.iter().for_each(|(name, value)| empty.add_text(*name, *value));
        assert_eq!(code(path, &empty), Code::MissingParameters);
        let with = |bytes: Vec<u8>| {
            let mut form = empty.clone();
            form.add_file("image", bytes.into());
            code(path, &form)
        };
        assert_eq!(with(Vec::new()), Code::ParametersCannotEmpty);
        assert_eq!(with(vec![0; 9 << 20]), Code::FileSizeExceedsLimit);
        assert_eq!(with(b"GIF89a\x01\0\x01\0\0\0\0;".to_vec()), Code::UnsupportedFileTypes);
        let mut torn = encoded(&hazy(80, 70).into(), ImageFormat::Jpeg);
        torn.truncate(torn.len() * 2 / 3);
        assert_eq!(with(torn), Code::FileDecodingFailure);
    }
    let long = form(RgbImage::new(500, 100), ImageFormat::Png, &[]);
    assert_eq!(code(DEHAZE, &long), Code::FileResolutionExceedsLimits);
    for path in [COLOR, EXPOSURE] {
        call(path, &form(hazy(1000, 100), ImageFormat::Png, GRADED)).expect("ten to one passes");
    }
}

#[test]
fn transparency_is_carried_through() {
    let mut cut = DynamicImage::from(hazy(120, 90)).to_rgba8();
    cut.enumerate_pixels_mut().for_each(|(x, _, pixel)| pixel.0[3] = (x * 2) as u8);
    for (path, fields) in [(COLOR, GRADED), (DEHAZE, &[]), (SHARPEN, &[])] {
        let (found, format) = picture(path, &form(cut.clone(), ImageFormat::Png, fields));
        assert_eq!(format, ImageFormat::Png);
        assert!(found.to_rgba8().pixels().zip(cut.pixels()).all(|(a, b)| a.0[3] == b.0[3]));
    }
    let fields = [("mode", "Rec709"), ("output_format", "jpg")];
    let (found, format) = picture(COLOR, &form(cut, ImageFormat::Png, &fields));
    assert_eq!(format, ImageFormat::Jpeg);
    assert!(found.to_rgb8().get_pixel(0, 40).0.iter().all(|&v| v > 245), "hidden parts are white");
}

#[test]
fn haze_goes() {
    let photo = hazy(200, 150);
    let (found, format) = picture(DEHAZE, &form(photo.clone(), ImageFormat::Png, &[]));
    assert_eq!(format, ImageFormat::Jpeg);
    let spread = |photo: &RgbImage| {
        let (low, high) = photo.iter().fold((255, 0), |(low, high), &v| (v.min(low), v.max(high)));
        u32::from(high) - u32::from(low)
    };
    assert!(spread(&found.to_rgb8()) > spread(&photo) + 60);
}

#[test]
fn soft_edges_get_sharper() {
    let soft = image::imageops::blur(&hazy(200, 150), 1.2);
    let (found, _) = picture(SHARPEN, &form(soft.clone(), ImageFormat::Png, &[]));
    let steps = |photo: &RgbImage| {
        photo
            .rows()
            .flat_map(|row| {
                row.map(|p| u64::from(p.0[1]))
                    .collect::<Vec<_>>()
                    .windows(2)
                    .map(|w| w[0].abs_diff(w[1]).pow(2))
                    .collect::<Vec<_>>()
            })
            .sum::<u64>()
    };
    assert!(steps(&found.to_rgb8()) > steps(&soft) * 5 / 4);
}

#[test]
fn color_modes_and_formats_do_what_they_say() {
    let photo = hazy(120, 90);
    let with = |mode, format| {
        let fields = [("mode", mode), ("output_format", format)];
        picture(COLOR, &form(photo.clone(), ImageFormat::Png, &fields))
    };
    assert_eq!(with("Rec709", "jpg").1, ImageFormat::Jpeg);
    assert_eq!(with("Rec709", "png").1, ImageFormat::Png);
    let change = |mode| {
        let found = with(mode, "png").0.to_rgb8();
        found.iter().zip(photo.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>()
    };
    let (careful, strong, developed) = (change("Rec709"), change("ln17_256"), change("LogC"));
    assert!(careful < strong && strong != developed, "{careful} {strong} {developed}");
}

#[test]
fn color_parameters_are_checked() {
    let with = |fields: &[(&str, &str)]| code(COLOR, &form(hazy(80, 80), ImageFormat::Png, fields));
    assert_eq!(with(&[("mode", "Rec709")]), Code::MissingOutputFormat);
    assert_eq!(with(&[("output_format", "png")]), Code::MissingParameters);
    assert_eq!(with(&[("output_format", ""), ("mode", "LogC")]), Code::ParametersCannotEmpty);
    assert_eq!(
        with(&[("output_format", "gif"), ("mode", "LogC")]),
        Code::UnsupportedParameterValues
    );
    assert_eq!(
        with(&[("output_format", "png"), ("mode", "Rec2020")]),
        Code::UnsupportedParameterValues
    );
}

/// A ladder of noise: what comes out is closer to the clean photo than what went in, the more so the
/// more noise there was, and clean photos are not taken for noisy ones.
#[test]
fn noise_goes_before_sharpening() {
    let clean = image::load_from_memory(&testkit::photo("coffee.png")).expect("a picture");
    let clean = clean.crop_imm(100, 60, 300, 240).to_rgb8();
    let psnr = |photo: &RgbImage| testkit::psnr(photo, &clean);
    let mut gains = Vec::new();
    for deviation in [10.0, 18.0, 30.0] {
        let mut state = 7_u32;
        let mut noisy = clean.clone();
        for value in noisy.iter_mut() {
            let sum: f32 = (0..12)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 8) as f32 / 16_777_216.0
                })
                .sum();
            *value = (f32::from(*value) + deviation * (sum - 6.0)).round().clamp(0.0, 255.0) as u8;
        }
        let (found, _) = picture(SHARPEN, &form(noisy.clone(), ImageFormat::Png, &[]));
        let gain = psnr(&found.to_rgb8()) - psnr(&noisy);
        println!("noise {deviation}: {:.2} dB, {gain:+.2} dB", psnr(&noisy));
        gains.push(gain);
    }
    assert!(gains[0] > 2.0 && gains.is_sorted(), "{gains:?}");
}

#[test]
fn clean_photos_are_not_noisy() {
    for name in ["astronaut.png", "chelsea.png", "china.jpg", "coffee.png", "flower.jpg"] {
        let photo = image::load_from_memory(&testkit::photo(name)).expect("a picture").to_rgb8();
        let noise = safelight_imaging::sharpen::noise(&photo) * 255.0;
        println!("{name}: {noise:.2}");
        assert!(noise < 3.0, "{name}: {noise}");
    }
}
