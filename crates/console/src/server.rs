//! The server itself, for the operator: load, engines, configuration, changes.

use maud::{Markup, html};
use safelight_store::ConsoleAct;
use serde_json::Value;

use crate::layout::{Shell, action, page};
use crate::show;
use crate::table::{Column, Row, table};

/// A quantity of the moment.
pub struct Gauge {
    /// Its name.
    pub name: &'static str,
    /// How much, in words.
    pub value: String,
    /// The share of what there is, 0 to 1, where that is known.
    pub share: Option<f64>,
}

/// What is well or is not.
pub struct Part {
    /// Its name.
    pub name: String,
    /// What is wrong.
    pub problem: Option<String>,
}

/// The page of the load.
pub fn overview(shell: &Shell<'_>, parts: &[Part], gauges: &[Gauge], version: &str) -> Markup {
    page(
        shell,
        html! {
            h1 { "Server" }
            p.meta { "Safelight " (version) }
            (live(parts, gauges))
        },
    )
}

/// The part that renews itself. A failure leaves what is there, and the next try goes on.
pub fn live(parts: &[Part], gauges: &[Gauge]) -> Markup {
    html! {
        div #live hx-get="/console/server/live" hx-trigger="every 2s" hx-swap="outerHTML"
            "hx-status:4xx"="swap:none" "hx-status:5xx"="swap:none" {
            ul.parts {
                @for part in parts {
                    li {
                        @match &part.problem {
                            None => { span.badge.good { "well" } " " (part.name) }
                            Some(why) => { span.badge.warn { "not well" } " " (part.name) ": " (why) }
                        }
                    }
                }
            }
            dl.figures {
                @for gauge in gauges {
                    div {
                        dt { (gauge.name) }
                        dd {
                            (gauge.value)
                            @if let Some(share) = gauge.share {
                                meter min="0" max="1" high="0.9" value=(format!("{share:.3}")) aria-label=(gauge.name) { (format!("{:.0} %", share * 100.0)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// How an engine is configured.
pub struct Configuring {
    /// For each kind, what it is, and an example as TOML.
    pub examples: Vec<(&'static str, String)>,
    /// The services that engines do.
    pub used: Vec<Used>,
}

/// A service that an engine can do.
pub struct Used {
    /// Its name in `serves`.
    pub slug: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// Whether it does nothing without one.
    pub required: bool,
    /// Whether it needs a classifier.
    pub classifies: bool,
}

const USED: [Column; 3] =
    [Column::Text("In serves"), Column::Text("Service"), Column::Text("Engine")];

/// The page of engines: name, and what its probe found or what is wrong; how one is configured.
pub fn engines(
    shell: &Shell<'_>,
    engines: &[(String, Result<String, String>)],
    lacking: &[&'static str],
    configuring: &Configuring,
) -> Markup {
    page(
        shell,
        html! {
            h1 { "Engines" }
            p.lead {
                "Generative engines make the pictures that a server without them cannot. They are set in the configuration file, a table "
                code { "[[engine]]" } " for each, and count from the next start; this page shows how they fare, and changes nothing."
            }
            @for (name, found) in engines {
                article.card {
                    h2 { (name) " " @match found { Ok(_) => span.badge.good { "answers" }, Err(_) => span.badge.warn { "fails" } } }
                    p { @match found { Ok(words) => (words), Err(why) => (why) } }
                }
            }
            @if engines.is_empty() { p { "There are none." } }
            @else { (action(shell.csrf, "/console/engines/probe", &[], "Probe again", None)) }
            @if !lacking.is_empty() {
                h2 { "Services that wait for one" }
                ul { @for name in lacking { li { (name) } } }
            }
            h2 #configure { "Adding one" }
            p { "Copy what is like yours into " code { "safelight.toml" } ", put in your addresses and names, and start the server anew." }
            @for (at, (what, example)) in configuring.examples.iter().enumerate() {
                div.snippets.engine {
                    div.bar {
                        h3 { (what) }
                        button type="button" data-copy={ "engine-" (at) } hidden aria-label={ "Copy: " (what) } { "Copy" }
                    }
                    pre tabindex="0" { code id={ "engine-" (at) } { (example) } }
                }
            }
            details.more {
                summary { "Names for " code { "serves" } " (" (configuring.used.len()) ")" }
                p { code { "*" } " alone stands for all that its kind can do." }
                (table(&USED, configuring.used.iter().map(|one| Row::from([
                    html! { code { (one.slug) } },
                    html! { (one.name) },
                    html! {
                        @if one.required { "needed" } @else { "may do it" }
                        @if one.classifies { ", a classifier" }
                    },
                ]))))
            }
        },
    )
}

/// A key of the configuration.
#[derive(Clone, Debug)]
pub struct Configured {
    /// The key.
    pub key: String,
    /// Its value.
    pub value: Value,
    /// Where it comes from.
    pub origin: String,
}

/// The page of the configuration.
pub fn configuration(shell: &Shell<'_>, values: &[Configured]) -> Markup {
    let columns = [Column::Text("Key"), Column::Text("Value"), Column::Text("From")];
    page(
        shell,
        html! {
            h1 { "Configuration" }
            p.lead { "What counts, and where each value comes from. It is changed in its file, in the environment or with flags, and read at the start." }
            @if values.is_empty() { p { "This server was started by a program that gave no configuration." } }
            (table(&columns, values.iter().map(|one| Row::from([
                html! { code { (one.key) } },
                html! { code { (one.value) } },
                html! { (one.origin) },
            ]).marked(one.origin != "default"))))
        },
    )
}

const CHANGES: [Column; 5] = [
    Column::Text("Time"),
    Column::Text("Who"),
    Column::Text("What"),
    Column::Text("To"),
    Column::Text("Application"),
];

/// The page of changes. `name` names an application.
pub fn audit(shell: &Shell<'_>, acts: &[ConsoleAct], name: impl Fn(i64) -> String) -> Markup {
    page(
        shell,
        html! {
            h1 { "Changes" }
            p.lead { "What was changed in the console, and by whom." }
            (table(&CHANGES, acts.iter().map(|act| Row::from([
                show::time(act.at),
                html! { (act.who) },
                html! { (act.action) },
                html! { (act.subject) },
                html! { @if let Some(id) = act.application { (name(id)) } },
            ]))))
            @if acts.is_empty() { p { "Nothing was changed here." } }
        },
    )
}
