//! Mattes against truth: composites whose alpha is known, and the laws that every cut-out keeps.

mod errors;
mod scenes;

use errors::{errors, halo};
use image::{GrayImage, Luma, Rgb, RgbImage, imageops};
use safelight_imaging::{Cutout, Photo, Region};
use scenes::{HEIGHT, Scene, WIDTH};

fn refine(scene: &Scene) -> Cutout {
    let photo = Photo { rgb: scene.photo.clone(), alpha: None };
    Cutout::refine(photo, &scene.mask, Region::whole(&scene.photo))
}

/// Error of the refined matte as a share of that of the plain mask: mean absolute, gradient, halo
/// on white.
fn gains(scene: &Scene) -> [f64; 3] {
    let plain = imageops::resize(&scene.mask, WIDTH, HEIGHT, imageops::Lanczos3);
    let cutout = refine(scene);
    let (before, after) =
        (errors(&plain, &scene.alpha, &plain), errors(&cutout.alpha, &scene.alpha, &plain));
    let seen = |cutout: &Cutout| {
        halo(&cutout.clone().over([255; 3]), &scene.subject, &scene.alpha, &plain, [255; 3])
    };
    let untouched = Cutout { rgb: scene.photo.clone(), alpha: plain.clone() };
    let gains = [
        after.band / before.band,
        after.gradient / before.gradient,
        seen(&cutout) / seen(&untouched),
    ];
    println!(
        "{}: mae {:.4} -> {:.4}, gains band {:.2} gradient {:.2} halo {:.2}",
        scene.name, before.mae, after.mae, gains[0], gains[1], gains[2]
    );
    gains
}

#[test]
fn hair_comes_out_strand_by_strand() {
    let [band, gradient, halo] = gains(&scenes::hair());
    assert!(band < 0.3 && gradient < 0.1 && halo < 0.3);
}

/// Here the mask has it nearly right already: what can be won is mostly the colour.
#[test]
fn a_blurred_edge_stays_soft_and_loses_the_background() {
    let [band, gradient, halo] = gains(&scenes::soft_disc());
    assert!(band < 1.0 && gradient < 1.0 && halo < 0.7);
}

#[test]
fn crisp_edges_become_crisp() {
    for scene in [scenes::arms(), scenes::board()] {
        let [band, gradient, halo] = gains(&scene);
        assert!(band < 0.15 && gradient < 0.05 && halo < 0.15, "{}", scene.name);
    }
}

#[test]
fn colours_that_tell_nothing_leave_the_mask() {
    let [band, gradient, halo] = gains(&scenes::camouflage());
    assert!(band < 1.0 && gradient < 1.0 && halo < 1.0);
}

/// Far from the mask's edge nothing is touched, whatever the colours there.
#[test]
fn no_holes_inside_and_no_specks_outside() {
    for scene in [scenes::hair(), scenes::board(), scenes::camouflage()] {
        let cutout = refine(&scene);
        for (x, y, alpha) in cutout.alpha.enumerate_pixels() {
            let distance = (x as f32 - 400.0).hypot(y as f32 - 325.0);
            let pixel = (cutout.rgb.get_pixel(x, y), scene.photo.get_pixel(x, y));
            assert!(distance > 150.0 || (alpha[0] == 255 && pixel.0 == pixel.1), "{x} {y}");
            assert!(distance < 300.0 || alpha[0] == 0, "{x} {y}: {}", alpha[0]);
        }
    }
}

#[test]
fn an_empty_mask_cuts_out_nothing_and_a_full_one_everything() {
    let photo = scenes::hair().photo;
    let cut = |value: u8| {
        let mask = GrayImage::from_pixel(320, 320, Luma([value]));
        Cutout::refine(Photo { rgb: photo.clone(), alpha: None }, &mask, Region::whole(&photo))
    };
    let (nothing, all) = (cut(0), cut(255));
    assert!(nothing.is_empty() && nothing.alpha.iter().all(|&a| a == 0));
    assert!(!all.is_empty() && all.alpha.iter().all(|&a| a == 255));
    assert_eq!(all.rgb, photo);
    assert_eq!(nothing.trim().alpha.dimensions(), photo.dimensions(), "nothing to trim to");
}

#[test]
fn dust_and_wavering_are_cleared() {
    let mut mask = GrayImage::from_fn(320, 320, |x, y| {
        let distance = (x as f32 - 160.0).hypot(y as f32 - 160.0);
        Luma([if distance < 100.0 { 255 } else { 0 }])
    });
    let patch = |mask: &mut GrayImage, x: u32, y: u32, side: u32, value: u8| {
        (0..side * side).for_each(|i| mask.put_pixel(x + i % side, y + i / side, Luma([value])));
    };
    patch(&mut mask, 10, 10, 5, 255); // tiny
    patch(&mut mask, 280, 20, 30, 100); // large, but never sure
    patch(&mut mask, 150, 150, 20, 140); // a dip inside
    patch(&mut mask, 200, 160, 12, 0); // a hole
    let photo = RgbImage::from_pixel(640, 640, Rgb([90, 120, 60]));
    let alpha =
        Cutout::refine(Photo { rgb: photo.clone(), alpha: None }, &mask, Region::whole(&photo))
            .alpha;
    let at = |x: u32, y: u32| alpha.get_pixel(2 * x, 2 * y)[0];
    assert_eq!([at(12, 12), at(295, 35)], [0, 0]);
    assert_eq!(at(160, 160), 255);
    assert!(at(206, 166) < 60, "{}", at(206, 166));
}

