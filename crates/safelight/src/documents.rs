//! The pages under `docs/` that follow from the code.

use safelight_contract::{Code, Edition};
use safelight_operation::{Delivery, Endpoint, LeafKind, SOURCES};
use safelight_server::RECOGNITION;
use safelight_services::{CATALOG, RECIPES};

use crate::commands::services::{PARAMETER_HEAD, credits, delivery, files, parameters};
use crate::config::DOCUMENT;
use crate::output::markdown;

/// Every page: file name and text.
pub fn all() -> Vec<(&'static str, String)> {
    let pages = [
        ("configuration.md", configuration()),
        ("errors.md", errors()),
        ("services.md", services()),
    ];
    pages.into()
}

const ORIGIN: &str =
    "This page is written by `safelight docs docs`; change the code, not the page.";

fn configuration() -> String {
    format!(
        "# Configuration\n\n{ORIGIN}\n\n\
         A value is taken from the flags, else from the environment, else from the file, else it is \
         the default. `safelight config check` says whether a configuration is valid and where each \
         value comes from, `safelight config show` prints what counts, and `safelight config default` \
         prints this file:\n\n```toml\n{DOCUMENT}```\n"
    )
}

fn errors() -> String {
    let status = |code: Code, edition| match code.in_edition(edition) == code {
        true => code.status(edition).to_string(),
        false => format!("– (`{}`)", code.in_edition(edition)),
    };
    let rows: Vec<_> = Code::ALL
        .iter()
        .map(|&code| {
            vec![
                format!("`{code}`"),
                status(code, Edition::E2025),
                status(code, Edition::E2026),
                format!("`{}`", code.coarse()),
                code.message().to_owned(),
            ]
        })
        .collect();
    let head = ["code", "2025", "2026", "coarse code", "message"];
    format!(
        "# Error codes\n\n{ORIGIN}\n\n\
         `error_detail.code` is the code, `error_code_str` the coarse code it belongs to; \
         `error_code` and the HTTP status are the number in the column of the edition that is \
         configured (`contract.edition`, 2025 by default). A code that an edition does not have is \
         answered as the one in brackets.\n\n\
         Every request that reaches a path is answered in the envelope, but for those of other protocols: \
         CompreFace's under `/api/v1`, `/mcp`, `/health` and `/metrics`. Bytes that are not HTTP at \
         all (a malformed request line or header, a header of more than 64 KiB) are not: the connection \
         gets a bare 400 or 431 and ends.\n\n{}",
        markdown(&head, &rows)
    )
}

fn services() -> String {
    let all = || CATALOG.iter().chain(RECOGNITION);
    let overview: Vec<_> = all()
        .map(|endpoint| {
            let spec = endpoint.spec();
            let delivery = delivery(spec.delivery).to_owned();
            vec![format!("`{}`", spec.path), delivery, spec.price.to_string()]
        })
        .collect();
    let details: Vec<_> = all().map(service).collect();
    format!(
        "# Services\n\n{ORIGIN}\n\n{SOURCES}\n\n{}\n{}",
        markdown(&["path", "mode", "credits"], &overview),
        details.join("\n")
    )
}

fn service(endpoint: &Endpoint) -> String {
    let spec = endpoint.spec();
    let answers = endpoint
        .answer()
        .leaves()
        .into_iter()
        .map(|field| vec![format!("`{}`", field.path), kind(field.kind).to_owned(), field.doc]);
    let answers: Vec<_> = answers.collect();
    let limitations = match spec.limitations {
        "" => String::new(),
        text => format!("Limits: {text}\n\n"),
    };
    let engine = engine(spec.slug());
    let mut text = format!(
        "## {}\n\n`POST {}`\n\n{}\n\n{limitations}{engine}{} from the pool `{}`, else from `common`; deadline {} s. \
         {}\n\n{}\n",
        spec.name,
        spec.path,
        spec.summary,
        credits(spec.price),
        spec.pool,
        spec.deadline.as_secs(),
        match spec.delivery {
            Delivery::Sync => "Answers with the result.",
            Delivery::Async => "Answers with a `task_id`; the result is polled.",
            Delivery::Either { .. } =>
                "Answers with the result, or with a `task_id` as `task_type` says.",
        },
        markdown(&["file", "what", "pictures"], &code_first(files(endpoint))),
    );
    let parameters = parameters(endpoint);
    if !parameters.is_empty() {
        text += &format!("{}\n", markdown(PARAMETER_HEAD, &code_first(parameters)));
    }
    text + &markdown(&["answer", "type", "what"], &answers)
}

/// How a generative engine is used by a service, where one can be.
fn engine(service: &str) -> String {
    let Some(recipe) = RECIPES.iter().find(|recipe| recipe.service == service) else {
        return String::new();
    };
    format!(
        "Generative engines ([engines.md](engines.md)): `{}`; mask: {}; strength {}.\n\n",
        recipe.prompt.replace("{}", "…"),
        recipe.mask,
        recipe.strength
    )
}

fn code_first(mut rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    for cell in rows.iter_mut().filter_map(|row| row.first_mut()) {
        *cell = format!("`{cell}`");
    }
    rows
}

fn kind(kind: LeafKind) -> &'static str {
    match kind {
        LeafKind::Url => "URL of a picture",
        LeafKind::Base64 => "picture in Base64",
        LeafKind::Text => "text",
        LeafKind::Integer => "whole number",
        LeafKind::Number => "number",
        LeafKind::Flag => "true or false",
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_pages_are_current() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        for (name, text) in all() {
            let page = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
            assert!(page == text, "docs/{name} is stale: run `cargo run -- docs docs`");
        }
    }
}
