//! Silent liveness: whether the faces of pictures are there themselves, or printed, or on a screen.

use safelight_contract::{Code, Fault};
use safelight_operation::{
    Context, Input, Memory, Needs, Operation, Output, Picture, Result, Spec, Work, json_value,
    rounded,
};
use safelight_vision::face::models;
use serde_json::Value;

use super::{
    Control, LIVENESS_CONTROL, MODEL, NOTICE, RATES, Rates, THRESHOLDS, Thresholds, USUAL,
};
use crate::portrait::faces::{find_people, pixels};
use crate::portrait::recognition::RULES;
use crate::tasks::{DATA_IDS, DataIds, Tasks, data_id};

/// The service.
pub struct SilentLivenessDetection;

/// Most pictures of a request.
const TASKS: usize = 10;

/// What a request asks for.
#[derive(Input)]
pub struct Fields {
    /// The pictures, up to 10; of each the largest face is judged. It needs what is around the face, so
    /// send pictures that are not cut close.
    #[pictures(RULES, 1..=TASKS)]
    tasks: Vec<Picture>,
    #[shared(LIVENESS_CONTROL)]
    liveness_control: Control,
    #[shared(DATA_IDS)]
    data_ids: Option<DataIds>,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// What was found in each picture.
    #[output(path = "data.elements")]
    elements: Vec<Element>,
    /// The score from which on each level of `liveness_control` takes a face for live.
    #[output(path = "data.thresholds")]
    thresholds: Thresholds,
    /// What is known of how often each level errs; `not measured` where nothing is.
    #[output(path = "data.rates")]
    rates: Rates,
    /// What this is not.
    #[output(path = "data.notice")]
    notice: &'static str,
}

#[derive(Output)]
struct Element {
    /// Place of the picture, from 0.
    index: usize,
    /// What the client calls it, where that was said.
    data_id: Option<String>,
    /// How live the face looks, 0 to 1.
    score: Option<f64>,
    /// Whether that reaches the level that was asked for, NORMAL where none was.
    #[output(values("live", "spoof"))]
    label: Option<&'static str>,
    /// Where the face lies.
    location: Option<Location>,
    /// Why there is no score: `code` and `message`.
    error_detail: Option<Value>,
}

#[derive(Output)]
struct Location {
    /// Left edge in pixels.
    left: i64,
    /// Upper edge in pixels.
    top: i64,
    /// Width in pixels.
    width: i64,
    /// Height in pixels.
    height: i64,
}

impl Operation for SilentLivenessDetection {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/liveness/silent-liveness-detection",
        name: "Silent Liveness Detection",
        sign: "portrait_liveness_silent_liveness_detection",
        pool: "portrait_liveness_silent_liveness_detection",
        price: 1,
        summary: "How live the largest faces of up to ten pictures look: faces that are there themselves, \
                  not printed and not on a screen. Each picture is charged. With `liveness_control` and \
                  a single picture, one that does not look live is ERROR_LIVENESS_DETECTION_FAILED.",
        limitations: "A hint, no test after ISO 30107; the model's making is not documented. Of 162 photos \
                      from the web 10.5 % score below 0.5; of 48 imitated prints half score above it, of \
                      70 imitated screens 63 %. Real attacks were not measured. Pictures that are cut close \
                      around the face score low. Masks, make-up and pictures made by models are not told \
                      from faces.",
        memory: Memory { base: 64 << 20, per_pixel: 4 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs =
        Needs::models(&[models::DETECTION, models::SECOND_OPINION, models::MESH, MODEL]);
    type Input = Tasks<Fields>;
    type Output = Answer;

    fn units(input: &Tasks<Fields>) -> u32 {
        input.0.tasks.len() as u32
    }

    async fn run(Tasks(input): Tasks<Fields>, context: &Context) -> Result<Answer> {
        context.cpu(move |work| judge(work, &input)).await
    }
}

fn judge(work: &Work, input: &Fields) -> Result<Answer> {
    let control = input.liveness_control;
    let least = control.least().unwrap_or(USUAL);
    let mut elements = Vec::with_capacity(input.tasks.len());
    let mut failed = None;
    for (index, picture) in input.tasks.iter().enumerate() {
        let found = look(work, picture);
        let data_id = data_id(input.data_ids.as_ref(), index);
        if let ([_], Ok((score, _))) = (&input.tasks[..], &found) {
            control.check(*score)?;
        }
        elements.push(match found {
            Ok((score, location)) => Element {
                index,
                data_id,
                score: Some(rounded(score, 4)),
                label: Some(if score >= least { "live" } else { "spoof" }),
                location: Some(location),
                error_detail: None,
            },
            Err(fault) if is_of_picture(fault.code()) => {
                let (code, message) = (fault.code().name(), fault.message());
                let detail = serde_json::json!({ "code": code, "message": message });
                failed.get_or_insert(fault);
                let error_detail = Some(json_value(detail));
                Element { index, data_id, score: None, label: None, location: None, error_detail }
            }
            Err(fault) => return Err(fault),
        });
    }
    // Nothing was judged, so that nothing is charged.
    if let Some(fault) = failed.filter(|_| elements.iter().all(|element| element.score.is_none())) {
        return Err(fault);
    }
    Ok(Answer { elements, thresholds: THRESHOLDS, rates: RATES, notice: NOTICE })
}

/// What is the matter with one picture, not with the server.
fn is_of_picture(code: Code) -> bool {
    matches!(code, Code::FileDecodingFailure | Code::NoFaceInFile | Code::CartoonFaceNotSupported)
}

fn look(work: &Work, picture: &Picture) -> Result<(f32, Location)> {
    let photo = picture.decode(work)?.rgb;
    let faces = find_people(work, &photo, false, 1)?;
    let none = || Fault::new(Code::NoFaceInFile, "no face was found in the picture");
    let face = faces.first().ok_or_else(none)?;
    let score = work.stage("liveness", || face.liveness())?;
    let rect = face.detection.rect;
    let [left, top, width, height] = [rect.x, rect.y, rect.width, rect.height].map(pixels);
    Ok((score, Location { left, top, width, height }))
}
