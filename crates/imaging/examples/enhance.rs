//! Every enhancement on copies of photos that code has spoilt: what it costs, how close it comes to the
//! photo, and sheets of before and after to look at.
//!
//! `cargo run --release -p safelight-imaging --example enhance -- photos/*.jpg -o sheets`

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use image::{RgbImage, imageops};
use safelight_imaging::grading::{self, Look};
use safelight_imaging::{decode, dehaze, encode, exposure, probe, sharpen};

type Kernel = fn(&mut RgbImage);

/// A way to spoil a photo, and what should help.
struct Trial {
    name: &'static str,
    spoil: fn(&RgbImage) -> RgbImage,
    help: Kernel,
}

const TRIALS: &[Trial] = &[
    Trial { name: "dehaze/none", spoil: RgbImage::clone, help: dehaze::remove },
    Trial { name: "dehaze/0.8", spoil: |p| hazed(p, 0.8, [0.9; 3]), help: dehaze::remove },
    Trial { name: "dehaze/1.4", spoil: |p| hazed(p, 1.4, [0.9; 3]), help: dehaze::remove },
    Trial {
        name: "dehaze/1.0-blue",
        spoil: |p| hazed(p, 1.0, [0.85, 0.9, 0.95]),
        help: dehaze::remove,
    },
    Trial { name: "color/none-careful", spoil: RgbImage::clone, help: careful },
    Trial { name: "color/none-strong", spoil: RgbImage::clone, help: strong },
    Trial { name: "color/none-logc", spoil: RgbImage::clone, help: develop },
    Trial { name: "color/dark-careful", spoil: dark, help: careful },
    Trial { name: "color/dark-strong", spoil: dark, help: strong },
    Trial { name: "color/flat-careful", spoil: flat, help: careful },
    Trial { name: "color/flat-strong", spoil: flat, help: strong },
    Trial { name: "color/cast-careful", spoil: cast, help: careful },
    Trial { name: "color/cast-strong", spoil: cast, help: strong },
    Trial { name: "sharpen/none", spoil: RgbImage::clone, help: sharpen::sharpen },
    Trial { name: "sharpen/0.8", spoil: |p| imageops::blur(p, 0.8), help: sharpen::sharpen },
    Trial { name: "sharpen/1.5", spoil: |p| imageops::blur(p, 1.5), help: sharpen::sharpen },
    Trial { name: "sharpen/noise", spoil: |p| noisy(p, 10.0), help: sharpen::sharpen },
    Trial { name: "color/logc", spoil: logarithmic, help: develop },
];

fn careful(photo: &mut RgbImage) {
    grading::enhance(photo, None, Look::Rec709, &[]);
}

fn strong(photo: &mut RgbImage) {
    grading::enhance(photo, None, Look::Strong, &[]);
}

fn develop(photo: &mut RgbImage) {
    grading::enhance(photo, None, Look::LogC, &[]);
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let out = match args.iter().position(|arg| arg == "-o") {
        Some(at) if at + 1 < args.len() => args.drain(at..at + 2).nth(1).map(PathBuf::from),
        _ => None,
    };
    let mut photos = Vec::new();
    for path in &args {
        let bytes = std::fs::read(path)?;
        let photo = decode(&bytes, &probe(&bytes)?)?.rgb;
        println!("{path}: exposure {:.3}", exposure::score(&photo, None));
        photos.push(photo);
    }
    for trial in TRIALS {
        run(trial, &photos, out.as_deref())?;
    }
    Ok(())
}

fn run(trial: &Trial, photos: &[RgbImage], out: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let (mut sheet, mut scores, mut cost, mut clipped) = (Vec::new(), Vec::new(), f64::MAX, 0.0f64);
    for photo in photos {
        let before = (trial.spoil)(photo);
        let mut after = before.clone();
        let start = Instant::now();
        (trial.help)(&mut after);
        let pixels = f64::from(photo.width() * photo.height());
        cost = cost.min(start.elapsed().as_secs_f64() * 1e9 / pixels);
        clipped = clipped.max(newly_clipped(&before, &after));
        scores.push((psnr(photo, &before), psnr(photo, &after)));
        sheet.push([photo.clone(), before, after]);
    }
    let mean =
        |pick: fn(&(f64, f64)) -> f64| scores.iter().map(pick).sum::<f64>() / scores.len() as f64;
    let each: Vec<_> = scores.iter().map(|(_, after)| format!("{after:.1}")).collect();
    println!(
        "{:20} {:6.2} dB to {:6.2} dB, {cost:5.0} ms/MP, clips {:.2} % ({})",
        trial.name,
        mean(|s| s.0),
        mean(|s| s.1),
        clipped * 100.0,
        each.join(" "),
    );
    if let Some(out) = out {
        std::fs::create_dir_all(out)?;
        let name = format!("{}.png", trial.name.replace('/', "-"));
        std::fs::write(
            out.join(name),
            encode::png_rgb(&contact_sheet(&sheet, trial.name.starts_with("sharpen")))?,
        )?;
    }
    Ok(())
}

