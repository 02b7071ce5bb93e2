//! The face kit on photos: what its regions hold and leave out.

use image::RgbImage;
use safelight_effects::{Kit, atlas, region};
use safelight_testkit as testkit;
use safelight_vision::Vision;
use safelight_vision::face::{Face, Part};

fn kit_of(name: &str) -> (RgbImage, Kit) {
    let photo = image::load_from_memory(&testkit::photo(name)).expect("a picture").into_rgb8();
    let vision = Vision::new(testkit::registry());
    let faces = vision.detect_faces(&photo).expect("faces");
    let kit = Kit::of(&Face::new(&vision, &photo, faces[0])).expect("a kit");
    (photo, kit)
}

/// Share of a mask that lies in another.
fn within(mask: &safelight_imaging::map::Map, other: &safelight_imaging::map::Map) -> f32 {
    let both: f32 = mask.values.iter().zip(&other.values).map(|(a, b)| a * b).sum();
    both / mask.values.iter().sum::<f32>().max(1e-3)
}

#[test]
fn skin_covers_cheeks_and_leaves_features_out() {
    for name in ["astronaut.png", "grace_hopper.jpg"] {
        let (photo, kit) = kit_of(name);
        let window = kit.window(0.4).expect("in the photo");
        let cut = window.cut(&photo);
        let skin = kit.face_skin(&window, &cut);
        for cheek in &atlas::CHEEKS {
            let cheek = region::without(&kit.region(&window, cheek, 0.0), &kit.occluders(&window));
            assert!(within(&cheek, &skin) > 0.85, "{name}: {}", within(&cheek, &skin));
        }
        assert!(within(&kit.lips(&window), &skin) < 0.03, "{name}");
        assert!([0, 1].iter().all(|&side| within(&kit.iris(&window, side), &skin) < 0.01));
        let hair = region::parts(&window, &kit.parsing, &[Part::Hair, Part::Hat]);
        assert!(within(&hair, &skin) < 0.03, "{name}: {}", within(&hair, &skin));
    }
}

#[test]
fn tones_and_glasses_are_those_of_the_person() {
    let (_, young) = kit_of("astronaut.png");
    let (_, old) = kit_of("grace_hopper.jpg");
    assert!(!young.glasses && old.glasses);
    assert!(young.skin.ita() > 41.0 && young.skin.likeness(young.skin.lab) == 1.0);
    assert!(young.skin.likeness([30.0, 0.0, 0.0]) < 0.05, "hair");
    assert!(young.frontal() == 1.0 && young.completeness() == 1.0);
    let (_, radius) = young.iris_disc(0);
    assert!((0.036..0.057).contains(&(radius / young.fw)));
}
