//! The form of an endpoint, from its declarations.

use maud::{Markup, html};
use safelight_operation::{Endpoint, FileField, FilePresence, InputField, Media, Parameter};
use serde_json::Value;

use crate::show::label;

/// Enums of so many words are shown as buttons, larger ones as a list.
const FEW: usize = 4;
/// Texts that may be longer get an area.
const LINE: u64 = 200;
/// Ranges up to this size have a slider.
const SLIDER: f64 = 100_000.0;

/// Every field of the endpoint, files first.
pub fn all(endpoint: &Endpoint) -> Markup {
    let fields = endpoint.fields().iter();
    let parameters = fields.filter_map(|field| match field {
        InputField::Text(parameter) => Some(*parameter),
        InputField::File(_) => None,
    });
    let (required, optional): (Vec<_>, Vec<_>) = parameters.partition(|one| one.required());
    let delivery = endpoint.spec().delivery.parameters();
    html! {
        @for file in endpoint.files() { (picture(file)) }
        @for parameter in required { (text(parameter)) }
        @for parameter in optional { (text(parameter)) }
        @if !delivery.is_empty() {
            details.more {
                summary { "Delivery" }
                @for parameter in delivery { (text(*parameter)) }
            }
        }
    }
}

fn picture(file: &FileField) -> Markup {
    let name = file.name;
    let id = format!("file-{name}");
    let least = match &file.presence {
        FilePresence::Required => 1,
        FilePresence::Optional => 0,
        FilePresence::Several(counts) => *counts.start(),
    };
    let types: Vec<_> = match file.media {
        Media::Picture => file.rules.formats.iter().map(|format| format.media_type()).collect(),
        Media::Video => vec!["video/mp4"],
    };
    let what = match (file.media, file.most() > 1) {
        (Media::Picture, false) => "a photo",
        (Media::Picture, true) => "photos",
        (Media::Video, _) => "a video",
    };
    html! {
        fieldset.file data-file=(name) data-least=(least) data-most=(file.most())
            data-mask-of=[file.mask_of] data-max-bytes=(file.rules.max_bytes) {
            legend { (label(name)) (mark(file.is_required())) }
            p.help id={ (id) "-help" } { (file.doc) }
            label.drop for=(id) {
                span.drop-text {
                    @if file.mask_of.is_some() { "Paint the mask below, or choose one" }
                    @else { "Drop, paste or choose " (what) }
                }
                span.thumbs {}
                input id=(id) type="file" name=(name) accept=(types.join(",")) multiple
                    aria-describedby={ (id) "-help " (id) "-rules" };
            }
            @if file.mask_of.is_some() {
                button.paint type="button" data-paint=(name) disabled { "Paint the mask on the photo" }
            }
            p.rules id={ (id) "-rules" } { (rules(file)) }
            details.more {
                summary { "By URL" }
                label for={ (id) "-url" } { "URL that the server fetches" }
                input id={ (id) "-url" } type="url" data-url=(name) placeholder="https://example.com/photo.jpg";
            }
        }
    }
}

/// What pictures a field takes.
pub(crate) fn rules(file: &FileField) -> String {
    let rules = &file.rules;
    if file.media == Media::Video {
        return format!("MP4, up to {} MB", rules.max_megabytes());
    }
    let formats: Vec<_> = rules.formats.iter().map(|format| format.name()).collect();
    let count = match &file.presence {
        FilePresence::Several(counts) => format!("{} to {} files, ", counts.start(), counts.end()),
        _ => String::new(),
    };
    let aspect = rules.max_aspect.map(|most| format!(", sides up to {most}:1"));
    format!(
        "{count}{}, up to {} MB, {}×{} to {}×{} px{}{}{}",
        formats.join(", "),
        rules.max_megabytes(),
        rules.min.0,
        rules.min.1,
        rules.max.0,
        rules.max.1,
        rules.either_way(", either way up"),
        aspect.unwrap_or_default(),
        if rules.grayscale { "" } else { ", in colour" },
    )
}

fn mark(required: bool) -> Markup {
    html! { @if required { span.required title="required" { " required" } } }
}

/// What of a schema decides its control.
struct Facts {
    schema: Value,
    default: String,
    required: bool,
}

impl Facts {
    fn of(parameter: &dyn Parameter) -> Self {
        let schema = parameter.schema();
        let default = shown(&schema["default"]);
        Self { schema, default, required: parameter.required() }
    }

    /// The value that the form begins with: of what must be sent an example.
    fn initial(&self) -> String {
        match &self.schema["examples"][0] {
            example if self.required && !example.is_null() => shown(example),
            _ => self.default.clone(),
        }
    }

    fn number(&self, key: &str) -> Option<f64> {
        self.schema[key].as_f64()
    }

    /// The values of a closed set, words or numbers.
    fn words(&self) -> Option<Vec<String>> {
        Some(self.schema["enum"].as_array()?.iter().map(shown).collect())
    }

