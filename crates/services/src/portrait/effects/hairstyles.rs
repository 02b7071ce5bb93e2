//! What the two editors of hairstyles share: their photos, styles and colours.

use safelight_contract::{Code, Fault, Result};
use safelight_effects::Kit;
use safelight_effects::describe::HAIR;
use safelight_effects::hair::{self, HairColour};
use safelight_effects::lab::Lab;
use safelight_imaging::{Format, Photo, Rules};
use safelight_operation::{Kind, Memory, Picture, Spec, Work, no_engine_for};
use safelight_vision::cutout;
use safelight_vision::face::{Detection, Part};
use serde_json::{Value, json};

use super::super::editing;
use super::super::faces;
use super::super::painted::{self, LATER, MEMORY};
use crate::generated::{Edit, areas};

/// The photos that they take.
pub(super) const PHOTO: Rules = Rules {
    formats: &[Format::Jpeg, Format::Png],
    max_bytes: 5 * Rules::MB,
    min: (200, 200),
    max: (4090, 4090),
    ..Rules::ORDINARY
};

/// What both say about themselves.
pub(super) const SPEC: Spec = Spec {
    limitations: "Colours alone without a generative engine: styles but `original` are then refused with \
                  `ERROR_AI_NOT_EXISTS`, uncharged. `original`, which keeps the cut, is an extension. With an \
                  engine the cut is the engine's; the face below the brows stays, bit for bit. Styles that \
                  are numbered have descriptions of our own.",
    memory: Memory {
        base: MEMORY.base + cutout::BASE_BYTES,
        per_pixel: MEMORY.per_pixel + cutout::HEAD_BYTES_PER_PIXEL,
    },
    ..LATER
};

/// A hairstyle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// The cut stays as it is.
    Original,
    /// One of the API's styles.
    Named(&'static str),
}

/// The API's names of styles, one a line.
const NAMES: &str = include_str!("hairstyles.txt");
/// The word for the own cut.
const ORIGINAL: &str = "original";

/// The name of a style.
pub(super) struct Styles;

impl Kind for Styles {
    type Value = Style;

    fn parse(&self, name: &str, text: &str) -> Result<Style> {
        if text.eq_ignore_ascii_case(ORIGINAL) {
            return Ok(Style::Original);
        }
        let found = NAMES.lines().find(|known| known.eq_ignore_ascii_case(text));
        found.map(Style::Named).ok_or_else(|| {
            let shown: String = text.chars().take(40).collect();
            let message = format!(
                "{name} is `{shown}`, allowed are `{ORIGINAL}` and the names in its schema"
            );
            Fault::new(Code::UnsupportedParameterValues, message)
        })
    }

    fn schema(&self) -> Value {
        let all: Vec<&str> = std::iter::once(ORIGINAL).chain(NAMES.lines()).collect();
        json!({ "type": "string", "enum": all, "examples": [ORIGINAL] })
    }

    fn show(&self, value: &Style) -> Value {
        match value {
            Style::Original => json!(ORIGINAL),
            Style::Named(name) => json!(name),
        }
    }
}

impl Style {
    /// The style in words for an engine; `None` for the own cut.
    pub(super) fn described(self) -> Option<String> {
        let Style::Named(name) = self else { return None };
        let number = name.rsplit('_').next().and_then(|number| number.parse::<usize>().ok());
        let who = if name.starts_with("male_") { "men's" } else { "women's" };
        match number.filter(|_| name.contains("_hairstyle_")) {
            Some(number) => Some(format!("{who} {}", numbered(number.saturating_sub(1)))),
            None => Some(spaced(name)),
        }
    }

    /// Passes the own cut; every other style needs an engine: `ERROR_AI_NOT_EXISTS`.
    pub(super) fn native(self, service: &str) -> Result<()> {
        match self {
            Style::Original => Ok(()),
            Style::Named(name) => Err(no_engine_for(service, &format!("hair_style is `{name}`"))),
        }
    }
}

/// The API's words for colours that both editors know.
pub(super) const COLOURS: &[&str] = &[
    "blonde",
    "platinumBlonde",
    "brown",
    "lightBrown",
    "blue",
    "lightBlue",
    "purple",
    "lightPurple",
    "pink",
    "black",
    "white",
    "grey",
    "silver",
    "red",
    "orange",
    "green",
    "gradient",
    "multicolored",
    "darkBlue",
    "burgundy",
    "darkGreen",
];

/// Our own descriptions of the styles that are numbered: their names have no meaning.
fn numbered(index: usize) -> String {
    const LENGTHS: [&str; 4] = ["very short", "short", "medium-length", "long"];
    const TEXTURES: [&str; 5] = ["straight", "wavy", "curly", "textured", "layered"];
    const DETAILS: [&str; 4] = ["side-parted", "fringed", "swept-back", "voluminous"];
    let (length, texture) = (LENGTHS[index % 4], TEXTURES[index / 4 % 5]);
    format!("{length} {texture} {}", DETAILS[index / 20 % 4])
}

/// A name in words: `LongWavyCurtainBangs` is long wavy curtain bangs.
fn spaced(name: &str) -> String {
    let mut words = String::new();
    let mut before = ' ';
    for letter in name.chars() {
        let starts = letter.is_uppercase() && before.is_lowercase()
            || letter.is_ascii_digit() && before.is_alphabetic();
        if starts || letter == '_' {
            words.push(' ');
        }
        if letter != '_' {
            words.extend(letter.to_lowercase());
        }
        before = letter;
    }
    words
}

