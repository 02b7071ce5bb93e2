//! Eyebrows after those of another photo.

use image::RgbImage;
use safelight_contract::{Code, Fault};
use safelight_effects::makeup::brows;
use safelight_imaging::Photo;
use safelight_operation::{CpuOperation, Input, Memory, Needs, Picture, Result, Spec, Work};

use super::super::painted::{self, LATER, MEMORY, MODELS, PORTRAIT, ResultUrls};
use crate::generated::{Edit, Generated, areas};
use crate::image::{bled, within};

/// The service.
pub struct AiEyebrows;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. The largest face gets the brows.
    #[picture(PORTRAIT)]
    image: Picture,
    /// A photo of a face with the brows to copy: their shape, width and density.
    #[picture(PORTRAIT)]
    reference_image: Picture,
    /// The longer side of the result.
    #[choice(SIZES)]
    #[field(default = 1024)]
    resolution: u32,
}

const SIZES: &[(&str, u32, &str)] =
    &[("1K", 1024, "1024 px, where the photo is larger"), ("2K", 2048, "2048 px, the same")];

impl Request {
    /// What was found in the photo as it is painted; `ERROR_SMALL_FACE_SIZE` names what helps.
    fn named<T>(&self, found: Result<T>, whole: (u32, u32)) -> Result<T> {
        let remedy = match self.resolution {
            1024 => "with `resolution` 2K the face has more",
            _ => painted::CLOSER,
        };
        painted::in_copy(found, whole, self.resolution, remedy)
    }
}

impl CpuOperation for AiEyebrows {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/editing/ai-eyebrows",
        name: "AI Eyebrows",
        sign: "portrait_editing_ai_eyebrows",
        pool: "portrait_ai_eyebrows",
        price: 35,
        summary: "Replaces the eyebrows of the largest face by brows of the shape that another photo shows, \
                  in the face's own colour.",
        limitations: "Brows are drawn hair by hair after the reference's shape; its single hairs \
                      are not copied. Brows under a fringe stay as they are. Photos are not \
                      enlarged. A hand before the face is taken for skin. Of a head that is turned \
                      the far brow may pass the outline.",
        memory: Memory { base: MEMORY.base, per_pixel: MEMORY.per_pixel + 3 },
        ..LATER
    };
    const NEEDS: Needs = Needs::models(MODELS);
    type Input = Request;
    type Output = ResultUrls;

    fn run(input: Request, work: &Work) -> Result<ResultUrls> {
        let photo = bled(input.image.decode(work)?);
        let whole = photo.rgb.dimensions();
        let mut photo = within(photo, input.resolution);
        let kit = input.named(painted::largest(work, &photo.rgb), whole)?;
        let shape = {
            let reference = within(input.reference_image.decode(work)?, 2048).rgb;
            read(work, &reference)?
        };
        let done = work.stage("paint", || Ok(brows::paint(&kit, &mut photo.rgb, &shape)))?;
        if done == [false; 2] {
            return Err(Fault::new(Code::ObstructedFace, "hair covers both brows in image"));
        }
        ResultUrls::of(work, &photo)
    }
}

impl Generated for AiEyebrows {
    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        let photo = bled(input.image.decode(work)?);
        let whole = photo.rgb.dimensions();
        let photo = within(photo, input.resolution);
        let reference = within(input.reference_image.decode(work)?, 2048).rgb;
        let edit = painted::in_area(photo, areas::brows, &[], vec![reference], work);
        input.named(edit, whole).map(Some)
    }

    fn answer(_: &Request, photos: Vec<Photo>, work: &Work) -> Result<ResultUrls> {
        ResultUrls::made(&photos, work)
    }
}

fn read(work: &Work, reference: &RgbImage) -> Result<brows::BrowShape> {
    let face = painted::of_template(work, reference, "reference_image")?;
    let shape = work.stage("read", || Ok(brows::read(&face, reference)))?;
    shape.ok_or_else(|| {
        painted::template_fault("reference_image", "it shows no brows that stand out from the skin")
    })
}
