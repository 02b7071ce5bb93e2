//! Colour enhancement: white balance, levels, tone and saturation, for photos and for flat footage.

use safelight_imaging::grading::{self, Look};
use safelight_imaging::{Format, encode};
use safelight_operation::{
    Artifact, Code, CpuOperation, Input, Memory, Needs, Output, Picture, Result, Rules, Spec, Url,
    Work,
};

/// The service.
pub struct ImageColorEnhancement;

/// The words of `output_format`.
const FORMATS: &[(&str, Format, &str)] = &[
    ("png", Format::Png, "PNG, with the photo's transparency"),
    ("jpg", Format::Jpeg, "JPEG, transparent parts on white"),
];

/// The words of `mode`.
const LOOKS: &[(&str, Look, &str)] = &[
    ("LogC", Look::LogC, "flat footage in a logarithmic curve, developed to ordinary contrast"),
    ("Rec709", Look::Rec709, "an ordinary photo, corrected carefully"),
    ("ln17_256", Look::Strong, "an ordinary photo, corrected strongly"),
];

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo.
    #[picture(Rules {
        max_bytes: 3 * Rules::MB,
        min: (64, 64),
        max: (3840, 2160),
        ..Rules::ORDINARY
    })]
    image: Picture,
    /// Format of the result.
    #[choice(FORMATS)]
    #[field(missing = Code::MissingOutputFormat)]
    output_format: Format,
    /// What the photo is, and how far to go.
    #[choice(LOOKS)]
    mode: Look,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The result picture in the asked format, for 24 hours.
    #[output(path = "data.image_url")]
    image_url: Url,
}

impl CpuOperation for ImageColorEnhancement {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/enhance/image-color-enhancement",
        name: "Image Color Enhancement",
        sign: "image_image_color_enhancement",
        pool: "image_color_enhancement",
        price: 5,
        summary: "Corrects white balance, levels, tone and saturation as far as a photo needs it, \
                  and develops flat logarithmic footage.",
        // The encoded result, and for JPEG the photo on white.
        memory: Memory { base: grading::BASE_BYTES, per_pixel: 9 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::NOTHING;
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let mut photo = input.image.decode(work)?;
        work.stage("grading", || {
            grading::enhance(&mut photo.rgb, photo.alpha.as_ref(), input.mode);
            Ok(())
        })?;
        let format = input.output_format;
        let bytes = work.stage("encode", || encode::photo_as(photo, format))?;
        Ok(Answer { image_url: Url(Artifact::picture(bytes, format)) })
    }
}
