//! Tasks, webhooks and uploads of applications.

use maud::{Markup, html};
use safelight_store::{Task, TaskState, Upload, Webhook, WebhookState};

use crate::layout::{Shell, action, page};
use crate::show;
use crate::table::{Column, Row, table};

/// Which application is shown, and which can be: numbers and names. With one alone nothing is
/// chosen.
pub struct Choice<'a> {
    /// The application whose rows are shown; `None` is all.
    pub application: Option<i64>,
    /// Every application that may be seen.
    pub applications: &'a [(i64, String)],
}

impl Choice<'_> {
    fn name(&self, id: i64) -> &str {
        self.applications.iter().find(|(other, _)| *other == id).map_or("", |(_, name)| name)
    }

    fn filter(&self, path: &str) -> Markup {
        html! {
            @if self.applications.len() > 1 {
                form.filter action=(path) data-auto {
                    div { label for="application" { "Application" }
                        select #application name="application" {
                            option value="" { "All" }
                            @for (id, name) in self.applications {
                                option value=(id) selected[self.application == Some(*id)] { (name) }
                            }
                        }
                    }
                    button { "Show" }
                }
            }
        }
    }

    /// The path of a part of the page that shows the same choice.
    fn link(&self, path: &str) -> String {
        self.application.map_or_else(|| path.to_owned(), |id| format!("{path}?application={id}"))
    }
}

const TASKS: [Column; 7] = [
    Column::Text("Task"),
    Column::Text("Service"),
    Column::Text("Application"),
    Column::Text("State"),
    Column::Text("Accepted"),
    Column::Text("Ended"),
    Column::Actions,
];

const WEBHOOKS: [Column; 7] = [
    Column::Text("Webhook"),
    Column::Text("To"),
    Column::Text("Application"),
    Column::Text("State"),
    Column::Number("Attempts"),
    Column::Text("Task ended"),
    Column::Actions,
];

const UPLOADS: [Column; 7] = [
    Column::Text("File"),
    Column::Text("Picture"),
    Column::Text("Application"),
    Column::Text("State"),
    Column::Text("Sent"),
    Column::Text("Kept until"),
    Column::Actions,
];

/// The page of tasks.
pub fn tasks(shell: &Shell<'_>, choice: &Choice<'_>, tasks: &[Task]) -> Markup {
    page(
        shell,
        html! {
            h1 { "Tasks" }
            (choice.filter("/console/tasks"))
            (task_rows(shell.csrf, choice, tasks))
        },
    )
}

/// The rows of tasks, which renew themselves. A failure leaves those that are there, and the next try goes on.
pub fn task_rows(csrf: &str, choice: &Choice<'_>, tasks: &[Task]) -> Markup {
    html! {
        div #tasks hx-get=(choice.link("/console/tasks/rows")) hx-trigger="every 3s" hx-swap="outerHTML"
            "hx-status:4xx"="swap:none" "hx-status:5xx"="swap:none" {
            (table(&TASKS, tasks.iter().map(|task| task_row(csrf, choice, task))))
            @if tasks.is_empty() { p { "There are none. Results and tasks are kept for a day." } }
        }
    }
}

fn task_row(csrf: &str, choice: &Choice<'_>, task: &Task) -> Row {
    let application = task.application.to_string();
    let values = [("application", application.as_str()), ("task", task.id.as_str())];
    Row::from([
        html! { code.small { (task.id) } @if let Some(batch) = &task.batch { br; span.meta { "batch " (batch) } } },
        html! { (task.service.rsplit('/').next().unwrap_or_default()) },
        html! { (choice.name(task.application)) },
        html! {
            span class={ "badge " (tone(task.state)) } { (task.state.name()) }
            @if let Some(fault) = &task.fault { p.meta { code { (fault.code().name()) } " " (fault.message()) } }
        },
        show::time(task.created_at),
        html! { @if let Some(at) = task.ended_at { (show::time(at)) } },
        html! {
            @match task.state {
                TaskState::Queued => (action(csrf, "/console/tasks/revoke", &values, "Revoke", None)),
                TaskState::Processing => (action(csrf, "/console/tasks/stop", &values, "Stop", None)),
                _ => {}
            }
        },
    ])
}

fn tone(state: TaskState) -> &'static str {
    match state {
        TaskState::Done => "good",
        TaskState::Failed => "warn",
        TaskState::Queued | TaskState::Processing => "busy",
        TaskState::Revoked | TaskState::Stopped | TaskState::Reclaimed => "",
    }
}

/// The page of webhooks.
pub fn webhooks(shell: &Shell<'_>, choice: &Choice<'_>, webhooks: &[Webhook]) -> Markup {
    page(
        shell,
        html! {
            h1 { "Webhooks" }
            (choice.filter("/console/webhooks"))
            (table(&WEBHOOKS, webhooks.iter().map(|webhook| webhook_row(shell.csrf, choice, webhook))))
            @if webhooks.is_empty() { p { "There are none. A task tells of its end where its request names a " code { "callback_url" } "." } }
        },
    )
}

fn webhook_row(csrf: &str, choice: &Choice<'_>, webhook: &Webhook) -> Row {
    let application = webhook.application.to_string();
    let values = [("application", application.as_str()), ("webhook", webhook.id.as_str())];
    let (tone, ended) = match webhook.state {
        WebhookState::Delivered => ("good", true),
        WebhookState::GivenUp => ("warn", true),
        WebhookState::Waiting | WebhookState::Posting => ("busy", false),
    };
    Row::from([
        html! { code.small { (webhook.id) } br; span.meta { "task " (webhook.task) } },
        html! { span.long { (webhook.url) } },
        html! { (choice.name(webhook.application)) },
        html! { span class={ "badge " (tone) } { (webhook.state.name().replace('_', " ")) } @if !webhook.note.is_empty() { p.meta { (webhook.note) } } },
        html! { (webhook.attempts) },
        show::time(webhook.created_at),
        html! { @if ended { (action(csrf, "/console/webhooks/resend", &values, "Send again", None)) } },
    ])
}

/// The page of uploads.
pub fn uploads(shell: &Shell<'_>, choice: &Choice<'_>, uploads: &[Upload]) -> Markup {
    page(
        shell,
        html! {
            h1 { "Uploads" }
            (choice.filter("/console/uploads"))
            (table(&UPLOADS, uploads.iter().map(|upload| upload_row(shell.csrf, choice, upload))))
            @if uploads.is_empty() { p { "There are none." } }
        },
    )
}

fn upload_row(csrf: &str, choice: &Choice<'_>, upload: &Upload) -> Row {
    let application = upload.application.to_string();
    let values = [("application", application.as_str()), ("file", upload.id.as_str())];
    Row::from([
        html! { code.small { (upload.id) } },
        html! {
            @if let Some(picture) = &upload.picture {
                (picture.format) ", " (picture.width) "×" (picture.height) ", " (show::bytes(picture.size))
            }
        },
        html! { (choice.name(upload.application)) },
        html! { (upload.state.name().replace('_', " ")) @if let Some(fault) = &upload.fault { p.meta { (fault.message()) } } },
        show::time(upload.created_at),
        show::time(upload.expires_at),
        action(
            csrf,
            "/console/uploads/delete",
            &values,
            "Delete",
            Some("The file is gone at once."),
        ),
    ])
}
