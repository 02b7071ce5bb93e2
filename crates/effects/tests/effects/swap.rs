//! Faces in other pictures: whose they become, what stays, and the seam. Untouched or plainly wrong
//! pictures must fail each measure.

use std::sync::OnceLock;

use image::{RgbImage, imageops};
use safelight_effects::Kit;
use safelight_effects::lab::{Lab, LabMap, difference};
use safelight_effects::swap::{self, Blend, Misfit};
use safelight_imaging::map::Map;
use safelight_testkit::{self as testkit, picture as decoded};
use safelight_vision::Vision;
use safelight_vision::face::{Embedding, Face};

struct Subject {
    photo: RgbImage,
    kit: Kit,
    embedding: Embedding,
}

fn look(photo: RgbImage) -> Subject {
    let vision = Vision::new(testkit::registry());
    let found = vision.detect_faces(&photo).expect("faces");
    let face = Face::new(&vision, &photo, found[0]);
    let kit = Kit::of(&face).expect("a kit");
    let embedding = face.embedding().expect("an embedding").clone();
    Subject { photo, kit, embedding }
}

/// The head of a young woman, who gives her face.
fn giver() -> &'static Subject {
    static SUBJECT: OnceLock<Subject> = OnceLock::new();
    SUBJECT.get_or_init(|| {
        let head = imageops::crop_imm(&decoded("astronaut.png"), 110, 0, 230, 240).to_image();
        look(imageops::resize(&head, 460, 480, imageops::FilterType::CatmullRom))
    })
}

/// An old woman with glasses and a hat.
fn receiver() -> &'static Subject {
    static SUBJECT: OnceLock<Subject> = OnceLock::new();
    SUBJECT.get_or_init(|| look(decoded("grace_hopper.jpg")))
}

fn swapped(similarity: f32) -> (RgbImage, Blend) {
    let (giver, receiver) = (giver(), receiver());
    let mut photo = receiver.photo.clone();
    let blend = swap::paint((&giver.kit, &giver.photo), &receiver.kit, &mut photo, similarity);
    (photo, blend.expect("they fit").expect("a blend"))
}

/// The distance of the colours just inside and just outside the seam, the median over its skin: above
/// that of the untouched picture, which has a shape.
fn seam(photo: &RgbImage, blend: &Blend) -> f32 {
    let lab = LabMap::of(&blend.window.cut(photo));
    let planes = [0, 1, 2].map(|i| lab.plane(i).gaussian(1.5));
    let skin = receiver().kit.face_skin(&blend.window, &blend.window.cut(&receiver().photo));
    let at = |x: f32, y: f32| -> Lab { planes.each_ref().map(|plane| plane.between(x, y)) };
    let slope = |map: &Map, x: usize, y: usize| {
        let (x, y) = (x as isize, y as isize);
        [map.near(x + 2, y) - map.near(x - 2, y), map.near(x, y + 2) - map.near(x, y - 2)]
    };
    let reach = receiver().kit.cells(&blend.window, 0.03);
    let mut all = vec![];
    for y in 0..blend.mask.height {
        for x in 0..blend.mask.width {
            let i = y * blend.mask.width + x;
            if (blend.mask.values[i] - 0.5).abs() > 0.1 || skin.values[i] < 0.9 {
                continue;
            }
            let [across, down] = slope(&blend.mask, x, y);
            let length = across.hypot(down).max(1e-3);
            let (dx, dy) = (across / length * reach, down / length * reach);
            let (x, y) = (x as f32, y as f32);
            let bare = |x: f32, y: f32| skin.between(x, y) > 0.9;
            if !bare(x + dx, y + dy) || !bare(x - dx, y - dy) {
                continue;
            }
            all.push(difference(at(x + dx, y + dy), at(x - dx, y - dy)));
        }
    }
    assert!(all.len() > 50, "a seam of {} places", all.len());
    all.sort_by(f32::total_cmp);
    all[all.len() / 2]
}

#[test]
fn the_face_becomes_the_givers() {
    let (photo, _) = swapped(1.0);
    let now = look(photo).embedding;
    let (own, given) = (&receiver().embedding, &giver().embedding);
    assert!(own.cosine(given) < 0.35, "two persons: {}", own.cosine(given));
    let (to_giver, to_receiver) = (now.cosine(given), now.cosine(own));
    assert!(to_giver > own.cosine(given) + 0.2, "{to_giver}");
    assert!(to_receiver < 0.75, "{to_receiver}");
}

