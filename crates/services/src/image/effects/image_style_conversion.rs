//! Photos as drawings and paintings in a chosen manner.

use std::time::Duration;

use safelight_effects::drawn::{self, Manner as Hand};
use safelight_imaging::drawing;
use safelight_imaging::resize::{Filter, rgb};
use safelight_operation::{
    Base64, CpuOperation, Input, Memory, Needs, Output, Picture, Result, Spec, Work,
};
use safelight_vision::{cutout, style};

use super::{PHOTO, in_base64};
use crate::image::bled;
use crate::sitting::{self, Sitting};

/// The service.
pub struct ImageStyleConversion;

/// How to draw or paint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Manner {
    /// Flat areas, strong colours, ink.
    Cartoon,
    /// Gray pencil.
    Pencil,
    /// Coloured pencil.
    ColorPencil,
    /// Painted by the network in a mixture of its styles: (number of the style, weight).
    Painting(&'static [(usize, f32)]),
}

/// The words of `option`.
const MANNERS: &[(&str, Manner, &str)] = &[
    (
        "cartoon",
        Manner::Cartoon,
        "flat areas in strong colours with shading in steps, ink around them",
    ),
    ("pencil", Manner::Pencil, "a pencil drawing"),
    ("color_pencil", Manner::ColorPencil, "a drawing in coloured pencil"),
    ("warm", Manner::Painting(&[(0, 0.5), (4, 0.5)]), "an oil painting in warm, sweet colours"),
    ("wave", Manner::Painting(&[(24, 1.0)]), "blue and cream, as the Great Wave"),
    ("lavender", Manner::Painting(&[(12, 1.0)]), "an oil painting in violet and gold"),
    ("mononoke", Manner::Painting(&[(13, 0.6), (0, 0.4)]), "a painting in the greens of a forest"),
    ("scream", Manner::Painting(&[(5, 1.0)]), "swirls of orange and blue, as The Scream"),
    ("gothic", Manner::Painting(&[(25, 0.6), (10, 0.4)]), "a dark painting with heavy lines"),
];

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo.
    #[picture(PHOTO)]
    image: Picture,
    /// How to draw or paint. The paintings are mixtures of the network's own styles, chosen by eye
    /// for the palette and the strokes that each name calls for.
    #[choice(MANNERS)]
    option: Manner,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The drawing or painting at the photo's size, a JPEG; a PNG where the photo has transparency.
    image: Base64,
}

impl CpuOperation for ImageStyleConversion {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/effects/image-style-conversion",
        name: "Photo to Painting",
        sign: "image_image_style_conversion",
        pool: "image_style_transfer",
        price: 7,
        summary: "Draws a photo in pencil, coloured pencil or as a cartoon, or paints it with a network \
                  in one of six manners.",
        limitations: "Pencil is drawn at up to 2048 pixels, cartoons at up to 1600, paintings at up to \
                      2000, and then enlarged to the photo's size. What the cartoon draws is what the \
                      photo shows: nobody becomes another figure.",
        deadline: Duration::from_secs(60),
        // The result beside the photo, and its file while it grows.
        memory: Memory { base: 0, per_pixel: 9 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(style::PRESET_MODELS).on_request(cutout::DRAWING_MODELS);
    type Input = Request;
    type Output = Answer;

    fn further_bytes(input: &Request) -> u64 {
        let header = input.image.header();
        match input.option {
            Manner::Painting(_) => style::bytes(header.width, header.height),
            Manner::Cartoon => sitting::BYTES,
            _ => drawing::bytes(header.width, header.height),
        }
    }

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let mut photo = bled(input.image.decode(work)?);
        let sitting = match input.option {
            Manner::Cartoon => Some(Sitting::of(work, &photo.rgb, sitting::SIDE)?),
            _ => None,
        };
        photo.rgb = work.stage("paint", || {
            if let Some(sitting) = &sitting {
                let (width, height) = photo.rgb.dimensions();
                let drawn = drawn::cartoon(&sitting.sitter(), &Hand::PLAIN);
                return Ok(rgb(&drawn, width, height, Filter::Bicubic));
            }
            Ok(match input.option {
                Manner::Cartoon | Manner::Pencil => drawing::pencil(&photo.rgb),
                Manner::ColorPencil => drawing::color_pencil(&photo.rgb),
                Manner::Painting(mixture) => {
                    let mut weights = [0.0; style::PRESETS];
                    mixture.iter().for_each(|&(number, weight)| weights[number] = weight);
                    work.vision.paint(&photo.rgb, &weights, &|| work.check())?
                }
            })
        })?;
        Ok(Answer { image: in_base64(&photo, work)? })
    }
}
