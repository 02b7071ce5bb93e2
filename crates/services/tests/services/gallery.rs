//! The gallery in small: what every service makes of a photo, against its declaration and against
//! reviewed pictures.

use std::path::PathBuf;

use crate::{declared, golden, support};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, imageops};
use safelight_contract::Code;
use safelight_imaging::Format;
use safelight_operation::{Endpoint, FileFormat, Form, Node, sample_mask, samples};
use safelight_services::CATALOG;

/// The photo that a service is shown with is the first of these that holds what it looks for.
const PHOTOS: [&str; 10] = [
    "astronaut.png",
    HEAD,
    "coffee.png",
    "flower.jpg",
    "chelsea.png",
    "standing.png",
    "short_hair.png",
    "hand.png",
    GRAY,
    support::DOCUMENT,
];
/// The head of the first, large.
const HEAD: &str = "head";
/// The first without colour.
const GRAY: &str = support::GRAY;
/// The second picture of services that take two is the first of these that holds what they look for.
const OTHERS: [&str; 3] = ["flower.jpg", "astronaut.png", HEAD];
/// What a service says that looks for something else.
const OTHER_SUBJECT: &[Code] = &[
    Code::NoRecognitionTargetDetected,
    Code::ImageRecognitionFailed,
    Code::NoFaceInFile,
    Code::PoseNotEnoughKeypoints,
    // A person touches a side that grows.
    Code::ProcessingFailure,
    Code::FaceSizeRatioNotMet,
    Code::TemplateImageQualityTooLow,
];
/// Longer side of a golden picture.
const SIDE: f64 = 96.0;
/// What no picture of [`SIDE`] pixels can show; tests of their own judge it.
const UNSEEN: [&str; 3] = [
    "image-invisible-image-watermark",
    "image-invisible-text-watermarking",
    "image-lossless-enlargement",
];

