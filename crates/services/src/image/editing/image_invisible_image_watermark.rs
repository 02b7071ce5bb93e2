//! A logo hidden in a picture.

use image::RgbImage;
use safelight_effects::mark::{self, Logo, Mode};
use safelight_imaging::{Format, encode};
use safelight_operation::{
    Artifact, CpuOperation, Input, Needs, Output, Picture, Result, Spec, Url, Work,
};

use super::marks::{self, Function, LIMITATIONS, MEMORY, PICTURE, needed};

/// The service.
pub struct ImageInvisibleImageWatermark;

const FUNCTIONS: &[(&str, Function, &str)] = &[
    ("encode_pic", Function::Embed(Mode::Plain), "hide a logo"),
    ("encode_pic_plus", Function::Embed(Mode::Plus), "hide a logo more strongly"),
    ("encode_pic_bold", Function::Embed(Mode::Bold), "hide a logo most strongly"),
    ("decode_pic", Function::Read(Mode::Plain), "read a logo, however it was hidden"),
    ("decode_pic_plus", Function::Read(Mode::Plus), "the same"),
    ("decode_pic_bold", Function::Read(Mode::Bold), "the same"),
];

const FORMATS: &[(&str, Format, &str)] = &[
    ("png", Format::Png, "PNG, with the picture's transparency"),
    ("jpg", Format::Jpeg, "JPEG, transparent parts on white"),
    ("jpeg", Format::Jpeg, "the same"),
    ("bmp", Format::Bmp, "BMP, transparent parts on white"),
];

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The picture that gets a mark. Reading needs none.
    #[picture(PICTURE)]
    origin_image: Option<Picture>,
    /// The picture that is hidden: its dark parts, in 32 × 32 pixels of black and white.
    #[picture(PICTURE)]
    logo: Option<Picture>,
    /// The picture whose mark is read.
    #[picture(PICTURE)]
    watermark_image: Option<Picture>,
    /// What is done.
    #[choice(FUNCTIONS)]
    function_type: Function,
    /// Format of the marked picture.
    #[choice(FORMATS)]
    #[field(default = Format::Png)]
    output_file_type: Format,
    /// Quality of a marked JPEG.
    #[integer(1..=100)]
    #[field(default = 100)]
    quality_factor: u8,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The marked picture, for 24 hours; where a logo was hidden.
    #[output(path = "data.watermark_image_url")]
    watermark_image_url: Option<Url>,
    /// A picture of the logo that was read, a PNG in black and white, for 24 hours.
    #[output(path = "data.logo_url")]
    logo_url: Option<Url>,
}

impl CpuOperation for ImageInvisibleImageWatermark {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/editing/image-invisible-image-watermark",
        name: "Image Invisible Picture Watermark",
        sign: "image_image_invisible_image_watermark",
        pool: "image_invisible_image_watermark",
        price: 3,
        summary: "Hides a small logo in a picture so that it is not seen, and reads it again after \
                  compression and scaling. Nothing found is `ERROR_NO_RECOGNITION_TARGET_DETECTED`.",
        limitations: LIMITATIONS,
        memory: MEMORY,
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::NOTHING;
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        match input.function_type {
            Function::Embed(mode) => {
                let image = needed(input.origin_image, "origin_image")?;
                let logo = needed(input.logo, "logo")?;
                let logo = Logo::of(&logo.decode(work)?)?;
                let photo = image.decode(work)?;
                let (format, quality) = (input.output_file_type, input.quality_factor);
                let embed = |rgb: &mut RgbImage| mark::embed_logo(rgb, &logo, mode);
                let reads = |rgb: &RgbImage| mark::read_logo(rgb).is_ok();
                let photo = work.stage("mark", || marks::marked(photo, format, embed, reads))?;
                let file = work.stage("encode", || marks::file(photo, format, quality))?;
                Ok(Answer { watermark_image_url: Some(Url(file)), logo_url: None })
            }
            Function::Read(_) => {
                let image = needed(input.watermark_image, "watermark_image")?;
                let photo = image.decode(work)?;
                let logo = work.stage("read", || mark::read_logo(&photo.rgb))?;
                let bytes = encode::png_gray(&logo.picture())?;
                let logo_url = Some(Url(Artifact::picture(bytes, Format::Png)));
                Ok(Answer { watermark_image_url: None, logo_url })
            }
        }
    }
}
