//! Objects removed from a photo, with settings.

use safelight_effects::complete::{Options, Reach};
use safelight_imaging::Photo;
use safelight_operation::{
    Base64, CpuOperation, Input, Mask, Needs, Output, Picture, Result, Spec, Work,
};

use super::removal::{self, CHOICES, LIMITATIONS, MEMORY, MODELS};
use super::{CANVAS, seed};
use crate::generated::{Edit, Generated};
use crate::image::encoded;

/// The service.
pub struct RemoveObjectsAdvanced;

/// How long the work may take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Quality {
    /// Best, slower.
    High,
    /// Balanced.
    Medium,
    /// Fastest.
    Low,
}

const QUALITIES: &[(&str, Quality, &str)] = &[
    ("H", Quality::High, "twice the rounds, after a trial of how far away to copy from"),
    ("M", Quality::Medium, "balanced"),
    ("L", Quality::Low, "half the rounds"),
];

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo.
    #[picture(CANVAS)]
    image: Picture,
    /// An opaque 8-bit PNG of the photo's size in gray values, without a colour profile: white where
    /// something is removed, at most 70 % of the photo.
    #[mask(CANVAS, of = image)]
    mask: Mask,
    /// Sampling steps of a generative engine; without effect where none works.
    #[integer(1..=1000)]
    #[field(default = 30)]
    steps: u32,
    /// Read and without effect: an engine removes altogether.
    #[number(0.1..=1.0)]
    #[field(name = "strength", default = 0.8)]
    _strength: f64,
    /// How closely a generative engine follows its words; without effect where none works.
    #[number(1.0..=20.0)]
    #[field(default = 7.0)]
    scale: f64,
    /// Another number gives another result, the same one the same; -1 draws one.
    #[integer(-1..=4_294_967_295)]
    #[field(default = 0)]
    seed: i64,
    /// By how many pixels the mask is grown.
    #[integer(1..=4096)]
    #[field(default = 15)]
    dilate_size: usize,
    /// How long the work may take.
    #[choice(QUALITIES)]
    #[field(default = Quality::Medium)]
    quality: Quality,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The photo without what the mask showed, the only element: a JPEG; a PNG where the photo has
    /// transparency.
    #[output(path = "data.binary_data_base64")]
    binary_data_base64: [Base64; 1],
}

impl CpuOperation for RemoveObjectsAdvanced {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/editing/remove-objects-advanced",
        name: "Remove Objects Advanced",
        sign: "image_remove_objects_advanced",
        pool: "image_remove_objects_advanced",
        price: 20,
        summary: "Removes what a mask shows from a photo as Remove Objects does, with settings: how far \
                  the mask grows, how many rounds, and a seed.",
        limitations: LIMITATIONS,
        memory: MEMORY,
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(MODELS).with_choices(CHOICES);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        removal::check_strictly(&input.mask, work)?;
        let mut photo = input.image.decode(work)?;
        let mask = input.mask.decode(work)?;
        let seed = seed(input.seed);
        let options = match input.quality {
            Quality::High => {
                Options { seed, reach: Reach::Tried, rounds: 2.0, ..Options::default() }
            }
            Quality::Medium => Options { seed, ..Options::default() },
            Quality::Low => Options { seed, rounds: 0.5, ..Options::default() },
        };
        removal::remove(&mut photo, &mask, input.dilate_size, &options, work)?;
        Ok(Answer { binary_data_base64: [Base64(encoded(&photo, work)?)] })
    }
}

impl Generated for RemoveObjectsAdvanced {
    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        removal::check_strictly(&input.mask, work)?;
        let growth = Some(input.dilate_size);
        let edit = removal::by_engine(&input.image, &input.mask, growth, work)?;
        Ok(edit.map(|edit| Edit {
            steps: Some(input.steps),
            scale: Some(input.scale as f32),
            seed: seed(input.seed),
            ..edit
        }))
    }

    fn answer(_: &Request, photos: Vec<Photo>, work: &Work) -> Result<Answer> {
        Ok(Answer { binary_data_base64: [Base64(encoded(&photos[0], work)?)] })
    }
}
