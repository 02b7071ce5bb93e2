//! One application: keys, credits, limits, services.

use std::collections::BTreeMap;

use maud::{Markup, html};
use safelight_operation::Endpoint;
use safelight_store::{
    ApiKey, Application, Credits, KeyKind, Limits, Pool, ServiceState, Transfer,
};

use crate::layout::{Shell, Who, action, form, page};
use crate::show;
use crate::table::{Column, Row, table};

/// What the page shows.
pub struct Contents<'a> {
    /// The application.
    pub application: &'a Application,
    /// Its keys.
    pub keys: &'a [ApiKey],
    /// Its pools.
    pub pools: &'a [Pool],
    /// Its newest transfers.
    pub transfers: &'a [Transfer],
    /// Services whose state is not the default, by path.
    pub states: &'a BTreeMap<String, ServiceState>,
    /// Every service.
    pub endpoints: &'a [&'static Endpoint],
    /// The limits of applications without their own.
    pub defaults: Limits,
}

/// The page. An owner sees the same without what only an operator may change.
pub fn overview(shell: &Shell<'_>, contents: &Contents<'_>) -> Markup {
    let operator = *shell.who == Who::Operator;
    let Application { id, user, name, created_at, .. } = contents.application;
    page(
        shell,
        html! {
            @if operator { p.trail { a href="/console/accounts" { "Accounts" } " › " (user) } }
            h1 { (name) }
            p.meta { "Application " (id) " of " (user) ", since " (show::time(*created_at)) }
            (keys(shell.csrf, *id, contents.keys))
            (credits(shell.csrf, operator, contents))
            (limits(shell.csrf, operator, contents))
            (services(shell.csrf, operator, contents))
            @if operator {
                h2 { "End" }
                (action(shell.csrf, &format!("/console/applications/{id}/delete"), &[], "Delete the application",
                    Some("Its keys stop working, its tasks end, and its groups of faces are deleted. This cannot be undone.")))
            }
        },
    )
}

fn keys(csrf: &str, id: i64, keys: &[ApiKey]) -> Markup {
    let base = format!("/console/applications/{id}/keys");
    let columns = [Column::Text("Key"), Column::Text("Since"), Column::Actions];
    html! {
        h2 { "Keys" }
        (table(&columns, keys.iter().map(|key| Row::from([
            html! { code { (key.hint) "…" } @if key.kind == KeyKind::Sandbox { " " span.badge { "sandbox" } } },
            show::time(key.created_at),
            action(csrf, &format!("{base}/revoke"), &[("key", &key.id.to_string())], "Revoke",
                Some("Requests with this key are refused from now on. This cannot be undone.")),
        ]))))
        @if keys.is_empty() { p { "There are none: no request can be made." } }
        div.line {
            (action(csrf, &format!("{base}/add"), &[], "Add a key", None))
            (action(csrf, &format!("{base}/rotate"), &[], "Rotate",
                Some("A new key is made and every earlier one is revoked at once.")))
        }
    }
}

const POOLS: [Column; 5] = [
    Column::Text("Pool"),
    Column::Number("Balance"),
    Column::Number("Held"),
    Column::Number("Bought"),
    Column::Text("Changed"),
];

