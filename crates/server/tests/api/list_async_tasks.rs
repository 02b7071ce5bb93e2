//! `GET /api/common/list-async-tasks`.

use serde_json::Value;

use crate::common::{ASYNC, Gate, TestServer, form};

const PATH: &str = "/api/common/list-async-tasks";

async fn list(server: &TestServer, query: &str) -> (u64, Vec<Value>) {
    let answer = server.get(&format!("{PATH}{query}")).await.success();
    let tasks = answer["data"]["tasks"].as_array().expect("a list").clone();
    (answer["data"]["total"].as_u64().expect("a number"), tasks)
}

#[tokio::test]
async fn tasks_are_listed_newest_first_by_state_and_page() {
    let server = TestServer::with(|settings| settings.tasks.workers = 1).await;
    assert_eq!(list(&server, "").await, (0, vec![]));
    let (failed, _) = server.submit(form([("fail", "ERROR_NO_FACE_IN_FILE")])).await;
    server.wait(&failed).await;
    let gate = Gate::closed();
    let working = server.submit_at(&gate, form([])).await;
    let (waiting, _) = server.submit(form([])).await;
    let (total, tasks) = list(&server, "").await;
    let ids: Vec<_> = tasks.iter().map(|task| task["task_id"].as_str().expect("text")).collect();
    assert_eq!((total, ids), (3, vec![&*waiting, &*working, &*failed]));
    let states: Vec<_> = tasks.iter().map(|task| task["state"].as_str().expect("text")).collect();
    assert_eq!(states, ["queued", "processing", "failed"]);
    let last = &tasks[2];
    assert_eq!((&last["path"], &last["code"]), (&ASYNC.into(), &"ERROR_NO_FACE_IN_FILE".into()));
    assert!(last["ended_at"].is_i64() && last["submitted_at"].is_i64(), "{last}");
    assert!(tasks[0].get("ended_at").is_none() && tasks[0].get("code").is_none(), "{tasks:?}");
    let (total, page) = list(&server, "?start=1&length=1").await;
    assert_eq!((total, &page[0]["task_id"]), (3, &working.into()));
    assert_eq!(list(&server, "?state=queued").await.0, 1);
    assert_eq!(list(&server, "?state=revoked").await.0, 0);
    assert_eq!(list(&server, "?batch_id=b_none").await.0, 0);
    for wrong in ["?state=lost", "?length=0", "?length=1001"] {
        server.get(&format!("{PATH}{wrong}")).await.failure(422, "UNSUPPORTED_PARAMETER_VALUES");
    }
}

#[tokio::test]
async fn another_applications_tasks_are_not_listed() {
    let server = TestServer::start().await;
    server.submit(form([])).await;
    let (key, _) = server.another("other").await;
    assert_eq!(server.get_as(&key, PATH).await.success()["data"]["total"], 0);
}
