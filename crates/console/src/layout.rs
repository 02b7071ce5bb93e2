//! What every page has: head, navigation, notice.

use maud::{DOCTYPE, Markup, html};

use crate::assets;

/// Who looks at a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Nobody who is signed in.
    Visitor,
    /// Who has the key of an application.
    Owner {
        /// Name of the user.
        user: String,
        /// Name of the application.
        application: String,
    },
    /// Who runs the server.
    Operator,
}

/// The entries of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Signing in.
    SignIn,
    /// Running services.
    Playground,
    /// Plots.
    Usage,
    /// Users and applications; for an owner, the application.
    Accounts,
    /// Tasks.
    Tasks,
    /// Webhooks.
    Webhooks,
    /// Uploads.
    Uploads,
    /// The state of the server.
    Server,
    /// Models.
    Models,
    /// Generative engines.
    Engines,
    /// Configuration.
    Configuration,
    /// What was changed.
    Audit,
    /// Services and error codes.
    Reference,
}

impl Place {
    const ALL: [Self; 12] = [
        Self::Playground,
        Self::Usage,
        Self::Accounts,
        Self::Tasks,
        Self::Webhooks,
        Self::Uploads,
        Self::Server,
        Self::Models,
        Self::Engines,
        Self::Configuration,
        Self::Audit,
        Self::Reference,
    ];

    fn path(self) -> &'static str {
        match self {
            Self::SignIn => "/console",
            Self::Playground => "/console/playground",
            Self::Usage => "/console/usage",
            Self::Accounts => "/console/accounts",
            Self::Tasks => "/console/tasks",
            Self::Webhooks => "/console/webhooks",
            Self::Uploads => "/console/uploads",
            Self::Server => "/console/server",
            Self::Models => "/console/models",
            Self::Engines => "/console/engines",
            Self::Configuration => "/console/configuration",
            Self::Audit => "/console/audit",
            Self::Reference => "/docs",
        }
    }

    fn name(self, who: &Who) -> &'static str {
        match self {
            Self::SignIn => "Sign in",
            Self::Playground => "Playground",
            Self::Usage => "Usage",
            Self::Accounts if *who == Who::Operator => "Accounts",
            Self::Accounts => "Application",
            Self::Tasks => "Tasks",
            Self::Webhooks => "Webhooks",
            Self::Uploads => "Uploads",
            Self::Server => "Server",
            Self::Models => "Models",
            Self::Engines => "Engines",
            Self::Configuration => "Configuration",
            Self::Audit => "Changes",
            Self::Reference => "Reference",
        }
    }

    fn is_for(self, who: &Who) -> bool {
        match self {
            Self::Reference => true,
            Self::SignIn => *who == Who::Visitor,
            Self::Server | Self::Models | Self::Engines | Self::Configuration => {
                *who == Who::Operator
            }
            _ => *who != Who::Visitor,
        }
    }
}

/// What stands above the content.
#[derive(Clone, Debug)]
pub enum Notice {
    /// Something was done.
    Done(String),
    /// Something was refused.
    Refused(String),
    /// A secret that is shown this once: what it is, and the secret.
    Secret(String, String),
}

/// What surrounds the content of a page.
pub struct Shell<'a> {
    /// Who looks at it.
    pub who: &'a Who,
    /// The token that forms send back; empty for visitors.
    pub csrf: &'a str,
    /// Where in the navigation it is.
    pub place: Place,
    /// Its title.
    pub title: &'a str,
    /// What happened.
    pub notice: Option<Notice>,
    /// Whether there is a console to lead visitors to.
    pub console: bool,
}

impl<'a> Shell<'a> {
    /// A page of one who is signed in.
    pub fn signed_in(who: &'a Who, csrf: &'a str, place: Place, title: &'a str) -> Self {
        Self { who, csrf, place, title, notice: None, console: true }
    }

    /// The same with a notice.
    #[must_use]
    pub fn with(self, notice: Option<Notice>) -> Self {
        Self { notice, ..self }
    }
}

/// A whole page.
pub fn page(shell: &Shell<'_>, content: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="htmx-config" content="{\"includeIndicatorCSS\":false,\"history\":false}";
                title { (shell.title) " · Safelight" }
                link rel="icon" href=(assets::ICON.path) type=(assets::ICON.media_type);
                link rel="stylesheet" href=(assets::STYLE.path);
                script src=(assets::HTMX.path) defer {}
                script src=(assets::SCRIPT.path) type="module" {}
            }
            body data-csrf=[(!shell.csrf.is_empty()).then_some(shell.csrf)] {
                a.skip href="#main" { "Skip to content" }
                (header(shell))
                main #main tabindex="-1" {
                    div #notice role="status" aria-live="polite" {
                        @if let Some(notice) = &shell.notice { (shown(notice)) }
                    }
                    (content)
                }
            }
        }
    }
}

