//! Models: which there are, which are refused, which network does which work, and adding one.

use maud::{Markup, html};
use safelight_inference::manifest::ModelSpec;

use crate::layout::{Shell, action, form, page, token};
use crate::show;
use crate::table::{Column, Row, table};

/// What the page shows.
pub struct Contents<'a> {
    /// Every model.
    pub models: Vec<Model<'a>>,
    /// What can be changed here, or why nothing can.
    pub changes: Result<Changes, String>,
}

/// A model.
pub struct Model<'a> {
    /// What its manifest says.
    pub spec: &'a ModelSpec,
    /// Why it is not available, if so.
    pub why_not: Option<String>,
    /// The services that need it.
    pub services: Vec<&'static str>,
    /// What the next start changes about it.
    pub pending: Option<&'static str>,
    /// Whether it may be refused here: nothing refuses it from the next start on.
    pub refusable: bool,
}

/// What can be changed.
pub struct Changes {
    /// What is refused.
    pub refusals: Vec<Refusal>,
    /// Kinds of work that networks can do.
    pub works: Vec<Work>,
    /// Networks that can be added.
    pub networks: Vec<Network>,
    /// Decisions without effect, and why; and why the next start would fail.
    pub problems: Vec<String>,
    /// Whether anything waits for the next start.
    pub wait: bool,
    /// Longest file, in bytes.
    pub max_bytes: u64,
}

/// Since when something counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// It counts, and will.
    Now,
    /// It counts from the next start on.
    NextStart,
    /// It counts until the next start.
    UntilNextStart,
}

/// An entry of what is refused.
pub struct Refusal {
    /// The entry.
    pub entry: String,
    /// Who set it.
    pub origin: String,
    /// Whether the console set it, and can take it back.
    pub own: bool,
    /// How many models it covers.
    pub covers: usize,
    /// Since when.
    pub since: Since,
}

/// A kind of work that a network can do.
pub struct Work {
    /// Its key.
    pub slot: &'static str,
    /// What does it without a choice.
    pub usual: &'static str,
    /// The network that does it now.
    pub now: Option<String>,
    /// The network that does it from the next start on.
    pub next: Option<String>,
    /// Who says so, where the configuration does.
    pub fixed: Option<String>,
    /// Networks that are there for it.
    pub there: Vec<String>,
    /// The services that it is for.
    pub services: Vec<&'static str>,
}

/// A network that can be added.
pub struct Network {
    /// Its name.
    pub name: &'static str,
    /// The kind of work that it does.
    pub slot: &'static str,
    /// Its licence.
    pub licence: &'static str,
    /// Its training data, and their terms.
    pub training: String,
    /// The published files.
    pub published: Vec<&'static str>,
    /// The file that was added: which it is, and its SHA-256.
    pub added: Option<(String, String)>,
}

const REFUSALS: [Column; 5] = [
    Column::Text("Refused"),
    Column::Text("Covers"),
    Column::Text("Set in"),
    Column::Text("Counts"),
    Column::Actions,
];
const WORKS: [Column; 4] = [
    Column::Text("Work"),
    Column::Text("Done by"),
    Column::Text("From the next start"),
    Column::Text("Network"),
];
const NETWORKS: [Column; 6] = [
    Column::Text("Network"),
    Column::Text("Work"),
    Column::Text("Licence"),
    Column::Text("Training data"),
    Column::Text("File"),
    Column::Actions,
];

/// The page.
pub fn overview(shell: &Shell<'_>, contents: &Contents<'_>) -> Markup {
    let csrf = shell.csrf;
    page(
        shell,
        html! {
            h1 { "Models" }
            @match &contents.changes {
                Ok(changes) => (changeable(csrf, changes)),
                Err(why) => p.lead { "Nothing can be changed here: " (why) },
            }
            h2 #models { "All models" }
            @for model in &contents.models { (card(csrf, model, contents.changes.is_ok())) }
        },
    )
}

