//! Networks that an operator adds, by small graphs of the same signature: that each is asked where it was
//! chosen, is fed as published, and that its answer comes to its place. How good they are is not told here.

use std::sync::Arc;
use std::time::Duration;

use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage};
use safelight_contract::{Code, Fault};
use safelight_imaging::lab_of;
use safelight_operation::{Cancel, Context, Form, Inline};
use safelight_services::{CATALOG, find};
use safelight_testkit as testkit;
use safelight_vision::Vision;

use crate::support::{artifact, call, encoded, form, photo, picture, png, with};

const CUTOUT: &str = "/api/cutout/general/universal-background-removal";
const HD: &str = "/api/cutout/general/hd-universal-background-removal";
const REMOVE: &str = "/api/image/editing/remove-objects";
const COLORIZE: &str = "/api/image/effects/image-colorization";
const FACE: &str = "/api/portrait/effects/enhance-face";

/// What a service answers where this network was chosen.
fn call_with(network: &str, path: &str, form: &Form) -> Result<DynamicImage, Fault> {
    let folder = tempfile::tempdir().expect("a folder");
    let vision = Vision::new(Arc::new(testkit::registry_with(network, folder.path())));
    let cancel = Cancel::after(Duration::from_secs(3600));
    let context = Context::new(vision, cancel, Arc::new(Inline));
    let node = find(path).expect("a service").prepare(form)?.run_here(context)?;
    Ok(image::load_from_memory(&artifact(node).0.bytes).expect("a picture"))
}

#[test]
fn a_chosen_network_cuts_out_instead_of_the_one_that_ships() {
    // A dark disc before a bright ground. The graphs call bright what belongs to the subject.
    let scene = RgbImage::from_fn(400, 300, |x, y| {
        let far = (x as f32 - 200.0).hypot(y as f32 - 150.0);
        let ripple = ((x * 7 + y * 3) % 9) as u8;
        if far < 70.0 { Rgb([40 + ripple, 20, 20]) } else { Rgb([225, 228 + ripple, 230]) }
    });
    let sent = with(form(png(scene)), "return_form", "mask");
    let places = |mask: DynamicImage| {
        let mask = mask.to_luma8();
        [mask.get_pixel(200, 150).0[0], mask.get_pixel(30, 30).0[0]]
    };
    let [disc, ground] = places(picture(CUTOUT, &sent));
    assert!(disc > 200 && ground < 50, "without a choice the disc stands out: {disc} {ground}");
    for network in
        ["isnet-general-use", "birefnet-general", "birefnet-general-lite", "birefnet-portrait"]
    {
        for path in [CUTOUT, HD] {
            let sent = if path == HD {
                form(sent.file("image").expect("sent").clone())
            } else {
                sent.clone()
            };
            let found = call_with(network, path, &sent)
                .unwrap_or_else(|fault| panic!("{network}: {fault}"));
            let alpha = |x, y| found.to_rgba8().get_pixel(x, y).0[3];
            let [disc, ground] =
                if path == HD { [alpha(200, 150), alpha(30, 30)] } else { places(found) };
            assert!(disc < 50 && ground > 200, "{network}: {disc} {ground}");
        }
    }
}

#[test]
fn every_cut_out_asks_the_model_whose_place_a_chosen_one_takes() {
    let cutouts =
        CATALOG.iter().filter(|endpoint| endpoint.spec().path.starts_with("/api/cutout/"));
    let mut count = 0;
    for endpoint in cutouts {
        assert!(endpoint.needs().models.contains(&"u2net"), "{}", endpoint.spec().path);
        count += 1;
    }
    assert!(count >= 9, "{count}");
    let folder = tempfile::tempdir().expect("a folder");
    let registry = testkit::registry_with("isnet-general-use", folder.path());
    assert_eq!(registry.name_of("u2net"), Some("isnet-general-use"));
    assert_eq!(registry.name_of("yunet"), Some("yunet"));
    let (plain, chosen) = (testkit::registry().memory(["u2net"]), registry.memory(["u2net"]));
    assert!(chosen < plain, "the budget counts the chosen file in place of the one that ships");
    std::fs::remove_file(folder.path().join("isnet-general-use.onnx")).expect("it is there");
    let missing = registry.missing(&["u2net"], &[]);
    assert!(missing[0].1.to_string().contains("isnet-general-use"), "{missing:?}");
}

