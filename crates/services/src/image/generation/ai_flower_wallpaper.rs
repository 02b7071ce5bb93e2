//! Wallpapers of flowers around a name.

use safelight_effects::flowers::{self, Order};
use safelight_imaging::{Format, encode};
use safelight_operation::{
    Artifact, CpuOperation, Delivery, FileFormat, Input, Memory, Needs, Output, Result, Spec, Url,
    Work,
};

/// The service.
pub struct AiFlowerWallpaper;

/// The shapes of a wallpaper: width and height in pixels.
const SHAPES: &[(&str, [u32; 2], &str)] = &[
    ("auto", [1080, 1920], "as 9:16"),
    ("1:1", [1440, 1440], "1440 × 1440 pixels"),
    ("3:4", [1224, 1632], "1224 × 1632 pixels"),
    ("4:3", [1632, 1224], "1632 × 1224 pixels"),
    ("9:16", [1080, 1920], "1080 × 1920 pixels"),
    ("16:9", [1920, 1080], "1920 × 1080 pixels"),
];
/// Pixels of the largest shape.
const LARGEST: u64 = 1440 * 1440;

/// What a request asks for. Texts are cut at their lengths.
#[derive(Input)]
pub struct Request {
    /// A name that is lettered in the middle of a wreath, up to 40 letters; without it, or with `AUTO`, there
    /// are two bouquets and no name.
    #[cut(500)]
    name: Option<String>,
    /// English words for flowers (rose, peony, daisy, cherry blossom, sunflower, poppy, lily, hydrangea,
    /// dahlia and some more) and for their colours; without any, three kinds are chosen.
    #[cut(4000)]
    flower_elements: Option<String>,
    /// English words for the manner: minimal, delicate or simple draws fewer flowers, lush, dense or full
    /// more. It is watercolour always.
    #[cut(4000)]
    style: Option<String>,
    /// English words for the paper's colours; the first two that are named count. Dark ones make a dark
    /// paper.
    #[cut(4000)]
    background: Option<String>,
    /// The wallpaper's shape.
    #[choice(SHAPES)]
    #[field(default = [1080, 1920])]
    aspect_ratio: [u32; 2],
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The wallpaper, a JPEG, the only element, for 24 hours.
    #[output(path = "data.result_urls", format = FileFormat::Picture(Format::Jpeg))]
    result_urls: [Url; 1],
}

impl CpuOperation for AiFlowerWallpaper {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/generation/ai-flower-wallpaper",
        name: "AI Flower Wallpaper",
        sign: "image_generation_ai_flower_wallpaper",
        pool: "image_generation_ai_flower_wallpaper",
        price: 15,
        summary: "Draws a wallpaper of flowers in watercolour, as a wreath around a name or as bouquets, \
                  after words. The same words give the same picture.",
        limitations: "It is drawn by rules, not generated: nine families of flowers, twigs, paper and \
                      letters. Words that it does not know are passed over. Names are lettered in Latin, \
                      Greek and Cyrillic letters.",
        delivery: Delivery::Async,
        memory: Memory { base: LARGEST * (flowers::BYTES_PER_PIXEL + 6), per_pixel: 0 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::NOTHING;
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let order = Order {
            name: said(&input.name),
            flowers: said(&input.flower_elements),
            style: said(&input.style),
            background: said(&input.background),
            size: input.aspect_ratio,
        };
        let picture = work.stage("draw", || Ok(flowers::draw(&order)))?;
        let bytes = work.stage("encode", || encode::jpeg(&picture, encode::JPEG_QUALITY))?;
        Ok(Answer { result_urls: [Url(Artifact::picture(bytes, Format::Jpeg))] })
    }
}

/// A text; nothing for `AUTO`.
fn said(text: &Option<String>) -> &str {
    let text = text.as_deref().unwrap_or_default().trim();
    if text.eq_ignore_ascii_case("auto") { "" } else { text }
}
