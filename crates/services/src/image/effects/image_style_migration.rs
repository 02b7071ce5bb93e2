//! A photo painted in the style of another picture.

use safelight_imaging::{Format, encode};
use safelight_operation::{
    Artifact, CpuOperation, Input, Memory, Needs, Output, Picture, Result, Rules, Spec, Url, Work,
};
use safelight_vision::style;

use super::on_white;

/// The service.
pub struct ImageStyleMigration;

/// Either picture.
const RULES: Rules = Rules {
    max_bytes: 3 * Rules::MB,
    min: (1, 1),
    max: (1200, 1200),
    grayscale: false,
    ..Rules::ORDINARY
};

/// What a request asks for. The photo stands first, since it is what the command line fills.
#[derive(Input)]
pub struct Request {
    /// The photo to paint. Transparent parts are painted as white.
    #[picture(RULES)]
    major: Picture,
    /// The picture whose style to take. Transparent parts count as white.
    #[picture(RULES)]
    style: Picture,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The painting, a PNG, for 24 hours.
    #[output(path = "data.url")]
    url: Url,
    /// Always empty: the API's first version answered here the painting with the people left as they are.
    #[output(path = "data.major_url")]
    major_url: &'static str,
}

impl CpuOperation for ImageStyleMigration {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/effects/image-style-migration",
        name: "Style Transfer",
        sign: "image_image_style_migration",
        pool: "image_style_migration",
        price: 3,
        summary: "Paints a photo in the style of any picture, at the photo's full size: first as a \
                  whole, then in overlapping squares that keep the tone of the whole.",
        // The painting, and its file while it grows.
        memory: Memory { base: 0, per_pixel: 9 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(style::ANY_MODELS);
    type Input = Request;
    type Output = Answer;

    fn further_bytes(input: &Request) -> u64 {
        style::bytes(input.major.header().width, input.major.header().height)
    }

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let style = on_white(input.style.decode(work)?).rgb;
        let photo = on_white(input.major.decode(work)?).rgb;
        let painting =
            work.stage("paint", || work.vision.paint_like(&photo, &style, &|| work.check()))?;
        let bytes = work.stage("encode", || encode::png_rgb(&painting))?;
        Ok(Answer { url: Url(Artifact::picture(bytes, Format::Png)), major_url: "" })
    }
}
