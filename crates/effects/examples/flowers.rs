//! Draws flowers from words.
//!
//! `cargo run -p safelight-effects --example flowers -- out.png NAME "roses, daisies" "lush" "cream" 1080x1920`

use std::error::Error;
use std::time::Instant;

use safelight_effects::flowers::{Order, draw};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, name, flowers, style, background, size] = &arguments[..] else {
        return Err("six arguments are needed: file, name, flowers, style, background, size".into());
    };
    let (width, height) = size.split_once('x').ok_or("the size is no 1080x1920")?;
    let size = [width.parse()?, height.parse()?];
    let start = Instant::now();
    let picture = draw(&Order { name, flowers, style, background, size });
    println!("{:.0} ms", start.elapsed().as_secs_f64() * 1e3);
    picture.save(file)?;
    Ok(())
}
