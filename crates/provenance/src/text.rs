//! Texts, and what they say of synthesis.

use memchr::memmem;

use crate::{Declared, Kind};

/// Digital source types of pictures that are synthetic, or whose parts are.
const SYNTHETIC: [&str; 3] =
    ["trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "compositeSynthetic"];
/// How far behind the name of the property its value may stand.
const REACH: usize = 400;
/// Most places of a name that are looked at.
const MOST_PLACES: usize = 64;

/// Names that generators of pictures write as the software, artist or description. Each must stand as a
/// word of its own.
const GENERATORS: [&str; 19] = [
    "Adobe Firefly",
    "AUTOMATIC1111",
    "Bing Image Creator",
    "ComfyUI",
    "DALL-E",
    "DALL·E",
    "DALLE",
    "Draw Things",
    "DreamStudio",
    "Fooocus",
    "Ideogram",
    "InvokeAI",
    "Leonardo.Ai",
    "Made with Google AI",
    "Midjourney",
    "NovelAI",
    "Playground AI",
    "Stable Diffusion",
    "SwarmUI",
];

/// Reads a packet of XMP: the digital source type, the label AIGC, and the tool that made it.
pub(crate) fn xmp(packet: &[u8], declared: &mut Declared) {
    for start in places(packet, b"DigitalSourceType") {
        if let Some(source) = source_type(reach(packet, start)) {
            declared.add(Kind::DigitalSourceType, source);
        }
    }
    for start in places(packet, b"AIGC") {
        label(&unescaped(reach(packet, start)), declared);
    }
    for start in places(packet, b"CreatorTool") {
        generator(&String::from_utf8_lossy(reach(packet, start)), declared);
    }
}

/// Where `name` ends, each time.
fn places<'a>(text: &'a [u8], name: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    memmem::find_iter(text, name).map(|at| at + name.len()).take(MOST_PLACES)
}

fn reach(text: &[u8], start: usize) -> &[u8] {
    &text[start..text.len().min(start + REACH)]
}

/// The first digital source type in a text that is one of synthesis.
pub(crate) fn source_type(text: &[u8]) -> Option<&'static str> {
    let start = memmem::find(text, b"digitalsourcetype/")? + b"digitalsourcetype/".len();
    let rest = &text[start..];
    let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    SYNTHETIC.into_iter().find(|known| known.as_bytes() == &rest[..length])
}

/// Reads a text of a name: a chunk of PNG, a field of Exif, a comment.
pub(crate) fn named(name: &str, value: &[u8], declared: &mut Declared) {
    let value = String::from_utf8_lossy(value);
    if name.eq_ignore_ascii_case("AIGC") || value.contains("\"AIGC\"") {
        label(&value, declared);
    }
    match name {
        // The web UI of AUTOMATIC1111 and those that write like it.
        "parameters" | "UserComment" | "Comment" | "Description"
            if value.contains("Steps: ") && value.contains("Sampler: ") =>
        {
            declared.add(Kind::Generator, &format!("parameters: {value}"));
        }
        // ComfyUI: a graph of nodes, each with its class.
        "prompt" | "workflow" | "Description" if value.contains("\"class_type\"") => {
            declared.add(Kind::Generator, "ComfyUI workflow");
        }
        "workflow" if value.contains("\"nodes\"") && value.contains("\"links\"") => {
            declared.add(Kind::Generator, "ComfyUI workflow");
        }
        "invokeai_metadata" | "sd-metadata" | "invokeai_graph" | "Dream" => {
            declared.add(Kind::Generator, "InvokeAI metadata");
        }
        "sui_image_params" => declared.add(Kind::Generator, "SwarmUI parameters"),
        "fooocus_scheme" => declared.add(Kind::Generator, "Fooocus parameters"),
        "Software" | "Artist" | "Author" | "Source" | "Title" | "Description" | "Comment"
        | "UserComment" => generator(&value, declared),
        _ => {}
    }
}

/// The name of a generator in a text, as a word of its own.
fn generator(text: &str, declared: &mut Declared) {
    let text = text.to_lowercase();
    for name in GENERATORS {
        let wanted = name.to_lowercase();
        let found = text.match_indices(&wanted).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + wanted.len()..].chars().next();
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphabetic)
        });
        if found {
            declared.add(Kind::Generator, name);
        }
    }
}

/// The label of GB 45438-2025: a JSON object whose `Label` is 1 (made by a model), 2 (possibly) or 3
/// (suspected).
fn label(text: &str, declared: &mut Declared) {
    let Some(at) = text.find("\"Label\"") else { return };
    let rest = text[at + 7..].trim_start().strip_prefix(':').unwrap_or_default().trim_start();
    let meaning = match rest.trim_start_matches('"').chars().next() {
        Some('1') => "generated",
        Some('2') => "possibly generated",
        Some('3') => "suspected to be generated",
        _ => return,
    };
    declared.add(Kind::AigcLabel, meaning);
}

/// Text of XML with its quotation marks as they are meant.
fn unescaped(text: &[u8]) -> String {
    String::from_utf8_lossy(text).replace("&quot;", "\"").replace("&#34;", "\"")
}
