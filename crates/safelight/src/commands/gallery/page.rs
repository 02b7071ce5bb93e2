//! The gallery's page: plain HTML with relative links, no script, nothing from elsewhere.

use std::path::{Path, PathBuf};

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use super::Strip;
use crate::commands::run::batch::Report;

/// The whole page. `photos` are the originals, by their paths relative to the page, in the order of
/// the reports of each strip.
pub fn render(photos: &[PathBuf], strips: &[Strip]) -> Markup {
    let services = || strips.chunk_by(|one, two| one.service == two.service);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Safelight gallery" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "Safelight gallery" }
                nav {
                    @for service in services() {
                        a href={ "#" (name(service[0].service)) } { (name(service[0].service)) } " "
                    }
                }
                @for service in services() { (section(photos, service)) }
            }
        }
    }
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// One service: a row for each photo that it took, the photo first.
fn section(photos: &[PathBuf], strips: &[Strip]) -> Markup {
    let path = strips[0].service;
    let row = |index: usize| {
        strips.iter().filter_map(move |strip| Some((strip, strip.reports.get(index)?)))
    };
    let taken = |index: usize| row(index).any(|(_, report)| report.failure.is_none());
    html! {
        section id=(name(path)) {
            h2 { (name(path)) }
            p.path { (path) }
            @for (index, photo) in photos.iter().enumerate().filter(|(index, _)| taken(*index)) {
                div.row {
                    figure { (picture(photo)) figcaption { "before" } }
                    @for (strip, report) in row(index) { (result(&strip.sample, report)) }
                }
            }
            ul {
                @for (index, photo) in photos.iter().enumerate().filter(|(index, _)| !taken(*index)) {
                    @for (_, report) in row(index).take(1) {
                        li { (photo.file_name().unwrap_or_default().to_string_lossy()) ": " (failure(report)) }
                    }
                }
            }
        }
    }
}

/// One result: its pictures, or its numbers, or why there is none.
fn result(sample: &str, report: &Report) -> Markup {
    let pictures: Vec<_> = report.outputs.iter().filter(|path| !is_json(path)).collect();
    html! {
        figure {
            @for path in &pictures { (picture(path)) }
            @if pictures.is_empty() && report.failure.is_none() { pre { (numbers(&report.answer)) } }
            figcaption {
                @if sample.is_empty() { "after" } @else { (sample) }
                @if report.failure.is_some() { ": " (failure(report)) }
                @else { ", " ((report.seconds * 1000.0).round()) " ms" }
            }
        }
    }
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json")
}

fn numbers(answer: &Value) -> String {
    format!("{answer:#}")
}

fn failure(report: &Report) -> Markup {
    html! {
        @if let Some(failure) = &report.failure { code { (failure.code) } " " (failure.message) }
    }
}

/// A picture that opens in full when clicked.
fn picture(path: &Path) -> Markup {
    let path = link(path);
    html! { a href=(path) { img src=(path) alt="" loading="lazy"; } }
}

/// A path as a relative link: separators stay, everything that means something in a link is escaped.
fn link(path: &Path) -> String {
    let mut link = String::new();
    for byte in path.to_string_lossy().replace('\\', "/").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                link.push(char::from(byte));
            }
            _ => link += &format!("%{byte:02X}"),
        }
    }
    link
}

const STYLE: &str = "
body { font: 14px/1.4 system-ui, sans-serif; margin: 2rem; color: #222; background: #fafafa; }
nav { columns: 4; margin-bottom: 2rem; } nav a { display: block; }
.path { color: #777; }
.row { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1rem 0; }
figure { margin: 0; max-width: 20rem; }
img { max-width: 20rem; max-height: 20rem; display: block; margin-bottom: .25rem;
      background: repeating-conic-gradient(#ccc 0 25%, #fff 0 50%) 0 0 / 16px 16px; }
pre { max-height: 20rem; overflow: auto; margin: 0; font-size: 11px; }
figcaption, li { color: #555; } code { color: #a33; }
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::run::batch::Failure;

    fn report(outputs: &[&str], failure: Option<&str>) -> Report {
        Report {
            file: "photo.png".into(),
            seconds: 0.25,
            stages: vec![],
            outputs: outputs.iter().map(PathBuf::from).collect(),
            answer: Value::Null,
            failure: failure
                .map(|message| Failure { code: "ERROR_NO_FACE_IN_FILE", message: message.into() }),
        }
    }

    #[test]
    fn results_stand_beside_their_photo_and_nothing_is_markup() {
        let photos = ["photos/a b.png".into(), "photos/c.png".into()];
        let reports = vec![report(&["blur/a b.png"], None), report(&[], Some("<script>"))];
        let strip = Strip { service: "/api/effects/blur", sample: String::new(), reports };
        let page = render(&photos, &[strip]).into_string();
        assert!(page.contains("src=\"photos/a%20b.png\"") && page.contains("blur/a%20b.png"));
        assert!(page.contains("250 ms") && page.contains("ERROR_NO_FACE_IN_FILE"));
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script>"), "{page}");
    }
}
