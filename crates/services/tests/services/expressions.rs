//! Expressions through their services: parameters, faces, faults, and what judges see.

use crate::support::{Form, call, code, form, picture, png, with};
use image::{RgbImage, imageops};
use safelight_contract::Code;
use safelight_testkit as testkit;
use safelight_vision::Vision;
use safelight_vision::face::Face;

const EDITOR: &str = "/api/portrait/effects/emotion-editor";
const ADVANCED: &str = "/api/portrait/effects/emotion-editor-advanced";

/// The head of a woman of about forty who smiles.
fn head() -> RgbImage {
    let photo = image::load_from_memory(&testkit::photo("astronaut.png")).expect("a photo");
    let head = photo.crop_imm(110, 0, 230, 240).to_rgb8();
    imageops::resize(&head, 460, 480, imageops::FilterType::CatmullRom)
}

fn target(picture: RgbImage, choice: &str) -> Form {
    let mut form = Form::new();
    form.add_file("image_target", png(picture).into());
    with(form, "service_choice", choice)
}

/// The first picture of an answer.
fn shown(path: &str, form: &Form) -> RgbImage {
    let node = call(path, form).unwrap_or_else(|fault| panic!("{path}: {fault}"));
    image::load_from_memory(&node.artifacts()[0].bytes).expect("a picture").to_rgb8()
}

fn look<T>(photo: &RgbImage, see: impl Fn(&Face) -> T) -> T {
    let vision = Vision::new(testkit::registry());
    let found = vision.detect_faces(photo).expect("faces");
    see(&Face::new(&vision, photo, found[0]))
}

#[test]
fn a_pout_and_a_sad_face_smile_less() {
    let smile = |photo: &RgbImage| look(photo, |face| face.blendshapes().expect("a mesh").smile());
    let before = smile(&head());
    let [pout, sad, grin] =
        ["1", "15", "12"].map(|choice| smile(&picture(EDITOR, &target(head(), choice)).to_rgb8()));
    assert!(pout < before - 0.15 && sad < before - 0.05, "{before}, pout {pout}, sad {sad}");
    assert!(grin > before - 0.1, "a grin keeps the smile: {grin}");
}

#[test]
fn what_cannot_be_changed_is_refused() {
    assert_eq!(code(EDITOR, &target(head(), "4")), Code::UnsupportedParameterValues);
    let coffee = image::load_from_memory(&testkit::photo("coffee.png")).expect("a photo");
    assert_eq!(code(EDITOR, &target(coffee.to_rgb8(), "3")), Code::NoFaceInFile);
    // A white cloth over the mouth.
    let mut masked = head();
    for y in 270..390 {
        for x in 136..332 {
            masked.put_pixel(x, y, image::Rgb([225, 228, 232]));
        }
    }
    let right = [Code::MouthOcclusionTooHigh, Code::FaceUnrecognizable];
    assert!(right.contains(&code(EDITOR, &target(masked, "3"))));
    // Glasses, behind which eyes would have to open.
    let glasses = image::load_from_memory(&testkit::photo("grace_hopper.jpg")).expect("a photo");
    assert_eq!(code(EDITOR, &target(glasses.to_rgb8(), "100")), Code::ObstructedFace);
}

#[test]
fn emotions_are_shown_or_say_what_they_need() {
    let asked = |name: &str| with(form(png(head())), "expression", name);
    for name in ["tongue_out_playful", "heart_eyes_expression", "soft_lip_bite"] {
        let fault = call(ADVANCED, &asked(name)).map(|_| ()).expect_err("refused");
        assert_eq!(fault.code(), Code::AiNotExists, "{name}");
        assert!(fault.message().contains("engine"), "{fault}");
    }
    assert_eq!(code(ADVANCED, &asked("jolly")), Code::UnsupportedParameterValues);
    let before = head();
    for name in ["Angry_Stare", "blushing_shyness", "charming_smile"] {
        let after = shown(ADVANCED, &asked(name));
        let far = |(a, b): (&u8, &u8)| a.abs_diff(*b) > 12;
        let changed = before.iter().zip(after.iter()).filter(|pair| far(*pair)).count();
        assert!(changed > 500, "{name}: {changed}");
    }
}
