//! The sweep: removes in the background what is past its life.

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use safelight_contract::{Code, Fault, Result};
use safelight_store::{Millis, TaskState, UploadState};
use tokio::time::sleep;

use crate::app::{App, Stored, now};
use crate::instance::leads;
use crate::publish::reclaim;
use crate::reply::internal;
use crate::{library, task_input, uploads};

/// How often it comes by.
const EVERY: Duration = Duration::from_secs(60);
/// Where several processes share the files, they are listed every so many sweeps.
const LIST_EVERY: u32 = 60;
/// Files reclaimed at a time.
const BATCH: u32 = 500;
/// How long the ids of deleted files and tasks stay known, to answer that they are reclaimed.
const REMEMBERED: Millis = 30 * 24 * 3_600_000;
/// How long a task waits for a worker that can do it.
const LONGEST_WAIT: Millis = 24 * 3_600_000;
/// An input without a task, or a file half written, is orphaned at this age.
const ORPHANED: Millis = 3_600_000;

/// Sweeps again and again, until the server closes.
pub(crate) async fn run(app: Arc<App>) {
    let mut closing = app.closing.subscribe();
    let mut round = 0;
    while !*closing.borrow_and_update() {
        // What fails is logged where it fails, and tried again next time.
        if leads(&app, "sweep").await {
            let _ = sweep_rows(&app, now()).await;
            // Listings of files elsewhere cost money.
            if !app.store.is_shared() || round % LIST_EVERY == 0 {
                let _ = sweep_files(&app, now()).await;
            }
            round += 1;
        }
        tokio::select! {
            () = sleep(EVERY) => {}
            _ = closing.changed() => {}
        }
    }
}

/// What rows tell of, as of `now`.
async fn sweep_rows(app: &App, now: Millis) -> Result<()> {
    reclaim_files(app, now).await?;
    fail_waiting(app, now).await?;
    app.store.reclaim_tasks(now).await.or_internal("reclaiming tasks")?;
    let stale = app.store.release_stale_holds(now).await.or_internal("releasing stale holds")?;
    if stale > 0 {
        tracing::warn!(holds = stale, "stale holds were released");
    }
    app.store.forget_requests(now).await.or_internal("forgetting answered requests")?;
    let used = app.store.forget_liveness_sessions(now).await;
    used.or_internal("forgetting used sessions")?;
    app.store.forget(now - REMEMBERED).await.or_internal("forgetting old rows")?;
    reclaim_inputs(app, now - ORPHANED).await?;
    reclaim_uploads(app, now).await
}

/// Fails the tasks that no worker can do: those that have waited for too long.
async fn fail_waiting(app: &App, now: Millis) -> Result<()> {
    let hours = LONGEST_WAIT / 3_600_000;
    let message = format!("no worker of this installation has taken the task for {hours} hours");
    let fault = Fault::new(Code::AiServiceError, message);
    let failed = app.store.fail_queued(now - LONGEST_WAIT, &fault, now).await;
    let tasks = failed.or_internal("failing tasks that wait")?;
    if tasks > 0 {
        tracing::warn!(tasks, "tasks that no worker has taken are failed");
        app.webhook_added.notify_one();
    }
    Ok(())
}

/// Files that no row tells of, as of `now`.
async fn sweep_files(app: &App, now: Millis) -> Result<()> {
    remove_unrecorded_inputs(app, now - ORPHANED).await?;
    remove_unrecorded_uploads(app, now - ORPHANED).await?;
    remove_unrecorded_faces(app, now - ORPHANED).await?;
    let partial = app.blobs.remove_partial(now - ORPHANED).await;
    partial.map(drop).map_err(|error| internal("removing half-written files", &error))
}

async fn reclaim_files(app: &App, now: Millis) -> Result<()> {
    let mut first = None;
    loop {
        let expired = app.store.expired_files(now, BATCH).await;
        let expired = expired.or_internal("listing expired files")?;
        // The same file again is one that cannot be deleted: that is for the next sweep.
        if expired.is_empty() || expired.first() == first.as_ref() {
            return Ok(());
        }
        for key in &expired {
            reclaim(app, key).await;
        }
        first = expired.into_iter().next();
    }
}

