//! Emotion editor: another expression on a face.

use safelight_effects::expression::{self, Expression};
use safelight_imaging::{Format, Rules};
use safelight_operation::{
    Base64, CpuOperation, Input, Needs, Output, Picture, Result, Spec, Work,
};

use super::super::expressions::{self, LIMITATIONS, MEMORY};
use super::super::faces::KIT_MODELS;
use crate::image::{bled, encoded};

/// The service.
pub struct EmotionEditor;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. Its largest face gets the expression.
    #[picture(Rules {
        formats: &[Format::Jpeg, Format::Png],
        max_bytes: 5 * Rules::MB,
        min: (1, 1),
        max: (4096, 4096),
        ..Rules::ORDINARY
    })]
    image_target: Picture,
    /// The expression.
    #[choice(EXPRESSIONS)]
    #[field(alias = "expression")]
    service_choice: &'static str,
}

/// The API's numbers, those of its first version included, with the expressions that they stand for.
const EXPRESSIONS: &[(&str, &str, &str)] = &[
    ("10", "dimples", "a smile with dimples"),
    ("11", "small dimples", "small dimples near the mouth"),
    ("12", "laugh", "a big grin"),
    ("13", "grin", "an ordinary grin"),
    ("14", "cool", "cool"),
    ("15", "sad", "sad"),
    ("16", "forced smile", "a forced smile"),
    ("100", "eyes open", "eyes wide open"),
    ("0", "laugh", "a big laugh (first version)"),
    ("1", "pout", "a pout (first version)"),
    ("2", "sad", "sad (first version)"),
    ("3", "smile", "a smile (first version)"),
];

/// The changed photo.
#[derive(Output)]
pub struct Answer {
    /// The changed photo, a JPEG; a PNG where the photo has transparency.
    #[output(path = "data.image")]
    image: Base64,
}

/// The expression of a name of [`EXPRESSIONS`].
fn named(name: &str) -> &'static Expression {
    expression::find(name).unwrap_or_else(|| panic!("the table has no `{name}`"))
}

impl CpuOperation for EmotionEditor {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/emotion-editor",
        name: "Change Facial Expressions",
        sign: "portrait_emotion_editor",
        pool: "portrait_expression_editing",
        price: 12,
        summary: "Gives the largest face another expression: smiles, grins, a pout, a cool or a sad face, \
                  wide eyes.",
        limitations: LIMITATIONS,
        memory: MEMORY,
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(KIT_MODELS);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let expression = named(input.service_choice);
        let mut photo = bled(input.image_target.decode(work)?);
        let kit = {
            let face = expressions::largest(work, &photo.rgb)?;
            expressions::prepared(work, &face, expression)?
        };
        expressions::show(work, &mut photo.rgb, &kit, expression)?;
        Ok(Answer { image: Base64(encoded(&photo, work)?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_its_expression() {
        for (number, name, _) in EXPRESSIONS {
            assert!(expression::find(name).is_some(), "{number}: {name}");
        }
    }
}
