//! Garments cut out, from a form to the pictures of each class.

use crate::support::{self, call, code, encoded, form, with};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, RgbaImage, imageops};
use safelight_contract::Code;
use safelight_operation::{Form, Node};
use safelight_testkit as testkit;

const APPAREL: &str = "/api/cutout/general/apparel-background-removal";

/// The picture of the whole, and those of the classes; `None` without a list of classes.
struct Found {
    whole: RgbaImage,
    classes: Option<Vec<(&'static str, RgbaImage)>>,
}

impl Found {
    fn class(&self, name: &str) -> Option<&RgbaImage> {
        let all = self.classes.iter().flatten();
        all.filter(|(class, _)| *class == name).map(|(_, picture)| picture).next()
    }

    fn names(&self) -> Vec<&'static str> {
        self.classes.iter().flatten().map(|(name, _)| *name).collect()
    }
}

fn fields(node: Node) -> Vec<(&'static str, Node)> {
    match node {
        Node::Object(fields) => fields,
        other => panic!("no object: {other:?}"),
    }
}

fn only(node: Node, name: &str) -> Node {
    let mut fields = fields(node);
    assert_eq!((fields.len(), fields[0].0), (1, name));
    fields.remove(0).1
}

fn read(node: Node) -> RgbaImage {
    let (made, url) = support::artifact(node);
    assert!(url);
    image::load_from_memory(&made.bytes).expect("a picture").to_rgba8()
}

fn found(sent: &Form) -> Found {
    let answer = call(APPAREL, sent).unwrap_or_else(|fault| panic!("{fault}"));
    let Node::List(elements) = only(only(answer, "data"), "elements") else { panic!("no list") };
    let mut elements = elements.into_iter();
    let whole = read(only(elements.next().expect("a whole"), "image_url"));
    let classes = elements.next().map(|node| {
        let urls = fields(only(node, "class_url")).into_iter();
        urls.map(|(name, node)| (name, read(node))).collect()
    });
    assert!(elements.next().is_none());
    Found { whole, classes }
}

fn solid(picture: &RgbaImage) -> usize {
    picture.pixels().filter(|pixel| pixel.0[3] >= 128).count()
}

const ALL: &str = "tops,coat,skirt,pants,bag,shoes,hat";

#[test]
fn a_suit_is_cut_out_without_head_and_background() {
    let sent = form(testkit::photo("astronaut.png"));
    let suit = found(&sent);
    assert!(suit.classes.is_none(), "no class was asked for");
    assert_eq!(suit.whole.dimensions(), (512, 512));
    let at = |x, y| suit.whole.get_pixel(x, y).0[3];
    assert_eq!([at(150, 280), at(120, 400), at(330, 300)], [255; 3], "the suit");
    assert_eq!([at(225, 110), at(240, 40), at(225, 165)], [0; 3], "face and hair");
    assert_eq!([at(20, 100), at(470, 60), at(380, 30)], [0; 3], "what is behind");
}

#[test]
fn a_uniform_and_its_cap_are_told_apart() {
    let sent = with(form(testkit::photo("grace_hopper.jpg")), "cloth_class", ALL);
    let both = found(&sent);
    assert_eq!(both.names(), ["coat", "hat"]);
    let (coat, hat) = (both.class("coat").expect("a coat"), both.class("hat").expect("a hat"));
    let at = |picture: &RgbaImage, x, y| picture.get_pixel(x, y).0[3];
    assert_eq!([at(coat, 120, 450), at(coat, 420, 480), at(coat, 250, 560)], [255; 3]);
    assert_eq!([at(coat, 250, 60), at(coat, 250, 220)], [0; 2], "neither cap nor face");
    assert!(at(coat, 251, 596) > 200, "a golden button that the frame cuts");
    assert_eq!([at(hat, 260, 90), at(hat, 180, 140)], [255; 2]);
    assert_eq!([at(hat, 250, 250), at(hat, 120, 450)], [0; 2]);
    assert_eq!(solid(&both.whole), solid(coat), "the main garment is no hat");
}

