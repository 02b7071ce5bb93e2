//! What beauty does to photos, measured: texture, tone, identity, lines behind the face. Every measure
//! fails on the unchanged photo.

use image::{Rgb, RgbImage, imageops};
use safelight_effects::portrait::SKIN;
use safelight_effects::retouch::{texture, tone};
use safelight_effects::{Beauty, Features, Kit, Retouch, Shape, Treatment, atlas, body, region};
use safelight_imaging::color::{LINEAR, to_srgb};
use safelight_imaging::map::Map;
use safelight_testkit as testkit;
use safelight_vision::Vision;
use safelight_vision::face::{Embedding, Face, Part, Point};

const PHOTOS: [&str; 2] = ["astronaut.png", "grace_hopper.jpg"];

fn vision() -> Vision {
    Vision::new(testkit::registry())
}

/// The part of a photo around its face.
fn photo(name: &str) -> RgbImage {
    let all = image::load_from_memory(&testkit::photo(name)).expect("a picture").into_rgb8();
    let (x, y, side) = if name == PHOTOS[0] { (110, 0, 230) } else { (60, 20, 400) };
    imageops::crop_imm(&all, x, y, side, side).to_image()
}

fn kits(photo: &RgbImage) -> Vec<Kit> {
    let vision = vision();
    let faces = vision.detect_faces(photo).expect("faces");
    let kits = faces.into_iter().map(|found| Kit::of(&Face::new(&vision, photo, found)));
    kits.filter_map(Result::ok).collect()
}

fn done(beauty: &Beauty, photo: &RgbImage, kits: &[Kit]) -> RgbImage {
    let mut result = photo.clone();
    beauty.apply(&mut result, kits, &|| Ok(())).expect("nothing stops it");
    result
}

fn skin(smooth: f32, lighten: f32, even: f32) -> Beauty {
    Beauty { skin: Retouch { smooth, lighten, even }, ..Beauty::default() }
}

fn shape(shape: Shape) -> Beauty {
    Beauty { shape, ..Beauty::default() }
}

fn embedding(photo: &RgbImage) -> Embedding {
    let vision = vision();
    let found = vision.detect_faces(photo).expect("faces").swap_remove(0);
    vision.embed(photo, &found).expect("a face")
}

/// The skin of a face, and what is measured inside it.
struct Measured {
    texture: f32,
    mottle: f32,
    tone: [f32; 3],
}

fn measured(kit: &Kit, before: &RgbImage, after: &RgbImage) -> Measured {
    let window = kit.window(0.5).expect("in the photo");
    let mask = kit.skin_of(&window, &window.cut(before), SKIN);
    let cut = window.cut(after);
    Measured {
        texture: texture(kit, &window, &cut, &mask),
        mottle: mottle(kit, &cut, &mask),
        tone: tone(&cut, &mask),
    }
}

/// The standard deviation of what is between texture and form, inside the skin.
fn mottle(kit: &Kit, cut: &RgbImage, mask: &Map) -> f32 {
    let [l, ..] = safelight_effects::change::labs(cut);
    let fw = kit.fw;
    let band = l.gaussian(0.0067 * fw).join(&l.gaussian(0.04 * fw), |fine, coarse| fine - coarse);
    let inside = band.values.iter().zip(&mask.values).filter(|(_, mask)| **mask > 0.9);
    let (count, sum) = inside.fold((0.0, 0.0), |(n, sum), (v, _)| (n + 1.0, sum + v * v));
    (sum / f32::max(count, 1.0)).sqrt()
}

#[test]
fn strength_zero_is_the_identity() {
    for name in PHOTOS {
        let photo = photo(name);
        let kits = kits(&photo);
        assert_eq!(done(&Beauty::default(), &photo, &kits), photo);
        let mut treated = photo.clone();
        Treatment::default().apply(&mut treated, &kits, &|| Ok(())).expect("nothing stops it");
        assert_eq!(treated, photo);
    }
}

