//! What effects on faces cost and keep, service by service: milliseconds of processor time for each
//! megapixel, apart from decoding, models and encoding; texture of the skin kept; cosine of the face to the
//! photo's; how much lighter the skin and how much wider the jaw is.
//!
//! Each runs three times on a head of 1 megapixel, in one process.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use image::{DynamicImage, ImageFormat, RgbImage, imageops};
use safelight_effects::portrait::SKIN;
use safelight_effects::retouch::{texture, tone};
use safelight_effects::{Kit, Window};
use safelight_imaging::map::Map;
use safelight_operation::{Artifact, Cancel, Context, Form, Inline, Stage};
use safelight_services::find;
use safelight_testkit as testkit;
use safelight_vision::Vision;
use safelight_vision::face::{Embedding, Face};

/// A service, what it is asked, and the name of its picture.
type Asked = (&'static str, &'static [(&'static str, &'static str)], &'static str);

/// The services, what they are asked, and whether their picture has another name than `image`.
const ASKED: [Asked; 11] = [
    // Nothing but decoding, finding the face and encoding.
    ("smart-face-slimming", &[("slim_degree", "0")], "image"),
    ("face-beauty", &[("sharp", "0.5"), ("smooth", "0.5"), ("white", "0.5")], "image"),
    ("face-beauty", &[("sharp", "1"), ("smooth", "1"), ("white", "1")], "image"),
    ("face-beauty-advanced", &[], "image"),
    ("face-beauty-pro", &[], "image"),
    ("smart-beauty", &[], "image_target"),
    ("smart-skin", &[], "image"),
    ("smart-skin-advanced", &[], "image"),
    ("smart-face-slimming", &[], "image"),
    ("smart-face-slimming", &[("slim_degree", "2")], "image"),
    ("ai-square-face-filter", &[], "image"),
];
/// The stages that effects are.
const EFFECT: [&str; 3] = ["beautify", "treat", "body"];
const SIDE: u32 = 1000;
const ROUNDS: u32 = 3;

/// A photo whose largest face is measured.
struct Subject {
    photo: RgbImage,
    bytes: Vec<u8>,
    kit: Kit,
    window: Window,
    skin: Map,
    whose: Embedding,
}

impl Subject {
    fn of(vision: &Vision, name: &str, [x, y, side]: [u32; 3]) -> Self {
        let all = image::load_from_memory(&testkit::photo(name)).expect("a picture").into_rgb8();
        let part = imageops::crop_imm(&all, x, y, side, side).to_image();
        let photo = imageops::resize(&part, SIDE, SIDE, imageops::CatmullRom);
        let mut bytes = std::io::Cursor::new(vec![]);
        DynamicImage::from(photo.clone())
            .write_to(&mut bytes, ImageFormat::Jpeg)
            .expect("it encodes");
        let (kit, whose) = {
            let face = face(vision, &photo);
            let whose = face.embedding().expect("a face").clone();
            (Kit::of(&face).expect("a face"), whose)
        };
        let window = kit.window(0.5).expect("in the photo");
        let skin = kit.skin_of(&window, &window.cut(&photo), SKIN);
        Self { photo, bytes: bytes.into_inner(), kit, window, skin, whose }
    }

    /// Texture kept, cosine, change of L* and of the jaw's width in per cent.
    fn measure(&self, vision: &Vision, result: &RgbImage) -> [f32; 4] {
        let (before, after) = (self.window.cut(&self.photo), self.window.cut(result));
        let detail = |cut: &RgbImage| texture(&self.kit, &self.window, cut, &self.skin);
        let light = |cut: &RgbImage| tone(cut, &self.skin)[0];
        let found = face(vision, result);
        let jaw = |mesh: &safelight_vision::face::Mesh| mesh.point(172).distance(mesh.point(397));
        let wider = jaw(found.mesh().expect("a mesh")) / jaw(&self.kit.mesh);
        [
            detail(&after) / detail(&before),
            self.whose.cosine(found.embedding().expect("a face")),
            light(&after) - light(&before),
            (wider - 1.0) * 100.0,
        ]
    }
}

fn face<'a>(vision: &'a Vision, photo: &'a RgbImage) -> Face<'a> {
    let found = vision.detect_faces(photo).expect("faces").swap_remove(0);
    Face::new(vision, photo, found)
}

/// Processor time of this process so far, in milliseconds; 0 where the system does not tell.
fn processor() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |i: usize| fields.get(i).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) * 10.0
}

/// The picture that a service answers, with its stages and the processor time of all of it.
fn run(vision: &Vision, path: &str, form: &Form) -> (Artifact, Vec<Stage>, f64) {
    let limit = Cancel::after(Duration::from_secs(3600));
    let context = Context::new(vision.clone(), limit, Arc::new(Inline));
    let before = processor();
    let job = find(path).expect("a service").prepare(form).expect("a form");
    let mut found = job.run_here(context.clone()).expect("an answer").artifacts();
    (found.swap_remove(0), context.stages(), processor() - before)
}

fn main() {
    let vision = Vision::new(testkit::registry());
    let subjects = [
        ("portrait", Subject::of(&vision, "astronaut.png", [96, 2, 256])),
        ("with glasses", Subject::of(&vision, "grace_hopper.jpg", [60, 20, 400])),
    ];
    println!(
        "| service | asked | photo | effect ms | all ms | processor ms | texture | cosine | L* | jaw % |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for (name, asked, field) in ASKED {
        for (shown, subject) in &subjects {
            let mut form = Form::new();
            form.add_file(field, subject.bytes.clone().into());
            asked.iter().for_each(|(name, value)| form.add_text(*name, *value));
            let (mut best, mut picture) = ([f64::INFINITY; 3], None);
            for _ in 0..ROUNDS {
                let start = Instant::now();
                let (artifact, stages, used) = run(&vision, name, &form);
                let all = start.elapsed().as_secs_f64() * 1e3;
                let effect = stages.iter().filter(|stage| EFFECT.contains(&stage.name));
                let effect: f64 = effect.map(|stage| stage.took.as_secs_f64() * 1e3).sum();
                best = [best[0].min(effect), best[1].min(all), best[2].min(used)];
                picture = Some(artifact);
            }
            let bytes = picture.expect("a round").bytes;
            let result = image::load_from_memory(&bytes).expect("a picture").into_rgb8();
            let [kept, cosine, light, jaw] = subject.measure(&vision, &result);
            let asked: Vec<String> = asked.iter().map(|(n, v)| format!("{n}={v}")).collect();
            println!(
                "| `{name}` | {} | {shown} | {:.0} | {:.0} | {:.0} | {kept:.2} | {cosine:.3} | {light:+.1} | {jaw:+.1} |",
                if asked.is_empty() { "defaults".into() } else { asked.join(" ") },
                best[0],
                best[1],
                best[2],
            );
        }
    }
}
