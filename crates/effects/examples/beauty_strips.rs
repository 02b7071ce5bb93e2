//! Makes the strips of `docs/effects/beauty.md`: `beauty_strips FOLDER`. The left half of each is the photo,
//! the right half the result.

use image::{RgbImage, imageops};
use safelight_effects::{Beauty, Features, Kit, Retouch, Shape, Treatment};
use safelight_testkit as testkit;
use safelight_vision::Vision;
use safelight_vision::face::Face;

/// What is done.
enum Asked {
    Beauty(Beauty),
    Treatment(Treatment),
}

/// A strip: its name, the photo with its part (left, top, width, height) and how much larger it is shown.
type Strip = (&'static str, &'static str, [u32; 4], u32, Asked);

const YOUNG: (&str, [u32; 4], u32) = ("astronaut.png", [160, 55, 130, 160], 4);
const OLD: (&str, [u32; 4], u32) = ("grace_hopper.jpg", [130, 100, 260, 260], 2);

fn strips() -> Vec<Strip> {
    let still = Beauty::default();
    let strip = |name, (photo, part, zoom): (&'static str, [u32; 4], u32), asked| {
        (name, photo, part, zoom, asked)
    };
    let skin = Retouch { smooth: 0.8, lighten: 5.0, even: 0.0 };
    let features = Features { sharp: 0.3, ..Features::default() };
    let slim = Shape { slim: 0.09, chin_up: 0.02, ..Shape::default() };
    let advanced = Shape { slim: 0.042, eyes: 0.175, ..Shape::default() };
    let square = Shape { square: 1.0, ..Shape::default() };
    let smart = Beauty {
        skin: Retouch { smooth: 0.6, lighten: 0.0, even: 0.5 },
        features: Features { sharp: 0.2, teeth: 4.0, eye_whites: 3.0 },
        shape: Shape { slim: 0.03, eyes: 0.10, ..Shape::default() },
        brows: 0.0,
    };
    let skin = Beauty { skin, features, ..still };
    vec![
        strip("beauty-skin", YOUNG, Asked::Beauty(skin)),
        strip("beauty-skin-glasses", OLD, Asked::Beauty(skin)),
        strip("beauty-smart", YOUNG, Asked::Beauty(smart)),
        strip("beauty-treatment", OLD, Asked::Treatment(Treatment::all(1.0))),
        strip("beauty-slim", OLD, Asked::Beauty(Beauty { shape: slim, ..still })),
        strip("beauty-eyes", YOUNG, Asked::Beauty(Beauty { shape: advanced, ..still })),
        strip("beauty-square", YOUNG, Asked::Beauty(Beauty { shape: square, ..still })),
        strip("beauty-brows", YOUNG, Asked::Beauty(Beauty { brows: 1.0, ..still })),
    ]
}

fn main() {
    let folder = std::env::args().nth(1).expect("beauty_strips FOLDER");
    let vision = Vision::new(testkit::registry());
    for (name, photo, [left, top, width, height], zoom, asked) in strips() {
        let bytes = testkit::photo(photo);
        let photo = image::load_from_memory(&bytes).expect("a picture").into_rgb8();
        let found = vision.detect_faces(&photo).expect("faces").swap_remove(0);
        let kit = [Kit::of(&Face::new(&vision, &photo, found)).expect("a face")];
        let mut result = photo.clone();
        let done = match asked {
            Asked::Beauty(beauty) => beauty.apply(&mut result, &kit, &|| Ok(())),
            Asked::Treatment(treatment) => treatment.apply(&mut result, &kit, &|| Ok(())),
        };
        done.expect("nothing stops it");
        let (wide, high) = (width * zoom, height * zoom);
        let mut strip = RgbImage::from_pixel(2 * wide + 8, high, image::Rgb([255; 3]));
        for (picture, x) in [(&photo, 0), (&result, i64::from(wide) + 8)] {
            let part = imageops::crop_imm(picture, left, top, width, height).to_image();
            let large = imageops::resize(&part, wide, high, imageops::CatmullRom);
            imageops::replace(&mut strip, &large, x, 0);
        }
        strip.save(format!("{folder}/{name}.jpg")).expect("a file");
        println!("{name}");
    }
}
