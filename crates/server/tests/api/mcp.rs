//! `/mcp`: the services as tools, over the protocol's own client.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CallToolResult, ClientRequest,
    ProgressNotificationParam, ServerResult,
};
use rmcp::service::{NotificationContext, PeerRequestOptions, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientHandler, RoleClient, ServiceExt};
use safelight_imaging::probe;
use safelight_store::{Credits, ServiceState};
use serde_json::{Value, json};

use crate::common::{Answer, SYNC, TestServer, png};

/// A client that remembers what it was told of progress.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Vec<f64>>>);

impl ClientHandler for Listener {
    async fn on_progress(
        &self,
        params: ProgressNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        self.0.lock().expect("not poisoned").push(params.progress);
    }
}

type Session = RunningService<RoleClient, Listener>;

async fn connect(server: &TestServer, key: &str, listener: Listener) -> Session {
    let config = StreamableHttpClientTransportConfig::with_uri(server.url("/mcp")).auth_header(key);
    let transport = StreamableHttpClientTransport::from_config(config);
    listener.serve(transport).await.expect("a session")
}

async fn call(session: &Session, tool: &'static str, arguments: Value) -> CallToolResult {
    let mut params = CallToolRequestParams::new(tool);
    params.arguments = arguments.as_object().cloned();
    session.call_tool(params).await.expect("a result")
}

fn photo() -> String {
    BASE64_STANDARD.encode(png(120, 80))
}

#[tokio::test]
async fn services_are_listed_described_and_run() {
    let server = TestServer::twin().await;
    let session = connect(&server, &server.key, Listener::default()).await;
    let tools = session.list_all_tools().await.expect("tools");
    let names: Vec<_> = tools.iter().map(|tool| tool.name.as_ref()).collect();
    assert_eq!(names, ["list_services", "describe_service", "run_service"]);

    let all = call(&session, "list_services", json!({})).await.structured_content.expect("JSON");
    assert!(all["services"].as_array().is_some_and(|services| services.len() > 90));
    let found = call(&session, "list_services", json!({ "query": "background food" })).await;
    let found = found.structured_content.expect("JSON");
    assert_eq!(found["services"][0]["service"], "food-background-removal", "{found}");

    let asked = json!({ "service": "universal-background-removal" });
    let described = call(&session, "describe_service", asked).await.structured_content;
    let described = described.expect("JSON");
    let names = json!(["image_base64", "image_url", "image_file_id"]);
    assert_eq!(described["files"][0]["parameters"], names);
    assert!(described["parameters"]["return_form"]["enum"].is_array(), "{described}");

    let asked = json!({
        "service": "universal-background-removal", "parameters": { "image_base64": photo() },
    });
    let result = call(&session, "run_service", asked).await;
    assert_eq!(result.is_error, Some(false), "{result:?}");
    let picture = result.content[1].as_image().expect("a picture");
    assert_eq!(picture.mime_type, "image/png");
    let bytes = BASE64_STANDARD.decode(&picture.data).expect("Base64");
    let header = probe(&bytes).expect("a picture");
    assert_eq!((header.width, header.height), (120, 80));
    let answer = result.structured_content.expect("JSON");
    let url = answer["data"]["image_url"].as_str().expect("a URL");
    assert!(url.starts_with(&server.base), "{url}");
    session.cancel().await.expect("an end");
}

#[tokio::test]
async fn a_wrong_token_is_said_to_be_in_its_header() {
    let server = TestServer::start().await;
    let post = server.http.post(server.url("/mcp")).header("authorization", "Bearer nobody");
    let answer = Answer::of(post.body("{}").send().await.expect("an answer")).await;
    let message = answer.failure(401, "ERROR_APPLICATIONS_NOT_EXISTS");
    assert!(message.contains("in the header Authorization"), "{message}");
}

#[tokio::test]
async fn a_message_of_many_values_is_refused_before_it_is_parsed() {
    let server = TestServer::twin().await;
    let send = async |values: usize| {
        let list = vec!["[]"; values].join(",");
        let message = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":
                {{"name":"list_services","arguments":{{"query":"cartoon","more":[{list}]}}}}}}"#
        );
        let post = server.http.post(server.url("/mcp")).bearer_auth(&server.key).body(message);
        let post = post.header("accept", "application/json, text/event-stream");
        post.header("content-type", "application/json").send().await.expect("an answer")
    };
    assert_eq!(send(10).await.status(), 200);
    let refused = Answer::of(send(100_000).await).await;
    let message = refused.failure(413, "ERROR_CONTENT_TOO_LONG");
    assert!(message.contains("the limit is 10000"), "{message}");
}