/// Mode 1 shows what was asked for and nothing else.
#[test]
fn classes_are_combined() {
    let sent = with(form(testkit::photo("grace_hopper.jpg")), "out_mode", "1");
    let asked = |classes| found(&with(sent.clone(), "cloth_class", classes));
    let (hat, coat, both) = (asked("hat"), asked("coat,pants"), asked("hat,coat"));
    assert_eq!(hat.whole, *hat.class("hat").expect("a hat"));
    assert_eq!(coat.names(), ["coat"], "there are no trousers");
    let sum = solid(&hat.whole) + solid(&coat.whole);
    assert!(solid(&both.whole).abs_diff(sum) < sum / 50);
    assert_eq!(found(&sent).whole, both.whole, "without classes, all");
    let none = with(sent.clone(), "cloth_class", "bag,shoes");
    assert_eq!(code(APPAREL, &none), Code::NoRecognitionTargetDetected);
    let unasked = found(&with(form(testkit::photo("grace_hopper.jpg")), "cloth_class", "bag"));
    assert_eq!(unasked.names(), [""; 0], "the main garment is shown, a bag there is none");
}

#[test]
fn forms_hold_for_every_picture() {
    let sent = with(form(testkit::photo("grace_hopper.jpg")), "cloth_class", "hat");
    let cutout = found(&sent);
    let mask = found(&with(sent.clone(), "return_form", "mask"));
    let white = found(&with(sent, "return_form", "whiteBK"));
    for (of, mask, white) in [
        (&cutout.whole, &mask.whole, &white.whole),
        (
            cutout.class("hat").expect("a hat"),
            mask.class("hat").expect("a hat"),
            white.class("hat").expect("a hat"),
        ),
    ] {
        assert!(of.pixels().zip(mask.pixels()).all(|(of, mask)| of.0[3] == mask.0[0]));
        assert_eq!(white.get_pixel(2, 2).0, [255; 4]);
    }
}

/// A coat by itself: what was cut out of a photo, laid on plain ground.
#[test]
fn goods_that_nobody_wears_are_found_by_what_they_look_like() {
    let uniform = found(&form(testkit::photo("grace_hopper.jpg"))).whole;
    let mut scene = RgbaImage::from_pixel(700, 700, image::Rgba([196, 190, 178, 255]));
    imageops::overlay(&mut scene, &uniform, 90, 20);
    let scene: DynamicImage = DynamicImage::from(scene).to_rgb8().into();
    let sent = with(form(encoded(&scene, ImageFormat::Png)), "cloth_class", ALL);
    let laid = found(&sent);
    assert!(matches!(laid.names()[..], ["coat"] | ["tops"]), "{:?}", laid.names());
    let (was, is) = (solid(&uniform), solid(&laid.whole));
    assert!(was.abs_diff(is) < was / 10, "{was} {is}");
}

#[test]
fn what_is_no_garment_is_refused() {
    for name in ["chelsea.png", "china.jpg", "coffee.png"] {
        let sent = form(testkit::photo(name));
        assert_eq!(code(APPAREL, &sent), Code::NoRecognitionTargetDetected, "{name}");
    }
    let plain = RgbImage::from_pixel(300, 200, Rgb([128; 3]));
    let sent = form(encoded(&plain.into(), ImageFormat::Png));
    assert_eq!(code(APPAREL, &sent), Code::NoRecognitionTargetDetected);
}

