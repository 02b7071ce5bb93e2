//! Tasks, webhooks and uploads.

use safelight_console::activity::{self, Choice};
use safelight_console::{Markup, Notice, Place};
use safelight_store::TaskFilter;

use super::{Outcome, Refusal, Visit, told};
use crate::app::{Stored, now};
use crate::endpoints::revoke_async_task::{Ends, end_task as end};
use crate::uploads as files;

/// Rows of each application that are listed.
const LISTED: u32 = 50;

/// What is listed: the applications of the session, or the one that is asked for.
struct Listed {
    names: Vec<(i64, String)>,
    asked: Option<i64>,
}

impl Listed {
    async fn of(visit: &Visit) -> Outcome<Self> {
        let names = visit.names().await?;
        let asked = visit.query("application").and_then(|id| id.parse().ok());
        let asked = asked.filter(|id| names.iter().any(|(known, _)| known == id));
        Ok(Self { names, asked })
    }

    fn ids(&self) -> impl Iterator<Item = i64> {
        let asked = self.asked;
        self.names
            .iter()
            .map(|(id, _)| *id)
            .filter(move |id| asked.is_none_or(|asked| asked == *id))
    }

    fn choice(&self) -> Choice<'_> {
        Choice { application: self.asked, applications: &self.names }
    }
}

/// The application that a form names, if the session may see it.
async fn named(visit: &Visit) -> Outcome<i64> {
    let id = visit.parsed("application", "the number of an application")?;
    visit.application(id).await.map(|one| one.id)
}

async fn newest(visit: &Visit, listed: &Listed) -> Outcome<Vec<safelight_store::Task>> {
    let filter = TaskFilter { length: LISTED, ..TaskFilter::default() };
    let mut tasks = Vec::new();
    for id in listed.ids() {
        let (_, own) = visit.app.store.tasks(id, &filter).await.or_internal("listing the tasks")?;
        tasks.extend(own);
    }
    tasks.sort_by_key(|task| std::cmp::Reverse(task.created_at));
    tasks.truncate(2 * LISTED as usize);
    Ok(tasks)
}

/// The page of tasks.
pub(super) async fn tasks(visit: &Visit, notice: Option<Notice>) -> Outcome<Markup> {
    let listed = Listed::of(visit).await?;
    let tasks = newest(visit, &listed).await?;
    let who = visit.who();
    let shell = visit.shell(&who, Place::Tasks, "Tasks").with(notice);
    Ok(activity::tasks(&shell, &listed.choice(), &tasks))
}

/// The rows of that page.
pub(super) async fn task_rows(visit: &Visit) -> Outcome<Markup> {
    let listed = Listed::of(visit).await?;
    let tasks = newest(visit, &listed).await?;
    Ok(activity::task_rows(&visit.session.csrf, &listed.choice(), &tasks))
}

/// Revokes or stops a task.
pub(super) async fn end_task(visit: &Visit, act: &str) -> Outcome<Markup> {
    let ends = match act {
        "revoke" => Ends::Waiting,
        "stop" => Ends::Open,
        _ => return Err(Refusal::Missing),
    };
    let done = async {
        let application = named(visit).await?;
        let (id, state) = end(&visit.app, application, visit.field("task")?, ends).await?;
        visit.note(Some(application), &format!("task {}", state.name()), &id).await?;
        Ok(Notice::Done(format!("The task {id} is {}.", state.name())))
    };
    let notice = told(done.await)?;
    tasks(visit, notice).await
}

/// The page of webhooks.
pub(super) async fn webhooks(visit: &Visit, notice: Option<Notice>) -> Outcome<Markup> {
    let listed = Listed::of(visit).await?;
    let mut webhooks = Vec::new();
    for id in listed.ids() {
        let own = visit.app.store.webhooks(id, LISTED).await;
        webhooks.extend(own.or_internal("listing the webhooks")?);
    }
    webhooks.sort_by_key(|webhook| std::cmp::Reverse(webhook.created_at));
    let who = visit.who();
    let shell = visit.shell(&who, Place::Webhooks, "Webhooks").with(notice);
    Ok(activity::webhooks(&shell, &listed.choice(), &webhooks))
}

/// Sends a webhook again.
pub(super) async fn resend(visit: &Visit) -> Outcome<Markup> {
    let done = async {
        let application = named(visit).await?;
        let id = visit.field("webhook")?;
        let due = visit.app.store.resend_webhook(application, id, now()).await;
        if !due.or_internal("sending the webhook again")? {
            let why = "There is no such webhook, or it waits already.";
            return Err(Refusal::Bad(why.to_owned()));
        }
        visit.app.webhook_added.notify_one();
        visit.note(Some(application), "webhook sent again", id).await?;
        Ok(Notice::Done(format!("The webhook {id} is sent again.")))
    };
    let notice = told(done.await)?;
    webhooks(visit, notice).await
}

/// The page of uploads.
pub(super) async fn uploads(visit: &Visit, notice: Option<Notice>) -> Outcome<Markup> {
    let listed = Listed::of(visit).await?;
    let mut uploads = Vec::new();
    for id in listed.ids() {
        let own = visit.app.store.uploads(id, LISTED).await;
        uploads.extend(own.or_internal("listing the uploads")?);
    }
    uploads.sort_by_key(|upload| std::cmp::Reverse(upload.created_at));
    let who = visit.who();
    let shell = visit.shell(&who, Place::Uploads, "Uploads").with(notice);
    Ok(activity::uploads(&shell, &listed.choice(), &uploads))
}

/// Deletes an upload.
pub(super) async fn delete_upload(visit: &Visit) -> Outcome<Markup> {
    let done = async {
        let application = named(visit).await?;
        let id = visit.field("file")?;
        files::delete(&visit.app, application, "file", id).await?;
        visit.note(Some(application), "upload deleted", id).await?;
        Ok(Notice::Done(format!("The upload {id} is deleted.")))
    };
    let notice = told(done.await)?;
    uploads(visit, notice).await
}
