//! The services that beautify faces: what they answer, and what they refuse.

use crate::support::{artifact, call, code, encoded, form, with};
use image::{DynamicImage, GenericImageView, ImageFormat, RgbImage, Rgba, RgbaImage, imageops};
use safelight_contract::Code;
use safelight_imaging::encode;
use safelight_operation::{Form, Node};
use safelight_testkit as testkit;

const BEAUTY: &str = "/api/portrait/effects/face-beauty";
const ADVANCED: &str = "/api/portrait/effects/face-beauty-advanced";
const PRO: &str = "/api/portrait/effects/face-beauty-pro";
const SMART: &str = "/api/portrait/effects/smart-beauty";
const SKIN: &str = "/api/portrait/effects/smart-skin";
const TREATMENT: &str = "/api/portrait/effects/smart-skin-advanced";
const SLIMMING: &str = "/api/portrait/effects/smart-face-slimming";
const SQUARE: &str = "/api/portrait/effects/ai-square-face-filter";
const ALL: [&str; 8] = [BEAUTY, ADVANCED, PRO, SMART, SKIN, TREATMENT, SLIMMING, SQUARE];

/// The head of the portrait.
fn head() -> DynamicImage {
    let all = image::load_from_memory(&testkit::photo("astronaut.png")).expect("a picture");
    all.crop_imm(110, 0, 230, 240).into_rgb8().into()
}

fn png(picture: &DynamicImage) -> Vec<u8> {
    encoded(picture, ImageFormat::Png)
}

/// What a service needs to work on a photo.
fn complete(path: &str, photo: &DynamicImage) -> Form {
    let bytes = png(photo);
    match path {
        BEAUTY => {
            let sent = with(with(form(bytes), "sharp", "0.5"), "smooth", "0.5");
            with(sent, "white", "0.5")
        }
        SMART => {
            let mut sent = Form::new();
            sent.add_file("image_target", bytes.into());
            sent
        }
        _ => form(bytes),
    }
}

/// The one picture of an answer, and whether it is meant for a URL.
fn result(path: &str, form: &Form) -> (DynamicImage, bool) {
    let node = call(path, form).unwrap_or_else(|fault| panic!("{path}: {fault}"));
    let mut node = node;
    loop {
        node = match node {
            Node::Object(mut fields) => fields.remove(0).1,
            Node::List(mut items) => items.remove(0),
            leaf => {
                let (artifact, url) = artifact(leaf);
                return (image::load_from_memory(&artifact.bytes).expect("a picture"), url);
            }
        };
    }
}

/// Mean difference of two pictures, 0 to 255.
fn difference(one: &DynamicImage, two: &DynamicImage) -> f64 {
    let (one, two) = (one.to_rgb8(), two.to_rgb8());
    let pairs = one.iter().zip(two.iter());
    pairs.map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / one.len() as f64
}

/// The head with nothing visible beside the face, where the colour `hidden` lies.
fn cut_out(hidden: [u8; 3]) -> DynamicImage {
    let head = head().into_rgb8();
    let (width, height) = head.dimensions();
    let seen = |x: u32, y: u32| (x as f32 - 115.0).hypot(0.75 * (y as f32 - 125.0)) < 60.0;
    let picture = RgbaImage::from_fn(width, height, |x, y| {
        let [r, g, b] = if seen(x, y) { head.get_pixel(x, y).0 } else { hidden };
        Rgba([r, g, b, u8::from(seen(x, y)) * 255])
    });
    picture.into()
}

#[test]
fn hidden_colours_never_show() {
    let [black, green] = [[0; 3], [0, 255, 0]].map(cut_out);
    for path in [BEAUTY, ADVANCED, PRO, SMART, SLIMMING, SQUARE] {
        let [one, other] =
            [&black, &green].map(|photo| result(path, &complete(path, photo)).0.into_rgba8());
        assert!(one == other, "{path}");
    }
}

#[test]
fn each_answers_a_changed_photo_of_the_same_size() {
    let photo = head();
    let same = encode::jpeg(&photo.to_rgb8(), encode::JPEG_QUALITY).expect("encodes");
    let same = image::load_from_memory(&same).expect("a picture");
    for path in ALL {
        let (changed, url) = result(path, &complete(path, &photo));
        assert_eq!(changed.dimensions(), photo.dimensions(), "{path}");
        let far = difference(&same, &changed);
        assert!(far > 0.1 && far < 6.0, "{path}: {far}");
        assert_eq!(url, ![ADVANCED, PRO, SMART].contains(&path), "{path}");
    }
}

#[test]
fn tasks_answer_urls_and_levels_of_zero_change_nothing() {
    let photo = head();
    for path in [PRO, SMART] {
        let (later, url) = result(path, &with(complete(path, &photo), "task_type", "async"));
        let (now, _) = result(path, &complete(path, &photo));
        assert!(url && later == now, "{path}");
    }
    let still = with(complete(SMART, &photo), "beauty_level", "0");
    let (still, _) = result(SMART, &still);
    let zero = with(complete(SLIMMING, &photo), "slim_degree", "0");
    let (zero, _) = result(SLIMMING, &zero);
    assert_eq!(still, zero, "both are the photo, encoded");
}

