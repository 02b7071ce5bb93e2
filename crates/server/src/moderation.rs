//! The operator's policy on what comes in and goes out: pictures by a network, texts by a list of words.
//!
//! Pictures are judged where they are decoded and where an answer leaves its job, so that no service can
//! leave it out; texts where a request becomes a job. What is refused is neither charged nor kept.

pub mod settings;

use std::path::Path;
use std::sync::Arc;

use image::RgbImage;
use regex::{Regex, RegexBuilder};
use safelight_contract::{Code, Fault, Result};
use safelight_inference::Registry;
use safelight_operation::{Endpoint, Form, Moderation, Parameter, Passage};
use safelight_vision::Vision;
use safelight_vision::moderation::MODEL;

use crate::settings::Settings;
use settings::{ModerationSettings, Rules};

/// Peak bytes of the network at one picture.
const BYTES: u64 = 32 << 20;
/// Most bytes of a compiled expression: one that needs more is refused at the start.
const MOST_EXPRESSION: usize = 1 << 20;

/// The policy of a server.
pub(crate) struct Policy {
    settings: ModerationSettings,
    words: Vec<Word>,
    vision: Vision,
}

/// A line of the list of words.
struct Word {
    line: usize,
    expression: Regex,
}

impl Policy {
    /// The policy of these settings.
    ///
    /// # Errors
    /// When the list of words cannot be read, or the network is not there that has to judge.
    pub fn new(settings: &Settings, vision: &Vision, registry: &Registry) -> Result<Self, String> {
        let own = settings.moderation.clone();
        let words = own.words.as_deref().map_or(Ok(Vec::new()), read)?;
        if own.judges_pictures()
            && !settings.twin
            && let Err(reason) = registry.available(MODEL)
            && reason.is_intended()
        {
            return Err(format!("[moderation] blocks pictures, but {reason}"));
        }
        Ok(Self { settings: own, words, vision: vision.restricted_to(vec![MODEL]) })
    }

    /// The network, where a service cannot work without it.
    pub fn model(&self, endpoint: &Endpoint) -> Option<&'static str> {
        let shows = endpoint.files().next().is_some() || endpoint.answers_files();
        (self.settings.judges_pictures() && shows).then_some(MODEL)
    }

    /// Whether applications have rules of their own.
    pub fn has_exceptions(&self) -> bool {
        !self.settings.applications.is_empty()
    }

    /// The rules for an application of these names.
    pub fn rules(&self, names: &[String]) -> Rules {
        self.settings.rules(names)
    }

    /// Passes a request whose texts hold no forbidden words.
    ///
    /// # Errors
    /// `ERROR_CONTENT_NON_COMPLIANCE`, with the parameter and the line of the list.
    pub fn judge_texts(&self, rules: Rules, endpoint: &Endpoint, form: &Form) -> Result<()> {
        if !rules.prompts {
            return Ok(());
        }
        let prose = endpoint.parameters().filter(|parameter| parameter.is_prose());
        let found = prose.flat_map(|parameter| texts(parameter, form)).find_map(|(name, text)| {
            Some((name, self.words.iter().find(|word| word.expression.is_match(text))?.line))
        });
        match found {
            None => Ok(()),
            Some((name, line)) => Err(Fault::new(
                Code::ContentNonCompliance,
                format!(
                    "{name} holds words that the operator of this server forbids (line {line} of the \
                     list)"
                ),
            )),
        }
    }

    /// Who judges the pictures of a job; nobody where the rules ask for nothing. A service that itself
    /// tells what the network says of pictures is left to do so.
    pub fn judge(&self, rules: Rules, endpoint: &Endpoint) -> Option<Arc<dyn Moderation>> {
        let tells = endpoint.needs().all_models().any(|model| model == MODEL);
        if tells || !(rules.inputs || rules.results) {
            return None;
        }
        Some(Arc::new(Judge { rules, vision: self.vision.clone() }))
    }
}

