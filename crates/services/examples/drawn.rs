//! What drawing services make of photos, written as pictures to look at.
//!
//! `drawn FOLDER SERVICE name=value,name=value PHOTO...` writes one PNG for each photo.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use safelight_operation::{Cancel, Context, Form, Inline};
use safelight_services::find;
use safelight_testkit as testkit;
use safelight_vision::Vision;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, service, fields, photos @ ..] = &arguments[..] else {
        panic!("drawn FOLDER SERVICE name=value,name=value PHOTO...")
    };
    let vision = Vision::new(testkit::registry());
    let endpoint = find(service).expect("a service");
    for photo in photos {
        let mut form = Form::new();
        let picture = endpoint.files().next().expect("a picture").name;
        form.add_file(picture, std::fs::read(photo).expect("a photo").into());
        for field in fields.split(',').filter(|field| !field.is_empty()) {
            let (name, value) = field.split_once('=').expect("name=value");
            match value.strip_prefix('@') {
                Some(file) => form.add_file(name, std::fs::read(file).expect("a file").into()),
                None => form.add_text(name, value.to_owned()),
            }
        }
        let stem = Path::new(photo).file_stem().and_then(|stem| stem.to_str()).unwrap_or("photo");
        let label = fields.replace(['=', ',', ' ', '/', '@'], "_");
        let start = Instant::now();
        let context =
            Context::new(vision.clone(), Cancel::after(Duration::from_secs(600)), Arc::new(Inline));
        let made = endpoint.prepare(&form).and_then(|job| job.run_here(context.clone()));
        let took = start.elapsed().as_secs_f32();
        match made {
            Ok(node) => {
                for artifact in node.artifacts() {
                    let picture = image::load_from_memory(&artifact.bytes).expect("a picture");
                    let file = Path::new(folder).join(format!("{service}-{stem}-{label}.png"));
                    picture.save(&file).expect("it is written");
                    println!("{} {took:.1} s", file.display());
                }
            }
            Err(fault) => println!("{stem} {label}: {:?} {fault}", fault.code()),
        }
        for stage in context.stages() {
            println!("  {} {:.2}", stage.name, stage.took.as_secs_f32());
        }
    }
}
