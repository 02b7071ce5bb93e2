//! Choosing a service and running it.

use maud::{Markup, html};
use safelight_operation::{Delivery, Endpoint, Method, Spec};
use safelight_store::Credits;

use crate::layout::{Shell, page};
use crate::{assets, field, sdk, show};

/// An application that runs are made for.
#[derive(Clone, Debug)]
pub struct Application {
    /// Its number.
    pub id: i64,
    /// Its user and name.
    pub name: String,
    /// Credits in the pool `common`.
    pub balance: Credits,
    /// What the service costs it.
    pub price: Credits,
}

/// A service as the list shows it.
pub struct Entry {
    /// The service.
    pub endpoint: &'static Endpoint,
    /// What it costs the application.
    pub price: Credits,
    /// Why it cannot be used.
    pub why_not: Option<String>,
}

/// `/api/image/enhance/x` is of `Image › Enhance`.
pub(crate) fn group(spec: &Spec) -> String {
    let mut parts: Vec<_> = spec.path.split('/').filter(|part| !part.is_empty()).collect();
    parts.pop();
    let parts: Vec<_> = parts.into_iter().filter(|part| *part != "api").map(show::label).collect();
    parts.join(" › ")
}

/// When the answer comes, in words.
pub(crate) fn delivery(spec: &Spec) -> &'static str {
    match spec.delivery {
        Delivery::Sync => "at once",
        Delivery::Async => "as a task",
        Delivery::Either { .. } => "at once or as a task",
    }
}

fn chunks(entries: &[Entry]) -> impl Iterator<Item = &[Entry]> {
    entries.chunk_by(|one, other| group(one.endpoint.spec()) == group(other.endpoint.spec()))
}

/// The list of services; `query` filters it.
pub fn index(shell: &Shell<'_>, entries: &[Entry], query: &str) -> Markup {
    page(
        shell,
        html! {
            h1 { "Playground" }
            p.lead { "Choose a service, give it a photo, see what comes back." }
            form.search role="search" action="/console/playground" {
                label.hidden for="search" { "Search services" }
                input #search type="search" name="q" value=(query) placeholder="Search: background, face, erase…"
                    autocomplete="off" data-filter="services" autofocus;
                button { "Search" }
            }
            p #none hidden { "No service has these words." }
            div #services {
                @for group_of in chunks(entries) {
                    section.group {
                        h2 { (group(group_of[0].endpoint.spec())) }
                        ul.cards { @for entry in group_of { (card(entry)) } }
                    }
                }
            }
            @if entries.is_empty() { p { "No service has these words. " a href="/console/playground" { "Show all" } } }
        },
    )
}

fn card(entry: &Entry) -> Markup {
    let spec = entry.endpoint.spec();
    html! {
        li.off[entry.why_not.is_some()] data-words={ (spec.name) " " (spec.path) " " (spec.summary) } {
            a href={ "/console/playground/" (spec.slug()) } { (spec.name) }
            p { (spec.summary) }
            p.meta {
                (show::credits(entry.price)) " · " (delivery(spec))
                @if entry.why_not.is_some() { " · " span.badge.warn { "not available" } }
            }
        }
    }
}

/// The page of one service. `applications` has the one that runs are made for first; an owner has
/// no other.
pub fn service(
    shell: &Shell<'_>,
    entry: &Entry,
    applications: &[Application],
    base_url: &str,
) -> Markup {
    let spec = entry.endpoint.spec();
    let method = match spec.method {
        Method::Get => "GET",
        Method::Post => "POST",
    };
    let application = applications.first();
    let sdk = sdk::method(spec.path);
    page(
        shell,
        html! {
            p.trail { a href="/console/playground" { "Playground" } " › " (group(spec)) }
            h1 { (spec.name) }
            p.lead { (spec.summary) }
            @if !spec.limitations.is_empty() {
                details.more { summary { "What it cannot do" } p { (spec.limitations) } }
            }
            @if let Some(why) = &entry.why_not { div.notice.refused { p { (why) } } }
            div.bench #playground data-path=(spec.path) data-method=(method) data-base=(base_url) data-sdk=[&sdk]
                data-application=[application.map(|one| one.id)] {
                form.inputs #inputs novalidate {
                    (who_pays(applications))
                    (field::all(entry.endpoint))
                    div.run {
                        button.primary #run { "Run" }
                        button #stop type="button" hidden { "Stop" }
                        span.price { span #price { (show::credits(entry.price)) } ", " (delivery(spec)) }
                    }
                }
                (result())
            }
            (snippets(sdk.is_some()))
            p.meta {
                code { (method) " " (spec.path) } " · "
                a href={ "/docs/" (spec.slug()) } { "Fields and answer in the reference" }
            }
            script src=(assets::MASK.path) type="module" data-module="mask" {}
            script src=(assets::ZIP.path) type="module" data-module="zip" {}
            script src=(assets::SNIPPETS.path) type="module" data-module="snippets" {}
            script src=(assets::PLAYGROUND.path) type="module" {}
        },
    )
}

