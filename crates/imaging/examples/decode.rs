//! How fast pictures are decoded, beside the decoders of the crate `image` (for JPEG `zune-jpeg`),
//! in turns on one thread.
//!
//! `cargo run --release -p safelight-imaging --example decode -- photos/*.jpg`

use std::error::Error;
use std::time::{Duration, Instant};

use safelight_imaging::{decode, probe};

const ROUNDS: usize = 30;

fn main() -> Result<(), Box<dyn Error>> {
    println!("| file | megapixels | ms/megapixel | image, ms/megapixel | ratio |");
    println!("|---|--:|--:|--:|--:|");
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path)?;
        let header = probe(&bytes).map_err(|fault| format!("{path}: {fault}"))?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let start = Instant::now();
            decode(&bytes, &header).map_err(|fault| format!("{path}: {fault}"))?;
            ours.push(start.elapsed());
            let start = Instant::now();
            drop(image::load_from_memory(&bytes)?.into_rgb8());
            theirs.push(start.elapsed());
        }
        let megapixels = header.pixels() as f64 / 1e6;
        let (ours, theirs) = (median(ours) / megapixels, median(theirs) / megapixels);
        println!("| {path} | {megapixels:.2} | {ours:.1} | {theirs:.1} | {:.2} |", ours / theirs);
    }
    Ok(())
}

/// In milliseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e3
}
