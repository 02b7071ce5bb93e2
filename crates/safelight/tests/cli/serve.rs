use std::fs;
use std::net::TcpListener;

use reqwest::multipart::{Form, Part};
use serde_json::Value;

use crate::harness::{Home, Server, fails};

const LISTEN: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

/// What the printed `curl` line does.
async fn request(curl: &str) -> Value {
    let words: Vec<_> = curl.split([' ', '\'']).filter(|word| !word.is_empty()).collect();
    let ["curl", "-H", "ailabapi-api-key:", key, "-F", field, url] = words[..] else {
        panic!("another form: {curl}")
    };
    let (name, path) = field.split_once("=@").expect("a file");
    let photo = fs::read(crate::harness::workspace().join(path)).expect("the photo is there");
    let form = Form::new().part(name.to_owned(), Part::bytes(photo).file_name("photo"));
    let request = reqwest::Client::new().post(url).header("ailabapi-api-key", key);
    let response = request.multipart(form).send().await.expect("an answer");
    response.json().await.expect("JSON")
}

#[tokio::test]
async fn the_first_start_prints_a_key_and_a_curl_line_that_works() {
    let home = Home::new();
    let server = Server::start(home.with_library(&LISTEN));
    let key = server.key().expect("a key");
    assert_eq!(server.greeting.matches(&key).count(), 2, "alone, and in the curl line");
    let curl = server.greeting.lines().find(|line| line.trim().starts_with("curl"));
    let answer = request(curl.expect("a curl line").trim()).await;
    assert_eq!(answer["error_code"], 0, "{answer}");
    let url = answer["data"]["image_url"].as_str().expect("a URL");
    let picture = reqwest::get(url).await.expect("an answer");
    assert_eq!(picture.headers()["content-type"], "image/png");
    let bytes = picture.bytes().await.expect("a body");
    assert!(safelight_imaging::probe(&bytes).is_ok());
    #[cfg(unix)]
    assert!(server.terminate(), "ends well when asked to");

    let second = Server::start(home.with_library(&LISTEN));
    assert_eq!(second.key(), None, "{}", second.greeting);
    let balance = home.json(&["credits", "show", "default"]);
    assert_eq!(balance[0]["balance"], 999.0, "account commands work beside the server");
}

#[tokio::test]
async fn without_engine_services_that_need_a_model_do_not_exist() {
    let home = Home::new();
    let arguments = [&LISTEN[..], &["--without-engine"]].concat();
    let server = Server::start(home.command(&arguments));
    let curl = server.greeting.lines().find(|line| line.trim().starts_with("curl"));
    let curl = curl.expect("a curl line").trim();
    let answer = request(curl).await;
    assert_eq!(answer["error_detail"]["code"], "ERROR_AI_NOT_EXISTS", "{answer}");
    let contrast = curl.replace(
        "cutout/general/universal-background-removal",
        "image/enhance/image-contrast-enhancement",
    );
    let answer = request(&contrast).await;
    assert_eq!(answer["error_code"], 0, "{answer}");
}

#[tokio::test]
async fn a_twin_answers_samples_and_keeps_nothing() {
    let home = Home::new();
    let arguments = [&LISTEN[..], &["--twin"]].concat();
    let server = Server::start(home.command(&arguments));
    assert!(server.greeting.contains("API key: twin"), "{}", server.greeting);
    assert!(server.greeting.contains("whsec_"), "{}", server.greeting);
    let url = server.greeting.split("ready at ").nth(1).and_then(|rest| rest.split(' ').next());
    let service = "/api/cutout/general/universal-background-removal";
    let url = format!("{}{service}", url.expect("a URL"));
    let curl = format!("curl -H 'ailabapi-api-key: twin' -F image=@photos/astronaut.png {url}");
    let answer = request(&curl).await;
    assert_eq!(answer["error_code"], 0, "{answer}");
    let url = answer["data"]["image_url"].as_str().expect("a URL");
    let bytes = reqwest::get(url).await.expect("an answer").bytes().await.expect("a body");
    let header = safelight_imaging::probe(&bytes).expect("a picture");
    assert_eq!((header.width, header.height), (512, 512));
    let listen = format!("listen={}", url.split('/').nth(2).expect("a host"));
    assert!(home.ok(&["ready", "--set", &listen]).contains("is ready"));
    #[cfg(unix)]
    assert!(server.terminate(), "ends well when asked to");
    assert!(!home.data().exists());
    assert!(home.fails(&["ready", "--set", &listen]).contains("no server"));
}