fn who_pays(applications: &[Application]) -> Markup {
    html! {
        @match applications {
            [] => p.notice.refused { "No application can be charged. Create one under Accounts." },
            [one] => p.help { "Runs as " (one.name) ", which has " (show::credits(one.balance)) "." },
            several => {
                div.field {
                    label for="application" { "Runs as" }
                    select #application {
                        @for one in several {
                            option value=(one.id) data-price=(show::credits(one.price)) { (one.name) " – " (show::credits(one.balance)) }
                        }
                    }
                }
            }
        }
    }
}

/// What a run shows; the script fills it.
fn result() -> Markup {
    html! {
        section.result #result aria-label="Result" {
            p.status #status role="status" aria-live="polite" { "The result appears here." }
            progress #progress hidden aria-label="At work" {}
            noscript { p.notice.refused { "Running a service here needs JavaScript; the snippets below do not." } }
            div #error role="alert" hidden {}
            div #stage hidden {
                div.toolbar role="group" aria-label="View" {
                    button type="button" data-zoom="out" aria-label="Smaller" { "−" }
                    button type="button" data-zoom="fit" { "Fit" }
                    button type="button" data-zoom="in" aria-label="Larger" { "+" }
                    a.button #download download { "Download" }
                }
                div.viewport tabindex="0" aria-label="Picture, scrolls when enlarged" {
                    div.compare #compare {
                        img.after #after alt="Result";
                        img.before #before alt="Photo before";
                        input.divider #divider type="range" min="0" max="100" value="50" step="0.5"
                            aria-label="Divider between before and after";
                    }
                }
                p.legend { span { "before" } span #size {} span { "after" } }
            }
            div #pictures hidden {}
            div #batch hidden {
                h2 { "All photos" }
                ul.strip #strip {}
                button type="button" #zip { "Download all as ZIP" }
            }
            details.more #timings hidden { summary { "Timings" } div #stages {} }
            details.more #answer hidden { summary { "Answer as JSON" } pre tabindex="0" { code #json {} } }
        }
    }
}

/// The same request as programs; `has_sdk` says whether the vendor's SDK knows the service.
fn snippets(has_sdk: bool) -> Markup {
    let mut languages =
        vec![("curl", "curl"), ("python", "Python"), ("node", "Node"), ("go", "Go")];
    if has_sdk {
        languages.push(("sdk", "Vendor's SDK (Python)"));
    }
    html! {
        section.snippets #snippets hidden {
            h2 { "The same from your program" }
            p.help { "Set " code { "SAFELIGHT_KEY" } " to the application's key. The code follows what you chose above." }
            div.bar {
                div.tabs role="tablist" aria-label="Language" {
                    @for (at, (id, name)) in languages.iter().enumerate() {
                        button type="button" role="tab" id={ "tab-" (id) } data-language=(id)
                            aria-selected=(if at == 0 { "true" } else { "false" })
                            tabindex=[(at > 0).then_some("-1")] aria-controls="snippet-panel" { (name) }
                    }
                }
                button.quiet type="button" data-copy="snippet" { "Copy" }
            }
            div #snippet-panel role="tabpanel" aria-labelledby="tab-curl" { pre tabindex="0" { code #snippet {} } }
        }
    }
}

#[cfg(test)]
mod tests {
    use safelight_services::CATALOG;

    use super::*;
    use crate::layout::{Place, Who};

    #[test]
    fn every_service_has_a_page_with_all_of_its_fields() {
        let shell = Shell::signed_in(&Who::Operator, "token", Place::Playground, "x");
        let (balance, price) = (Credits::whole(5), Credits::whole(1));
        let app = Application { id: 1, name: "admin/default".into(), balance, price };
        for endpoint in CATALOG {
            let entry = Entry { endpoint, price: Credits::whole(1), why_not: None };
            let page =
                service(&shell, &entry, std::slice::from_ref(&app), "http://h").into_string();
            for field in endpoint.fields() {
                assert!(page.contains(&format!("name=\"{}\"", field.name())), "{}", field.name());
            }
            assert!(page.len() < 40_000, "{} has {} bytes", endpoint.spec().path, page.len());
        }
    }

    #[test]
    fn slugs_tell_services_apart() {
        let slugs: std::collections::HashSet<_> =
            CATALOG.iter().map(|endpoint| endpoint.spec().slug()).collect();
        assert_eq!(slugs.len(), CATALOG.len());
    }
}
