//! Signing in.

use maud::{Markup, html};

use crate::layout::{Notice, Place, Shell, Who, page};

/// The page that asks for an API key.
pub fn by_key(notice: Option<Notice>) -> Markup {
    let shell = shell("Sign in", notice);
    page(
        &shell,
        html! {
            div.narrow {
                h1 { "Sign in" }
                form.card method="post" action="/console/enter" {
                    label for="key" { "API key of your application" }
                    input #key name="key" type="password" required autocomplete="off" spellcheck="false"
                        aria-describedby="key-help";
                    p.help #key-help {
                        "You see this application alone. The key stays on the server; the browser gets a \
                         session that ends after 12 hours."
                    }
                    button.primary { "Sign in" }
                }
                section.card {
                    h2 { "Do you run this server?" }
                    p { "Then this command prints a link that signs you in once:" }
                    pre { code { "safelight console" } }
                }
            }
        },
    )
}

/// The page that a one-time link opens: opening it uses nothing up, so that a preview of the link
/// does no harm.
pub fn by_link(link: &str) -> Markup {
    page(
        &shell("Sign in as operator", None),
        html! {
            div.narrow {
                h1 { "Sign in as operator" }
                form.card method="post" action="/console/enter" {
                    input type="hidden" name="link" value=(link);
                    p { "This link works once, for 10 minutes after it was made." }
                    button.primary { "Sign in" }
                }
            }
        },
    )
}

fn shell(title: &str, notice: Option<Notice>) -> Shell<'_> {
    Shell { who: &Who::Visitor, csrf: "", place: Place::SignIn, title, notice, console: true }
}
