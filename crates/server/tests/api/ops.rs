//! Health and metrics.

use reqwest::multipart::Form;

use crate::common::{Answer, MODELLESS, SYNC, TestServer, file, form, png};

#[tokio::test]
async fn the_server_is_live_and_ready() {
    let server = TestServer::start().await;
    for (path, status) in [("/health/live", "live"), ("/health/ready", "ready")] {
        let answer = Answer::of(server.http.get(server.url(path)).send().await.expect("answer"));
        let answer = answer.await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["status"], status);
    }
    let ready = server.get("/health/ready").await.json();
    assert_eq!(ready["unavailable"], serde_json::json!([MODELLESS]));
}

#[tokio::test]
async fn metrics_tell_what_happened() {
    let server = TestServer::start().await;
    server.post(SYNC, Form::new().part("image", file(png(10, 10)))).await.success();
    server.post(SYNC, form([("pictures", "x")])).await;
    server.post("/api/no/such", form([])).await;
    // Permits are given back when the answer has gone out.
    server.gauge("safelight_job_bytes", 0).await;
    server.gauge("safelight_body_bytes", 0).await;
    let answer = server.get("/metrics").await;
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    let text = String::from_utf8(answer.body).expect("text");
    for line in [
        "safelight_requests_total{service=\"/api/test/sync\",code=\"OK\"} 1",
        "safelight_requests_total{service=\"/api/test/sync\",\
         code=\"ERROR_PARAMETER_CONVERSION_FAILED\"} 1",
        "safelight_requests_total{service=\"unmatched\",code=\"ERROR_AI_NOT_EXISTS\"} 1",
        "safelight_stage_seconds_count{service=\"/api/test/sync\",stage=\"decode\"} 1",
        "safelight_jobs_at_work 0",
        "safelight_job_bytes 0",
        "safelight_body_bytes 0",
        "safelight_queue 0",
        "safelight_tasks_queued 0",
        "safelight_tasks_processing 0",
        "safelight_models_failed 0",
        "safelight_result_bytes 1000",
        "safelight_input_bytes 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
    assert!(text.contains("safelight_disk_free_bytes "));
    #[cfg(target_os = "linux")]
    assert!(text.contains("process_resident_memory_bytes "));
}

#[tokio::test]
async fn the_documentation_is_served() {
    let server = TestServer::start().await;
    let page = server.http.get(server.url("/docs")).send().await.expect("answer");
    assert!(
        page.headers()["content-type"].to_str().is_ok_and(|kind| kind.starts_with("text/html"))
    );
    let document = server.get("/openapi.json").await;
    assert_eq!(document.header("content-type"), "application/json");
    assert_eq!(document.json()["openapi"], "3.1.0");
}
