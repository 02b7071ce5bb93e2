//! `POST /api/common/stop-async-task`.

use crate::common::{Gate, TestServer, eventually, files_below, form};

const PATH: &str = "/api/common/stop-async-task";

#[tokio::test]
async fn a_task_at_work_stops_at_its_next_stage() {
    let server = TestServer::with(|settings| settings.tasks.workers = 1).await;
    // The gate stays closed: only the order to stop ends the work.
    let gate = Gate::closed();
    let working = server.submit_at(&gate, form([])).await;
    let stop = async |task: &str| server.post(PATH, form([("task_id", task)])).await;
    assert_eq!(stop(&working).await.success()["data"]["state"], "stopped");
    server.poll(&working).await.failure(422, "ERROR_TASK_STOPPED_PROCESSING");
    stop(&working).await.failure(422, "ERROR_TASK_STOPPED_PROCESSING");
    server.gauge("safelight_jobs_at_work", 0).await;
    // Its worker takes the next one.
    let (next, _) = server.submit(form([])).await;
    server.wait(&next).await.success();
    let inputs = server.files().join("inputs");
    eventually(async || files_below(&inputs).is_empty().then_some(())).await;
    server.assert_charges(1).await;
    assert_eq!(server.credits().await, (997, 0));
}

#[tokio::test]
async fn a_waiting_task_is_revoked() {
    let server = TestServer::with(|settings| settings.tasks.workers = 1).await;
    let gate = Gate::closed();
    server.submit_at(&gate, form([])).await;
    let (waiting, _) = server.submit(form([])).await;
    let answer = server.post(PATH, form([("task_id", &waiting)])).await.success();
    assert_eq!(answer["data"]["state"], "revoked");
    let again = server.post(PATH, form([("task_id", &waiting)])).await;
    again.failure(409, "ERROR_TASK_REVOKED");
}

#[tokio::test]
async fn ended_and_strange_tasks_are_not_stopped() {
    let server = TestServer::start().await;
    let (done, _) = server.submit(form([])).await;
    server.wait(&done).await.success();
    let late = server.post(PATH, form([("task_id", &done)])).await;
    late.failure(400, "ERROR_TASK_REVOCATION_FAILED");
    let (key, _) = server.another("other").await;
    let strange = server.post_as(&key, PATH, form([("task_id", &done)])).await;
    strange.failure(404, "ERROR_RESOURCE_NOT_FOUND");
    server.assert_charges(1).await;
}
