//! Expressions on photos: the judges see them, the person stays, and nothing else changes. The unchanged
//! photo must fail each measure.

use std::sync::OnceLock;

use image::{RgbImage, imageops};
use safelight_effects::expression::{self, EXPRESSIONS};
use safelight_effects::lab::LabMap;
use safelight_effects::{Kit, atlas, region};
use safelight_testkit as testkit;
use safelight_vision::Vision;
use safelight_vision::face::{Blendshapes, Embedding, Face, Openness, Point, Rect};

/// A photo with its face and what is seen of it.
struct Subject {
    vision: Vision,
    photo: RgbImage,
    kit: Kit,
    seen: Seen,
}

/// What models see of a face.
struct Seen {
    embedding: Embedding,
    movements: Blendshapes,
    openness: Openness,
}

fn look(vision: &Vision, photo: &RgbImage) -> (Kit, Seen) {
    let found = vision.detect_faces(photo).expect("faces");
    let face = Face::new(vision, photo, found[0]);
    let seen = Seen {
        embedding: face.embedding().expect("an embedding").clone(),
        movements: face.blendshapes().expect("movements"),
        openness: face.openness().expect("a mesh"),
    };
    (Kit::of(&face).expect("a kit"), seen)
}

impl Subject {
    fn of(photo: RgbImage) -> Self {
        let vision = Vision::new(testkit::registry());
        let (kit, seen) = look(&vision, &photo);
        Self { vision, photo, kit, seen }
    }

    fn after(&self, name: &str, strength: f32) -> RgbImage {
        let mut photo = self.photo.clone();
        expression::find(name).expect("an expression").show(&self.kit, &mut photo, strength);
        photo
    }

    /// How strong some movements are after an expression, against before.
    fn gain(&self, name: &str, strength: f32, movements: &[&str]) -> f32 {
        let seen = look(&self.vision, &self.after(name, strength)).1;
        let sum = |shapes: &Blendshapes| -> f32 {
            movements.iter().map(|movement| shapes.strength(movement)).sum()
        };
        (sum(&seen.movements) - sum(&self.seen.movements)) / movements.len() as f32
    }
}

/// The head of a young woman who smiles with open lips, twice as large.
fn smiling() -> &'static Subject {
    static SUBJECT: OnceLock<Subject> = OnceLock::new();
    SUBJECT.get_or_init(|| {
        let photo = image::load_from_memory(&testkit::photo("astronaut.png")).expect("a photo");
        let head = photo.crop_imm(110, 0, 230, 240).to_rgb8();
        Subject::of(imageops::resize(&head, 460, 480, imageops::FilterType::CatmullRom))
    })
}

/// The same face as it looks when it does not smile: the corners of the mouth down, the lips closed.
fn calm() -> &'static Subject {
    static SUBJECT: OnceLock<Subject> = OnceLock::new();
    SUBJECT.get_or_init(|| {
        let photo = image::load_from_memory(&testkit::photo("grace_hopper.jpg")).expect("a photo");
        Subject::of(photo.to_rgb8())
    })
}

#[test]
fn strength_zero_changes_no_byte() {
    for (name, shown) in EXPRESSIONS.iter() {
        let mut photo = smiling().photo.clone();
        shown.show(&smiling().kit, &mut photo, 0.0);
        assert_eq!(photo, smiling().photo, "{name}");
    }
}

#[test]
fn the_person_stays_and_nothing_far_away_changes() {
    let subject = smiling();
    let (kit, middle) = (&subject.kit, subject.kit.middle(&atlas::OVAL));
    let outline = kit.polygon(&atlas::OVAL);
    // The outline in the direction of a place.
    let radius = |place: Point| {
        let angle = |p: Point| (p.y - middle.y).atan2(p.x - middle.x);
        let turn = |p: &Point| {
            let d = (angle(*p) - angle(place)).abs();
            d.min(std::f32::consts::TAU - d)
        };
        let near = outline.iter().min_by(|a, b| turn(a).total_cmp(&turn(b))).expect("points");
        place.distance(middle) / near.distance(middle)
    };
    let most = 1.6;
    for name in ["laugh", "sad", "angry", "surprised", "pout", "wink", "blink"] {
        let after = subject.after(name, 1.0);
        let seen = look(&subject.vision, &after).1;
        let cosine = seen.embedding.cosine(&subject.seen.embedding);
        let floor = match name {
            "sad" | "angry" | "surprised" | "brows up" => 0.70,
            "blink" | "laugh" => 0.80,
            _ => 0.85,
        };
        assert!(cosine >= floor, "{name}: {cosine}");
        let pairs = subject.photo.enumerate_pixels().zip(after.pixels());
        let changed: Vec<Point> = pairs
            .filter(|((_, _, a), b)| *a != *b)
            .map(|((x, y, _), _)| Point { x: x as f32, y: y as f32 })
            .collect();
        assert!(changed.len() > 200, "{name} changes {} pixels", changed.len());
        let far = changed.iter().filter(|place| radius(**place) > most).count();
        assert_eq!(far, 0, "{name}");
    }
}

