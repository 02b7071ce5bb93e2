//! Composition: how well a photo is framed.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::composition::Frame;
use safelight_vision::scene;
use serde_json::json;

use crate::answer::rounded;
use crate::image::{SCENE, on_white};
use crate::{
    Answer, Declaration, Field, FieldKind, Form, Memory, Mode, Node, Service, Upload, Work,
};

/// The service.
pub struct ImageCompositionAestheticsScoring;

/// The score.
pub struct Output(f32);

impl Answer for Output {
    fn into_node(self) -> Node {
        Node::Object(vec![("data", Node::Json(json!({ "score": rounded(self.0, 4) })))])
    }
}

impl Service for ImageCompositionAestheticsScoring {
    type Input = Upload;
    type Output = Output;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/image/rating/image-composition-aesthetics-scoring",
        name: "Image Composition Aesthetics Score",
        sign: "image_image_composition_aesthetics_scoring",
        pool: "image_composition_aesthetics_rating",
        price: 1,
        summary: "Scores a photo's composition from 0 to 5 by rules of photography, a heuristic on a \
                  saliency model and a face detector: whole heads and subjects, room above, place near \
                  a third or the middle, size, calm surroundings.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(25),
        files: &[&SCENE],
        params: &[],
        answer: &[Field::new(
            "data.score",
            FieldKind::Number,
            "The score, 0 to 5; from 3.8 up counts as good.",
        )],
        models: scene::MODELS,
        // The photo on white.
        memory: Memory { base: scene::BASE_BYTES, per_pixel: 1 },
    };

    fn read(form: &Form) -> Result<Upload> {
        SCENE.read(form)
    }

    fn run(image: Upload, work: &Work) -> Result<Output> {
        let photo = on_white(image.decode(work)?).rgb;
        let scene = work.stage("scene", || work.vision.scene(&photo))?;
        Ok(Output(scene.score(&Frame::whole(&photo))))
    }
}
