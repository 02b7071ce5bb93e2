//! Exposure: how bright a photo came out.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::{Rules, exposure};
use serde_json::json;

use crate::answer::rounded;
use crate::{
    Answer, Declaration, Field, FieldKind, FileField, Form, Memory, Mode, Node, Service, Upload,
    Work,
};

/// The service.
pub struct ImageExposureScore;

static IMAGE: FileField = FileField::required(
    "image",
    "The photo.",
    Rules { max_bytes: 3 * Rules::MB, min: (32, 32), max: (4096, 4096), ..Rules::ORDINARY },
);

/// The score.
pub struct Output(f32);

impl Answer for Output {
    fn into_node(self) -> Node {
        // Six digits: what a float has, and no more than the score means.
        let exposure = rounded(self.0, 6);
        Node::Object(vec![("data", Node::Json(json!({ "exposure": exposure })))])
    }
}

impl Service for ImageExposureScore {
    type Input = Upload;
    type Output = Output;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/image/rating/image-exposure-score",
        name: "Image Exposure Score",
        sign: "image_image_exposure_score",
        pool: "image_exposure_rating",
        price: 1,
        summary: "Scores a photo's exposure from 0 (black) to 1 (white) by its centre-weighted mean \
                  CIE lightness, a heuristic; 0.5 averages middle gray.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(25),
        files: &[&IMAGE],
        params: &[],
        answer: &[Field::new(
            "data.exposure",
            FieldKind::Number,
            "The score, 0 to 1; higher is brighter. Most well-exposed photos lie between 0.35 \
                  and 0.65.",
        )],
        models: &[],
        memory: Memory { base: 0, per_pixel: 0 },
    };

    fn read(form: &Form) -> Result<Upload> {
        IMAGE.read(form)
    }

    fn run(image: Upload, work: &Work) -> Result<Output> {
        let photo = image.decode(work)?;
        let score =
            work.stage("exposure", || Ok(exposure::score(&photo.rgb, photo.alpha.as_ref())))?;
        Ok(Output(score))
    }
}
