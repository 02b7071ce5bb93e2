//! Quality: the undamaged portrait passes, and each damage fails with its own code.

use image::{Rgb, RgbImage, imageops};
use safelight_contract::Code;
use safelight_imaging::resize::{self, Filter};
use safelight_imaging::warp::{Affine, Border, warp};
use safelight_imaging::{decode, encode, probe};
use safelight_testkit as testkit;
use safelight_vision::Vision;
use safelight_vision::face::quality::Region;
use safelight_vision::face::{Face, Mesh, Quality, QualityControl, Rect};

fn portrait() -> RgbImage {
    image::load_from_memory(&testkit::photo("astronaut.png")).expect("a picture").into_rgb8()
}

fn quality(photo: &RgbImage) -> Quality {
    let vision = Vision::new(testkit::registry());
    let faces = vision.detect_faces(photo).expect("an answer");
    let face = Face::new(&vision, photo, *faces.first().expect("a face"));
    *face.quality().expect("a quality")
}

fn mesh(photo: &RgbImage) -> Mesh {
    let vision = Vision::new(testkit::registry());
    let faces = vision.detect_faces(photo).expect("an answer");
    vision.mesh(photo, &faces[0]).expect("a mesh")
}

/// The quality of a photo, and the code that HIGH refuses it with.
fn judged(name: &str, photo: &RgbImage) -> (Quality, Option<Code>) {
    let found = quality(photo);
    println!("{name}: {found:.2?}");
    (found, QualityControl::High.check(&found).err().map(|fault| fault.code()))
}

/// The code that HIGH refuses a photo with.
fn refusal(name: &str, photo: &RgbImage) -> Option<Code> {
    judged(name, photo).1
}

/// A photo with a bar over a region of its face.
fn covered(photo: &RgbImage, mesh: &Mesh, region: Region, colour: [u8; 3]) -> RgbImage {
    let rect = Rect::around(region.points().iter().map(|&i| mesh.point(i)));
    let (wide, high) = match region {
        Region::LeftEye | Region::RightEye => (1.4, 2.4),
        Region::Nose | Region::Chin => (1.0, 1.0),
        _ => (1.1, 1.2),
    };
    let centre = rect.centre();
    let (width, height) = (rect.width * wide, rect.height * high);
    let mut photo = photo.clone();
    for (x, y, pixel) in photo.enumerate_pixels_mut() {
        let (dx, dy) = ((x as f32 - centre.x).abs(), (y as f32 - centre.y).abs());
        if dx * 2.0 <= width && dy * 2.0 <= height {
            *pixel = Rgb(colour);
        }
    }
    photo
}

#[test]
fn the_portrait_passes_at_any_size_and_either_way_round() {
    let portrait = portrait();
    assert_eq!(refusal("as it is", &portrait), None);
    assert_eq!(refusal("mirrored", &imageops::flip_horizontal(&portrait)), None);
    for scale in [0.9, 2.0, 4.0_f32] {
        let side = (512.0 * scale) as u32;
        let scaled = resize::rgb(&portrait, side, side, Filter::Lanczos3);
        assert_eq!(refusal(&format!("scaled by {scale}"), &scaled), None);
    }
}

#[test]
fn a_bar_over_each_region_is_named() {
    let portrait = portrait();
    let mesh = mesh(&portrait);
    let colours = [[128; 3], [30, 60, 200]].map(|colour| (Region::Mouth, colour));
    for (region, colour) in Region::ALL.map(|region| (region, [0; 3])).into_iter().chain(colours) {
        let bar = covered(&portrait, &mesh, region, colour);
        let code = refusal(&format!("{} {colour:?}", region.name()), &bar);
        assert_eq!(code, Some(region.too_hidden()), "{region:?} {colour:?}");
    }
}