#[test]
fn smoothing_takes_mottle_and_keeps_texture_and_person() {
    for name in PHOTOS {
        let photo = photo(name);
        let kits = kits(&photo);
        let before = measured(&kits[0], &photo, &photo);
        let whose = embedding(&photo);
        let mut last = before.mottle;
        for strength in [0.25, 0.5, 0.75, 1.0] {
            let result = done(&skin(strength, 0.0, 0.0), &photo, &kits);
            let after = measured(&kits[0], &photo, &result);
            let (kept, cosine) =
                (after.texture / before.texture, whose.cosine(&embedding(&result)));
            assert!(after.mottle < last - 0.01, "{name} at {strength}: {} {last}", after.mottle);
            let (least_kept, least_cosine) =
                if strength <= 0.5 { (0.9, 0.97) } else { (0.75, 0.955) };
            assert!(kept >= least_kept, "{name} at {strength}: texture {kept}");
            assert!(cosine >= least_cosine, "{name} at {strength}: cosine {cosine}");
            last = after.mottle;
        }
        assert!(last < 0.9 * before.mottle, "{name}: {last} {}", before.mottle);
    }
}

/// The photo as if its skin, and all else, had more melanin: natural absorbance by wavelength (Jacques
/// 2013).
fn darker(photo: &RgbImage, melanin: f32) -> RgbImage {
    const ABSORBED: [f32; 3] = [0.34, 0.48, 0.81];
    let mut dark = photo.clone();
    for Rgb(pixel) in dark.pixels_mut() {
        for (value, absorbed) in pixel.iter_mut().zip(ABSORBED) {
            let light = LINEAR[usize::from(*value)] * (-melanin * absorbed).exp();
            *value = (to_srgb(light) * 255.0).round() as u8;
        }
    }
    dark
}

fn ita([l, _, b]: [f32; 3]) -> f32 {
    (l - 50.0).atan2(b).to_degrees()
}

#[test]
fn lightening_is_bounded_at_every_tone() {
    for melanin in [0.0, 0.7, 1.4, 2.2] {
        let photo = darker(&photo(PHOTOS[0]), melanin);
        let kits = kits(&photo);
        let before = measured(&kits[0], &photo, &photo);
        let mut last = before.tone[0];
        for (asked, most) in [(3.0, 3.0), (6.0, 6.0), (10.0, 10.0)] {
            let result = done(&skin(0.0, asked, 0.0), &photo, &kits);
            let after = measured(&kits[0], &photo, &result);
            let hue = |[_, a, b]: [f32; 3]| b.atan2(a).to_degrees();
            let moved = ita(after.tone) - ita(before.tone);
            let says = format!("{melanin} {asked}: {:?} to {:?}", before.tone, after.tone);
            assert!(after.tone[0] > last + 0.3, "{says}");
            assert!(after.tone[0] - before.tone[0] <= most, "{says}");
            assert!((hue(after.tone) - hue(before.tone)).abs() < 3.0, "{says}");
            assert!(moved < 15.0 * asked / 10.0 + 3.0, "{says}: {moved}");
            assert!(after.texture > 0.9 * before.texture, "{says}");
            last = after.tone[0];
        }
        // No other effect on skin lightens.
        let result = done(&skin(1.0, 0.0, 1.0), &photo, &kits);
        let after = measured(&kits[0], &photo, &result);
        assert!((after.tone[0] - before.tone[0]).abs() < 1.0, "{:?} {:?}", before.tone, after.tone);
        assert!(after.texture > 0.75 * before.texture);
    }
}

#[test]
fn what_is_no_skin_stays_as_it_is() {
    for name in PHOTOS {
        let photo = photo(name);
        let kits = kits(&photo);
        let result = done(&skin(1.0, 10.0, 1.0), &photo, &kits);
        let parsing = &kits[0].parsing;
        let skin = parsing.likely(SKIN);
        let near = |x: u32, y: u32| {
            let around = [-2.0, 0.0, 2.0];
            let places = around.iter().flat_map(|dx| around.map(|dy| (*dx, dy)));
            places
                .into_iter()
                .any(|(dx, dy)| skin(Point { x: x as f32 + dx, y: y as f32 + dy }) > 0.2)
        };
        let changed = result
            .enumerate_pixels()
            .filter(|(x, y, pixel)| *pixel != photo.get_pixel(*x, *y) && !near(*x, *y));
        assert_eq!(changed.count(), 0, "{name}");
        assert_ne!(result, photo);
    }
}

