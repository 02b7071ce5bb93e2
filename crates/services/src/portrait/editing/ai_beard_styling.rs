//! Beards.

use safelight_contract::{Code, Fault};
use safelight_effects::makeup::beard::{self, STYLES, Style};
use safelight_imaging::Photo;
use safelight_operation::{
    CpuOperation, Input, Kind, Needs, Optional, Param, Picture, Result, Spec, Work,
};
use safelight_vision::face::models;
use serde_json::{Value, json};

use super::super::faces;
use super::super::painted::{self, LATER, PORTRAIT, ResultUrls};
use crate::generated::{Edit, Generated, areas};

/// The service.
pub struct AiBeardStyling;

/// What a request asks for.
#[derive(Input)]
#[input(check = something)]
pub struct Request {
    /// The photo. The largest face gets the beard.
    #[picture(PORTRAIT)]
    image: Picture,
    #[shared(BEARD)]
    beard: Option<&'static Style>,
    /// A photo of a face with a beard: the built-in style that fits it best is drawn. Ignored where
    /// `beard` is sent.
    #[picture(PORTRAIT)]
    image_template: Option<Picture>,
}

static BEARD: Param<Beards, Optional> = Param {
    name: "beard",
    aliases: &[],
    doc: "The style of the beard; counts before `image_template`. Needed where that is not sent.",
    kind: Beards,
    presence: Optional,
};

/// The name of a style.
struct Beards;

impl Kind for Beards {
    type Value = &'static Style;

    fn parse(&self, name: &str, text: &str) -> Result<&'static Style> {
        let found = STYLES.iter().find(|style| style.name.eq_ignore_ascii_case(text));
        found.ok_or_else(|| {
            let all: Vec<&str> = STYLES.iter().map(|style| style.name.as_str()).collect();
            let shown: String = text.chars().take(40).collect();
            let message = format!("{name} is `{shown}`, allowed are {}", all.join(", "));
            Fault::new(Code::UnsupportedParameterValues, message)
        })
    }

    fn schema(&self) -> Value {
        let all: Vec<&str> = STYLES.iter().map(|style| style.name.as_str()).collect();
        json!({ "type": "string", "enum": all, "examples": ["CircleBeard"] })
    }

    fn show(&self, value: &&'static Style) -> Value {
        json!(value.name)
    }
}

fn something(input: &Request) -> Result<()> {
    match (input.beard, &input.image_template) {
        (None, None) => Err(Fault::new(
            Code::MissingParameters,
            "beard and image_template are missing, one of them is needed",
        )),
        _ => Ok(()),
    }
}

/// From this probability on a face wears a mask.
const MASKED: f32 = 0.5;

impl CpuOperation for AiBeardStyling {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/editing/ai-beard-styling",
        name: "AI Beard Styling",
        sign: "portrait_editing_ai_beard_styling",
        pool: "portrait_ai_beard_styling",
        price: 15,
        summary: "Draws one of 24 beards on the largest face, hair by hair, in the colour of its brows.",
        limitations: "A beard that is there is not taken away first. Hair on the neck is not \
                      drawn. Of a template the style is recognised, not copied; one without a \
                      plain beard is refused. A hand before the face is taken for skin.",
        ..LATER
    };
    const NEEDS: Needs =
        Needs::models(&[models::DETECTION, models::MESH, models::PARSING, models::MASK]);
    type Input = Request;
    type Output = ResultUrls;

    fn run(input: Request, work: &Work) -> Result<ResultUrls> {
        let mut photo = input.image.decode(work)?;
        let found = faces::find(work, &photo.rgb, false, 1)?;
        let kit = work.stage("prepare", || {
            let kit = painted::prepared(&found[0])?;
            match found[0].mask()? {
                mask if mask > MASKED => {
                    Err(Fault::new(Code::MouthOcclusionTooHigh, "the face wears a mask"))
                }
                _ => Ok(kit),
            }
        })?;
        drop(found);
        let style = match (input.beard, &input.image_template) {
            (None, Some(template)) => {
                let template = template.decode(work)?.rgb;
                let face = painted::of_template(work, &template, "image_template")?;
                let found = work.stage("read", || Ok(beard::read(&face, &template)))?;
                let why = "it shows no beard that differs from the skin";
                found.ok_or_else(|| painted::template_fault("image_template", why))?
            }
            (style, _) => style.unwrap_or(&STYLES[0]),
        };
        work.stage("paint", || {
            beard::paint(&kit, &mut photo.rgb, style);
            Ok(())
        })?;
        ResultUrls::of(work, &photo)
    }
}

impl Generated for AiBeardStyling {
    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        let (words, references) = match (input.beard, &input.image_template) {
            (None, Some(template)) => {
                ("the beard of image 2".to_owned(), vec![template.decode(work)?.rgb])
            }
            (style, _) => (described(&style.unwrap_or(&STYLES[0]).name), Vec::new()),
        };
        let photo = input.image.decode(work)?;
        painted::in_area(photo, areas::beard, &[words], references, work).map(Some)
    }

    fn answer(_: &Request, photos: Vec<Photo>, work: &Work) -> Result<ResultUrls> {
        ResultUrls::made(&photos, work)
    }
}

/// The name of a style in words: `HandlebarMoustache` is a handlebar moustache, `VanDyke` a van dyke beard.
fn described(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    const KINDS: [&str; 7] = ["beard", "moustache", "goatee", "stubble", "chops", "strap", "patch"];
    let is_plain = !KINDS.iter().any(|kind| words.contains(kind));
    if is_plain { format!("{words} beard") } else { words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_styles_become_words() {
        assert_eq!(described("HandlebarMoustache"), "handlebar moustache");
        assert_eq!(described("VanDyke"), "van dyke beard");
        assert_eq!(described("SoulPatch"), "soul patch");
    }
}