/// A part that the mask holds for neither is decided, as a body out of focus behind its head.
#[test]
fn wide_doubts_are_settled() {
    let photo = RgbImage::from_pixel(640, 640, Rgb([90, 120, 60]));
    let alpha_of = |doubt: u8| {
        let mask = GrayImage::from_fn(320, 320, |x, y| {
            Luma([match (x, y) {
                (40..140, 60..260) => 255,
                (140..260, 60..260) => doubt,
                _ => 0,
            }])
        });
        let photo = Photo { rgb: photo.clone(), alpha: None };
        Cutout::refine(photo, &mask, Region { x: 0, y: 0, width: 640, height: 640 }).alpha
    };
    for (doubt, settled) in [(60, 0), (100, 0), (160, 255), (200, 255)] {
        let alpha = alpha_of(doubt);
        assert_eq!(alpha.get_pixel(400, 320).0, [settled], "{doubt}");
        assert_eq!(alpha.get_pixel(180, 320).0, [255], "{doubt}");
    }
}

/// A subject that leaves the picture below keeps a part there that the mask doubts, wherever and
/// however deep; gaps that the mask is sure of, wide ones and what does not touch it stay open.
#[test]
fn notches_at_the_border_are_filled_and_gaps_are_not() {
    let photo = RgbImage::from_pixel(640, 640, Rgb([90, 120, 60]));
    let alpha_with = |x: u32, width: u32, depth: u32, value: u8| {
        let mask = GrayImage::from_fn(320, 320, |column, row| {
            let notch = (x..x + width).contains(&column) && row >= 320 - depth;
            Luma([match ((60..260).contains(&column) && row >= 80, notch) {
                (true, true) => value,
                (true, false) => 254,
                _ => 0,
            }])
        });
        let photo = Photo { rgb: photo.clone(), alpha: None };
        let alpha =
            Cutout::refine(photo, &mask, Region { x: 0, y: 0, width: 640, height: 640 }).alpha;
        alpha.get_pixel(2 * x + width, 638).0[0]
    };
    for x in (80..220).step_by(35) {
        for (width, depth) in [(8, 20), (16, 8), (20, 10)] {
            for value in [24, 60, 130] {
                assert_eq!(alpha_with(x, width, depth, value), 255, "{x} {width} {depth} {value}");
            }
            assert!(alpha_with(x, width, depth, 4) < 128, "the mask is sure of background");
        }
        assert!(alpha_with(x, 30, 60, 60) < 255, "too large");
    }
    assert!(alpha_with(250, 10, 10, 60) < 255, "open to the side");
}

#[test]
fn transparency_of_the_photo_stays() {
    let scene = scenes::arms();
    let opacity = GrayImage::from_fn(WIDTH, HEIGHT, |x, _| Luma([if x < 400 { 0 } else { 128 }]));
    let photo = Photo { rgb: scene.photo.clone(), alpha: Some(opacity) };
    let both = Cutout::refine(photo, &scene.mask, Region::whole(&scene.photo)).alpha;
    let alone = refine(&scene).alpha;
    for (x, y, alpha) in both.enumerate_pixels() {
        let whole = f32::from(alone.get_pixel(x, y)[0]);
        let expected = if x < 400 { 0.0 } else { whole * 128.0 / 255.0 };
        assert!((f32::from(alpha[0]) - expected).abs() <= 0.5, "{x} {y}");
    }
}

/// Any size of photo, mask and region, down to a pixel.
#[test]
fn every_size_works() {
    let sizes = [1, 2, 3, 7, 32, 33, 401, 403, 801, 1203];
    for (i, &width) in sizes.iter().enumerate() {
        for &height in [sizes[9 - i], 1, 32].iter() {
            for mask_size in [(1, 1), (5, 3), (320, 320), (500, 40)] {
                let photo = RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, 7]));
                let mask = GrayImage::from_fn(mask_size.0, mask_size.1, |x, y| {
                    Luma([((x * 37 + y * 11) % 256) as u8])
                });
                let (x, y) = (width / 3, height / 3);
                let region = Region { x, y, width: width - x, height: height - y };
                let cutout = Cutout::refine(Photo { rgb: photo, alpha: None }, &mask, region);
                assert_eq!(cutout.alpha.dimensions(), (width, height));
                let outside = cutout.alpha.enumerate_pixels().filter(|p| p.0 < x || p.1 < y);
                assert!(outside.map(|p| p.2[0]).all(|alpha| alpha == 0));
            }
        }
    }
}

#[test]
fn composing_and_trimming() {
    let mut rgb = RgbImage::from_pixel(9, 7, Rgb([200, 100, 0]));
    let mut alpha = GrayImage::new(9, 7);
    alpha.put_pixel(0, 0, Luma([7]));
    alpha.put_pixel(3, 2, Luma([128]));
    alpha.put_pixel(5, 4, Luma([255]));
    rgb.put_pixel(4, 3, Rgb([1, 2, 3]));
    let cutout = Cutout { rgb, alpha };
    let over = cutout.clone().over([0, 0, 255]);
    assert_eq!(over.get_pixel(5, 4).0, [200, 100, 0]);
    assert_eq!(over.get_pixel(8, 6).0, [0, 0, 255]);
    assert_eq!(over.get_pixel(3, 2).0, [100, 50, 127]);
    assert_eq!(cutout.rgb.dimensions(), (9, 7));
    let trimmed = cutout.trim();
    assert_eq!(trimmed.alpha.dimensions(), (3, 3), "dust does not count");
    assert_eq!(trimmed.rgb.get_pixel(1, 1).0, [1, 2, 3]);
    assert_eq!([trimmed.alpha.get_pixel(0, 0)[0], trimmed.alpha.get_pixel(2, 2)[0]], [128, 255]);
}