/// A second face, with glasses: what a mild damage is called when it alone is there.
#[test]
fn one_damage_is_not_taken_for_another() {
    let bytes = testkit::photo("grace_hopper.jpg");
    let portrait = image::load_from_memory(&bytes).expect("a picture").into_rgb8();
    assert_eq!(refusal("as it is", &portrait), None);
    let compressed = |quality| {
        let file = encode::jpeg(&portrait, quality).expect("a file");
        decode(&file, &probe(&file).expect("a header")).expect("a picture").rgb
    };
    assert_eq!(refusal("JPEG 60", &compressed(60)), None);
    for quality in [4, 10] {
        let code = refusal(&format!("JPEG {quality}"), &compressed(quality));
        assert_eq!(code, Some(Code::PoorFaceQuality), "JPEG {quality}");
    }
    for sigma in [3.5, 9.0] {
        let code = refusal(&format!("blurred by {sigma}"), &imageops::blur(&portrait, sigma));
        assert_eq!(code, Some(Code::BlurryFace), "blurred by {sigma}");
    }
    let upside_down = imageops::rotate180(&portrait);
    assert_eq!(refusal("upside down", &upside_down), Some(Code::FaceNotFacingForward));
    let mouth = covered(&portrait, &mesh(&portrait), Region::Mouth, [128; 3]);
    assert_eq!(refusal("gray mouth", &mouth), Some(Code::MouthOcclusionTooHigh));
}

#[test]
fn blur_is_named_and_grows() {
    let portrait = resize::rgb(&portrait(), 1024, 1024, Filter::Lanczos3);
    let mut last = quality(&portrait).blur;
    // 2, 4 and 7 % of the width of the face.
    for sigma in [3.6, 7.2, 12.7] {
        let blurred = imageops::blur(&portrait, sigma);
        let (Quality { blur, .. }, code) = judged(&format!("blurred by {sigma}"), &blurred);
        assert_eq!(code, Some(Code::BlurryFace), "{sigma}");
        assert!(blur > last, "{blur} after {last}");
        last = blur;
    }
}

#[test]
fn darkness_is_named_and_grows() {
    let portrait = portrait();
    let mut last = quality(&portrait).illumination;
    for factor in [0.5, 0.3, 0.15] {
        let mut dark = portrait.clone();
        dark.iter_mut().for_each(|value| *value = (f32::from(*value) * factor) as u8);
        let (Quality { illumination: light, .. }, code) = judged(&format!("times {factor}"), &dark);
        assert_eq!(code, Some(Code::PoorFaceLighting), "{factor}");
        assert!(light < last, "{light} after {last}");
        last = light;
    }
}

#[test]
fn a_face_that_leaves_the_photo_is_named() {
    let portrait = portrait();
    let rect = mesh(&portrait).rect();
    let (width, height) = portrait.dimensions();
    let (left, top) = ((rect.x + rect.width * 0.3) as u32, (rect.y + rect.height * 0.25) as u32);
    let (right, bottom) =
        ((rect.right() - rect.width * 0.3) as u32, (rect.bottom() - rect.height * 0.2) as u32);
    for (name, [x, y, width, height]) in [
        ("left", [left, 0, width - left, height]),
        ("top", [0, top, width, height - top]),
        ("right", [0, 0, right, height]),
        ("bottom", [0, 0, width, bottom]),
    ] {
        let cropped = imageops::crop_imm(&portrait, x, y, width, height).to_image();
        assert_eq!(refusal(name, &cropped), Some(Code::IncompleteFace), "{name}");
    }
}

#[test]
fn a_turned_head_and_a_small_face_are_named() {
    let portrait = portrait();
    for degrees in [30.0_f64, -35.0] {
        let turn = Affine::turning(degrees.to_radians(), 1.0, [225.0, 120.0], [256.0, 256.0]);
        let turned = warp(&portrait, &turn, 512, 512, Border::Black);
        assert_eq!(refusal("turned", &turned), Some(Code::FaceNotFacingForward));
    }
    let small = resize::rgb(&portrait, 256, 256, Filter::Lanczos3);
    assert_eq!(refusal("small", &small), Some(Code::SmallFaceSize));
}
