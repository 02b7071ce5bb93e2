//! Every service of the catalogue on pictures of unusual shape, transparency and size, and in turns on
//! every kind of encoding: a success of the right size, or the code that the documentation has for it.
//! Nothing panics, and nothing is unknown.

use crate::support::{self, encoded, sent};
use image::{DynamicImage, ImageFormat, Rgba, imageops};
use jpeg_encoder::{ColorType, Encoder};
use safelight_contract::{Code, Fault};
use safelight_imaging::{ColorModel, Format, Rules};
use safelight_operation::{Artifact, Endpoint, FileFormat, Form, Node, sample_mask, samples};
use safelight_services::CATALOG;
use safelight_testkit as testkit;

/// A picture and what its header says.
struct Input {
    name: &'static str,
    bytes: Vec<u8>,
    format: Format,
    size: (u32, u32),
    gray: bool,
}

fn input(name: &'static str, picture: &DynamicImage, format: ImageFormat) -> Input {
    let own = match format {
        ImageFormat::Png => Format::Png,
        ImageFormat::Bmp => Format::Bmp,
        ImageFormat::WebP => Format::WebP,
        _ => Format::Jpeg,
    };
    let size = (picture.width(), picture.height());
    let gray = !picture.color().has_color();
    Input { name, bytes: encoded(picture, format), format: own, size, gray }
}

/// Inks without black, as a JPEG of four channels.
fn cmyk(picture: &DynamicImage) -> Input {
    let inks: Vec<u8> =
        picture.to_rgb8().pixels().flat_map(|p| [255 - p[0], 255 - p[1], 255 - p[2], 0]).collect();
    let (width, height) = (picture.width(), picture.height());
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, 92)
        .encode(&inks, width as u16, height as u16, ColorType::Cmyk)
        .expect("encodes");
    Input { name: "CMYK", bytes, format: Format::Jpeg, size: (width, height), gray: false }
}

/// A PNG of black and white with 12,000 px a side, as far as its header says; no service gets as far
/// as to find that its pixels are none.
fn huge() -> Input {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let header: &[u8] = b"IHDR\0\0\x2e\xe0\0\0\x2e\xe0\x01\0\0\0\0";
    let pixels = [&b"IDAT"[..], &[0; 20_000]].concat();
    for chunk in [header, &pixels, b"IEND"] {
        bytes.extend((chunk.len() as u32 - 4).to_be_bytes());
        bytes.extend(chunk);
        bytes.extend(crc(chunk).to_be_bytes());
    }
    let size = (12_000, 12_000);
    Input { name: "huge", bytes, format: Format::Png, size, gray: true }
}

/// The checksum of PNG's chunks (CRC-32).
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| {
            if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 }
        })
    })
}

/// Kinds of encoding that decoding alone tells apart: the services take them in turns.
const ENCODINGS: usize = 6;

/// The encodings of a photo, then its shapes.
fn inputs(photo: &str) -> Vec<Input> {
    let photo = image::load_from_memory(&testkit::photo(photo)).expect("a photo").to_rgb8();
    let scaled = |width, height| {
        let picture = imageops::resize(&photo, width, height, imageops::Triangle);
        DynamicImage::from(picture)
    };
    let (width, height) = (168, 168 * photo.height() / photo.width());
    let usual = scaled(width, height);
    let mut clear = usual.to_rgba8();
    clear.enumerate_pixels_mut().filter(|(x, ..)| *x < 20).for_each(|(_, _, p)| p.0[3] = 0);
    let none = image::RgbaImage::from_pixel(width, height, Rgba([90, 20, 200, 0]));
    vec![
        input("gray", &usual.to_luma8().into(), ImageFormat::Jpeg),
        cmyk(&usual),
        input("16 bit", &usual.to_rgb16().into(), ImageFormat::Png),
        input("16 bit, gray with alpha", &usual.to_luma_alpha16().into(), ImageFormat::Png),
        input("BMP", &usual, ImageFormat::Bmp),
        input("WebP", &usual, ImageFormat::WebP),
        input("alpha", &clear.into(), ImageFormat::Png),
        input("all transparent", &none.into(), ImageFormat::Png),
        input("tiny", &scaled(32, 32), ImageFormat::Png),
        input("one pixel", &scaled(1, 1), ImageFormat::Png),
        input("long", &scaled(400, 40), ImageFormat::Jpeg),
        input("tall", &scaled(40, 400), ImageFormat::Jpeg),
        huge(),
    ]
}

/// The code that the rules of a file have for a picture, read off the declaration.
fn refusal(rules: &Rules, input: &Input) -> Option<Code> {
    let (width, height) = input.size;
    let aspect = |limit| width.max(height) as f32 > limit * width.min(height) as f32;
    if input.bytes.len() as u64 > rules.max_bytes {
        Some(Code::FileSizeExceedsLimit)
    } else if !rules.formats.contains(&input.format) {
        Some(Code::UnsupportedFileTypes)
    } else if width < rules.min.0 || height < rules.min.1 {
        Some(Code::LowResolution)
    } else if width.max(height) > rules.max.0.max(rules.max.1)
        || width.min(height) > rules.max.0.min(rules.max.1)
    {
        Some(rules.too_large)
    } else if rules.max_aspect.is_some_and(aspect) {
        Some(Code::FileResolutionExceedsLimits)
    } else if !rules.grayscale && input.gray {
        Some(Code::UnsupportedGrayscaleImage)
    } else {
        None
    }
}