/// Every spelling of a parameter that was sent, with its text.
fn texts<'a>(
    parameter: &'static dyn Parameter,
    form: &'a Form,
) -> impl Iterator<Item = (&'static str, &'a str)> {
    let names = std::iter::once(parameter.name()).chain(parameter.aliases().iter().copied());
    names.filter_map(|name| Some((name, form.text(name)?)))
}

/// A list of words: a regular expression a line, of which case does not count; empty lines and those that
/// start with `#` are left out, and so is a byte order mark.
fn read(path: &Path) -> Result<Vec<Word>, String> {
    let place = |what: String| format!("moderation.words is {}, {what}", path.display());
    let text = std::fs::read_to_string(path)
        .map_err(|error| place(format!("which cannot be read: {error}")))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let lines = text.lines().map(str::trim).enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(index, text)| {
            let line = index + 1;
            let mut builder = RegexBuilder::new(text);
            let built = builder.case_insensitive(true).size_limit(MOST_EXPRESSION).build();
            let expression = built
                .map_err(|error| place(format!("whose line {line} is no expression: {error}")))?;
            Ok(Word { line, expression })
        })
        .collect()
}

/// The rules of one application over pictures.
struct Judge {
    rules: Rules,
    vision: Vision,
}

impl Moderation for Judge {
    fn looks_at(&self, passage: Passage<'_>) -> bool {
        match passage {
            Passage::Input(_) => self.rules.inputs,
            Passage::Result => self.rules.results,
        }
    }

    fn judge(&self, passage: Passage<'_>, photo: &RgbImage) -> Result<()> {
        let (found, limit) = (self.vision.nsfw(photo)?, self.rules.threshold);
        if found < limit {
            return Ok(());
        }
        let why = format!(
            "the moderation of this server finds it pornographic ({found:.2}, it is refused from \
             {limit:.2} on)"
        );
        Err(match passage {
            Passage::Input(field) => {
                Fault::new(Code::IllegalFile, format!("{field} is refused: {why}"))
            }
            Passage::Result => {
                Fault::new(Code::ContentNonCompliance, format!("the result is withheld: {why}"))
            }
        })
    }

    fn bytes(&self) -> u64 {
        BYTES
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn list(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(text.as_bytes()).expect("written");
        file
    }

    #[test]
    fn words_are_expressions_without_regard_to_case() {
        let words = read(list("# words\n\nbombs?\n^red$\n").path()).expect("a list");
        let found = |text: &str| {
            words.iter().find(|word| word.expression.is_match(text)).map(|word| word.line)
        };
        assert_eq!(found("A BOMB"), Some(3));
        assert_eq!(found("Red"), Some(4));
        assert_eq!(found("a red apple"), None);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_line() {
        let words = read(list("\u{feff}bombs?\r\nred\r\n").path()).expect("a list");
        assert!(words[0].expression.is_match("a bomb"));
        assert_eq!(words.iter().map(|word| word.line).collect::<Vec<_>>(), [1, 2]);
        let words = read(list("\u{feff}# words\nred\n").path()).expect("a list");
        assert_eq!(words.iter().map(|word| word.line).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn a_policy_that_nothing_can_judge_does_not_start() {
        let registry = Arc::new(Registry::empty());
        let start = |twin: bool| {
            let mut settings = Settings { twin, ..Settings::default() };
            settings.moderation.inputs = settings::Action::Block;
            Policy::new(&settings, &Vision::new(registry.clone()), &registry).map(drop)
        };
        let why = start(false).expect_err("refused");
        assert!(why.contains("[moderation]") && why.contains(MODEL), "{why}");
        assert_eq!(start(true), Ok(()), "a twin judges nothing");
    }

    #[test]
    fn a_list_that_cannot_be_used_is_named() {
        let why = read(list("fine\n(\n").path()).err().expect("refused");
        assert!(why.contains("moderation.words") && why.contains("line 2"), "{why}");
        let why = read(Path::new("/no/such/list")).err().expect("refused");
        assert!(why.contains("/no/such/list, which cannot be read"), "{why}");
        assert!(read(list("a{1000}{1000}").path()).is_err(), "too large");
    }
}
