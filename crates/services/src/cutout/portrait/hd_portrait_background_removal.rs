//! Portrait background removal for large photos: up to 6,000 px a side, in the answer itself.

use std::time::Duration;

use safelight_imaging::{Format, Rules};
use safelight_operation::{
    CpuOperation, Input, Memory, Needs, Output, Picture, Result, Spec, Url, Work,
};
use safelight_vision::cutout;

use super::cut_out;
use crate::cutout::{fine, picture};

/// The service.
pub struct HdPortraitBackgroundRemoval;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo; it shows at least one person.
    #[picture(Rules {
        formats: &[Format::Jpeg, Format::Png, Format::Bmp, Format::WebP],
        max_bytes: 40 * Rules::MB,
        min: (32, 32),
        max: (6000, 6000),
        ..Rules::ORDINARY
    })]
    image: Picture,
}

/// The cut-out, at both places that clients of the vendor look for it.
#[derive(Output)]
pub struct Answer {
    #[output(path = "data.elements")]
    elements: [Element; 1],
    /// The same picture.
    #[output(path = "data.image_url")]
    image_url: Url,
}

/// The only element of the list.
#[derive(Output)]
pub struct Element {
    /// The transparent cut-out at the photo's size, a PNG, for 24 hours.
    image_url: Url,
}

impl CpuOperation for HdPortraitBackgroundRemoval {
    const SPEC: &'static Spec = &Spec {
        path: "/api/cutout/portrait/hd-portrait-background-removal",
        name: "HD Human Background Removal",
        sign: "cutout_portrait_hd_portrait_background_removal",
        pool: "cutout_hd_human_body_background_removal",
        price: 2,
        summary: "Frees the people of a large photo, up to 6,000 px a side, with what they wear and \
                  hold, from their background; finds people as Human Background Removal does.",
        deadline: Duration::from_secs(60),
        memory: Memory { base: cutout::BASE_BYTES, per_pixel: cutout::HD_PEOPLE_BYTES_PER_PIXEL },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(cutout::PEOPLE_MODELS);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let cutout = fine(input.image.decode(work)?, cut_out, work)?;
        let made = Url(work.stage("encode", || picture(cutout, None))?);
        Ok(Answer { elements: [Element { image_url: made.clone() }], image_url: made })
    }
}
