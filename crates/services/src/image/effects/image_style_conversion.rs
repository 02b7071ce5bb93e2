//! Photos as drawings and paintings in a chosen manner.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::{bleed, drawing};
use safelight_vision::style;

use super::{IMAGE, answer};
use crate::{
    Choice, Declaration, Field, FieldKind, Form, Memory, Mode, Param, Picture, Required, Service,
    Upload, Work,
};

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

static OPTION: Param<Choice<Manner>, Required> = Param {
    name: "option",
    doc: "How to draw or paint. The paintings are mixtures of the network's own styles, chosen by eye \
          for the palette and the strokes that each name calls for.",
    kind: Choice(&[
        ("cartoon", Manner::Cartoon, "flat areas, strong colours, ink around them"),
        ("pencil", Manner::Pencil, "a pencil drawing"),
        ("color_pencil", Manner::ColorPencil, "a drawing in coloured pencil"),
        ("warm", Manner::Painting(&[(0, 0.5), (4, 0.5)]), "an oil painting in warm, sweet colours"),
        ("wave", Manner::Painting(&[(24, 1.0)]), "blue and cream, as the Great Wave"),
        ("lavender", Manner::Painting(&[(12, 1.0)]), "an oil painting in violet and gold"),
        (
            "mononoke",
            Manner::Painting(&[(13, 0.6), (0, 0.4)]),
            "a painting in the greens of a forest",
        ),
        ("scream", Manner::Painting(&[(5, 1.0)]), "swirls of orange and blue, as The Scream"),
        ("gothic", Manner::Painting(&[(25, 0.6), (10, 0.4)]), "a dark painting with heavy lines"),
    ]),
    presence: Required,
};

/// What a request asks for.
pub struct Input {
    image: Upload,
    manner: Manner,
}

impl Service for ImageStyleConversion {
    type Input = Input;
    type Output = Picture;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/image/effects/image-style-conversion",
        name: "Photo to Painting",
        sign: "image_image_style_conversion",
        pool: "image_style_transfer",
        price: 7,
        summary: "Draws a photo in pencil, coloured pencil or as a cartoon, or paints it with a network \
                  in one of six manners. Drawings are made at up to 2048 pixels, paintings at up to \
                  2000, and then enlarged to the photo's size.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(60),
        files: &[&IMAGE],
        params: &[&OPTION],
        answer: &[Field::new(
            "image",
            FieldKind::Base64,
            "The drawing or painting at the photo's size, a JPEG; a PNG where the photo has \
             transparency.",
        )],
        models: style::PRESET_MODELS,
        // The result beside the photo, and its file while it grows.
        memory: Memory { base: 0, per_pixel: 9 },
    };

    fn read(form: &Form) -> Result<Input> {
        Ok(Input { image: IMAGE.read(form)?, manner: OPTION.read(form)? })
    }

    fn further_bytes(input: &Input) -> u64 {
        let header = input.image.header();
        match input.manner {
            Manner::Painting(_) => style::bytes(header.width, header.height),
            _ => drawing::bytes(header.width, header.height),
        }
    }

    fn run(input: Input, work: &Work) -> Result<Picture> {
        let mut photo = input.image.decode(work)?;
        photo.rgb = work.stage("paint", || {
            if let Some(alpha) = &photo.alpha {
                bleed::under_transparency(&mut photo.rgb, alpha);
            }
            Ok(match input.manner {
                Manner::Cartoon => drawing::cartoon(&photo.rgb),
                Manner::Pencil => drawing::pencil(&photo.rgb),
                Manner::ColorPencil => drawing::color_pencil(&photo.rgb),
                Manner::Painting(mixture) => {
                    let mut weights = [0.0; style::PRESETS];
                    mixture.iter().for_each(|&(number, weight)| weights[number] = weight);
                    work.vision.paint(&photo.rgb, &weights, &|| work.check())?
                }
            })
        })?;
        answer(&photo, work)
    }
}
