//! Puts the largest face of one picture into another, and writes the giver, the picture before and after
//! side by side.
//!
//! `cargo run -p safelight-effects --example swap -- GIVER PICTURE OUT.png ZOOM [SIMILARITY]`

use std::error::Error;

use image::{RgbImage, imageops};
use safelight_effects::{Kit, swap};
use safelight_testkit as testkit;
use safelight_vision::Vision;
use safelight_vision::face::{Embedding, Face};

fn look(vision: &Vision, photo: &RgbImage) -> Result<(Kit, Embedding), Box<dyn Error>> {
    let found = vision.detect_faces(photo).map_err(|fault| fault.to_string())?;
    let face = Face::new(vision, photo, *found.first().ok_or("no face")?);
    let kit = Kit::of(&face).map_err(|fault| fault.to_string())?;
    Ok((kit, face.embedding()?.clone()))
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [giver, picture, out, zoom, rest @ ..] = arguments.as_slice() else {
        return Err("GIVER PICTURE OUT.png ZOOM [SIMILARITY]".into());
    };
    let zoom: f32 = zoom.parse()?;
    let similarity = rest.first().map_or(Ok(1.0), |text| text.parse())?;
    let vision = Vision::new(testkit::registry());
    let [giver, before] = [giver, picture].map(|path| image::open(path).map(|p| p.to_rgb8()));
    let (giver, before) = (giver?, before?);
    let (kit, given) = look(&vision, &giver)?;
    let (receiver, own) = look(&vision, &before)?;
    println!(
        "giver {:?} glasses {}, picture {:?} glasses {}",
        kit.pose, kit.glasses, receiver.pose, receiver.glasses
    );
    let mut after = before.clone();
    let start = std::time::Instant::now();
    let blend = swap::paint((&kit, &giver), &receiver, &mut after, similarity);
    println!("{:?} in {:?}", blend.map(|blend| blend.is_some()), start.elapsed());
    let (_, new) = look(&vision, &after)?;
    println!(
        "cos to the giver {:.3} (before {:.3}), to the receiver {:.3}",
        new.cosine(&given),
        own.cosine(&given),
        new.cosine(&own)
    );
    let cut = |picture: &RgbImage, kit: &Kit, scale: f32| {
        let rect = kit.mesh.rect().grown(1.6);
        let (x, y) = (rect.x.max(0.0) as u32, rect.y.max(0.0) as u32);
        let (wide, high) = (rect.width as u32, rect.height as u32);
        let part = imageops::crop_imm(picture, x, y, wide, high).to_image();
        let side = |length: u32| (length as f32 * scale) as u32;
        let (width, height) = (side(part.width()), side(part.height()));
        imageops::resize(&part, width, height, imageops::FilterType::CatmullRom)
    };
    let parts = [
        cut(&giver, &kit, zoom * receiver.fw / kit.fw),
        cut(&before, &receiver, zoom),
        cut(&after, &receiver, zoom),
    ];
    let width = parts.iter().map(|part| part.width() + 4).sum();
    let height = parts.iter().map(RgbImage::height).max().unwrap_or(1);
    let mut sheet = RgbImage::new(width, height);
    let mut left = 0;
    for part in &parts {
        imageops::replace(&mut sheet, part, left, 0);
        left += i64::from(part.width()) + 4;
    }
    sheet.save(out)?;
    Ok(())
}