#[test]
fn a_hole_is_filled_by_the_chosen_network_and_nothing_else_changes() {
    let scene = RgbImage::from_fn(640, 420, |x, y| {
        let wave = (x as f32 * 0.21).sin() * 30.0 + (y as f32 * 0.17).cos() * 30.0;
        Rgb([(60.0 + wave).abs() as u8, 30, (190.0 + wave / 2.0) as u8])
    });
    let inside = |x: u32, y: u32| (300..380).contains(&x) && (180..240).contains(&y);
    let mask = GrayImage::from_fn(640, 420, |x, y| Luma([if inside(x, y) { 255 } else { 0 }]));
    let mut sent = form(png(scene.clone()));
    sent.add_file("mask", encoded(&mask.into(), ImageFormat::Png).into());
    // JPEG would change all of it a little: the files are compared where they are far from the hole.
    let far = |x: u32, y: u32| !(280..400).contains(&x) || !(160..260).contains(&y);
    let off = |made: &RgbImage, wanted: [u8; 3], x: u32, y: u32| {
        let found = made.get_pixel(x, y).0;
        found.iter().zip(wanted).map(|(a, b)| a.abs_diff(b)).max().unwrap_or(0)
    };
    let own = picture(REMOVE, &sent).to_rgb8();
    assert!(off(&own, [128; 3], 340, 210) > 45, "without a choice the stripes go on");
    for network in ["lama", "migan"] {
        let made =
            call_with(network, REMOVE, &sent).unwrap_or_else(|fault| panic!("{network}: {fault}"));
        let made = made.to_rgb8();
        // Its colours are brought to those of the ring around the hole.
        assert!(off(&made, [128; 3], 340, 210) < 28, "{network}: {:?}", made.get_pixel(340, 210));
        for (x, y, pixel) in scene.enumerate_pixels().filter(|(x, y, _)| far(*x, *y)) {
            assert!(off(&made, pixel.0, x, y) < 24, "{network}: {x} {y}");
        }
    }
}

#[test]
fn a_face_is_restored_in_its_place() {
    let sent = form(photo("astronaut.png"));
    let before = image::load_from_memory(&photo("astronaut.png")).expect("a photo").to_rgb8();
    let made = call_with("gfpgan", FACE, &sent).expect("an answer").to_rgb8();
    // The graph makes the negative. The face lies around (220, 115).
    let (was, is) = (before.get_pixel(222, 120).0, made.get_pixel(222, 120).0);
    let negative = was.map(|value| 255 - value);
    let off = is.iter().zip(negative).map(|(a, b)| a.abs_diff(b)).max();
    assert!(off < Some(24), "{was:?} became {is:?}");
    let (was, is) = (before.get_pixel(480, 480).0, made.get_pixel(480, 480).0);
    assert!(was.iter().zip(is).all(|(a, b)| a.abs_diff(b) < 12), "{was:?} became {is:?}");
    let own = picture(FACE, &sent).to_rgb8().get_pixel(222, 120).0;
    let was = before.get_pixel(222, 120).0;
    assert!(was.iter().zip(own).all(|(a, b)| a.abs_diff(b) < 40), "{was:?} became {own:?}");
}

#[test]
fn a_chosen_network_colours_what_is_no_person() {
    let gray = image::load_from_memory(&photo("coffee.png")).expect("a photo").to_luma8();
    let sent = form(encoded(&gray.clone().into(), ImageFormat::Png));
    let code = call(COLORIZE, &sent).map(drop).expect_err("no face").code();
    assert_eq!(code, Code::NoFaceInFile);
    for network in ["ddcolor", "ddcolor-tiny"] {
        let made = call_with(network, COLORIZE, &sent)
            .unwrap_or_else(|fault| panic!("{network}: {fault}"));
        let made = made.to_rgb8();
        assert_eq!(made.dimensions(), gray.dimensions());
        // The graph gives a* of 60 times the gray, and b* of -20.
        let middle = made.enumerate_pixels().filter(|(_, _, p)| (90..150).contains(&p.0[1]));
        let colours: Vec<_> = middle.map(|(_, _, pixel)| lab_of(pixel.0)).collect();
        let mean = |channel: usize| {
            colours.iter().map(|lab| lab[channel]).sum::<f32>() / colours.len().max(1) as f32
        };
        assert!(
            mean(1) > 15.0 && (-25.0..-8.0).contains(&mean(2)),
            "{network}: {} {}",
            mean(1),
            mean(2)
        );
    }
}
