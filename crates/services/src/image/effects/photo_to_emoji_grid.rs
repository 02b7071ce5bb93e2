//! AI Emoji Generator: a sheet of stickers of a person.

use std::time::Duration;

use image::{RgbImage, imageops};
use safelight_contract::{Code, Fault};
use safelight_effects::drawn::{self, Manner};
use safelight_effects::stickers::{self, Head, Order, Scene};
use safelight_imaging::resize::{self, Filter};
use safelight_imaging::{Cutout, Format, Photo};
use safelight_operation::{
    CpuOperation, Cut, Delivery, Example, Input, Memory, Needs, Output, Picture, Result, Rules,
    Spec, Url, Work, no_engine_for,
};
use safelight_vision::cutout;
use safelight_vision::face::{Detection, Part};

use super::on_white;
use crate::generated::{Edit, Generated};
use crate::image::encoded;
use crate::sitting::{self, Sitting};

/// The service.
pub struct PhotoToEmojiGrid;

/// What a request asks for. Texts are cut at their lengths.
#[derive(Input)]
pub struct Request {
    /// The photo. The largest face becomes the stickers.
    #[picture(Rules {
        formats: &[Format::Jpeg, Format::Png, Format::WebP],
        max_bytes: 10 * Rules::MB,
        min: (1, 1),
        max: (4096, 4096),
        ..Rules::ORDINARY
    })]
    image: Picture,
    /// English words for expressions: happy, laugh, wink, love, cool, wow, sad, angry, kiss and words like
    /// them. Those that are named come first; the sheet always has all nine.
    #[kind(Example(Cut(100), "happy"))]
    expression: String,
    /// English words for the manner: comic, retro, manga, woodcut, bold; flat areas with ink without one
    /// of these. Words for figures that are not drawn here need a generative engine: anime, chibi, 3d,
    /// pixar, disney, clay, lego, pixel, ghibli, plush, toy, kawaii, realistic, simpsons.
    #[kind(Example(Cut(100), "cartoon"))]
    style: String,
    /// English words for what is behind the stickers: birthday, christmas, love, night, beach, sea,
    /// autumn, rain, office and words like them, and a colour; pastels without.
    #[kind(Example(Cut(100), "birthday party"))]
    scene: String,
    /// The caption of every sticker.
    #[cut(20)]
    filler: Option<String>,
}

/// Words for what nothing here draws.
const FIGURES: [&str; 14] = [
    "anime",
    "chibi",
    "3d",
    "pixar",
    "disney",
    "clay",
    "lego",
    "pixel",
    "ghibli",
    "plush",
    "toy",
    "kawaii",
    "realistic",
    "simpsons",
];
/// Words of `style`.
const MANNERS: &[(&[&str], Manner)] = &[
    (&["comic", "comics", "pop", "american"], Manner::COMIC),
    (&["retro", "vintage", "classic"], Manner::RETRO),
    (&["manga", "black", "ink"], Manner::MANGA),
    (&["woodcut", "ukiyo", "japanese"], Manner::UKIYOE),
    (&["bold", "vivid", "colorful", "colourful"], Manner::BOLD),
];

fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    lower.split(|letter: char| !letter.is_alphanumeric()).map(str::to_owned).collect()
}

/// What the style names that is not drawn here.
fn figure(input: &Request) -> Option<&'static str> {
    let said = words(&input.style);
    FIGURES.into_iter().find(|figure| said.iter().any(|word| word == figure))
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The sheet of three by three stickers, a JPEG of 1200 by 1200 pixels, the only element, for 24
    /// hours.
    #[output(path = "data.result_urls")]
    result_urls: [Url; 1],
}

/// Pixels of a side of the sheet.
const SHEET: u32 = 1200;
/// Least pixels of a face.
const LEAST_FACE: f32 = 40.0;
/// How much larger than the face's box the square is that is drawn, and its side in pixels.
const AROUND: f32 = 2.7;
const DRAWN: u32 = 560;
/// What belongs to a sticker.
const HEAD: &[Part] = &[
    Part::Skin,
    Part::LeftBrow,
    Part::RightBrow,
    Part::LeftEye,
    Part::RightEye,
    Part::Glasses,
    Part::LeftEar,
    Part::RightEar,
    Part::Earring,
    Part::Nose,
    Part::Mouth,
    Part::UpperLip,
    Part::LowerLip,
    Part::Hair,
    Part::Hat,
];