#[test]
fn shapes_move_as_asked_and_leave_the_background_alone() {
    for name in PHOTOS {
        let photo = photo(name);
        let kits = kits(&photo);
        let kit = &kits[0];
        let [left, right] = [172, 397].map(|index| kit.mesh.point(index));
        let jaw = left.distance(right);
        let mut last = jaw;
        for slim in [0.02, 0.04, 0.06, 0.09] {
            let asked = Shape { slim, ..Shape::default() };
            let field = asked.field(kit).expect("a field");
            // What comes to lie where the jaw was, came from further out.
            let now = |point: Point| {
                let moved = field.at(point);
                Point { x: point.x - moved.x, y: point.y - moved.y }
            };
            let width = now(left).distance(now(right));
            let expected = 2.0 * slim * kit.fw;
            assert!(width < last - 1.0, "{name} at {slim}");
            assert!(((jaw - width) / expected - 1.0).abs() < 0.3, "{name} at {slim}: {width}");
            last = width;
            assert!(still_behind(kit, &asked), "{name} at {slim}");
        }
        for asked in [
            Shape { shrink: 0.04, ..Shape::default() },
            Shape { square: 1.0, ..Shape::default() },
            Shape { eyes: 0.25, ..Shape::default() },
        ] {
            assert!(asked.field(kit).expect("a field").largest() > 0.002 * kit.fw);
            assert!(still_behind(kit, &asked), "{name}: {asked:?}");
        }
    }
}

/// Whether no line further than a quarter of the face's width outside its outline moves by more than 0.3
/// per cent of it.
fn still_behind(kit: &Kit, asked: &Shape) -> bool {
    let field = asked.field(kit).expect("a field");
    let outline = kit.polygon(&atlas::OVAL);
    let middle = kit.middle(&atlas::OVAL);
    outline.iter().all(|point| {
        let far = point.distance(middle);
        (0..20).all(|step| {
            let reach = (far + kit.fw * (0.25 + 0.02 * step as f32)) / far;
            let place = Point {
                x: middle.x + (point.x - middle.x) * reach,
                y: middle.y + (point.y - middle.y) * reach,
            };
            let moved = field.at(place);
            moved.x.hypot(moved.y) <= 0.003 * kit.fw
        })
    })
}

#[test]
fn shapes_at_their_defaults_keep_the_person_and_the_glasses() {
    for name in PHOTOS {
        let photo = photo(name);
        let kits = kits(&photo);
        let whose = embedding(&photo);
        for asked in [
            Shape { slim: 0.045, chin_up: 0.01, ..Shape::default() },
            Shape { slim: 0.03, shrink: 0.02, eyes: 0.125, ..Shape::default() },
            Shape { slim: 0.042, eyes: 0.175, ..Shape::default() },
            Shape { square: 1.0, ..Shape::default() },
        ] {
            let result = done(&shape(asked), &photo, &kits);
            let cosine = whose.cosine(&embedding(&result));
            assert!(cosine >= 0.9, "{name} {asked:?}: {cosine}");
            assert!(cosine < 0.999, "{name} {asked:?}: nothing happened");
            if kits[0].glasses {
                let moved = rim_moved(&kits[0], &asked) / kits[0].fw;
                assert!(moved < 0.0015, "{name} {asked:?}: {moved}");
            }
        }
    }
}

/// How far anything moves that the parser calls glasses and that lies outside the lenses' middles.
fn rim_moved(kit: &Kit, asked: &Shape) -> f32 {
    let field = asked.field(kit).expect("a field");
    let rect = kit.mesh.rect();
    let eyes = atlas::EYE_CORNERS.map(|corners| kit.middle(&corners));
    let mut most = 0.0_f32;
    for step in 0..10_000 {
        let place = Point {
            x: rect.x + rect.width * (step % 100) as f32 / 100.0,
            y: rect.y + rect.height * (step / 100) as f32 / 100.0,
        };
        let rim = eyes.iter().all(|eye| eye.distance(place) > 0.14 * kit.fw);
        if rim && kit.parsing.part(place) == Part::Glasses {
            let moved = field.at(place);
            most = most.max(moved.x.hypot(moved.y));
        }
    }
    most
}

