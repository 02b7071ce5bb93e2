//! Completion keeps texture and edges, touches nothing else, and copies nothing that is barred.

use image::{GrayImage, Luma, Rgb, RgbImage, imageops};
use safelight_contract::{Code, Result};
use safelight_effects::complete::{Options, Reach, complete};
use safelight_imaging::color::luma;
use safelight_testkit::picture as photo;

fn go_on() -> Result<()> {
    Ok(())
}

fn ellipse(photo: &RgbImage, [x, y]: [u32; 2], [rx, ry]: [u32; 2]) -> GrayImage {
    GrayImage::from_fn(photo.width(), photo.height(), |px, py| {
        let way = |at: u32, centre: u32, radius: u32| (at as f32 - centre as f32) / radius as f32;
        Luma([if way(px, x, rx).hypot(way(py, y, ry)) <= 1.0 { 255 } else { 0 }])
    })
}

fn completed(photo: &RgbImage, hole: &GrayImage, options: &Options) -> RgbImage {
    let mut photo = photo.clone();
    complete(&mut photo, hole, None, options, &go_on).expect("can be completed");
    photo
}

/// Standard deviation of fine detail where `area` is.
fn texture(photo: &RgbImage, area: &GrayImage) -> f32 {
    let blurred = imageops::blur(photo, 1.5);
    let pairs = photo.pixels().zip(blurred.pixels()).zip(area.iter());
    let inside = pairs
        .filter(|(_, area)| **area > 0)
        .map(|((a, b), _)| luma(a.0.map(f32::from)) - luma(b.0.map(f32::from)));
    let values: Vec<f32> = inside.collect();
    (values.iter().map(|value| value * value).sum::<f32>() / values.len() as f32).sqrt()
}

/// What a fill without texture makes of the hole.
fn blurred(photo: &RgbImage, hole: &GrayImage) -> RgbImage {
    let far = imageops::blur(photo, 8.0);
    RgbImage::from_fn(photo.width(), photo.height(), |x, y| match hole.get_pixel(x, y).0[0] {
        0 => *photo.get_pixel(x, y),
        _ => *far.get_pixel(x, y),
    })
}

#[test]
fn texture_goes_on() {
    for (name, centre, radii) in [
        ("coffee.png", [500, 330], [50, 30]),
        ("china.jpg", [120, 300], [36, 30]),
        ("chelsea.png", [80, 60], [26, 24]),
    ] {
        let photo = photo(name);
        let hole = ellipse(&photo, centre, radii);
        let share = |result: &RgbImage| texture(result, &hole) / texture(&photo, &hole);
        let found = share(&completed(&photo, &hole, &Options::default()));
        assert!((0.7..=1.3).contains(&found), "{name}: {found:.2} of the texture that was there");
        let fog = share(&blurred(&photo, &hole));
        assert!(fog < 0.7, "{name}: fog passes with {fog:.2}");
    }
}

#[test]
fn skies_stay_plain() {
    let photo = photo("china.jpg");
    for (centre, radii) in [([410, 80], [50, 36]), ([500, 60], [30, 30])] {
        let hole = ellipse(&photo, centre, radii);
        let far = |picture: &RgbImage| {
            let [a, b] = [&photo, picture].map(|picture| imageops::blur(picture, 4.0));
            let inside = a.pixels().zip(b.pixels()).zip(hole.iter()).filter(|(_, hole)| **hole > 0);
            let apart =
                inside.map(|((a, b), _)| luma(a.0.map(f32::from)) - luma(b.0.map(f32::from)));
            apart.fold(0.0_f32, |most, apart| most.max(apart.abs()))
        };
        let found = completed(&photo, &hole, &Options::default());
        assert!(far(&found) < 4.0, "{centre:?}: a stain of {:.1}", far(&found));
        let share = texture(&found, &hole) / texture(&photo, &hole);
        assert!((0.6..=1.4).contains(&share), "{centre:?}: {share:.2} of the noise");
        let fog = blurred(&photo, &hole);
        assert!(texture(&fog, &hole) / texture(&photo, &hole) < 0.6);
        let mut stained = photo.clone();
        for (pixel, _) in stained.pixels_mut().zip(hole.iter()).filter(|(_, hole)| **hole > 0) {
            pixel.0 = [205, 215, 225];
        }
        assert!(far(&stained) > 4.0);
    }
}

/// Two grainy areas with a slanted edge between them.
fn edge_at(y: u32) -> f32 {
    90.0 + 0.35 * y as f32
}

fn two_areas() -> RgbImage {
    let mut state = 5_u32;
    RgbImage::from_fn(240, 180, |x, y| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let grain = (state >> 28) as u8;
        let right = (x as f32 + 0.5 - edge_at(y) + 0.5).clamp(0.0, 1.0);
        Rgb([60.0, 70.0, 90.0].map(|dark: f32| (dark + 110.0 * right) as u8 + grain))
    })
}

