//! `GET /api/common/query-async-task-result`.

use safelight_store::TaskState;

use crate::common::{Answer, Gate, TestServer, form, now, text};

const PATH: &str = "/api/common/query-async-task-result";

#[tokio::test]
async fn a_task_is_pending_then_done_with_its_answer_at_top_level() {
    let server = TestServer::start().await;
    let gate = Gate::closed();
    let task = server.submit_at(&gate, form([("note", "hello")])).await;
    let pending = server.poll(&task).await.success();
    assert_eq!(pending["task_status"], 1);
    assert!(pending.get("data").is_none(), "{pending}");
    gate.open();
    let done = server.wait(&task).await.success();
    assert_eq!((&done["task_status"], &done["data"]["task_status"]), (&2.into(), &2.into()));
    assert_eq!(done["data"]["note"], "hello");
    let url = text(&done["data"]["image_url"]);
    assert!(url.starts_with(&format!("{}/results/", server.base)), "{url}");
    let picture = Answer::of(server.http.get(&url).send().await.expect("answer")).await;
    assert_eq!((picture.status, picture.body.len()), (200, 1000));
    // Polling is free, the task was charged once.
    server.assert_charges(1).await;
    assert_eq!(server.credits().await, (997, 0));
}

#[tokio::test]
async fn a_failed_task_is_an_error_of_the_poll_and_free() {
    let server = TestServer::start().await;
    let (task, _) = server.submit(form([("fail", "ERROR_NO_FACE_IN_FILE")])).await;
    let message = server.wait(&task).await.failure(422, "ERROR_NO_FACE_IN_FILE");
    assert_eq!(message, "told to fail");
    server.assert_charges(0).await;
    assert_eq!(server.credits().await, (1000, 0));
}

#[tokio::test]
async fn a_panic_fails_the_task_alone() {
    let server = TestServer::start().await;
    let (task, _) = server.submit(form([("panic", "1")])).await;
    server.wait(&task).await.failure(500, "UNKNOWN_ERROR");
    let (task, _) = server.submit(form([])).await;
    server.wait(&task).await.success();
}

#[tokio::test]
async fn the_id_must_be_there_and_known() {
    let server = TestServer::start().await;
    server.get(PATH).await.failure(400, "MISSING_PARAMETERS");
    server.poll("").await.failure(400, "PARAMETERS_CANNOT_EMPTY");
    server.poll("no-such").await.failure(404, "ERROR_RESOURCE_NOT_FOUND");
}

#[tokio::test]
async fn the_task_of_another_application_is_unknown() {
    let server = TestServer::start().await;
    let (task, _) = server.submit(form([])).await;
    let (key, _) = server.another("other").await;
    let url = server.url(&format!("{PATH}?task_id={task}"));
    let request = server.http.get(url).header("ailabapi-api-key", key);
    let answer = Answer::of(request.send().await.expect("answer")).await;
    answer.failure(404, "ERROR_RESOURCE_NOT_FOUND");
}

#[tokio::test]
async fn revoked_and_stopped_tasks_say_so_and_are_free() {
    let server = TestServer::with(|settings| settings.tasks.workers = 1).await;
    let gate = Gate::closed();
    let stopped = server.submit_at(&gate, form([])).await;
    let (revoked, _) = server.submit(form([])).await;
    let cancel = async |id: &str| server.store.cancel_task(id, now()).await.expect("cancel");
    assert_eq!(cancel(&revoked).await, Some(TaskState::Revoked));
    assert_eq!(cancel(&stopped).await, Some(TaskState::Stopped));
    server.poll(&revoked).await.failure(409, "ERROR_TASK_REVOKED");
    server.poll(&stopped).await.failure(422, "ERROR_TASK_STOPPED_PROCESSING");
    assert_eq!(server.credits().await, (1000, 0));
}

#[tokio::test]
async fn after_its_life_a_task_is_reclaimed() {
    let server = TestServer::start().await;
    let (task, _) = server.submit(form([])).await;
    server.wait(&task).await.success();
    let tomorrow = now() + 25 * 3_600_000;
    assert_eq!(server.store.reclaim_tasks(tomorrow).await.expect("reclaim"), 1);
    server.poll(&task).await.failure(410, "ERROR_RESOURCE_RECLAIMED");
}