fn changeable(csrf: &str, changes: &Changes) -> Markup {
    html! {
        p.lead {
            "What is changed here counts from the next start of this server, and is kept in its data folder. "
            "The configuration counts first: what " code { "models.refuse" } " and " code { "[models.use]" }
            " say there cannot be changed here."
        }
        @if changes.wait { p.notice { "Changes wait for the next start of the server; they are marked below." } }
        @for problem in &changes.problems { p.notice.refused { (problem) } }
        h2 #refused { "Refused" }
        @if changes.refusals.is_empty() {
            p { "No model is refused. To do without one, for its licence or its training data, see its card below." }
        } @else {
            (table(&REFUSALS, changes.refusals.iter().map(|one| refusal(csrf, one))))
        }
        h2 #work { "Work for networks" }
        p { "A network that was added does nothing until it is given its work." }
        (table(&WORKS, changes.works.iter().map(|one| work(csrf, one))))
        h2 #networks { "Networks that can be added" }
        p {
            strong { "Adapter tested by contract only." } " These files do not ship and were not run by the authors of this server: "
            "each adapter was tested with a small graph of the same signature. Licence and data are as the publishers state them; whether "
            "they allow your use is for you to judge."
        }
        (table(&NETWORKS, changes.networks.iter().map(|one| network(csrf, one))))
        (adding(csrf, changes))
    }
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn since(since: Since) -> Markup {
    match since {
        Since::Now => html! { span.badge.good { "now" } },
        Since::NextStart => html! { span.badge.busy { "from the next start" } },
        Since::UntilNextStart => html! { span.badge.busy { "until the next start" } },
    }
}

fn refusal(csrf: &str, one: &Refusal) -> Row {
    Row::from([
        html! { code { (one.entry) } },
        html! { (counted(one.covers, "model")) },
        html! { (one.origin) },
        since(one.since),
        html! {
            @if one.own && one.since != Since::UntilNextStart {
                (action(csrf, "/console/models/allow", &[("entry", &one.entry)], "Allow again", None))
            }
        },
    ])
    .marked(one.since != Since::Now)
}

fn work(csrf: &str, one: &Work) -> Row {
    let done_by = |name: &Option<String>| match name {
        Some(name) => html! { code { (name) } },
        None => html! { (one.usual) },
    };
    let options = html! {
        option value="" selected[one.next.is_none()] { (one.usual) }
        @for name in &one.there { option value=(name) selected[one.next.as_ref() == Some(name)] { (name) } }
    };
    let services = one.services.join(", ");
    Row::from([
        html! {
            code { (one.slot) }
            @if !one.services.is_empty() {
                details.more { summary.small { (counted(one.services.len(), "service")) } p.meta { (services) } }
            }
        },
        done_by(&one.now),
        html! { @if one.now == one.next { "the same" } @else { (done_by(&one.next)) } },
        html! {
            @if let Some(origin) = &one.fixed {
                "set in " (origin)
            } @else if one.there.is_empty() {
                "none was added"
            } @else {
                (form(csrf, "/console/models/use", "line", html! {
                    input type="hidden" name="work" value=(one.slot);
                    div { select name="network" aria-label={ "Who does " (one.slot) } { (options) } }
                    button { "Use" }
                }))
            }
        },
    ])
    .marked(one.now != one.next)
}

fn network(csrf: &str, one: &Network) -> Row {
    Row::from([
        html! { code { (one.name) } },
        html! { (one.slot) },
        html! { (one.licence) },
        html! { (one.training) },
        html! {
            @if let Some((file, digest)) = &one.added {
                span {
                    span.badge.good { "added" } " " (file)
                    details.more { summary.small { "SHA-256" } code.small { (digest) } }
                }
            } @else {
                span.meta { (one.published.join("; ")) }
            }
        },
        html! {
            @if one.added.is_some() {
                (action(csrf, "/console/models/remove", &[("network", one.name)], "Remove",
                    Some("Its file is deleted from the data folder of this server.")))
            }
        },
    ])
}

/// The form of a file. It is sent by the browser itself, without the script, which would hold the file.
fn adding(csrf: &str, changes: &Changes) -> Markup {
    html! {
        form.card.line #add method="post" action="/console/models/add" enctype="multipart/form-data" {
            (token(csrf))
            div {
                label for="add-network" { "Add" }
                select #add-network name="network" { @for one in &changes.networks { option value=(one.name) { (one.name) } } }
            }
            div.file {
                label for="add-file" { "from the file" }
                input #add-file name="file" type="file" accept=".onnx" required;
            }
            button { "Add" }
            p.help {
                "An ONNX file of at most " (show::bytes(changes.max_bytes)) ". It is written to the disk as it arrives, and kept when its "
                "inputs and outputs are those of the network; with a large one this takes minutes. Its SHA-256 is compared with those of "
                "published files; another file of the same signature is taken, and marked as not published."
            }
        }
    }
}

fn card(csrf: &str, model: &Model<'_>, changeable: bool) -> Markup {
    let Model { spec, why_not, services, pending, refusable } = model;
    html! {
        article.card id=(spec.name) {
            h2 {
                (spec.name) " "
                @match why_not { None => span.badge.good { "available" }, Some(_) => span.badge.warn { "not available" } }
                @if let Some(pending) = pending { " " span.badge.busy { (pending) " from the next start" } }
            }
            p { (spec.task) }
            @if let Some(why) = why_not { p.notice.refused { (why) } }
            dl.facts {
                dt { "Licence" } dd { (spec.licence) @if let Some(notice) = &spec.notice { " " (notice) } }
                dt { "Author" } dd { (spec.author) }
                dt { "Training data" }
                dd { (spec.training.data) " (" (spec.training.terms.name()) ")" @if let Some(note) = &spec.training.note { ". " (note) } }
                dt { "Origin" } dd { (spec.origin.package) " " (spec.origin.version) }
                dt { "Size" } dd { (show::bytes(spec.bytes)) }
                dt { "Needed by" } dd { @if services.is_empty() { "no service here" } @else { (services.join(", ")) } }
            }
            @if changeable && *refusable { (refusing(csrf, spec, services.len())) }
        }
    }
}

fn refusing(csrf: &str, spec: &ModelSpec, services: usize) -> Markup {
    let (licence, terms) = (&spec.licence, spec.training.terms.name());
    let content = html! {
        select name="entry" aria-label={ "What to refuse of " (spec.name) } {
            option value=(spec.name) { "this model alone" }
            option value={ "licence:" (licence) } { "all under " (licence) }
            option value={ "data:" (terms) } { "all whose training data is " (terms) }
        }
        button.danger { "Refuse" }
    };
    html! {
        details.confirm {
            summary { "Refuse…" }
            div {
                p {
                    @if services == 0 { "No service here needs it." }
                    @else { "Services that cannot do without it are off from the next start: " (services) " name it." }
                }
                (form(csrf, "/console/models/refuse", "line", content))
            }
        }
    }
}