#[tokio::test]
async fn prices_are_those_of_the_caller() {
    let server = TestServer::start().await;
    let state = ServiceState { enabled: true, price: Some(Credits(2_500)) };
    server.store.set_service(server.application.id, SYNC, state).await.expect("set");
    let sandbox = server.sandbox_key().await;
    let (other, _) = server.another("other").await;
    for (key, price) in [(&server.key, json!(2.5)), (&other, json!(3)), (&sandbox, json!(0))] {
        let session = connect(&server, key, Listener::default()).await;
        let listed = call(&session, "list_services", json!({ "query": SYNC })).await;
        let listed = listed.structured_content.expect("JSON");
        assert_eq!(listed["services"][0]["credits"], price, "{listed}");
        let described = call(&session, "describe_service", json!({ "service": SYNC })).await;
        assert_eq!(described.structured_content.expect("JSON")["credits"], price);
    }
}

#[tokio::test]
async fn tasks_report_their_progress_and_failures_their_code() {
    let server = TestServer::start().await;
    let key = server.sandbox_key().await;
    let listener = Listener::default();
    let run = async |simulate: &'static str| {
        let name = "x-safelight-simulate".parse().expect("a name");
        let headers = [(name, simulate.parse().expect("a value"))].into_iter().collect();
        let config = StreamableHttpClientTransportConfig::with_uri(server.url("/mcp"))
            .auth_header(&key)
            .custom_headers(headers);
        let transport = StreamableHttpClientTransport::from_config(config);
        let session = listener.clone().serve(transport).await.expect("a session");
        let mut params = CallToolRequestParams::new("run_service");
        params.arguments = json!({ "service": "async" }).as_object().cloned();
        let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
        let options = PeerRequestOptions::no_options();
        let handle = session.send_cancellable_request(request, options).await.expect("sent");
        let ServerResult::CallToolResult(result) = handle.await_response().await.expect("answer")
        else {
            panic!("another answer")
        };
        result
    };
    let slow = run("task=slow; delay=1s").await;
    assert_eq!(slow.is_error, Some(false), "{slow:?}");
    assert_eq!(slow.structured_content.expect("JSON")["task_status"], 2);
    let heard = listener.0.lock().expect("not poisoned").clone();
    assert!(!heard.is_empty() && heard.is_sorted(), "{heard:?}");
    let failed = run("task=fail; code=ERROR_NO_FACE_IN_FILE").await;
    assert_eq!(failed.is_error, Some(true));
    let detail = failed.structured_content.expect("JSON");
    assert_eq!(
        (&detail["code"], &detail["status_code"]),
        (&json!("ERROR_NO_FACE_IN_FILE"), &json!(422))
    );
    assert_eq!(server.credits().await, (1000, 0));
}

#[tokio::test]
async fn what_makes_no_sense_is_said() {
    let server = TestServer::twin().await;
    let session = connect(&server, &server.key, Listener::default()).await;
    let run = async |arguments| {
        let result = call(&session, "run_service", arguments).await;
        assert_eq!(result.is_error, Some(true));
        result.content[0].as_text().expect("text").text.clone()
    };
    let service = "universal-background-removal";
    assert!(run(json!({})).await.contains("service is missing"));
    assert!(run(json!({ "service": "magic" })).await.contains("`magic`"));
    let unknown = json!({ "service": service, "parameters": { "picture": "x" } });
    assert!(run(unknown).await.contains("image_base64"), "the names that there are");
    // Files of the server's machine are not for its clients.
    let path = json!({ "service": service, "parameters": { "image_path": "/etc/hostname" } });
    assert!(run(path).await.contains("no parameter `image_path`"));
    let folder = json!({ "service": service, "output_folder": "/tmp" });
    assert!(run(folder).await.contains("output_folder"));
    let missing = run(json!({ "service": service })).await;
    assert!(missing.contains("MISSING_PARAMETERS"), "{missing}");
}

#[tokio::test]
async fn the_key_is_a_bearer_token_and_needed() {
    let server = TestServer::start().await;
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let post = |key: &str| {
        let request = server.http.post(server.url("/mcp")).json(&list);
        let request = request.header("accept", "application/json, text/event-stream");
        request.header("authorization", format!("Bearer {key}"))
    };
    let refused = post("no-such-key").send().await.expect("answer");
    assert_eq!(refused.status(), 401);
    assert_eq!(refused.headers()["www-authenticate"], "Bearer realm=\"safelight\"");
    let body: Value = refused.json().await.expect("JSON");
    assert_eq!(body["error_detail"]["code"], "ERROR_APPLICATIONS_NOT_EXISTS");
    let bare = server.http.post(server.url("/mcp")).json(&list).send().await.expect("answer");
    assert_eq!(bare.status(), 401);
    let listed = post(&server.key).send().await.expect("answer").text().await.expect("text");
    assert!(listed.contains("run_service"), "{listed}");
    let off = TestServer::with(|settings| settings.mcp.enabled = false).await;
    let missing = off.http.post(off.url("/mcp")).json(&list).send().await.expect("answer");
    assert_eq!(missing.status(), 404);
}
