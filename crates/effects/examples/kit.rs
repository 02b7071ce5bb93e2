//! Draws the regions of every face of a photo: `kit PHOTO OUT.png`. Skin green, lips red, irises blue,
//! what lies over the face yellow.

use image::RgbImage;
use image::imageops;
use safelight_effects::Kit;
use safelight_testkit as testkit;
use safelight_vision::Vision;
use safelight_vision::face::Face;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(from), Some(to)) = (arguments.next(), arguments.next()) else {
        panic!("kit PHOTO OUT.png");
    };
    let photo = image::open(&from).expect("a photo").into_rgb8();
    let vision = Vision::new(testkit::registry());
    let mut drawn = photo.clone();
    for detection in vision.detect_faces(&photo).expect("faces") {
        let face = Face::new(&vision, &photo, detection);
        match Kit::of(&face) {
            Ok(kit) => draw(&kit, &photo, &mut drawn),
            Err(fault) => println!("{fault}"),
        }
    }
    drawn.save(to).expect("a file");
}

fn draw(kit: &Kit, photo: &RgbImage, drawn: &mut RgbImage) {
    let window = kit.window(0.3).expect("in the photo");
    println!(
        "fw {:.0} yaw {:.0} ita {:.0} lab {:?} glasses {} window {window:?}",
        kit.fw,
        kit.pose.yaw,
        kit.skin.ita(),
        kit.skin.lab,
        kit.glasses
    );
    let cut = window.cut(photo);
    let masks = [
        (kit.face_skin(&window, &cut), [0, 255, 0]),
        (kit.lips(&window), [255, 0, 0]),
        (kit.iris(&window, 0), [0, 0, 255]),
        (kit.iris(&window, 1), [0, 0, 255]),
        (kit.occluders(&window), [255, 255, 0]),
    ];
    let mut layer = cut.clone();
    for (mask, color) in masks {
        for (pixel, &value) in layer.pixels_mut().zip(&mask.values) {
            for (channel, color) in pixel.0.iter_mut().zip(color) {
                let mixed = f32::from(*channel) * (1.0 - 0.6 * value) + 0.6 * value * color as f32;
                *channel = mixed as u8;
            }
        }
    }
    let region = window.region;
    let size =
        imageops::resize(&layer, region.width, region.height, imageops::FilterType::Triangle);
    imageops::replace(drawn, &size, i64::from(region.x), i64::from(region.y));
}
