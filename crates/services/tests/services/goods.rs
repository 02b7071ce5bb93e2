//! Food and goods freed from their background, from a form to the picture.

use crate::support::{call, code, encoded, form, picture, with};
use image::{DynamicImage, GrayImage, ImageFormat, Rgb, RgbImage, imageops};
use safelight_contract::Code;
use safelight_testkit as testkit;

const GOODS: &str = "/api/cutout/general/commodity-background-removal";
const FOOD: &str = "/api/cutout/general/food-background-removal";

fn matte(path: &str, photo: &DynamicImage) -> GrayImage {
    let sent = form(encoded(photo, ImageFormat::Png));
    picture(path, &with(sent, "return_form", "mask")).to_luma8()
}

/// A cup on a table: cut out, made smaller, and put on plain ground with this light on the ground.
fn staged(light: impl Fn(f32) -> f32, shift: (i64, i64), blur: f32) -> (RgbImage, GrayImage) {
    let cup = with(form(testkit::photo("coffee.png")), "return_form", "crop");
    let cup = picture(GOODS, &cup).resize(300, 300, imageops::FilterType::CatmullRom).to_rgba8();
    let (left, top) = (250, 120);
    let mut alpha = GrayImage::new(800, 600);
    let opacity = GrayImage::from_fn(cup.width(), cup.height(), |x, y| {
        image::Luma([cup.get_pixel(x, y).0[3]])
    });
    imageops::replace(&mut alpha, &opacity, left, top);
    let mut cast = GrayImage::new(800, 600);
    imageops::replace(&mut cast, &opacity, left + shift.0, top + shift.1);
    let cast = imageops::blur(&cast, blur);
    let ground = RgbImage::from_fn(800, 600, |x, y| {
        let grain = ((x * 7 + y * 13) % 5) as f32;
        let light = light(f32::from(cast.get_pixel(x, y).0[0]) / 255.0);
        Rgb([222.0, 220.0, 214.0].map(|value| ((value + grain) * light) as u8))
    });
    let mut scene = DynamicImage::from(ground).to_rgba8();
    imageops::overlay(&mut scene, &cup, left, top);
    (DynamicImage::from(scene).to_rgb8(), alpha)
}

/// Opacity of a matte where the truth has none, as a share of the truth's own.
fn excess(found: &GrayImage, truth: &GrayImage) -> f64 {
    let over: u64 =
        found.iter().zip(truth.iter()).map(|(a, b)| u64::from(a.saturating_sub(*b))).sum();
    let all: u64 = truth.iter().map(|&value| u64::from(value)).sum();
    over as f64 / all as f64
}

#[test]
fn cast_shadows_go() {
    for (shift, blur, depth) in [((14, 16), 12.0, 0.6), ((60, 30), 8.0, 0.5), ((90, 10), 20.0, 0.7)]
    {
        let (scene, truth) = staged(|cast| 1.0 - depth * cast, shift, blur);
        let found = matte(GOODS, &scene.into());
        let (over, lost) = (excess(&found, &truth), excess(&truth, &found));
        println!("shadow {shift:?}: {over:.4} too much, {lost:.4} lost");
        assert!(over < 0.02 && lost < 0.02, "{shift:?}: {over:.4} too much, {lost:.4} lost");
    }
}

#[test]
fn the_plate_belongs_to_the_food_and_the_table_does_not() {
    let photo = image::load_from_memory(&testkit::photo("coffee.png")).expect("a photo");
    let found = matte(FOOD, &photo);
    let at = |x, y| found.get_pixel(x, y).0[0];
    assert_eq!([at(300, 150), at(180, 250), at(300, 370)], [255; 3], "drink and saucer");
    assert_eq!([at(20, 20), at(580, 380), at(40, 200)], [0; 3], "the table");
}

/// A cup with a person beside it.
#[test]
fn who_eats_is_no_food() {
    let [cup, person] = ["coffee.png", "astronaut.png"]
        .map(|name| image::load_from_memory(&testkit::photo(name)).expect("a photo").to_rgb8());
    let head = imageops::crop_imm(&person, 90, 0, 260, 300).to_image();
    let head = imageops::resize(&head, 347, 400, imageops::FilterType::CatmullRom);
    let mut scene = RgbImage::new(947, 400);
    imageops::replace(&mut scene, &cup, 0, 0);
    imageops::replace(&mut scene, &head, 600, 0);
    let found = matte(FOOD, &scene.into());
    let at = |x, y| found.get_pixel(x, y).0[0];
    assert_eq!([at(300, 150), at(180, 250)], [255; 2], "drink and saucer");
    assert_eq!([at(777, 160), at(760, 60), at(780, 330)], [0; 3], "face, hair and collar");
}

