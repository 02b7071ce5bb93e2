//! Damaged portraits through HTTP: each cause has its code, the message says what was found and what
//! is allowed, and nothing is charged.

use image::{Rgb, RgbImage, imageops};
use reqwest::multipart::Form;
use safelight_imaging::resize::{self, Filter};
use safelight_imaging::warp::{Affine, Border, warp};
use safelight_imaging::{decode, encode, probe};
use safelight_vision::Vision;
use safelight_vision::face::Rect;
use safelight_vision::face::quality::Region;

use crate::common::{Answer, TestServer, file};

const ANALYZER: &str = "/api/portrait/analysis/face-analyzer";
/// All services for faces take `quality_control`.
const SERVICES: [&str; 8] = [
    ANALYZER,
    "/api/portrait/analysis/face-analyzer-advanced",
    "/api/portrait/analysis/face-key-points",
    "/api/portrait/analysis/ai-face-rating",
    "/api/portrait/analysis/skin-analysis",
    "/api/portrait/analysis/skin-analysis-advanced",
    "/api/portrait/analysis/skin-analysis-pro",
    "/api/portrait/effects/blurred-faces",
];

fn portrait() -> RgbImage {
    let bytes = safelight_testkit::photo("astronaut.png");
    decode(&bytes, &probe(&bytes).expect("a picture")).expect("a picture").rgb
}

/// The head, large enough for every service.
fn close_up() -> RgbImage {
    resize::rgb_part(&portrait(), [110, 0, 230, 240], 1000, 1043, Filter::Lanczos3)
}

/// The portrait, and where its parts are.
struct Model {
    photo: RgbImage,
    regions: [Rect; 7],
    face: Rect,
}

impl Model {
    fn of(photo: RgbImage) -> Self {
        let vision = Vision::new(safelight_testkit::registry());
        let face = vision.detect_faces(&photo).expect("an answer")[0];
        let mesh = vision.mesh(&photo, &face).expect("a mesh");
        let around = |points: &[usize]| Rect::around(points.iter().map(|&i| mesh.point(i)));
        let regions = Region::ALL.map(|region| around(region.points()));
        Self { regions, face: mesh.rect(), photo }
    }

    /// With a gray bar over a region.
    fn covered(&self, region: Region) -> RgbImage {
        let rect = self.regions[region as usize];
        let (wide, high) = match region {
            Region::LeftEye | Region::RightEye => (1.4, 2.4),
            Region::Nose | Region::Chin => (1.0, 1.0),
            _ => (1.1, 1.2),
        };
        let (centre, mut photo) = (rect.centre(), self.photo.clone());
        for (x, y, pixel) in photo.enumerate_pixels_mut() {
            let across = (x as f32 - centre.x).abs() * 2.0 <= rect.width * wide;
            if across && (y as f32 - centre.y).abs() * 2.0 <= rect.height * high {
                *pixel = Rgb([128; 3]);
            }
        }
        photo
    }

    /// Without what lies beyond a line through the face, on each side in turn.
    fn cut(&self) -> [RgbImage; 4] {
        let (width, height) = self.photo.dimensions();
        let Rect { x, y, width: wide, height: high } = self.face;
        let (left, top) = ((x + wide * 0.3) as u32, (y + high * 0.25) as u32);
        let (right, bottom) = ((x + wide * 0.7) as u32, (y + high * 0.8) as u32);
        let part = |x, y, right, bottom| {
            imageops::crop_imm(&self.photo, x, y, right - x, bottom - y).to_image()
        };
        [
            part(left, 0, width, height),
            part(0, top, width, height),
            part(0, 0, right, height),
            part(0, 0, width, bottom),
        ]
    }

    fn turned(&self, degrees: f64) -> RgbImage {
        let middle = self.face.centre();
        let middle = [f64::from(middle.x), f64::from(middle.y)];
        let turn = Affine::turning(degrees.to_radians(), 1.0, middle, [256.0; 2]);
        warp(&self.photo, &turn, 512, 512, Border::Replicate)
    }

    fn lit(&self, factor: f32) -> RgbImage {
        let mut photo = self.photo.clone();
        photo.iter_mut().for_each(|value| *value = (f32::from(*value) * factor) as u8);
        photo
    }

    /// With a tenth of its contrast, which leaves it sharp and its skin lit.
    fn faint(&self) -> RgbImage {
        let mut photo = self.scaled(1024);
        photo.iter_mut().for_each(|value| *value = 115 + *value / 10);
        photo
    }

    fn scaled(&self, side: u32) -> RgbImage {
        resize::rgb(&self.photo, side, side, Filter::Lanczos3)
    }
}

