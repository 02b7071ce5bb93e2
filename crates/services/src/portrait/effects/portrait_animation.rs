//! Cartoon Yourself: a photo as a still drawing.

use std::time::Duration;

use image::{GrayImage, RgbImage};
use safelight_contract::{Code, Fault};
use safelight_effects::drawn::{self, Manner};
use safelight_imaging::resize::{Filter, rgb};
use safelight_imaging::{Cutout, Format, Photo, drawing, encode};
use safelight_operation::{
    Artifact, CpuOperation, Input, Memory, Needs, Output, Picture, Result, Rules, Spec, Url, Work,
    no_engine_for,
};
use safelight_vision::cutout;
use safelight_vision::heads::HEAD;

use crate::generated::{Edit, Generated};
use crate::image::{encoded, on_white};
use crate::sitting::{self, Sitting};

/// The service.
pub struct PortraitAnimation;

/// What draws.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Hand {
    /// Gray pencil.
    Pencil,
    /// The same with lines of ink.
    PencilAndLines,
    /// Coloured pencil.
    ColourPencil,
    /// Areas and ink.
    Cartoon(Manner),
    /// Nothing here: a generative engine, which is told so.
    Engine(&'static str),
}

/// What of the photo is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Extent {
    /// All of it.
    Whole,
    /// The largest head, on transparent ground.
    CutOut,
}

/// A manner of drawing and what of the photo is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drawing(Hand, Extent);

const fn cartoon(manner: Manner, extent: Extent) -> Drawing {
    Drawing(Hand::Cartoon(manner), extent)
}

const fn engine(words: &'static str) -> Drawing {
    Drawing(Hand::Engine(words), Extent::Whole)
}

const NEEDS_ENGINE: &str = "needs a generative engine";

/// The words of `type`.
const TYPES: &[(&str, Drawing, &str)] = &[
    ("comic", cartoon(Manner::COMIC, Extent::Whole), "a comic: ink, strong colours, dots of print"),
    (
        "classic_cartoon",
        cartoon(Manner::RETRO, Extent::Whole),
        "a retro cartoon: few colours and dots on yellowed paper",
    ),
    (
        "hongkong",
        cartoon(Manner::BOLD, Extent::Whole),
        "bold ink and saturated colours in few steps",
    ),
    ("hkcartoon", cartoon(Manner::PLAIN, Extent::Whole), "flat areas, ink around them"),
    ("jpcartoon", cartoon(Manner::MANGA, Extent::Whole), "black and white with screens of dots"),
    ("handdrawn", Drawing(Hand::ColourPencil, Extent::Whole), "coloured pencil"),
    ("sketch", Drawing(Hand::Pencil, Extent::Whole), "pencil"),
    ("full", Drawing(Hand::PencilAndLines, Extent::Whole), "pencil with firm outlines"),
    (
        "amcartoon",
        cartoon(Manner::AMERICAN, Extent::Whole),
        "a comic with bold ink and dots of print",
    ),
    ("ukiyoe_cartoon", cartoon(Manner::UKIYOE, Extent::Whole), "a woodcut in 18 pigments"),
    ("head", Drawing(Hand::Pencil, Extent::CutOut), "the head in pencil, cut out"),
    ("western", cartoon(Manner::BOLD, Extent::CutOut), "the head in bold ink, cut out"),
    ("avatar", cartoon(Manner::PLAIN, Extent::CutOut), "the head in flat areas, cut out"),
    (
        "jpcartoon_head",
        cartoon(Manner::MANGA, Extent::CutOut),
        "the head in black and white with screens, cut out",
    ),
    ("anime", engine("a Japanese anime character"), NEEDS_ENGINE),
    ("claborate", engine("an elaborate, finely shaded anime illustration"), NEEDS_ENGINE),
    ("animation3d", engine("a character of a 3D animated film"), NEEDS_ENGINE),
    ("artstyle", engine("a painterly portrait with visible brush strokes"), NEEDS_ENGINE),
    ("tccartoon", engine("a soft cartoon in pastel colours"), NEEDS_ENGINE),
    ("3d_cartoon", engine("a 3D cartoon with large eyes"), NEEDS_ENGINE),
    ("pixar", engine("a character of a 3D family film, soft light"), NEEDS_ENGINE),
    (
        "pixar_plus",
        engine("a character of a 3D family film, large eyes and fine details"),
        NEEDS_ENGINE,
    ),
    ("angel", engine("an angel with white wings, a luminous illustration"), NEEDS_ENGINE),
    (
        "angel_plus",
        engine("an angel with white wings and a halo, a detailed luminous painting"),
        NEEDS_ENGINE,
    ),
    ("demon", engine("a demon with small horns, a dark illustration"), NEEDS_ENGINE),
    ("3d", engine("a smooth 3D figure"), NEEDS_ENGINE),
    ("3d_game", engine("a character of a 3D computer game"), NEEDS_ENGINE),
];

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. Transparent parts count as white.
    #[picture(Rules {
        formats: &[Format::Jpeg, Format::Png],
        max_bytes: 3 * Rules::MB,
        min: (100, 100),
        max: (2000, 2000),
        ..Rules::ORDINARY
    })]
    image: Picture,
    /// How to draw, and whether all of the photo or the head alone.
    #[choice(TYPES)]
    r#type: Drawing,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The drawing: a JPEG of the photo's size, or a PNG of the head on transparent ground; for 24 hours.
    #[output(path = "data.image_url")]
    image_url: Url,
}

