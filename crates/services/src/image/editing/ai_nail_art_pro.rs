//! Nails painted as in another picture.

use image::RgbImage;
use image::imageops;
use safelight_contract::Code;
use safelight_effects::nails::{Nail, Paint};
use safelight_imaging::resize::{self, Filter};
use safelight_operation::{CpuOperation, Input, Memory, Needs, Picture, Result, Spec, Work};

use super::nails::{self, LIMITATIONS, MODELS};
use crate::image::{bled, within};
use crate::portrait::painted::{LATER, MEMORY, PORTRAIT, ResultUrls};

/// The service.
pub struct AiNailArtPro;

/// Width of the pattern that is read, in pixels.
const PATTERN: u32 = 96;
/// The part of a picture without hands that is the pattern: its middle, this share of its shorter side.
const SWATCH: f32 = 0.6;

const SIZES: &[(&str, u32, &str)] = &[
    ("1K", 1024, "1024 pixels at most on the longer side"),
    ("2K", 2048, "2048 pixels at most on the longer side"),
];

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. It shows the back of a hand.
    #[picture(PORTRAIT)]
    image: Picture,
    /// A photo of painted nails, whose largest one is copied; a picture without a hand is a pattern itself, its
    /// middle.
    #[picture(PORTRAIT)]
    reference_image: Picture,
    /// How large the result may be.
    #[choice(SIZES)]
    #[field(default = 1024)]
    resolution: u32,
}

impl CpuOperation for AiNailArtPro {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/editing/ai-nail-art-pro",
        name: "AI Nail Art Pro",
        sign: "image_editing_ai_nail_art_pro",
        pool: "image_fingernails_pro",
        price: 35,
        summary: "Paints the nails of a hand like those of another picture, or with the pattern that it is.",
        limitations: LIMITATIONS,
        memory: Memory { per_pixel: MEMORY.per_pixel + 4, ..MEMORY },
        ..LATER
    };
    const NEEDS: Needs = Needs::models(MODELS);
    type Input = Request;
    type Output = ResultUrls;

    fn run(input: Request, work: &Work) -> Result<ResultUrls> {
        let pattern = {
            let reference = input.reference_image.decode(work)?.rgb;
            pattern(work, &reference)?
        };
        let mut photo = within(bled(input.image.decode(work)?), input.resolution);
        let found = nails::find(work, &photo.rgb, "image")?;
        nails::paint(work, &mut photo.rgb, &found, &Paint::Pattern(pattern))?;
        ResultUrls::of(work, &photo)
    }
}

/// What nails are painted with: the largest nail of a reference, else its middle.
fn pattern(work: &Work, reference: &RgbImage) -> Result<RgbImage> {
    match nails::find(work, reference, "reference_image") {
        Ok(found) => {
            let area = |nail: &Nail| nail.half[0] * nail.half[1];
            let largest = found.into_iter().max_by(|a, b| area(a).total_cmp(&area(b)));
            Ok(largest.map_or_else(|| swatch(reference), |nail| nail.cut(reference, PATTERN)))
        }
        Err(fault) if fault.code() == Code::NoRecognitionTargetDetected => Ok(swatch(reference)),
        Err(fault) => Err(fault),
    }
}

/// The middle of a picture, as upright as a nail.
fn swatch(reference: &RgbImage) -> RgbImage {
    let (width, height) = reference.dimensions();
    let side = (width.min(height) as f32 * SWATCH).max(1.0);
    let (wide, high) = ((side / 1.5).max(1.0) as u32, side as u32);
    let (x, y) = ((width - wide.min(width)) / 2, (height - high.min(height)) / 2);
    let part = imageops::crop_imm(reference, x, y, wide, high).to_image();
    resize::rgb(&part, PATTERN, PATTERN * 3 / 2, Filter::Area)
}