/// A colour of the API in words.
pub(super) fn colour_in_words(colour: &str) -> String {
    match colour {
        "original" => "own hair colour".to_owned(),
        "reference" => "hair colour of image 2".to_owned(),
        "gradient" => "hair in a gradient of colours".to_owned(),
        word => format!("{} hair", spaced(word)),
    }
}

/// What an engine is asked for: another cut, in words or after a template.
pub(super) fn cut(
    work: &Work,
    image: &Picture,
    template: Option<&Picture>,
    style: &str,
    colour: &str,
) -> Result<Edit> {
    let photo = image.decode(work)?;
    let (kit, face) = one_face(work, &photo)?;
    let mut references = Vec::new();
    if let Some(template) = template {
        let template = template.decode(work)?;
        painted::of_template(work, &template.rgb, "image_template")?;
        references.push(template.rgb);
    }
    let mask = work.stage("mask", || areas::around_head(work, &photo.rgb, &kit, &face))?;
    let words = vec![style.to_owned(), colour_in_words(colour)];
    Ok(Edit { references, face: Some(face), ..Edit::of(photo, Some(mask), words) })
}

/// A face must cover this share of the picture.
const LEAST_SHARE: f32 = 0.1;
/// A head may be turned by this many degrees in each direction.
const MOST_TURN: f32 = 30.0;

/// The one of these colours that a text names, whatever its case.
pub(super) fn colour_named(name: &str, text: &str, known: &[&'static str]) -> Result<&'static str> {
    let found = known.iter().find(|word| word.eq_ignore_ascii_case(text));
    found.copied().ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        let message = format!("{name} is `{shown}`, allowed are {}", known.join(", "));
        Fault::new(Code::UnsupportedParameterValues, message)
    })
}

/// The one face of a photo, beside which others are much smaller, as the stages `detect` and `prepare`:
/// `ERROR_NO_FACE_IN_FILE` where there are none or several, `ERROR_FACE_SIZE_RATIO_NOT_MET`, `ERROR_FACE_NOT_FACING_FORWARD`.
pub(super) fn one_face(work: &Work, photo: &Photo) -> Result<(Kit, Detection)> {
    let found = faces::find(work, &photo.rgb, false, 2)?;
    let all = photo.rgb.width() as f32 * photo.rgb.height() as f32;
    let share = found[0].detection.rect.area() / all;
    work.stage("prepare", || {
        if faces::are_several(found.iter().map(|face| face.detection)) {
            return Err(Fault::new(Code::NoFaceInFile, "image shows several faces, one is needed"));
        }
        if share < LEAST_SHARE {
            let (found, least) = (share * 100.0, LEAST_SHARE * 100.0);
            let message =
                format!("the face covers {found:.1} % of image, at least {least:.0} % are needed");
            return Err(Fault::new(Code::FaceSizeRatioNotMet, message));
        }
        let kit = painted::prepared(&found[0])?;
        let turn = kit.pose.largest();
        if turn > MOST_TURN {
            let message =
                format!("the head is turned by {turn:.0} degrees, {MOST_TURN:.0} are the most");
            return Err(Fault::new(Code::FaceNotFacingForward, message));
        }
        Ok((kit, found[0].detection))
    })
}

/// Colours the hair of the one face as a word of the API says.
pub(super) fn colour(work: &Work, photo: &mut Photo, word: &str) -> Result<()> {
    let (kit, face) = one_face(work, photo)?;
    let wanted = HairColour::described(&HAIR.read(word));
    editing::colour(work, photo, &kit, &face, &wanted)
}

/// Colours it in a given colour, bleached where that is lighter.
pub(super) fn colour_as(work: &Work, photo: &mut Photo, colour: Lab) -> Result<()> {
    let (kit, face) = one_face(work, photo)?;
    let usual = HairColour::described(&HAIR.read(""));
    let wanted = HairColour { base: Some(colour), bleach: true, ..usual };
    editing::colour(work, photo, &kit, &face, &wanted)
}

/// The colour of the hair in a template: `ERROR_TEMPLATE_IMAGE_QUALITY_TOO_LOW` where it shows none.
pub(super) fn own_colour(work: &Work, photo: &Photo, name: &str) -> Result<Lab> {
    painted::of_template(work, &photo.rgb, name)?;
    let face = work.vision.detect_faces(&photo.rgb)?;
    let none = || painted::template_fault(name, "it shows no hair");
    let face = face.first().ok_or_else(none)?;
    let (cutout, _) = editing::matte(work, photo, face, &[Part::Hair])?.ok_or_else(none)?;
    hair::median(&cutout).ok_or_else(none)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_style_has_words_of_its_own() {
        let words: Vec<_> = NAMES.lines().map(|name| Style::Named(name).described()).collect();
        let unique: BTreeSet<_> = words.iter().collect();
        assert_eq!(unique.len(), words.len());
        let of = |name| Style::Named(name).described().expect("words");
        assert_eq!(of("LongWavyCurtainBangs"), "long wavy curtain bangs");
        assert_eq!(of("WavyFrenchBobVibesfrom1920"), "wavy french bob vibesfrom 1920");
        assert_eq!(of("male_hairstyle_0001"), "men's very short straight side-parted");
        assert_eq!(Style::Original.described(), None);
        assert_eq!(colour_in_words("platinumBlonde"), "platinum blonde hair");
    }
}
