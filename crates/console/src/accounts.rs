//! Users and applications, for the operator.

use maud::{Markup, html};
use safelight_store::{Application, Credits, User};

use crate::layout::{Shell, action, form, page};
use crate::show;
use crate::table::{Column, Row, table};

const APPLICATIONS: [Column; 4] = [
    Column::Text("Application"),
    Column::Text("User"),
    Column::Number("Credits"),
    Column::Text("Since"),
];
const USERS: [Column; 4] =
    [Column::Text("User"), Column::Text("State"), Column::Text("Since"), Column::Actions];

/// The page.
pub fn overview(
    shell: &Shell<'_>,
    users: &[User],
    applications: &[(Application, Credits)],
) -> Markup {
    page(
        shell,
        html! {
            h1 { "Accounts" }
            h2 { "Applications" }
            (table(&APPLICATIONS, applications.iter().map(|(one, balance)| Row::from([
                html! { a href={ "/console/applications/" (one.id) } { (one.name) } },
                html! { (one.user) },
                html! { (balance) },
                show::time(one.created_at),
            ]))))
            @if applications.is_empty() { p { "There are none." } }
            (new_application(shell.csrf, users))
            h2 { "Users" }
            (table(&USERS, users.iter().map(|user| row(shell.csrf, user))))
            (form(shell.csrf, "/console/users/create", "card line", html! {
                div { label for="user-name" { "New user" } input #user-name name="name" required maxlength="64" autocomplete="off"; }
                button { "Create" }
            }))
        },
    )
}

fn new_application(csrf: &str, users: &[User]) -> Markup {
    let content = html! {
            div { label for="app-name" { "New application" } input #app-name name="name" required maxlength="64" autocomplete="off"; }
            div { label for="app-user" { "of the user" }
                select #app-user name="user" { @for user in users { option value=(user.name) { (user.name) } } }
            }
            div { label for="app-credits" { "with credits" } input #app-credits name="credits" type="number" min="0" step="1" value="1000"; }
            button { "Create with a key" }
    };
    form(csrf, "/console/applications/create", "card line", content)
}

fn row(csrf: &str, user: &User) -> Row {
    let name = user.name.as_str();
    Row::from([
        html! { (name) },
        html! { @if user.locked { span.badge.warn { "locked" } } @else { "active" } },
        show::time(user.created_at),
        html! {
            @if user.locked {
                (action(csrf, "/console/users/unlock", &[("name", name)], "Unlock", None))
            } @else {
                (action(csrf, "/console/users/lock", &[("name", name)], "Lock",
                    Some("Requests of all its applications are refused until it is unlocked.")))
            }
            (action(csrf, "/console/users/delete", &[("name", name)], "Delete",
                Some("Its applications stay, their keys answer that the user is gone. This cannot be undone.")))
        },
    ])
}