#[test]
fn what_is_not_of_the_kind_is_refused() {
    let refused = |path, name| {
        let sent = form(testkit::photo(name));
        assert_eq!(code(path, &sent), Code::NoRecognitionTargetDetected, "{path} {name}");
    };
    for name in [
        "astronaut.png",
        "chelsea.png",
        "china.jpg",
        "flower.jpg",
        "grace_hopper.jpg",
        "rocket.jpg",
    ] {
        refused(FOOD, name);
    }
    refused(GOODS, "chelsea.png");
    let plain = RgbImage::from_pixel(300, 200, Rgb([128; 3]));
    for path in [FOOD, GOODS] {
        let sent = form(encoded(&plain.clone().into(), ImageFormat::Png));
        assert_eq!(code(path, &sent), Code::NoRecognitionTargetDetected);
    }
}

#[test]
fn every_form_shows_the_same_cut_out() {
    for path in [FOOD, GOODS] {
        let sent = form(testkit::photo("coffee.png"));
        let cutout = picture(path, &sent).to_rgba8();
        let mask = picture(path, &with(sent.clone(), "return_form", "mask"));
        assert_eq!(mask.color(), image::ColorType::L8);
        assert!(mask.to_luma8().pixels().zip(cutout.pixels()).all(|(m, c)| m.0[0] == c.0[3]));
        let white = picture(path, &with(sent.clone(), "return_form", "whiteBK"));
        assert_eq!(white.to_rgb8().get_pixel(2, 2).0, [255; 3]);
        let crop = with(sent, "return_form", "crop");
        if path == GOODS {
            assert!(picture(path, &crop).width() < cutout.width());
        } else {
            assert_eq!(code(path, &crop), Code::UnsupportedParameterValues);
        }
    }
}

#[test]
fn every_limit_has_its_code() {
    let sized = |width, height, format| form(encoded(&RgbImage::new(width, height).into(), format));
    for (path, most) in [(FOOD, 1999), (GOODS, 2000)] {
        assert_eq!(code(path, &Default::default()), Code::MissingParameters);
        assert_eq!(code(path, &form(Vec::new())), Code::ParametersCannotEmpty);
        assert_eq!(code(path, &form(vec![1; 5 << 20])), Code::FileSizeExceedsLimit);
        assert_eq!(code(path, &sized(64, 64, ImageFormat::WebP)), Code::UnsupportedFileTypes);
        for (width, height) in [(most + 1, 50), (50, most + 1)] {
            let sent = sized(width, height, ImageFormat::Png);
            assert_eq!(code(path, &sent), Code::FileResolutionExceedsLimits);
        }
        let mut torn = testkit::photo("flower.jpg");
        torn.truncate(torn.len() / 2);
        assert_eq!(code(path, &form(torn)), Code::FileDecodingFailure);
        for (width, height) in [(50, 50), (600, 60)] {
            let outcome = call(path, &sized(width, height, ImageFormat::Png));
            assert!(outcome.is_err_and(|f| f.code() == Code::NoRecognitionTargetDetected));
        }
    }
    assert_eq!(code(FOOD, &sized(39, 60, ImageFormat::Png)), Code::LowResolution);
}

/// Goods on a polished table: their mirror image below them, which fades with the distance.
#[test]
fn reflections_go() {
    let cup = with(form(testkit::photo("coffee.png")), "return_form", "crop");
    let cup = picture(GOODS, &cup).resize(300, 300, imageops::FilterType::CatmullRom).to_rgba8();
    let (left, top) = (250, 60);
    let foot = top + i64::from(cup.height()) - 4;
    for strength in [0.15, 0.3, 0.45] {
        let mut mirrored = imageops::flip_vertical(&cup);
        let height = mirrored.height() as f32;
        for (_, y, pixel) in mirrored.enumerate_pixels_mut() {
            let fade = strength * (1.0 - y as f32 / height).max(0.0);
            pixel.0[3] = (f32::from(pixel.0[3]) * fade) as u8;
        }
        let ground = |x: u32, y: u32| {
            let grain = ((x * 7 + y * 13) % 5) as u8;
            image::Rgba([212 + grain, 214 + grain, 218 + grain, 255])
        };
        let mut scene = image::RgbaImage::from_fn(800, 600, ground);
        imageops::overlay(&mut scene, &mirrored, left, foot);
        imageops::overlay(&mut scene, &cup, left, top);
        let mut truth = GrayImage::new(800, 600);
        let opacity = GrayImage::from_fn(cup.width(), cup.height(), |x, y| {
            image::Luma([cup.get_pixel(x, y).0[3]])
        });
        imageops::replace(&mut truth, &opacity, left, top);
        let found = matte(GOODS, &DynamicImage::from(DynamicImage::from(scene).to_rgb8()));
        let (over, lost) = (excess(&found, &truth), excess(&truth, &found));
        println!("reflection {strength}: {over:.4} too much, {lost:.4} lost");
        assert!(over < 0.03 && lost < 0.03, "{strength}: {over:.4} too much, {lost:.4} lost");
    }
}
