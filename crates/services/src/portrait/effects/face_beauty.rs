//! Face beauty: smoother and lighter skin, sharper features.

use safelight_contract::{Code, Fault};
use safelight_effects::{Beauty, Features, Retouch};
use safelight_imaging::{ColorModel, Rules};
use safelight_operation::{CpuOperation, Input, Needs, Picture, Result, Spec, Work};

use super::beauty::{self, ImageUrl};

use crate::image::bled;

/// The service.
pub struct FaceBeauty;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. Its faces, up to 32, are beautified.
    #[picture(Rules { min: (10, 10), ..Rules::ORDINARY })]
    image: Picture,
    /// How much sharper eyes, brows, lips and hair are.
    #[number(0.0..=1.0)]
    sharp: f64,
    /// How much smoother the skin is; its texture stays.
    #[number(0.0..=1.0)]
    smooth: f64,
    /// How much lighter the skin is, up to 10 in CIE L* and never beyond what the person's tone allows.
    #[number(0.0..=1.0)]
    white: f64,
}

impl CpuOperation for FaceBeauty {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/face-beauty",
        name: "Face Beauty",
        sign: "portrait_face_beauty",
        pool: "portrait_facial_beautification",
        price: 5,
        summary: "Smooths and lightens the skin of every face and sharpens eyes, brows, lips and \
                  hair.",
        limitations: beauty::LIMITATIONS,
        memory: beauty::MEMORY,
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(beauty::MODELS);
    type Input = Request;
    type Output = ImageUrl;

    fn run(input: Request, work: &Work) -> Result<ImageUrl> {
        if input.white > 0.0 && input.image.header().color == ColorModel::Gray {
            return Err(Fault::new(
                Code::UnsupportedGrayscaleImage,
                "image has no colour, so that its skin cannot be lightened; allowed is white 0",
            ));
        }
        let mut photo = bled(input.image.decode(work)?);
        let kits = beauty::kits(work, &photo.rgb, beauty::MOST_FACES, beauty::LEAST_FACE)?;
        let asked = Beauty {
            skin: Retouch {
                smooth: input.smooth as f32,
                lighten: 10.0 * input.white as f32,
                even: 0.0,
            },
            features: Features { sharp: input.sharp as f32, ..Features::default() },
            ..Beauty::default()
        };
        beauty::apply(work, &mut photo, &kits, &asked)?;
        ImageUrl::of(work, &photo)
    }
}
