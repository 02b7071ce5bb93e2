//! AI Cartoon Generator: a photo as a cartoon.

use std::time::Duration;

use image::{RgbImage, imageops};
use safelight_contract::{Code, Fault};
use safelight_effects::drawn::{self, Manner};
use safelight_imaging::resize::{Filter, rgb};
use safelight_imaging::{Format, Photo};
use safelight_operation::{
    Choice, CpuOperation, Delivery, Example, Input, Memory, Needs, Output, Picture, Result, Rules,
    Spec, Url, Work, no_engine_for,
};
use safelight_vision::cutout;

use super::on_white;
use crate::generated::{Edit, Generated};
use crate::image::encoded;
use crate::sitting::{self, Sitting};

/// The service.
pub struct AiAnimeGenerator;

/// A style.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Style {
    /// Drawn here.
    Drawn(Manner),
    /// Made by a generative engine, which is told so.
    Engine(&'static str),
}

use Style::{Drawn, Engine};

/// The values of `index`.
const STYLES: &[(&str, Style, &str)] = &[
    ("0", Drawn(Manner::RETRO), "vintage comic: few colours, dots on yellowed paper"),
    (
        "1",
        Engine("a 3D fairy tale, as in an animated film"),
        "3D fairy tale; needs a generative engine",
    ),
    ("2", Drawn(Manner::PLAIN), "flat 2D: flat areas, ink around them"),
    (
        "3",
        Engine("a fresh, elegant illustration in light colours"),
        "fresh, elegant; needs a generative engine",
    ),
    (
        "4",
        Engine("science fiction of a far future, neon light and metal"),
        "future tech; needs a generative engine",
    ),
    (
        "5",
        Engine("a classical Chinese painting in ink and mineral colours"),
        "classical Chinese painting; needs a generative engine",
    ),
    (
        "6",
        Engine("a general in ancient armour, an epic painting"),
        "battle general; needs a generative engine",
    ),
    ("7", Drawn(Manner::BOLD), "colourful cartoon: bold ink, saturated colours"),
    (
        "8",
        Engine("a graceful Chinese illustration with flowing robes"),
        "graceful Chinese; needs a generative engine",
    ),
];
/// Pixels of the result's shorter side, and the most that the longer is of the shorter.
const SHORT: u32 = 1536;
const LONGEST: f64 = 1.5;

/// What a request asks for.
#[derive(Input)]
#[input(check = known)]
pub struct Request {
    /// The photo. Transparent parts count as white.
    #[picture(Rules {
        formats: &[Format::Jpeg, Format::Png, Format::Bmp, Format::WebP],
        max_bytes: 10 * Rules::MB,
        min: (256, 256),
        max: (5760, 3240),
        ..Rules::ORDINARY
    })]
    image: Picture,
    /// The style.
    #[kind(Example(Choice(STYLES), "2"))]
    index: Option<Style>,
    /// The style as older clients send it: `default`, or a group and a number, such as `girl-3`. The
    /// groups are boy, boys, girl, girls and people. All are drawn as `index` 2. Ignored where `index` is
    /// sent.
    #[text(40)]
    r#type: Option<String>,
}

fn known(input: &Request) -> Result<()> {
    match (input.index, input.r#type.as_deref()) {
        (Some(_), _) => Ok(()),
        (None, Some(old)) if is_old(old) => Ok(()),
        (None, Some(old)) => {
            let message = format!(
                "type is `{old}`, allowed are default and boy-, boys-, girl-, girls- or people- with a number"
            );
            Err(Fault::new(Code::UnsupportedParameterValues, message))
        }
        (None, None) => {
            Err(Fault::new(Code::MissingParameters, "index is missing; it is a number from 0 to 8"))
        }
    }
}