fn header(shell: &Shell<'_>) -> Markup {
    let home = if *shell.who == Who::Visitor && !shell.console { "/docs" } else { "/console" };
    html! {
        header.side {
            a.brand href=(home) { img src=(assets::ICON.path) alt="" width="28" height="28"; "Safelight" }
            details.menu {
                summary { "Menu" }
                (navigation(shell))
            }
            div.wide { (navigation(shell)) }
        }
    }
}

fn navigation(shell: &Shell<'_>) -> Markup {
    html! {
        nav aria-label="Console" {
            @for place in Place::ALL.into_iter().filter(|place| place.is_for(shell.who)) {
                a href=(place.path()) aria-current=[(place == shell.place).then_some("page")] {
                    (place.name(shell.who))
                }
            }
        }
        (signed_in(shell))
    }
}

fn signed_in(shell: &Shell<'_>) -> Markup {
    html! {
        div.who {
            @match shell.who {
                Who::Visitor => @if shell.console {
                    a href="/console" { "Sign in" }
                },
                Who::Operator => p { "Signed in as operator" },
                Who::Owner { user, application } => p { (user) "/" strong { (application) } },
            }
            @if *shell.who != Who::Visitor {
                form method="post" action="/console/leave" {
                    (token(shell.csrf))
                    button.quiet { "Sign out" }
                }
            }
        }
    }
}

fn shown(notice: &Notice) -> Markup {
    html! {
        @match notice {
            Notice::Done(text) => div.notice.done { p { (text) } },
            Notice::Refused(text) => div.notice.refused { p { (text) } },
            Notice::Secret(what, secret) => div.notice.done {
                p { (what) " It is shown only now:" }
                p.secret {
                    code #secret { (secret) }
                    button type="button" data-copy="secret" hidden { "Copy" }
                }
            },
        }
    }
}

/// The field that proves that a form is from here.
pub(crate) fn token(csrf: &str) -> Markup {
    html! { input type="hidden" name="csrf" value=(csrf); }
}

/// A form that changes something; the page that answers takes the place of this one's content.
pub(crate) fn form(csrf: &str, action: &str, class: &str, content: Markup) -> Markup {
    html! {
        form class=(class) method="post" action=(action) hx-post=(action) hx-target="#main"
            hx-select="#main" hx-swap="outerHTML" {
            (token(csrf))
            (content)
        }
    }
}

/// A button that posts to `action`. With `warning` it is shown only after a first click, with what
/// the second one does.
pub(crate) fn action(
    csrf: &str,
    action: &str,
    values: &[(&str, &str)],
    label: &str,
    warning: Option<&str>,
) -> Markup {
    let form = |name: &str| {
        let content = html! {
            @for (name, value) in values { input type="hidden" name=(name) value=(value); }
            button.danger[warning.is_some()] { (name) }
        };
        form(csrf, action, "inline", content)
    };
    match warning {
        None => form(label),
        Some(warning) => html! {
            details.confirm {
                summary { (label) "…" }
                div { p { (warning) } (form(label)) }
            }
        },
    }
}

/// A page that says why nothing else is shown.
pub fn refusal(shell: &Shell<'_>, message: &str) -> Markup {
    page(
        shell,
        html! {
            h1 { (shell.title) }
            p { (message) }
            p { a href="/console" { "To the console" } " · " a href="/docs" { "To the reference" } }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_text_whatever_they_hold() {
        let evil = "<script>alert(1)</script>\" onload=\"x";
        let who = Who::Owner { user: evil.into(), application: evil.into() };
        let shell = Shell::signed_in(&who, "token", Place::Tasks, evil)
            .with(Some(Notice::Secret(evil.into(), evil.into())));
        let page = refusal(&shell, evil).into_string();
        assert!(!page.contains("<script>alert") && !page.contains("\" onload=\""), "{page}");
        assert!(page.contains("&lt;script&gt;alert(1)"));
    }

    #[test]
    fn an_owner_sees_no_page_of_the_operator() {
        let who = Who::Owner { user: "ada".into(), application: "shop".into() };
        let page = refusal(&Shell::signed_in(&who, "t", Place::Tasks, "Tasks"), "").into_string();
        for place in [Place::Server, Place::Models, Place::Engines, Place::Configuration] {
            assert!(!page.contains(place.path()), "{}", place.path());
        }
        assert!(page.contains("aria-current=\"page\""));
    }
}
