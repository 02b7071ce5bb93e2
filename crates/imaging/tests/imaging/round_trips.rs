//! What is written is read back, pixel for pixel where the format allows.

use image::{GrayImage, RgbImage};
use proptest::collection::vec;
use proptest::prelude::*;
use safelight_contract::Code;
use safelight_imaging::{Cutout, Format, Photo, decode, encode, probe};

fn read(file: &[u8]) -> Photo {
    decode(file, &probe(file).unwrap()).unwrap()
}

/// Colours and alpha of some size, alpha mostly at its ends as mattes are.
fn picture() -> impl Strategy<Value = (RgbImage, GrayImage)> {
    let alpha = prop_oneof![Just(0), Just(255), any::<u8>()];
    (1..40u32, 1..40u32).prop_flat_map(move |(w, h)| {
        let n = (w * h) as usize;
        (vec(any::<u8>(), n * 3), vec(alpha.clone(), n)).prop_map(move |(rgb, alpha)| {
            let rgb = RgbImage::from_raw(w, h, rgb).unwrap();
            (rgb, GrayImage::from_raw(w, h, alpha).unwrap())
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn opaque_png((rgb, _) in picture()) {
        let photo = read(&encode::png_rgb(&rgb).unwrap());
        prop_assert_eq!(photo.rgb, rgb);
        prop_assert!(photo.alpha.is_none());
    }

    #[test]
    fn gray_png((_, gray) in picture()) {
        let photo = read(&encode::png_gray(&gray).unwrap());
        prop_assert!(photo.rgb.pixels().zip(gray.pixels()).all(|(p, g)| p.0 == [g.0[0]; 3]));
    }

    #[test]
    fn cutout_png((rgb, alpha) in picture()) {
        let cutout = Cutout { rgb: rgb.clone(), alpha: alpha.clone() };
        let photo = read(&encode::png_cutout(&cutout).unwrap());
        let opaque = alpha.iter().all(|&a| a == 255);
        prop_assert_eq!(photo.alpha.as_ref(), (!opaque).then_some(&alpha));
        for ((read, kept), a) in photo.rgb.pixels().zip(rgb.pixels()).zip(alpha.iter()) {
            prop_assert_eq!(read.0, if *a == 0 { [0; 3] } else { kept.0 });
        }
    }
}

#[test]
fn photos_are_jpeg_and_close_or_png_where_they_are_transparent() {
    let photos = concat!(env!("CARGO_MANIFEST_DIR"), "/../../photos/");
    let rgb = image::open(format!("{photos}coffee.png")).unwrap().to_rgb8();
    let (file, format) = encode::photo(&Photo { rgb: rgb.clone(), alpha: None }).unwrap();
    assert_eq!(format, Format::Jpeg);
    let again = read(&file).rgb;
    let apart: u64 = again.iter().zip(rgb.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    assert!(apart < 3 * rgb.len() as u64, "mean difference {}", apart as f64 / rgb.len() as f64);

    let alpha = Some(GrayImage::from_pixel(rgb.width(), rgb.height(), image::Luma([9])));
    let (file, format) = encode::photo(&Photo { rgb, alpha: alpha.clone() }).unwrap();
    assert_eq!(format, Format::Png);
    assert_eq!(read(&file).alpha, alpha);
}

#[test]
fn quality_decides_size() {
    let photos = concat!(env!("CARGO_MANIFEST_DIR"), "/../../photos/");
    let rgb = image::open(format!("{photos}chelsea.png")).unwrap().to_rgb8();
    let size = |quality| encode::jpeg(&rgb, quality).unwrap().len();
    assert!(size(0) < size(50) && size(50) < size(95) && size(95) < size(200));
}

#[test]
fn nothing_cannot_be_written() {
    let none = (RgbImage::new(0, 5), GrayImage::new(0, 5));
    let uneven = Cutout { rgb: RgbImage::new(3, 3), alpha: GrayImage::new(3, 4) };
    for result in [
        encode::png_rgb(&none.0),
        encode::png_gray(&none.1),
        encode::jpeg(&none.0, 90),
        encode::jpeg(&RgbImage::new(70_000, 1), 90),
        encode::png_cutout(&uneven),
    ] {
        assert_eq!(result.unwrap_err().code(), Code::ProcessingFailure);
    }
}