/// Whether it is a style of the older clients.
fn is_old(word: &str) -> bool {
    const GROUPS: [(&str, u32); 5] =
        [("boy", 27), ("boys", 1), ("girl", 27), ("girls", 3), ("people", 2)];
    let numbered = word.split_once('-').and_then(|(group, number)| {
        let (_, last) = GROUPS.iter().find(|(name, _)| *name == group)?;
        number.parse::<u32>().ok().filter(|number| number <= last)
    });
    word == "default" || numbered.is_some()
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The cartoon, a JPEG, for 24 hours.
    #[output(path = "data.result_url")]
    result_url: Url,
}

impl CpuOperation for AiAnimeGenerator {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/effects/ai-anime-generator",
        name: "AI Cartoon Generator",
        sign: "image_ai_anime_generator",
        pool: "image_ai_cartoon_generator",
        price: 10,
        summary: "Draws a photo as a cartoon whose shorter side has 1536 pixels; what is longer than 3:2 is \
                  cut to that.",
        limitations: "The drawing follows the photo, line for line. The indices 1, 3, 4, 5, 6 and 8 are \
                      other worlds than the photo's: a generative engine makes them from the whole photo, \
                      and without one they are refused with ERROR_AI_NOT_EXISTS. Drawings have up to \
                      1600 pixels and are then enlarged.",
        delivery: Delivery::Async,
        deadline: Duration::from_secs(60),
        // The photo's cut, the result of up to 1536 by 2304 pixels and its file.
        memory: Memory { base: sitting::BYTES + 8 * 1536 * 2304, per_pixel: 6 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(cutout::DRAWING_MODELS);
    type Input = Request;
    type Output = Answer;

    fn native(input: &Request) -> Result<()> {
        match input.index {
            Some(Engine(_)) => Err(no_engine_for(Self::SPEC.slug(), "this index")),
            _ => Ok(()),
        }
    }

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let photo = cut(on_white(input.image.decode(work)?).rgb);
        let manner = match input.index {
            Some(Drawn(manner)) => manner,
            _ => Manner::PLAIN,
        };
        let sitting = Sitting::of(work, &photo, sitting::SIDE)?;
        let drawn = work.stage("draw", || Ok(drawn::cartoon(&sitting.sitter(), &manner)))?;
        answer(&drawn, photo.dimensions(), work)
    }
}

impl Generated for AiAnimeGenerator {
    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        let Some(Engine(words)) = input.index else { return Ok(None) };
        let rgb = cut(on_white(input.image.decode(work)?).rgb);
        Ok(Some(Edit::of(Photo { rgb, alpha: None }, None, vec![words.to_owned()])))
    }

    fn answer(_: &Request, photos: Vec<Photo>, work: &Work) -> Result<Answer> {
        answer(&photos[0].rgb, photos[0].rgb.dimensions(), work)
    }
}

/// A drawing of a photo of this size, with [`SHORT`] pixels on its shorter side.
fn answer(drawn: &RgbImage, (width, height): (u32, u32), work: &Work) -> Result<Answer> {
    let scale = f64::from(SHORT) / f64::from(width.min(height));
    let side = |own: u32| (f64::from(own) * scale).round() as u32;
    let rgb =
        work.stage("enlarge", || Ok(rgb(drawn, side(width), side(height), Filter::Bicubic)))?;
    Ok(Answer { result_url: Url(encoded(&Photo { rgb, alpha: None }, work)?) })
}

/// The middle of a photo that is longer than allowed.
fn cut(photo: RgbImage) -> RgbImage {
    let (width, height) = photo.dimensions();
    let most = (f64::from(width.min(height)) * LONGEST).round() as u32;
    let (across, down) = (width.min(most), height.min(most));
    if (across, down) == (width, height) {
        return photo;
    }
    imageops::crop_imm(&photo, (width - across) / 2, (height - down) / 2, across, down).to_image()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_styles_are_known_and_long_photos_are_cut() {
        assert!(["default", "boy-27", "girls-3", "people-0"].into_iter().all(is_old));
        assert!(!["", "boy", "boy-28", "cat-1", "boy-x"].into_iter().any(is_old));
        assert_eq!(cut(RgbImage::new(900, 300)).dimensions(), (450, 300));
        assert_eq!(cut(RgbImage::new(300, 400)).dimensions(), (300, 400));
    }
}
