//! Hairstyle extraction: the hair of each head in a photo.

use safelight_operation::{CpuOperation, Input, Memory, Needs, Picture, Result, Spec, Work};
use safelight_vision::cutout;
use safelight_vision::face::Part;

use super::heads::{self, Pieces, RULES};

/// The service.
pub struct HairstyleExtraction;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo; it shows at least one face.
    #[picture(RULES)]
    image: Picture,
}

impl CpuOperation for HairstyleExtraction {
    const SPEC: &'static Spec = &Spec {
        path: "/api/cutout/portrait/hairstyle-extraction",
        name: "Hairstyle Extraction",
        sign: "cutout_hairstyle_extraction",
        pool: "cutout_hair_extraction",
        price: 1,
        summary: "Cuts out the hair of each head in a photo, without hat and beard, the largest face \
                  first.",
        limitations: "Up to 20 heads whose face is at least 24 px wide and high and turned to \
                      the camera. Hair that hangs far below the chin is cut off there, and \
                      hair of somebody whose face is not seen may stay where it lies against \
                      the head; hair of which a hat leaves only strands (less than 3 % of the \
                      head) counts as none.",
        memory: Memory { base: cutout::BASE_BYTES, per_pixel: cutout::HEAD_BYTES_PER_PIXEL },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(cutout::HEAD_MODELS);
    type Input = Request;
    type Output = Pieces;

    fn run(input: Request, work: &Work) -> Result<Pieces> {
        let photo = input.image.decode(work)?;
        let nothing = "image shows no head with hair and its face";
        heads::cut_out(&photo, &[Part::Hair], None, nothing, work)
    }
}