#[test]
fn the_judges_see_what_was_asked() {
    let closing = smiling();
    let gains = [
        ("blink", &["eyeBlinkLeft", "eyeBlinkRight"][..], 0.2),
        ("brows up", &["browInnerUp", "browOuterUpLeft", "browOuterUpRight"], 0.1),
        ("jaw open", &["jawOpen"], 0.1),
    ];
    for (name, movements, least) in gains {
        let gain = closing.gain(name, 1.0, movements);
        assert!(gain > least, "{name}: {gain}");
        // What was not asked does not count.
        let other = closing.gain("small dimples", 1.0, movements);
        assert!(other < least, "{name} on another expression: {other}");
    }
    let smiles = ["mouthSmileLeft", "mouthSmileRight"];
    let [pout, still] = ["pout", "brows up"].map(|name| closing.gain(name, 1.0, &smiles));
    assert!(pout < -0.3 && still > -0.3, "pout {pout}, brows {still}");
}

#[test]
fn a_smile_grows_with_its_strength() {
    let subject = calm();
    let smiles = ["mouthSmileLeft", "mouthSmileRight"];
    let gains = [0.0, 0.25, 0.5, 0.75, 1.0].map(|s| subject.gain("smile", s, &smiles));
    assert!(gains.windows(2).all(|pair| pair[1] >= pair[0] - 0.02), "{gains:?}");
    assert!(gains[4] > 0.25, "{gains:?}");
    assert!(gains[0] == 0.0, "the unchanged photo gains nothing");
    let sad = subject.gain("sad", 1.0, &smiles);
    assert!(sad < 0.05, "a sad face does not smile: {sad}");
}

#[test]
fn one_eye_winks() {
    let subject = smiling();
    let seen = look(&subject.vision, &subject.after("wink", 1.0)).1.openness;
    let was = subject.seen.openness;
    // The person's left is on the right of the picture.
    assert!(seen.right_eye < 0.6 * was.right_eye, "{} {}", seen.right_eye, was.right_eye);
    assert!(seen.left_eye > 0.8 * was.left_eye, "{} {}", seen.left_eye, was.left_eye);
}

#[test]
fn glasses_stay_straight() {
    let subject = calm();
    assert!(subject.kit.glasses);
    let eyes = [33, 133, 362, 263].map(|index| subject.kit.mesh.point(index));
    for name in ["surprised", "angry", "blink"] {
        let after = subject.after(name, 1.0);
        for Point { x, y } in eyes {
            let [x, y] = [x, y].map(|value| value.round() as u32);
            assert_eq!(after.get_pixel(x, y), subject.photo.get_pixel(x, y), "{name}");
        }
    }
}

/// L* of the cells between the lips after an expression.
fn between_lips(kit: &Kit, photo: &RgbImage) -> Vec<f32> {
    let window =
        kit.window_around(Rect::around(kit.polygon(&atlas::MOUTH)), 0.02).expect("a mouth");
    let inside = region::fill(&window, &kit.polygon(&atlas::MOUTH));
    let cells = LabMap::of(&window.cut(photo)).colours;
    cells.iter().zip(&inside.values).filter(|(_, own)| **own > 0.9).map(|(lab, _)| lab[0]).collect()
}

#[test]
fn a_mouth_that_opens_further_is_not_a_dark_hole() {
    let subject = smiling();
    let dark = |name: &str| {
        let photo = subject.after(name, 0.8);
        let (kit, _) = look(&subject.vision, &photo);
        let light = between_lips(&kit, &photo);
        light.iter().filter(|light| **light < 25.0).count() as f32 / light.len() as f32
    };
    let [laugh, hole] = ["laugh", "jaw open"].map(dark);
    assert!(laugh < 0.1, "{laugh} of the laughing mouth is dark");
    assert!(hole > 0.2, "a jaw that drops shows the throat: {hole}");
}

#[test]
fn teeth_are_as_dark_as_the_photo() {
    let lightest = |photo: RgbImage| {
        let subject = Subject::of(photo);
        let after = subject.after("grin", 0.8);
        let kit = look(&subject.vision, &after).0;
        let light = between_lips(&kit, &after);
        (light.iter().copied().fold(0.0, f32::max), subject.kit.lightest)
    };
    let photo = &calm().photo;
    let mut dark = photo.clone();
    dark.iter_mut().for_each(|value| *value = (f32::from(*value) * 0.45) as u8);
    let (teeth, most) = lightest(dark);
    assert!(teeth < most + 3.0, "{teeth} beside {most}");
    let (lit, _) = lightest(photo.clone());
    assert!(lit > most + 15.0, "in plain light they are white: {lit}");
}
