//! The floors of the services: what no server can leave out. For each photo given, the times of
//! decoding it, of the raw runs of the model that the service needs for it, and of encoding the
//! service's result, as a JSON object a line: `service`, `photo`, `floor`, `ms` (all runs).
//!
//! ```sh
//! cargo run --release -p safelight-services --example stages -- --count 10 photos/astronaut.png
//! ```

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use safelight_imaging::{Cutout, Photo, decode, encode, probe};
use safelight_inference::Tensor;
use safelight_operation::{Artifact, Cancel, Context, Form, Inline};
use safelight_services::find;
use safelight_testkit as testkit;
use safelight_vision::Vision;
use serde_json::json;

type Outcome<T> = Result<T, Box<dyn Error>>;

const CUTOUT: &str = "/api/cutout/general/universal-background-removal";
const CONTRAST: &str = "/api/image/enhance/image-contrast-enhancement";
/// Runs before the first that counts.
const WARM_UP: u32 = 2;

fn main() -> Outcome<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut count = 10;
    if arguments.first().is_some_and(|first| first == "--count") {
        count = arguments.get(1).ok_or("--count needs a number")?.parse()?;
        arguments.drain(..2);
    }
    let vision = Vision::new(testkit::registry());
    for photo in &arguments {
        let bytes = Bytes::from(std::fs::read(photo)?);
        let print = |service: &str, floor: &str, ms: Vec<f64>| {
            println!("{}", json!({ "service": service, "photo": photo, "floor": floor, "ms": ms }));
        };
        for service in [CUTOUT, CONTRAST] {
            print(service, "decode", times(count, || read(&bytes))?);
            let result = read(&result(service, &vision, &bytes)?.bytes)?;
            if service == CUTOUT {
                print(service, "engine", engine(count, passes(&vision, &bytes)?)?);
                let alpha = result.alpha.ok_or("the cut-out has no alpha")?;
                let cutout = Cutout { rgb: result.rgb, alpha };
                print(service, "encode", times(count, || Ok(encode::png_cutout(&cutout)?))?);
            } else {
                print(service, "encode", times(count, || Ok(encode::photo(&result)?))?);
            }
        }
    }
    Ok(())
}

/// Milliseconds of each of so many runs.
fn times<T>(count: u32, mut run: impl FnMut() -> Outcome<T>) -> Outcome<Vec<f64>> {
    let mut took = Vec::new();
    for turn in 0..WARM_UP + count {
        let start = Instant::now();
        let outcome = run()?;
        let time = start.elapsed();
        drop(outcome);
        if turn >= WARM_UP {
            took.push(time.as_secs_f64() * 1000.0);
        }
    }
    Ok(took)
}

fn read(bytes: &[u8]) -> Outcome<Photo> {
    Ok(decode(bytes, &probe(bytes)?)?)
}

/// How often the service looks at the photo with its model.
fn passes(vision: &Vision, bytes: &[u8]) -> Outcome<u32> {
    let photo = read(bytes)?.rgb;
    let region = vision.salient(&photo)?.region;
    Ok(if (region.width, region.height) == photo.dimensions() { 1 } else { 2 })
}

/// The model alone, so many passes a run, on numbers of no meaning.
fn engine(count: u32, passes: u32) -> Outcome<Vec<f64>> {
    let model = testkit::registry().get("u2net")?;
    let input = Tensor::new([1, 3, 320, 320], vec![0.5_f32; 3 * 320 * 320])?;
    times(count, || {
        for _ in 0..passes {
            model.run(&[("input.1", &input)])?;
        }
        Ok(())
    })
}

/// The picture that a service makes of a photo.
fn result(service: &str, vision: &Vision, bytes: &Bytes) -> Outcome<Artifact> {
    let mut form = Form::new();
    form.add_file("image", bytes.clone());
    let job = find(service).ok_or("no such service")?.prepare(&form)?;
    let cancel = Cancel::after(Duration::from_secs(60));
    let node = job.run_here(Context::new(vision.clone(), cancel, Arc::new(Inline)))?;
    node.artifacts().into_iter().next().ok_or_else(|| "the answer holds no picture".into())
}
