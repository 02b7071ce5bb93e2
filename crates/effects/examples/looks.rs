//! Every look on a photo, as sheets of labelled pictures to look at.
//!
//! `cargo run -p safelight-effects --example looks -- photos/astronaut.png sheets [width]`

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use image::{Rgb, RgbImage, imageops};
use safelight_effects::looks::LOOKS;

/// Columns and rows of a sheet.
const GRID: (u32, u32) = (5, 4);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let photo = image::open(arguments.next().ok_or("the photo is missing")?)?.to_rgb8();
    let folder = arguments.next().ok_or("the folder is missing")?;
    let width: u32 = arguments.next().map_or(Ok(300), |width| width.parse())?;
    std::fs::create_dir_all(&folder)?;
    let small = imageops::thumbnail(&photo, width, width * photo.height() / photo.width());
    let cells = GRID.0 * GRID.1;
    for (number, looks) in LOOKS.chunks(cells as usize).enumerate() {
        let mut sheet =
            RgbImage::from_pixel(GRID.0 * width, GRID.1 * small.height(), Rgb([255; 3]));
        for (cell, look) in looks.iter().enumerate() {
            let mut picture = small.clone();
            let start = Instant::now();
            look.apply(&mut picture, 1.0);
            println!("{number}/{cell:2} {} {:.0} ms", look.id, start.elapsed().as_secs_f64() * 1e3);
            let (column, row) = (cell as u32 % GRID.0, cell as u32 / GRID.0);
            imageops::replace(
                &mut sheet,
                &picture,
                i64::from(column * width),
                i64::from(row * small.height()),
            );
        }
        sheet.save(Path::new(&folder).join(format!("looks-{number}.png")))?;
    }
    Ok(())
}
