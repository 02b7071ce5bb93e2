//! Measures makeup, brows, beards and hair colour on photos: time for each megapixel beyond the face models,
//! distance to the target colour, pixels changed where nothing may change, and likeness to the person.
//!
//! `cargo run -p safelight-effects --example makeup_measures -- [SCALE] PHOTO...`; each photo is enlarged by SCALE first.

use std::error::Error;
use std::sync::LazyLock;
use std::time::Instant;

use image::{RgbImage, imageops};
use safelight_effects::describe::{HAIR, LASHES, LENSES};
use safelight_effects::hair::{self, HairColour};
use safelight_effects::lab::{Lab, LabMap, difference};
use safelight_effects::makeup::beard::{self, STYLES};
use safelight_effects::makeup::brows::{self, BrowShape};
use safelight_effects::makeup::lashes::{self, Lashes};
use safelight_effects::makeup::lenses::{self, Lens};
use safelight_effects::makeup::lips::{self, Lipstick, RED_GLOSS};
use safelight_effects::makeup::shadow::{self, DESIGNS};
use safelight_effects::makeup::{fuller, shave};
use safelight_effects::{Kit, atlas, region};
use safelight_imaging::{Cutout, Photo, Region, lab_of};
use safelight_testkit as testkit;
use safelight_vision::Vision;
use safelight_vision::face::{Detection, Face, Part, Point, Rect};

/// An effect on the face of a photo.
type Effect<'a> = (&'a str, Box<dyn Fn(&mut RgbImage) + 'a>, &'a [usize], f32);

/// Changes below this in Lab are not seen.
const SEEN: f32 = 1.0;
const RED: Lab = [38.0, 58.0, 28.0];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).peekable();
    let scale: f32 = match arguments.peek().and_then(|text| text.parse().ok()) {
        Some(scale) => {
            arguments.next();
            scale
        }
        None => 2.0,
    };
    let vision = Vision::new(testkit::registry());
    for name in arguments {
        let photo = image::open(&name)?.to_rgb8();
        let side = |length: u32| (length as f32 * scale).round() as u32;
        let (width, height) = (side(photo.width()), side(photo.height()));
        let photo = imageops::resize(&photo, width, height, imageops::Lanczos3);
        measure(&vision, &name, &photo).map_err(|fault| fault.to_string())?;
    }
    Ok(())
}

fn measure(vision: &Vision, name: &str, photo: &RgbImage) -> safelight_contract::Result<()> {
    let found = vision.detect_faces(photo)?;
    let Some(&detection) = found.first() else { return Ok(()) };
    let kit = Kit::of(&Face::new(vision, photo, detection))?;
    let megapixels = f64::from(photo.width() * photo.height()) / 1e6;
    println!("\n{name}: {megapixels:.2} MP, the face {:.0} px wide\n", kit.fw);
    println!("| effect | ms/MP | target ΔE before → after | pixels beyond its region | likeness |");
    println!("|---|--:|--:|--:|--:|");
    let own = vision.embed(photo, &detection)?;
    let matte = matte(vision, photo, &detection)?;
    for (effect, paint, points, reach) in effects(&kit, matte.as_ref()) {
        let mut after = photo.clone();
        let start = Instant::now();
        paint(&mut after);
        let took = start.elapsed().as_secs_f64() * 1e3 / megapixels;
        let beyond = spill(&kit, photo, &after, points, reach);
        let target = [photo, &after].map(|picture| target(&kit, effect, picture, matte.as_ref()));
        let target = match target {
            [Some(before), Some(after)] => format!("{before:.0} → {after:.1}"),
            _ => "–".to_owned(),
        };
        let likeness = vision.embed(&after, &detection)?.cosine(&own);
        println!("| {effect} | {took:.0} | {target} | {beyond} | {likeness:.3} |");
    }
    Ok(())
}

fn matte(
    vision: &Vision,
    photo: &RgbImage,
    face: &Detection,
) -> safelight_contract::Result<Option<(Cutout, Region)>> {
    let Some(parts) = vision.head_parts(photo, face, &[Part::Hair])? else { return Ok(None) };
    let own = Photo { rgb: photo.clone(), alpha: None }.part(parts.region);
    let whole = Region::whole(&own.rgb);
    Ok(Some((Cutout::refine(own, &parts.mask, whole), parts.region)))
}

