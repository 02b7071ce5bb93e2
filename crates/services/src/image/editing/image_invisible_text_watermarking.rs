//! A text hidden in a picture.

use image::RgbImage;
use safelight_effects::mark::{self, Mode};
use safelight_imaging::Format;
use safelight_operation::{
    CpuOperation, Example, Input, Needs, Output, Picture, Result, Spec, Text, Url, Work,
};

use super::marks::{self, Function, LIMITATIONS, MEMORY, PICTURE, needed};

/// The service.
pub struct ImageInvisibleTextWatermarking;

const FUNCTIONS: &[(&str, Function, &str)] = &[
    ("encode_text", Function::Embed(Mode::Plain), "hide a text of up to 10 bytes"),
    ("encode_text_plus", Function::Embed(Mode::Plus), "hide a text of up to 22 bytes"),
    (
        "encode_text_bold",
        Function::Embed(Mode::Bold),
        "hide a text of up to 22 bytes, more strongly",
    ),
    ("decode_text", Function::Read(Mode::Plain), "read what encode_text hid"),
    ("decode_text_plus", Function::Read(Mode::Plus), "read what encode_text_plus or _bold hid"),
    ("decode_text_bold", Function::Read(Mode::Bold), "read what encode_text_bold or _plus hid"),
];

const FORMATS: &[(&str, Format, &str)] = &[
    ("png", Format::Png, "PNG, with the picture's transparency"),
    ("jpg", Format::Jpeg, "JPEG, transparent parts on white"),
    ("bmp", Format::Bmp, "BMP, transparent parts on white"),
];

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The picture that gets a mark. Reading needs none.
    #[picture(PICTURE)]
    origin_image: Option<Picture>,
    /// The picture whose mark is read.
    #[picture(PICTURE)]
    watermark_image: Option<Picture>,
    /// What is done.
    #[choice(FUNCTIONS)]
    function_type: Function,
    /// The text that is hidden, in UTF-8; more bytes than the function holds are
    /// `ERROR_CONTENT_TOO_LONG`.
    #[kind(Example(Text(500), "Safelight"))]
    text: Option<String>,
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
    /// The marked picture, for 24 hours; where a text was hidden.
    #[output(path = "data.watermark_image_url")]
    watermark_image_url: Option<Url>,
    /// A picture of the text that was read, a PNG, for 24 hours.
    #[output(path = "data.text_image_url")]
    text_image_url: Option<Url>,
    /// The text that was read, since its picture lacks letters that the font lacks.
    #[output(path = "data.text")]
    text: Option<String>,
}

impl CpuOperation for ImageInvisibleTextWatermarking {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/editing/image-invisible-text-watermarking",
        name: "Image Invisible Text Watermark",
        sign: "image_image_invisible_text_watermarking",
        pool: "image_invisible_text_watermark",
        price: 3,
        summary: "Hides a short text in a picture so that it is not seen, and reads it again after \
                  compression, scaling and cropping. Nothing found is \
                  `ERROR_NO_RECOGNITION_TARGET_DETECTED`.",
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
                let text = needed(input.text, "text")?;
                let photo = image.decode(work)?;
                let (format, quality) = (input.output_file_type, input.quality_factor);
                let embed = |rgb: &mut RgbImage| mark::embed_text(rgb, &text, mode);
                let reads = |rgb: &RgbImage| mark::read_text(rgb, mode).is_ok_and(|it| it == text);
                let photo = work.stage("mark", || marks::marked(photo, format, embed, reads))?;
                let file = work.stage("encode", || marks::file(photo, format, quality))?;
                let watermark_image_url = Some(Url(file));
                Ok(Answer { watermark_image_url, text_image_url: None, text: None })
            }
            Function::Read(mode) => {
                let image = needed(input.watermark_image, "watermark_image")?;
                let photo = image.decode(work)?;
                let text = work.stage("read", || mark::read_text(&photo.rgb, mode))?;
                let text_image_url = Some(Url(marks::shown(&text)?));
                Ok(Answer { watermark_image_url: None, text_image_url, text: Some(text) })
            }
        }
    }
}
