//! Does to the faces of a photo what is asked and prints what is measured of the largest:
//! `beauty PHOTO OUT.png smooth=1 lighten=6 even=.5 sharp=1 teeth=4 whites=3 slim=.04 chin=.01 shrink=.04
//! eyes=.2 square=1 brows=.5`, or of a
//! treatment `acne spots brighter smoother pores lines under_eyes scars`.

use std::collections::HashMap;
use std::time::Instant;

use image::RgbImage;
use safelight_effects::portrait::SKIN;
use safelight_effects::retouch::{texture, tone};
use safelight_effects::{Beauty, Features, Kit, Retouch, Shape, Treatment};
use safelight_testkit as testkit;
use safelight_vision::Vision;
use safelight_vision::face::Face;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, to, asked @ ..] = &arguments[..] else {
        panic!("beauty PHOTO OUT.png smooth=1 …")
    };
    let asked: HashMap<&str, f32> = asked
        .iter()
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| (name, value.parse().expect("a number")))
        .collect();
    let of = |name: &str| asked.get(name).copied().unwrap_or(0.0);
    let beauty = Beauty {
        skin: Retouch { smooth: of("smooth"), lighten: of("lighten"), even: of("even") },
        features: Features { sharp: of("sharp"), teeth: of("teeth"), eye_whites: of("whites") },
        shape: Shape {
            slim: of("slim"),
            chin_up: of("chin"),
            shrink: of("shrink"),
            eyes: of("eyes"),
            square: of("square"),
        },
        brows: of("brows"),
    };
    let photo = image::open(from).expect("a photo").into_rgb8();
    let vision = Vision::new(testkit::registry());
    let faces = vision.detect_faces(&photo).expect("faces");
    let faces: Vec<Face> =
        faces.into_iter().map(|found| Face::new(&vision, &photo, found)).collect();
    let kits: Vec<Kit> = faces.iter().filter_map(|face| Kit::of(face).ok()).collect();
    let mut result = photo.clone();
    let start = Instant::now();
    beauty.apply(&mut result, &kits, &|| Ok(())).expect("no stop");
    let treatment = Treatment {
        acne: of("acne"),
        spots: of("spots"),
        brighter: of("brighter"),
        smoother: of("smoother"),
        pores: of("pores"),
        lines: of("lines"),
        under_eyes: of("under_eyes"),
        scars: of("scars"),
    };
    treatment.apply(&mut result, &kits, &|| Ok(())).expect("no stop");
    println!("{:.0} ms, {} faces", start.elapsed().as_secs_f64() * 1e3, kits.len());
    if let (Some(kit), Some(face)) = (kits.first(), faces.first()) {
        measure(&vision, kit, face, &photo, &result);
    }
    result.save(to).expect("a file");
}

fn measure(vision: &Vision, kit: &Kit, face: &Face, photo: &RgbImage, result: &RgbImage) {
    let window = kit.window(0.5).expect("in the photo");
    let (before, after) = (window.cut(photo), window.cut(result));
    let skin = kit.skin_of(&window, &before, SKIN);
    let [one, two] = [&before, &after].map(|cut| texture(kit, &window, cut, &skin));
    let again = vision.detect_faces(result).expect("faces").swap_remove(0);
    let again = Face::new(vision, result, again);
    let cosine = face.embedding().expect("whose").cosine(again.embedding().expect("whose"));
    let width = |face: &Face, [left, right]: [usize; 2]| {
        let mesh = face.mesh().expect("a mesh");
        mesh.point(left).distance(mesh.point(right))
    };
    let change = |points: [usize; 2]| (width(&again, points) / width(face, points) - 1.0) * 100.0;
    println!(
        "fw {:.0}: texture kept {:.3}, cosine {cosine:.3}, tone {:?} to {:?}",
        kit.fw,
        two / one,
        tone(&before, &skin),
        tone(&after, &skin)
    );
    println!(
        "jaw {:+.1} %, cheeks {:+.1} %, eyes {:+.1} % {:+.1} %, nose {:+.1} %",
        change([172, 397]),
        change([234, 454]),
        change([159, 145]),
        change([386, 374]),
        change([129, 358])
    );
}
