//! The whole table of attacks on marked photos, presence in unmarked ones, and times.
//!
//! `cargo run -p safelight-effects --example marks -- photos/*.jpg photos/*.png`

#[path = "../tests/effects/mark/attacks.rs"]
mod attacks;

use std::error::Error;
use std::time::Instant;

use attacks::{ATTACKS, cropped, scaled};
use image::RgbImage;
use safelight_effects::mark::{self, Mode};
use safelight_testkit::psnr;

const MODES: [(Mode, &str); 3] = [
    (Mode::Plain, "mark 10by"),
    (Mode::Plus, "a mark of 22 bytes"),
    (Mode::Bold, "a mark of 22 bytes"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut photos = Vec::new();
    for path in std::env::args().skip(1) {
        let photo = image::open(&path)?.to_rgb8();
        let pixels = f64::from(photo.width() * photo.height());
        let fitted = |target: f64| scaled(&photo, (target / pixels).sqrt() as f32);
        photos.push([fitted(0.25e6), fitted(1e6)]);
    }
    for (column, megapixels) in ["0.25", "1"].iter().enumerate() {
        println!("\n{megapixels} MP, failures of {}: plain, plus, bold", photos.len());
        let mut marked: Vec<Vec<RgbImage>> = Vec::new();
        for (mode, text) in MODES {
            let (mut all, mut dbs, mut took) = (Vec::new(), 0.0, 0.0);
            for photo in &photos {
                let mut photo_marked = photo[column].clone();
                let start = Instant::now();
                match mark::embed_text(&mut photo_marked, text, mode) {
                    Ok(()) => {}
                    Err(fault) => println!("  {mode:?}: {fault}"),
                }
                took += start.elapsed().as_secs_f64();
                dbs += psnr(&photo[column], &photo_marked);
                all.push(photo_marked);
            }
            let count = photos.len() as f64;
            println!("  {mode:?}: {:.1} dB, {:.0} ms to embed", dbs / count, took / count * 1e3);
            marked.push(all);
        }
        for attack in ATTACKS {
            let mut cells = Vec::new();
            let mut slowest = 0.0_f64;
            for ((mode, text), marked) in MODES.iter().zip(&marked) {
                let failed = marked.iter().filter(|photo| {
                    let attacked = (attack.apply)(photo);
                    let start = Instant::now();
                    let found = mark::read_text(&attacked, *mode);
                    slowest = slowest.max(start.elapsed().as_secs_f64());
                    found.as_deref() != Ok(*text)
                });
                cells.push(failed.count().to_string());
            }
            println!("| {} | {} | {:.0} ms |", attack.name, cells.join(" | "), slowest * 1e3);
        }
    }
    let mut false_texts = 0;
    let mut tried = 0;
    for photo in photos.iter().map(|photo| &photo[0]) {
        for part in [
            photo.clone(),
            scaled(photo, 0.8),
            cropped(photo, 0.5),
            cropped(photo, 0.3),
            scaled(photo, 1.3),
        ] {
            for (mode, _) in &MODES[..2] {
                tried += 1;
                false_texts += usize::from(mark::read_text(&part, *mode).is_ok());
            }
        }
    }
    println!("\nunmarked: {false_texts} of {tried} read as marked");
    Ok(())
}