/// Deletes inputs whose tasks have ended or never were.
async fn reclaim_inputs(app: &App, before: Millis) -> Result<()> {
    let mut first = None;
    loop {
        let orphans = app.store.orphaned_inputs(before, BATCH).await;
        let orphans = orphans.or_internal("listing orphaned inputs")?;
        // The same input again is one that cannot be deleted: that is for the next sweep.
        if orphans.is_empty() || orphans.first() == first.as_ref() {
            return Ok(());
        }
        for input in &orphans {
            task_input::delete(app, input).await;
        }
        first = orphans.into_iter().next();
    }
}

/// Deletes uploads whose life is over: the blob, then the row, so that a crash between them is made
/// up for by the next sweep.
async fn reclaim_uploads(app: &App, now: Millis) -> Result<()> {
    let mut first = None;
    loop {
        let expired = app.store.expired_uploads(now, BATCH).await;
        let expired = expired.or_internal("listing expired uploads")?;
        // The same upload again is one that cannot be deleted: that is for the next sweep.
        if expired.is_empty() || expired.first() == first.as_ref() {
            return Ok(());
        }
        for (application, id) in &expired {
            match app.blobs.delete(&uploads::blob_key(*application, id)).await {
                Ok(_) => app.store.reclaim_upload(id).await.or_internal("reclaiming an upload")?,
                Err(error) => tracing::warn!(%error, "an upload could not be deleted"),
            }
        }
        first = expired.into_iter().next();
    }
}

/// Deletes blobs of uploads that are not living.
async fn remove_unrecorded_uploads(app: &App, before: Millis) -> Result<()> {
    let failed = |error| internal("listing uploads", &error);
    let mut blobs = app.blobs.list(uploads::PREFIX).map_err(failed)?;
    while let Some(blob) = blobs.try_next().await.map_err(failed)? {
        let Some((application, id)) = uploads::owner(&blob.key) else { continue };
        let upload = app.store.upload(application, id).await.or_internal("reading an upload")?;
        let lives = |state| matches!(state, UploadState::InTransit | UploadState::Ready);
        if blob.modified_at < before && !upload.is_some_and(|upload| lives(upload.state)) {
            let deleted = app.blobs.delete(&blob.key).await;
            deleted.map_err(|error| internal("deleting an orphaned upload", &error))?;
        }
    }
    Ok(())
}

/// Deletes pictures of faces that no row tells of: the row was not written, or went before its picture could.
async fn remove_unrecorded_faces(app: &App, before: Millis) -> Result<()> {
    let failed = |error| internal("listing pictures of faces", &error);
    let mut blobs = app.blobs.list(library::PREFIX).map_err(failed)?;
    while let Some(blob) = blobs.try_next().await.map_err(failed)? {
        if blob.modified_at >= before {
            continue;
        }
        let kept = app.store.has_face_image(&blob.key).await;
        if !kept.or_internal("looking for a picture's face")? {
            let deleted = app.blobs.delete(&blob.key).await;
            deleted.map_err(|error| internal("deleting the picture of no face", &error))?;
        }
    }
    Ok(())
}

/// Deletes blobs of inputs that no row tells of.
async fn remove_unrecorded_inputs(app: &App, before: Millis) -> Result<()> {
    let failed = |error| internal("listing inputs", &error);
    let mut blobs = app.blobs.list(task_input::PREFIX).map_err(failed)?;
    while let Some(blob) = blobs.try_next().await.map_err(failed)? {
        if blob.modified_at < before && is_orphaned(app, &blob.key).await? {
            let deleted = app.blobs.delete(&blob.key).await;
            deleted.map_err(|error| internal("deleting an orphaned input", &error))?;
        }
    }
    Ok(())
}

