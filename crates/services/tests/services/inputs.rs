//! The services of the catalogue, in turns, on every kind of encoding, shape, transparency and size: a success
//! of the right size, or the code that the documentation has for it. Nothing panics, nothing is unknown, and
//! every service makes something of a picture that it is shown.

use crate::support::{self, encoded, sent};
use image::{DynamicImage, ImageFormat, RgbImage, Rgba, RgbaImage, imageops};
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

/// What pictures show.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Subject {
    Head,
    Person,
    Thing,
}

impl Subject {
    /// What a service looks for.
    fn of(endpoint: &Endpoint) -> Self {
        let (slug, path) = (endpoint.spec().slug(), endpoint.spec().path);
        if ["apparel", "try-on"].iter().any(|start| slug.starts_with(start)) {
            Self::Person
        } else if path.contains("portrait") {
            Self::Head
        } else {
            Self::Thing
        }
    }

    /// The photo, and the width of the pictures that are made of it: faces are 110 and 60 px wide.
    fn photo(self) -> (RgbImage, u32) {
        let (bytes, width) = match self {
            Self::Head => (support::head(), 276),
            Self::Person => (testkit::photo("astronaut.png"), 320),
            Self::Thing => (testkit::photo("coffee.png"), 168),
        };
        (image::load_from_memory(&bytes).expect("a photo").to_rgb8(), width)
    }
}

/// Pictures of one subject.
struct Inputs {
    /// Of every kind of encoding.
    encodings: Vec<Input>,
    /// Of unusual shape or transparency.
    shapes: Vec<Input>,
    /// Smaller or larger than most services take.
    sizes: Vec<Input>,
    /// Photos as they are.
    whole: Vec<Input>,
}

impl Inputs {
    fn of(subject: Subject) -> Self {
        let (photo, width) = subject.photo();
        let scaled = |width, height| {
            let picture = imageops::resize(&photo, width, height, imageops::Triangle);
            DynamicImage::from(picture)
        };
        let height = width * photo.height() / photo.width();
        let usual = scaled(width, height);
        let mut clear = usual.to_rgba8();
        clear.enumerate_pixels_mut().filter(|(x, ..)| *x < 20).for_each(|(_, _, p)| p.0[3] = 0);
        let none = RgbaImage::from_pixel(width, height, Rgba([90, 20, 200, 0]));
        let encodings = vec![
            input("gray", &usual.to_luma8().into(), ImageFormat::Jpeg),
            cmyk(&usual),
            input("16 bit", &usual.to_rgb16().into(), ImageFormat::Png),
            input("16 bit, gray with alpha", &usual.to_luma_alpha16().into(), ImageFormat::Png),
            input("BMP", &usual, ImageFormat::Bmp),
            input("WebP", &usual, ImageFormat::WebP),
        ];
        let shapes = vec![
            input("alpha", &clear.into(), ImageFormat::Png),
            input("all transparent", &none.into(), ImageFormat::Png),
            input("long", &scaled(400, 40), ImageFormat::Jpeg),
            input("tall", &scaled(40, 400), ImageFormat::Jpeg),
        ];
        let sizes = vec![
            input("tiny", &scaled(32, 32), ImageFormat::Png),
            input("one pixel", &scaled(1, 1), ImageFormat::Png),
            huge(),
        ];
        // Some services take no PNG.
        let person = Subject::Person.photo().0;
        let whole = [photo.clone(), person];
        let whole = whole.map(|photo| input("a photo", &photo.into(), ImageFormat::Jpeg)).into();
        Self { encodings, shapes, sizes, whole }
    }

    /// What a service is shown when it is its turn: an encoding, a shape, and every size that it refuses
    /// without a look, else one.
    fn in_turn(&self, endpoint: &Endpoint, turn: usize) -> Vec<&Input> {
        let encoding = &self.encodings[turn % self.encodings.len()];
        let shape = &self.shapes[turn % self.shapes.len()];
        let sizes =
            self.sizes.iter().enumerate().filter(|(index, input)| {
                expected(endpoint, input).is_some() || index % 2 == turn % 2
            });
        [encoding, shape].into_iter().chain(sizes.map(|(_, input)| input)).collect()
    }
}

