//! Heads and hairstyles cut out, from a form to the pictures.

use crate::support::{artifact, call, code, encoded, form, head, with};
use image::{DynamicImage, ImageFormat, RgbImage, RgbaImage, imageops};
use safelight_contract::Code;
use safelight_operation::{Form, Node};
use safelight_testkit as testkit;
use serde_json::Value;

const AVATAR: &str = "/api/cutout/portrait/avatar-extraction";
const HAIR: &str = "/api/cutout/portrait/hairstyle-extraction";

struct Piece {
    picture: DynamicImage,
    x: u32,
    y: u32,
}

/// The pieces that a service answers, each of the size that the answer says.
fn pieces(path: &str, sent: &Form) -> Vec<Piece> {
    let field = |node: Node, name: &str| match node {
        Node::Object(fields) => fields.into_iter().find(|(n, _)| *n == name).map(|(_, node)| node),
        _ => None,
    };
    let answer = call(path, sent).unwrap_or_else(|fault| panic!("{fault}"));
    let elements = field(field(answer, "data").expect("data"), "elements");
    let Some(Node::List(items)) = elements else { panic!("a list") };
    let piece = |node: Node| {
        let number = |name: &str| match field(node.clone(), name) {
            Some(Node::Json(Value::Number(number))) => number.as_u64().expect("whole") as u32,
            other => panic!("{name}: {other:?}"),
        };
        let bytes = artifact(field(node.clone(), "image_url").expect("a picture")).0.bytes;
        let picture = image::load_from_memory(&bytes).expect("a picture");
        assert_eq!((picture.width(), picture.height()), (number("width"), number("height")));
        Piece { picture, x: number("x"), y: number("y") }
    };
    items.into_iter().map(piece).collect()
}

/// The cut-out in the place that the answer gives it.
fn placed(piece: &Piece, width: u32, height: u32) -> RgbaImage {
    let mut all = RgbaImage::new(width, height);
    imageops::replace(&mut all, &piece.picture.to_rgba8(), piece.x.into(), piece.y.into());
    all
}

#[test]
fn a_head_has_hair_and_neck_and_no_clothes() {
    let found = pieces(AVATAR, &form(testkit::photo("astronaut.png")));
    assert_eq!(found.len(), 1);
    let all = placed(&found[0], 512, 512);
    let at = |x, y| all.get_pixel(x, y).0[3];
    assert!([at(220, 110), at(225, 35), at(180, 70), at(275, 60)].iter().all(|&a| a > 250), "head");
    assert_eq!(
        [at(100, 300), at(300, 250), at(20, 40), at(400, 100)],
        [0; 4],
        "suit and background"
    );
    let photo =
        image::load_from_memory(&testkit::photo("astronaut.png")).expect("a photo").to_rgb8();
    assert_eq!(all.get_pixel(220, 110).0[..3], photo.get_pixel(220, 110).0, "in its place");
}

/// The parser takes the dark curls of the enlarged head for a hat.
#[test]
fn shaded_curls_are_hair_and_a_small_hat_is_not() {
    let head = image::load_from_memory(&head()).expect("a photo").to_rgb8();
    let alphas = |photo: &RgbImage, places: [(u32, u32); 3]| {
        let found = pieces(HAIR, &form(encoded(&photo.clone().into(), ImageFormat::Png)));
        let all = placed(&found[0], photo.width(), photo.height());
        places.map(|(x, y)| all.get_pixel(x, y).0[3])
    };
    let curls = [(890, 500), (860, 560), (905, 380)];
    assert!(alphas(&head, curls).iter().all(|&alpha| alpha > 200), "{:?}", alphas(&head, curls));

    let mut hatted = head.clone();
    for (x, y, pixel) in hatted.enumerate_pixels_mut() {
        let (across, down) = ((x as f32 - 610.0) / 330.0, (y as f32 - 260.0) / 200.0);
        if across.hypot(down) < 1.0 && y < 230 {
            pixel.0 = [24, 50, 140 + (y / 8 % 2 * 8) as u8];
        }
    }
    let hat = [(610, 150), (500, 180), (700, 200)];
    assert!(alphas(&hatted, hat).iter().all(|&alpha| alpha < 60), "{:?}", alphas(&hatted, hat));
}

#[test]
fn hair_has_no_face() {
    let found = pieces(HAIR, &form(testkit::photo("astronaut.png")));
    assert_eq!(found.len(), 1);
    let all = placed(&found[0], 512, 512);
    let at = |x, y| all.get_pixel(x, y).0[3];
    assert!([at(225, 35), at(180, 70), at(275, 60)].iter().all(|&a| a > 240), "hair");
    assert_eq!([at(220, 120), at(100, 300), at(20, 40)], [0; 3], "face, suit, background");
}

#[test]
fn each_of_two_heads_is_its_own_and_the_larger_comes_first() {
    let open = |name: &str| image::load_from_memory(&testkit::photo(name)).expect("a photo");
    let mut both = RgbImage::from_pixel(1000, 600, image::Rgb([90, 110, 130]));
    imageops::replace(&mut both, &open("grace_hopper.jpg").to_rgb8(), 0, 0);
    let smaller = open("astronaut.png").resize(400, 400, imageops::FilterType::CatmullRom);
    imageops::replace(&mut both, &smaller.to_rgb8(), 560, 150);
    let found = pieces(AVATAR, &form(encoded(&both.into(), ImageFormat::Png)));
    assert_eq!(found.len(), 2);
    assert!(found[0].x + found[0].picture.width() < 512 && found[1].x > 560);
    assert!(found[0].picture.width() > found[1].picture.width());
}

#[test]
fn the_mask_is_the_alpha_of_the_head() {
    let sent = form(testkit::photo("grace_hopper.jpg"));
    let (head, mask) = (
        pieces(AVATAR, &sent).remove(0),
        pieces(AVATAR, &with(sent, "return_form", "mask")).remove(0),
    );
    assert_eq!((head.x, head.y, mask.picture.color()), (mask.x, mask.y, image::ColorType::L8));
    let (head, mask) = (head.picture.to_rgba8(), mask.picture.to_luma8());
    assert!(head.pixels().zip(mask.pixels()).all(|(h, m)| h.0[3] == m.0[0]));
}

#[test]
fn nobody_is_refused_and_so_is_what_breaks_a_limit() {
    let sized = |width, height, format| form(encoded(&RgbImage::new(width, height).into(), format));
    for path in [AVATAR, HAIR] {
        for name in ["chelsea.png", "china.jpg", "coffee.png", "flower.jpg"] {
            let sent = form(testkit::photo(name));
            assert_eq!(code(path, &sent), Code::NoRecognitionTargetDetected, "{path} {name}");
        }
        assert_eq!(code(path, &Default::default()), Code::MissingParameters);
        assert_eq!(code(path, &form(Vec::new())), Code::ParametersCannotEmpty);
        assert_eq!(code(path, &form(vec![1; 4 << 20])), Code::FileSizeExceedsLimit);
        assert_eq!(code(path, &sized(64, 64, ImageFormat::WebP)), Code::UnsupportedFileTypes);
        assert_eq!(code(path, &sized(31, 64, ImageFormat::Png)), Code::LowResolution);
        let large = sized(40, 2001, ImageFormat::Png);
        assert_eq!(code(path, &large), Code::FileResolutionExceedsLimits);
    }
    let odd = with(form(testkit::photo("astronaut.png")), "return_form", "crop");
    assert_eq!(code(AVATAR, &odd), Code::UnsupportedParameterValues);
}
