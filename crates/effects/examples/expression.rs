//! Shows expressions on the largest face of a photo, side by side, and what the judges see in them.
//!
//! `cargo run -p safelight-effects --example expression -- PHOTO OUT.png ZOOM STRENGTH NAME...`; a name is that of an
//! expression or an emotion.

use std::error::Error;

use image::{RgbImage, imageops};
use safelight_effects::{Kit, expression};
use safelight_testkit as testkit;
use safelight_vision::Vision;
use safelight_vision::face::Face;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [photo, out, zoom, strength, names @ ..] = arguments.as_slice() else {
        return Err("PHOTO OUT.png ZOOM STRENGTH NAME...".into());
    };
    let (zoom, strength): (f32, f32) = (zoom.parse()?, strength.parse()?);
    let vision = Vision::new(testkit::registry());
    let photo = image::open(photo)?.to_rgb8();
    let found = vision.detect_faces(&photo).map_err(|fault| fault.to_string())?;
    let face = Face::new(&vision, &photo, *found.first().ok_or("no face")?);
    let kit = Kit::of(&face).map_err(|fault| fault.to_string())?;
    println!("fw {:.0}, yaw {:.0}, glasses {}", kit.fw, kit.pose.yaw, kit.glasses);
    let rect = kit.mesh.rect().grown(1.5);
    let cut = |picture: &RgbImage| {
        let (x, y) = (rect.x.max(0.0) as u32, rect.y.max(0.0) as u32);
        let (wide, high) = (rect.width as u32, rect.height as u32);
        let part = imageops::crop_imm(picture, x, y, wide, high).to_image();
        let (width, height) = (part.width() as f32 * zoom, part.height() as f32 * zoom);
        let filter = imageops::FilterType::CatmullRom;
        imageops::resize(&part, width as u32, height as u32, filter)
    };
    let mut pictures = vec![cut(&photo)];
    for name in names {
        let emotion = expression::emotion(name).and_then(|emotion| emotion.shown.as_ref().ok());
        let wanted = expression::find(name).or(emotion).ok_or("no such expression")?;
        let mut after = photo.clone();
        let start = std::time::Instant::now();
        wanted.show(&kit, &mut after, strength);
        let took = start.elapsed();
        let faces = vision.detect_faces(&after).map_err(|fault| fault.to_string())?;
        let changed = Face::new(&vision, &after, *faces.first().ok_or("lost")?);
        let cosine = changed.embedding()?.cosine(face.embedding()?);
        let [before, now] = [face.blendshapes()?, changed.blendshapes()?];
        let moods = [face.emotions()?, changed.emotions()?];
        let mut gains: Vec<(f32, &str)> = safelight_vision::face::expression::BLENDSHAPES
            .iter()
            .map(|name| (now.strength(name) - before.strength(name), *name))
            .collect();
        gains.sort_by(|a, b| b.0.total_cmp(&a.0));
        let gains: Vec<String> =
            gains.iter().take(4).map(|(gain, name)| format!("{name} {gain:+.2}")).collect();
        println!(
            "{name}: cos {cosine:.3}, smile {:+.2}, moods {:?} {:?}, {}, {took:?}",
            now.smile() - before.smile(),
            moods[0].likeliest(),
            moods[1].likeliest(),
            gains.join(", ")
        );
        pictures.push(cut(&after));
    }
    let (width, height) = pictures[0].dimensions();
    let columns = pictures.len().min(5) as u32;
    let rows = (pictures.len() as u32).div_ceil(columns);
    let mut sheet = RgbImage::new(columns * (width + 4), rows * (height + 4));
    for (index, picture) in pictures.iter().enumerate() {
        let (column, row) = (index as u32 % columns, index as u32 / columns);
        let (x, y) = (column * (width + 4), row * (height + 4));
        imageops::replace(&mut sheet, picture, i64::from(x), i64::from(y));
    }
    sheet.save(out)?;
    Ok(())
}
