//! Crops of a photo that are composed well.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::composition::Frame;
use safelight_vision::scene;
use serde_json::{Value, json};

use crate::answer::rounded;
use crate::image::{SCENE, on_white};
use crate::{
    Answer, Declaration, Defaulted, Field, FieldKind, Form, Integer, Memory, Mode, Node, Param,
    Service, Upload, Work,
};

/// The service.
pub struct IntelligentComposition;

static NUM_BOXES: Param<Integer, Defaulted<i64>> = Param {
    name: "num_boxes",
    doc: "How many crops to propose.",
    kind: Integer(1..=10),
    presence: Defaulted(5),
};

/// What a request asks for.
pub struct Input {
    image: Upload,
    count: usize,
}

/// The crops, best first: left, top, right, bottom, and score.
pub struct Output(Vec<([u32; 4], f32)>);

impl Answer for Output {
    fn into_node(self) -> Node {
        let element = |([left, top, right, bottom], score): ([u32; 4], f32)| -> Value {
            json!({
                "min_x": left, "max_x": right, "min_y": top, "max_y": bottom,
                "score": rounded(score, 4),
            })
        };
        let elements = self.0.into_iter().map(element).collect();
        Node::Object(vec![("data", Node::Json(json!({ "elements": Value::Array(elements) })))])
    }
}

impl Service for IntelligentComposition {
    type Input = Input;
    type Output = Output;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/image/editing/intelligent-composition",
        name: "Intelligent Composition",
        sign: "image_intelligent_composition",
        pool: "image_intelligent_composition",
        price: 2,
        summary: "Proposes crops of a photo in usual formats, scored by the same rules as \
                  image-composition-aesthetics-scoring: a heuristic on saliency and faces.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(25),
        files: &[&SCENE],
        params: &[&NUM_BOXES],
        answer: &[
            Field::new("data.elements[].min_x", FieldKind::Integer, "Left edge in pixels."),
            Field::new("data.elements[].max_x", FieldKind::Integer, "Right edge in pixels."),
            Field::new("data.elements[].min_y", FieldKind::Integer, "Top edge in pixels."),
            Field::new("data.elements[].max_y", FieldKind::Integer, "Bottom edge in pixels."),
            Field::new(
                "data.elements[].score",
                FieldKind::Number,
                "Composition score, 0 to 5; from 3.8 up counts as good. The best crop comes first.",
            ),
        ],
        models: scene::MODELS,
        // The photo on white.
        memory: Memory { base: scene::BASE_BYTES, per_pixel: 1 },
    };

    fn read(form: &Form) -> Result<Input> {
        Ok(Input { image: SCENE.read(form)?, count: NUM_BOXES.read(form)? as usize })
    }

    fn run(input: Input, work: &Work) -> Result<Output> {
        let photo = on_white(input.image.decode(work)?).rgb;
        let scene = work.stage("scene", || work.vision.scene(&photo))?;
        let found = work.stage("compose", || Ok(scene.proposals(input.count)))?;
        let (width, height) = photo.dimensions();
        let edges = |frame: Frame| {
            let edge = |at: f32, most: u32| (at.round().max(0.0) as u32).min(most);
            [
                edge(frame.left, width),
                edge(frame.top, height),
                edge(frame.left + frame.width, width),
                edge(frame.top + frame.height, height),
            ]
        };
        Ok(Output(found.into_iter().map(|(frame, score)| (edges(frame), score)).collect()))
    }
}
