//! Emotion editor, advanced: 117 emotions by name, of which 84 can be shown by moving the face.

use safelight_contract::{Code, Fault, shortened};
use safelight_effects::expression::{EMOTIONS, Emotion};
use safelight_imaging::Photo;
use safelight_operation::{
    CpuOperation, Input, Kind, Needs, Param, Picture, Required, Result, Spec, Work, no_engine_for,
};
use safelight_vision::face::{Face, models};
use serde_json::{Value, json};

use super::super::expressions::{self, LIMITATIONS, MEMORY};
use super::super::faces::KIT_MODELS;
use super::super::painted::{self, LATER, PORTRAIT, ResultUrls};
use crate::generated::{Edit, Generated, areas};
use crate::image::bled;

/// The service.
pub struct EmotionEditorAdvanced;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. Its largest face gets the expression.
    #[picture(PORTRAIT)]
    image: Picture,
    #[shared(EXPRESSION)]
    expression: &'static Emotion,
}

static EXPRESSION: Param<Emotions, Required> = Param {
    name: "expression",
    aliases: &[],
    doc: "The emotion. Those that need what the photo does not show (tears, a tongue, another direction \
          of the eyes) are a generative engine's, and `ERROR_AI_NOT_EXISTS` without one.",
    kind: Emotions,
    presence: Required,
};

/// The name of an emotion.
struct Emotions;

impl Kind for Emotions {
    type Value = &'static Emotion;

    fn parse(&self, name: &str, text: &str) -> Result<&'static Emotion> {
        let found = EMOTIONS.iter().find(|emotion| emotion.name.eq_ignore_ascii_case(text));
        found.ok_or_else(|| {
            let message = format!(
                "{name} is `{}`, allowed are the {} names in its schema",
                shortened(text),
                EMOTIONS.len()
            );
            Fault::new(Code::UnsupportedParameterValues, message)
        })
    }

    fn schema(&self) -> Value {
        let names: Vec<&str> = EMOTIONS.iter().map(|emotion| emotion.name.as_str()).collect();
        json!({ "type": "string", "enum": names, "examples": ["natural_smile"] })
    }

    fn show(&self, value: &&'static Emotion) -> Value {
        json!(value.name)
    }
}

/// The group that is not shown on the faces of those who may be minors, and the estimated age in years
/// from which it is: the estimate errs by about four.
const GROWN_UP: &str = "charming";
const LEAST_AGE: f32 = 22.0;

/// `ERROR_CONTENT_NON_COMPLIANCE` where an emotion is not for a person of this age.
fn suits(emotion: &Emotion, face: &Face) -> Result<()> {
    if emotion.group != GROWN_UP {
        return Ok(());
    }
    let age = face.age_and_gender()?.age;
    if age >= LEAST_AGE {
        return Ok(());
    }
    let message = format!(
        "expression is `{}`, which is not shown on a face that looks {age:.0} years old; {LEAST_AGE:.0} are \
         the least",
        emotion.name
    );
    Err(Fault::new(Code::ContentNonCompliance, message))
}

/// The fault for an emotion that would have to be invented.
fn needs_engine(emotion: &Emotion, needs: &str) -> Fault {
    let what = format!("expression is `{}`, which needs {needs}", emotion.name);
    no_engine_for(<EmotionEditorAdvanced as CpuOperation>::SPEC.slug(), &what)
}

impl CpuOperation for EmotionEditorAdvanced {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/emotion-editor-advanced",
        name: "Change Facial Expressions Advanced",
        sign: "portrait_effects_emotion_editor_advanced",
        pool: "portrait_expression_editing_advanced",
        price: 15,
        summary: "Gives the largest face one of 84 emotions; 33 more need a generative engine. \
                  Those of the group `charming` are not shown on faces that look younger than 22 \
                  (`ERROR_CONTENT_NON_COMPLIANCE`).",
        limitations: LIMITATIONS,
        memory: MEMORY,
        ..LATER
    };
    const NEEDS: Needs = Needs::models(KIT_MODELS).on_request(&[models::AGE]);
    type Input = Request;
    type Output = ResultUrls;

    fn native(input: &Request) -> Result<()> {
        let shown = input.expression.shown.as_ref();
        shown.map(drop).map_err(|needs| needs_engine(input.expression, needs))
    }

    fn run(input: Request, work: &Work) -> Result<ResultUrls> {
        let emotion = input.expression;
        let shown = emotion.shown.as_ref().map_err(|needs| needs_engine(emotion, needs))?;
        let mut photo = bled(input.image.decode(work)?);
        let kit = {
            let face = expressions::largest(work, &photo.rgb)?;
            let kit = expressions::prepared(work, &face, shown)?;
            work.stage("age", || suits(emotion, &face))?;
            kit
        };
        expressions::show(work, &mut photo.rgb, &kit, shown)?;
        ResultUrls::of(work, &photo)
    }
}

impl Generated for EmotionEditorAdvanced {
    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        let emotion = input.expression;
        if emotion.shown.is_ok() {
            return Ok(None);
        }
        let photo = bled(input.image.decode(work)?);
        let kit = {
            let face = expressions::largest(work, &photo.rgb)?;
            work.stage("age", || suits(emotion, &face))?;
            work.stage("prepare", || painted::prepared(&face))?
        };
        let mask = work.stage("mask", || areas::face(&kit))?;
        Ok(Some(Edit::of(photo, Some(mask), vec![emotion.name.replace('_', " ")])))
    }

    fn answer(_: &Request, photos: Vec<Photo>, work: &Work) -> Result<ResultUrls> {
        ResultUrls::made(&photos, work)
    }
}
