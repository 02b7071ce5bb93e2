//! Paints a face and writes before and after side by side, enlarged.
//!
//! `cargo run -p safelight-effects --example makeup -- PHOTO EFFECT OUT.png [PART [ZOOM]]`; PART is `face`, `lips`,
//! `eyes` or `beard`.

use std::error::Error;

use image::{RgbImage, imageops};
use safelight_effects::Kit;
use safelight_effects::describe::{HAIR, LASHES, LENSES};
use safelight_effects::hair::{self, HairColour};
use safelight_effects::lab::Lab;
use safelight_effects::makeup::lashes::{self, Lashes};
use safelight_effects::makeup::lenses::{self, Lens};
use safelight_effects::makeup::lips::{self, Lipstick};
use safelight_effects::makeup::{beard, brows, fuller, shadow, shave};
use safelight_imaging::{Cutout, Photo, Region};
use safelight_testkit as testkit;
use safelight_vision::Vision;
use safelight_vision::face::{Face, Part, Rect};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [photo, effect, out, rest @ ..] = arguments.as_slice() else {
        return Err("PHOTO EFFECT OUT.png [PART [ZOOM]]".into());
    };
    let (part, zoom) = (rest.first().map_or("face", String::as_str), rest.get(1));
    let zoom: u32 = zoom.map_or(Ok(3), |text| text.parse())?;
    let vision = Vision::new(testkit::registry());
    let photo = image::open(photo)?.to_rgb8();
    let found = vision.detect_faces(&photo).map_err(|fault| fault.to_string())?;
    let face = Face::new(&vision, &photo, *found.first().ok_or("no face")?);
    let kit = Kit::of(&face).map_err(|fault| fault.to_string())?;
    println!(
        "fw {:.0}, yaw {:.0}, glasses {}, skin {:?}",
        kit.fw, kit.pose.yaw, kit.glasses, kit.skin.lab
    );
    let mut after = photo.clone();
    let start = std::time::Instant::now();
    apply(&kit, &mut after, effect)?;
    println!("{:?}", start.elapsed());
    let area = crop(&kit, part);
    let sides = [&photo, &after].map(|picture| enlarged(picture, area, zoom));
    let (width, height) = sides[0].dimensions();
    let mut strip = RgbImage::new(width * 2 + 4, height);
    imageops::replace(&mut strip, &sides[0], 0, 0);
    imageops::replace(&mut strip, &sides[1], i64::from(width) + 4, 0);
    strip.save(out)?;
    Ok(())
}

fn apply(kit: &Kit, photo: &mut RgbImage, effect: &str) -> Result<(), Box<dyn Error>> {
    let mut words = effect.split_whitespace();
    match words.next() {
        Some("gloss") => lips::paint(kit, photo, &lips::RED_GLOSS),
        Some("lipstick") => {
            let colour: Vec<u8> = words.filter_map(|word| word.parse().ok()).collect();
            let colour: [u8; 3] = colour.try_into().map_err(|_| "lipstick R G B")?;
            let colour: Lab = safelight_imaging::lab_of(colour);
            lips::paint(kit, photo, &Lipstick { colour, opacity: 1.0, gloss: 0.0 });
        }
        Some("lashes") => {
            let set = Lashes::described(&LASHES.read(&words.collect::<Vec<_>>().join(" ")));
            println!("{:?}", lashes::paint(kit, photo, &set));
        }
        Some("lens") => {
            let lens = Lens::described(&LENSES.read(&words.collect::<Vec<_>>().join(" ")));
            println!("{:?}", lenses::paint(kit, photo, &lens));
        }
        Some("shadow") => {
            let number: usize = words.next().unwrap_or("1").parse()?;
            let design = shadow::DESIGNS.get(number - 1).ok_or("no such design")?;
            println!("{:?} {}", shadow::paint(kit, photo, design, 1.0), design.name);
        }
        Some("brows") => {
            let other = image::open(words.next().ok_or("brows PHOTO")?)?.to_rgb8();
            let vision = Vision::new(testkit::registry());
            let found = vision.detect_faces(&other).map_err(|fault| fault.to_string())?;
            let face = Face::new(&vision, &other, *found.first().ok_or("no face")?);
            let model = Kit::of(&face).map_err(|fault| fault.to_string())?;
            let shape = brows::read(&model, &other).ok_or("no brows")?;
            println!("{shape:?}");
            brows::paint(kit, photo, &shape);
        }
        Some("beard") => {
            let name = words.next().unwrap_or("FullBeardClassic");
            let style =
                beard::STYLES.iter().find(|style| style.name == name).ok_or("no such beard")?;
            beard::paint(kit, photo, style);
        }
        Some("reshave") => {
            let name = words.next().unwrap_or("HeavyStubble");
            let style =
                beard::STYLES.iter().find(|style| style.name == name).ok_or("no such beard")?;
            beard::paint(kit, photo, style);
            println!("{:?}", shave::paint(kit, photo));
        }
        Some("hair") => {
            let wanted = HairColour::described(&HAIR.read(&words.collect::<Vec<_>>().join(" ")));
            let vision = Vision::new(testkit::registry());
            let found = vision.detect_faces(photo).map_err(|fault| fault.to_string())?;
            let parts = vision.head_parts(photo, &found[0], &[Part::Hair]);
            let parts = parts.map_err(|fault| fault.to_string())?.ok_or("no hair")?;
            let whole = Photo { rgb: photo.clone(), alpha: None };
            let own = whole.part(parts.region);
            let area = Region::whole(&own.rgb);
            let cutout = Cutout::refine(own, &parts.mask, area);
            println!("{:?} {:?} {wanted:?}", hair::median(&cutout), hair::amount(&cutout, kit));
            hair::paint(photo, kit, &cutout, parts.region, &wanted);
        }
        Some("shave") => println!("{:?}", shave::paint(kit, photo)),
        Some("fuller") => fuller::paint(kit, photo, 1.0),
        Some("browless") => {
            brows::erase(kit, photo);
        }
        _ => return Err(format!("no effect `{effect}`").into()),
    }
    Ok(())
}

fn crop(kit: &Kit, part: &str) -> Rect {
    let (points, margin): (&[usize], f32) = match part {
        "lips" => (&safelight_effects::atlas::LIPS, 0.08),
        "eyes" => (&[33, 263, 159, 145, 105, 334, 70, 300], 0.10),
        "head" => (&safelight_effects::atlas::OVAL, 0.55),
        "beard" => (&[2, 152, 172, 397], 0.25),
        _ => (&safelight_effects::atlas::OVAL, 0.12),
    };
    let rect = Rect::around(kit.polygon(points));
    let reach = margin * kit.fw;
    Rect {
        x: rect.x - reach,
        y: rect.y - reach,
        width: rect.width + 2.0 * reach,
        height: rect.height + 2.0 * reach,
    }
}

fn enlarged(picture: &RgbImage, area: Rect, zoom: u32) -> RgbImage {
    let (x, y) = (area.x.max(0.0) as u32, area.y.max(0.0) as u32);
    let (width, height) = (area.width as u32, area.height as u32);
    let cut = imageops::crop_imm(picture, x, y, width, height).to_image();
    let (width, height) = (cut.width() * zoom, cut.height() * zoom);
    imageops::resize(&cut, width, height, imageops::CatmullRom)
}
