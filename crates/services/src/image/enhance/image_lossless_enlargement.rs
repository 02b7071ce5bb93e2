//! Enlargement: two, three or four times the size, with the detail that a larger photo would have.

use std::time::Duration;

use safelight_imaging::{Format, Photo, bleed, encode, resize, sharpen};
use safelight_operation::{
    Artifact, CpuOperation, Input, Memory, Needs, Output, Picture, Result, Rules, Spec, Url,
    ValueEnum, Work,
};
use safelight_vision::enlarge::{self, Noise};

/// The service.
pub struct ImageLosslessEnlargement;

/// A result wider or higher than this is a JPEG.
const LARGEST_LOSSLESS: (u32, u32) = (3840, 2160);

/// The words of `output_format`.
const FORMATS: &[(&str, Format, &str)] = &[
    ("png", Format::Png, "PNG"),
    ("jpg", Format::Jpeg, "JPEG"),
    ("bmp", Format::Bmp, "Windows bitmap"),
];

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Strength {
    /// as faithful as possible
    Base,
    /// one step more of noise removal, and the result is sharpened
    Enhancement,
}

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo.
    #[picture(Rules {
        max_bytes: 3 * Rules::MB,
        min: (32, 32),
        max: (1920, 1080),
        ..Rules::ORDINARY
    })]
    image: Picture,
    /// How many times as wide and as high the result is. Photos of up to 0.6 megapixels pass the
    /// network twice for 3 and 4; larger ones pass it once, and the rest is interpolated (Lanczos),
    /// which costs 0.14 dB.
    #[integer(2..=4)]
    #[field(default = 2)]
    upscale_factor: u32,
    /// How far to go.
    #[choice]
    #[field(default = Strength::Base)]
    mode: Strength,
    /// Format of the result. A photo with transparency always becomes a PNG; any other whose result
    /// is wider than 3840 or higher than 2160 pixels becomes a JPEG.
    #[choice(FORMATS)]
    #[field(default = Format::Png)]
    output_format: Format,
    /// Quality of a JPEG.
    #[integer(30..=100)]
    #[field(default = 95)]
    output_quality: u8,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The enlarged picture, for 24 hours.
    #[output(path = "data.url")]
    url: Url,
}

impl CpuOperation for ImageLosslessEnlargement {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/enhance/image-lossless-enlargement",
        name: "Image Upscaler",
        sign: "image_image_lossless_enlargement",
        pool: "image_lossless_enlargement",
        price: 5,
        summary: "Enlarges a photo with the waifu2x network for photos, which also removes the traces \
                  of JPEG compression as strongly as the file's own quantisation calls for.",
        // The largest photo takes about half a minute of one core.
        deadline: Duration::from_secs(60),
        memory: Memory {
            base: enlarge::BASE_BYTES + sharpen::BASE_BYTES,
            per_pixel: bleed::BYTES_PER_PIXEL,
        },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(enlarge::MODELS);
    type Input = Request;
    type Output = Answer;

    /// The result, and its file while it grows.
    fn further_bytes(input: &Request) -> u64 {
        let header = input.image.header();
        let pixels = header.pixels() * u64::from(input.upscale_factor).pow(2);
        pixels * if header.alpha { 17 } else { 12 }
    }

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let Photo { mut rgb, alpha } = input.image.decode(work)?;
        let mut noise = Noise::of_jpeg(input.image.jpeg_quality());
        if input.mode == Strength::Enhancement {
            noise = noise.stronger();
        }
        let mut photo = work.stage("enlarge", || {
            if let Some(alpha) = &alpha {
                bleed::under_transparency(&mut rgb, alpha);
            }
            let rgb = work.vision.enlarge(rgb, input.upscale_factor, noise, &|| work.check())?;
            let (width, height) = rgb.dimensions();
            let alpha = alpha.map(|a| resize::gray(&a, width, height, resize::Filter::Lanczos3));
            Ok(Photo { rgb, alpha })
        })?;
        if input.mode == Strength::Enhancement {
            work.stage("sharpen", || {
                sharpen::sharpen(&mut photo.rgb);
                Ok(())
            })?;
        }
        let format = input.result_format(&photo);
        let bytes = work.stage("encode", || match format {
            Format::Jpeg => encode::jpeg(&photo.rgb, input.output_quality),
            Format::Bmp => encode::bmp(&photo.rgb),
            _ => encode::photo_as(photo, Format::Png),
        })?;
        Ok(Answer { url: Url(Artifact::picture(bytes, format)) })
    }
}

impl Request {
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
            self.output_format
        }
    }
}
