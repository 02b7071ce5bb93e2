//! Enlargement: two, three or four times the size, with the detail that a larger photo would have.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::{Format, Photo, Rules, bleed, encode, resize, sharpen};
use safelight_vision::enlarge::{self, Noise};

use crate::{
    Artifact, Choice, Declaration, Defaulted, Field, FieldKind, FileField, Form, Integer, Memory,
    Mode, Param, Picture, Service, Upload, Work,
};

/// The service.
pub struct ImageLosslessEnlargement;

/// A result wider or higher than this is a JPEG.
const LARGEST_LOSSLESS: (u32, u32) = (3840, 2160);

static IMAGE: FileField = FileField::required(
    "image",
    "The photo.",
    Rules { max_bytes: 3 * Rules::MB, min: (32, 32), max: (1920, 1080), ..Rules::ORDINARY },
);

static UPSCALE_FACTOR: Param<Integer, Defaulted<i64>> = Param {
    name: "upscale_factor",
    doc: "How many times as wide and as high the result is. Photos of up to 0.6 megapixels pass the \
          network twice for 3 and 4; larger ones pass it once, and the rest is interpolated \
          (Lanczos), which costs 0.14 dB.",
    kind: Integer(2..=4),
    presence: Defaulted(2),
};

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// As a larger photo would be.
    Base,
    /// Cleaner and sharper.
    Enhancement,
}

static MODE: Param<Choice<Strength>, Defaulted<Strength>> = Param {
    name: "mode",
    doc: "How far to go.",
    kind: Choice(&[
        ("base", Strength::Base, "as faithful as possible"),
        (
            "enhancement",
            Strength::Enhancement,
            "one step more of noise removal, and the result is sharpened",
        ),
    ]),
    presence: Defaulted(Strength::Base),
};

static OUTPUT_FORMAT: Param<Choice<Format>, Defaulted<Format>> = Param {
    name: "output_format",
    doc: "Format of the result. A photo with transparency always becomes a PNG; any other whose \
          result is wider than 3840 or higher than 2160 pixels becomes a JPEG.",
    kind: Choice(&[
        ("png", Format::Png, "PNG"),
        ("jpg", Format::Jpeg, "JPEG"),
        ("bmp", Format::Bmp, "Windows bitmap"),
    ]),
    presence: Defaulted(Format::Png),
};

static OUTPUT_QUALITY: Param<Integer, Defaulted<i64>> = Param {
    name: "output_quality",
    doc: "Quality of a JPEG.",
    kind: Integer(30..=100),
    presence: Defaulted(95),
};

/// What a request asks for.
pub struct Input {
    image: Upload,
    factor: u32,
    strength: Strength,
    format: Format,
    quality: u8,
}

impl Service for ImageLosslessEnlargement {
    type Input = Input;
    type Output = Picture;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/image/enhance/image-lossless-enlargement",
        name: "Image Upscaler",
        sign: "image_image_lossless_enlargement",
        pool: "image_lossless_enlargement",
        price: 5,
        summary: "Enlarges a photo with the waifu2x network for photos, which also removes the traces \
                  of JPEG compression as strongly as the file's own quantisation calls for.",
        mode: Mode::Sync,
        // The largest photo takes about half a minute of one core.
        deadline: Duration::from_secs(60),
        files: &[&IMAGE],
        params: &[&UPSCALE_FACTOR, &MODE, &OUTPUT_FORMAT, &OUTPUT_QUALITY],
        answer: &[Field::new("data.url", FieldKind::Url, "The enlarged picture, for 24 hours.")],
        models: enlarge::MODELS,
        memory: Memory {
            base: enlarge::BASE_BYTES + sharpen::BASE_BYTES,
            per_pixel: bleed::BYTES_PER_PIXEL,
        },
    };

    fn read(form: &Form) -> Result<Input> {
        Ok(Input {
            image: IMAGE.read(form)?,
            factor: UPSCALE_FACTOR.read(form)? as u32,
            strength: MODE.read(form)?,
            format: OUTPUT_FORMAT.read(form)?,
            quality: OUTPUT_QUALITY.read(form)? as u8,
        })
    }

    /// The result, and its file while it grows.
    fn further_bytes(input: &Input) -> u64 {
        let header = input.image.header();
        let pixels = header.pixels() * u64::from(input.factor).pow(2);
        pixels * if header.alpha { 17 } else { 12 }
    }

    fn run(input: Input, work: &Work) -> Result<Picture> {
        let Photo { mut rgb, alpha } = input.image.decode(work)?;
        let mut noise = Noise::of_jpeg(input.image.jpeg_quality());
        if input.strength == Strength::Enhancement {
            noise = noise.stronger();
        }
        let mut photo = work.stage("enlarge", || {
            if let Some(alpha) = &alpha {
                bleed::under_transparency(&mut rgb, alpha);
            }
            let rgb = work.vision.enlarge(rgb, input.factor, noise, &|| work.check())?;
            let (width, height) = rgb.dimensions();
            let alpha = alpha.map(|a| resize::gray(&a, width, height, resize::Filter::Lanczos3));
            Ok(Photo { rgb, alpha })
        })?;
        if input.strength == Strength::Enhancement {
            work.stage("sharpen", || {
                sharpen::sharpen(&mut photo.rgb);
                Ok(())
            })?;
        }
        let format = input.result_format(&photo);
        let bytes = work.stage("encode", || match format {
            Format::Jpeg => encode::jpeg(&photo.rgb, input.quality),
            Format::Bmp => encode::bmp(&photo.rgb),
            _ => encode::photo_as(photo, Format::Png),
        })?;
        Ok(Picture::url("url", Artifact { bytes, format }))
    }
}

impl Input {
    /// The asked format, where the photo allows it.
    fn result_format(&self, photo: &Photo) -> Format {
        let (width, height) = photo.rgb.dimensions();
        if photo.alpha.is_some() {
            Format::Png
        } else if width > LARGEST_LOSSLESS.0 || height > LARGEST_LOSSLESS.1 {
            Format::Jpeg
        } else if self.image.header().alpha {
            Format::Png
        } else {
            self.format
        }
    }
}