#[test]
fn a_worker_is_no_twin() {
    let home = Home::new();
    let error = home.fails(&["worker", "--listen", "127.0.0.1:0", "--twin"]);
    assert!(error.contains("a worker") && error.contains("set twin to false"), "{error}");
    assert!(!home.data().exists());
}

#[test]
fn a_taken_port_is_said_before_anything_is_made() {
    let home = Home::new();
    let other = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = other.local_addr().expect("an address").to_string();
    let error = home.fails(&["serve", "--listen", &address]);
    assert!(error.contains(&address) && error.contains("--listen"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(!home.data().exists());
}

#[test]
fn a_second_server_on_the_folder_is_refused() {
    let home = Home::new();
    let arguments = [&LISTEN[..], &["--without-engine"]].concat();
    let _server = Server::start(home.command(&arguments));
    let error = home.fails(&arguments);
    assert!(error.contains("another server") && error.contains("--data"), "{error}");
}

#[test]
fn a_folder_that_cannot_be_used_is_said() {
    let home = Home::new();
    fs::write(home.data(), "a file").expect("written");
    let error = home.fails(&LISTEN);
    assert!(error.contains("is not a folder") && error.contains("--data"), "{error}");
    let below = home.data().join("below");
    let error = fails(home.command(&LISTEN).env("SAFELIGHT_DATA", below));
    assert!(error.contains("--data"), "{error}");
    assert_eq!(fs::read(home.data()).expect("still there"), b"a file");
}

#[test]
fn a_library_that_is_not_there_is_said_and_nothing_stays() {
    let home = Home::new();
    let mut command = home.command(&LISTEN);
    let error = fails(command.env("SAFELIGHT_MODELS__LIBRARY", "/no/such/library"));
    assert!(error.contains("/no/such/library"), "{error}");
    assert!(!home.data().exists(), "nothing half-made stays");
}

#[test]
fn without_pip_it_says_what_to_install() {
    let home = Home::new();
    let error = fails(home.command(&LISTEN).env("PATH", home.path("empty")));
    assert!(error.contains("pip"), "{error}");
    assert!(!home.data().exists(), "nothing half-made stays");
}

/// What the log says after a health check, a look at the metrics and a request without a key.
async fn logged(settings: &[&str]) -> String {
    let home = Home::new();
    let arguments = [&LISTEN[..], &["--without-engine"], settings].concat();
    let server = Server::start(home.command(&arguments));
    let url = server.greeting.split("ready at ").nth(1).and_then(|rest| rest.split(' ').next());
    let url = url.expect("a URL").to_owned();
    for path in ["/health/live", "/health/ready", "/metrics", "/api/common/query-credits"] {
        let answer = reqwest::get(format!("{url}{path}")).await.expect("an answer");
        answer.bytes().await.expect("a body");
    }
    // The line of a request is written before its connection serves the next one, and ends here.
    server.log()
}

#[tokio::test]
async fn the_log_is_json_when_redirected_and_leaves_out_what_asks_all_the_time() {
    let log = logged(&[]).await;
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let requests: Vec<_> = lines.filter(|line| line["target"] == "safelight::request").collect();
    let services: Vec<_> = requests.iter().map(|line| line["service"].as_str()).collect();
    assert_eq!(services, [Some("/api/common/query-credits")], "{log}");
    assert_eq!(requests[0]["status"], 401);
    let debug = logged(&["--set", "log.level=debug"]).await;
    assert!(debug.contains("/health/live") && debug.contains("/metrics"), "{debug}");
}

#[tokio::test]
async fn the_log_is_text_where_that_is_asked_for() {
    let log = logged(&["--set", "log.format=text"]).await;
    let line = log.lines().find(|line| line.contains("query-credits")).expect("a line");
    assert!(line.contains(" INFO ") && !line.contains('{') && !line.contains('\u{1b}'), "{line}");
    let said = "401 /api/common/query-credits ERROR_APPLICATIONS_NOT_EXISTS in ";
    assert!(line.contains(said) && line.contains(" request_id="), "{line}");
}