impl CpuOperation for PhotoToEmojiGrid {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/effects/photo-to-emoji-grid",
        name: "AI Emoji Generator",
        sign: "image_effects_photo_to_emoji_grid",
        pool: "image_generate_emoji",
        price: 15,
        summary: "Draws a sheet of nine stickers of the largest face: a cartoon of the head with nine \
                  expressions, a scene behind and a caption.",
        limitations: "The expressions are pushed and drawn onto the face of the photo; who laughs in the \
                      photo still smiles in the sad one. Captions have Latin, Greek and Cyrillic letters. \
                      Other figures (chibi, 3D, clay and the like) are a generative engine's; without one \
                      they are refused with ERROR_AI_NOT_EXISTS.",
        delivery: Delivery::Async,
        deadline: Duration::from_secs(90),
        memory: Memory { base: sitting::BYTES, per_pixel: 4 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(cutout::DRAWING_MODELS);
    type Input = Request;
    type Output = Answer;

    fn native(input: &Request) -> Result<()> {
        match figure(input) {
            Some(figure) => Err(no_engine_for(Self::SPEC.slug(), &format!("the style `{figure}`"))),
            None => Ok(()),
        }
    }

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let photo = on_white(input.image.decode(work)?).rgb;
        let face = largest(&photo, work)?;
        let sitting = Sitting::of(work, &around(&photo, &face), DRAWN)?;
        drop(photo);
        let unclear = || Fault::new(Code::FaceUnrecognizable, "the face's points are not found");
        let (kit, face) = sitting.kits.first().zip(sitting.faces.first()).ok_or_else(unclear)?;
        let matte = work.stage("head", || {
            let parts = work.vision.head_parts(&sitting.photo, face, HEAD)?.ok_or_else(unclear)?;
            let own = Photo { rgb: sitting.photo.clone(), alpha: None };
            Ok(Cutout::refine(own, &parts.mask, parts.region).alpha)
        })?;
        let said = words(&input.style);
        let named =
            MANNERS.iter().find(|(names, _)| said.iter().any(|w| names.contains(&w.as_str())));
        let manner = named.map_or(Manner::PLAIN, |(_, manner)| *manner);
        let rgb = work.stage("draw", || {
            let drawn = drawn::cartoon(&sitting.sitter(), &manner);
            let order = Order {
                first: stickers::named(&input.expression),
                scene: Scene::described(&input.scene),
                caption: input.filler.as_deref().unwrap_or_default().trim(),
            };
            Ok(stickers::sheet(&Head { drawn: &drawn, matte: &matte, kit }, &order))
        })?;
        Ok(Answer { result_urls: [Url(encoded(&Photo { rgb, alpha: None }, work)?)] })
    }
}

impl Generated for PhotoToEmojiGrid {
    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        if figure(input).is_none() {
            return Ok(None);
        }
        let photo = on_white(input.image.decode(work)?);
        largest(&photo.rgb, work)?;
        let caption = input.filler.as_deref().unwrap_or_default().trim();
        let caption = match caption {
            "" => " and no caption".to_owned(),
            caption => format!(" and the caption '{caption}'"),
        };
        let words =
            vec![input.style.clone(), input.expression.clone(), input.scene.clone(), caption];
        Ok(Some(Edit { ratio: Some(1.0), ..Edit::of(photo, None, words) }))
    }

    fn answer(_: &Request, photos: Vec<Photo>, work: &Work) -> Result<Answer> {
        let rgb = resize::rgb(&photos[0].rgb, SHEET, SHEET, Filter::Bicubic);
        Ok(Answer { result_urls: [Url(encoded(&Photo { rgb, alpha: None }, work)?)] })
    }
}

/// The largest face, as the stage `detect`.
fn largest(photo: &RgbImage, work: &Work) -> Result<Detection> {
    let found = work.stage("detect", || work.vision.detect_faces(photo))?;
    let no_face = || Fault::new(Code::NoFaceInFile, "no face was found in image");
    let face = found.into_iter().next().ok_or_else(no_face)?;
    let side = face.rect.shorter_side();
    if side < LEAST_FACE {
        let message = format!("the face has {side:.0} px, the smallest is {LEAST_FACE:.0} px");
        return Err(Fault::new(Code::SmallFaceSize, message));
    }
    Ok(face)
}

/// The square around a face as far as the photo reaches, large enough to be drawn.
fn around(photo: &RgbImage, face: &Detection) -> RgbImage {
    let side = AROUND * face.rect.shorter_side().max(face.rect.width.max(face.rect.height));
    let middle = face.rect.centre();
    let range = |middle: f32, all: u32| {
        let first = (middle - side / 2.0).max(0.0) as u32;
        let end = ((middle + side / 2.0).ceil().max(1.0) as u32).min(all);
        (first.min(all - 1), end.saturating_sub(first).max(1))
    };
    let (x, width) = range(middle.x, photo.width());
    let (y, height) = range(middle.y - 0.1 * face.rect.height, photo.height());
    let part = imageops::crop_imm(photo, x, y, width, height).to_image();
    let scale = DRAWN as f32 / width.max(height) as f32;
    let scaled = |side: u32| ((side as f32 * scale).round() as u32).max(1);
    resize::rgb(&part, scaled(width), scaled(height), Filter::Bicubic)
}

#[cfg(test)]
mod tests {
    use safelight_operation::Input;

    use super::*;

    #[test]
    fn the_documentation_names_every_figure() {
        let documented = Request::FIELDS.iter().find_map(|field| match field {
            safelight_operation::InputField::Text(parameter) if parameter.name() == "style" => {
                Some(parameter.doc())
            }
            _ => None,
        });
        let documented = documented.expect("the field");
        for figure in FIGURES {
            assert!(words(documented).iter().any(|word| word == figure), "{figure}");
        }
    }
}
