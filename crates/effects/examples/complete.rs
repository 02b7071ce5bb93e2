//! Fills holes in photos: times, texture against the surroundings, and pictures to look at.
//!
//! `cargo run -p safelight-effects --example complete -- out photos/coffee.png 500,330,50,30 ...`
//!
//! Holes are ellipses: centre and half axes. Without holes, eight of 3 % are placed over the photo.
//! `--scale=2` enlarges photos first, `--band=1` or `--band=try`, `--seed=3`, `--rounds=1`.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use image::{GrayImage, Luma, Rgb, RgbImage, imageops};
use safelight_effects::complete::{Options, Reach, complete};
use safelight_imaging::color::luma;

fn main() -> Result<(), Box<dyn Error>> {
    let mut options = Options::default();
    let (mut scale, mut plain) = (1.0, Vec::new());
    for argument in std::env::args().skip(1) {
        match argument.split_once('=') {
            Some(("--scale", value)) => scale = value.parse::<f32>()?,
            Some(("--band", "try")) => options.reach = Reach::Tried,
            Some(("--band", value)) => options.reach = Reach::Rows(value.parse()?),
            Some(("--seed", value)) => options.seed = value.parse()?,
            Some(("--rounds", value)) => options.rounds = value.parse()?,
            _ => plain.push(argument),
        }
    }
    let folder = Path::new(plain.first().ok_or("the folder is missing")?);
    let path = Path::new(plain.get(1).ok_or("the photo is missing")?);
    std::fs::create_dir_all(folder)?;
    let photo = image::open(path)?.to_rgb8();
    let side = |side: u32| (side as f32 * scale) as u32;
    let photo = imageops::resize(
        &photo,
        side(photo.width()),
        side(photo.height()),
        imageops::FilterType::CatmullRom,
    );
    let given = plain[2..].iter().map(|text| -> Result<Vec<f32>, Box<dyn Error>> {
        Ok(text
            .split(',')
            .map(|number| number.parse::<f32>().map(|n| n * scale))
            .collect::<Result<_, _>>()?)
    });
    let mut holes = given.collect::<Result<Vec<_>, _>>()?;
    if holes.is_empty() {
        let (width, height) = (photo.width() as f32, photo.height() as f32);
        let radius = (0.03 * width * height / std::f32::consts::PI).sqrt();
        let places = (0..8).map(|i| ((i % 4) as f32 / 4.0 + 0.125, (i / 4) as f32 / 2.0 + 0.25));
        holes = places.map(|(x, y)| vec![x * width, y * height, radius, radius]).collect();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    for (number, hole) in holes.iter().enumerate() {
        let [x, y, rx, ry] = hole[..] else { return Err("a hole has four numbers".into()) };
        let ellipse = |grow: f32| {
            GrayImage::from_fn(photo.width(), photo.height(), |px, py| {
                let (dx, dy) = ((px as f32 - x) / rx, (py as f32 - y) / ry);
                Luma([if dx.hypot(dy) <= grow { 255 } else { 0 }])
            })
        };
        let (hole, around) = (ellipse(1.0), ellipse(1.5));
        let mut ring = around;
        ring.iter_mut().zip(hole.iter()).for_each(|(ring, hole)| *ring -= *hole);
        let mut filled = photo.clone();
        let start = Instant::now();
        complete(&mut filled, &hole, None, &options, &|| Ok(()))?;
        let took = start.elapsed().as_secs_f64() * 1e3;
        let share =
            100.0 * hole.iter().filter(|hole| **hole > 0).count() as f64 / hole.len() as f64;
        let texture = texture(&filled, &hole) / texture(&photo, &ring);
        println!(
            "{stem} {number}: {share:.1} %, {took:.0} ms, texture {texture:.2} of that around"
        );
        let mut sheet = RgbImage::new(photo.width() * 2, photo.height());
        imageops::replace(&mut sheet, &photo, 0, 0);
        for (x, y, _) in hole.enumerate_pixels().filter(|(_, _, hole)| hole.0[0] > 0) {
            let Rgb([r, g, b]) = *photo.get_pixel(x, y);
            sheet.put_pixel(x, y, Rgb([r / 2 + 127, g / 2, b / 2 + 127]));
        }
        imageops::replace(&mut sheet, &filled, photo.width().into(), 0);
        sheet.save(folder.join(format!("{stem}-{number}.jpg")))?;
    }
    Ok(())
}

/// Standard deviation of fine detail where `area` is.
fn texture(photo: &RgbImage, area: &GrayImage) -> f32 {
    let blurred = imageops::blur(photo, 1.5);
    let pairs = photo.pixels().zip(blurred.pixels()).zip(area.iter());
    let inside = pairs.filter(|(_, area)| **area > 0);
    let squares: Vec<f32> = inside
        .map(|((a, b), _)| (luma(a.0.map(f32::from)) - luma(b.0.map(f32::from))).powi(2))
        .collect();
    (squares.iter().sum::<f32>() / squares.len().max(1) as f32).sqrt()
}
