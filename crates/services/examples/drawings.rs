//! Figures of what is drawn, on the photos of the project: how flat cartoons are and how much of the
//! subject's outline they draw; whether a flood fill leaks into the subject of a colouring page, and how
//! many closed areas it has. The subject is that of the universal cut-out.

#[path = "../tests/services/drawn/drawings.rs"]
mod drawings;

use std::sync::Arc;
use std::time::{Duration, Instant};

use drawings::{closed_areas, flat_share, leaked_share, outlined_share};
use image::{DynamicImage, GrayImage, ImageFormat, RgbImage, imageops};
use safelight_operation::{Cancel, Context, Form, Inline};
use safelight_services::find;
use safelight_testkit as testkit;
use safelight_vision::Vision;

const PHOTOS: [&str; 6] =
    ["astronaut.png", "grace_hopper.jpg", "chelsea.png", "coffee.png", "flower.jpg", "rocket.jpg"];

fn run(
    vision: &Vision,
    service: &str,
    photo: &[u8],
    fields: &[(&str, &str)],
) -> (DynamicImage, f32) {
    let mut form = Form::new();
    form.add_file("image", photo.to_vec().into());
    fields.iter().for_each(|(name, value)| form.add_text(*name, *value));
    let limit = Cancel::after(Duration::from_secs(3600));
    let context = Context::new(vision.clone(), limit, Arc::new(Inline));
    let start = Instant::now();
    let job = find(service).expect("a service").prepare(&form).expect("a form");
    let bytes = job.run_here(context).expect("an answer").artifacts().swap_remove(0).bytes;
    let took = start.elapsed().as_secs_f32();
    (image::load_from_memory(&bytes).expect("a picture"), took)
}

/// The page without its margins, as large as the subject's mask.
fn inner(page: &GrayImage, subject: &GrayImage) -> GrayImage {
    let (width, height) = page.dimensions();
    let margin = (0.03 * f64::from(width.min(height))) as u32;
    let room = [width - 2 * margin, height - 2 * margin].map(f64::from);
    let own = [subject.width(), subject.height()].map(f64::from);
    let scale = (room[0] / own[0]).min(room[1] / own[1]);
    let [columns, rows] = own.map(|side| (side * scale).round() as u32);
    let (left, top) = ((width - columns) / 2, (height - rows) / 2);
    imageops::crop_imm(page, left, top, columns, rows).to_image()
}

fn main() {
    let vision = Vision::new(testkit::registry());
    println!(
        "| photo | flat, photo | flat | outlined, photo | outlined | s | page: leaked | outlined | areas | s |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for name in PHOTOS {
        let bytes = testkit::photo(name);
        let photo: RgbImage = image::load_from_memory(&bytes).expect("a picture").into_rgb8();
        let mut png = std::io::Cursor::new(Vec::new());
        DynamicImage::from(photo.clone()).write_to(&mut png, ImageFormat::Png).expect("a file");
        let png = png.into_inner();
        let matte = [("return_form", "mask")];
        let subject = run(&vision, "universal-background-removal", &png, &matte).0.to_luma8();
        let (cartoon, took) =
            run(&vision, "image-style-conversion", &png, &[("option", "cartoon")]);
        let gray = |picture: &RgbImage| DynamicImage::from(picture.clone()).to_luma8();
        let cartoon = cartoon.to_rgb8();
        let (page, drew) = run(&vision, "photo-to-line-art", &png, &[("image_size", "auto")]);
        let page = inner(&page.to_luma8(), &subject);
        let large = imageops::resize(&subject, page.width(), page.height(), imageops::Triangle);
        println!(
            "| {name} | {:.2} | {:.2} | {:.2} | {:.2} | {took:.1} | {:.3} | {:.2} | {} | {drew:.1} |",
            flat_share(&photo),
            flat_share(&cartoon),
            outlined_share(&gray(&photo), &subject, 4, 90),
            outlined_share(&gray(&cartoon), &subject, 4, 90),
            leaked_share(&page, &large, 16),
            outlined_share(&page, &large, 10, 128),
            closed_areas(&page, 0.0004),
        );
    }
}
