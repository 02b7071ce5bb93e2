//! `GET /api/image/asyn-task-results`.

use serde_json::Value;

use crate::common::{Answer, Gate, TestServer, eventually, form, text};

async fn query(server: &TestServer, query: &str) -> Answer {
    server.get(&format!("/api/image/asyn-task-results?{query}")).await
}

async fn ended(server: &TestServer, id: &str) -> Value {
    eventually(async || {
        let answer = query(server, &format!("job_id={id}&type=GENERATE_CARTOONIZED_IMAGE")).await;
        let data = answer.success()["data"].clone();
        let status = text(&data["status"]);
        (status != "QUEUING" && status != "PROCESSING").then_some(data)
    })
    .await
}

#[tokio::test]
async fn the_request_id_and_the_task_id_both_find_the_task() {
    let server = TestServer::start().await;
    let (task, request) = server.submit(form([("pictures", "2")])).await;
    let by_request = ended(&server, &request).await;
    let by_task = ended(&server, &task).await;
    assert_eq!(by_request, by_task);
    assert_eq!(by_task["status"], "PROCESS_SUCCESS");
    let urls = by_task["image_list"].as_array().expect("a list");
    assert_eq!(urls.len(), 2);
    assert_eq!(by_task["result_url"], urls[0]);
    let picture = server.http.get(text(&urls[1])).send().await.expect("answer");
    assert_eq!(picture.status(), 200);
}

#[tokio::test]
async fn a_failed_task_is_a_status_of_a_success() {
    let server = TestServer::start().await;
    let (_, failed) = server.submit(form([("fail", "ERROR_NO_FACE_IN_FILE")])).await;
    let (_, late) = server.submit(form([("fail", "AI_SERVICE_TIMEOUT")])).await;
    assert_eq!(ended(&server, &failed).await["status"], "PROCESS_FAILED");
    assert_eq!(ended(&server, &late).await["status"], "TIMEOUT_FAILED");
}

#[tokio::test]
async fn a_task_at_work_says_so() {
    let server = TestServer::start().await;
    let gate = Gate::closed();
    let (_, request) = server.submit(form([("gate", &gate.name())])).await;
    let answer = query(&server, &format!("job_id={request}&type=HD_COLOUR_MIGRATION")).await;
    let data = answer.success()["data"].clone();
    assert!(data["status"] == "QUEUING" || data["status"] == "PROCESSING", "{data}");
    assert!(data.get("result_url").is_none());
}

#[tokio::test]
async fn both_parameters_are_checked() {
    let server = TestServer::start().await;
    let kind = "type=HD_COLOUR_MIGRATION";
    query(&server, kind).await.failure(400, "MISSING_PARAMETERS");
    query(&server, "job_id=x").await.failure(400, "MISSING_PARAMETERS");
    query(&server, &format!("job_id=&{kind}")).await.failure(400, "PARAMETERS_CANNOT_EMPTY");
    let other = query(&server, "job_id=x&type=OTHER").await;
    let message = other.failure(422, "UNSUPPORTED_PARAMETER_VALUES");
    assert!(message.contains("GENERATE_CARTOONIZED_IMAGE"), "{message}");
    query(&server, &format!("job_id=x&{kind}")).await.failure(404, "ERROR_RESOURCE_NOT_FOUND");
}