async fn is_orphaned(app: &App, key: &str) -> Result<bool> {
    let Some((application, id)) = task_input::owner(key) else { return Ok(true) };
    let task = app.store.task(application, id).await.or_internal("reading a task")?;
    let open = |state| matches!(state, TaskState::Queued | TaskState::Processing);
    Ok(!task.is_some_and(|task| open(task.state)))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use safelight_operation::{Artifact, Form, Node};
    use safelight_store::{
        Act, Credits, FaceMode, NewFace, NewFaceUser, NewTask, Sqlite, Submission, UploadedPicture,
    };
    use tempfile::TempDir;

    use super::*;
    use crate::library::new_group;
    use crate::publish::{publish, separate};
    use crate::testing::{self, held, hold};
    use crate::urls::{blob_key, marked};

    const HOUR: Millis = 3_600_000;

    async fn sweep(app: &App, now: Millis) -> Result<()> {
        sweep_rows(app, now).await?;
        sweep_files(app, now).await
    }

    async fn app(folder: &TempDir) -> (Arc<App>, i64) {
        let store = Sqlite::open(folder.path().join("db")).expect("database");
        testing::app(Arc::new(store), folder).await
    }

    #[tokio::test]
    async fn result_files_go_after_their_life_and_their_keys_stay_known() {
        let folder = tempfile::tempdir().expect("folder");
        let (app, application) = app(&folder).await;
        let format = safelight_imaging::Format::Png;
        let picture = Node::Url(Artifact::picture(vec![1; 10], format));
        let answer = Node::Object(vec![("data", picture)]);
        let (_, files) = separate(answer, marked).expect("an object");
        let keys = publish(&app, application, files).await.expect("written");
        sweep(&app, now() + 23 * HOUR).await.expect("sweep");
        assert!(app.blobs.head(&blob_key(&keys[0])).await.is_ok(), "it lives");
        sweep(&app, now() + 25 * HOUR).await.expect("sweep");
        assert!(app.blobs.head(&blob_key(&keys[0])).await.is_err(), "it is gone");
        let row = app.store.file(&keys[0]).await.expect("store").expect("known");
        assert!(row.reclaimed);
        sweep(&app, now() + 60 * 24 * HOUR).await.expect("sweep");
        assert_eq!(app.store.file(&keys[0]).await.expect("store"), None, "forgotten");
    }

    #[tokio::test]
    async fn inputs_without_an_open_task_are_removed() {
        let folder = tempfile::tempdir().expect("folder");
        let (app, application) = app(&folder).await;
        let mut form = Form::new();
        form.add_file("image", Bytes::from_static(b"bytes"));
        let orphan = task_input::save(&app, application, "orphan", form.clone()).await;
        let kept = task_input::save(&app, application, "kept", form).await.expect("written");
        let task = NewTask {
            id: "kept".to_owned(),
            application,
            service: "/api/x".to_owned(),
            request_id: "R".to_owned(),
            input: kept.clone(),
            ..NewTask::default()
        };
        let outcome = app.store.submit_task(&task, &hold(application, "R"), 9, now()).await;
        assert!(matches!(outcome, Ok(Submission::Accepted)), "{outcome:?}");
        sweep(&app, now()).await.expect("sweep");
        let orphan = orphan.expect("written");
        assert!(task_input::load(&app, &orphan).await.is_ok(), "too young to be an orphan");
        let size = task_input::size(&app, &kept).await.expect("measured");
        let used = async || app.store.disk_use().await.expect("store").inputs;
        assert_eq!(used().await, 2 * size, "both count");
        sweep(&app, now() + 2 * HOUR).await.expect("sweep");
        assert_eq!(task_input::size(&app, &orphan).await, Ok(0));
        assert!(task_input::load(&app, &kept).await.is_ok());
        assert_eq!(used().await, size, "the orphan does not count any more");
        task_input::delete(&app, &kept).await;
        assert_eq!(used().await, 0);
    }

    #[tokio::test]
    async fn what_no_worker_takes_fails() {
        let folder = tempfile::tempdir().expect("folder");
        let (app, application) = app(&folder).await;
        let task = NewTask {
            id: "T".to_owned(),
            application,
            service: "/api/of/an/older/release".to_owned(),
            request_id: "R".to_owned(),
            input: "inputs/T".to_owned(),
            ..NewTask::default()
        };
        let outcome = app.store.submit_task(&task, &hold(application, "R"), 9, now()).await;
        assert!(matches!(outcome, Ok(Submission::Accepted)), "{outcome:?}");
        let state =
            async || app.store.task(application, "T").await.expect("store").expect("a task");
        sweep(&app, now() + 23 * HOUR).await.expect("sweep");
        assert_eq!(state().await.state, TaskState::Queued, "it may still be taken");
        sweep(&app, now() + 25 * HOUR).await.expect("sweep");
        let fault = state().await.fault.expect("it failed");
        assert_eq!(fault.code(), Code::AiServiceError);
        let pools = app.store.pools(application).await.expect("pools");
        assert_eq!((pools[0].balance, pools[0].held), (Credits::whole(9), Credits(0)));
    }

    #[tokio::test]
    async fn rows_and_blobs_of_inputs_go_without_each_other_too() {
        let folder = tempfile::tempdir().expect("folder");
        let (app, _) = app(&folder).await;
        let (row, blob) = ("inputs/1/row", "inputs/1/blob/form.json");
        assert!(app.store.add_input(row, 7, 100, now()).await.expect("store"));
        app.blobs.put(blob, vec![1]).await.expect("written");
        sweep(&app, now() + 2 * HOUR).await.expect("sweep");
        assert_eq!(app.store.disk_use().await.expect("store").inputs, 0);
        assert!(app.blobs.head(blob).await.is_err());
    }

    #[tokio::test]
    async fn uploads_go_after_their_life_and_their_ids_stay_known() {
        let folder = tempfile::tempdir().expect("folder");
        let (app, application) = app(&folder).await;
        let id = uploads::admit(&app, application, 5, 3600).await.expect("admitted");
        let key = uploads::blob_key(application, &id);
        app.blobs.put(&key, vec![1; 5]).await.expect("written");
        let picture = UploadedPicture { size: 5, format: "PNG".to_owned(), width: 1, height: 1 };
        assert_eq!(app.store.end_upload(&id, &Ok(picture)).await, Ok(true));
        let stray = uploads::blob_key(application, "stray");
        app.blobs.put(&stray, vec![1]).await.expect("written");
        sweep(&app, now() + HOUR / 2).await.expect("sweep");
        assert!(app.blobs.head(&key).await.is_ok() && app.blobs.head(&stray).await.is_ok());
        sweep(&app, now() + 2 * HOUR).await.expect("sweep");
        assert!(app.blobs.head(&key).await.is_err() && app.blobs.head(&stray).await.is_err());
        let upload = app.store.upload(application, &id).await.expect("store").expect("known");
        assert_eq!(upload.state, UploadState::Reclaimed);
        assert_eq!(app.store.disk_use().await.expect("store").inputs, 0);
    }

    #[tokio::test]
    async fn pictures_of_no_face_are_removed() {
        let folder = tempfile::tempdir().expect("folder");
        let (app, application) = app(&folder).await;
        let act = Act { application, key: None, request_id: "R".to_owned(), at: now() };
        let group = new_group(&app.library.master, application, "staff").expect("a group");
        app.store.create_face_group(&act, &group, 9).await.expect("created");
        let group = app.store.face_group(application, "staff", false).await.expect("a group");
        let face = NewFace {
            group_row: group.row,
            user: NewFaceUser { id: "ada".to_owned(), ..NewFaceUser::default() },
            token: "t".to_owned(),
            sealed: vec![1],
            quality: 90.0,
            image: Some("faces/1/kept".to_owned()),
            mode: FaceMode::Append,
            revision: None,
        };
        app.store.add_face(&act, &face, app.library.limits()).await.expect("added");
        for key in ["faces/1/kept", "faces/1/stray"] {
            app.blobs.put(key, vec![1]).await.expect("written");
        }
        sweep(&app, now()).await.expect("sweep");
        assert!(app.blobs.head("faces/1/stray").await.is_ok(), "its row may come yet");
        sweep(&app, now() + 2 * HOUR).await.expect("sweep");
        assert!(app.blobs.head("faces/1/stray").await.is_err());
        assert!(app.blobs.head("faces/1/kept").await.is_ok());
    }

    #[tokio::test]
    async fn holds_of_dead_requests_are_released() {
        let folder = tempfile::tempdir().expect("folder");
        let (app, application) = app(&folder).await;
        held(app.store.hold(&hold(application, "R"), now()).await.expect("store"));
        sweep(&app, now() + 2 * HOUR).await.expect("sweep");
        let pools = app.store.pools(application).await.expect("pools");
        assert_eq!((pools[0].balance, pools[0].held), (Credits::whole(9), Credits(0)));
    }
}
