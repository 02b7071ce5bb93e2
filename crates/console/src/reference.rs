//! The reference: services, their fields and answers, and the error codes. Works without
//! JavaScript and without signing in.

use maud::{Markup, html};
use safelight_contract::{Code, Edition};
use safelight_operation::{Endpoint, InputField, Method, Parameter, SOURCES};
use serde_json::Value;

use crate::advice::{Advice, advice};
use crate::layout::{Shell, page};
use crate::playground::{delivery, group};
use crate::table::{Column, Row, table};
use crate::{field, show};

/// An endpoint of the server's own, as the reference lists it.
pub struct ServerEndpoint {
    /// Method of HTTP.
    pub method: Method,
    /// Path.
    pub path: &'static str,
    /// Name.
    pub name: &'static str,
    /// What it does.
    pub summary: &'static str,
}

/// The first page: how to call, and what there is.
pub fn index(
    shell: &Shell<'_>,
    endpoints: &[&'static Endpoint],
    own: &[ServerEndpoint],
    base_url: &str,
    query: &str,
) -> Markup {
    let chunks = endpoints.chunk_by(|one, other| group(one.spec()) == group(other.spec()));
    page(
        shell,
        html! {
            h1 { "Reference" }
            (calling(base_url))
            h2 { "Services" }
            form.search role="search" action="/docs" {
                label.hidden for="search" { "Search services" }
                input #search type="search" name="q" value=(query) placeholder="Search: background, face, erase…"
                    autocomplete="off" data-filter="services";
                button { "Search" }
            }
            p #none hidden { "No service has these words." }
            div #services {
                @for group_of in chunks {
                    section.group {
                        h3 { (group(group_of[0].spec())) }
                        ul.rows {
                            @for endpoint in group_of {
                                @let spec = endpoint.spec();
                                li data-words={ (spec.name) " " (spec.path) " " (spec.summary) } {
                                    a href={ "/docs/" (spec.slug()) } { (spec.name) }
                                    span.meta { (show::credits(spec.price)) ", " (delivery(spec)) }
                                    p { (spec.summary) }
                                }
                            }
                        }
                    }
                }
            }
            h2 { "Tasks, files, credits and libraries" }
            ul.rows {
                @for one in own {
                    li {
                        code { (method(one.method)) " " (one.path) }
                        p { (one.name) ". " (one.summary) }
                    }
                }
            }
        },
    )
}

fn method(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
    }
}

fn calling(base_url: &str) -> Markup {
    let curl = format!(
        "curl -H \"ailabapi-api-key: $SAFELIGHT_KEY\" \\\n  -F image=@photo.jpg \\\n  \
         {base_url}/api/cutout/general/universal-background-removal"
    );
    let python = format!(
        "from ailabtools import AILabClient  # pip install ailabtools-sdk\n\nclient = \
         AILabClient(api_key=key, base_url=\"{base_url}\")\nanswer = await \
         client.background.remove({{\"image\": open(\"photo.jpg\", \"rb\").read()}})"
    );
    html! {
        section {
            p {
                "Every request carries its application's key in the header " code { "ailabapi-api-key" }
                ". Every answer is JSON: on success " code { "error_code" } " is 0, else "
                code { "error_detail" } " holds a " a href="/docs/errors" { "code" }
                " and a message that says what to change."
            }
            pre tabindex="0" { code { (curl) } }
            p { "The vendor's SDKs work unchanged with this base URL:" }
            pre tabindex="0" { code { (python) } }
            p { (sources()) }
            p { "For machines: " a href="/openapi.json" { "openapi.json" } "." }
        }
    }
}

