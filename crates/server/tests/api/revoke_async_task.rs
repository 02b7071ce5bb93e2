//! `POST /api/common/revoke-async-task`.

use crate::common::{Gate, TestServer, files_below, form};

const PATH: &str = "/api/common/revoke-async-task";

#[tokio::test]
async fn a_waiting_task_is_revoked_and_free() {
    let server = TestServer::with(|settings| settings.tasks.workers = 1).await;
    let gate = Gate::closed();
    let working = server.submit_at(&gate, form([])).await;
    let (waiting, _) = server.submit(form([])).await;
    let revoke = async |task: &str| server.post(PATH, form([("task_id", task)])).await;
    let answer = revoke(&waiting).await.success();
    assert_eq!(
        (&answer["data"]["task_id"], &answer["data"]["state"]),
        (&waiting.clone().into(), &"revoked".into())
    );
    assert_eq!(server.credits().await, (997, 3), "the other one's price is held");
    let inputs = files_below(&server.files().join("inputs"));
    assert_eq!(inputs.len(), 1, "its input is deleted at once");
    revoke(&waiting).await.failure(409, "ERROR_TASK_REVOKED");
    server.poll(&waiting).await.failure(409, "ERROR_TASK_REVOKED");
    let message = revoke(&working).await.failure(400, "ERROR_TASK_REVOCATION_FAILED");
    assert!(message.contains("stop-async-task"), "{message}");
    gate.open();
    server.wait(&working).await.success();
    let message = revoke(&working).await.failure(400, "ERROR_TASK_REVOCATION_FAILED");
    assert!(message.contains("done"), "{message}");
    server.assert_charges(1).await;
}

#[tokio::test]
async fn unknown_tasks_and_those_of_others_are_not_found() {
    let server = TestServer::with(|settings| settings.tasks.workers = 1).await;
    let gate = Gate::closed();
    server.submit_at(&gate, form([])).await;
    let (waiting, _) = server.submit(form([])).await;
    let (key, _) = server.another("other").await;
    let strange = server.post_as(&key, PATH, form([("task_id", &waiting)])).await;
    strange.failure(404, "ERROR_RESOURCE_NOT_FOUND");
    let unknown = server.post(PATH, form([("task_id", "no-such")])).await;
    unknown.failure(404, "ERROR_RESOURCE_NOT_FOUND");
    server.post(PATH, form([])).await.failure(400, "MISSING_PARAMETERS");
    assert_eq!(server.poll(&waiting).await.success()["task_status"], 1);
}
