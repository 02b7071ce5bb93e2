//! Enlarged photos against the photos that were made small.

use image::RgbImage;
use safelight_contract::{Code, Fault};
use safelight_imaging::resize::{Filter, rgb};
use safelight_imaging::{encode, jpeg_quality};
use safelight_testkit as testkit;
use safelight_vision::Vision;
use safelight_vision::enlarge::Noise;

const PHOTOS: [&str; 6] =
    ["astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "china.jpg", "flower.jpg"];

fn vision() -> Vision {
    Vision::new(testkit::registry())
}

fn go() -> Result<(), Fault> {
    Ok(())
}

/// A photo whose sides `factor` divides.
fn photo(name: &str, factor: u32) -> RgbImage {
    let photo = image::load_from_memory(&testkit::photo(name)).expect("a picture").into_rgb8();
    let (width, height) = (photo.width() / factor * factor, photo.height() / factor * factor);
    image::imageops::crop_imm(&photo, 0, 0, width, height).to_image()
}

/// Luma as in ITU-R BT.601, without four pixels at each edge, as is usual for these figures.
fn luma(photo: &RgbImage) -> (Vec<f64>, usize) {
    let (width, height) = (photo.width() - 8, photo.height() - 8);
    let inner = image::imageops::crop_imm(photo, 4, 4, width, height).to_image();
    let value = |p: &image::Rgb<u8>| {
        let [r, g, b] = p.0.map(f64::from);
        16.0 + (65.481 * r + 128.553 * g + 24.966 * b) / 255.0
    };
    (inner.pixels().map(value).collect(), width as usize)
}

fn psnr(one: &RgbImage, two: &RgbImage) -> f64 {
    let ((one, _), (two, _)) = (luma(one), luma(two));
    let squares: f64 = one.iter().zip(&two).map(|(a, b)| (a - b) * (a - b)).sum();
    10.0 * (65_025.0 * one.len() as f64 / squares.max(1e-9)).log10()
}

/// Structural similarity (Wang et al. 2004) over windows of seven by seven pixels.
fn ssim(one: &RgbImage, two: &RgbImage) -> f64 {
    const SIDE: usize = 7;
    const C1: f64 = 6.5025;
    const C2: f64 = 58.5225;
    let ((one, width), (two, _)) = (luma(one), luma(two));
    let (columns, rows) = (width - SIDE + 1, one.len() / width - SIDE + 1);
    let count = (SIDE * SIDE) as f64;
    let mut sum = 0.0;
    for (x, y) in (0..rows).flat_map(|y| (0..columns).map(move |x| (x, y))) {
        let mut moments = [0.0; 5];
        for row in y..y + SIDE {
            let at = row * width + x;
            for (a, b) in one[at..at + SIDE].iter().zip(&two[at..at + SIDE]) {
                let values = [*a, *b, a * a, b * b, a * b];
                moments.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
            }
        }
        let [a, b, aa, bb, ab] = moments.map(|sum| sum / count);
        let unbiased = count / (count - 1.0);
        let (va, vb, cov) =
            ((aa - a * a) * unbiased, (bb - b * b) * unbiased, (ab - a * b) * unbiased);
        sum += (2.0 * a * b + C1) * (2.0 * cov + C2) / ((a * a + b * b + C1) * (va + vb + C2));
    }
    sum / (columns * rows) as f64
}

/// Mean PSNR and SSIM over the photos made smaller by `factor` and enlarged again.
fn quality(factor: u32, enlarge: impl Fn(RgbImage) -> RgbImage) -> (f64, f64) {
    let scores = PHOTOS.map(|name| {
        let photo = photo(name, factor);
        let (width, height) = (photo.width() / factor, photo.height() / factor);
        let large = enlarge(rgb(&photo, width, height, Filter::Bicubic));
        (psnr(&photo, &large), ssim(&photo, &large))
    });
    let mean = |pick: fn(&(f64, f64)) -> f64| scores.iter().map(pick).sum::<f64>() / 6.0;
    (mean(|score| score.0), mean(|score| score.1))
}

/// The figures published with the converted weights, run in 32-bit floats, hold within 0.1 dB in the
/// arithmetic that the manifest asks for, and are well above those of interpolation.
#[test]
fn enlarged_photos_are_as_close_as_published() {
    let vision = vision();
    for (factor, wanted, similar) in [(2, 34.16, 0.9394), (3, 31.09, 0.8899), (4, 29.59, 0.8527)] {
        let (decibels, similarity) = quality(factor, |small| {
            vision.enlarge(small, factor, Noise::Clean, &go).expect("an enlargement")
        });
        let lanczos = quality(factor, |small| {
            let (width, height) = (small.width() * factor, small.height() * factor);
            rgb(&small, width, height, Filter::Lanczos3)
        });
        println!("{factor}: {decibels:.2} dB, {similarity:.4}; Lanczos {lanczos:.2?}");
        assert!(decibels > wanted - 0.1, "{factor}: {decibels:.3} dB");
        assert!(similarity > similar - 0.003, "{factor}: {similarity:.4}");
        assert!(decibels > lanczos.0 + 1.0 && similarity > lanczos.1);
    }
}

/// What the file's own quantisation says chooses a network that is better than the one for clean
/// photos.
#[test]
fn the_traces_of_compression_are_removed() {
    let vision = vision();
    for quality in [30, 60, 75, 85, 92] {
        let gains = ["chelsea.png", "coffee.png"].map(|name| {
            let photo = photo(name, 2);
            let small = rgb(&photo, photo.width() / 2, photo.height() / 2, Filter::Bicubic);
            let file = encode::jpeg(&small, quality).expect("a file");
            let noise = Noise::of_jpeg(jpeg_quality(&file));
            assert_ne!(noise, Noise::Clean);
            let small = image::load_from_memory(&file).expect("a picture").into_rgb8();
            let with = |noise| {
                let large = vision.enlarge(small.clone(), 2, noise, &go).expect("an enlargement");
                psnr(&photo, &large)
            };
            with(noise) - with(Noise::Clean)
        });
        println!("{quality}: {gains:.2?} dB");
        assert!(gains[0] + gains[1] > 0.1, "{quality}: {gains:.2?} dB");
    }
}

/// A part enlarged on its own is what it is inside the whole: no seam can be seen.
#[test]
fn tiles_join_without_seams() {
    let vision = vision();
    let photo = photo("coffee.png", 1);
    // Tiles of the whole meet at its middle, those of the part do not.
    let whole = vision.enlarge(photo.clone(), 2, Noise::Clean, &go).expect("an enlargement");
    let part = image::imageops::crop_imm(&photo, 90, 100, 190, 190).to_image();
    let part = vision.enlarge(part, 2, Noise::Clean, &go).expect("an enlargement");
    for y in 14..part.height() - 14 {
        for x in 14..part.width() - 14 {
            let (own, other) = (part.get_pixel(x, y), whole.get_pixel(x + 180, y + 200));
            assert!(own.0.iter().zip(other.0).all(|(a, b)| a.abs_diff(b) <= 2), "{x} {y}");
        }
    }
}

#[test]
fn any_size_passes_and_an_order_to_stop_ends_it() {
    let vision = vision();
    for (width, height) in [(1, 1), (2, 300), (500, 3)] {
        let plain = RgbImage::from_pixel(width, height, image::Rgb([90, 140, 200]));
        let large = vision.enlarge(plain, 3, Noise::Strong, &go).expect("an enlargement");
        assert_eq!(large.dimensions(), (width * 3, height * 3));
        let near =
            |p: &image::Rgb<u8>| p.0.iter().zip([90, 140, 200]).all(|(a, b)| a.abs_diff(b) < 6);
        assert!(large.pixels().all(near));
    }
    let stop = || Err(Fault::new(Code::TaskStoppedProcessing, "stopped"));
    let fault = vision.enlarge(RgbImage::new(8, 8), 2, Noise::Clean, &stop).map(drop);
    assert_eq!(fault.expect_err("stopped").code(), Code::TaskStoppedProcessing);
}