#[test]
fn looks_colour_the_whole_photo() {
    let photo = head();
    let (gray, _) = result(PRO, &with(complete(PRO, &photo), "filter_type", "1"));
    let coloured = |photo: &DynamicImage| {
        let far = |[r, g, b]: [u8; 3]| r.abs_diff(g).max(g.abs_diff(b)) > 12;
        photo.to_rgb8().pixels().filter(|pixel| far(pixel.0)).count()
    };
    assert!(coloured(&photo) > 10_000 && coloured(&gray) == 0);
    let form = with(complete(PRO, &photo), "filter_type", "36");
    assert_eq!(code(PRO, &form), Code::UnsupportedParameterValues);
}

#[test]
fn treatments_that_ask_nothing_do_all_and_one_alone_does_less() {
    let photo = head();
    let (none, _) = result(TREATMENT, &complete(TREATMENT, &photo));
    let (all, _) = result(TREATMENT, &with(complete(TREATMENT, &photo), "smart_skin", "1"));
    assert_eq!(none, all);
    let bright = with(complete(TREATMENT, &photo), "skin_brightening", "1");
    let (bright, _) = result(TREATMENT, &bright);
    let sum = |picture: &DynamicImage| picture.to_rgb8().iter().map(|&v| u64::from(v)).sum::<u64>();
    assert!(sum(&bright) > sum(&photo) && bright != none);
}

#[test]
fn one_face_or_all_as_asked() {
    let one = head().to_rgb8();
    let mut both = RgbImage::new(460, 240);
    imageops::replace(&mut both, &one, 0, 0);
    imageops::replace(&mut both, &imageops::resize(&one, 200, 208, imageops::Triangle), 240, 0);
    let both = DynamicImage::from(both);
    let (largest, _) = result(SMART, &complete(SMART, &both));
    let (all, _) = result(SMART, &with(complete(SMART, &both), "multi_face", "1"));
    let half = |picture: &DynamicImage, x: u32| picture.crop_imm(x, 0, 200, 208);
    assert_eq!(difference(&half(&largest, 0), &half(&all, 0)), 0.0);
    assert!(difference(&half(&largest, 250), &half(&all, 250)) > 0.1);
}

#[test]
fn values_out_of_range_have_codes_of_their_own() {
    let photo = head();
    let cases = [
        (ADVANCED, "whitening", Code::InvalidSkinWhiteningParameter),
        (ADVANCED, "smoothing", Code::InvalidSmoothingParameter),
        (ADVANCED, "face_lifting", Code::InvalidFaceSlimmingParameter),
        (ADVANCED, "eye_enlarging", Code::InvalidBigEyesParameter),
        (PRO, "whitening", Code::InvalidSkinWhiteningParameter),
        (PRO, "smoothing", Code::InvalidSmoothingParameter),
        (PRO, "thinface", Code::InvalidFaceSlimmingParameter),
        (PRO, "shrink_face", Code::InvalidFaceSlimmingParameter),
        (PRO, "enlarge_eye", Code::InvalidBigEyesParameter),
        (PRO, "remove_eyebrow", Code::UnsupportedParameterValues),
        (SLIMMING, "slim_degree", Code::UnsupportedParameterValues),
        (SKIN, "whitening_degree", Code::UnsupportedParameterValues),
        (SMART, "beauty_level", Code::UnsupportedParameterValues),
    ];
    for (path, name, expected) in cases {
        assert_eq!(code(path, &with(complete(path, &photo), name, "101")), expected, "{name}");
        let text = with(complete(path, &photo), name, "much");
        assert_eq!(code(path, &text), Code::ParameterConversionFailed, "{name}");
    }
    assert_eq!(code(BEAUTY, &form(png(&photo))), Code::MissingParameters);
}

#[test]
fn photos_without_a_usable_face_are_refused() {
    let coffee = image::load_from_memory(&testkit::photo("coffee.png")).expect("a picture");
    let coffee = coffee.resize(300, 300, imageops::Triangle);
    let small = head().resize_exact(128, 134, imageops::Triangle).to_rgb8();
    let tiny = imageops::resize(&small, 44, 46, imageops::Triangle);
    let mut far = RgbImage::from_pixel(160, 160, image::Rgb([150, 150, 155]));
    imageops::replace(&mut far, &tiny, 50, 50);
    for path in ALL {
        assert_eq!(code(path, &complete(path, &coffee)), Code::NoFaceInFile, "{path}");
    }
    let far = DynamicImage::from(far);
    for path in [BEAUTY, SLIMMING, SQUARE] {
        let refused = code(path, &complete(path, &far));
        assert!(
            [Code::SmallFaceSize, Code::NoFaceInFile].contains(&refused),
            "{path}: {refused:?}"
        );
    }
}

#[test]
fn gray_photos_are_smoothed_but_not_lightened() {
    let gray = DynamicImage::from(head().to_luma8());
    assert_eq!(code(BEAUTY, &complete(BEAUTY, &gray)), Code::UnsupportedGrayscaleImage);
    let sent = with(with(form(png(&gray)), "sharp", "0"), "smooth", "1");
    let (smooth, _) = result(BEAUTY, &with(sent, "white", "0"));
    let pale = smooth.to_rgb8().pixels().all(|pixel| {
        let [r, g, b] = pixel.0;
        r.abs_diff(g).max(g.abs_diff(b)) <= 3
    });
    assert!(pale, "it stays gray");
}