#[test]
fn features_get_crisp_and_skin_does_not() {
    let photo = photo(PHOTOS[0]);
    let kits = kits(&photo);
    let asked = Features { sharp: 1.0, ..Features::default() };
    let result = done(&Beauty { features: asked, ..Beauty::default() }, &photo, &kits);
    let window = kits[0].window(0.3).expect("in the photo");
    let eyes = kits[0].region(&window, &atlas::EYES[0], 0.0);
    let crisp = |photo: &RgbImage, mask: &Map| texture(&kits[0], &window, &window.cut(photo), mask);
    assert!(crisp(&result, &eyes) > 1.15 * crisp(&photo, &eyes));
    let cheek = kits[0].region(&window, &atlas::CHEEKS[0], 0.0);
    assert!((crisp(&result, &cheek) / crisp(&photo, &cheek) - 1.0).abs() < 0.02);
    // Teeth alone get lighter.
    let asked = Features { teeth: 4.0, ..Features::default() };
    let white = done(&Beauty { features: asked, ..Beauty::default() }, &photo, &kits);
    let mouth = region::fill(&window, &kits[0].polygon(&atlas::MOUTH));
    let [one, two] = [&photo, &white].map(|photo| tone(&window.cut(photo), &mouth));
    assert!(two[0] > one[0] + 1.0 && two[2] <= one[2] + 0.3, "{one:?} {two:?}");
    let lips = kits[0].lips(&window);
    let [one, two] = [&photo, &white].map(|photo| tone(&window.cut(photo), &lips));
    assert!((one[0] - two[0]).abs() < 0.3, "{one:?} {two:?}");
}

#[test]
fn drawn_spots_are_healed_and_the_skin_beside_is_not_touched() {
    let head = photo(PHOTOS[0]);
    let clean = imageops::resize(&head, 690, 690, imageops::FilterType::CatmullRom);
    let kit = &kits(&clean)[0];
    let mut marked = clean.clone();
    let places = [205, 425, 50, 280, 151].map(|index| kit.mesh.point(index));
    for place in places {
        for (x, y, Rgb(pixel)) in marked.enumerate_pixels_mut() {
            let far = (Point { x: x as f32, y: y as f32 }).distance(place) / 5.0;
            let strength = 0.55 * (-far * far).exp();
            for (value, absorbed) in pixel.iter_mut().zip([0.15, 0.76, 0.63]) {
                let light = LINEAR[usize::from(*value)] * (-strength * absorbed).exp();
                *value = (to_srgb(light) * 255.0).round() as u8;
            }
        }
    }
    let mut healed = marked.clone();
    let asked = Treatment { acne: 1.0, ..Treatment::default() };
    asked.apply(&mut healed, std::slice::from_ref(kit), &|| Ok(())).expect("nothing stops it");
    let off = |photo: &RgbImage, place: Point| -> f32 {
        let at = |photo: &RgbImage| {
            safelight_imaging::lab_of(photo.get_pixel(place.x as u32, place.y as u32).0)
        };
        at(photo).iter().zip(at(&clean)).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
    };
    let gone = places.iter().filter(|&&p| off(&healed, p) < 0.4 * off(&marked, p)).count();
    assert!(gone >= 4, "{:?}", places.map(|p| (off(&marked, p), off(&healed, p))));
    let near = |x: u32, y: u32| {
        places.iter().any(|place| (Point { x: x as f32, y: y as f32 }).distance(*place) < 30.0)
    };
    let beside = healed
        .enumerate_pixels()
        .filter(|(x, y, pixel)| !near(*x, *y) && *pixel != marked.get_pixel(*x, *y));
    let share = beside.count() as f32 / (690.0 * 690.0);
    assert!(share < 0.01, "{share}");
}

/// The kit of a face as if it were to the right by so many of its widths, over the same parts.
fn moved(kit: &Kit, widths: f32) -> Kit {
    let mut moved = kit.clone();
    moved.mesh.points.iter_mut().for_each(|point| point[0] += widths * kit.fw);
    moved
}

/// Mean L* of a square around a place.
fn light(photo: &RgbImage, place: Point) -> f32 {
    let (x, y) = (place.x as u32, place.y as u32);
    let places = (y - 3..=y + 3).flat_map(|y| (x - 3..=x + 3).map(move |x| (x, y)));
    let all = places.map(|(x, y)| safelight_imaging::lab_of(photo.get_pixel(x, y).0)[0]);
    all.sum::<f32>() / 49.0
}

