//! Every look on a photo, as one sheet in the order of the data file, and the time of each.
//!
//! `cargo run -p safelight-effects --example looks -- photos/astronaut.png looks.jpg [width]`

use std::error::Error;
use std::time::Instant;

use image::{Rgb, RgbImage, imageops};
use safelight_effects::looks::LOOKS;

/// Width of the sheet.
const WIDTH: u32 = 1320;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let photo = image::open(arguments.next().ok_or("the photo is missing")?)?.to_rgb8();
    let file = arguments.next().ok_or("the sheet's file is missing")?;
    let width: u32 = arguments.next().map_or(Ok(264), |width| width.parse())?;
    let height = width * photo.height() / photo.width();
    let columns = (WIDTH / width).max(1);
    let rows = (LOOKS.len() as u32).div_ceil(columns);
    let mut sheet = RgbImage::from_pixel(columns * width, rows * height, Rgb([255; 3]));
    for (cell, look) in (0..).zip(LOOKS.iter()) {
        let mut picture = photo.clone();
        let start = Instant::now();
        look.apply(&mut picture, 1.0);
        println!("{cell:3} {} {:.0} ms", look.id, start.elapsed().as_secs_f64() * 1e3);
        let small = imageops::thumbnail(&picture, width, height);
        let (left, top) = (cell % columns * width, cell / columns * height);
        imageops::replace(&mut sheet, &small, left.into(), top.into());
    }
    sheet.save(file)?;
    Ok(())
}