fn credits(csrf: &str, operator: bool, contents: &Contents<'_>) -> Markup {
    let id = contents.application.id;
    html! {
        h2 { "Credits" }
        (table(&POOLS, contents.pools.iter().map(|pool| Row::from([
            html! { (pool.sign) @if pool.balance < pool.balance_warning { " " span.badge.warn { "low" } } },
            html! { (pool.balance) },
            html! { (pool.held) },
            html! { (pool.total) },
            show::time(pool.last_update_time),
        ]))))
        @if operator {
            (form(csrf, &format!("/console/applications/{id}/credits"), "card line", html! {
                div { label for="amount" { "Credits to add" } input #amount name="amount" type="number" step="0.001" required; }
                div { label for="pool" { "to the pool" }
                    input #pool name="pool" value="common" list="pools" required maxlength="100" autocomplete="off";
                    datalist #pools { option value="common"; @for sign in pool_signs(contents.endpoints) { option value=(sign); } }
                }
                button { "Add" }
            }))
            p.help { "A negative number takes credits back." }
        }
        details.more {
            summary { "Ledger" }
            (ledger(contents.transfers))
        }
    }
}

fn pool_signs(endpoints: &[&'static Endpoint]) -> std::collections::BTreeSet<&'static str> {
    endpoints.iter().map(|endpoint| endpoint.spec().pool).collect()
}

const LEDGER: [Column; 5] = [
    Column::Text("Time"),
    Column::Text("Pool"),
    Column::Text("What"),
    Column::Number("Credits"),
    Column::Text("Request"),
];

fn ledger(transfers: &[Transfer]) -> Markup {
    html! {
        @if transfers.is_empty() { p { "No credits have moved." } }
        (table(&LEDGER, transfers.iter().map(|transfer| Row::from([
            show::time(transfer.at),
            html! { (transfer.pool) },
            html! { (movement(transfer)) },
            html! { (transfer.amount) },
            html! { @if let Some(request) = &transfer.request_id { code.small { (request) } } },
        ]))))
    }
}

fn movement(transfer: &Transfer) -> &'static str {
    match (transfer.from.as_str(), transfer.to.as_str()) {
        ("issued", _) => "added",
        (_, "issued") => "taken back",
        (_, "held") => "held",
        (_, "spent") => "charged",
        _ => "given back",
    }
}

fn limits(csrf: &str, operator: bool, contents: &Contents<'_>) -> Markup {
    let Application { id, limits, .. } = contents.application;
    let shown = |own: Option<u32>, default: Option<u32>| match (own, default) {
        (Some(own), _) => own.to_string(),
        (None, Some(default)) => format!("{default} (default)"),
        (None, None) => "none".to_owned(),
    };
    let defaults = contents.defaults;
    html! {
        h2 { "Limits" }
        @if operator {
            (form(csrf, &format!("/console/applications/{id}/limits"), "card line", html! {
                div { label for="concurrency" { "Requests at a time" }
                    input #concurrency name="concurrency" type="number" min="0" max="1000000" value=[limits.concurrency]
                        placeholder=(shown(None, defaults.concurrency)); }
                div { label for="rate" { "Requests per second" }
                    input #rate name="requests_per_second" type="number" min="0" max="1000000" value=[limits.requests_per_second]
                        placeholder=(shown(None, defaults.requests_per_second)); }
                button { "Save" }
            }))
            p.help { "An empty field means the default of the configuration." }
        } @else {
            dl.figures {
                div { dt { "Requests at a time" } dd { (shown(limits.concurrency, defaults.concurrency)) } }
                div { dt { "Requests per second" } dd { (shown(limits.requests_per_second, defaults.requests_per_second)) } }
            }
        }
    }
}

/// The services that are otherwise for this application, and a form that makes one so. All services with a
/// form each would be a heavy page.
fn services(csrf: &str, operator: bool, contents: &Contents<'_>) -> Markup {
    let path = format!("/console/applications/{}/services", contents.application.id);
    let columns =
        [Column::Text("Service"), Column::Text("State"), Column::Number("Price"), Column::Actions];
    let changed = contents.endpoints.iter().filter_map(|endpoint| {
        let spec = endpoint.spec();
        let state = *contents.states.get(spec.path)?;
        let usual = [("path", spec.path), ("enabled", "true"), ("price", "")];
        let row = Row::from([
            html! { (spec.name) },
            html! { @if state.enabled { "on" } @else { span.badge.warn { "off" } } },
            html! { (state.price.unwrap_or(Credits::whole(spec.price))) },
            action(csrf, &path, &usual, "As usual", None),
        ]);
        (state != ServiceState::default()).then_some(row)
    });
    let changed: Vec<_> = changed.collect();
    html! {
        h2 { "Services" }
        @if changed.is_empty() {
            p { "All " (contents.endpoints.len()) " services are on, at their usual prices." }
        } @else {
            p { "Of " (contents.endpoints.len()) " services these are not as usual:" }
            (table(&columns[..if operator { 4 } else { 3 }], changed))
        }
        @if operator { (switch(csrf, &path, contents.endpoints)) }
    }
}

fn switch(csrf: &str, path: &str, endpoints: &[&'static Endpoint]) -> Markup {
    let content = html! {
        div { label for="service" { "Service" }
            select #service name="path" {
                @for endpoint in endpoints { option value=(endpoint.spec().path) { (endpoint.spec().name) } }
            }
        }
        div { label for="enabled" { "is" }
            select #enabled name="enabled" { option value="true" { "on" } option value="false" { "off" } }
        }
        div { label for="price" { "at a price of" }
            input #price name="price" type="number" min="0" step="0.001" placeholder="the usual";
        }
        button { "Save" }
    };
    form(csrf, path, "card line", content)
}