    /// The values for off and on, where there are only these two.
    fn switch(&self) -> Option<(&'static str, &'static str)> {
        if self.schema["type"] == "boolean" {
            return Some(("false", "true"));
        }
        let bits = match self.words() {
            Some(words) => words == ["0", "1"],
            None => {
                self.schema["type"] == "integer"
                    && (self.number("minimum"), self.number("maximum")) == (Some(0.0), Some(1.0))
            }
        };
        bits.then_some(("0", "1"))
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn text(parameter: &dyn Parameter) -> Markup {
    let facts = Facts::of(parameter);
    let name = parameter.name();
    let id = format!("field-{name}");
    let grouped = facts.switch().is_none() && facts.words().is_some_and(|words| words.len() <= FEW);
    let help = html! {
        p.help id={ (id) "-help" } {
            (parameter.doc())
            @if let Some(more) = facts.schema["description"].as_str() { " " (more) "." }
        }
    };
    let control = control(&facts, name, &id);
    html! {
        @if grouped {
            fieldset.field data-field=(name) data-default=(facts.default) data-required[facts.required] {
                legend { (label(name)) (mark(facts.required)) }
                (control)
                (help)
            }
        } @else {
            div.field data-field=(name) data-default=(facts.default) data-required[facts.required] {
                @if let Some((off, on)) = facts.switch() {
                    label.switch for=(id) {
                        input id=(id) type="checkbox" name=(name) data-off=(off) data-on=(on)
                            checked[facts.initial() == on] aria-describedby={ (id) "-help" };
                        span { (label(name)) (mark(facts.required)) }
                    }
                } @else {
                    label for=(id) { (label(name)) (mark(facts.required)) }
                    (control)
                }
                (help)
            }
        }
    }
}

fn control(facts: &Facts, name: &str, id: &str) -> Markup {
    let initial = facts.initial();
    let help = format!("{id}-help");
    if facts.switch().is_some() {
        return html! {};
    }
    if let Some(words) = facts.words() {
        let open = !facts.required && facts.default.is_empty();
        return choice(&words, &initial, open, name, id);
    }
    if matches!(facts.schema["type"].as_str(), Some("integer" | "number")) {
        return number(facts, &initial, name, id);
    }
    let most = facts.schema["maxLength"].as_u64();
    let example = shown(&facts.schema["examples"][0]);
    let is_json = facts.schema["contentMediaType"] == "application/json";
    html! {
        @if is_json || most.is_some_and(|most| most > LINE && most != 2048) {
            textarea id=(id) name=(name) rows="4" maxlength=[most] placeholder=(example)
                required[facts.required] spellcheck="false" aria-describedby=(help) { (initial) }
        } @else {
            input id=(id) name=(name) type="text" value=(initial) maxlength=[most] placeholder=(example)
                required[facts.required] autocomplete="off" spellcheck="false" aria-describedby=(help);
        }
    }
}

/// `open` offers to send nothing.
fn choice(words: &[String], initial: &str, open: bool, name: &str, id: &str) -> Markup {
    html! {
        @if words.len() <= FEW {
            div.segments {
                @if open {
                    label { input type="radio" name=(name) value="" checked; span { "–" } }
                }
                @for word in words {
                    label { input type="radio" name=(name) value=(word) checked[*word == initial]; span { (word) } }
                }
            }
        } @else {
            select id=(id) name=(name) aria-describedby={ (id) "-help" } {
                @if open || initial.is_empty() { option value="" { "–" } }
                @for word in words { option value=(word) selected[*word == initial] { (word) } }
            }
        }
    }
}

fn number(facts: &Facts, initial: &str, name: &str, id: &str) -> Markup {
    let (least, most) = (facts.number("minimum"), facts.number("maximum"));
    let span = least.zip(most).map(|(least, most)| most - least);
    let is_whole = facts.schema["type"] == "integer";
    let step = match span {
        _ if is_whole => 1.0,
        Some(span) if span <= 2.0 => 0.01,
        Some(span) if span <= 20.0 => 0.1,
        _ => 1.0,
    };
    let help = format!("{id}-help");
    let at = if initial.is_empty() {
        least.map(|v| v.to_string()).unwrap_or_default()
    } else {
        initial.to_owned()
    };
    html! {
        div.slider {
            @if span.is_some_and(|span| span <= SLIDER) {
                input type="range" data-mirror=(id) min=[least] max=[most] step=(step) value=(at)
                    aria-label=(label(name));
            }
            input id=(id) name=(name) type="number" min=[least] max=[most]
                step=(if is_whole { "1" } else { "any" }) value=(initial) required[facts.required]
                placeholder=(if facts.default.is_empty() { "–" } else { facts.default.as_str() })
                inputmode="decimal" aria-describedby=(help);
        }
    }
}