/// The pictures of each row side by side, two rows across: whole, or their middles pixel by pixel.
fn contact_sheet(rows: &[[RgbImage; 3]], middles: bool) -> RgbImage {
    const WIDTH: u32 = 260;
    const HEIGHT: u32 = WIDTH;
    let mut sheet = RgbImage::new(WIDTH * 6, HEIGHT * rows.len().div_ceil(2) as u32);
    for (i, row) in rows.iter().enumerate() {
        for (j, picture) in row.iter().enumerate() {
            let small =
                if middles { middle(picture, WIDTH - 4) } else { fitted(picture, WIDTH - 4) };
            let x = (i as u32 % 2 * 3 + j as u32) * WIDTH;
            imageops::replace(&mut sheet, &small, x.into(), (i as u32 / 2 * HEIGHT).into());
        }
    }
    sheet
}

fn fitted(picture: &RgbImage, side: u32) -> RgbImage {
    let (width, height) = picture.dimensions();
    let scale = f64::from(side) / f64::from(width.max(height));
    let scaled = |length: u32| ((f64::from(length) * scale) as u32).max(1);
    imageops::thumbnail(picture, scaled(width), scaled(height))
}

fn middle(picture: &RgbImage, side: u32) -> RgbImage {
    let (width, height) = (side.min(picture.width()), side.min(picture.height()));
    let (x, y) = ((picture.width() - width) / 2, (picture.height() - height) / 2);
    imageops::crop_imm(picture, x, y, width, height).to_image()
}

fn each(photo: &RgbImage, color: impl Fn([f32; 3]) -> [f32; 3]) -> RgbImage {
    let mut photo = photo.clone();
    for pixel in photo.pixels_mut() {
        let changed = color(pixel.0.map(|value| f32::from(value) / 255.0));
        pixel.0 = changed.map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8);
    }
    photo
}

fn linear(value: f32) -> f32 {
    if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

fn coded(light: f32) -> f32 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

/// Haze of the density `beta` in air of this colour, at distances from 0.2 below to 1.2 above.
fn hazed(photo: &RgbImage, beta: f32, air: [f32; 3]) -> RgbImage {
    let height = photo.height() as f32;
    RgbImage::from_fn(photo.width(), photo.height(), |x, y| {
        let t = (-beta * (1.2 - y as f32 / height)).exp();
        let pixel = photo.get_pixel(x, y).0;
        image::Rgb(std::array::from_fn(|c| {
            (f32::from(pixel[c]) * t + 255.0 * air[c] * (1.0 - t)).round() as u8
        }))
    })
}

/// 1.6 stops too dark, behind a veil.
fn dark(photo: &RgbImage) -> RgbImage {
    each(photo, |color| color.map(|value| coded(linear(value) * 0.33) * 0.88 + 0.06))
}

/// Half the contrast, two thirds of the colour.
fn flat(photo: &RgbImage) -> RgbImage {
    each(photo, |[r, g, b]| {
        let gray = 0.2126 * r + 0.7152 * g + 0.0722 * b;
        [r, g, b].map(|value| 0.25 + 0.5 * (gray + (value - gray) * 0.7))
    })
}

/// Warm light that the camera has not balanced.
fn cast(photo: &RgbImage) -> RgbImage {
    each(photo, |[r, g, b]| [r, coded(linear(g) * 0.85), coded(linear(b) * 0.68)])
}

/// As a camera records it in LogC3 with its wide gamut.
fn logarithmic(photo: &RgbImage) -> RgbImage {
    each(photo, |color| {
        let [r, g, b] = color.map(linear);
        let wide = [
            0.6344 * r + 0.2746 * g + 0.0989 * b,
            0.0407 * r + 0.7867 * g + 0.169 * b,
            0.0181 * r + 0.1477 * g + 0.8342 * b,
        ];
        wide.map(|light| {
            if light > 0.010_591 {
                0.247_19 * (5.555_556 * light + 0.052_272).log10() + 0.385_537
            } else {
                5.367_655 * light + 0.092_809
            }
        })
    })
}

/// Gaussian noise of this standard deviation.
fn noisy(photo: &RgbImage, deviation: f32) -> RgbImage {
    let mut state = 1u64;
    let mut uniform = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / 16_777_216.0
    };
    let mut photo = photo.clone();
    for value in photo.iter_mut() {
        let normal = (0..12).map(|_| uniform()).sum::<f32>() - 6.0;
        *value = (f32::from(*value) + deviation * normal).round() as u8;
    }
    photo
}

fn psnr(one: &RgbImage, two: &RgbImage) -> f64 {
    let squares = one.iter().zip(two.iter()).map(|(&a, &b)| f64::from(a.abs_diff(b)).powi(2));
    let mean = squares.sum::<f64>() / one.len() as f64;
    10.0 * (65_025.0 / mean.max(1e-4)).log10()
}

/// Share of pixels with a channel at an end of the range that was not there before.
fn newly_clipped(before: &RgbImage, after: &RgbImage) -> f64 {
    let ends = |value: u8| value == 0 || value == 255;
    let pairs = before.pixels().zip(after.pixels());
    let clipped = pairs.filter(|(before, after)| {
        after.0.iter().zip(before.0).any(|(&after, before)| ends(after) && after != before)
    });
    clipped.count() as f64 / f64::from(before.width() * before.height())
}
