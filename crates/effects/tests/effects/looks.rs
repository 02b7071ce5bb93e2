//! What every look keeps to, measured on photos, gray ramps and the colours of skin.

use std::sync::LazyLock;

use image::{Rgb, RgbImage, imageops};
use safelight_effects::looks::{self, Family, LOOKS, Look};
use safelight_imaging::color::luma;
use safelight_imaging::lab_of;
use safelight_testkit as testkit;

fn photos() -> Vec<RgbImage> {
    let small = |name: &str| {
        let photo = image::load_from_memory(&testkit::photo(name)).expect("a photo").to_rgb8();
        imageops::thumbnail(&photo, 48, 36)
    };
    ["astronaut.png", "coffee.png", "china.jpg", "flower.jpg"].map(small).into()
}

/// What each look makes of each photo, in the order of the looks.
static MADE: LazyLock<Vec<Vec<RgbImage>>> = LazyLock::new(|| {
    let photos = photos();
    let made = |look: &Look| photos.iter().map(|photo| looked(look, photo)).collect();
    LOOKS.iter().map(made).collect()
});

fn labs(photos: &[RgbImage]) -> Vec<[f32; 3]> {
    photos.iter().flat_map(|photo| photo.pixels().map(|pixel| lab_of(pixel.0))).collect()
}

fn looked(look: &Look, photo: &RgbImage) -> RgbImage {
    let mut photo = photo.clone();
    look.apply(&mut photo, 1.0);
    photo
}

/// Mean CIE 1976 difference.
fn difference(a: &[[f32; 3]], b: &[[f32; 3]]) -> f32 {
    let distance = |a: &[f32; 3], b: &[f32; 3]| {
        a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt()
    };
    a.iter().zip(b).map(|(a, b)| distance(a, b)).sum::<f32>() / a.len() as f32
}

#[test]
fn every_look_differs_from_the_photo_and_from_its_family() {
    let before = labs(&photos());
    let made: Vec<_> = MADE.iter().map(|photos| labs(photos)).collect();
    let mut close = Vec::new();
    for (i, look) in LOOKS.iter().enumerate() {
        let change = difference(&made[i], &before);
        if change < 2.0 {
            close.push(format!("{} and the photo: {change:.2}", look.id));
        }
        for (j, other) in LOOKS.iter().enumerate().skip(i + 1) {
            let apart = difference(&made[i], &made[j]);
            let least = if look.family == other.family { 2.0 } else { 1.5 };
            if apart < least {
                close.push(format!("{} and {}: {apart:.2}", look.id, other.id));
            }
        }
    }
    assert!(close.is_empty(), "{close:#?}");
}

#[test]
fn strength_0_changes_nothing_and_more_strength_changes_more() {
    let photo = &photos()[0];
    let before = labs(std::slice::from_ref(photo));
    for look in LOOKS.iter().step_by(4) {
        let mut last = 0.0;
        for strength in [0.0, 0.3, 0.6, 1.0] {
            let mut after = photo.clone();
            look.apply(&mut after, strength);
            let change = difference(&labs(&[after]), &before);
            assert!(strength > 0.0 || change == 0.0, "{} changes at strength 0", look.id);
            assert!(change >= last, "{} at {strength}: {change}, less than {last}", look.id);
            last = change;
        }
        assert!(last > 1.0, "{} changes by {last} only", look.id);
    }
}

/// Largest fall of lightness along a gray ramp, and largest step between neighbouring grays.
fn ramp(color: impl Fn(f32) -> [f32; 3]) -> (f32, f32) {
    let lightness = |code: u8| lab_of(color(f32::from(code) / 255.0).map(|v| (v * 255.0) as u8))[0];
    let steps = (0..255u8).map(|code| lightness(code + 1) - lightness(code));
    steps.fold((0.0, 0.0), |(fall, rise), step| (f32::max(fall, -step), f32::max(rise, step)))
}

#[test]
fn gray_ramps_rise_without_bands() {
    for look in LOOKS.iter() {
        let table = look.table(1.0);
        let (fall, rise) = ramp(|value| table.at([value; 3]));
        assert!(fall < 0.5, "{} falls by {fall}", look.id);
        assert!(rise < 2.5, "{} jumps by {rise}", look.id);
    }
    // What the measure is there to find.
    assert!(ramp(|value| [1.0 - value; 3]).0 > 0.5);
    assert!(ramp(|value| [(value * 20.0).round() / 20.0; 3]).1 > 2.5);
}

/// Skin from light to dark, in sRGB.
const SKIN: [[u8; 3]; 6] = [
    [240, 202, 182],
    [226, 178, 152],
    [198, 142, 114],
    [160, 108, 80],
    [116, 74, 52],
    [78, 50, 38],
];

fn hue(pixel: [u8; 3]) -> f32 {
    let [_, a, b] = lab_of(pixel);
    b.atan2(a).to_degrees()
}

#[test]
fn skin_keeps_the_hue_of_skin() {
    let mut wrong = Vec::new();
    for look in LOOKS.iter().filter(|look| look.family != Family::Mono && !look.tint) {
        let table = look.table(1.0);
        for pixel in SKIN {
            let color = table.at(pixel.map(|value| f32::from(value) / 255.0));
            let after = hue(color.map(|value| (value * 255.0).round() as u8));
            if !(35.0..=65.0).contains(&after) {
                wrong.push(format!("{}: {pixel:?} from {:.0} to {after:.0}", look.id, hue(pixel)));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(SKIN.iter().all(|&pixel| (40.0..60.0).contains(&hue(pixel))));
}

#[test]
fn hardly_anything_is_clipped() {
    let clipped = |photo: &RgbImage| {
        let ends = |pixel: &&Rgb<u8>| !(1.0..254.0).contains(&luma(pixel.0.map(f32::from)));
        photo.pixels().filter(ends).count() as f32 / photo.pixels().len() as f32
    };
    let mut wrong = Vec::new();
    for (look, made) in LOOKS.iter().zip(MADE.iter()) {
        for (before, after) in photos().iter().zip(made) {
            let grown = clipped(after) - clipped(before);
            if grown > 0.01 {
                wrong.push(format!("{} clips {:.1} % more", look.id, grown * 100.0));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let overexposed = |photo: &RgbImage| {
        let mut photo = photo.clone();
        photo.iter_mut().for_each(|value| *value = value.saturating_mul(2));
        photo
    };
    assert!(photos().iter().any(|photo| clipped(&overexposed(photo)) > clipped(photo) + 0.01));
}

#[test]
fn wrong_tables_are_refused() {
    let refused = |text: &str| looks::read(text).expect_err("must be refused");
    let start = "[[look]]\nid = \"a\"\nfamily = \"warm\"\n";
    assert_eq!(looks::read(start).map(|looks| looks.len()), Ok(1));
    assert!(refused(&format!("{start}glitter = 1")).contains("glitter"));
    assert!(
        refused(&format!("{start}grain = 0.5"))
            .contains("grain of a is 0.5, allowed are 0 to 0.06")
    );
    assert!(refused(&format!("{start}{start}")).contains("twice"));
    assert!(refused(&format!("{start}curve = [0.15, -0.15, 0.0]")).contains("falls"));
    assert!(looks::find("film").is_some() && looks::find("unknown").is_none());
    assert!(looks::BEAUTY.iter().all(|id| looks::find(id).is_some()));
}
