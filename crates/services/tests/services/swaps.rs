//! Faces in other pictures through their services: whose face goes where, faults, marks.

use crate::support::{self, Form, call, code, with};
use image::{DynamicImage, ImageFormat, RgbImage, imageops};
use safelight_contract::Code;
use safelight_testkit::{self as testkit, picture as photo};
use safelight_vision::Vision;
use safelight_vision::face::{Embedding, Face};

const SWAP: &str = "/api/portrait/editing/ai-face-swap";
const FUSION: &str = "/api/portrait/effects/face-fusion";

/// The head of a young woman, who gives her face.
fn young() -> RgbImage {
    let head = imageops::crop_imm(&photo("astronaut.png"), 110, 0, 230, 240).to_image();
    imageops::resize(&head, 460, 480, imageops::FilterType::CatmullRom)
}

/// An old woman with glasses, whose face is replaced.
fn old() -> RgbImage {
    photo("grace_hopper.jpg")
}

fn png(picture: &RgbImage) -> Vec<u8> {
    support::encoded(&DynamicImage::ImageRgb8(picture.clone()), ImageFormat::Png)
}

fn asked(target: &RgbImage, template: &RgbImage) -> Form {
    let mut form = Form::new();
    form.add_file("image_target", png(target).into());
    form.add_file("image_template", png(template).into());
    form
}

fn shown(path: &str, form: &Form) -> (RgbImage, Vec<u8>) {
    let node = call(path, form).unwrap_or_else(|fault| panic!("{path}: {fault}"));
    let bytes = node.artifacts()[0].bytes.clone();
    (image::load_from_memory(&bytes).expect("a picture").to_rgb8(), bytes)
}

fn whose(photo: &RgbImage) -> Embedding {
    let vision = Vision::new(testkit::registry());
    let found = vision.detect_faces(photo).expect("faces");
    Face::new(&vision, photo, found[0]).embedding().expect("an embedding").clone()
}

#[test]
fn the_face_goes_from_template_to_target_and_says_so() {
    let (young, old) = (young(), old());
    let (after, bytes) = shown(SWAP, &asked(&old, &young));
    assert_eq!(after.dimensions(), old.dimensions(), "the target is the picture");
    let (giver, receiver) = (whose(&young), whose(&old));
    let (was, is) = (receiver.cosine(&giver), whose(&after).cosine(&giver));
    assert!(is > was + 0.15, "{was} to {is}");
    let says = |bytes: &[u8]| bytes.windows(18).any(|part| part == b"compositeSynthetic");
    assert!(says(&bytes) && !says(&png(&old)));
    let mut marked = Form::new();
    marked.add_file("watermark_image", bytes.into());
    let read = with(marked, "function_type", "decode_text");
    assert!(call("/api/image/editing/image-invisible-text-watermarking", &read).is_ok());
}

#[test]
fn faces_that_do_not_fit_are_refused() {
    let (young, old) = (young(), old());
    // Who gives has glasses.
    assert_eq!(code(SWAP, &asked(&young, &old)), Code::ObstructedFace);
    assert_eq!(code(FUSION, &asked(&old, &young)), Code::ObstructedFace);
    // The other way round, the face of the scene is too small for a fusion.
    let (width, height) = (old.width() / 2, old.height() / 2);
    let far = imageops::resize(&old, width, height, imageops::FilterType::Triangle);
    assert_eq!(code(FUSION, &asked(&young, &far)), Code::TemplateImageQualityTooLow);
    let coffee = photo("coffee.png");
    for (target, template) in [(&young, &coffee), (&coffee, &young)] {
        assert_eq!(code(SWAP, &asked(target, template)), Code::NoFaceInFile);
    }
    let mut gray = young.clone();
    gray.pixels_mut().for_each(|pixel| pixel.0 = [pixel.0[1]; 3]);
    assert_eq!(code(SWAP, &asked(&old, &gray)), Code::UnsupportedGrayscaleImage);
    let number = |text: &str| code(FUSION, &with(asked(&young, &young), "source_similarity", text));
    assert_eq!(number("1.5"), Code::UnsupportedParameterValues);
    assert_eq!(number("much"), Code::ParameterConversionFailed);
    let mut alone = Form::new();
    alone.add_file("image_target", png(&young).into());
    assert_eq!(code(FUSION, &alone), Code::MissingParameters);
}

#[test]
fn a_fusion_of_no_similarity_keeps_the_template() {
    let scene = imageops::resize(&young(), 920, 960, imageops::FilterType::CatmullRom);
    let form = with(asked(&young(), &scene), "source_similarity", "0");
    let (after, _) = shown(FUSION, &form);
    // The mark and the JPEG alone.
    let far = scene.iter().zip(after.iter()).map(|(a, b)| f64::from(a.abs_diff(*b)));
    let mean = far.sum::<f64>() / scene.len() as f64;
    assert!(mean < 4.0, "{mean}");
}
