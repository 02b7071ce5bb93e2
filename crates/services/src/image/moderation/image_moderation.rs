//! Moderation: whether pictures are pornographic or hold QR codes.

use safelight_contract::Code;
use safelight_imaging::{Format, Rules, codes};
use safelight_operation::{
    Context, Input, Memory, Needs, Operation, Output, Picture, Result, Spec, Work, json_value,
    rounded,
};
use safelight_vision::moderation::MODEL;
use serde_json::Value;

use crate::tasks::{DATA_IDS, DataIds, Tasks, data_id};

/// The service.
pub struct ImageModeration;

/// Most pictures of a request.
const TASKS: usize = 10;
/// From here on somebody should look at a picture, and from here on it should be blocked.
const REVIEW: f32 = 0.5;
const BLOCK: f32 = 0.8;

/// What to look for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scene {
    Porn,
    Ad,
}

const SCENES: &[(&str, Scene, &str)] = &[
    ("porn", Scene::Porn, "pornography, by the model open_nsfw"),
    ("ad", Scene::Ad, "QR codes that lie level or upright"),
];

const LIMITATIONS: &str = "How many pornographic pictures are found was not measured; of 16 harmless \
    ones none was reported. Drawings, violence, hate and politics are not looked for. QR codes that \
    lie at a slant are not found, nor is text.";

/// What a request asks for.
#[derive(Input)]
pub struct Fields {
    /// The pictures, up to 10.
    #[pictures(Rules {
        formats: &[Format::Jpeg, Format::Png, Format::Bmp, Format::WebP],
        max_bytes: 10 * Rules::MB,
        max: (4096, 4096),
        too_large: Code::HighResolution,
        ..Rules::ORDINARY
    }, 1..=TASKS)]
    tasks: Vec<Picture>,
    /// What to look for.
    #[words(SCENES)]
    #[field(default = Vec::new())]
    scenes: Vec<Scene>,
    #[shared(DATA_IDS)]
    data_ids: Option<DataIds>,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// What was found in each picture.
    #[output(path = "data.elements")]
    elements: Vec<Element>,
}

#[derive(Output)]
struct Element {
    /// Place of the picture, from 0.
    index: usize,
    /// What the client calls it, where that was said.
    data_id: Option<String>,
    /// What was looked for; absent where the picture could not be read.
    results: Option<Vec<Found>>,
    /// Why it could not be read: `code` and `message`.
    error_detail: Option<Value>,
}

#[derive(Output)]
struct Found {
    /// What was looked for: `porn` or `ad`.
    scene: &'static str,
    /// What was found.
    #[output(values("normal", "porn", "qrcode"))]
    label: &'static str,
    /// How likely that is, 0 to 100.
    rate: f64,
    /// What to do about it.
    #[output(values("pass", "review", "block"))]
    suggestion: &'static str,
}

impl Operation for ImageModeration {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/moderation/image-moderation",
        name: "Image Moderation",
        sign: "image_moderation_image_moderation",
        pool: "image_moderation_image_moderation",
        price: 1,
        summary: "Whether up to ten pictures are pornographic, and whether they hold QR codes. Each \
                  picture is charged.",
        limitations: LIMITATIONS,
        memory: Memory { base: 32 << 20, per_pixel: 8 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(&[MODEL]);
    type Input = Tasks<Fields>;
    type Output = Answer;

    fn units(input: &Tasks<Fields>) -> u32 {
        input.0.tasks.len() as u32
    }

    async fn run(Tasks(input): Tasks<Fields>, context: &Context) -> Result<Answer> {
        context
            .cpu(move |work| {
                let scenes = match input.scenes.is_empty() {
                    true => vec![Scene::Porn],
                    false => input.scenes,
                };
                let pictures = input.tasks.iter().enumerate();
                let mut failed = None;
                let elements = pictures.map(|(index, picture)| {
                    let data_id = data_id(input.data_ids.as_ref(), index);
                    match judged(work, picture, &scenes) {
                        Ok(results) => Ok(Element {
                            index,
                            data_id,
                            results: Some(results),
                            error_detail: None,
                        }),
                        Err(fault) if fault.code() == Code::FileDecodingFailure => {
                            let (code, message) = (fault.code().name(), fault.message());
                            let detail = serde_json::json!({ "code": code, "message": message });
                            failed.get_or_insert(fault);
                            let error_detail = Some(json_value(detail));
                            Ok(Element { index, data_id, results: None, error_detail })
                        }
                        Err(fault) => Err(fault),
                    }
                });
                let elements = elements.collect::<Result<Vec<_>>>()?;
                match failed {
                    // Nothing was judged, so that nothing is charged.
                    Some(fault) if elements.iter().all(|element| element.results.is_none()) => {
                        Err(fault)
                    }
                    _ => Ok(Answer { elements }),
                }
            })
            .await
    }
}

fn judged(work: &Work, picture: &Picture, scenes: &[Scene]) -> Result<Vec<Found>> {
    let photo = picture.decode(work)?.rgb;
    let found = scenes.iter().map(|scene| match scene {
        Scene::Porn => work.stage("nsfw", || work.vision.nsfw(&photo)).map(Found::porn),
        Scene::Ad => work.stage("codes", || Ok(codes::code(&photo).is_some())).map(Found::ad),
    });
    found.collect()
}

impl Found {
    fn porn(likely: f32) -> Self {
        let suggestion = match likely {
            _ if likely >= BLOCK => "block",
            _ if likely >= REVIEW => "review",
            _ => "pass",
        };
        let label = if likely >= REVIEW { "porn" } else { "normal" };
        let sure = if likely >= REVIEW { likely } else { 1.0 - likely };
        Self { scene: "porn", label, rate: rounded(sure * 100.0, 2), suggestion }
    }

    /// The finder is sure or finds nothing.
    fn ad(has_code: bool) -> Self {
        let (label, suggestion) = if has_code { ("qrcode", "review") } else { ("normal", "pass") };
        Self { scene: "ad", label, rate: 100.0, suggestion }
    }
}

#[cfg(test)]
mod tests {
    use safelight_operation::Form;

    use super::*;

    #[test]
    fn suggestions_follow_the_rate() {
        let shown = |likely| {
            let Found { label, suggestion, rate, .. } = Found::porn(likely);
            (label, suggestion, rate)
        };
        assert_eq!(shown(0.1), ("normal", "pass", 90.0));
        assert_eq!(shown(0.5), ("porn", "review", 50.0));
        assert_eq!(shown(0.9), ("porn", "block", 90.0));
    }

    #[test]
    fn missing_pictures_have_a_code_of_their_own() {
        let fault = Tasks::<Fields>::read(&Form::new()).err().expect("refused");
        assert_eq!(fault.code(), Code::MissingTasksParameter);
        let mut form = Form::new();
        form.add_text("scenes", "terrorism");
        form.add_file("tasks", bytes::Bytes::new());
        assert_eq!(
            Tasks::<Fields>::read(&form).err().map(|f| f.code()),
            Some(Code::ParametersCannotEmpty)
        );
    }
}