impl CpuOperation for PortraitAnimation {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/portrait-animation",
        name: "Cartoon Yourself",
        sign: "portrait_portrait_animation",
        pool: "portrait_cartoonization",
        price: 20,
        summary: "Draws a photo, or the largest head in it, in one of 14 manners: comic, ink, flat areas, \
                  woodcut, manga, pencil, coloured pencil.",
        limitations: "The drawing follows the photo, line for line; it makes no other figure of a person. \
                      `amcartoon` and `ukiyoe_cartoon` draw all of the photo, not the face alone. The 13 types of painted, 3D and big-eyed figures (anime, claborate, animation3d, \
                      artstyle, tccartoon, 3d_cartoon, pixar, pixar_plus, angel, angel_plus, demon, 3d, \
                      3d_game) are a generative engine's, which draws all of the photo; without one they are \
                      refused with ERROR_AI_NOT_EXISTS. Drawings have up to 1600 pixels and are then enlarged.",
        deadline: Duration::from_secs(60),
        memory: Memory { base: sitting::BYTES, per_pixel: 8 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(cutout::DRAWING_MODELS);
    type Input = Request;
    type Output = Answer;

    fn native(input: &Request) -> Result<()> {
        match input.r#type.0 {
            Hand::Engine(_) => Err(no_engine_for(Self::SPEC.slug(), "this type")),
            _ => Ok(()),
        }
    }

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let photo = on_white(input.image.decode(work)?);
        let Drawing(hand, extent) = input.r#type;
        let sitting = Sitting::of(work, &photo.rgb, sitting::SIDE)?;
        let head = match extent {
            Extent::Whole => None,
            Extent::CutOut => Some(head(work, &sitting)?),
        };
        let drawn = work.stage("draw", || Ok(hand.draw(&sitting)))?;
        let made = match head {
            Some(alpha) => {
                let cutout = Cutout { rgb: drawn, alpha }.trim();
                let bytes = work.stage("encode", || encode::png_cutout(&cutout))?;
                Artifact::picture(bytes, Format::Png)
            }
            None => {
                let (width, height) = photo.rgb.dimensions();
                let rgb = rgb(&drawn, width, height, Filter::Bicubic);
                encoded(&Photo { rgb, alpha: None }, work)?
            }
        };
        Ok(Answer { image_url: Url(made) })
    }
}

impl Generated for PortraitAnimation {
    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        let Hand::Engine(words) = input.r#type.0 else { return Ok(None) };
        let photo = on_white(input.image.decode(work)?);
        Ok(Some(Edit::of(photo, None, vec![words.to_owned()])))
    }

    fn answer(_: &Request, photos: Vec<Photo>, work: &Work) -> Result<Answer> {
        Ok(Answer { image_url: Url(encoded(&photos[0], work)?) })
    }
}

impl Hand {
    fn draw(self, sitting: &Sitting) -> RgbImage {
        match self {
            Self::Pencil => drawing::pencil(&sitting.photo),
            Self::PencilAndLines => {
                let lines = drawn::cartoon(&sitting.sitter(), &Manner::LINES);
                let mut drawing = drawing::pencil(&sitting.photo);
                for (out, line) in drawing.iter_mut().zip(lines.iter()) {
                    *out = (u32::from(*out) * u32::from(*line) / 255) as u8;
                }
                drawing
            }
            Self::ColourPencil => drawing::color_pencil(&sitting.photo),
            Self::Cartoon(manner) => drawn::cartoon(&sitting.sitter(), &manner),
            Self::Engine(_) => sitting.photo.clone(),
        }
    }
}

/// The matte of the largest head, as the stage `head`; `ERROR_NO_FACE_IN_FILE` without one.
fn head(work: &Work, sitting: &Sitting) -> Result<GrayImage> {
    let no_face = || Fault::new(Code::NoFaceInFile, "no face was found in image");
    let face = sitting.faces.first().ok_or_else(no_face)?;
    work.stage("head", || {
        let found = work.vision.head_parts(&sitting.photo, face, HEAD)?.ok_or_else(no_face)?;
        let part = Photo { rgb: sitting.photo.clone(), alpha: None };
        let alpha = Cutout::refine(part, &found.mask, found.region).alpha;
        Ok(alpha)
    })
}
