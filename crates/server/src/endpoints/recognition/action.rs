//! `POST /api/portrait/liveness/action-verify`: whether a person did in a video what a session asked for.

use std::time::Duration;

use safelight_contract::{Code, Fault};
use safelight_imaging::{Format, encode};
use safelight_operation::{
    Artifact, Base64, Context, FileFormat, Input, Memory, Needs, Operation, Output, Result, Spec,
    Video, Work, rounded,
};
use safelight_services::liveness::actions::{Action, follow};
use safelight_services::liveness::watching::{LIMITS, MOST_BYTES, Person, watch};
use safelight_services::liveness::{
    Control, MODEL, NOTICE, RATES, Rates, THRESHOLDS, Thresholds, VIDEO_LIVENESS_CONTROL,
};
use safelight_services::recognition::{QUALITY_CONTROL, is_likely_minor, quality};
use safelight_video::Movie;
use safelight_vision::face::{QualityControl, models};

use super::port;
use crate::library::{Known, Session};

/// The operation.
pub(super) struct ActionVerify;

#[derive(Input)]
pub(super) struct Request {
    /// The session that action-session began; it is used up.
    #[text(512)]
    session_id: String,
    /// The video: H.264, 1 to 10 seconds, at least 5 frames a second, up to 1920 px, one person.
    #[video(MOST_BYTES)]
    video: Video,
    /// Whether actions that were not done, and a face that does not look live, are errors; else the answer
    /// says so.
    #[flag]
    #[field(default = true)]
    strict: bool,
    #[shared(VIDEO_LIVENESS_CONTROL)]
    liveness_control: Control,
    #[shared(QUALITY_CONTROL)]
    quality_control: QualityControl,
}

#[derive(Output)]
pub(super) struct Answer {
    /// Whether all actions were done and the face looks as live as was asked for.
    #[output(path = "data.passed")]
    passed: bool,
    /// How live the face looks in its sharpest frames, 0 to 1: the mean.
    #[output(path = "data.score")]
    score: f64,
    /// The score from which on each level of `liveness_control` takes a face for live.
    #[output(path = "data.thresholds")]
    thresholds: Thresholds,
    /// What is known of how often each level errs with pictures; with videos nothing was measured.
    #[output(path = "data.rates")]
    rates: Rates,
    /// What was asked for, in its order.
    #[output(path = "data.actions")]
    actions: Vec<Done>,
    /// The sharpest frame, a JPEG.
    #[output(path = "data.best_image")]
    best_image: Base64,
    /// Stands for the face in that frame in later requests, for `library.token_life_seconds`.
    #[output(path = "data.face_token")]
    face_token: String,
    /// What this is not.
    #[output(path = "data.notice")]
    notice: &'static str,
}

#[derive(Output)]
struct Done {
    /// Digit of the action.
    code: String,
    /// Whether it was done, after the one before.
    done: bool,
    /// When it was done, in seconds.
    at: Option<f64>,
}

impl Operation for ActionVerify {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/liveness/action-verify",
        name: "Action Verify",
        sign: "portrait_liveness_action_verify",
        pool: "portrait_liveness_action_verify",
        price: 5,
        summary: "Whether a person does in a video what a session of action-session asked for, in its order, \
                  is the same person throughout, and looks live. Answers the sharpest frame and a token of \
                  its face.",
        limitations: "A hint, no test after ISO 30107: not measured with real people or real attacks, only \
                      with rendered clips. A video that was made or changed by a model while the session \
                      ran may pass. Behind dark glasses no blink is seen. Fragmented MP4 and other codecs \
                      are refused.",
        deadline: Duration::from_secs(60),
        memory: Memory { base: 256 << 20, per_pixel: 0 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(&[
        models::DETECTION,
        models::MESH,
        models::BLENDSHAPES,
        models::EMBEDDING,
        models::AGE,
        models::FITNESS,
        MODEL,
    ])
    .on_request(&[models::PARSING, models::MASK])
    .with_rows();
    type Input = Request;
    type Output = Answer;

    async fn run(input: Request, context: &Context) -> Result<Answer> {
        let port = port(context).await?;
        let session = port.library.take_session(port.application, &input.session_id).await?;
        let (strict, control) = (input.strict, input.liveness_control);
        let seen = context.cpu(move |work| look(work, &input, &session)).await?;
        let missing = seen.actions.iter().find(|action| !action.done);
        if let Some(action) = missing.filter(|_| strict) {
            let message = format!("the action {} was not seen in the video", action.code);
            return Err(Fault::new(Code::ActionVerificationFailed, message));
        }
        let looks_live = control.check(seen.person.live);
        if strict {
            looks_live.clone()?;
        }
        let passed = missing.is_none() && looks_live.is_ok();
        let place = [0, 0, 0, 0];
        let face_token = port.library.master.token(port.application, &seen.best, place);
        let Person { live, embedding, fitness, age } = seen.person;
        let known = Known {
            embedding: *embedding.numbers(),
            quality: quality(fitness),
            size: Some(seen.size),
            minor: is_likely_minor(age),
        };
        port.keep(&face_token, known);
        Ok(Answer {
            passed,
            score: rounded(live, 4),
            thresholds: THRESHOLDS,
            rates: RATES,
            actions: seen.actions,
            best_image: Base64(Artifact {
                bytes: seen.best,
                format: FileFormat::Picture(Format::Jpeg),
            }),
            face_token,
            notice: NOTICE,
        })
    }
}

/// What is seen in a video.
struct Seen {
    actions: Vec<Done>,
    person: Person,
    /// The sharpest frame, a JPEG.
    best: Vec<u8>,
    /// The shorter side of the face in it, in pixels.
    size: f32,
}

fn look(work: &Work, input: &Request, session: &Session) -> Result<Seen> {
    let movie = Movie::read(input.video.bytes())?;
    movie.check("video", &LIMITS)?;
    let watched = watch(work, &movie)?;
    let person = watched.person(work, input.quality_control)?;
    let wanted: Vec<Action> = session.code.chars().filter_map(Action::of).collect();
    let times = follow(&wanted, &watched.signs);
    let done = wanted.iter().zip(times).map(|(action, at)| Done {
        code: action.digit().to_string(),
        done: at.is_some(),
        at: at.map(|at| rounded(at as f32, 2)),
    });
    let none = || Fault::new(Code::NoFaceInFile, "no face was found in the video");
    let shot = watched.sharpest().ok_or_else(none)?;
    let best = work.stage("encode", || encode::jpeg(&shot.photo, 90))?;
    Ok(Seen { actions: done.collect(), person, best, size: shot.detection.rect.shorter_side() })
}
