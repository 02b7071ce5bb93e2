//! Face analyzer: where the faces are, and what up to five of them look like.

mod answer;
mod attributes;

use safelight_imaging::Rules;
use safelight_operation::{CpuOperation, Input, Memory, Needs, Picture, Result, Spec, Work};
use safelight_vision::face::{QualityControl, models};

use self::answer::{Answer, FaceInfo};
use self::attributes::{Attributes, GROUPS, Group};
use super::super::faces::{self, QUALITY_CONTROL};

/// The service.
pub struct FaceAnalyzer;

/// Attributes are looked at for this many faces.
const MOST_ANALYSED: usize = 5;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo.
    #[picture(Rules { max_bytes: 5 * Rules::MB, min: (1, 1), max: (2000, 2000), ..Rules::ORDINARY })]
    image: Picture,
    /// How many faces are answered at most, the largest first.
    #[integer(1..=120)]
    #[field(default = 1)]
    max_face_num: usize,
    /// Which attributes of the five largest faces are looked at. All others are answered as 0.
    #[words(GROUPS)]
    #[field(default = Vec::new())]
    face_attributes_type: Vec<Group>,
    /// Whether faces are looked for whichever way up the photo is.
    #[choice(&[("0", false, "upright only"), ("1", true, "all four orientations")])]
    #[field(default = false)]
    need_rotate_detection: bool,
    #[shared(QUALITY_CONTROL)]
    quality_control: QualityControl,
}

impl CpuOperation for FaceAnalyzer {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/analysis/face-analyzer",
        name: "Face Analyzer",
        sign: "portrait_face_analyzer",
        pool: "portrait_face_analyzer",
        price: 1,
        summary: "Finds up to 120 faces, and says of the five largest what is asked for.",
        limitations: "Age, gender, mood, pose, smile and mask are told by models, everything else by \
                      heuristics on the points and parts of the face. What only one of two detectors takes for \
                      a face, and the mesh does not, is left out: most animals, and some faces that \
                      fill the photo and wear a mask.",
        memory: Memory { base: 96 << 20, per_pixel: 4 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(&[models::DETECTION, models::MESH, models::SECOND_OPINION])
        .on_request(&[
            models::PARSING,
            models::AGE,
            models::EMOTIONS[0],
            models::EMOTIONS[1],
            models::BLENDSHAPES,
            models::MASK,
            models::FITNESS,
        ]);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let photo = input.image.decode(work)?.rgb;
        let found =
            faces::find_people(work, &photo, input.need_rotate_detection, input.max_face_num)
                .or_else(|fault| faces::named(fault, input.quality_control, work, &photo))?;
        faces::check(work, &found, input.quality_control)?;
        let analysed = &found[..found.len().min(MOST_ANALYSED)];
        let attributes = work.stage("attributes", || {
            faces::each(work, analysed, |face| Attributes::of(face, &input.face_attributes_type))
        })?;
        let rest = std::iter::repeat_with(Attributes::default);
        let described = found.iter().zip(attributes.into_iter().chain(rest));
        let described =
            described.map(|(face, attributes)| FaceInfo::of(&face.detection, attributes));
        let (image_width, image_height) = photo.dimensions();
        Ok(Answer { image_width, image_height, face_detail_infos: described.collect() })
    }
}