/// What a picture that keeps the rules may be refused with, for what it shows.
const CONTENT: &[Code] = &[
    // Who may look too young for a service.
    Code::ContentNonCompliance,
    Code::PoseNotEnoughKeypoints,
    Code::NoRecognitionTargetDetected,
    Code::ImageRecognitionFailed,
    Code::NoFaceInFile,
    Code::SmallFaceSize,
    Code::FaceSizeNotMeetRequirements,
    Code::FaceSizeRatioNotMet,
    Code::FaceUnrecognizable,
    Code::CartoonFaceNotSupported,
    Code::IncompleteFace,
    Code::PoorFaceQuality,
    Code::BlurryFace,
    Code::ObstructedFace,
    Code::FaceNotFacingForward,
    Code::TemplateImageQualityTooLow,
];

/// Services whose one picture has the size of the photo.
const SAME_SIZE: [&str; 14] = [
    "apparel-background-removal",
    "commodity-background-removal",
    "food-background-removal",
    "hd-universal-background-removal",
    "universal-background-removal",
    "hd-portrait-background-removal",
    "portrait-background-removal",
    "image-color-enhancement",
    "image-contrast-enhancement",
    "image-defogging",
    "image-sharpness-enhancement",
    "photo-retouching",
    "image-style-migration",
    "blurred-faces",
];

/// The photo that holds what a service looks for.
fn photo_for(endpoint: &Endpoint) -> &'static str {
    let name = endpoint.spec().slug();
    let of_people = endpoint.spec().path.contains("portrait") || name.starts_with("apparel");
    if of_people { "astronaut.png" } else { "coffee.png" }
}

/// Services that refuse hair which hides what would be shown, with `PROCESSING_FAILURE`.
const OF_HAIR: [&str; 2] = ["ai-bald", "ai-hair-loss-simulation"];

/// What a mask, a logo or a photo is refused for that is too small, covered or without form.
const MASKED: [Code; 2] = [Code::InvalidFile, Code::ProcessingFailure];

fn outcome(endpoint: &Endpoint, input: &Input) -> Result<Vec<Artifact>, Fault> {
    let mut form = Form::new();
    let (width, height) = input.size;
    for file in sent(endpoint) {
        let bytes = match file.mask_of {
            Some(_) if width.max(height) <= 4096 => sample_mask(width, height).expect("a mask"),
            _ => input.bytes.clone(),
        };
        form.add_file(file.name, bytes.into());
    }
    for (name, value) in samples(endpoint).swap_remove(0).values {
        form.add_text(name, value);
    }
    support::call(endpoint.spec().path, &form).map(Node::artifacts)
}

/// What is wrong with what a service makes of a picture.
fn wrong(endpoint: &Endpoint, input: &Input) -> Option<String> {
    let expected = sent(endpoint).find_map(|file| refusal(&file.rules, input));
    // A mark needs room and detail, as a mask does.
    let masked = sent(endpoint).any(|file| file.mask_of.is_some())
        || endpoint.spec().slug().starts_with("image-invisible");
    let found = outcome(endpoint, input);
    let what = format!("{} on {}", endpoint.spec().slug(), input.name);
    match (expected, found) {
        (Some(code), Err(fault)) if fault.code() == code => None,
        (Some(code), found) => {
            let got = found.map(|made| made.len()).map_err(|fault| fault.code());
            Some(format!("{what}: {got:?} instead of {code:?}"))
        }
        (None, Err(fault)) if CONTENT.contains(&fault.code()) => None,
        (None, Err(fault))
            if OF_HAIR.contains(&endpoint.spec().slug())
                && fault.code() == Code::ProcessingFailure =>
        {
            None
        }
        (None, Err(fault)) if masked && MASKED.contains(&fault.code()) => None,
        (None, Err(fault)) => Some(format!("{what}: {:?} {fault}", fault.code())),
        (None, Ok(made)) => {
            let of_size = |artifact: &Artifact| {
                if artifact.format == FileFormat::Mp4 {
                    return !artifact.bytes.is_empty();
                }
                let picture = image::load_from_memory(&artifact.bytes);
                let size = picture.map(|picture| (picture.width(), picture.height())).ok();
                let free = !SAME_SIZE.contains(&endpoint.spec().slug());
                size.is_some_and(|size| free && size != (0, 0) || size == input.size)
            };
            (!made.iter().all(of_size)).then(|| format!("{what}: another size"))
        }
    }
}

#[test]
fn every_kind_of_picture_has_its_answer() {
    let kinds = ["astronaut.png", "coffee.png"].map(|photo| (photo, inputs(photo)));
    let mut all = Vec::new();
    for (turn, endpoint) in CATALOG.iter().enumerate() {
        let own = photo_for(endpoint);
        let (_, inputs) = kinds.iter().find(|(photo, _)| *photo == own).expect("its pictures");
        let (encodings, shapes) = inputs.split_at(ENCODINGS);
        for input in shapes.iter().chain([&encodings[turn % ENCODINGS]]) {
            all.extend(wrong(endpoint, input));
        }
    }
    assert!(all.is_empty(), "{all:#?}");
}

/// The headers are what they are said to be: each kind is another one for the decoder.
#[test]
fn the_pictures_are_of_their_kind() {
    let model = |name: &str| {
        let inputs = inputs("coffee.png");
        let input = inputs.iter().find(|input| input.name == name).expect("a picture");
        safelight_imaging::probe(&input.bytes).expect("a header").color
    };
    assert_eq!(
        [model("CMYK"), model("gray"), model("16 bit, gray with alpha")],
        [ColorModel::Cmyk, ColorModel::Gray, ColorModel::Gray]
    );
    assert_eq!(model("16 bit"), ColorModel::Rgb);
}
