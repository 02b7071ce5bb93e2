//! Flowers follow their words, and repeat.

use image::RgbImage;
use safelight_effects::flowers::{Order, draw};
use safelight_imaging::color::luma;

const ORDER: Order = Order {
    name: "",
    flowers: "red poppies",
    style: "watercolor",
    background: "cream",
    size: [200, 260],
};

fn mean(picture: &RgbImage, value: impl Fn([f32; 3]) -> f32) -> f32 {
    let sum: f32 = picture.pixels().map(|pixel| value(pixel.0.map(f32::from))).sum();
    sum / picture.pixels().len() as f32
}

#[test]
fn equal_words_give_equal_pictures() {
    let once = draw(&ORDER);
    assert_eq!(once.dimensions(), (200, 260));
    assert!(once == draw(&ORDER));
    assert!(once == draw(&Order { flowers: "Red POPPIES", ..ORDER }), "case counts");
    assert!(once != draw(&Order { flowers: "red poppy", ..ORDER }), "words make no difference");
}

#[test]
fn words_choose_colours_and_fullness() {
    let redness = |flowers| mean(&draw(&Order { flowers, ..ORDER }), |[r, _, b]| r - b);
    assert!(redness("red poppies") > redness("blue poppies") + 5.0);
    let light = |background| mean(&draw(&Order { background, ..ORDER }), luma);
    assert!(light("cream") > 170.0 && light("navy night") < 110.0);
    let paint = |style| 255.0 - mean(&draw(&Order { style, background: "white", ..ORDER }), luma);
    assert!(paint("lush") > 1.3 * paint("minimal"));
}

#[test]
fn the_name_stands_in_the_middle() {
    let dark = |name: &str| {
        let picture = draw(&Order { name, ..ORDER });
        let middle = image::imageops::crop_imm(&picture, 60, 118, 80, 24).to_image();
        middle.pixels().filter(|pixel| luma(pixel.0.map(f32::from)) < 120.0).count()
    };
    assert_eq!(dark(""), 0);
    assert!(dark("EMILY") > 40, "no letters: {}", dark("EMILY"));
}