#[test]
fn nothing_outside_the_face_changes() {
    let (photo, blend) = swapped(1.0);
    let before = &receiver().photo;
    let region = blend.window.region;
    let mut inside = 0;
    for (x, y, pixel) in photo.enumerate_pixels() {
        let own = before.get_pixel(x, y);
        if pixel == own {
            continue;
        }
        assert!((region.x..region.x + region.width).contains(&x));
        assert!((region.y..region.y + region.height).contains(&y));
        inside += 1;
    }
    assert!(inside > 5000, "{inside} pixels of the face change");
    // The hat, the shoulders and the corners of the window are those of the picture.
    let corners = [(region.x, region.y), (region.x, region.y + region.height - 1)];
    assert!(corners.iter().all(|&(x, y)| photo.get_pixel(x, y) == before.get_pixel(x, y)));
}

#[test]
fn the_seam_is_not_seen() {
    let (photo, blend) = swapped(1.0);
    let own = seam(&receiver().photo, &blend);
    let found = seam(&photo, &blend) - own;
    assert!(found <= 4.0, "{found} above {own}");
    // A face of another light and complexion has a seam.
    let mut pasted = receiver().photo.clone();
    blend.window.rows(&mut pasted, |y, pixels| {
        let mut line = vec![0.0; pixels.len()];
        blend.mask.stretched_row(y, blend.window.region.height, &mut line);
        for (pixel, share) in pixels.iter_mut().zip(line) {
            let tone = [236.0, 200.0, 190.0];
            for (value, tone) in pixel.iter_mut().zip(tone) {
                *value = (f32::from(*value) * (1.0 - share) + tone * share) as u8;
            }
        }
    });
    let wrong = seam(&pasted, &blend) - own;
    assert!(wrong > 4.0, "{wrong} above {own}");
}

#[test]
fn similarity_grows_from_nothing() {
    let (giver, receiver) = (giver(), receiver());
    let mut photo = receiver.photo.clone();
    let none = swap::paint((&giver.kit, &giver.photo), &receiver.kit, &mut photo, 0.0);
    assert!(none.expect("they fit").is_none());
    assert_eq!(photo, receiver.photo);
    let [half, whole] = [0.5, 1.0].map(|similarity| {
        let embedding = look(swapped(similarity).0).embedding;
        embedding.cosine(&giver.embedding)
    });
    assert!(whole >= half, "{half} {whole}");
}

#[test]
fn a_face_that_is_turned_away_does_not_fit() {
    let giver = giver();
    let mut turned = giver.kit.clone();
    // The far half of a profile lies over the near one.
    let middle = turned.mesh.point(4).x;
    for point in turned.mesh.points.iter_mut() {
        point[0] = middle + (point[0] - middle).abs() * 0.8;
    }
    let mut photo = receiver().photo.clone();
    let found = swap::paint((&turned, &giver.photo), &receiver().kit, &mut photo, 1.0);
    assert!(matches!(found, Err(Misfit::Folded(_))), "{:?}", found.map(|_| ()));
    assert_eq!(photo, receiver().photo, "nothing is changed on failure");
}

#[test]
fn what_the_frame_cuts_off_a_giver_is_not_invented() {
    let (whole, receiver) = (giver(), receiver());
    let oval = whole.kit.mesh.rect();
    let cut = |share: f32| {
        let width = (oval.right() - share * oval.width) as u32;
        let photo = imageops::crop_imm(&whole.photo, 0, 0, width, whole.photo.height()).to_image();
        // Points and parts as they are known from the whole photo.
        let kit = Kit { photo_size: photo.dimensions(), ..whole.kit.clone() };
        let mut picture = receiver.photo.clone();
        swap::paint((&kit, &photo), &receiver.kit, &mut picture, 1.0)
    };
    assert!(matches!(cut(0.45), Err(Misfit::Covered(_))), "half a face");
    let rim = cut(0.08).expect("most of a face").expect("a blend");
    let all = swapped(1.0).1;
    let sum = |map: &Map| map.values.iter().sum::<f32>();
    assert!(sum(&rim.mask) < 0.99 * sum(&all.mask), "what is cut stays the receiver's");
}