#[test]
fn every_limit_has_its_code() {
    let sized = |width, height, format| form(encoded(&RgbImage::new(width, height).into(), format));
    assert_eq!(code(APPAREL, &Form::new()), Code::MissingParameters);
    assert_eq!(code(APPAREL, &form(Vec::new())), Code::ParametersCannotEmpty);
    assert_eq!(code(APPAREL, &form(vec![1; 6 << 20])), Code::FileSizeExceedsLimit);
    assert_eq!(code(APPAREL, &sized(64, 64, ImageFormat::WebP)), Code::UnsupportedFileTypes);
    assert_eq!(code(APPAREL, &sized(49, 60, ImageFormat::Png)), Code::LowResolution);
    for (width, height) in [(3001, 60), (60, 3001)] {
        let sent = sized(width, height, ImageFormat::Png);
        assert_eq!(code(APPAREL, &sent), Code::FileResolutionExceedsLimits);
    }
    let photo = form(testkit::photo("coffee.png"));
    for (name, value) in [("out_mode", "2"), ("cloth_class", "tops,socks"), ("return_form", "crop")]
    {
        let sent = with(photo.clone(), name, value);
        assert_eq!(code(APPAREL, &sent), Code::UnsupportedParameterValues, "{name}");
    }
}

/// The suit of the portrait, traced by hand, without the helmet that is held: corners in pixels.
const SUIT: [[f32; 2]; 37] = [
    [113.0, 200.0],
    [125.0, 175.0],
    [150.0, 155.0],
    [185.0, 149.0],
    [187.0, 180.0],
    [200.0, 187.0],
    [222.0, 190.0],
    [250.0, 187.0],
    [258.0, 178.0],
    [280.0, 190.0],
    [300.0, 215.0],
    [304.0, 240.0],
    [330.0, 258.0],
    [348.0, 280.0],
    [356.0, 310.0],
    [361.0, 348.0],
    [345.0, 358.0],
    [320.0, 378.0],
    [300.0, 405.0],
    [288.0, 430.0],
    [280.0, 460.0],
    [277.0, 490.0],
    [280.0, 512.0],
    [228.0, 512.0],
    [190.0, 512.0],
    [110.0, 512.0],
    [75.0, 512.0],
    [45.0, 500.0],
    [28.0, 480.0],
    [20.0, 445.0],
    [22.0, 400.0],
    [28.0, 360.0],
    [36.0, 310.0],
    [45.0, 282.0],
    [58.0, 258.0],
    [72.0, 240.0],
    [105.0, 215.0],
];

fn in_suit(x: u32, y: u32) -> bool {
    let (x, y) = (x as f32 + 0.5, y as f32 + 0.5);
    let next = SUIT.iter().cycle().skip(1);
    let crossed = SUIT.iter().zip(next).filter(|(a, b)| {
        (a[1] <= y) != (b[1] <= y) && x < a[0] + (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1])
    });
    crossed.count() % 2 == 1
}

/// Intersection over union of a cut-out and the traced suit, without what lies in the helmet.
fn overlap(picture: &RgbaImage) -> f64 {
    let (mut both, mut either) = (0_u32, 0_u32);
    for (x, y, pixel) in picture.enumerate_pixels() {
        let (found, traced) = (pixel.0[3] >= 128, in_suit(x, y));
        both += u32::from(found && traced);
        either += u32::from(found || traced);
    }
    f64::from(both) / f64::from(either)
}

/// Half-length portraits give garments without the head or a ring around it.
#[test]
fn half_length_garments_come_whole() {
    let photo =
        image::load_from_memory(&testkit::photo("astronaut.png")).expect("a photo").to_rgb8();
    let whole = found(&form(encoded(&photo.into(), ImageFormat::Png))).whole;
    println!("overlap {:.3}", overlap(&whole));
    let head = whole.enumerate_pixels().filter(|(x, y, pixel)| {
        (150..305).contains(x) && (10..150).contains(y) && pixel.0[3] >= 128
    });
    assert!(head.count() < 60, "hair, skin or their rim");
    // The whole person is no garment.
    let person = call(
        "/api/cutout/portrait/portrait-background-removal",
        &form(testkit::photo("astronaut.png")),
    );
    let person = read(only(only(person.expect("a person"), "data"), "image_url"));
    assert!(overlap(&whole) > overlap(&person).max(0.6), "{}", overlap(&whole));
    assert!(person.get_pixel(225, 110).0[3] > 128, "the head is the person's");
}