fn effects<'a>(kit: &'a Kit, matte: Option<&'a (Cutout, Region)>) -> Vec<Effect<'a>> {
    let lipstick = Lipstick { colour: RED, opacity: 1.0, gloss: 0.0 };
    let lens = Lens::described(&LENSES.read("green"));
    let set = Lashes::described(&LASHES.read("volume"));
    let shape = BrowShape::natural();
    let style = |name: &str| STYLES.iter().find(|style| style.name == name).unwrap_or(&STYLES[0]);
    let (full, stubble) = (style("FullBeardClassic"), style("HeavyStubble"));
    let eyes = atlas::EYES.as_flattened();
    let lids = atlas::LIDS.as_flattened();
    static LIPS: LazyLock<Vec<usize>> = LazyLock::new(|| [atlas::LIPS, atlas::MOUTH].concat());
    let mut all: Vec<Effect<'a>> = vec![
        ("lipstick", Box::new(move |p| lips::paint(kit, p, &lipstick)), &LIPS, 0.07),
        ("gloss", Box::new(move |p| lips::paint(kit, p, &RED_GLOSS)), &LIPS, 0.07),
        ("fuller lips", Box::new(move |p| fuller::paint(kit, p, 1.0)), &LIPS, 0.20),
        (
            "lenses",
            Box::new(move |p| {
                let _ = lenses::paint(kit, p, &lens);
            }),
            eyes,
            0.07,
        ),
        (
            "lashes",
            Box::new(move |p| {
                let _ = lashes::paint(kit, p, &set);
            }),
            eyes,
            0.09,
        ),
        (
            "eyeshadow",
            Box::new(move |p| {
                let _ = shadow::paint(kit, p, &DESIGNS[2], 1.0);
            }),
            lids,
            0.10,
        ),
        (
            "brows",
            Box::new(move |p| {
                brows::paint(kit, p, &shape);
            }),
            atlas::BROWS.as_flattened(),
            0.08,
        ),
        ("full beard", Box::new(move |p| beard::paint(kit, p, full)), &atlas::OVAL, 0.45),
        ("stubble", Box::new(move |p| beard::paint(kit, p, stubble)), &atlas::OVAL, 0.45),
        (
            "beard removal",
            Box::new(move |p| {
                shave::paint(kit, p);
            }),
            &atlas::OVAL,
            0.45,
        ),
    ];
    if let Some((cutout, region)) = matte {
        for words in ["copper", "blonde", "jet black"] {
            let wanted = HairColour::described(&HAIR.read(words));
            let paint = move |p: &mut RgbImage| hair::paint(p, kit, cutout, *region, &wanted);
            all.push((words, Box::new(paint), &[], 0.0));
        }
    }
    all
}

/// How far the painted region is from the colour that was asked for.
fn target(
    kit: &Kit,
    effect: &str,
    picture: &RgbImage,
    matte: Option<&(Cutout, Region)>,
) -> Option<f32> {
    let window = kit.window_around(Rect::around(kit.polygon(&atlas::LIPS)), 0.05)?;
    match effect {
        "lipstick" => {
            let ring = kit.lips(&window);
            let median = LabMap::of(&window.cut(picture)).median(&ring, 0.9)?;
            Some(difference(median, RED))
        }
        "copper" | "blonde" | "jet black" => {
            let (cutout, region) = matte?;
            let rgb = Photo { rgb: picture.clone(), alpha: None }.part(*region).rgb;
            let median = hair::median(&Cutout { rgb, alpha: cutout.alpha.clone() })?;
            Some(difference(median, HairColour::described(&HAIR.read(effect)).base?))
        }
        "lenses" => {
            let window = kit.window_around(Rect::around(kit.polygon(&atlas::EYES[0])), 0.03)?;
            let (centre, radius) = kit.iris_disc(0);
            let opening = region::fill(&window, &kit.polygon(&atlas::EYES[0]));
            let ring = window
                .map(|place| f32::from((0.5..0.85).contains(&(place.distance(centre) / radius))));
            let ring = region::common(&ring, &opening);
            let [_, a, b] = LabMap::of(&window.cut(picture)).median(&ring, 0.9)?;
            let [_, red, yellow] = Lens::described(&LENSES.read("green")).colour;
            // An iris keeps most of its lightness.
            Some((a - red).hypot(b - yellow))
        }
        _ => None,
    }
}

/// Pixels that were plainly changed further from all points than `reach`; for hair, on the skin of the face.
fn spill(kit: &Kit, before: &RgbImage, after: &RgbImage, points: &[usize], reach: f32) -> usize {
    let middle = kit.middle(&[4, 50, 280, 199]);
    let pairs = before.enumerate_pixels().zip(after.pixels());
    let seen = pairs.filter(|((_, _, old), new)| {
        *old != *new && difference(lab_of(old.0), lab_of(new.0)) > SEEN
    });
    seen.filter(|((x, y, _), _)| {
        let place = Point { x: *x as f32, y: *y as f32 };
        if points.is_empty() {
            return middle.distance(place) < 0.25 * kit.fw;
        }
        points.iter().all(|&index| kit.mesh.point(index).distance(place) > reach * kit.fw)
    })
    .count()
}
