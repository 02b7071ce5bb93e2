//! Crops of a photo that are composed well.

use safelight_imaging::geometry::Rect;
use safelight_operation::{
    CpuOperation, Input, Memory, Needs, Output, Picture, Result, Spec, Work, rounded,
};
use safelight_vision::scene;

use crate::image::{SCENE, on_white};

/// The service.
pub struct IntelligentComposition;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. Transparent parts count as white.
    #[picture(SCENE)]
    image: Picture,
    /// How many crops to propose.
    #[integer(1..=10)]
    #[field(default = 5)]
    num_boxes: usize,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    #[output(path = "data.elements")]
    elements: Vec<Crop>,
}

/// A proposal.
#[derive(Output)]
struct Crop {
    /// Left edge in pixels.
    min_x: u32,
    /// Right edge in pixels.
    max_x: u32,
    /// Top edge in pixels.
    min_y: u32,
    /// Bottom edge in pixels.
    max_y: u32,
    /// Composition score, 0 to 5; from 3.8 up counts as good. The best crop comes first.
    score: f64,
}

impl CpuOperation for IntelligentComposition {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/editing/intelligent-composition",
        name: "Intelligent Composition",
        sign: "image_intelligent_composition",
        pool: "image_intelligent_composition",
        price: 2,
        summary: "Proposes crops of a photo in usual formats, scored by the same rules as \
                  image-composition-aesthetics-scoring: a heuristic on saliency and faces.",
        // The photo on white.
        memory: Memory { base: scene::BASE_BYTES, per_pixel: 1 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(scene::MODELS);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let photo = on_white(input.image.decode(work)?).rgb;
        let scene = work.stage("scene", || work.vision.scene(&photo))?;
        let found = work.stage("compose", || Ok(scene.proposals(input.num_boxes)))?;
        let size = photo.dimensions();
        let elements = found.into_iter().map(|(frame, score)| Crop::of(&frame, score, size));
        Ok(Answer { elements: elements.collect() })
    }
}

impl Crop {
    /// The crop to a frame of a photo of this width and height.
    fn of(frame: &Rect, score: f32, (width, height): (u32, u32)) -> Self {
        let edge = |at: f32, most: u32| (at.round().max(0.0) as u32).min(most);
        Self {
            min_x: edge(frame.x, width),
            max_x: edge(frame.right(), width),
            min_y: edge(frame.y, height),
            max_y: edge(frame.bottom(), height),
            score: rounded(score, 4),
        }
    }
}
