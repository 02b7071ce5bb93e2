//! Person mask, joints and kinds on real photos, against numbers that the original graphs gave through
//! another engine.

use safelight_imaging::Region;
use safelight_testkit::{self as testkit, picture as photo};
use safelight_vision::Vision;
use safelight_vision::body::Joint;
use safelight_vision::face::Detection;
use safelight_vision::kinds::Kind;

fn vision() -> Vision {
    Vision::new(testkit::registry())
}

#[test]
fn the_mask_covers_as_much_of_the_photo_as_the_reference() {
    for (name, share) in [("astronaut.png", 0.545), ("grace_hopper.jpg", 0.579), ("china.jpg", 0.0)]
    {
        let photo = photo(name);
        let mask = vision().person_mask(&photo, Region::whole(&photo)).expect("a mask");
        let found = mask.iter().filter(|&&v| v > 127).count() as f64 / mask.len() as f64;
        assert!((found - share).abs() < 0.01, "{name}: {found:.3}");
    }
}

#[test]
fn joints_lie_on_the_person_and_nobody_has_none() {
    let person = photo("astronaut.png");
    let body = vision().body(&person, Region::whole(&person)).expect("joints");
    let nose = body.joint(Joint::Nose);
    assert!(nose.score > 0.5);
    assert!((nose.place.x - 225.0).abs() < 20.0 && (nose.place.y - 120.0).abs() < 25.0, "{nose:?}");
    let eyes = [body.joint(Joint::LeftEye), body.joint(Joint::RightEye)].map(|eye| eye.place.x);
    assert!(eyes[0] > eyes[1], "her left eye is on the right of the picture");
    let seen = body.joints().iter().filter(|joint| joint.score > 0.3).count();
    assert!((10..=13).contains(&seen), "{seen}");
    let part = Region { x: 100, y: 0, width: 300, height: 500 };
    let closer = vision().body(&person, part).expect("joints").joint(Joint::Nose).place;
    assert!(
        closer.distance(nose.place) < 20.0,
        "the same place in a part of the photo: {closer:?}"
    );
    let cat = photo("chelsea.png");
    let body = vision().body(&cat, Region::whole(&cat)).expect("joints");
    assert!(body.joints().iter().filter(|joint| joint.score > 0.3).count() < 3);
}

#[test]
fn kinds_agree_with_the_reference() {
    let share = |name: &str, kind| {
        let photo = photo(name);
        vision().kinds(&photo, Region::whole(&photo)).expect("kinds").share(kind)
    };
    assert!(share("coffee.png", Kind::FOOD) > 0.9);
    assert!(share("chelsea.png", Kind::ANIMAL) > 0.9);
    let uniform = share("grace_hopper.jpg", Kind::COAT);
    assert!((uniform - 0.5).abs() < 0.15, "military uniform .46, suit .04: {uniform}");
    for name in ["astronaut.png", "china.jpg", "flower.jpg", "rocket.jpg"] {
        assert!(share(name, Kind::FOOD) < 0.25, "{name}");
    }
}

#[test]
fn an_unsure_detection_is_a_face_where_the_mesh_fits() {
    let portrait = photo("astronaut.png");
    let face = vision().detect_faces(&portrait).expect("faces").remove(0);
    let unsure = Detection { score: 0.6, ..face };
    assert!(vision().is_sure_face(&portrait, &unsure).expect("an answer"));
    let rocket = photo("rocket.jpg");
    assert!(!vision().is_sure_face(&rocket, &unsure).expect("an answer"));
    let sure = Detection { score: 0.9, ..face };
    assert!(vision().is_sure_face(&rocket, &sure).expect("an answer"), "the detector is sure");
    let likely = Detection { score: 0.8, ..face };
    assert!(vision().is_sure_face(&portrait, &likely).expect("an answer"), "both detectors agree");
    assert!(!vision().is_sure_face(&rocket, &likely).expect("an answer"), "they do not");
}

#[test]
fn a_hand_shows_its_back_and_a_portrait_has_none() {
    let hand = vision().hands(&photo("hand.png")).expect("an answer").remove(0);
    // Where the tips were drawn, from the thumb on.
    let tips = [[58, 250], [139, 120], [193, 90], [248, 113], [298, 178]];
    for (finger, [x, y]) in tips.into_iter().enumerate() {
        let tip = hand.finger(finger)[3];
        let far = (tip.x - x as f32).hypot(tip.y - y as f32);
        assert!(far < 14.0, "{finger}: {tip:?}");
    }
    assert!(hand.shows_back() && hand.right > 0.5 && hand.presence > 0.5);
    let mirrored = image::imageops::flip_horizontal(&photo("hand.png"));
    let left = vision().hands(&mirrored).expect("an answer").remove(0);
    assert!(left.shows_back() && left.right < 0.5, "the back of a left hand");
    for name in ["coffee.png", "chelsea.png"] {
        assert!(vision().hands(&photo(name)).expect("an answer").is_empty(), "{name}");
    }
}