/// The answer of a service, or that of its task once it has ended.
async fn ask(server: &TestServer, path: &str, photo: &RgbImage, level: &str) -> Answer {
    // Only some services take PNG, and a JPEG would take the last of a faint face's contrast.
    let bytes = if path == ANALYZER { encode::png_rgb(photo) } else { encode::jpeg(photo, 95) };
    let form = Form::new()
        .part("image", file(bytes.expect("a file")))
        .text("quality_control", level.to_owned());
    let answer = server.post(path, form).await;
    match answer.json()["task_id"].as_str() {
        Some(task) => server.wait(task).await,
        None => answer,
    }
}

/// Checks that a message ends in a number that was found and a limit that it breaks.
fn check_message(name: &str, message: &str, level: &str) {
    let (_, rest) = message.rsplit_once(" is ").expect("what was found");
    let (found, rest) = rest.split_once(", ").expect("what was found");
    let rest = rest.strip_prefix(&format!("quality_control {level} allows no "));
    let (side, limit) = rest.expect("the level").split_once(" than ").expect("the limit");
    let [found, limit] = [found, limit].map(|number| number.parse::<f32>().expect("a number"));
    let broken = if side == "less" { found < limit } else { found > limit };
    assert!(broken, "{name}: {message}");
}

#[tokio::test]
async fn each_cause_has_its_code() {
    let model = Model::of(portrait());
    let blurred = |percent: f32| {
        let sigma = model.face.width * percent / 100.0;
        imageops::blur(&model.photo, sigma)
    };
    let mut variants: Vec<(&str, RgbImage, &str)> = vec![
        ("blurred a little", blurred(2.0), "ERROR_BLURRY_FACE"),
        ("blurred", blurred(4.0), "ERROR_BLURRY_FACE"),
        ("dim", model.lit(0.5), "ERROR_POOR_FACE_LIGHTING"),
        ("dark", model.lit(0.15), "ERROR_POOR_FACE_LIGHTING"),
        ("turned clockwise", model.turned(30.0), "ERROR_FACE_NOT_FACING_FORWARD"),
        ("turned back", model.turned(-30.0), "ERROR_FACE_NOT_FACING_FORWARD"),
        ("small", model.scaled(256), "ERROR_SMALL_FACE_SIZE"),
        ("faint", model.faint(), "ERROR_POOR_FACE_QUALITY"),
        // The detector takes it for an upright one.
        ("upside down", imageops::rotate180(&model.photo), "ERROR_FACE_NOT_FACING_FORWARD"),
    ];
    // The detector finds it, the mesh does not.
    let squeezed = resize::rgb(&model.photo, 230, 512, Filter::Lanczos3);
    variants.push(("squeezed", squeezed, "ERROR_FACE_UNRECOGNIZABLE"));
    let names = ["left_eye", "right_eye", "nose", "mouth", "left_cheek", "right_cheek", "chin"];
    for (region, name) in Region::ALL.into_iter().zip(names) {
        variants.push((name, model.covered(region), region.too_hidden().name()));
    }
    for (photo, name) in model.cut().into_iter().zip(["left", "top", "right", "bottom"]) {
        variants.push((name, photo, "ERROR_INCOMPLETE_FACE"));
    }
    let server = TestServer::shipping().await;
    for (name, photo, code) in variants {
        let answer = ask(&server, ANALYZER, &photo, "HIGH").await;
        println!("{name}: {}", answer.json()["error_detail"]);
        let message = answer.failure(422, code);
        check_message(name, &message, "HIGH");
        if code.contains("OCCLUSION") {
            assert!(message.contains(name), "{name}: {message}");
        }
    }
    server.assert_charges(0).await;
    ask(&server, ANALYZER, &model.photo, "HIGH").await.success();
    server.assert_charges(1).await;
}

#[tokio::test]
async fn every_service_for_faces_checks_quality() {
    let model = Model::of(close_up());
    let covered = model.covered(Region::Mouth);
    let server = TestServer::shipping().await;
    for path in SERVICES {
        let answer = ask(&server, path, &model.photo, "BEST").await;
        let message = answer.failure(422, "ERROR_QUALITY_CONTROL_ERROR");
        assert!(message.contains("BEST") && message.contains("NONE, LOW, NORMAL, HIGH"), "{path}");
        let answer = ask(&server, path, &covered, "HIGH").await;
        let message = answer.failure(422, "ERROR_MOUTH_OCCLUSION_TOO_HIGH");
        check_message(path, &message, "HIGH");
    }
    server.assert_charges(0).await;
    for path in SERVICES {
        ask(&server, path, &model.photo, "HIGH").await.success();
    }
    server.assert_charges(8).await;
}