/// The code that the rules of a service's files have for a picture.
fn expected(endpoint: &Endpoint, input: &Input) -> Option<Code> {
    sent(endpoint).find_map(|file| refusal(&file.rules, input))
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
    Code::LeftEyeOcclusionTooHigh,
    Code::RightEyeOcclusionTooHigh,
    Code::MouthOcclusionTooHigh,
    Code::PoorFaceLighting,
    Code::FaceBlendingFailed,
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

/// Services that look for a hand, a photo without colour, a document, a whole person or short hair, which none
/// of the pictures shows.
const OTHER_SUBJECT: [&str; 9] = [
    "ai-nail-art",
    "ai-nail-art-pro",
    "image-colorization",
    "general-text-recognition",
    "identity-card-recognition",
    "table-recognition",
    "ai-waist-slimming",
    "ai-bald",
    "ai-hair-loss-simulation",
];

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

/// Whether a service makes something of a picture, or what is wrong with its answer.
fn tried(endpoint: &Endpoint, input: &Input) -> Result<bool, String> {
    let slug = endpoint.spec().slug();
    // A mark needs room and detail, as a mask does.
    let masked =
        sent(endpoint).any(|file| file.mask_of.is_some()) || slug.starts_with("image-invisible");
    let of_hair = OF_HAIR.contains(&slug);
    let what = format!("{slug} on {}", input.name);
    match (expected(endpoint, input), outcome(endpoint, input)) {
        (Some(code), Err(fault)) if fault.code() == code => Ok(false),
        (Some(code), found) => {
            let got = found.map(|made| made.len()).map_err(|fault| fault.code());
            Err(format!("{what}: {got:?} instead of {code:?}"))
        }
        (None, Err(fault)) if CONTENT.contains(&fault.code()) => Ok(false),
        (None, Err(fault)) if of_hair && fault.code() == Code::ProcessingFailure => Ok(false),
        (None, Err(fault)) if masked && MASKED.contains(&fault.code()) => Ok(false),
        (None, Err(fault)) => Err(format!("{what}: {:?} {fault}", fault.code())),
        (None, Ok(made)) => {
            let of_size = |artifact: &Artifact| {
                if artifact.format == FileFormat::Mp4 {
                    return !artifact.bytes.is_empty();
                }
                let picture = image::load_from_memory(&artifact.bytes);
                let size = picture.map(|picture| (picture.width(), picture.height())).ok();
                let free = !SAME_SIZE.contains(&slug);
                size.is_some_and(|size| free && size != (0, 0) || size == input.size)
            };
            match made.iter().all(of_size) {
                true => Ok(true),
                false => Err(format!("{what}: another size")),
            }
        }
    }
}

#[test]
fn every_kind_of_picture_has_its_answer() {
    let sets = [Subject::Head, Subject::Person, Subject::Thing];
    let sets = sets.map(|subject| (subject, Inputs::of(subject)));
    let mut wrong = Vec::new();
    for (turn, endpoint) in CATALOG.iter().enumerate() {
        let (slug, own) = (endpoint.spec().slug(), Subject::of(endpoint));
        let (_, inputs) = sets.iter().find(|(subject, _)| *subject == own).expect("its pictures");
        let mut makes = |input: &Input| {
            tried(endpoint, input).unwrap_or_else(|fault| {
                wrong.push(fault);
                false
            })
        };
        let in_turn = inputs.in_turn(endpoint, turn);
        let made = in_turn.into_iter().filter(|&input| makes(input)).count();
        let refuses_all =
            made == 0 && !OTHER_SUBJECT.contains(&slug) && !inputs.whole.iter().any(&mut makes);
        if refuses_all {
            wrong.push(format!("{slug} refuses every picture"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The headers are what they are said to be: each kind is another one for the decoder.
#[test]
fn the_pictures_are_of_their_kind() {
    let inputs = Inputs::of(Subject::Thing);
    let model = |name: &str| {
        let input = inputs.encodings.iter().find(|input| input.name == name).expect("a picture");
        safelight_imaging::probe(&input.bytes).expect("a header").color
    };
    assert_eq!(
        [model("CMYK"), model("gray"), model("16 bit, gray with alpha")],
        [ColorModel::Cmyk, ColorModel::Gray, ColorModel::Gray]
    );
    assert_eq!(model("16 bit"), ColorModel::Rgb);
}