/// [`SOURCES`], its code in code.
fn sources() -> Markup {
    html! {
        @for (at, part) in SOURCES.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// The page of one service.
pub fn service(shell: &Shell<'_>, endpoint: &Endpoint, base_url: &str) -> Markup {
    let spec = endpoint.spec();
    let answer = format!("{:#}", example(&endpoint.answer().schema()));
    page(
        shell,
        html! {
            p.trail { a href="/docs" { "Reference" } " › " (group(spec)) }
            h1 { (spec.name) }
            p.lead { (spec.summary) }
            p { code { (method(spec.method)) " " (spec.path) } }
            dl.figures {
                div { dt { "Price" } dd { (show::credits(spec.price)) } }
                div { dt { "Pool" } dd { (spec.pool) } }
                div { dt { "Answer" } dd { (delivery(spec)) } }
                div { dt { "Time" } dd { "up to " (spec.deadline.as_secs()) " s" } }
            }
            @if !spec.limitations.is_empty() { h2 { "What it cannot do" } p { (spec.limitations) } }
            @if shell.console { p { a.button href={ "/console/playground/" (spec.slug()) } { "Try it in the playground" } } }
            h2 { "Fields" }
            (fields(endpoint))
            h2 { "Answer" }
            p { "Beside " code { "request_id" } ", " code { "log_id" } ", " code { "error_code" } " and " code { "error_detail" } ":" }
            pre tabindex="0" { code { (answer) } }
            h2 { "Example" }
            pre tabindex="0" { code { (curl(endpoint, base_url)) } }
        },
    )
}

fn fields(endpoint: &Endpoint) -> Markup {
    let delivery = endpoint.spec().delivery.parameters().iter().copied();
    let parameters = endpoint.parameters().chain(delivery);
    let columns = [Column::Text("Field"), Column::Text("Values"), Column::Text("Meaning")];
    let files = endpoint.files().map(|file| {
        Row::from([
            html! { code { (file.name) } (required(file.is_required())) },
            html! { (field::rules(file)) },
            html! { (file.doc) },
        ])
    });
    html! {
        (table(&columns, files.chain(parameters.map(row))))
    }
}

fn required(required: bool) -> Markup {
    html! { @if required { br; span.badge { "required" } } }
}

fn row(parameter: &dyn Parameter) -> Row {
    let schema = parameter.schema();
    Row::from([
        html! { code { (parameter.name()) } (required(parameter.required())) },
        html! {
            div {
                (values(&schema))
                @if !schema["default"].is_null() { br; "default " code { (text(&schema["default"])) } }
            }
        },
        html! {
            (parameter.doc())
            @if let Some(more) = schema["description"].as_str() { " " (more) "." }
        },
    ])
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn values(schema: &Value) -> String {
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(text).collect::<Vec<_>>().join(", ");
    }
    match (&schema["minimum"], &schema["maximum"], &schema["maxLength"]) {
        (Value::Number(least), Value::Number(most), _) => format!("{least} to {most}"),
        (_, _, Value::Number(length)) => format!("text, up to {length} characters"),
        _ => match schema["type"].as_str() {
            Some("boolean") => "true, false".to_owned(),
            Some("string") if schema["contentMediaType"] == "application/json" => "JSON".to_owned(),
            Some("string") | None => "text".to_owned(),
            Some(other) => other.to_owned(),
        },
    }
}

/// A value that fits a schema, for reading.
fn example(schema: &Value) -> Value {
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    match schema["type"].as_str() {
        Some("object") => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            properties.map(|(name, schema)| (name.clone(), example(schema))).collect()
        }
        Some("array") => Value::Array(vec![example(&schema["items"])]),
        Some("integer") => 1.into(),
        Some("number") => 0.5.into(),
        Some("boolean") => true.into(),
        Some("string") if schema["format"] == "uri" => "https://…".into(),
        Some("string") if schema["contentEncoding"] == "base64" => "iVBORw0KGgo…".into(),
        Some("string") => "…".into(),
        _ => Value::Null,
    }
}

fn curl(endpoint: &Endpoint, base_url: &str) -> String {
    let spec = endpoint.spec();
    let mut lines = vec!["curl -H \"ailabapi-api-key: $SAFELIGHT_KEY\"".to_owned()];
    for field in endpoint.fields() {
        match field {
            InputField::File(file) if file.is_required() => {
                lines.push(format!("-F {}=@{}.png", file.name, file.name));
            }
            InputField::Text(parameter) if parameter.required() => {
                let schema = parameter.schema();
                let known = [&schema["examples"][0], &schema["default"], &schema["enum"][0]];
                let value = known.into_iter().find(|value| !value.is_null()).map(text);
                let value = value.or_else(|| schema["minimum"].as_f64().map(|v| v.to_string()));
                let value = value.unwrap_or_else(|| "…".to_owned()).replace('\'', "'\\''");
                lines.push(format!("-F '{}={value}'", parameter.name()));
            }
            _ => {}
        }
    }
    lines.push(format!("{base_url}{}", spec.path));
    lines.join(" \\\n  ")
}

/// The page of the error codes.
pub fn errors(shell: &Shell<'_>, edition: Edition) -> Markup {
    let known = || Code::ALL.iter().copied().filter(|code| code.in_edition(edition) == *code);
    page(
        shell,
        html! {
            p.trail { a href="/docs" { "Reference" } }
            h1 { "Error codes" }
            p.lead {
                "The " (known().count()) " codes of the edition that this server speaks. The code is "
                code { "error_detail.code" } "; the number is " code { "error_code" } " and the status of HTTP."
            }
            form.search role="search" action="/docs/errors" {
                label.hidden for="search" { "Search error codes" }
                input #search type="search" name="q" placeholder="Search: face, size, 422…" autocomplete="off" data-filter="codes";
            }
            p #none hidden { "No code has these words." }
            div.codes #codes {
                @for code in known() {
                    @let Advice { cause, remedy } = advice(code);
                    article id=(code.name()) data-words={ (code.name()) " " (code.status(edition)) " " (cause) " " (remedy) } {
                        h2 { a href={ "#" (code.name()) } { (code.name()) } " " span.badge { (code.status(edition)) } }
                        p { strong { "Cause. " } (cause) }
                        p { strong { "Remedy. " } (remedy) }
                        p.meta { (code.message()) @if !code.is_coarse() { " Coarse code: " (code.coarse().name()) "." } }
                    }
                }
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use safelight_services::CATALOG;

    use super::*;
    use crate::layout::{Place, Who};

    fn shell(console: bool) -> Shell<'static> {
        Shell {
            who: &Who::Visitor,
            csrf: "",
            place: Place::Reference,
            title: "x",
            notice: None,
            console,
        }
    }

    #[test]
    fn all_123_codes_have_their_place() {
        let page = errors(&shell(true), Edition::E2025).into_string();
        assert_eq!(page.matches("<article").count(), 123);
        assert!(page.contains("id=\"ERROR_NO_FACE_IN_FILE\""));
    }

    #[test]
    fn services_are_linked_and_shown() {
        let all: Vec<_> = CATALOG.iter().collect();
        let page = index(&shell(false), &all, &[], "http://h", "").into_string();
        for endpoint in CATALOG {
            assert!(page.contains(&format!("href=\"/docs/{}\"", endpoint.spec().slug())));
            let own = service(&shell(false), endpoint, "http://h").into_string();
            for field in endpoint.fields() {
                assert!(own.contains(&format!("<code>{}</code>", field.name())));
            }
            assert!(!own.contains("/console/"), "the console is off");
        }
    }
}
