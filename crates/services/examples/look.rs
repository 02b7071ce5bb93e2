//! What a service makes of pictures, to look at: each result is written as a PNG, other answers are
//! printed.
//!
//! ```sh
//! cargo run -p safelight-services --example look -- image-style-conversion -o out \
//!     -p option=pencil photos/*.jpg
//! ```
//!
//! `-f style=FILE` adds a file field; pictures are sent in the first one that is left.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use safelight_services::{Cancel, Form, Work, find};
use safelight_testkit as testkit;
use safelight_vision::Vision;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let entry =
        arguments.next().as_deref().and_then(find).ok_or("the first argument is a service")?;
    let (mut shared, mut out, mut photos) = (Form::new(), PathBuf::from("."), Vec::new());
    let mut given = Vec::new();
    while let Some(argument) = arguments.next() {
        let mut pair = || -> Result<(String, String), Box<dyn Error>> {
            let pair = arguments.next().ok_or("an option needs a value")?;
            let (name, value) = pair.split_once('=').ok_or("NAME=VALUE is needed")?;
            Ok((name.to_owned(), value.to_owned()))
        };
        match &*argument {
            "-o" => out = arguments.next().ok_or("-o needs a folder")?.into(),
            "-p" => {
                let (name, value) = pair()?;
                shared.add_text(name, value);
            }
            "-f" => {
                let (name, file) = pair()?;
                shared.add_file(name.clone(), std::fs::read(file)?.into());
                given.push(name);
            }
            photo => photos.push(PathBuf::from(photo)),
        }
    }
    let files = entry.declaration().files;
    let field = files.iter().find(|file| given.iter().all(|name| name != file.name));
    let field = field.ok_or("no file field is left")?.name;
    std::fs::create_dir_all(&out)?;
    let vision = Vision::new(testkit::registry());
    for photo in photos {
        let mut form = shared.clone();
        form.add_file(field, std::fs::read(&photo)?.into());
        let work = Work::new(&vision, Cancel::after(Duration::from_secs(600)));
        let start = Instant::now();
        let node = entry.prepare(&form).and_then(|job| job.run(&work));
        let took = start.elapsed().as_millis();
        let name = photo.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        match node {
            Err(fault) => println!("{name}: {took} ms, {fault}"),
            Ok(node) => {
                let json = node.into_json(&mut |artifact| write(&out, &name, &artifact.bytes))?;
                println!("{name}: {took} ms, {}", shown(json, &out, &name)?);
            }
        }
    }
    Ok(())
}

fn write(out: &Path, name: &str, bytes: &[u8]) -> Result<String, Box<dyn Error>> {
    let path = out.join(format!("{name}.png"));
    image::load_from_memory(bytes)?.save(&path)?;
    Ok(path.display().to_string())
}

/// The answer with its Base64 picture written to a file.
fn shown(
    mut json: serde_json::Value,
    out: &Path,
    name: &str,
) -> Result<serde_json::Value, Box<dyn Error>> {
    use base64::Engine as _;
    if let Some(text) = json["image"].as_str() {
        let bytes = base64::engine::general_purpose::STANDARD.decode(text)?;
        json["image"] = write(out, name, &bytes)?.into();
    }
    Ok(json)
}
