//! Every kind of picture against what other software (or the function that drew it) says it shows.
//! `fixtures/make.py` made the pictures and the expectations.

use std::fs;
use std::path::{Path, PathBuf};

use image::DynamicImage;
use safelight_imaging::{ColorModel, Format, Header, Photo, decode, probe};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn read(name: &str) -> (Header, Photo) {
    let bytes = fs::read(folder().join(name)).unwrap();
    let header = probe(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
    let photo = decode(&bytes, &header).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(photo.rgb.dimensions(), (header.width, header.height), "{name}");
    (header, photo)
}

/// Largest and mean difference of all channels; colours count only where something is seen.
fn difference(photo: &Photo, expected: &DynamicImage) -> (u8, f64) {
    let expected = expected.to_rgba8();
    assert_eq!(photo.rgb.dimensions(), expected.dimensions());
    let (mut most, mut sum) = (0, 0.0);
    for (x, y, seen) in expected.enumerate_pixels() {
        let [r, g, b] = photo.rgb.get_pixel(x, y).0;
        let a = photo.alpha.as_ref().map_or(255, |a| a.get_pixel(x, y).0[0]);
        let colors = if seen.0[3] == 0 && a == 0 { 0 } else { 3 };
        let found = [r, g, b];
        let apart = found.iter().zip(seen.0).take(colors).map(|(a, b)| a.abs_diff(b));
        for apart in apart.chain([a.abs_diff(seen.0[3])]) {
            most = most.max(apart);
            sum += f64::from(apart);
        }
    }
    (most, sum / f64::from(expected.width() * expected.height() * 4))
}

/// How far a picture may lie from its expectation, by name: (largest, mean).
fn tolerance(name: &str) -> (u8, f64) {
    match name {
        // Two colour engines interpolate a small table of inks in different ways.
        "cmyk-icc.jpg" | "ycck-icc.jpg" => (16, 1.5),
        // Linear light: its first step spans thirteen of sRGB, where engines round differently.
        "gray-icc.jpg" | "gray-icc.png" => (10, 0.1),
        _ if name.ends_with(".jpg") => (4, 0.5),
        "lossy.webp" | "lossy-alpha.webp" | "false-alpha.webp" => (2, 0.1),
        _ if name.contains("icc") => (2, 0.5),
        _ => (0, 0.0),
    }
}

#[test]
fn every_picture_looks_as_expected() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() || name.ends_with(".py") {
            continue;
        }
        let (_, photo) = read(name);
        let expected = image::open(folder().join("expected").join(format!("{name}.png"))).unwrap();
        let (most, mean) = difference(&photo, &expected);
        let allowed = tolerance(name);
        println!("{name}: {most} {mean:.3}, allowed {allowed:?}");
        if most > allowed.0 || mean > allowed.1 {
            wrong.push(format!("{name}: {most} {mean:.3}, allowed {allowed:?}"));
        }
        seen += 1;
    }
    assert!(seen > 90, "only {seen} pictures found");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn headers_say_how_pixels_are_stored() {
    use ColorModel::{Cmyk, Gray, Palette, Rgb};
    use Format::{Bmp, Jpeg, Png, WebP};
    for (name, format, color, bits, alpha, progressive) in [
        ("rgb420.jpg", Jpeg, Rgb, 8, false, false),
        ("progressive.jpg", Jpeg, Rgb, 8, false, true),
        ("gray.jpg", Jpeg, Gray, 8, false, false),
        ("ycck.jpg", Jpeg, Cmyk, 8, false, false),
        ("gray1.png", Png, Gray, 1, false, false),
        ("gray16-key-i.png", Png, Gray, 16, true, true),
        ("gray-alpha8.png", Png, Gray, 8, true, false),
        ("palette4.png", Png, Palette, 4, false, false),
        ("palette2-alpha-i.png", Png, Palette, 2, true, true),
        ("rgb16.png", Png, Rgb, 16, false, false),
        ("rgba8.png", Png, Rgb, 8, true, false),
        ("bits8.bmp", Bmp, Palette, 8, false, false),
        ("bits565.bmp", Bmp, Rgb, 5, false, false),
        ("alpha.bmp", Bmp, Rgb, 8, true, false),
        ("lossy.webp", WebP, Rgb, 8, false, false),
        ("lossy-alpha.webp", WebP, Rgb, 8, true, false),
        ("lossless-alpha.webp", WebP, Rgb, 8, true, false),
        ("animated.webp", WebP, Rgb, 8, true, true),
        ("false-alpha.webp", WebP, Rgb, 8, false, false),
    ] {
        let header = probe(&fs::read(folder().join(name)).unwrap()).unwrap();
        let found = (header.format, header.color, header.bits, header.alpha, header.progressive);
        assert_eq!(found, (format, color, bits, alpha, progressive), "{name}");
        assert_eq!((header.width, header.height), (37, 26), "{name}");
    }
}

#[test]
fn turned_pictures_have_their_shown_size() {
    for kind in ["jpg", "png"] {
        for value in 1..=8 {
            let (header, _) = read(&format!("exif{value}.{kind}"));
            let size = if value < 5 { (37, 26) } else { (26, 37) };
            assert_eq!((header.width, header.height), size, "orientation {value} of {kind}");
        }
    }
}

#[test]
fn alpha_is_kept_only_where_something_shows_through() {
    assert!(read("rgba8.png").1.alpha.is_some());
    assert!(read("opaque-alpha.png").1.alpha.is_none());
    assert!(read("rgb8.png").1.alpha.is_none());
}

#[test]
fn stray_bytes_between_segments_and_after_the_end_do_no_harm() {
    let file = fs::read(folder().join("rgb444.jpg")).unwrap();
    let plain = read("rgb444.jpg").1;
    let mut stray = file[..20].to_vec();
    stray.extend([0; 9]);
    stray.extend(&file[20..]);
    stray.extend(b"anything at all");
    let header = probe(&stray).unwrap();
    assert_eq!(decode(&stray, &header).unwrap().rgb, plain.rgb);
}

#[test]
fn a_jpeg_with_another_behind_it_or_cut_in_the_middle() {
    let photos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../photos");
    let file = fs::read(photos.join("rocket.jpg")).unwrap();
    let refusal = |file: &[u8]| decode(file, &probe(file).unwrap()).err().map(|e| e.to_string());
    assert_eq!(refusal(&file), None);
    // A second picture behind the first, as cameras put previews there.
    assert_eq!(refusal(&[&file[..], &file[..]].concat()), None);
    let mut early = file.clone();
    let middle = file.len() / 2;
    early[middle..middle + 2].copy_from_slice(&[0xff, 0xd9]);
    assert!(refusal(&early).unwrap().contains("end before the picture is full"));
}

#[test]
fn photos_of_the_world_are_read() {
    let photos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../photos");
    for (name, tolerance) in [("china.jpg", 0.5), ("grace_hopper.jpg", 0.5), ("astronaut.png", 0.0)]
    {
        let bytes = fs::read(photos.join(name)).unwrap();
        let photo = decode(&bytes, &probe(&bytes).unwrap()).unwrap();
        let (_, mean) = difference(&photo, &image::open(photos.join(name)).unwrap());
        assert!(mean <= tolerance, "{name}: {mean}");
    }
}
