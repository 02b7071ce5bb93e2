//! A page to colour in, drawn after a photo.

use std::time::Duration;

use safelight_effects::drawn::{self, Lines, Weight};
use safelight_imaging::{Format, encode};
use safelight_operation::{
    Artifact, CpuOperation, Delivery, Input, Memory, Needs, Output, Picture, Result, Rules, Spec,
    Url, Work,
};
use safelight_vision::cutout;

use super::on_white;
use crate::sitting::Sitting;

/// The service.
pub struct PhotoToLineArt;

/// Characters of a prompt that count.
const LONGEST_PROMPT: usize = 3000;
/// Long side of every page in pixels.
const LONG_SIDE: u32 = 2048;

/// Long side of the copy of the photo that is drawn.
const DRAWN: u32 = 1000;
/// Peak bytes of a page of up to 2048 by 2048 pixels with all that is found in the photo, and of its
/// file.
const BYTES: u64 = 40 * 2048 * 2048 + (96 << 20);

/// The page's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// Width to height, turned so that the photo fits better.
    Turned(u32, u32),
    /// Width to height as they are.
    Ratio(u32, u32),
    /// As the photo.
    Auto,
}

/// The words of `image_size`.
const PAGES: &[(&str, Page, &str)] = &[
    ("A4", Page::Turned(210, 297), "210 by 297, upright or lying as the photo"),
    ("auto", Page::Auto, "as the photo"),
    ("1:1", Page::Ratio(1, 1), "square"),
    ("2:3", Page::Ratio(2, 3), "upright"),
    ("3:2", Page::Ratio(3, 2), "lying"),
    ("3:4", Page::Ratio(3, 4), "upright"),
    ("4:3", Page::Ratio(4, 3), "lying"),
    ("4:5", Page::Ratio(4, 5), "upright"),
    ("5:4", Page::Ratio(5, 4), "lying"),
    ("9:16", Page::Ratio(9, 16), "upright"),
    ("16:9", Page::Ratio(16, 9), "lying"),
    ("21:9", Page::Ratio(21, 9), "lying"),
];

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. Transparent parts count as white paper.
    #[picture(Rules {
        formats: &[Format::Jpeg, Format::Png, Format::WebP],
        max_bytes: 10 * Rules::MB,
        min: (1, 1),
        max: (4096, 4096),
        ..Rules::ORDINARY
    })]
    image: Picture,
    /// Wishes in English. These words are understood: thick or bold, thin or fine (lines), simple or
    /// clean, detailed or intricate (how much is drawn). All others are ignored: the drawing follows
    /// the photo, nothing is added to it. What exceeds 3000 characters is cut off.
    #[cut(LONGEST_PROMPT)]
    prompt: Option<String>,
    /// Shape of the page, whose long side has 2048 pixels. The drawing lies in its middle, as large
    /// as fits.
    #[choice(PAGES)]
    #[field(default = Page::Turned(210, 297))]
    image_size: Page,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The page, a gray PNG, for 24 hours.
    #[output(path = "data.result_urls")]
    result_urls: Vec<Url>,
}

impl CpuOperation for PhotoToLineArt {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/effects/photo-to-line-art",
        name: "Photo to Coloring Page",
        sign: "image_effects_photo_to_line_art",
        pool: "image_line_art",
        price: 15,
        summary: "Draws a photo as a colouring page: closed areas with smooth black borders on white paper, \
                  the subject's outline heavier, faces with their features.",
        limitations: "What is subject, the cut-out of this server decides: what it misses is not drawn, \
                      what it takes along is. Behind the subject only large plain parts are outlined. \
                      Faces of fewer than 40 px, of 640 for the long side, have no features.",
        delivery: Delivery::Async,
        deadline: Duration::from_secs(60),
        // The photo on white, and the page with all that it is drawn from.
        memory: Memory { base: BYTES, per_pixel: 1 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(cutout::DRAWING_MODELS);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let photo = input.image.decode(work)?;
        let lines = input.prompt.as_deref().map(lines).unwrap_or_default();
        let photo = on_white(photo).rgb;
        let size = input.image_size.pixels(photo.dimensions());
        let sitting = Sitting::of(work, &photo, DRAWN)?;
        drop(photo);
        let page = work.stage("draw", || Ok(drawn::page(&sitting.sitter(), size, lines)))?;
        let bytes = work.stage("encode", || encode::png_gray(&page))?;
        Ok(Answer { result_urls: vec![Url(Artifact::picture(bytes, Format::Png))] })
    }
}

/// What a prompt asks for.
fn lines(prompt: &str) -> Lines {
    let prompt: String = prompt.chars().flat_map(char::to_lowercase).collect();
    let mut lines = Lines::default();
    for word in prompt.split(|c: char| !c.is_alphabetic()) {
        match word {
            "thick" | "thicker" | "bold" | "bolder" => lines.weight = Weight::Thick,
            "thin" | "thinner" | "fine" | "finer" => lines.weight = Weight::Thin,
            "simple" | "simpler" | "clean" => lines.detail = -1,
            "detailed" | "intricate" => lines.detail = 1,
            _ => {}
        }
    }
    lines
}

impl Page {
    /// Width and height for a photo of this size. A page is never more than eight times as long as
    /// wide.
    fn pixels(self, (width, height): (u32, u32)) -> (u32, u32) {
        let (across, down) = match self {
            Page::Turned(short, long) if width > height => (long, short),
            Page::Turned(short, long) => (short, long),
            Page::Ratio(across, down) => (across, down),
            Page::Auto => (width, height),
        };
        let side = |own: u32, other: u32| {
            let share = f64::from(own) / f64::from(own.max(other));
            ((f64::from(LONG_SIDE) * share).round() as u32).max(LONG_SIDE / 8)
        };
        (side(across, down), side(down, across))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_the_asked_shape() {
        assert_eq!(Page::Turned(210, 297).pixels((300, 200)), (2048, 1448));
        assert_eq!(Page::Turned(210, 297).pixels((200, 200)), (1448, 2048));
        assert_eq!(Page::Ratio(21, 9).pixels((10, 900)), (2048, 878));
        assert_eq!(Page::Auto.pixels((1000, 1)), (2048, 256));
    }

    #[test]
    fn prompts_are_understood_word_by_word() {
        assert_eq!(lines("A cat, please!"), Lines::default());
        assert_eq!(lines("Bold outlines, SIMPLE."), Lines { weight: Weight::Thick, detail: -1 });
        assert_eq!(lines("thin and detailed"), Lines { weight: Weight::Thin, detail: 1 });
    }
}