/// How a service is shown whose required parameters change little in the first photo that it accepts, or
/// that refuses the first ones.
struct Example {
    slug: &'static str,
    /// The first picture, and the second of services that take two.
    photos: [&'static str; 2],
    /// Parameters in place of the required ones.
    values: &'static [(&'static str, &'static str)],
}

/// The photo of a flower in a narrow range of tones.
const FLAT: &str = "flat";
/// The photo of a palace behind a veil that is denser to the top.
const HAZY: &str = "hazy";
/// The head, too wide.
const STRETCHED: &str = "stretched";
/// The head, small and blurred.
const BLURRED: &str = "blurred";
/// The head with dark dots on the lower cheeks and the chin.
const STUBBLE: &str = "stubble";

const EXAMPLES: &[Example] = &[
    example("ai-image-extender", "coffee.png", &[]),
    example("food-background-removal", "coffee.png", &[]),
    example("ai-bald", "short_hair.png", &[]),
    example("ai-hair-loss-simulation", "short_hair.png", &[]),
    example("ai-nail-art", "hand.png", &[]),
    example("ai-nail-art-pro", "hand.png", &[]),
    example("ai-waist-slimming", "standing.png", &[]),
    example("image-colorization", GRAY, &[]),
    example("general-text-recognition", support::DOCUMENT, &[]),
    example("identity-card-recognition", support::DOCUMENT, &[]),
    example("table-recognition", support::DOCUMENT, &[]),
    example("skin-analysis", HEAD, &[]),
    example("skin-analysis-advanced", HEAD, &[]),
    example("skin-analysis-pro", HEAD, &[]),
    example("hairstyle-editor-pro", HEAD, &[]),
    example("image-cropping", "coffee.png", &[("width", "300"), ("height", "100")]),
    example("image-contrast-enhancement", FLAT, &[]),
    example("image-defogging", HAZY, &[]),
    example("image-sharpness-enhancement", BLURRED, &[]),
    example("stretch-image-recovery", STRETCHED, &[]),
    example("ai-beard-removal", STUBBLE, &[]),
    example("ai-colored-contacts", HEAD, &[("name", "sapphire blue")]),
    example("ai-eyelashes", HEAD, &[("desc", "long volume lashes, cat eye")]),
    example("ai-eyeshadow", HEAD, &[("eyeshadow_style", "4")]),
    example("ai-lip-enhancement", HEAD, &[]),
    example("enhance-face", BLURRED, &[]),
    example("face-beauty", HEAD, &[("sharp", "0.5"), ("smooth", "1"), ("white", "1")]),
    example("hairstyle-editor-premium", HEAD, &[("hair_style", "original"), ("color", "pink")]),
    Example { slug: "face-fusion", photos: ["short_hair.png", HEAD], values: &[] },
    Example { slug: "ai-face-swap", photos: [HEAD, "short_hair.png"], values: &[] },
];

const fn example(
    slug: &'static str,
    photo: &'static str,
    values: &'static [(&'static str, &'static str)],
) -> Example {
    Example { slug, photos: [photo, "flower.jpg"], values }
}

/// What a service made, and of what.
struct Shown {
    answer: Node,
    /// The first picture that was sent, if any was.
    photo: Option<Vec<u8>>,
}

/// `UPDATE_GOLDEN=1` writes the golden pictures anew, `UPDATE_GOLDEN=face-beauty,enhance-face` those of
/// these services; look at them before they are kept.
#[test]
fn every_service_makes_what_was_looked_at() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/gallery");
    let update = std::env::var("UPDATE_GOLDEN").unwrap_or_default();
    let mut wrong = Vec::new();
    for endpoint in CATALOG {
        let name = endpoint.spec().slug();
        let Shown { answer, photo } = shown(endpoint);
        declared::check(endpoint, &answer);
        let mut found = answer.artifacts();
        found.retain(|artifact| matches!(artifact.format, FileFormat::Picture(_)));
        if found.is_empty() || UNSEEN.contains(&name) {
            continue;
        }
        let made: Vec<_> = found.iter().map(|artifact| small(&artifact.bytes)).collect();
        let strip = beside_each_other(&made);
        let file = folder.join(name).with_extension("png");
        if update == "1" || update.split(',').any(|listed| listed == name) {
            std::fs::create_dir_all(&folder).expect("the golden folder can be made");
            strip.save(&file).expect("the golden folder can be written");
        }
        let golden = image::open(&file).map(|picture| picture.to_rgb8());
        let golden = golden.unwrap_or_else(|error| {
            panic!("{}: {error}; UPDATE_GOLDEN={name} writes it, then look at it", file.display())
        });
        // What would be seen if the service did nothing: the photo as often; a blank sheet of a service
        // that takes none.
        let untouched = match photo {
            Some(photo) => beside_each_other(&vec![small(&photo); made.len()]),
            None => RgbImage::from_pixel(golden.width(), golden.height(), Rgb([128; 3])),
        };
        if let Err(fault) = golden::judge(&strip, &golden, &untouched) {
            wrong.push(format!("{name}: {fault}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What a service makes of its example; without one, with its required parameters of the first photo that
/// it accepts.
fn shown(endpoint: &Endpoint) -> Shown {
    let slug = endpoint.spec().slug();
    let sample = samples(endpoint).swap_remove(0);
    let mut values: Vec<_> = sample.values.iter().map(|(name, value)| (*name, &**value)).collect();
    let is_pair = support::sent(endpoint).filter(|file| file.mask_of.is_none()).count() > 1;
    let others = if is_pair { OTHERS.len() } else { 1 };
    let pairs_with = |photo| OTHERS.into_iter().take(others).map(move |other| [photo, other]);
    let mut pairs: Vec<_> = PHOTOS.into_iter().flat_map(pairs_with).collect();
    if let Some(example) = EXAMPLES.iter().find(|example| example.slug == slug) {
        values.retain(|(name, _)| example.values.iter().all(|(given, _)| given != name));
        values.extend(example.values);
        pairs = vec![example.photos];
    }
    for [photo, other] in pairs {
        let mut form = Form::new();
        let mut first = None;
        for (index, file) in support::sent(endpoint).enumerate() {
            if file.mask_of.is_some() {
                form.add_file(file.name, mask_for(photo).into());
                continue;
            }
            let photo = if index == 0 { photo } else { other };
            let takes_png = file.rules.formats.contains(&Format::Png);
            let bytes = self::photo(if takes_png { photo } else { HEAD });
            if index == 0 {
                first = Some(bytes.clone());
            }
            form.add_file(file.name, bytes.into());
        }
        values.iter().for_each(|(name, value)| form.add_text(*name, *value));
        match support::call(endpoint.spec().path, &form) {
            Ok(answer) => return Shown { answer, photo: first },
            Err(fault) => {
                let (path, code) = (endpoint.spec().path, fault.code());
                assert!(OTHER_SUBJECT.contains(&code), "{path} on {photo}: {fault}");
            }
        }
    }
    panic!("{} accepts none of {PHOTOS:?}", endpoint.spec().path);
}

/// A mask of the size of a photo.
fn mask_for(photo: &str) -> Vec<u8> {
    let photo = image::load_from_memory(&self::photo(photo)).expect("a photo");
    sample_mask(photo.width(), photo.height()).expect("a mask")
}

/// The bytes of a photo, of the head, or of what is made of one of them.
fn photo(name: &str) -> Vec<u8> {
    let open = |bytes: Vec<u8>| image::load_from_memory(&bytes).expect("a photo").to_rgb8();
    let made = match name {
        HEAD => return support::head(),
        FLAT => toned(open(support::photo("flower.jpg")), |value, _| 70.0 + 0.35 * value),
        HAZY => toned(open(support::photo("china.jpg")), |value, height| {
            let veil = 0.75 - 0.5 * height;
            value * (1.0 - veil) + 225.0 * veil
        }),
        STRETCHED => imageops::resize(&open(support::head()), 1200, 870, imageops::CatmullRom),
        BLURRED => {
            let small = imageops::resize(&open(support::head()), 230, 240, imageops::Triangle);
            imageops::blur(&small, 1.6)
        }
        STUBBLE => stubbled(open(support::head())),
        other => return support::photo(other),
    };
    support::encoded(&made.into(), ImageFormat::Png)
}

/// A picture with other tones; the height is 0 at the top and 1 at the bottom.
fn toned(mut picture: RgbImage, tone: impl Fn(f32, f32) -> f32) -> RgbImage {
    let height = picture.height() as f32;
    for (_, y, pixel) in picture.enumerate_pixels_mut() {
        pixel.0 = pixel.0.map(|value| tone(f32::from(value), y as f32 / height) as u8);
    }
    picture
}

/// The head with dark dots on the lower cheeks and the chin.
fn stubbled(mut head: RgbImage) -> RgbImage {
    let mut state = 1_u32;
    for (x, y, pixel) in head.enumerate_pixels_mut() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (across, down) = ((x as f32 - 575.0) / 200.0, (y as f32 - 700.0) / 185.0);
        let is_mouth = (450..700).contains(&x) && y < 785;
        if y > 700 && across.hypot(down) < 1.0 && !is_mouth && (state >> 24) < 110 {
            pixel.0 = pixel.0.map(|value| value / 2);
        }
    }
    head
}

/// Pictures side by side on magenta.
fn beside_each_other(small: &[RgbImage]) -> RgbImage {
    let width = small.iter().map(RgbImage::width).sum();
    let height = small.iter().map(RgbImage::height).max().unwrap_or(0);
    let mut strip = RgbImage::from_pixel(width, height, Rgb([255, 0, 255]));
    let mut left = 0;
    for picture in small {
        imageops::replace(&mut strip, picture, left, 0);
        left += i64::from(picture.width());
    }
    strip
}

/// A picture, small, on magenta, so that what is transparent shows.
fn small(bytes: &[u8]) -> RgbImage {
    let picture = image::load_from_memory(bytes).expect("a picture").to_rgba8();
    let mut ground = image::RgbaImage::from_pixel(
        picture.width(),
        picture.height(),
        image::Rgba([255, 0, 255, 255]),
    );
    imageops::overlay(&mut ground, &picture, 0, 0);
    let scale = SIDE / f64::from(picture.width().max(picture.height()));
    let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    let (width, height) = (side(picture.width()), side(picture.height()));
    imageops::thumbnail(&DynamicImage::ImageRgba8(ground).to_rgb8(), width, height)
}