/// The window around a face shows the cheek of whoever leans on it.
#[test]
fn a_cheek_beside_another_face_is_treated_once() {
    let photo = photo(PHOTOS[0]);
    let first = kits(&photo).swap_remove(0);
    let cheek = first.mesh.point(280);
    let both = [first.clone(), moved(&first, 1.0)];
    let treated = |kits: &[Kit]| {
        let mut result = photo.clone();
        let asked = Treatment { brighter: 1.0, ..Treatment::default() };
        asked.apply(&mut result, kits, &|| Ok(())).expect("nothing stops it");
        light(&result, cheek)
    };
    let beautified = |kits: &[Kit]| light(&done(&skin(0.0, 6.0, 0.0), &photo, kits), cheek);
    let before = light(&photo, cheek);
    for [alone, beside] in
        [[treated(&both[..1]), treated(&both)], [beautified(&both[..1]), beautified(&both)]]
    {
        assert!(alone > before + 0.7, "{before} {alone}");
        assert!((beside - alone).abs() < 0.35, "{before} {alone} {beside}");
    }
}

#[test]
fn an_arm_belongs_to_the_nearest_face_and_a_head_to_no_body() {
    let portrait = photo(PHOTOS[0]);
    let mut photo = RgbImage::from_pixel(700, 600, Rgb([90, 120, 150]));
    imageops::replace(&mut photo, &portrait, 200, 0);
    let second = kits(&photo).swap_remove(0);
    let first = Kit { photo_size: photo.dimensions(), ..kits(&portrait).swap_remove(0) };
    let beside = moved(&first, 2.0);
    // Below each face a patch of the skin's colour.
    let skin = Rgb(safelight_effects::change::pixel_of(first.skin.lab));
    let arms = [&first, &beside].map(|kit| {
        let Point { x, y } = kit.mesh.rect().centre();
        Point { x, y: y + 3.0 * kit.fw }
    });
    for Point { x, y } in arms {
        for (x, y) in (0..50).flat_map(|dy| (0..50).map(move |dx| (dx + x as u32, dy + y as u32))) {
            photo.put_pixel(x - 25, y - 25, skin);
        }
    }
    let at = |kit: &Kit, others: &[&Kit], place: Point| {
        let window = body::window(kit).expect("in the photo");
        let map = body::skin(kit, others, &window, &window.cut(&photo), |_| 1.0);
        let cell = window.cell(place);
        map.between(cell.x, cell.y)
    };
    assert!(arms.iter().all(|&arm| at(&first, &[], arm) > 0.8), "of both where one is alone");
    assert!(at(&first, &[&beside], arms[0]) > 0.8 && at(&first, &[&beside], arms[1]) < 0.05);
    assert!(at(&beside, &[&first], arms[1]) > 0.8 && at(&beside, &[&first], arms[0]) < 0.05);
    // The head of somebody whose face is said to be far away.
    let (cheek, far) = (second.mesh.point(280), moved(&second, 4.0));
    assert!(at(&first, &[], cheek) > 0.5 && at(&first, &[&far], cheek) < 0.1);
}

#[test]
fn faces_side_by_side_small_and_cut_ones_are_worked_on_or_left() {
    let one = photo(PHOTOS[0]);
    let two = imageops::resize(&photo(PHOTOS[1]), 230, 230, imageops::FilterType::Triangle);
    let mut both = RgbImage::new(400, 230);
    imageops::replace(&mut both, &one, 0, 0);
    imageops::replace(&mut both, &imageops::crop_imm(&two, 30, 0, 170, 230).to_image(), 230, 0);
    let found = kits(&both);
    assert_eq!(found.len(), 2);
    let asked = Beauty {
        skin: Retouch { smooth: 1.0, lighten: 6.0, even: 0.5 },
        shape: Shape { slim: 0.09, eyes: 0.2, shrink: 0.04, ..Shape::default() },
        ..Beauty::default()
    };
    let together = done(&asked, &both, &found);
    for kit in &found {
        let alone = done(&asked, &both, std::slice::from_ref(kit));
        let Point { x, y } = kit.mesh.point(50);
        let at = |photo: &RgbImage| photo.get_pixel(x as u32, y as u32).0;
        assert_eq!(at(&together), at(&alone), "each face as if it were alone");
    }
    let small = imageops::resize(&one, 80, 80, imageops::FilterType::Triangle);
    let cut = imageops::crop_imm(&one, 100, 60, 130, 170).to_image();
    for picture in [small, cut] {
        let result = done(&asked, &picture, &kits(&picture));
        assert_eq!(result.dimensions(), picture.dimensions());
        let far = result.iter().zip(picture.iter()).map(|(a, b)| f64::from(a.abs_diff(*b)));
        let mean = far.sum::<f64>() / picture.len() as f64;
        assert!(mean < 8.0, "{mean}");
    }
}