/// Largest distance in pixels between the edge of the hole's rows and where it should be.
fn edge_error(picture: &RgbImage, rows: std::ops::Range<u32>) -> f32 {
    rows.map(|y| {
        // How many pixels of the row are dark, of those that are doubtful half.
        let dark = |x: u32| {
            1.0 - ((f32::from(picture.get_pixel(x, y).0[0]) - 75.0) / 90.0).clamp(0.0, 1.0)
        };
        ((0..240).map(dark).sum::<f32>() - edge_at(y)).abs()
    })
    .fold(0.0, f32::max)
}

#[test]
fn straight_edges_go_on() {
    let picture = two_areas();
    let hole = ellipse(&picture, [122, 90], [30, 24]);
    let options = Options { reach: Reach::EVERYWHERE, ..Options::default() };
    let found = completed(&picture, &hole, &options);
    let error = edge_error(&found, 68..112);
    assert!(error < 3.0, "the edge is off by {error} px");
    // A fill of one colour moves the edge to the rim of the hole.
    let mut filled = picture.clone();
    for (pixel, _) in filled.pixels_mut().zip(hole.iter()).filter(|(_, hole)| **hole > 0) {
        pixel.0 = [60, 70, 90];
    }
    assert!(edge_error(&filled, 68..112) > 3.0);
}

#[test]
fn nothing_else_changes_and_seeds_repeat() {
    let photo = photo("coffee.png");
    let hole = ellipse(&photo, [500, 330], [40, 30]);
    let once = completed(&photo, &hole, &Options::default());
    let pairs = photo.pixels().zip(once.pixels()).zip(hole.iter());
    let (inside, outside): (Vec<_>, Vec<_>) = pairs.partition(|(_, hole)| **hole > 0);
    assert!(outside.iter().all(|((a, b), _)| a == b), "a pixel outside the hole changed");
    assert!(inside.iter().any(|((a, b), _)| a != b));
    assert!(once == completed(&photo, &hole, &Options::default()), "a seed does not repeat");
    let other = completed(&photo, &hole, &Options { seed: 9, ..Options::default() });
    assert!(once != other, "seeds make no difference");
}

#[test]
fn what_is_barred_is_not_copied() {
    // Red spots on gravel, one of them half in the hole.
    let mut picture = two_areas();
    let spots = [[60, 60], [60, 120], [175, 60], [175, 120]];
    for spot in spots {
        let area = ellipse(&picture, spot, [14, 14]);
        for (pixel, _) in picture.pixels_mut().zip(area.iter()).filter(|(_, area)| **area > 0) {
            pixel.0 = [200, 20, 20];
        }
    }
    let hole = ellipse(&picture, [60, 72], [18, 18]);
    let red = |picture: &RgbImage| {
        let inside = picture.pixels().zip(hole.iter()).filter(|(_, hole)| **hole > 0);
        inside.filter(|(pixel, _)| pixel.0[0] > 150 && pixel.0[1] < 60).count()
    };
    let options = Options { reach: Reach::EVERYWHERE, ..Options::default() };
    assert!(red(&completed(&picture, &hole, &options)) > 50, "the spot is not attractive");
    let barred = GrayImage::from_fn(picture.width(), picture.height(), |x, y| {
        Luma([if picture.get_pixel(x, y).0[1] < 60 { 255 } else { 0 }])
    });
    let mut found = picture.clone();
    complete(&mut found, &hole, Some(&barred), &options, &go_on).expect("can be completed");
    assert_eq!(red(&found), 0);
}

#[test]
fn large_holes_are_solved_small_and_filled_at_full_size() {
    let mut state = 3_u32;
    let picture = RgbImage::from_fn(1500, 1100, |x, y| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let wave = 30.0 * ((x as f32 / 9.0).sin() + (y as f32 / 13.0).cos());
        Rgb([(100.0 + wave) as u8 + (state >> 27) as u8; 3])
    });
    let hole = ellipse(&picture, [800, 500], [150, 90]);
    let options = Options { rounds: 0.3, ..Options::default() };
    let found = completed(&picture, &hole, &options);
    let share = texture(&found, &hole) / texture(&picture, &hole);
    assert!((0.7..=1.3).contains(&share), "{share:.2} of the texture");
}

#[test]
fn what_cannot_be_filled_is_refused() {
    let picture = two_areas();
    let everything = GrayImage::from_pixel(240, 180, Luma([255]));
    let refused = complete(&mut picture.clone(), &everything, None, &Options::default(), &go_on);
    assert_eq!(refused.expect_err("nothing is known").code(), Code::ProcessingFailure);
    let nothing = GrayImage::new(240, 180);
    assert!(completed(&picture, &nothing, &Options::default()) == picture);
}
